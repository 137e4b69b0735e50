#include "net/standard_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <system_error>

#include "tests/net/files.h"

namespace lastword {
namespace {

// Counts what the handlers are told.
class Writer {
 public:
  explicit Writer(const Descriptor& descriptor, std::size_t pending_max = 1 << 20)
      : output{context,
               {.descriptor = descriptor.number(), .pending_max = pending_max},
               {.has_room = [this] { ++has_room_calls; },
                .emptied = [this] { ++emptied_calls; },
                .failed =
                    [this](std::error_code reason) {
                      ++failed_calls;
                      error = reason;
                    }}} {
    ::signal(SIGPIPE, SIG_IGN);
  }

  void flush() {
    run_until(context, [this] { return output.is_empty(); });
  }

  boost::asio::io_context context;
  int has_room_calls = 0;
  int emptied_calls = 0;
  int failed_calls = 0;
  std::error_code error;
  StandardOutput output;
};

TEST(StandardOutput, WritesLinesAtOnceIntoAPipe) {
  const Channel pipe = make_pipe();
  set_non_blocking(pipe.output);
  Writer writer{pipe.input};
  writer.output.write("from Bob: hi\n");
  EXPECT_FALSE(writer.output.is_empty());
  run_ready(writer.context);
  EXPECT_EQ(read_some(pipe.output), "from Bob: hi\n");
  EXPECT_TRUE(writer.output.is_empty());
  EXPECT_EQ(writer.emptied_calls, 1);
  writer.output.write("one\n");
  writer.output.write("two\n");
  writer.output.write("");
  run_ready(writer.context);
  EXPECT_EQ(read_some(pipe.output), "one\ntwo\n");
  EXPECT_EQ(writer.emptied_calls, 2);
}

TEST(StandardOutput, KeepsWhatASlowReaderDoesNotTake) {
  for (const auto& make : {make_pipe, make_sockets}) {
    const Channel channel = make();
    set_non_blocking(channel.output);
    Writer writer{channel.input, 1'000'000};
    std::string written;
    for (int number = 0; writer.output.has_room(); ++number) {
      const std::string line = "line " + std::to_string(number) + "\n";
      writer.output.write(line);
      written += line;
      run_ready(writer.context);
    }
    EXPECT_GE(writer.output.pending_bytes(), 1'000'000U);
    EXPECT_LT(writer.output.pending_bytes(), 1'000'020U);
    writer.output.write("one more\n");  // is not cut off
    written += "one more\n";

    std::string read;
    while (!writer.output.has_room()) {
      EXPECT_EQ(writer.has_room_calls, 0);
      EXPECT_GT(writer.output.pending_bytes(), 500'000U);
      read += read_some(channel.output);
      run_ready(writer.context);
    }
    EXPECT_EQ(writer.has_room_calls, 1);
    EXPECT_LE(writer.output.pending_bytes(), 500'000U);
    EXPECT_FALSE(writer.output.is_empty());
    while (read.size() < written.size()) {
      read += read_some(channel.output);
      run_ready(writer.context);
    }
    EXPECT_TRUE(read == written) << "nothing lost, nothing twice, all in order";
    EXPECT_TRUE(writer.output.is_empty());
    EXPECT_EQ(writer.has_room_calls, 1);
    EXPECT_EQ(writer.failed_calls, 0);
  }
}

TEST(StandardOutput, WakesUpWhenTheReaderReads) {
  const Channel pipe = make_pipe();
  set_non_blocking(pipe.output);
  Writer writer{pipe.input};
  const std::string text(300'000, 'x');
  writer.output.write(text + "\n");
  run_ready(writer.context);
  EXPECT_FALSE(writer.output.is_empty());
  std::string read;
  run_until(writer.context, [&] {
    read += read_some(pipe.output);
    return writer.output.is_empty();
  });
  read += read_some(pipe.output);
  EXPECT_TRUE(read == text + "\n");
}

TEST(StandardOutput, LeavesSharedFilesBlocking) {
  for (const auto& make : {make_pipe, make_sockets}) {
    const Channel channel = make();
    set_non_blocking(channel.output);
    Writer writer{channel.input};
    writer.output.write(std::string(3'000'000, 'x'));
    run_ready(writer.context);
    EXPECT_FALSE(writer.output.is_empty()) << "nobody reads, and nobody waits for that";
    EXPECT_FALSE(is_non_blocking(channel.input));
  }
}

TEST(StandardOutput, WritesToATerminalThatStandsStill) {
  int master = -1;
  int slave = -1;
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const Descriptor screen{master};
  const Descriptor terminal{slave};
  set_non_blocking(screen);
  Writer writer{terminal};
  writer.output.write(std::string(300'000, 'x'));
  run_ready(writer.context);
  EXPECT_FALSE(writer.output.is_empty());
  std::size_t read = 0;
  run_until(writer.context, [&] {
    read += read_some(screen).size();
    return read >= 300'000;
  });
  EXPECT_EQ(read, 300'000U);
  EXPECT_TRUE(writer.output.is_empty());
  EXPECT_FALSE(is_non_blocking(terminal));
}

// As somebody who must not open what he has got from others. In a process of its own.
void give_up_rights(int descriptor) {
  ::alarm(20);  // a write that waits is a failure
  if (::fchmod(descriptor, 0) != 0) std::_Exit(1);
  if (::geteuid() == 0 && ::seteuid(65534) != 0) std::_Exit(2);
}

[[noreturn]] void write_without_waiting(int descriptor) {
  boost::asio::io_context context;
  StandardOutput output{context, {.descriptor = descriptor}, {}};
  // Lines, each of them a byte longer on a terminal: no piece fits in exactly.
  for (int count = 0; count < 3000; ++count) output.write(std::string(99, 'x') + "\n");
  context.poll();
  if (output.is_empty()) std::_Exit(3);
  std::_Exit((::fcntl(descriptor, F_GETFL) & O_NONBLOCK) == 0 ? 0 : 4);
}

TEST(StandardOutputDeathTest, DoesNotWaitForAPipeOfSomebodyElse) {
  const Channel pipe = make_pipe();
  EXPECT_EXIT(
      {
        give_up_rights(pipe.input.number());
        write_without_waiting(pipe.input.number());
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(StandardOutputDeathTest, DoesNotWaitForATerminalOfSomebodyElse) {
  int master = -1;
  const pid_t child = ::forkpty(&master, nullptr, nullptr, nullptr);
  if (child == 0) {
    give_up_rights(STDOUT_FILENO);
    write_without_waiting(STDOUT_FILENO);
  }
  const Descriptor screen{master};
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "it waited";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// A descriptor that can't be opened again: in pieces, as much as a pipe takes for certain.
TEST(StandardOutput, AsksBeforeItWritesToWhatOthersWriteToToo) {
  int master = -1;
  int slave = -1;
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const Descriptor keyboard{master};
  const Descriptor terminal{slave};
  Writer writer{keyboard};
  writer.output.write("typed\n");
  writer.flush();
  std::string line(6, '\0');
  EXPECT_EQ(::read(terminal.number(), line.data(), line.size()), 6);
  EXPECT_EQ(line, "typed\n");
  EXPECT_FALSE(is_non_blocking(keyboard));
}

TEST(StandardOutput, WritesToRegularFilesAndDevNull) {
  const Descriptor file = make_file();
  Writer writer{file, 1000};
  const std::string text(5'000'000, 'x');
  writer.output.write(text + "\n");
  EXPECT_FALSE(writer.output.has_room());
  writer.flush();
  EXPECT_EQ(writer.has_room_calls, 1);
  struct stat status{};
  ASSERT_EQ(::fstat(file.number(), &status), 0);
  EXPECT_EQ(status.st_size, 5'000'001);

  const Descriptor null{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  Writer other{null};
  other.output.write("x\n");
  other.flush();
  EXPECT_EQ(other.failed_calls, 0);
}

TEST(StandardOutput, TellsOnceThatTheReaderHasGone) {
  for (const auto& make : {make_pipe, make_sockets}) {
    Channel channel = make();
    Writer writer{channel.input, 100};
    writer.output.write(std::string(3'000'000, 'x'));
    run_ready(writer.context);
    EXPECT_FALSE(writer.output.has_room());
    channel.output.close();
    run_until(writer.context, [&] { return writer.failed_calls > 0; });
    EXPECT_EQ(writer.error, std::errc::broken_pipe);
    EXPECT_EQ(writer.output.error(), std::errc::broken_pipe);
    EXPECT_TRUE(writer.output.is_empty());
    EXPECT_TRUE(writer.output.has_room()) << "nobody is kept waiting for nothing";
    writer.output.write("more\n");
    run_ready(writer.context);
    EXPECT_TRUE(writer.output.is_empty());
    EXPECT_EQ(writer.failed_calls, 1);
    EXPECT_EQ(writer.emptied_calls, 0);
  }
}

TEST(StandardOutput, FindsThatTheReaderHadGoneBeforeItBegan) {
  Channel pipe = make_pipe();
  pipe.output.close();
  Writer writer{pipe.input};
  writer.output.write("x\n");
  run_until(writer.context, [&] { return writer.failed_calls > 0; });
  EXPECT_EQ(writer.error, std::errc::broken_pipe);
}

TEST(StandardOutput, TellsThatTheDiskIsFull) {
  const Descriptor full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  Writer writer{full};
  writer.output.write("x\n");
  writer.flush();
  EXPECT_EQ(writer.failed_calls, 1);
  EXPECT_EQ(writer.error.message(), "No space left on device");
}

}  // namespace
}  // namespace lastword
