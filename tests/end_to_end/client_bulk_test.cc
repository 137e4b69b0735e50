// Many lines through `lastword connect`: none is lost, none overtakes another, and however slow the
// other side is, the client keeps no more than its bounds.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

#include "tests/end_to_end/client_process.h"
#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/listener.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"

namespace lastword::end_to_end {
namespace {

using ::testing::ElementsAre;

constexpr ExitStatus success{.code = 0};
constexpr ExitStatus failure{.code = 1};
constexpr int line_count = 200'000;

// What the process has from the start, its bounds (1 MiB of lines whose fate is open and what is
// kept beside them, 1 MiB of output, a read in each direction), and slack.
constexpr std::size_t memory_max = std::size_t{32} << 20;

// Together more than the kernel's largest buffers on the way (4 MiB to send and 32 MiB to receive,
// twice), the server's outbox and the client's bounds.
constexpr std::size_t bulk_bytes = 60'000;
constexpr int bulk_count = 1500;

std::string number_text(int number) {
  const std::string digits = std::to_string(number);
  return std::string(6 - digits.size(), '0') + digits;
}

std::string bulk_text(int number) { return number_text(number) + std::string(bulk_bytes, 'x'); }

std::string numbered_lines() {
  std::string lines;
  for (int number = 0; number < line_count; ++number) {
    lines += "alice: " + number_text(number) + "\n";
  }
  return lines;
}

Descriptor open_file(const char* path, int flags) {
  Descriptor file(::open(path, flags | O_CLOEXEC));
  if (!file.is_open()) throw std::system_error(errno, std::generic_category(), path);
  return file;
}

// A file in memory is a regular one.
Descriptor file_with(std::string_view text) {
  Descriptor file(::memfd_create("input", MFD_CLOEXEC));
  while (!text.empty()) {
    const ssize_t count = ::write(file.number(), text.data(), text.size());
    if (count < 0) throw std::system_error(errno, std::generic_category(), "write");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  ::lseek(file.number(), 0, SEEK_SET);
  return file;
}

void expect_bounded_memory(ClientProcess& client) {
  if (client.process().has_shadow_memory()) return;
  EXPECT_LT(client.process().resident_bytes_peak(), memory_max);
}

class ConnectBulkTest : public ::testing::TestWithParam<Transport> {
 protected:
  [[nodiscard]] std::string url() const { return url_of(GetParam(), server); }

  // What alice says to herself comes back in its order: up to this number, from the one at which
  // the last call ended.
  void expect_numbers_below(ClientProcess& alice, int end) {
    carry_until({&alice}, "numbered lines", [&] {
      while (next < end && !alice.inbox().empty() && !HasFailure()) {
        EXPECT_EQ(alice.inbox().front(), "from alice: " + number_text(next));
        alice.inbox().pop_front();
        ++next;
      }
      return next == end || alice.has_ended() || HasFailure();
    });
    ASSERT_EQ(next, end);
  }

  ServerProcess server{{}, with_web_socket};
  int next = 0;
};

INSTANTIATE_TEST_SUITE_P(Over, ConnectBulkTest,
                         ::testing::Values(Transport::lines, Transport::websocket),
                         ::testing::PrintToStringParamName());

TEST_P(ConnectBulkTest, TakesARegularFileAsFastAsTheServerDoes) {
  const Descriptor file = file_with(numbered_lines());
  ClientProcess alice(url(), "alice", {.input = file.number()});
  expect_numbers_below(alice, line_count / 2);
  expect_bounded_memory(alice);  // the other half does not fit into the pipe: it is still there
  expect_numbers_below(alice, line_count);
  EXPECT_EQ(alice.wait_for_exit(), success);
  EXPECT_THAT(alice.inbox(), ElementsAre("* goodbye: 200000 of your lines were accepted"));
  EXPECT_EQ(finish(server).accepted, line_count);
}

TEST_P(ConnectBulkTest, TakesAPipeAsFastAsTheServerDoes) {
  ClientProcess alice(url(), "alice");
  alice.say_bytes(numbered_lines());
  expect_numbers_below(alice, line_count);
  expect_bounded_memory(alice);
  EXPECT_EQ(alice.finish(), success);
  EXPECT_THAT(alice.inbox(), ElementsAre("* goodbye: 200000 of your lines were accepted"));
  EXPECT_EQ(finish(server).accepted, line_count);
}

TEST_P(ConnectBulkTest, LeavesItsInputAloneWhileTheServerTakesNothing) {
  std::string lines;
  for (int number = 0; number < bulk_count; ++number) lines += "bob: " + bulk_text(number) + "\n";
  const Descriptor file = file_with(lines);
  LineClient bob = peer(server, "bob");
  server.send_signal(SIGSTOP);
  ClientProcess alice(url(), "alice", {.input = file.number()});
  alice.wait_for_status("connecting");
  alice.process().wait_until_asleep();  // a file is always ready: it reads no more of it
  expect_bounded_memory(alice);
  server.send_signal(SIGCONT);
  for (int number = 0; number < bulk_count; ++number) {
    ASSERT_EQ(bob.read_news(), "from alice: " + bulk_text(number));
  }
  EXPECT_EQ(alice.wait_for_exit(), success);
  EXPECT_EQ(finish(server, {&bob}).accepted, bulk_count);
}

// The server's answers to what it says wait behind what it doesn't read, so the server pauses it
// too; its heartbeats know that a silence that nobody listens to means nothing.
TEST_P(ConnectBulkTest, KeepsWhatNobodyReadsWithinItsBounds) {
  // Somebody who does not log in is closed after this time, which is more than three heartbeats.
  ServerProcess clock({"--login-timeout", "1500ms"});
  LineClient bob = peer(server, "bob");
  LineClient carol = peer(server, "carol");
  ClientProcess alice(url(), "alice", {.arguments = {"--heartbeat", "300ms"}});
  alice.wait_for_status("online");
  alice.stop_reading();
  for (int number = 0; number < bulk_count; ++number) bob.send_line("alice: " + bulk_text(number));
  for (int number = 0; number < 200; ++number) alice.say("carol: " + number_text(number));
  static_cast<void>(LineClient(clock.tcp()).read_until_end());
  EXPECT_GT(bob.unsent_bytes(), 0U);
  expect_bounded_memory(alice);

  alice.start_reading();
  for (int number = 0; number < bulk_count; ++number) {
    ASSERT_EQ(alice.read_line(), "from bob: " + bulk_text(number));
    bob.handle_events(POLLOUT);
  }
  expect_bounded_memory(alice);
  EXPECT_EQ(alice.finish(), success);
  for (int number = 0; number < 200; ++number) {
    EXPECT_EQ(carol.read_news(), "from alice: " + number_text(number));
  }
  EXPECT_EQ(alice.statuses().back(), "gone: everything is said");
  finish(server, {&bob, &carol});
  finish(clock);
}

// --- Other things that may stand at its ends ----------------------------------------------------

TEST_P(ConnectBulkTest, HasNothingToSayFromAnEmptyFile) {
  const Descriptor nothing = open_file("/dev/null", O_RDONLY);
  ClientProcess alice(url(), "alice", {.input = nothing.number()});
  EXPECT_EQ(alice.wait_for_exit(), success);
  EXPECT_THAT(alice.inbox(), ElementsAre("* goodbye: 0 of your lines were accepted"));
  finish(server);
}

TEST_P(ConnectBulkTest, SkipsALineWithoutEndAndHearsMeanwhile) {
  LineClient bob = peer(server, "bob");
  const Descriptor endless = open_file("/dev/zero", O_RDONLY);
  ClientProcess alice(url(), "alice", {.input = endless.number()});
  alice.wait_for_status("online");
  for (int number = 0; number < 200; ++number) {
    bob.send_line("alice: " + number_text(number));
    EXPECT_EQ(alice.read_line(), "from bob: " + number_text(number));
  }
  expect_bounded_memory(alice);
  alice.send_signal(SIGTERM);
  EXPECT_EQ(alice.wait_for_exit(), success);
  finish(server, {&bob});
}

TEST_P(ConnectBulkTest, SaysThatItsInputCannotBeRead) {
  const Descriptor folder = open_file("/", O_RDONLY);
  ClientProcess alice(url(), "alice", {.arguments = {"--quiet"}, .input = folder.number()});
  EXPECT_EQ(alice.wait_for_exit(), failure);
  EXPECT_THAT(alice.statuses(),
              ElementsAre("lastword: cannot read standard input: Is a directory"));
  finish(server);
}

// As `<&-` and `>&-` do it in a shell: no file that it opens may get their places.
TEST_P(ConnectBulkTest, SaysThatItWasStartedWithoutStandardStreams) {
  const auto start = [this](const std::string& redirection) {
    const std::string script = R"(exec "$0" connect "$1" --name alice --quiet )" + redirection;
    return Command{.binary = "/bin/sh", .arguments = {"-c", script, lastword_binary(), url()}};
  };
  Process deaf(start("<&-"));
  EXPECT_EQ(deaf.wait_for_exit(), failure);
  EXPECT_EQ(deaf.standard_output(), "* goodbye: 0 of your lines were accepted\n");
  EXPECT_EQ(without_time(deaf.standard_error()),
            "lastword: cannot read standard input: Bad file descriptor\n");
  Process mute(start(">&-"));
  EXPECT_EQ(mute.wait_for_exit(), failure);
  EXPECT_EQ(mute.standard_output(), "");
  EXPECT_EQ(without_time(mute.standard_error()),
            "lastword: cannot write standard output: Bad file descriptor\n");
  finish(server);
}

TEST_P(ConnectBulkTest, SaysThatItsOutputCannotBeWritten) {
  const Descriptor full = open_file("/dev/full", O_WRONLY);
  ClientProcess alice(url(), "alice", {.arguments = {"--quiet"}, .output = full.number()});
  alice.say("alice: hello");
  EXPECT_EQ(alice.wait_for_exit(), failure);
  EXPECT_THAT(alice.statuses(),
              ElementsAre("lastword: cannot write standard output: No space left on device"));
  EXPECT_EQ(finish(server).accepted, 1);
}

// An input that has ended and an output that fails are one reason to end in order, not a second
// signal: what was said before is not abandoned. (It was.)
TEST(ConnectBulk, EndsInOrderWhenItsOutputFailsBehindTheEndOfItsInput) {
  const Listener listener;
  const std::string url = url_of(Transport::lines, listener.endpoint());
  const Descriptor full = open_file("/dev/full", O_WRONLY);
  ClientProcess alice(url, "alice", {.arguments = {"--quiet"}, .output = full.number()});
  alice.say("bob: hello");
  alice.end_input();
  const Descriptor link = listener.accept();
  EXPECT_EQ(get_line(link), "alice");
  const std::string question = get_line(link);
  const std::string answer = "* pong " + question.substr(std::string_view{"/ping "}.size()) + "\n";
  put(link, answer + "from bob: hello\n");
  EXPECT_EQ(alice.wait_for_status("output"),
            "lastword: cannot write standard output: No space left on device");
  EXPECT_EQ(get_line(link), "bob: hello");
  EXPECT_EQ(get_line(link), "/quit");
  put(link, "* goodbye: 1 of your lines were accepted\n");
  ::shutdown(link.number(), SHUT_WR);
  EXPECT_EQ(get_all(link), "");
  EXPECT_EQ(alice.wait_for_exit(), failure);
  EXPECT_THAT(alice.statuses(),
              ElementsAre("lastword: cannot write standard output: No space left on device"));
}

}  // namespace
}  // namespace lastword::end_to_end
