// What the script asks for.
#include <algorithm>
#include <array>
#include <chrono>

#include "fuzz/hostile_server.h"
#include "fuzz/oracle.h"
#include "sim/reference_frames.h"

namespace lastword::fuzz {

namespace {

// How long something takes: up to the client's next deadline, up to right before it, or so long.
constexpr std::array<Duration, 6> spans{
    std::chrono::milliseconds{1}, std::chrono::seconds{1},  std::chrono::seconds{5},
    std::chrono::seconds{15},     std::chrono::seconds{60}, std::chrono::seconds{400},
};
constexpr std::uint8_t to_deadline = 0;
constexpr std::uint8_t before_deadline = 1;
constexpr std::size_t span_count = spans.size() + 2;

// That one life of a client is given, so that no input takes long.
constexpr std::size_t lines_given_max = 64;
constexpr std::size_t bytes_given_max = 80'000;  // more than Client::output_mark

}  // namespace

void HostileServer::play(std::string_view text) {
  reference_.start(now_);
  pump_.start();
  settle();
  Script script{text};
  while (!script.is_at_end()) take(script.next());
  end();
}

void HostileServer::take(const Step& step) {
  using Kind = Step::Kind;
  switch (step.kind) {
    case Kind::say:
      return say(step.text);
    case Kind::message:
      return say(message_of(expand(step.text)));
    case Kind::frame:
      return say(frame_of(step.number, expand(step.text)));
    case Kind::last_token:
      return say(reference_.token(reference_.questions()));
    case Kind::next_token:
      return say(reference_.token(reference_.questions() + 1));
    case Kind::accept_key:
      return say(accept_key());
    case Kind::give:
    case Kind::give_long:
      if (has_said_) settle();
      return take_of_application(step);
    case Kind::answer:
      settle();
      return say(message_of("* pong " + reference_.token(reference_.questions())));
    case Kind::upgrade:
      settle();
      if (reference_.key().empty()) return;
      return say(sim::reference::opening_answer(reference_.key()));
    case Kind::settle:
      return settle();
    case Kind::end_link:
    case Kind::fall_silent:
    case Kind::write_budget:
    case Kind::write_max:
    case Kind::attempts:
    case Kind::pass:
    case Kind::stand_still:
      settle();
      return take_of_link(step);
    case Kind::finish:
    case Kind::abandon:
    case Kind::stop_taking_lines:
    case Kind::take_lines:
    case Kind::take_some_lines:
    case Kind::hold_events:
    case Kind::take_events:
      settle();
      return take_of_application(step);
  }
}

// --- What the server says ---------------------------------------------------------------------

// What the application did before has come to it, as far as the system took it.
void HostileServer::say(std::string_view bytes) {
  if (has_acted_) settle();
  if (!has_link_) await_link();
  put(bytes);
}

void HostileServer::put(std::string_view bytes) {
  if (!has_link_ || is_silent_ || has_ended_ || fault_) return;
  inbound_ += bytes;
  has_said_ = true;
}

std::string HostileServer::message_of(std::string_view text) const {
  constexpr std::uint8_t final_text = 0x81;
  if (situation_.config.url.transport == Transport::websocket) return frame_of(final_text, text);
  return std::string{text} + "\n";
}

std::string HostileServer::frame_of(std::uint8_t first_byte, std::string_view text) const {
  if (situation_.config.url.transport != Transport::websocket) return {};
  constexpr std::size_t short_max = 125;
  const auto byte = [](std::size_t value) {
    return static_cast<char>(static_cast<unsigned char>(value % 256));
  };
  std::string frame{static_cast<char>(first_byte)};
  if (text.size() <= short_max) {
    frame += byte(text.size());
  } else {
    frame += {byte(short_max + 1), byte(text.size() / 256), byte(text.size())};
  }
  return frame.append(text);
}

std::string HostileServer::expand(std::string_view text) const {
  constexpr char escape = '\x1B';
  std::string expanded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != escape || at + 1 == text.size()) {
      expanded += text[at];
      continue;
    }
    const char letter = text[++at];
    if (letter == 't') {
      expanded += reference_.token(reference_.questions());
    } else if (letter == 'n') {
      expanded += reference_.token(reference_.questions() + 1);
    } else if (letter == 'k') {
      expanded += accept_key();
    } else {
      expanded += letter == 'l' ? '\n' : letter;
    }
  }
  return expanded;
}

std::string HostileServer::accept_key() const {
  if (reference_.key().empty()) return {};
  const std::string answer = sim::reference::opening_answer(reference_.key());
  const std::size_t begin = answer.rfind(": ") + 2;
  return answer.substr(begin, answer.find('\r', begin) - begin);
}

// By itself, as far as it was told to. Returns whether there was a reason.
bool HostileServer::greet() {
  if (situation_.is_upgrading && !has_upgraded_ && reference_.has_request()) {
    has_upgraded_ = true;
    put(sim::reference::opening_answer(reference_.key()));
    greeting_end_ = inbound_.size();
    return true;
  }
  if (situation_.is_welcoming && !has_welcomed_ && reference_.has_login_question()) {
    has_welcomed_ = true;
    put(message_of("* pong " + reference_.token(reference_.questions())));
    greeting_end_ = inbound_.size();
    return true;
  }
  return false;
}

