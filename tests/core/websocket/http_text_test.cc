#include "core/websocket/http_text.h"

#include <gtest/gtest.h>

#include <string_view>

namespace lastword::websocket {
namespace {

TEST(HttpText, KnowsWhichBytesMakeAToken) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr std::string_view others = "0123456789!#$%&'*+-.^_`|~";
  for (int byte = 0; byte < 256; ++byte) {
    const char character = static_cast<char>(byte);
    EXPECT_EQ(is_token_character(character),
              letters.contains(character) || others.contains(character))
        << byte;
  }
}

TEST(HttpText, KnowsWhichBytesAFieldValueMayHold) {
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(is_field_value_character(static_cast<char>(byte)),
              byte == '\t' || (byte >= 0x20 && byte != 0x7F))
        << byte;
    EXPECT_EQ(is_visible(static_cast<char>(byte)), byte > 0x20 && byte < 0x7F) << byte;
  }
}

TEST(HttpText, ComparesAsciiInAnyCase) {
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_TRUE(equal_ignoring_case("WebSocket-13", "wEBsOCKET-13"));
  EXPECT_FALSE(equal_ignoring_case("websocket", "websockets"));
  EXPECT_FALSE(equal_ignoring_case("websockets", "websocket"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
}

TEST(HttpText, FindsATokenInAListInAnyCase) {
  for (const std::string_view list :
       {"upgrade", "Upgrade", "UPGRADE", "keep-alive, Upgrade", "Upgrade,keep-alive", ",,upgrade",
        "upgrade ,", " \tupgrade\t ", "a,\t upgrade \t,b", "a, ,upgrade"}) {
    EXPECT_TRUE(lists_token(list, "upgrade")) << list;
  }
  for (const std::string_view list : {"", ",", "upgrades", "up grade", "upgrad", "x-upgrade",
                                      "upgrade;q=1", "\"upgrade\"", "upgrade/1", "a b, c"}) {
    EXPECT_FALSE(lists_token(list, "upgrade")) << list;
  }
}

}  // namespace
}  // namespace lastword::websocket
