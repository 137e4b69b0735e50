// The harness against itself: a listener in this process and shell scripts stand in for the server,
// so that a failing test elsewhere is the server's failure and not the harness's.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <system_error>

#include "net/descriptor.h"
#include "tests/end_to_end/line_client.h"
#include "tests/end_to_end/listener.h"
#include "tests/end_to_end/server_process.h"
#include "tests/end_to_end/test_world.h"
#include "tests/end_to_end/watchdog.h"

namespace lastword::end_to_end {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Command shell(const std::string& script) {
  return {.binary = "/bin/sh", .arguments = {"-c", script}};
}

TEST(LineClient, CutsWhatArrivesIntoLinesAndKeepsTheUnfinishedOne) {
  const Listener listener;
  LineClient client(listener.endpoint());
  const Descriptor other_side = listener.accept();
  put(other_side, "* one\nfrom bob: tw");
  EXPECT_EQ(client.read_line(), "* one");
  put(other_side, "o\n\n! thr");
  EXPECT_EQ(client.read_line(), "from bob: two");
  EXPECT_EQ(client.read_line(), "");
  ::shutdown(other_side.number(), SHUT_WR);
  EXPECT_THAT(client.read_until_end(), IsEmpty());
  EXPECT_EQ(client.ending(), Ending::finished);
  EXPECT_EQ(client.unfinished_line(), "! thr");
}

TEST(LineClient, TellsNewsFromInformation) {
  const Listener listener;
  LineClient client(listener.endpoint());
  const Descriptor other_side = listener.accept();
  put(other_side, "* bob joined\n! oops\n* x\nfrom bob: hi\n* pong catch-up-1\n* later\n");
  EXPECT_EQ(client.read_news(), "! oops");
  EXPECT_THAT(client.catch_up(), ElementsAre("from bob: hi"));
  EXPECT_EQ(get(other_side, 17), "/ping catch-up-1\n");
  EXPECT_EQ(client.read_line(), "* later");
}

TEST(LineClient, TellsAResetFromAnEndOfFile) {
  const Listener listener;
  LineClient client(listener.endpoint());
  Descriptor other_side = listener.accept();
  client.send_line("unread bytes turn the close of the other side into a reset");
  pollfd readable{other_side.number(), POLLIN, 0};
  ASSERT_EQ(::poll(&readable, 1, 60'000), 1);
  other_side.close();
  EXPECT_THAT(client.read_until_end(), IsEmpty());
  EXPECT_EQ(client.ending(), Ending::reset);
}

TEST(LineClient, ResetsHalfClosesAndCloses) {
  const Listener listener;
  LineClient resetting(listener.endpoint());
  const Descriptor sees_reset = listener.accept();
  LineClient half_closing(listener.endpoint());
  const Descriptor sees_end = listener.accept();
  resetting.reset();
  half_closing.send("last");
  half_closing.half_close();
  char byte = 0;
  EXPECT_EQ(::recv(sees_reset.number(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_EQ(get(sees_end, 5), "last");
  put(sees_end, "heard\n");
  EXPECT_EQ(half_closing.read_line(), "heard");
  half_closing.close();
  EXPECT_LT(half_closing.descriptor(), 0);
}

TEST(LineClient, KeepsWhatTheKernelDoesNotTakeAndSendsItLater) {
  const Listener listener;
  LineClient client(listener.endpoint());
  const Descriptor other_side = listener.accept();
  const std::size_t size = 64 << 20;  // more than all buffers of the kernel together
  client.send(std::string(size, 'x'));
  EXPECT_GT(client.unsent_bytes(), 0U);
  std::size_t taken = 0;
  while (client.unsent_bytes() > 0) {
    taken += get(other_side, 1 << 16).size();
    client.handle_events(POLLOUT);
  }
  client.half_close();
  for (std::size_t count = 1; count > 0; taken += count) count = get(other_side, 1 << 16).size();
  EXPECT_EQ(taken, size);
}

TEST(LineClient, SaysWhyAConnectFailed) {
  Listener listener;
  const Endpoint endpoint = listener.endpoint();
  listener.close();
  try {
    const LineClient client(endpoint);
    FAIL() << "connected to nobody";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ECONNREFUSED);
  }
}

TEST(LineClient, FailsInsteadOfWaitingForALineAfterTheEnd) {
  const Listener listener;
  LineClient client(listener.endpoint());
  listener.accept().close();
  EXPECT_THROW(static_cast<void>(client.read_line()), Violation);
  EXPECT_EQ(client.ending(), Ending::finished);
}

TEST(LineClient, KeepsATranscriptForTheFailure) {
  const Listener listener;
  LineClient client(listener.endpoint());
  const Descriptor other_side = listener.accept();
  client.send("bob: hi\n");
  put(other_side, "from bob: \x01\n");
  EXPECT_EQ(client.read_line(), "from bob: \x01");
  EXPECT_EQ(client.transcript_text(), "  > bob: hi\\n\n  < from bob: \\x01\n");
}

TEST(Watchdog, BarksWhenNothingComes) {
  const Listener listener;
  LineClient client(listener.endpoint());
  ::setenv("LASTWORD_WATCHDOG_SECONDS", "1", 1);
  EXPECT_THROW(static_cast<void>(client.read_line()), Violation);
  ::unsetenv("LASTWORD_WATCHDOG_SECONDS");
}

TEST(Process, ReadsWhatItIsGiven) {
  Process process({.binary = "/bin/cat", .has_input = true});
  // More than the socket and the pipe hold: the output is read meanwhile.
  const std::string line(1'000'000, 'x');
  process.write_input(line + "\nend\n");
  EXPECT_EQ(process.read_output_line(), line);
  EXPECT_EQ(process.read_output_line(), "end");
  process.close_input();
  EXPECT_EQ(process.wait_for_exit(), ExitStatus{.code = 0});
}

TEST(Process, HasTheEnvironmentThatItIsGivenBesidesOurs) {
  Process process({.binary = "/bin/sh",
                   .arguments = {"-c", "echo $HOME ${PATH:+has a path}"},
                   .environment = {"HOME=elsewhere"}});
  EXPECT_EQ(process.read_output_line(), "elsewhere has a path");
  EXPECT_EQ(process.wait_for_exit(), ExitStatus{.code = 0});
}

TEST(Process, TakesItsGroupWithIt) {
  // What the shell leaves behind holds the other end of the pipe: only its end is the pipe's.
  Process process({.binary = "/bin/sh",
                   .arguments = {"-c", "tail -f /dev/null & echo started"},
                   .has_group_of_its_own = true});
  EXPECT_EQ(process.read_output_line(), "started");
  EXPECT_EQ(process.wait_for_exit(), ExitStatus{.code = 0});
  EXPECT_EQ(process.read_output_line(), std::nullopt);
}

TEST(Process, SaysWhichPackageHasAMissingProgram) {
  try {
    static_cast<void>(program_in_path("no-such-program", "some-package"));
    FAIL() << "found it";
  } catch (const Violation& violation) {
    EXPECT_THAT(violation.what(), HasSubstr("install the Debian package some-package"));
  }
}

TEST(Process, TellsOutputErrorsAndExitCode) {
  Process process(shell("echo one; echo oops >&2; echo two; exit 7"));
  EXPECT_EQ(process.read_output_line(), "one");
  EXPECT_EQ(process.wait_for_exit(), (ExitStatus{.code = 7}));
  EXPECT_EQ(process.standard_output(), "one\ntwo\n");
  EXPECT_EQ(process.read_output_line(), "two");
  EXPECT_EQ(process.read_output_line(), std::nullopt);
  EXPECT_EQ(process.standard_error(), "oops\n");
}

TEST(Process, IsSignalledAndSaysWhichSignalEndedIt) {
  Process process(shell("echo started; exec sleep 1000"));
  EXPECT_EQ(process.read_output_line(), "started");
  EXPECT_TRUE(process.is_running());
  process.wait_until_asleep();
  process.send_signal(SIGTERM);
  EXPECT_EQ(process.wait_for_exit(), (ExitStatus{.code = -1, .signal = SIGTERM}));
}

TEST(Process, LimitsTheDescriptorsOfTheChild) {
  Command command = shell("ulimit -n");
  command.descriptors_max = 33;
  Process process(command);
  EXPECT_EQ(process.read_output_line(), "33");
  EXPECT_EQ(process.wait_for_exit(), (ExitStatus{.code = 0}));
}

TEST(Process, ReadsItsTracesInProc) {
  Process process(shell("echo started; kill -STOP $$"));
  EXPECT_EQ(process.read_output_line(), "started");
  EXPECT_GT(process.resident_bytes(), 0U);
  EXPECT_GE(process.resident_bytes_peak(), process.resident_bytes());
  EXPECT_GE(process.open_descriptors(), 3U);
  EXPECT_GE(process.cpu_time().count(), 0);
  EXPECT_FALSE(process.has_shadow_memory());
  EXPECT_TRUE(process.has_mapped("/libc"));
  EXPECT_FALSE(process.has_mapped("/no such library"));
  process.send_signal(SIGKILL);
  EXPECT_EQ(process.wait_for_exit().signal, SIGKILL);
}

TEST(Process, ReportsABinaryThatIsNotThere) {
  Process process({.binary = "/nowhere/lastword"});
  EXPECT_EQ(process.wait_for_exit(), (ExitStatus{.code = 127}));
}

TEST(ReadyLine, IsTakenApart) {
  const ReadyLine line = parse_ready_line("ready tcp=[::1]:4000 ws=none admin=none");
  EXPECT_EQ(line.ws, "none");
  EXPECT_EQ(line.admin, "none");
  EXPECT_EQ(parse_endpoint(line.tcp).host, "::1");
  EXPECT_EQ(parse_endpoint(line.tcp).port, 4000);
  EXPECT_THROW(static_cast<void>(parse_ready_line("ready")), Violation);
  EXPECT_THROW(static_cast<void>(parse_ready_line("ready tcp=a ws=b admin=c ")), Violation);
  EXPECT_THROW(static_cast<void>(parse_endpoint("127.0.0.1:0")), Violation);
  EXPECT_THROW(static_cast<void>(parse_endpoint("127.0.0.1:80x")), Violation);
}

TEST(ServerProcess, SaysWhatTheServerWroteWhenItDoesNotGetReady) {
  const ServerOptions options{.binary = "/bin/ls"};  // knows no --tcp and says so
  try {
    const ServerProcess server({}, options);
    FAIL() << "ls got ready";
  } catch (const Violation& violation) {
    EXPECT_THAT(violation.what(), HasSubstr("exit code 2"));
    EXPECT_THAT(violation.what(), HasSubstr("tcp"));
  }
}

TEST(ShutdownReport, IsReadAndBalanced) {
  const ShutdownReport report = parse_shutdown_report(
      R"({"event":"shutdown","clean":true,"reason":"SIGTERM","drain_ms":12,)"
      R"("messages":{"accepted":1000},)"
      R"("deliveries":{"total":1000,"delivered":998,"failed":)"
      R"({"not_connected":1,"peer_gone":1,"slow_consumer":0,"drain_deadline":0}},)"
      R"("connections":{"total":20,"clean":19,"failed":1}})");
  EXPECT_TRUE(report.is_balanced());
  EXPECT_EQ(report.reason, "SIGTERM");
  EXPECT_EQ(report.accepted, 1000);
  EXPECT_EQ(report.deliveries.failed.sum(), 2);
  EXPECT_EQ(report.connections.failed, 1);
  ShutdownReport unbalanced = report;
  unbalanced.deliveries.delivered = 999;
  EXPECT_FALSE(unbalanced.is_balanced());
}

TEST(ShutdownReport, RefusesWhatIsNotTheContracts) {
  for (const char* text : {"", "{", "[]", "{}", R"({"event":"shutdown"})", "12"}) {
    EXPECT_THROW(static_cast<void>(parse_shutdown_report(text)), Violation) << text;
  }
}

TEST(Goodbye, IsRecognised) {
  EXPECT_EQ(goodbye_count("* goodbye: 12 of your lines were accepted"), 12);
  EXPECT_EQ(goodbye_count("* goodbye: 0 of your lines were accepted"), 0);
  EXPECT_EQ(goodbye_count("* goodbye: x of your lines were accepted"), std::nullopt);
  EXPECT_EQ(goodbye_count("* goodbye"), std::nullopt);
  EXPECT_EQ(goodbye_count("from bob: * goodbye: 1 of your lines were accepted"), std::nullopt);
}

}  // namespace
}  // namespace lastword::end_to_end
