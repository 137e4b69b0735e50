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

// Without the NUL that libcrypto puts behind it.
template <std::size_t encoded_size, std::size_t size>
std::array<char, encoded_size> encode_base64(const std::array<unsigned char, size>& bytes) {
  std::array<unsigned char, encoded_size + 1> encoded{};
  const int written = EVP_EncodeBlock(encoded.data(), bytes.data(), size);
  LASTWORD_CHECK(written == encoded_size);

  std::array<char, encoded_size> characters{};
  std::copy_n(encoded.begin(), encoded_size, characters.begin());
  return characters;
}

}  // namespace

std::array<char, key_size> make_key(std::span<const std::byte, nonce_size> nonce) {
  std::array<unsigned char, nonce_size> bytes{};
  std::transform(nonce.begin(), nonce.end(), bytes.begin(), std::to_integer<unsigned char>);
  return encode_base64<key_size>(bytes);
}

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
  return encode_base64<accept_key_size>(hash);
}

}  // namespace lastword::websocket
