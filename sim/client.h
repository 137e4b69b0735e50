// The people at the other end: what each does, when, and how it reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/environment.h"
#include "sim/kernel.h"
#include "sim/oracle.h"
#include "sim/plan.h"
#include "sim/reference_frames.h"

namespace lastword::sim {

// One user, with one connection at a time. A value; the world it lives in comes with every call.
class Client {
 public:
  // What a client acts upon.
  struct Surroundings {
    Environment& environment;
    Kernel& kernel;
    Oracle& oracle;
    const Host& host;
    const std::vector<Client>& everybody;
  };

  Client(ClientPlan plan, Chooser number) : plan_{std::move(plan)}, number_{number} {}

  void start(Surroundings& world);
  // Its time has come to do the next thing.
  void act(Surroundings& world);
  // A slow or stopped reader goes on.
  void read_on(Surroundings& world);
  // The network has something for it.
  void connected(Surroundings& world, Link link);
  void look(Surroundings& world, Link link);

  // From now on it behaves, comes back if it has to, and says a few things that must be answered.
  void heal(Surroundings& world);
  // From now on it does nothing any more.
  void freeze(Surroundings& world);

  [[nodiscard]] const ClientPlan& plan() const { return plan_; }
  [[nodiscard]] const std::string& name() const { return plan_.name; }
  [[nodiscard]] Chooser number() const { return number_; }
  [[nodiscard]] Link link() const { return link_; }
  [[nodiscard]] bool is_healed() const { return is_healed_; }
  [[nodiscard]] bool has_unsent() const { return !unsent_.empty(); }
  [[nodiscard]] bool is_done() const { return is_done_; }

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

  // WebSocket (client_frames.cc).
  [[nodiscard]] bool is_websocket() const { return plan_.traits.transport == Transport::websocket; }
  void open(Surroundings& world);
  void read_frames(Surroundings& world);
  void read_frame(Surroundings& world, const reference::Frame& frame);
  [[nodiscard]] std::string in_frames(Surroundings& world, std::string_view lines);
  [[nodiscard]] std::string in_fragments(Surroundings& world, std::string_view line);
  [[nodiscard]] std::string masked(const reference::Frame& frame);
  void send_close(Surroundings& world, unsigned code);
  bool say_bad_frame(Surroundings& world);

  ClientPlan plan_;
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
