#include "core/websocket/authority.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastword::websocket {
namespace {

TEST(Authority, IsAHostAndMaybeAPort) {
  struct Example {
    std::string_view text;
    std::string_view host;
    std::optional<std::uint16_t> port{};
  };
  for (const Example& example : {
           Example{.text = "localhost", .host = "localhost"},
           Example{.text = "localhost:", .host = "localhost"},
           Example{.text = "localhost:8081", .host = "localhost", .port = 8081},
           Example{.text = "localhost:0", .host = "localhost", .port = 0},
           Example{.text = "localhost:65535", .host = "localhost", .port = 65535},
           Example{.text = "localhost:000080", .host = "localhost", .port = 80},
           Example{.text = "127.0.0.1:80", .host = "127.0.0.1", .port = 80},
           Example{.text = "[::1]", .host = "[::1]"},
           Example{.text = "[::1]:80", .host = "[::1]", .port = 80},
           Example{.text = "a-b._~!$&'()*+,;=%4f.example", .host = "a-b._~!$&'()*+,;=%4f.example"},
           Example{.text = "", .host = ""},
           Example{.text = ":80", .host = "", .port = 80},
       }) {
    const auto authority = parse_authority(example.text);
    ASSERT_TRUE(authority) << example.text;
    EXPECT_EQ(authority->host, example.host) << example.text;
    EXPECT_EQ(authority->port, example.port) << example.text;
  }
}

TEST(Authority, IsNothingElse) {
  for (const std::string_view text :
       {"a b",       "a/b",     "user@host", "host:65536", "host:99999999999999999999",
        "host:-1",   "host:+1", "host:8o",   "host:80:80", "::1",
        "[::1",      "[::1]a",  "[::1]80",   "[]",         "[localhost]",
        "[1.2.3.4]", "[::1%1]", "[v1.a]",    "]",          "[",
        "a%",        "a%4",     "a%4g",      "a%g4",       "h\xC3\xB6st",
        "a\"b",      "a<b",     "a\\b",      "a?b",        "a#b",
        "host: 80",  "a[::1]",  "[[::1]]"}) {
    EXPECT_FALSE(parse_authority(text)) << text;
  }
}

TEST(Ipv4Address, IsFourDecimalOctets) {
  for (const std::string_view text :
       {"0.0.0.0", "127.0.0.1", "255.255.255.255", "1.20.100.249", "199.9.0.254"}) {
    EXPECT_TRUE(is_ipv4_address(text)) << text;
  }
  for (const std::string_view text :
       {"",          "1",          "1.2",      "1.2.3",      "1.2.3.4.5", "127.0.0.1.evil.org",
        "0x7f.1",    "0x7f.0.0.1", "127.1",    "2130706433", "256.0.0.1", "1.2.3.256",
        "1.2.3.999", "1.2.3.1000", "01.2.3.4", "1.2.3.00",   "1.2.3.",    ".1.2.3",
        "1..2.3",    "1.2.3.4.",   "1.2.3.a",  " 1.2.3.4",   "1.2.3.4 ",  "+1.2.3.4"}) {
    EXPECT_FALSE(is_ipv4_address(text)) << text;
  }
}

TEST(Ipv6Address, HasEightGroupsOrAGap) {
  for (const std::string_view text :
       {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
        "1::3:4:5:6:7:8", "fe80::AbCd", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1",
        "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5::1.2.3.4", "::1.2.3.4", "ffff:ffff::ffff"}) {
    EXPECT_TRUE(is_ipv6_address(text)) << text;
  }
  for (const std::string_view text : {"",
                                      ":",
                                      ":::",
                                      "1",
                                      "1:",
                                      ":1",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7:8:",
                                      "1:2:3:4:5:6:7:8::",
                                      "1::3:4:5:6:7:8:9",
                                      "1::2::3",
                                      "1:::2",
                                      "12345::",
                                      "g::",
                                      "::1.2.3",
                                      "1.2.3.4::",
                                      "1.2.3.4",
                                      "1:2:3:4:5:6:7:1.2.3.4",
                                      "1:2:3:4:5:6::1.2.3.4",
                                      "::1%lo",
                                      "[::1]",
                                      "::1 ",
                                      "::-1",
                                      "1:2:3:4:5:1.2.3.4:6"}) {
    EXPECT_FALSE(is_ipv6_address(text)) << text;
  }
}

TEST(LiteralAddress, HasBracketsIfItIsIpv6) {
  EXPECT_TRUE(is_literal_address("127.0.0.1"));
  EXPECT_TRUE(is_literal_address("[::1]"));
  for (const std::string_view host : {"", "::1", "[127.0.0.1]", "localhost", "[::1", "::1]", "[",
                                      "]", "[]", "127.0.0.1.evil.org"}) {
    EXPECT_FALSE(is_literal_address(host)) << host;
  }
}

// The C library knows addresses too.
RC_GTEST_PROP(LiteralAddress, IsWhatTheCLibraryTakesForOne, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(
      rc::gen::weightedElement<std::string>({{12, ":"},
                                             {6, "::"},
                                             {6, "1"},
                                             {4, "0"},
                                             {6, "."},
                                             {3, "ab"},
                                             {2, "25"},
                                             {2, "1.2.3.4"},
                                             {4, "1:2:3:"},
                                             {1, "g"}}));
  std::string text;
  for (const std::string& word : words) text += word;

  std::array<unsigned char, 16> address{};
  RC_ASSERT(is_ipv6_address(text) == (inet_pton(AF_INET6, text.c_str(), address.data()) == 1));
  RC_ASSERT(is_ipv4_address(text) == (inet_pton(AF_INET, text.c_str(), address.data()) == 1));
}

}  // namespace
}  // namespace lastword::websocket
