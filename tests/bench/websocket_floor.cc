// lastword_websocket_floor: the floor that speaks WebSocket (RFC 6455). floor.h says what it is
// for.
//
// A client's frame is taken to be one masked message; a message to a client is one frame.
//
//   | FIN, opcode | mask bit, length | 0, 2 or 8 bytes more of it | key | payload |
//
// Nothing is validated: no header field but the key is read, no flag, no opcode, no UTF-8, and
// there is no bound.

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <strings.h>

#include <cstring>

#include "floor.h"

namespace lastword::bench {
namespace {

// RFC 6455, section 4.2.2: the key and the GUID, hashed, in base64.
std::string accept_value(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  std::array<unsigned char, 4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1> encoded;  // and a NUL
  EVP_EncodeBlock(encoded.data(), digest.data(), SHA_DIGEST_LENGTH);
  return std::string(encoded.begin(), encoded.end() - 1);
}

// What stands behind "Sec-WebSocket-Key:"; empty where nothing does.
std::string_view key_in(std::string_view head) {
  constexpr std::string_view field = "Sec-WebSocket-Key:";
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    if (line.size() >= field.size() && strncasecmp(line.data(), field.data(), field.size()) == 0) {
      return trimmed(line.substr(field.size()));
    }
    head.remove_prefix(std::min(end + 2, head.size()));
  }
  return {};
}

void unmask(std::span<char> payload, const char* key) {
  std::uint32_t key_once = 0;
  std::memcpy(&key_once, key, sizeof key_once);
  const std::uint64_t key_twice = std::uint64_t{key_once} << 32 | key_once;
  std::size_t i = 0;
  for (; i + sizeof key_twice <= payload.size(); i += sizeof key_twice) {
    std::uint64_t part = 0;
    std::memcpy(&part, payload.data() + i, sizeof part);
    part ^= key_twice;
    std::memcpy(payload.data() + i, &part, sizeof part);
  }
  for (; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ key[i % 4]);
}

std::size_t big_endian(std::span<const char> bytes) {
  std::size_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

class WebSocketWire {
 public:
  template <typename Take>
  bool read(std::span<char> bytes, std::string& output, const Take& take) {
    const bool was_open = is_open_;
    if (tail_.empty()) {
      const std::size_t taken = take_whole(bytes, output, take);
      tail_.append(bytes.data() + taken, bytes.size() - taken);
    } else {
      tail_.append(bytes.data(), bytes.size());
      tail_.erase(0, take_whole(tail_, output, take));
    }
    return is_open_ != was_open;
  }

  static void begin(std::string& output, std::size_t size) {
    const std::size_t length_size = size < 126 ? 0 : size < 65536 ? 2 : 8;
    const std::size_t short_length = length_size == 0 ? size : length_size == 2 ? 126 : 127;
    output += '\x81';  // the last frame of a text message
    output += static_cast<char>(short_length);
    for (std::size_t i = length_size; i > 0; --i) {
      output += static_cast<char>(size >> (8 * (i - 1)) & 0xff);
    }
  }
  static void end(const std::string& /*output*/) {}

  static std::string ready_line(const std::string& address) {
    return "ready tcp=none ws=" + address + " admin=none\n";
  }

 private:
  // Returns how many of the bytes were the head of the request or whole frames.
  template <typename Take>
  std::size_t take_whole(std::span<char> bytes, std::string& output, const Take& take) {
    std::size_t taken = 0;
    if (!is_open_) {
      const std::string_view text(bytes.data(), bytes.size());
      const std::size_t head_end = text.find("\r\n\r\n");
      if (head_end == std::string_view::npos) return 0;
      output.append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n")
          .append("Connection: Upgrade\r\nSec-WebSocket-Accept: ")
          .append(accept_value(key_in(text.substr(0, head_end))))
          .append("\r\n\r\n");
      is_open_ = true;
      taken = head_end + 4;
    }
    while (true) {
      const std::size_t size = take_frame(bytes.subspan(taken), take);
      if (size == 0) return taken;
      taken += size;
    }
  }

  // Returns the size of the frame; 0 where it is not whole.
  template <typename Take>
  static std::size_t take_frame(std::span<char> bytes, const Take& take) {
    constexpr std::size_t key_size = 4;
    if (bytes.size() < 2) return 0;
    std::size_t size = static_cast<unsigned char>(bytes[1]) & 0x7fU;
    const std::size_t length_size = size < 126 ? 0 : size == 126 ? 2 : 8;
    const std::size_t header_size = 2 + length_size + key_size;
    if (bytes.size() < header_size) return 0;
    if (length_size != 0) size = big_endian(bytes.subspan(2, length_size));
    if (bytes.size() - header_size < size) return 0;
    const std::span<char> payload = bytes.subspan(header_size, size);
    unmask(payload, &bytes[2 + length_size]);
    take(std::string_view(payload.data(), payload.size()));
    return header_size + size;
  }

  bool is_open_ = false;  // the handshake is done
  std::string tail_;      // an unfinished head or frame
};

}  // namespace
}  // namespace lastword::bench

int main() { lastword::bench::run_floor<lastword::bench::WebSocketWire>(); }
