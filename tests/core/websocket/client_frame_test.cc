#include "core/websocket/client_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.h"
#include "tests/core/websocket/client_bytes.h"
#include "tests/core/websocket/listener.h"

namespace lastword::websocket {
namespace {

using test::Listener;
using test::Shown;
using ::testing::ElementsAre;

constexpr MaskingKey rfc_key{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21}, std::byte{0x3D}};

std::string written(Opcode opcode, std::string_view payload, MaskingKey key = rfc_key) {
  std::vector<std::byte> out;
  append_client_frame(out, opcode, as_bytes(payload), key);
  return std::string{as_text(out)};
}

TEST(ClientFrame, IsThatOfTheRfcsExample) {
  // Section 5.7: a single-frame masked text message.
  EXPECT_EQ(written(Opcode::text, "Hello"), "\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58");
}

TEST(ClientFrame, HasTheShortestLength) {
  for (const std::size_t size : {0U, 1U, 124U, 125U, 126U, 127U, 0xFFFEU, 0xFFFFU, 0x1'0000U}) {
    const std::string payload(size, 'p');
    const std::string bytes = written(Opcode::binary, payload);
    EXPECT_EQ(bytes, test::frame(test::fin | test::binary, payload));
    EXPECT_EQ(bytes.size(), client_frame_size(size));
  }
}

TEST(ClientFrame, HasItsOpcode) {
  for (const Opcode opcode :
       {Opcode::text, Opcode::binary, Opcode::close, Opcode::ping, Opcode::pong}) {
    for (const std::size_t size : {std::size_t{0}, control_payload_max}) {
      const std::string payload(size, 'p');
      EXPECT_EQ(written(opcode, payload),
                test::frame(test::fin | static_cast<unsigned>(opcode), payload));
    }
  }
}

TEST(ClientFrame, IsAppended) {
  std::vector<std::byte> out;
  append_client_frame(out, Opcode::text, as_bytes("one"), rfc_key);
  append_client_frame(out, Opcode::ping, as_bytes(""), rfc_key);
  append_client_frame(out, Opcode::text, as_bytes("two"), MaskingKey{});
  const std::string unchanged = std::string{"\x81\x83\0\0\0\0", 6} + "two";
  EXPECT_EQ(as_text(out), test::frame(0x81, "one") + test::frame(0x89, "") + unchanged);
  Listener server{100};
  EXPECT_THAT(server.read(as_text(out)), ElementsAre("message one", "ping ", "message two"));
}

TEST(ClientFrameSize, GrowsAtTheBoundariesOfTheLength) {
  static_assert(client_header_size(0) == 6);
  static_assert(client_header_size(125) == 6);
  static_assert(client_header_size(126) == 8);
  static_assert(client_header_size(0xFFFF) == 8);
  static_assert(client_header_size(0x1'0000) == FrameHeader::size_max);
  static_assert(client_frame_size(0) == 6);
  static_assert(client_frame_size(0x1'0000) == 0x1'0000 + 14);
  SUCCEED();
}

RC_GTEST_PROP(ClientFrame, IsReadByAServerAsItWasMeant, ()) {
  const auto bytes = rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  const auto payloads = *rc::gen::container<std::vector<std::string>>(bytes);
  const auto key_bytes =
      *rc::gen::container<std::array<unsigned char, 4>>(rc::gen::arbitrary<unsigned char>());
  const auto filling = *rc::gen::element<std::size_t>(0, 60, 126, 0x1'0000);
  MaskingKey key{};
  for (std::size_t place = 0; place < key.size(); ++place) key[place] = std::byte{key_bytes[place]};

  std::string stream;
  Shown expected;
  for (const std::string& payload : payloads) {
    const std::string filled = payload + std::string(filling, 'f');
    stream += written(Opcode::binary, filled, key);
    expected.push_back("message " + filled);
  }
  Listener server{std::size_t{1} << 20U};
  RC_ASSERT((server.read(stream) == expected));
  RC_ASSERT(server.held_bytes() == 0U);
}

TEST(ClientFrameDeathTest, IsNoControlFrameOfMoreThan125Bytes) {
  EXPECT_DEATH(written(Opcode::ping, std::string(126, 'p')), "control_payload_max");
}

}  // namespace
}  // namespace lastword::websocket