// --- Its link ---------------------------------------------------------------------------------

void HostileServer::take_of_link(const Step& step) {
  using Kind = Step::Kind;
  constexpr std::uint8_t unlimited = 255;
  switch (step.kind) {
    case Kind::end_link:
      return break_link(step.number);
    case Kind::fall_silent:
      is_silent_ = has_link_;
      return;
    case Kind::write_budget:
      write_budget_ = step.number == unlimited ? SIZE_MAX : step.number;
      return;
    case Kind::write_max:
      write_max_ = step.number == 0 ? SIZE_MAX : step.number;
      return;
    case Kind::attempts:
      attempts_come_to_ = step.number % (never_answered + 1);
      return;
    case Kind::pass:
      return pass(step.number);
    case Kind::stand_still:
      return stand_still(step.number);
    default:
      return;
  }
}

void HostileServer::break_link(std::uint8_t number) {
  constexpr std::array<Fault, 3> faults{Fault::reset, Fault::timed_out, Fault::other};
  if (!has_link_ || has_ended_ || fault_ || is_silent_) return;
  const std::size_t which = number % (faults.size() + 1);
  if (which == 0) {
    has_ended_ = true;
  } else {
    inbound_taken_ = inbound_.size();  // as a reset does
    fault_ = faults[which - 1];
  }
}

// The next link is made, if the client still wants one.
void HostileServer::await_link() {
  constexpr std::size_t deadlines_max = 8;
  settle();
  for (std::size_t count = 0; count < deadlines_max && !has_link_ && !is_worn_out(); ++count) {
    const auto next = next_event();
    if (!next) return;
    ++deadlines_;
    now_ = std::max(now_, *next);
    settle();
  }
}

// --- Time -------------------------------------------------------------------------------------

void HostileServer::pass(std::uint8_t number) {
  const std::size_t which = number % span_count;
  const auto next = next_event();
  if (which > before_deadline || !next) {
    run_until(now_ + spans[which > before_deadline ? which - 2 : 0]);
  } else {
    run_until(which == to_deadline ? *next : std::max(now_, *next + Duration{-1}));
  }
}

void HostileServer::stand_still(std::uint8_t number) {
  const std::size_t which = number % span_count;
  const auto next = next_event();
  if (which > before_deadline) {
    now_ = now_ + spans[which - 2];
  } else if (next) {
    now_ = std::max(now_, *next);
  }
}

// --- The application --------------------------------------------------------------------------

void HostileServer::take_of_application(const Step& step) {
  using Kind = Step::Kind;
  constexpr std::size_t unit = 256;
  has_acted_ = true;
  switch (step.kind) {
    case Kind::give:
      return give(expand(step.text));
    case Kind::give_long:
      return give("bob: " + std::string(step.number * unit, 'x'));
    case Kind::finish:
      reference_.finish(now_);
      client_.finish(now_);
      return look();
    case Kind::abandon:
      reference_.abandon(now_);
      client_.abandon(now_);
      return look();
    case Kind::stop_taking_lines:
      is_taking_lines_ = false;
      return;
    case Kind::take_lines:
      is_taking_lines_ = true;
      return;
    case Kind::take_some_lines:
      for (std::size_t count = 0; count < step.number && client_.line(); ++count) take_line();
      return look();
    case Kind::hold_events:
      is_taking_events_ = false;
      return;
    case Kind::take_events:
      is_taking_events_ = true;
      return;
    default:
      return;
  }
}

void HostileServer::give(const std::string& line) {
  using client::Given;
  const std::string token = reference_.token(0);
  const bool is_question = line.find(token.substr(0, token.size() - 1)) != std::string::npos;
  const bool is_too_much =
      lines_given_ >= lines_given_max || bytes_given_ + line.size() > bytes_given_max;
  // Nobody but the client knows its tokens.
  if (is_question || is_too_much) return;
  const Given expected = reference_.judge_line(line);
  const Given given = client_.give(now_, line);
  const bool is_held_back = !is_taking_events_ && expected == Given::taken && given == Given::full;
  require(given == expected || is_held_back, "fates", [&] {
    return "given " + readable(line) + ", it answers " + std::to_string(static_cast<int>(given)) +
           ", and not " + std::to_string(static_cast<int>(expected));
  });
  if (given == Given::taken) {
    ++lines_given_;
    bytes_given_ += line.size();
    reference_.give(now_, line);
  }
  if (given == Given::full) reference_.wait_for_room();
  look();
}

// It is told to end, unless it has ended: every line has its fate then.
void HostileServer::end() {
  settle();
  take_of_application({.kind = Step::Kind::abandon});
  is_taking_lines_ = true;
  is_taking_events_ = true;
  is_ending_ = true;
  run_until(now_ + situation_.release_delay);
  reference_.look_back(client_);
}

}  // namespace lastword::fuzz
