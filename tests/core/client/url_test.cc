#include "core/client/url.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastword::client {
namespace {

Url lines(std::string host, std::uint16_t port) {
  return {.transport = Transport::lines, .host = std::move(host), .port = port};
}

Url websocket(std::string host, std::uint16_t port, std::string path = "/") {
  return {.transport = Transport::websocket,
          .host = std::move(host),
          .port = port,
          .path = std::move(path)};
}

TEST(Url, HasATransportAHostAPortAndAPath) {
  const std::vector<std::pair<std::string_view, Url>> good{
      {"tcp://127.0.0.1:8080", lines("127.0.0.1", 8080)},
      {"tcp://localhost:1/", lines("localhost", 1)},
      {"TCP://chat.example:65535", lines("chat.example", 65535)},
      {"tcp://[::1]:8080", lines("::1", 8080)},
      {"ws://127.0.0.1:8081/", websocket("127.0.0.1", 8081)},
      {"ws://127.0.0.1:8081", websocket("127.0.0.1", 8081)},
      {"ws://chat.example", websocket("chat.example", 80)},
      {"Ws://[2001:db8::1]/ws", websocket("2001:db8::1", 80, "/ws")},
      {"ws://chat.example:81/a/b%20c?d=e/f", websocket("chat.example", 81, "/a/b%20c?d=e/f")},
      {"ws://chat.example?d", websocket("chat.example", 80, "/?d")},
  };
  for (const auto& [text, url] : good) {
    const auto parsed = parse_url(text);
    ASSERT_TRUE(parsed) << text << " " << explain(parsed.error());
    EXPECT_EQ(*parsed, url) << text;
    EXPECT_EQ(parse_url(to_string(url)), url) << to_string(url);
  }
}

TEST(Url, IsRefusedWithAReason) {
  const std::vector<std::pair<std::string_view, UrlError>> bad{
      {"", UrlError::no_scheme},
      {"127.0.0.1:8080", UrlError::no_scheme},
      {"://127.0.0.1:8080", UrlError::no_scheme},
      {"http://127.0.0.1:8080", UrlError::unknown_scheme},
      {"wss://127.0.0.1:8080", UrlError::encrypted},
      {"tcp://", UrlError::no_host},
      {"ws://:80", UrlError::no_host},
      {"tcp://chat.example", UrlError::no_port},
      {"tcp://chat.example:0", UrlError::no_port},
      {"ws://chat.example:0", UrlError::no_port},
      {"tcp://chat.example:65536", UrlError::bad_authority},
      {"tcp://chat.example:port", UrlError::bad_authority},
      {"tcp://::1:8080", UrlError::bad_authority},
      {"tcp://user@chat.example:8080", UrlError::bad_authority},
      {"tcp://chat.example:8080/room", UrlError::stray_path},
      {"tcp://chat.example:8080?room", UrlError::stray_path},
      {"ws://chat.example/a b", UrlError::bad_path},
      {"ws://chat.example/a\r\nX: y", UrlError::bad_path},
      {"ws://chat.example/\xC3\xA4", UrlError::bad_path},
      {"ws://chat.example/#top", UrlError::fragment},
  };
  for (const auto& [text, error] : bad) {
    const auto parsed = parse_url(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error(), error) << text;
  }
}

TEST(Url, EachReasonHasItsOwnWords) {
  std::set<std::string_view> words;
  for (int error = 0; error <= static_cast<int>(UrlError::fragment); ++error) {
    EXPECT_TRUE(words.insert(explain(static_cast<UrlError>(error))).second) << error;
  }
  EXPECT_FALSE(words.contains(""));
}

TEST(Url, LeavesTheUsualPortOutOfTheHostField) {
  EXPECT_EQ(authority_of(websocket("chat.example", 80)), "chat.example");
  EXPECT_EQ(authority_of(websocket("chat.example", 81)), "chat.example:81");
  EXPECT_EQ(authority_of(websocket("::1", 80)), "[::1]");
  EXPECT_EQ(authority_of(lines("::1", 80)), "[::1]:80");
}

}  // namespace
}  // namespace lastword::client
