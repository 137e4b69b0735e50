// Who is there in a mode, and who writes to whom.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "load_options.h"
#include "traffic.h"

namespace lastword::bench {

// Numbered names have one width, so that every delivered line has one size: "r00007".
[[nodiscard]] std::string numbered(char kind, std::uint32_t number);

// A sender and a receiver, who gets its stream and nothing else.
struct Pair {
  ConnectionIndex sender{};
  ConnectionIndex receiver{};
  StreamIndex stream{};
};
// `stream` as in StreamPlan, of which sizes, window and background are taken.
[[nodiscard]] Pair plan_pair(Traffic& traffic, std::uint32_t number, const StreamPlan& stream);

void plan_pairs(Traffic& traffic, const Options& options);
void plan_rooms(Traffic& traffic, const Options& options);
void plan_list(Traffic& traffic, const Options& options);
void plan_idle(Traffic& traffic, std::uint32_t connections);

// Receivers that can be held, each with two streams: first the messages, then fillers (behind which
// the messages queue), each from a sender that several receivers share.
struct DrainPlan {
  std::vector<ConnectionIndex> receivers;

  [[nodiscard]] static StreamIndex messages_of(std::size_t receiver) {
    return static_cast<StreamIndex>(2 * receiver);
  }
  [[nodiscard]] static StreamIndex fillers_of(std::size_t receiver) {
    return static_cast<StreamIndex>(2 * receiver + 1);
  }
};
struct DrainWindows {
  std::size_t messages = 0;
  std::size_t fillers = 0;
  std::size_t filler_size = 0;  // bytes of a delivered filler
};
[[nodiscard]] DrainPlan plan_drain(Traffic& traffic, const Options& options,
                                   const DrainWindows& windows);

}  // namespace lastword::bench
