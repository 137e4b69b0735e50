#include "net/endpoint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lastword {
namespace {

TEST(Endpoint, IsAHostAndAPort) {
  struct Example {
    std::string_view text;
    Endpoint endpoint;
  };
  for (const Example& example : {
           Example{.text = "127.0.0.1:8080", .endpoint = {.host = "127.0.0.1", .port = 8080}},
           Example{.text = "localhost:1", .endpoint = {.host = "localhost", .port = 1}},
           Example{.text = "0.0.0.0:0", .endpoint = {.host = "0.0.0.0", .port = 0}},
           Example{.text = "[::1]:8080", .endpoint = {.host = "::1", .port = 8080}},
           Example{.text = "[::]:65535", .endpoint = {.host = "::", .port = 65535}},
           Example{.text = "[fe80::1%eth0]:80", .endpoint = {.host = "fe80::1%eth0", .port = 80}},
           Example{.text = "chat.example:00080", .endpoint = {.host = "chat.example", .port = 80}},
       }) {
    const auto endpoint = parse_endpoint(example.text);
    ASSERT_TRUE(endpoint) << example.text;
    EXPECT_EQ(*endpoint, example.endpoint) << example.text;
  }
}

TEST(Endpoint, NeedsAPortFromZeroTo65535) {
  EXPECT_TRUE(parse_endpoint("a:65535"));
  for (const std::string_view text : {"a:65536", "a:-1", "a:+1", "a:", "a: 80", "a:80 ", "a:8o",
                                      "a:0x50", "a:99999999999999999999"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_NE(endpoint.error().find("has no port from 0 to 65535"), std::string::npos) << text;
  }
  for (const std::string_view text : {"", "localhost", "8080", "[::1]"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_NE(endpoint.error().find("has no port;"), std::string::npos) << text;
  }
}

TEST(Endpoint, NeedsAHost) {
  for (const std::string_view text : {":80", "[]:80"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_NE(endpoint.error().find("has no host"), std::string::npos) << text;
  }
}

TEST(Endpoint, WantsAnIpv6AddressInBrackets) {
  for (const std::string_view text : {"::1:80", "fe80::1:80", "::80", "[::1:80", "::1]:80"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_NE(endpoint.error().find("brackets"), std::string::npos) << text;
  }
}

TEST(Endpoint, QuotesWhatItCouldNotReadAndSaysHowToWriteIt) {
  const auto endpoint = parse_endpoint("nonsense");
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error(),
            "'nonsense' has no port; write HOST:PORT, as in 127.0.0.1:8080 or [::1]:8080, or none");
}

TEST(Endpoint, IsWrittenWithBracketsWhereTheyAreNeeded) {
  EXPECT_EQ(to_string(Endpoint{.host = "127.0.0.1", .port = 8080}), "127.0.0.1:8080");
  EXPECT_EQ(to_string(Endpoint{.host = "::1", .port = 0}), "[::1]:0");
  EXPECT_EQ(to_string(Endpoint{.host = "localhost", .port = 65535}), "localhost:65535");
}

RC_GTEST_PROP(Endpoint, IsReadAsItWasWritten, ()) {
  const Endpoint endpoint{.host = *rc::gen::nonEmpty(rc::gen::container<std::string>(
                              rc::gen::element('a', '1', '.', ':', '-', '%'))),
                          .port = *rc::gen::arbitrary<std::uint16_t>()};
  const auto parsed = parse_endpoint(to_string(endpoint));
  RC_ASSERT(parsed.has_value());
  RC_ASSERT((*parsed == endpoint));
}

}  // namespace
}  // namespace lastword
