#include "sim/client_account.h"

#include <algorithm>
#include <map>
#include <variant>

#include "core/line_parser.h"

namespace lastword::sim {

void ClientAccount::given(std::string_view line) {
  Line& entry = lines_.emplace_back();
  const auto parsed = parse_line(line);
  if (!parsed) return;
  if (const auto* message = std::get_if<line::Message>(&*parsed)) entry.text = message->text;
}

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
      return;
    case Kind::unsent:
      line.fate = Fate::unsent;
      return;
    case Kind::resent:
      line.was_resent = true;
      return;
    case Kind::state:
    case Kind::skipped:
      return;
  }
}

std::optional<std::string> ClientAccount::complaint(std::span<const std::string> accepted,
                                                    client::LineNumber settled) const {
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
    const std::string what = "line " + std::to_string(number) + " (" + line.text + ") ";
    const std::string was = "was accepted " + std::to_string(times[number]) + " times";
    if (times[number] > 1 && !line.was_resent) return what + was;
    switch (line.fate) {
      case Fate::open:
        if (number <= settled && times[number] == 0) {
          return what + "counts as accepted, and no server has accepted it";
        }
        break;
      case Fate::refused:
        if (times[number] > 0) return std::string{what}.append("counts as refused, and ") += was;
        break;
      case Fate::unsent:
        if (times[number] > 0 && !line.was_resent) {
          return std::string{what}.append("counts as unsent, and ") += was;
        }
        break;
      case Fate::unknown:
        break;
    }
  }
  return std::nullopt;
}

}  // namespace lastword::sim
