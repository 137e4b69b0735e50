// One peer that sends as fast as the server lets it, and a receiver that reads everything; both in
// a thread of their own.
//
// The lines are all alike, so that as little as possible is done for each here: they are sent in
// chunks that were made before, and what arrives is compared with what the first one looked like.
//
// The thread runs whenever nothing else would (SCHED_IDLE), so that it does not delay those whose
// latency is measured, where it shares a CPU with them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <thread>

#include "traffic.h"

namespace lastword::bench {

struct FloodPlan {
  Traffic::Loan sender;
  Traffic::Loan receiver;
  std::string sender_name;
  std::string receiver_name;
  std::size_t delivered_size = 0;  // bytes of a delivered line, LF included; in ws one less
  std::chrono::seconds patience{10};
};

class Flood {
 public:
  // Begins at once. Throws LoadFailure where the size leaves no room for a text.
  explicit Flood(FloodPlan plan);
  ~Flood();
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

  struct Outcome {
    Progress progress;
    std::uint64_t bytes = 0;  // received
    std::chrono::nanoseconds wall{};
  };
  // Sends nothing more, and returns when everything has arrived. Throws LoadFailure where it did
  // not, or was not what it had to be.
  [[nodiscard]] Outcome stop();

 private:
  void run();
  void send_the_first();
  // Sends what goes, reads what is there; true if anything did.
  void move(bool may_begin_a_chunk);
  void send_some();
  void receive_some();

  FloodPlan plan_;
  std::string text_;   // of each message
  std::string chunk_;  // lines to send, whole ones
  std::size_t chunk_lines_ = 0;
  std::size_t chunk_sent_ = 0;  // bytes of the chunk under way
  std::string delivered_;       // one delivery as it came, repeated
  std::size_t delivery_size_ = 0;
  std::string buffer_;
  Outcome outcome_;
  std::atomic<bool> is_stopping_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace lastword::bench
