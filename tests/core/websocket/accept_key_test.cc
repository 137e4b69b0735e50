#include "core/websocket/accept_key.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
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

TEST(Key, IsMadeOfANonce) {
  const auto made_of = [](std::string_view nonce) {
    std::array<std::byte, nonce_size> bytes{};
    EXPECT_EQ(nonce.size(), bytes.size());
    for (std::size_t place = 0; place < bytes.size(); ++place) {
      bytes[place] = static_cast<std::byte>(nonce[place]);
    }
    const auto characters = make_key(bytes);
    return std::string{characters.begin(), characters.end()};
  };
  // Those of RFC 6455, sections 1.3 and 4.1.
  EXPECT_EQ(made_of("the sample nonce"), "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(made_of("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F\x10"),
            "AQIDBAUGBwgJCgsMDQ4PEA==");
  EXPECT_EQ(made_of(std::string(16, '\0')), "AAAAAAAAAAAAAAAAAAAAAA==");
  EXPECT_EQ(made_of(std::string(16, '\xFF')), "/////////////////////w==");
  EXPECT_TRUE(is_valid_key(made_of(std::string(16, '\x80'))));
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
