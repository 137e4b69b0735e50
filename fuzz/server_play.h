// One play of a script: the healthy clients, and the hostile one beside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/event.h"
#include "core/report.h"
#include "fuzz/healthy_talk.h"
#include "fuzz/server_script.h"
#include "fuzz/small_world.h"

namespace lastword::fuzz {

// It is played when it is made. Between any two acts everything comes to rest.
class Play {
 public:
  // The stream's pieces are cut into these sizes (see fuzz/input.h). The script must outlive it.
  Play(const Script& script, std::span<const std::size_t> sizes);

  [[nodiscard]] const SmallWorld& world() const { return talk_.world; }
  [[nodiscard]] const std::vector<Deed>& deeds() const { return talk_.deeds; }
  [[nodiscard]] bool was_anybody_waiting() const { return talk_.was_anybody_waiting(); }
  [[nodiscard]] Client hostile() const { return hostile_; }
  // Where the output to the client stood at each mark; those from before it came are left out.
  [[nodiscard]] std::vector<std::size_t> marks_of(Client client) const;
  [[nodiscard]] std::size_t mark_count() const { return marks_.size(); }
  // Of the server, at each mark.
  [[nodiscard]] const std::vector<std::uint64_t>& digests() const { return digests_; }
  [[nodiscard]] bool had_event(EventKind kind) const;

  [[nodiscard]] std::size_t stop_count() const { return stop_count_; }
  [[nodiscard]] Instant stopped_at() const { return stopped_at_; }
  [[nodiscard]] Instant stopped_again_at() const { return stopped_again_at_; }
  // When the last of the stream was sent.
  [[nodiscard]] Instant said_all_at() const { return said_all_at_; }
  [[nodiscard]] const Report& report() const { return *report_; }

 private:
  void send_piece(const Piece& piece, std::span<const std::size_t> sizes);
  void act(const Act& act);
  void turn_ear();
  void stop();
  void mark();
  void end();

  const Script& script_;
  HealthyTalk talk_;
  Client hostile_;
  bool is_opened_ = false;
  std::vector<std::vector<std::size_t>> marks_;  // by mark and client
  std::vector<std::uint64_t> digests_;
  std::size_t stop_count_ = 0;
  Instant stopped_at_{};
  Instant stopped_again_at_{};
  Instant said_all_at_{};
  std::optional<Report> report_;
};

}  // namespace lastword::fuzz
