#include "sim/client_account.h"

#include <map>
#include <variant>

#include "core/line_parser.h"
#include "sim/reference_frames.h"

namespace lastword::sim {

void ClientAccount::given(std::string_view line) {
  Line& entry = lines_.emplace_back(Line{.line = std::string{line}});
  const auto parsed = parse_line(line);
  if (!parsed) return;
  if (const auto* message = std::get_if<line::Message>(&*parsed)) {
    entry.text = message->text;
  } else if (const auto* join = std::get_if<line::Join>(&*parsed)) {
    rooms_.insert(std::string{join->room.text()});
  } else if (const auto* leave = std::get_if<line::Leave>(&*parsed)) {
    rooms_.erase(std::string{leave->room.text()});
  }
}

// --- What was written --------------------------------------------------------------------------

void ClientAccount::connects(Transport transport) {
  transport_ = transport;
  wire_.clear();
  is_upgraded_ = false;
  messages_.clear();
}

bool ClientAccount::has_left(std::string_view line) {
  if (transport_ == Transport::lines) {
    // The name comes first, so an LF stands before every other line.
    std::string whole{"\n"};
    whole.append(line).append("\n");
    return wire_.contains(whole);
  }
  if (!is_upgraded_) {
    constexpr std::string_view head_end = "\r\n\r\n";
    const std::size_t end = wire_.find(head_end);
    if (end == std::string::npos) return false;
    wire_.erase(0, end + head_end.size());
    is_upgraded_ = true;
  }
  while (const auto read = reference::read_frame(wire_)) {
    wire_.erase(0, read->size);
    messages_.insert(read->frame.payload);
  }
  return messages_.contains(std::string{line});
}

// --- What it told ------------------------------------------------------------------------------

void ClientAccount::told(const client::Event& event) {
  using Kind = client::Event::Kind;
  if (event.line == 0 || event.line > lines_.size()) return;
  Line& line = lines_[event.line - 1];
  switch (event.kind) {
    case Kind::refused:
      line.fate = Fate::refused;
      return;
    case Kind::unknown:
      line.fate = Fate::unknown;
      check_unknown(event);
      return;
    case Kind::unsent:
      line.fate = Fate::unsent;
      return;
    case Kind::resent:
      line.was_resent = true;
      check_unknown(event);
      return;
    case Kind::state:
    case Kind::skipped:
      return;
  }
}

// Only what has left can be of unknown fate, and what is done with it was chosen.
void ClientAccount::check_unknown(const client::Event& event) {
  if (first_complaint_) return;
  const std::string what = named(event.line, lines_[event.line - 1]);
  const bool is_resent = event.kind == client::Event::Kind::resent;
  if (is_resent != (if_unknown_ == client::IfUnknown::resend)) {
    first_complaint_ = what + (is_resent ? "is sent again, and that was not chosen"
                                         : "is not sent again, though that was chosen");
  } else if (!has_left(event.line)) {
    first_complaint_ = what + "counts as unknown, and it had not left as a whole";
  }
}

// --- What is wrong with it ---------------------------------------------------------------------

std::string ClientAccount::named(client::LineNumber number, const Line& line) {
  return "line " + std::to_string(number) + " (" + line.text + ") ";
}

std::optional<std::string> ClientAccount::complaint(std::span<const std::string> accepted,
                                                    client::LineNumber settled) const {
  if (first_complaint_) return first_complaint_;
  std::map<std::string_view, std::size_t> number_of;
  for (std::size_t place = 0; place < lines_.size(); ++place) {
    if (!lines_[place].text.empty()) number_of[lines_[place].text] = place + 1;
  }
  std::vector<std::uint32_t> times(lines_.size() + 1);
  std::size_t last = 0;
  for (const std::string& text : accepted) {
    const auto found = number_of.find(text);
    if (found == number_of.end()) return "a server accepted what was never given: " + text;
    const std::size_t number = found->second;
    ++times[number];
    const bool is_again = times[number] > 1 || lines_[number - 1].was_resent;
    if (is_again) continue;
    if (number < last) {
      return "line " + std::to_string(number) + " was accepted behind line " + std::to_string(last);
    }
    last = number;
  }
  for (std::size_t number = 1; number <= lines_.size(); ++number) {
    const Line& line = lines_[number - 1];
    if (line.text.empty()) continue;
    std::string what = named(number, line);
    const std::string was = "was accepted " + std::to_string(times[number]) + " times";
    if (times[number] > 1 && !line.was_resent) return what + was;
    switch (line.fate) {
      case Fate::open:
        if (number <= settled && times[number] == 0) {
          return what + "counts as accepted, and no server has accepted it";
        }
        break;
      case Fate::refused:
        if (times[number] > 0) return what.append("counts as refused, and ").append(was);
        break;
      case Fate::unsent:
        if (times[number] > 0 && !line.was_resent) {
          return what.append("counts as unsent, and ").append(was);
        }
        break;
      case Fate::unknown:
        break;
    }
  }
  return std::nullopt;
}

}  // namespace lastword::sim
