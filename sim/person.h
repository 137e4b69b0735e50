// The people at the other end: what each does, when, and how it reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/actor.h"
#include "sim/kernel.h"
#include "sim/plan.h"
#include "sim/reference_frames.h"
#include "sim/surroundings.h"

namespace lastword::sim {

// One user, who does by and by what the plan says and what is drawn.
class Person final : public Actor {
 public:
  Person(PersonPlan plan, Chooser number) : plan_{std::move(plan)}, number_{number} {}

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
  [[nodiscard]] bool is_healed() const override { return is_healed_; }
  [[nodiscard]] bool has_unsent() const override { return !unsent_.empty(); }
  [[nodiscard]] bool ignores_close() const override {
    return plan_.ending == PersonPlan::Ending::ignores_close;
  }
  [[nodiscard]] bool is_hostile() const override { return plan_.is_hostile; }

 private:
  void connect(Surroundings& world);
  void act_later(Surroundings& world, Duration delay);
  void log_in(Surroundings& world);
  void say(Surroundings& world, std::string_view bytes);
  void receive(Surroundings& world, std::size_t size_max);
  void end_side(Surroundings& world);
  void flush(Surroundings& world);
  void draw_action(Surroundings& world);
  [[nodiscard]] std::string draw_line(Surroundings& world, std::uint32_t kind);
  [[nodiscard]] std::string draw_name(Surroundings& world);
  [[nodiscard]] std::string draw_text(Surroundings& world);
  [[nodiscard]] Duration draw_pace(Surroundings& world);
  bool suffer(Surroundings& world);
  void end(Surroundings& world);
  void lose(Surroundings& world, std::string_view why);
  void come_back(Surroundings& world, Duration delay);
  void probe(Surroundings& world);
  void answer(Surroundings& world);
  [[nodiscard]] bool is_reading() const;

  // WebSocket (person_frames.cc).
  [[nodiscard]] bool is_websocket() const { return plan_.traits.transport == Transport::websocket; }
  void open(Surroundings& world);
  void read_frames(Surroundings& world);
  void read_frame(Surroundings& world, const reference::Frame& frame);
  [[nodiscard]] std::string in_frames(Surroundings& world, std::string_view lines);
  [[nodiscard]] std::string in_fragments(Surroundings& world, std::string_view line);
  [[nodiscard]] std::string masked(const reference::Frame& frame);
  void send_close(Surroundings& world, unsigned code);
  bool say_bad_frame(Surroundings& world);

  PersonPlan plan_;
  Chooser number_;
  Link link_ = no_link;
  bool is_coming_ = false;  // connects when it acts the next time
  Instant comes_at_{};
  bool is_connected_ = false;
  bool has_logged_in_ = false;  // sent its name
  bool has_stopped_reading_ = false;
  bool is_reading_scheduled_ = false;
  bool is_ending_ = false;
  bool is_done_ = false;
  bool is_healed_ = false;
  bool is_frozen_ = false;
  bool has_probed_ = false;
  bool is_act_scheduled_ = false;
  std::uint32_t next_script_line_ = 0;
  std::uint32_t messages_ = 0;
  std::uint32_t answers_ = 0;
  std::uint32_t returns_ = 0;
  std::string unsent_;
  std::string received_;  // lines that it has not looked at yet
  std::string raw_;       // what they come out of, on a WebSocket
  std::string waiting_;   // what is said once the handshake is done
  std::uint32_t frames_ = 0;
  bool is_open_ = false;  // the handshake is done
  bool has_sent_close_ = false;
};

}  // namespace lastword::sim
