// The production client in the simulated world: a process with the client core behind its pump, an
// application that feeds it and listens to it, and an event loop whose freedom is a choice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/client/client.h"
#include "core/client/client_pump.h"
#include "sim/actor.h"
#include "sim/client_account.h"
#include "sim/environment.h"
#include "sim/kernel.h"
#include "sim/plan.h"
#include "sim/surroundings.h"

namespace lastword::sim {

// A turn of its loop: what is ready is told to the pump, in any order; the application takes the
// lines that came, gives those whose time has come, and hears of the events; then the pump finishes
// the turn.
class ClientProcess final : public Actor {
 public:
  ClientProcess(ClientPlan plan, Chooser number);
  ClientProcess(const ClientProcess& other);
  ClientProcess& operator=(const ClientProcess&) = delete;
  ~ClientProcess() override = default;

  void start(Surroundings& world) override;
  void act(Surroundings& world) override;
  void read_on(Surroundings& world) override;
  void connected(Surroundings& world, Link link) override;
  void look(Surroundings& world, Link link) override;
  void heal(Surroundings& world) override;
  void freeze(Surroundings& world) override;

  [[nodiscard]] Chooser number() const override { return number_; }
  [[nodiscard]] const std::string& name() const override { return plan_.name; }
  [[nodiscard]] Link link() const override { return link_; }
  // One that has said its last word is no longer to be judged.
  [[nodiscard]] bool is_healed() const override { return is_healed_ && !client_.is_over(); }
  [[nodiscard]] bool has_unsent() const override { return client_.output_bytes() > 0; }
  [[nodiscard]] bool ignores_close() const override { return false; }
  [[nodiscard]] bool is_hostile() const override { return false; }

  [[nodiscard]] const Client& client() const { return client_; }
  [[nodiscard]] const ClientAccount& account() const { return account_; }
  // It is gone, and nobody has told it to end.
  [[nodiscard]] bool has_given_up() const { return client_.is_over() && !was_told_to_end_; }
  // A link or an attempt has ended since the last call.
  [[nodiscard]] bool take_link_end() { return std::exchange(has_link_ended_, false); }
  // Attempts to connect, by the time at which they were made.
  [[nodiscard]] const std::vector<Instant>& attempts() const { return attempts_; }
  // What it came to, and when.
  struct Change {
    Instant at;
    client::State to;
    client::Reason reason;
  };
  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }
  // Turns of its loop, and how often it was woken and found nothing to do.
  [[nodiscard]] std::uint64_t turns() const { return turns_; }
  [[nodiscard]] std::uint64_t vain_wakeups() const { return vain_wakeups_; }

  // --- The pump's network ------------------------------------------------------------------------

  [[nodiscard]] Instant now() const { return world_->environment.now; }
  void connect(client::Link link);
  [[nodiscard]] Transfer read(client::Link link, std::span<std::byte> buffer);
  [[nodiscard]] Transfer write(client::Link link, Bytes bytes);
  void await_readable(client::Link link);
  void await_writable(client::Link link);
  void close(client::Link link);
  void wake_at(const std::optional<client::Deadline>& deadline);

 private:
  // What may be told to the pump in a turn.
  enum class Handler : std::uint8_t { attempt, readable, writable, released, elapsed };

  void wake(Duration delay = Duration::zero());
  void turn();
  [[nodiscard]] std::vector<Handler> ready() const;
  [[nodiscard]] bool is_readable() const;
  [[nodiscard]] bool has_work() const;
  void call(Handler handler);
  void application();
  void suffer();
  void feed();
  void take_events();
  void tell(const client::Event& event);
  void mark(const client::Event& event);
  void check_protocol(const client::Event& event);
  [[nodiscard]] bool strikes(FaultKind fault, Site site) {
    return world_->environment.strikes(fault, site, number_);
  }

  ClientPlan plan_;
  Chooser number_;
  Client client_;
  std::array<std::byte, 2048> buffer_{};
  ClientPump<ClientProcess> pump_;
  ClientAccount account_;
  std::vector<Instant> attempts_;
  std::vector<Change> changes_;
  std::uint64_t turns_ = 0;
  std::uint64_t vain_wakeups_ = 0;
  Surroundings* world_ = nullptr;  // while one of the calls from outside runs

  Link link_ = no_link;                         // of the kernel
  client::Link client_link_ = client::no_link;  // the same, as the client calls it
  bool is_attempt_told_ = true;
  bool is_established_ = false;
  bool is_awaiting_readable_ = false;
  bool is_awaiting_writable_ = false;
  bool is_release_due_ = false;
  Instant release_at_{};
  std::optional<Fault> fault_;  // that struck its end of the link
  std::optional<Instant> wake_at_;
  Instant next_line_at_{};
  Instant listens_at_{};  // the application takes no line before that
  Instant runs_at_{};     // the process stands still until then
  Instant last_turn_at_{};
  std::uint32_t turns_at_this_instant_ = 0;
  bool is_turn_scheduled_ = false;
  bool is_healed_ = false;
  bool is_frozen_ = false;
  bool has_probed_ = false;
  bool is_standing_still_ = false;  // and went on with nothing since
  bool is_deaf_ = false;            // the same, of the application
  bool was_told_to_end_ = false;
  bool has_link_ended_ = false;
  std::vector<client::Event> events_;
};

static_assert(ClientNetwork<ClientProcess>);

}  // namespace lastword::sim
