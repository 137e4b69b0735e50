#include "core/websocket/accept_key.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>

#include "core/check.h"

namespace lastword::websocket {

namespace {

constexpr bool is_base64(char character) {
  return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
         (character >= '0' && character <= '9') || character == '+' || character == '/';
}

}  // namespace

// Not EVP_DecodeBlock: it forgives blanks around the text and takes `=` anywhere for a zero.
bool is_valid_key(std::string_view key) {
  constexpr std::string_view padding = "==";
  if (key.size() != key_size || !key.ends_with(padding)) return false;
  key.remove_suffix(padding.size());
  return std::all_of(key.begin(), key.end(), is_base64);
}

std::array<char, accept_key_size> accept_key_for(std::string_view key) {
  LASTWORD_CHECK(is_valid_key(key));
  constexpr std::string_view suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3

  std::array<unsigned char, key_size + suffix.size()> text{};
  const auto behind_key = std::copy(key.begin(), key.end(), text.begin());
  std::copy(suffix.begin(), suffix.end(), behind_key);

  std::array<unsigned char, SHA_DIGEST_LENGTH> hash{};
  SHA1(text.data(), text.size(), hash.data());

  std::array<unsigned char, accept_key_size + 1> encoded{};  // with a NUL
  const int size = EVP_EncodeBlock(encoded.data(), hash.data(), hash.size());
  LASTWORD_CHECK(size == accept_key_size);

  std::array<char, accept_key_size> accept_key{};
  std::copy_n(encoded.begin(), accept_key_size, accept_key.begin());
  return accept_key;
}

}  // namespace lastword::websocket
