#include "net/standard_input.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "tests/net/files.h"

namespace lastword {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Writes down what the handlers are told.
class Reader {
 public:
  explicit Reader(const Descriptor& descriptor, std::size_t line_max = 1 << 20)
      : input{context,
              {.descriptor = descriptor.number(), .line_max = line_max},
              {.line =
                   [this](std::string_view line) {
                     told.emplace_back(line);
                     after_line();
                   },
               .too_long = [this](std::size_t size) { tell_too_long(size); },
               .ended = [this](std::error_code reason) { tell_end(reason); }}} {}

  void read_to_end() {
    input.resume();
    run_until(context, [this] { return is_over; });
  }
  void read_lines(std::size_t count) {
    run_until(context, [this, count] { return told.size() >= count; });
  }

  boost::asio::io_context context;
  std::vector<std::string> told;
  std::function<void()> after_line = [] {};
  bool is_over = false;
  std::error_code error;
  StandardInput input;

 private:
  void tell_too_long(std::size_t size) { told.push_back("<" + std::to_string(size) + " bytes>"); }
  void tell_end(std::error_code reason) {
    EXPECT_FALSE(is_over) << "the end is told once";
    is_over = true;
    error = reason;
  }
};

std::string joined(const std::vector<std::string>& lines) {
  return std::accumulate(
      lines.begin(), lines.end(), std::string{},
      [](const std::string& text, const std::string& line) { return text + line + "\n"; });
}

int unread_bytes(const Descriptor& descriptor) {
  int size = 0;
  EXPECT_EQ(::ioctl(descriptor.number(), FIONREAD, &size), 0);
  return size;
}

// --- Lines ---------------------------------------------------------------------------------------

TEST(StandardInput, HandsOverLinesOneAtATimeAsTheyCome) {
  Channel pipe = make_pipe();
  Reader reader{pipe.output};
  reader.input.resume();
  write_all(pipe.input, "bob: hi\n\nhalf");
  reader.read_lines(2);
  EXPECT_THAT(reader.told, ElementsAre("bob: hi", ""));
  write_all(pipe.input, " a line\n");
  reader.read_lines(3);
  EXPECT_EQ(reader.told.back(), "half a line");
  pipe.input.close();
  reader.read_to_end();
  EXPECT_EQ(reader.told.size(), 3U);
  EXPECT_FALSE(reader.error) << reader.error.message();
}

TEST(StandardInput, TakesALastLineWithoutLfForALine) {
  Channel pipe = make_pipe();
  write_all(pipe.input, "one\nbob: hi");
  pipe.input.close();
  Reader reader{pipe.output};
  reader.read_to_end();
  EXPECT_THAT(reader.told, ElementsAre("one", "bob: hi"));
}

TEST(StandardInput, LeavesEveryByteButLfAsItIs) {
  Channel pipe = make_pipe();
  const std::string line{"\r\0\xff\x1b[2J\r", 8};
  write_all(pipe.input, line + "\n");
  pipe.input.close();
  Reader reader{pipe.output};
  reader.read_to_end();
  EXPECT_THAT(reader.told, ElementsAre(line));
}

TEST(StandardInput, SkipsALineOverTheLimitAndTellsHowLongItWas) {
  for (const std::string_view text :
       {"12345\n123456\n1234567890123\nend\n", "12345\n123456\n1234567890123\nend"}) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      Channel sockets = make_sockets();
      Reader reader{sockets.output, 5};
      reader.input.resume();
      write_all(sockets.input, text.substr(0, cut));
      run_ready(reader.context);
      write_all(sockets.input, text.substr(cut));
      sockets.input.close();
      reader.read_to_end();
      EXPECT_THAT(reader.told, ElementsAre("12345", "<6 bytes>", "<13 bytes>", "end")) << cut;
    }
  }
}

TEST(StandardInput, SkipsALastLineOverTheLimitToo) {
  Channel pipe = make_pipe();
  write_all(pipe.input, "123456");
  pipe.input.close();
  Reader reader{pipe.output, 5};
  reader.read_to_end();
  EXPECT_THAT(reader.told, ElementsAre("<6 bytes>"));
}

