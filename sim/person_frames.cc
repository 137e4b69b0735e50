// People with a browser: how lines become frames, and what frames ask for.
#include <array>

#include "sim/person.h"
#include "sim/reference.h"

namespace lastword::sim {

namespace {

using reference::Frame;

constexpr Frame control(unsigned opcode, std::string payload) {
  return {.opcode = opcode, .is_masked = true, .payload = std::move(payload)};
}

}  // namespace

// Asks for a WebSocket. Most wait for the answer before they say anything, some don't.
void Person::open(Surroundings& world) {
  Environment& environment = world.environment;
  std::string request = reference::opening_request();
  const bool is_misled = !is_healed_ && !plan_.is_sheltered &&
                         environment.strikes(FaultKind::malformed, Site::framing, number_);
  if (is_misled) {
    constexpr std::array<std::array<std::string_view, 2>, 3> mistakes{
        {{"/ws", "/nowhere"}, {"Version: 13", "Version: 8"}, {"dGhl", "short "}}};
    const auto& mistake = mistakes[environment.choose(mistakes.size(), Site::framing, number_)];
    request.replace(request.find(mistake[0]), mistake[0].size(), mistake[1]);
  }
  unsent_.append(request);
  if (!plan_.is_sheltered && !is_healed_) {
    is_open_ = environment.choices.occurs(4, Site::framing, number_);
  }
  flush(world);
}

void Person::read_frames(Surroundings& world) {
  const std::size_t end = raw_.find("\r\n\r\n");
  if (raw_.starts_with("HTTP/")) {
    if (end == std::string::npos) return;
    const bool is_let_in = raw_.starts_with("HTTP/1.1 101 ");
    raw_.erase(0, is_let_in ? end + 4 : std::string::npos);
    if (!is_let_in) {
      is_ending_ = true;
      return;
    }
    is_open_ = true;
    unsent_.append(std::exchange(waiting_, {}));
    flush(world);
  }
  while (const auto read = reference::read_frame(raw_)) {
    raw_.erase(0, read->size);
    read_frame(world, read->frame);
  }
}

void Person::read_frame(Surroundings& world, const Frame& frame) {
  switch (frame.opcode) {
    case reference::op::text:
    case reference::op::binary:
      received_ += frame.payload + "\n";
      return;
    case reference::op::ping:
      if (is_frozen_ || has_sent_close_) return;
      unsent_.append(masked(control(reference::op::pong, frame.payload)));
      flush(world);
      return;
    case reference::op::close: {
      if (plan_.ending == PersonPlan::Ending::ignores_close && !is_healed_) return;
      if (!has_sent_close_) {
        has_sent_close_ = true;
        is_ending_ = true;
        unsent_.append(masked(control(reference::op::close, frame.payload.substr(0, 2))));
        flush(world);
      }
      return;
    }
    default:
      return;
  }
}

std::string Person::masked(const Frame& frame) {
  constexpr std::uint32_t odd = 0x9E37'79B1;  // another key for each frame
  Frame sent = frame;
  sent.is_masked = true;
  return reference::client_frame(sent, ++frames_ * odd + number_);
}

// Each line becomes a message; what has no LF yet becomes the beginning of one.
std::string Person::in_frames(Surroundings& world, std::string_view lines) {
  std::string frames;
  while (!lines.empty()) {
    const std::size_t lf = lines.find('\n');
    std::string_view line = lines.substr(0, lf);
    if (lf == std::string_view::npos) {
      // A fragment, and another one that is announced and does not come.
      frames += masked({.is_final = false, .payload = std::string{line}});
      frames += masked({.opcode = reference::op::continuation, .payload = "the rest"}).substr(0, 9);
      break;
    }
    lines.remove_prefix(lf + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    frames += in_fragments(world, line);
  }
  return frames;
}

std::string Person::in_fragments(Surroundings& world, std::string_view line) {
  Environment& environment = world.environment;
  const unsigned opcode = reference::is_utf8(line) ? reference::op::text : reference::op::binary;
  const bool is_plain = plan_.is_sheltered || is_healed_ ||
                        !environment.strikes(FaultKind::control_in_message, Site::framing, number_);
  if (is_plain) return masked({.opcode = opcode, .payload = std::string{line}});

  const auto size = static_cast<std::uint32_t>(line.size());
  const std::size_t cut = environment.choose(size + 1, Site::framing, number_);
  std::string frames =
      masked({.opcode = opcode, .is_final = false, .payload = std::string{line.substr(0, cut)}});
  const Frame last{.opcode = reference::op::continuation, .payload = std::string{line.substr(cut)}};
  switch (environment.choose(6, Site::framing, number_)) {
    case 0:
      frames += masked(control(reference::op::ping, "within"));
      break;
    case 1:
      frames += masked(control(reference::op::pong, ""));
      break;
    case 2:
      frames += masked(control(reference::op::ping, std::string(125, 'p')));
      frames += masked({.opcode = reference::op::continuation, .is_final = false, .payload = ""});
      frames += masked(control(reference::op::ping, ""));
      break;
    case 3:
      frames += masked({.opcode = reference::op::continuation, .is_final = false, .payload = ""});
      environment.faults.take_effect(FaultKind::control_in_message);
      break;
    case 4:
      frames += masked(control(reference::op::ping, "first")) +
                masked(control(reference::op::ping, "2nd"));
      break;
    default:
      // The message is never finished, and what comes behind the Close is nobody's.
      frames += masked(control(reference::op::close, reference::close_payload(1001, "leaving")));
      has_sent_close_ = true;
      is_ending_ = true;
      world.excuses.touch(link_);
      if (environment.strikes(FaultKind::after_close_frame, Site::framing, number_)) {
        frames += masked(last) + masked({.payload = "nobody: behind the close"});
      }
      return frames;
  }
  return frames + masked(last);
}

// Says goodbye the way a browser does, and perhaps goes on talking.
void Person::send_close(Surroundings& world, unsigned code) {
  if (has_sent_close_) return;
  Environment& environment = world.environment;
  has_sent_close_ = true;
  std::string frames = masked(control(reference::op::close, reference::close_payload(code)));
  if (!plan_.is_sheltered &&
      environment.strikes(FaultKind::after_close_frame, Site::framing, number_)) {
    frames +=
        masked({.payload = "nobody: behind the close"}) + masked(control(reference::op::ping, ""));
  }
  environment.tell(StoryEvent::Kind::act, number_, "closes its WebSocket");
  (is_open_ ? unsent_ : waiting_).append(frames);
  flush(world);
}

// Breaks the protocol, if that is what strikes.
bool Person::say_bad_frame(Surroundings& world) {
  Environment& environment = world.environment;
  const bool is_struck = !plan_.is_sheltered && !has_sent_close_ && is_open_ &&
                         environment.strikes(FaultKind::malformed, Site::framing, number_);
  if (!is_struck) return false;
  std::string frame;
  switch (environment.choose(10, Site::framing, number_)) {
    case 0:
      frame = masked({.reserved = 4, .payload = "RSV1"});
      break;
    case 1:
      frame = masked({.opcode = 3, .payload = "reserved"});
      break;
    case 2:
      frame = reference::client_frame({.is_masked = false, .payload = "unmasked"}, 0);
      break;
    case 3:
      frame = masked({.opcode = reference::op::ping, .is_final = false});
      break;
    case 4:
      frame = masked({.is_minimal = false, .payload = "not minimal"});
      break;
    case 5:
      frame = masked({.opcode = reference::op::continuation, .payload = "of nothing"});
      break;
    case 6:
      frame = masked({.payload = "not UTF-8: \xF0\x9F\x98 "});
      break;
    case 7:
      frame = masked({.payload = std::string(300, 'x')}).substr(0, 4);  // the length is enough
      break;
    case 8:
      frame = masked(control(reference::op::close, reference::close_payload(1005)));
      break;
    default:
      frame = masked({.payload = "two\nlines"});
      break;
  }
  // What came before it counts, what comes behind it does not.
  frame = in_frames(world, draw_name(world) + ": before\n") + frame;
  if (!has_sent_close_) frame += masked({.payload = "nobody: behind"});
  unsent_.append(frame);
  flush(world);
  return true;
}

}  // namespace lastword::sim
