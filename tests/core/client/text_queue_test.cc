#include "core/client/text_queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "tests/core/tape.h"

namespace lastword::client {
namespace {

using Queue = TextQueue<int>;

RC_GTEST_PROP(TextQueue, HoldsWhatADequeHolds, (const std::vector<std::uint8_t>& bytes)) {
  test::Tape tape{bytes};
  Queue queue;
  std::deque<std::pair<std::string, int>> model;
  while (!tape.is_at_end()) {
    if (tape.choose(2) == 0) {
      const std::string text(tape.choose(40), static_cast<char>('a' + tape.choose(26)));
      const int tag = static_cast<int>(tape.choose(100));
      queue.push(text, tag);
      model.emplace_back(text, tag);
    } else if (!model.empty()) {
      queue.pop();
      model.pop_front();
    }
    std::size_t size = 0;
    RC_ASSERT(queue.size() == model.size());
    for (std::size_t place = 0; place < model.size(); ++place) {
      RC_ASSERT(queue.text(place) == model[place].first);
      RC_ASSERT(queue.tag(place) == model[place].second);
      size += model[place].first.size() + Queue::overhead;
    }
    RC_ASSERT(queue.bytes() == size);
  }
}

TEST(TextQueue, ATagCanBeChanged) {
  Queue queue;
  queue.push("one", 1);
  queue.push("two", 2);
  queue.tag(1) = 3;
  queue.pop();
  EXPECT_EQ(queue.text(0), "two");
  EXPECT_EQ(queue.tag(0), 3);
}

TEST(TextQueue, EmptyTextsCountToo) {
  Queue queue;
  for (int number = 0; number < 10; ++number) queue.push("", number);
  EXPECT_EQ(queue.bytes(), 10 * Queue::overhead);
  EXPECT_EQ(queue.text(9), "");
}

}  // namespace
}  // namespace lastword::client
