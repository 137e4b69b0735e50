#include "core/client/message.h"

#include <gtest/gtest.h>

#include <string_view>

namespace lastword::client {
namespace {

TEST(Message, HasASenderAndAText) {
  EXPECT_EQ(parse_message("from bob: hello: you"),
            (Message{.sender = "bob", .room = "", .text = "hello: you"}));
  EXPECT_EQ(parse_message("from bob: "), (Message{.sender = "bob", .room = "", .text = ""}));
  EXPECT_EQ(parse_message("from a man in black: hi"),
            (Message{.sender = "a man in black", .room = "", .text = "hi"}));
}

TEST(Message, MayHaveComeThroughARoom) {
  EXPECT_EQ(parse_message("from bob in #tea room: hello"),
            (Message{.sender = "bob", .room = "#tea room", .text = "hello"}));
  EXPECT_EQ(parse_message("from a man in black in #in: hi in #tea: ho"),
            (Message{.sender = "a man in black", .room = "#in", .text = "hi in #tea: ho"}));
}

TEST(Message, IsNoOtherLine) {
  for (const std::string_view line :
       {"", "* here: bob", "! undelivered bob: not_connected", "from bob", "from bob:hello",
        "from : hello", "from bob in #: hello", "From bob: hello", "from /x: hello"}) {
    EXPECT_EQ(parse_message(line), std::nullopt) << line;
  }
}

}  // namespace
}  // namespace lastword::client
