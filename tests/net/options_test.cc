#include "net/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/option_values.h"

namespace lastword {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::size_t kibibyte = 1024;
constexpr std::size_t mebibyte = 1024 * kibibyte;
constexpr std::size_t gibibyte = 1024 * mebibyte;

using Arguments = std::vector<std::string>;

std::expected<Options, CommandLineEnd> run(const Arguments& arguments) {
  std::vector<const char*> pointers{"lastword"};
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  return parse_command_line(static_cast<int>(pointers.size()), pointers.data());
}

// The options of one command.
template <typename Wanted>
std::expected<Wanted, CommandLineEnd> run(std::string_view command, Arguments arguments) {
  arguments.insert(arguments.begin(), std::string{command});
  auto options = run(arguments);
  if (!options) return std::unexpected{options.error()};
  return std::get<Wanted>(*options);
}

std::expected<ServeOptions, CommandLineEnd> serve(const Arguments& arguments) {
  return run<ServeOptions>("serve", arguments);
}

std::expected<ConnectOptions, CommandLineEnd> connect(const Arguments& arguments) {
  return run<ConnectOptions>("connect", arguments);
}

// What is said of arguments that are unusable; in one line, to an operator.
template <typename Any>
std::string complaint(const std::expected<Any, CommandLineEnd>& options) {
  if (options) return "";
  EXPECT_EQ(options.error().exit_code, 2);
  EXPECT_THAT(options.error().text, StartsWith("lastword: "));
  EXPECT_THAT(options.error().text, Not(HasSubstr("\n")));
  return options.error().text;
}

TEST(Options, AreThoseOfTheContractIfNothingIsSaid) {
  const auto options = serve({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->tcp, (Endpoint{.host = "127.0.0.1", .port = 8080}));
  EXPECT_EQ(options->ws, (Endpoint{.host = "127.0.0.1", .port = 8081}));
  EXPECT_EQ(options->admin, std::nullopt);
  EXPECT_EQ(options->config.line_max, 65536U);
  EXPECT_EQ(options->config.outbox_max, mebibyte);
  EXPECT_EQ(options->config.memory_max, 256 * mebibyte);
  EXPECT_EQ(options->config.stall_timeout, 10s);
  EXPECT_EQ(options->config.login_timeout, 10s);
  EXPECT_EQ(options->config.drain_timeout, 30s);
  EXPECT_EQ(options->config.linger, 2s);
  EXPECT_EQ(options->config.heartbeat, 30s);
  EXPECT_FALSE(options->config.handshake.is_compressing);
  EXPECT_THAT(options->config.handshake.allowed_origins, IsEmpty());
  EXPECT_THAT(options->config.handshake.host_names, IsEmpty());
  EXPECT_EQ(options->log_level, LogLevel::info);
}

TEST(Options, SetWhatTheyAreNamedFor) {
  const auto options = serve({"--tcp",
                              "[::1]:7000",
                              "--ws",
                              "0.0.0.0:0",
                              "--admin",
                              "localhost:9",
                              "--max-connections",
                              "12",
                              "--max-line",
                              "4KiB",
                              "--max-outbox",
                              "64KiB",
                              "--max-memory",
                              "2MiB",
                              "--stall-timeout",
                              "1s",
                              "--login-timeout",
                              "2s",
                              "--heartbeat",
                              "3s",
                              "--drain-timeout",
                              "4s",
                              "--linger",
                              "500ms",
                              "--log-level",
                              "warning"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->tcp, (Endpoint{.host = "::1", .port = 7000}));
  EXPECT_EQ(options->ws, (Endpoint{.host = "0.0.0.0", .port = 0}));
  EXPECT_EQ(options->admin, (Endpoint{.host = "localhost", .port = 9}));
  EXPECT_EQ(options->config.connections_max, 12U);
  EXPECT_EQ(options->config.line_max, 4 * kibibyte);
  EXPECT_EQ(options->config.outbox_max, 64 * kibibyte);
  EXPECT_EQ(options->config.memory_max, 2 * mebibyte);
  EXPECT_EQ(options->config.stall_timeout, 1s);
  EXPECT_EQ(options->config.login_timeout, 2s);
  EXPECT_EQ(options->config.heartbeat, 3s);
  EXPECT_EQ(options->config.drain_timeout, 4s);
  EXPECT_EQ(options->config.linger, 500ms);
  EXPECT_EQ(options->log_level, LogLevel::warning);
}

TEST(Options, NameOriginsAndHostsOneByOne) {
  const auto options =
      serve({"--allow-origin", "https://chat.example.org", "--allow-origin=null", "--host-name",
             "chat.example.org", "--host-name", "intra", "--ws-compress"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_THAT(options->config.handshake.allowed_origins,
              ElementsAre("https://chat.example.org", "null"));
  EXPECT_THAT(options->config.handshake.host_names, ElementsAre("chat.example.org", "intra"));
  EXPECT_TRUE(options->config.handshake.is_compressing);
}

TEST(Options, RefuseWhatIsNoOriginAndNoHostName) {
  for (const char* origin : {"chat.example.org", "https://", "://x", "https://x/path",
                             "https://x y", "https://x?q", ""}) {
    EXPECT_THAT(complaint(serve({"--allow-origin", origin})), HasSubstr("--allow-origin"))
        << origin;
  }
  for (const char* name : {"https://chat", "chat:80", "a b", "[::1]", ""}) {
    EXPECT_THAT(complaint(serve({"--host-name", name})), HasSubstr("--host-name")) << name;
  }
}

TEST(Options, KnowFourLogLevels) {
  EXPECT_EQ(serve({"--log-level", "debug"})->log_level, LogLevel::debug);
  EXPECT_EQ(serve({"--log-level", "info"})->log_level, LogLevel::info);
  EXPECT_EQ(serve({"--log-level", "warning"})->log_level, LogLevel::warning);
  EXPECT_EQ(serve({"--log-level", "error"})->log_level, LogLevel::error);
}

TEST(Options, MayBeWrittenWithAnEqualsSign) {
  const auto options = serve({"--tcp=127.0.0.1:0", "--linger=1s"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->tcp, (Endpoint{.host = "127.0.0.1", .port = 0}));
  EXPECT_EQ(options->config.linger, 1s);
}

TEST(Options, SwitchAListenerOffWithNone) {
  const auto options = serve({"--ws", "none", "--admin", "none"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->ws, std::nullopt);
  EXPECT_EQ(options->admin, std::nullopt);
}

TEST(Options, TakeTheLastOfARepeatedOne) {
  const auto options = serve({"--linger", "1s", "--tcp", "none", "--linger", "3s", "--tcp",
                              "127.0.0.1:5", "--linger", "2s"});
  ASSERT_TRUE(options) << options.error().text;
  EXPECT_EQ(options->config.linger, 2s);
  EXPECT_EQ(options->tcp, (Endpoint{.host = "127.0.0.1", .port = 5}));
}

TEST(Options, AreRefusedByNameIfTheirValueIsUnusable) {
  const std::vector<Arguments> unusable{
      {"--tcp", "8080"},
      {"--tcp", "::1:80"},
      {"--ws", ""},
      {"--admin", "nowhere"},
      {"--max-connections", "0"},
      {"--max-connections", "1000001"},
      {"--max-connections", "x"},
      {"--max-connections", "1k"},
      {"--max-line", "0"},
      {"--max-line", "-1"},
      {"--max-line", "1.5KiB"},
      {"--max-line", "1kb"},
      {"--max-outbox", "0"},
      {"--max-outbox", "1 MiB"},
      {"--max-memory", "lots"},
      {"--max-memory", "0"},
      {"--stall-timeout", "0s"},
      {"--stall-timeout", "10"},
      {"--login-timeout", "0ms"},
      {"--login-timeout", "-1s"},
      {"--heartbeat", "0s"},
      {"--heartbeat", "soon"},
      {"--drain-timeout", "1.5s"},
      {"--linger", "1d"},
      {"--log-level", "verbose"},
      {"--log-level", ""},
      {"--linger"},
      {"--tcp"},
      {"--no-such-option"},
      {"--max-lin", "5"},
  };
  for (const Arguments& arguments : unusable) {
    EXPECT_THAT(complaint(serve(arguments)), HasSubstr(arguments.front()))
        << arguments.front() << " " << arguments.back();
  }
}

TEST(Options, QuoteTheValueThatIsUnusable) {
  EXPECT_THAT(complaint(serve({"--linger", "tomorrow"})), HasSubstr("'tomorrow'"));
  EXPECT_THAT(complaint(serve({"--max-line", "big"})), HasSubstr("'big'"));
  EXPECT_THAT(complaint(serve({"--tcp", "here"})), HasSubstr("'here'"));
}

TEST(Options, AreRefusedIfTheyCannotWorkTogether) {
  EXPECT_TRUE(serve({"--max-line", "1000", "--max-outbox", "1000", "--max-memory", "1000"}));
  EXPECT_THAT(complaint(serve({"--max-line", "1001", "--max-outbox", "1000"})),
              HasSubstr("--max-line"));
  EXPECT_TRUE(serve({"--max-outbox", "512MiB", "--max-memory", "1KiB"}))
      << "the smaller one judges";
  EXPECT_TRUE(serve({"--tcp", "none"})) << "there is the other door";
  EXPECT_TRUE(serve({"--ws", "none"}));
  EXPECT_THAT(complaint(serve({"--tcp", "none", "--ws", "none"})), HasSubstr("--ws none"));
}

TEST(Options, TakeALineOfOneGibibyteAndNoLonger) {
  EXPECT_TRUE(serve({"--max-line", "1GiB", "--max-outbox", "1GiB", "--max-memory", "1GiB"}));
  EXPECT_THAT(complaint(serve(
                  {"--max-line", "1073741825", "--max-outbox", "2GiB", "--max-memory", "2GiB"})),
              HasSubstr("--max-line"));
}

TEST(Options, BelongToACommand) {
  EXPECT_THAT(complaint(run({})), HasSubstr("subcommand"));
  EXPECT_THAT(complaint(serve({"something"})), HasSubstr("something"));
}

// Once, all that was said was that a subcommand is required.
TEST(Options, AreRefusedByNameBeforeACommandAndInItsPlace) {
  EXPECT_THAT(complaint(run({"server"})), HasSubstr("'server'"));
  EXPECT_THAT(complaint(run({"--tcp", "127.0.0.1:0"})), HasSubstr("--tcp"));
}

TEST(Options, AreExplainedIfSomebodyAsks) {
  const auto help = serve({"--help"});
  ASSERT_FALSE(help);
  EXPECT_EQ(help.error().exit_code, 0);
  for (const std::string_view name :
       {"--tcp", "--ws", "--admin", "--max-connections", "--max-line", "--max-outbox",
        "--max-memory", "--stall-timeout", "--login-timeout", "--heartbeat", "--drain-timeout",
        "--linger", "--log-level"}) {
    EXPECT_THAT(help.error().text, HasSubstr(std::string{name} + " "));
  }
  EXPECT_TRUE(help.error().text.ends_with("\n"));

  const auto general = run({"--help"});
  ASSERT_FALSE(general);
  EXPECT_EQ(general.error().exit_code, 0);
  EXPECT_THAT(general.error().text, HasSubstr("serve"));

  const auto version = run({"--version"});
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().exit_code, 0);
  EXPECT_THAT(version.error().text, StartsWith("lastword "));
}

TEST(Options, WriteDurationsWithAUnit) {
  EXPECT_EQ(parse_duration("0ms"), 0ms);
  EXPECT_EQ(parse_duration("1ms"), 1ms);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("007s"), 7s);
  for (const std::string_view text : {"", "s", "5", "5 s", " 5s", "5s ", "5S", "5sec", "5d", "-5s",
                                      "+5s", "1.5s", "1s500ms", "0x5s", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Options, KnowNoDurationLongerThanAYear) {
  EXPECT_EQ(parse_duration("8760h"), 8760h);
  EXPECT_FALSE(parse_duration("8761h"));
  EXPECT_EQ(parse_duration("31536000000ms"), 8760h);
  EXPECT_FALSE(parse_duration("31536000001ms"));
  EXPECT_FALSE(parse_duration("18446744073709551615h")) << "nor one that overflows";
  EXPECT_FALSE(parse_duration("5124095576030431h")) << "... to something small";
}

TEST(Options, WriteBytesWithOrWithoutAUnit) {
  EXPECT_EQ(parse_bytes("0"), 0U);
  EXPECT_EQ(parse_bytes("1"), 1U);
  EXPECT_EQ(parse_bytes("65536"), 65536U);
  EXPECT_EQ(parse_bytes("64KiB"), 65536U);
  EXPECT_EQ(parse_bytes("1MiB"), mebibyte);
  EXPECT_EQ(parse_bytes("3GiB"), 3 * gibibyte);
  for (const std::string_view text : {"", "KiB", "1kib", "1KB", "1K", "1 KiB", "1KiB ", " 1", "-1",
                                      "+1", "1.5", "0x10", "99999999999999999999"}) {
    EXPECT_FALSE(parse_bytes(text)) << text;
  }
}

TEST(Options, KnowNoMoreBytesThanATebibyte) {
  EXPECT_EQ(parse_bytes("1024GiB"), 1024 * gibibyte);
  EXPECT_FALSE(parse_bytes("1025GiB"));
  EXPECT_EQ(parse_bytes("1099511627776"), 1024 * gibibyte);
  EXPECT_FALSE(parse_bytes("1099511627777"));
  EXPECT_FALSE(parse_bytes("17179869184GiB")) << "2^64 bytes: nor any that overflow";
}

// --- connect -----------------------------------------------------------------------------------

TEST(ConnectOptions, NeedAnAddressAndAName) {
  const auto options = connect({"tcp://127.0.0.1:8080", "--name", " alice "});
  ASSERT_TRUE(options);
  const client::Config& config = options->config;
  EXPECT_EQ(config.url,
            (client::Url{.transport = Transport::lines, .host = "127.0.0.1", .port = 8080}));
  EXPECT_EQ(config.name, "alice");
  EXPECT_TRUE(config.is_reconnecting);
  EXPECT_EQ(config.if_unknown, client::IfUnknown::report);
  EXPECT_EQ(config.heartbeat, 15s);
  EXPECT_EQ(config.delays.first, 1s);
  EXPECT_EQ(config.delays.after_restart, 4s);
  EXPECT_EQ(config.delays.after_refusal, 16s);
  EXPECT_FALSE(options->is_quiet);

  EXPECT_THAT(complaint(connect({"tcp://127.0.0.1:8080"})), HasSubstr("--name"));
  EXPECT_THAT(complaint(connect({"--name", "alice"})), HasSubstr("URL"));
}

TEST(ConnectOptions, ReadEverything) {
  const auto options =
      connect({"ws://[::1]:8081/ws", "--name", "bob", "--no-reconnect", "--resend", "--heartbeat",
               "2s", "--retry", "100ms", "--retry-max", "3s", "--max-line", "1KiB", "--quiet"});
  ASSERT_TRUE(options);
  const client::Config& config = options->config;
  EXPECT_EQ(
      config.url,
      (client::Url{.transport = Transport::websocket, .host = "::1", .port = 8081, .path = "/ws"}));
  EXPECT_FALSE(config.is_reconnecting);
  EXPECT_EQ(config.if_unknown, client::IfUnknown::resend);
  EXPECT_EQ(config.heartbeat, 2s);
  EXPECT_EQ(config.delays.first, 100ms);
  EXPECT_EQ(config.delays.after_restart, 400ms);
  EXPECT_EQ(config.delays.after_refusal, 1600ms);
  EXPECT_EQ(config.delays.max, 3s);
  EXPECT_EQ(config.line_max, kibibyte);
  EXPECT_TRUE(options->is_quiet);
}

TEST(ConnectOptions, SayWhatIsWrongWithTheAddressOrTheName) {
  const auto with_url = [](const std::string& url) {
    return complaint(connect({url, "--name", "alice"}));
  };
  EXPECT_THAT(with_url("127.0.0.1:8080"), HasSubstr("'127.0.0.1:8080' has no scheme"));
  EXPECT_THAT(with_url("http://127.0.0.1"), HasSubstr("unknown scheme"));
  EXPECT_THAT(with_url("wss://127.0.0.1"), HasSubstr("encryption"));
  EXPECT_THAT(with_url("tcp://127.0.0.1"), HasSubstr("no port"));
  EXPECT_THAT(with_url("tcp://:8080"), HasSubstr("no host"));
  EXPECT_THAT(complaint(connect({"tcp://127.0.0.1:8080", "--name", "a,b"})),
              HasSubstr("'a,b' has one of , : #"));
  EXPECT_THAT(
      complaint(connect({"tcp://127.0.0.1:8080", "--name", "alice", "--heartbeat", "soon"})),
      HasSubstr("--heartbeat"));
  EXPECT_THAT(complaint(connect({"tcp://127.0.0.1:8080", "--name", "alice", "--tcp", "none"})),
              HasSubstr("lastword connect --help"));
}

}  // namespace
}  // namespace lastword
