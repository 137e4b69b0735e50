#include "core/websocket/accept_key.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace lastword::websocket {
namespace {

std::string accept_key(std::string_view key) {
  const auto characters = accept_key_for(key);
  return {characters.begin(), characters.end()};
}

TEST(AcceptKey, IsThatOfTheRfcsExample) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(AcceptKey, IsThatOfTheCommandLine) {
  // printf %s258EAFA5-E914-47DA-95CA-C5AB0DC85B11 KEY | openssl sha1 -binary | base64
  EXPECT_EQ(accept_key("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

TEST(Key, IsSixteenBytesInBase64) {
  for (const std::string_view key :
       {"dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAAAA==", "////////////////////+w==",
        "abcdefghijklmnopqrstuv==", "ABCDEFGHIJKLMNOPQRSTUV==", "0123456789+/zZaA09Zz+A=="}) {
    EXPECT_TRUE(is_valid_key(key)) << key;
  }
}

TEST(Key, IsNothingElse) {
  for (const std::string_view key :
       {"", "==", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZVE=", "dGhlIHNhbXBsZSBub25jZVFR",
        "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25jZ=Q=", "dG=lIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25j Q==", " GhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZ-==",
        "dGhlIHNhbXBsZSBub25jZ_==", "dGhlIHNhbXBsZSBub25jZQ==\n",
        "AAAAAAAAAAAAAAAAAAAA\xC3\xA9==", "SGVsbG8sIHdvcmxkIQ=="}) {
    EXPECT_FALSE(is_valid_key(key)) << key;
  }
}

TEST(AcceptKeyDeathTest, IsForValidKeysOnly) {
  EXPECT_DEATH(static_cast<void>(accept_key_for("short")), "is_valid_key");
}

}  // namespace
}  // namespace lastword::websocket
