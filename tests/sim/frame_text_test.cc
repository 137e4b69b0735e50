#include "sim/frame_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "sim/reference_frames.h"

namespace lastword::sim {
namespace {

// One that has told of the handshake.
FrameText opened() {
  FrameText text;
  (void)text.tell("GET / HTTP/1.1\r\n\r\n");
  return text;
}

std::string masked(unsigned opcode, std::string_view payload, bool is_final = true) {
  return reference::client_frame(
      {.opcode = opcode, .is_final = is_final, .is_masked = true, .payload = std::string{payload}},
      0x01020304);
}

TEST(FrameText, TellsTheFirstLineOfTheHandshakeOnceItIsThere) {
  FrameText text;
  EXPECT_EQ(text.tell("GET /ws HTTP/1.1\r\nHost: "), "a piece of the handshake");
  EXPECT_EQ(text.tell("sim\r\n\r"), "a piece of the handshake");
  EXPECT_EQ(text.tell("\n"), "GET /ws HTTP/1.1");
  EXPECT_EQ(text.tell("\x81\x05Hello"), "[text: Hello]");
}

TEST(FrameText, TellsWhatStandsBehindTheHandshake) {
  FrameText text;
  EXPECT_EQ(text.tell("HTTP/1.1 101 Yes\r\n\r\n\x81\x02hi\x89"),
            "HTTP/1.1 101 Yes\n[text: hi]\n[a frame so far: 1 bytes]");
}

TEST(FrameText, TellsEachKindOfFrame) {
  FrameText text = opened();
  EXPECT_EQ(text.tell(masked(reference::op::text, "one")), "[text: one]");
  EXPECT_EQ(text.tell(masked(reference::op::binary, "", false)), "[binary and more to come]");
  EXPECT_EQ(text.tell(masked(reference::op::continuation, "x", false)),
            "[more and more to come: x]");
  EXPECT_EQ(text.tell(masked(reference::op::continuation, "y")), "[more: y]");
  EXPECT_EQ(text.tell(masked(reference::op::ping, "p") + masked(reference::op::pong, "")),
            "[ping: p]\n[pong]");
  EXPECT_EQ(text.tell(masked(reference::op::close, "")), "[close]");
  EXPECT_EQ(text.tell(masked(reference::op::close, "\x03")), "[close]");
  EXPECT_EQ(text.tell(masked(reference::op::close, reference::close_payload(1000))),
            "[close 1000]");
  EXPECT_EQ(text.tell(masked(reference::op::close, reference::close_payload(1001, "bye"))),
            "[close 1001 (bye)]");
  EXPECT_EQ(text.tell(masked(3, "z")), "[frame of a reserved kind: z]");
}

TEST(FrameText, TellsAFrameWhenItsLastByteIsThere) {
  FrameText text = opened();
  EXPECT_EQ(text.tell("\x81"), "[a frame so far: 1 bytes]");
  EXPECT_EQ(text.tell("\x02h"), "[a frame so far: 3 bytes]");
  EXPECT_EQ(text.tell("i"), "[text: hi]");
  EXPECT_EQ(text.tell(""), "");
}

}  // namespace
}  // namespace lastword::sim