TEST(StandardInput, HasALimitOfAMebibyteForALineOfManyReads) {
  const Descriptor file = make_file();
  const std::size_t limit = 1 << 20;
  const std::string longest(limit, 'a');
  write_all(file, longest + "\n" + longest + "b\n" + std::string(5 * limit, 'c') + "\nend\n");
  ASSERT_EQ(::lseek(file.number(), 0, SEEK_SET), 0);
  Reader reader{file};
  reader.read_to_end();
  ASSERT_EQ(reader.told.size(), 4U);
  EXPECT_TRUE(reader.told[0] == longest);
  EXPECT_EQ(reader.told[1], "<1048577 bytes>");
  EXPECT_EQ(reader.told[2], "<5242880 bytes>");
  EXPECT_EQ(reader.told[3], "end");
}

// --- Pausing -------------------------------------------------------------------------------------

TEST(StandardInput, ReadsNothingUntilItIsResumed) {
  const Channel pipe = make_pipe();
  write_all(pipe.input, "bob: hi\n");
  Reader reader{pipe.output};
  run_ready(reader.context);
  EXPECT_THAT(reader.told, IsEmpty());
  EXPECT_EQ(unread_bytes(pipe.output), 8);
}

TEST(StandardInput, MakesTheWriterWaitWhileItIsPaused) {
  Channel pipe = make_pipe();
  set_non_blocking(pipe.input);
  Reader reader{pipe.output};
  reader.input.resume();
  run_ready(reader.context);
  reader.input.pause();
  reader.input.pause();
  std::string written = fill(pipe.input);
  run_ready(reader.context);
  EXPECT_EQ(fill(pipe.input), "") << "there is no more room: nothing was read";
  EXPECT_EQ(unread_bytes(pipe.output), static_cast<int>(written.size()));
  EXPECT_THAT(reader.told, IsEmpty());
  pipe.input.close();
  reader.read_to_end();
  if (!written.ends_with('\n')) written += '\n';
  EXPECT_TRUE(joined(reader.told) == written) << "and nothing is lost";
}

TEST(StandardInput, PausesBetweenTwoLinesOfOneRead) {
  Channel pipe = make_pipe();
  write_all(pipe.input, "1\n2\n3\n4");
  pipe.input.close();
  Reader reader{pipe.output};
  reader.after_line = [&] { reader.input.pause(); };
  for (std::size_t count = 1; count <= 4; ++count) {
    EXPECT_FALSE(reader.is_over);
    reader.input.resume();
    EXPECT_EQ(reader.told.size(), count - 1) << "only the loop hands over";
    run_ready(reader.context);
    EXPECT_EQ(reader.told.size(), count);
  }
  EXPECT_FALSE(reader.is_over) << "the end is not told while it is paused";
  reader.read_to_end();
  EXPECT_THAT(reader.told, ElementsAre("1", "2", "3", "4"));
}

TEST(StandardInput, MayBePausedAndResumedByItsHandler) {
  Channel pipe = make_pipe();
  write_all(pipe.input, "1\n2\n3\n");
  Reader reader{pipe.output};
  reader.after_line = [&] {
    reader.input.pause();
    reader.input.resume();
  };
  reader.input.resume();
  run_ready(reader.context);
  EXPECT_EQ(reader.told.size(), 3U);
  pipe.input.close();
  reader.read_to_end();
  EXPECT_THAT(reader.told, ElementsAre("1", "2", "3"));
}

TEST(StandardInput, WaitsOnceHoweverOftenItIsPausedAndResumed) {
  Channel pipe = make_pipe();
  const Descriptor zeros{::open("/dev/zero", O_RDONLY | O_CLOEXEC)};
  for (const Descriptor* descriptor : {&std::as_const(pipe.output), &zeros}) {
    Reader reader{*descriptor, 10};
    for (int times = 0; times < 3; ++times) {
      reader.input.resume();
      reader.input.resume();
      for (int turns = 0; turns < 3; ++turns) reader.context.poll_one();
      reader.input.pause();
      reader.input.resume();
      reader.context.poll_one();
      reader.input.pause();
    }
    EXPECT_THAT(reader.told, IsEmpty());
    EXPECT_FALSE(reader.is_over);
  }
}

TEST(StandardInput, ForgetsAWaitThatWasPaused) {
  const Channel pipe = make_pipe();
  Reader reader{pipe.output};
  for (int times = 0; times < 3; ++times) {
    reader.input.resume();
    run_ready(reader.context);
    write_all(pipe.input, "x\n");
    reader.input.pause();
    run_ready(reader.context);
  }
  EXPECT_THAT(reader.told, ElementsAre("x", "x"))
      << "what was there when it was resumed, not what came before it was paused";
}

