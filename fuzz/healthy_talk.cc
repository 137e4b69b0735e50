#include "fuzz/healthy_talk.h"

#include <algorithm>
#include <string>

#include "core/event.h"
#include "fuzz/oracle.h"
#include "sim/reference_frames.h"

namespace lastword::fuzz {

namespace reference = sim::reference;

namespace {

// --- What the healthy clients say ----------------------------------------------------------------

struct Step {
  enum class Kind : std::uint8_t {
    line,
    long_line,  // where the bounds have room for it: a frame with it is compressed
    ping,       // a WebSocket's
    quit,       // ends the connection, and comes back under the same name
    end,        // likewise with a FIN
    close,      // likewise with a WebSocket's Close
    reset,      // likewise with a reset
  };
  Person who;
  Kind kind = Kind::line;
  std::string_view text{};
  bool ends_round = false;
};

// `*none` can't be anybody's name. A number is put behind each text, so that no two are the same.
constexpr std::array steps{
    Step{.who = Person::ann, .text = "bo: how are you"},
    Step{.who = Person::bo, .text = "#tea: well"},
    Step{.who = Person::cy, .text = "*none, ann , bo,ann: me too", .ends_round = true},

    Step{.who = Person::bo, .text = "/leave #tea"},
    Step{.who = Person::ann, .text = "#tea: who is there"},
    Step{.who = Person::bo, .text = "/join #tea"},
    Step{.who = Person::ann, .text = "#tea, bo: both", .ends_round = true},

    Step{.who = Person::bo, .kind = Step::Kind::quit},
    Step{.who = Person::cy, .kind = Step::Kind::ping, .text = "still here"},
    Step{.who = Person::ann, .text = "/who #tea"},
    Step{.who = Person::cy, .text = "#tea: welcome", .ends_round = true},

    Step{.who = Person::ann, .text = "cy: \xC3"},
    Step{.who = Person::ann, .kind = Step::Kind::long_line, .text = "#tea: "},
    Step{.who = Person::cy, .kind = Step::Kind::close},
    Step{.who = Person::bo, .text = "cy, ann: again", .ends_round = true},

    Step{.who = Person::bo, .kind = Step::Kind::reset},
    Step{.who = Person::ann, .text = "bo, cy, #tea: there"},
    Step{.who = Person::ann, .kind = Step::Kind::end},
    Step{.who = Person::cy, .text = "#tea: back", .ends_round = true},
};

// Lines that are no message stay as they are.
std::string numbered(std::string_view text, unsigned number) {
  std::string line{text};
  if (!text.starts_with('/')) line += " " + std::to_string(number);
  return line;
}

std::string client_frame(unsigned opcode, std::string_view payload, unsigned key) {
  const reference::Frame frame{
      .opcode = opcode, .is_masked = true, .payload = std::string{payload}};
  return reference::client_frame(frame, key);
}

std::string opening_of(bool is_offering) {
  return "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         std::string{is_offering ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : ""} +
         "\r\n";
}

}  // namespace

std::string_view name_of(Person person) {
  switch (person) {
    case Person::ann:
      return "ann";
    case Person::bo:
      return "bo";
    case Person::cy:
      return "cy";
  }
  return {};
}

HealthyTalk::HealthyTalk(const Config& config, std::size_t send_buffer_max)
    : world{config, send_buffer_max} {
  for (const Person person : people) come(person, {});
  have_round();
}

void HealthyTalk::pass(Duration span) {
  deeds.push_back({.kind = Deed::Kind::pass, .span = span});
  world.pass(span);
}

bool HealthyTalk::has_memory_been_full() const {
  const auto events = world.server.events();
  return std::any_of(events.begin(), events.end(),
                     [](const Event& event) { return event.kind == EventKind::memory_full; });
}

void HealthyTalk::let_through() {
  const auto is_waiting = [this](Person person) { return world.is_waiting(at(person)); };
  world.settle();
  if (std::none_of(people.begin(), people.end(), is_waiting)) return;
  was_anybody_waiting_ = true;
  // Nobody makes the server wait for him that long.
  for (const Person person : people) world.pipe(at(person)).is_answering_fin = true;
  const Config& config = world.server.config();
  pass(config.stall_timeout);
  // Memory may take longer to come free: whoever begins to end meanwhile has the timeout once more,
  // and a WebSocket a little time for the rest of a frame and a Close.
  if (has_memory_been_full()) pass(config.stall_timeout + config.close_timeout);
  for (const Person person : people) {
    require(!is_waiting(person), "isolation", [&] {
      return std::string{name_of(person)} + " still waits for the hostile client, after its time";
    });
  }
}

// Connects, logs in and joins the room. `old` is the connection that it had, which now lets go.
void HealthyTalk::come(Person person, std::optional<Client> old) {
  const Transport transport = person == Person::cy ? Transport::websocket : Transport::lines;
  const Client client = world.connect(transport);
  clients_.at(static_cast<std::size_t>(person)) = client;
  deeds.push_back({.kind = Deed::Kind::connect, .client = client, .transport = transport});
  if (transport == Transport::websocket) {
    world.pipe(client).is_answering_frames = true;
    world.send(client, opening_of(world.server.config().handshake.is_compressing));
  }
  say(person, name_of(person));
  world.settle();
  if (old) world.end(*old);
  say(person, "/join " + std::string{healthy_room});
  let_through();
}

// As one line.
void HealthyTalk::say(Person person, std::string_view line) {
  const Client client = at(person);
  deeds.push_back(
      {.kind = Deed::Kind::say, .client = client, .unit = {.bytes = std::string{line}}});
  const bool is_frame = person == Person::cy;
  const unsigned opcode = number_ % 2 == 0 ? reference::op::text : reference::op::binary;
  world.send(client, is_frame ? client_frame(opcode, line, number_ * 0x01020408U)
                              : std::string{line} + "\n");
}

void HealthyTalk::have_round() {
  while (take_step(true)) {
  }
}

// Returns whether the round goes on.
bool HealthyTalk::take_step(bool is_settled) {
  const Step& step = steps.at(next_step_);
  next_step_ = (next_step_ + 1) % steps.size();
  ++number_;
  const Client client = at(step.who);
  const Config& config = world.server.config();
  let_through();
  // A name is free at once, and not only when its connection has let go. (But there must be a place
  // for both.)
  const bool is_coming_back = step.kind >= Step::Kind::quit;
  const bool lets_go_late = is_coming_back && config.connections_max > 2 * people.size();
  world.pipe(client).is_answering_fin = !lets_go_late;
  switch (step.kind) {
    case Step::Kind::long_line:
      if (config.line_max >= 1024) say(step.who, std::string{step.text} + std::string(300, 'x'));
      break;
    case Step::Kind::line:
      say(step.who, numbered(step.text, number_));
      break;
    case Step::Kind::ping:
      deeds.push_back({.kind = Deed::Kind::say,
                       .client = client,
                       .unit = {.kind = Unit::Kind::ping, .bytes = std::string{step.text}}});
      world.send(client, client_frame(reference::op::ping, step.text, 0));
      break;
    case Step::Kind::quit:
      say(step.who, "/quit");
      break;
    case Step::Kind::reset:
      deeds.push_back({.kind = Deed::Kind::break_off, .client = client});
      world.break_off(client, Fault::reset);
      break;
    case Step::Kind::end:
      deeds.push_back({.kind = Deed::Kind::end, .client = client});
      world.end(client);
      break;
    case Step::Kind::close:
      deeds.push_back({.kind = Deed::Kind::say,
                       .client = client,
                       .unit = {.kind = Unit::Kind::close, .code = 1000}});
      world.pipe(client).has_said_close = true;
      world.send(client, client_frame(reference::op::close, reference::close_payload(1000), 0));
      break;
  }
  if (is_settled || is_coming_back) let_through();
  if (is_coming_back) come(step.who, client);
  return !step.ends_round;
}

}  // namespace lastword::fuzz