// --- Files of all kinds --------------------------------------------------------------------------

TEST(StandardInput, ReadsARegularFileOnceInATurn) {
  const Descriptor file = make_file();
  const std::string line(99, 'x');
  for (int count = 0; count < 2000; ++count) write_all(file, line + "\n");
  ASSERT_EQ(::lseek(file.number(), 0, SEEK_SET), 0);
  Reader reader{file};
  reader.input.resume();
  const auto offset = [&] { return ::lseek(file.number(), 0, SEEK_CUR); };
  std::vector<long> offsets{offset()};
  while (!reader.is_over) {
    ASSERT_EQ(reader.context.run_one(), 1U);
    offsets.push_back(offset());
  }
  EXPECT_THAT(offsets, ElementsAre(0, 65536, 131072, 196608, 200000, 200000));
  EXPECT_EQ(reader.told.size(), 2000U);
}

TEST(StandardInput, FindsTheEndOfDevNullAndOfAnEmptyPipe) {
  const Descriptor null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  Reader reader{null};
  reader.read_to_end();
  EXPECT_THAT(reader.told, IsEmpty());
  EXPECT_FALSE(reader.error);

  Channel pipe = make_pipe();
  pipe.input.close();
  Reader other{pipe.output};
  other.read_to_end();
  EXPECT_FALSE(other.error);
}

// Its writers have gone before it is opened again, so that nothing ever calls it ready.
TEST(StandardInput, FindsTheEndOfANamedPipe) {
  std::string folder = ::testing::TempDir() + "lastwordXXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string name = folder + "/pipe";
  ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
  const Descriptor output{::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  Descriptor input{::open(name.c_str(), O_WRONLY | O_CLOEXEC)};
  EXPECT_EQ(::unlink(name.c_str()), 0);
  EXPECT_EQ(::rmdir(folder.c_str()), 0);
  write_all(input, "last\n");
  input.close();
  Reader reader{output};
  reader.read_to_end();
  EXPECT_THAT(reader.told, ElementsAre("last"));
}

TEST(StandardInput, ReadsATerminalUntilItsCtrlD) {
  int master = -1;
  int slave = -1;
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const Descriptor keyboard{master};
  const Descriptor terminal{slave};
  Reader reader{terminal};
  reader.input.resume();
  write_all(keyboard, "bob: hi\n");
  reader.read_lines(1);
  write_all(keyboard, "\x04");
  reader.read_to_end();
  EXPECT_THAT(reader.told, ElementsAre("bob: hi"));
  EXPECT_FALSE(is_non_blocking(terminal)) << "the shell has the same one";
}

// A descriptor that can't be opened again.
TEST(StandardInput, AsksBeforeItReadsWhatOthersReadToo) {
  int master = -1;
  int slave = -1;
  ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const Descriptor screen{master};
  Descriptor terminal{slave};
  Reader reader{screen};
  reader.input.resume();
  run_ready(reader.context);
  write_all(terminal, "shown\n");
  reader.read_lines(1);
  EXPECT_EQ(reader.told.back(), "shown\r");
  EXPECT_FALSE(is_non_blocking(screen));
  terminal.close();
  reader.read_to_end();
  EXPECT_EQ(reader.error, std::errc::io_error) << "which is how Linux says that nobody is left";
}

TEST(StandardInput, LeavesSharedFilesBlocking) {
  for (const auto& make : {make_pipe, make_sockets}) {
    Channel channel = make();
    Reader reader{channel.output};
    reader.input.resume();
    run_ready(reader.context);
    write_all(channel.input, "x\n");
    reader.read_lines(1);
    EXPECT_FALSE(is_non_blocking(channel.output));
    channel.input.close();
    reader.read_to_end();
    EXPECT_FALSE(is_non_blocking(channel.output));
  }
}

TEST(StandardInput, TellsAnErrorFromTheEnd) {
  const Descriptor folder{::open("/", O_RDONLY | O_CLOEXEC)};
  Reader reader{folder};
  reader.read_to_end();
  EXPECT_EQ(reader.error, std::errc::is_a_directory);
  EXPECT_EQ(reader.error.message(), "Is a directory");

  const Descriptor none{9999};
  Reader other{none};
  other.read_to_end();
  EXPECT_EQ(other.error, std::errc::bad_file_descriptor);
}

}  // namespace
}  // namespace lastword
