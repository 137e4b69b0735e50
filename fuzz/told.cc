#include "fuzz/told.h"

#include <charconv>

namespace lastword::fuzz {

std::string pong_item(std::string_view payload) { return "<pong " + std::string{payload} + ">"; }
std::string close_item(unsigned code) { return "<close " + std::to_string(code) + ">"; }
std::string mark_item(std::size_t number) { return "<mark " + std::to_string(number) + ">"; }

std::string without_explanation(std::string_view line) {
  for (const std::string_view beginning :
       {"! name", "! no destination", "! unknown command", "! no room", "! bad room",
        "! too many rooms", "! line break", "! line too long", "! server is full"}) {
    if (line.starts_with(beginning)) return std::string{beginning};
  }
  return std::string{line};
}

bool is_mark(std::string_view item) { return item.starts_with("<mark "); }
bool is_pong(std::string_view item) { return item.starts_with("<pong "); }

bool is_notice(std::string_view item) {
  const bool is_information = item.starts_with("* ") && !item.starts_with("* pong");
  const bool is_own = item.starts_with("* you ");
  return is_information && !is_own &&
         (item.find(" joined #") != std::string_view::npos ||
          item.find(" left #") != std::string_view::npos);
}

std::optional<std::uint64_t> unseen_count(std::string_view item) {
  if (!item.starts_with("* ")) return std::nullopt;
  item.remove_prefix(2);
  std::uint64_t count = 0;
  const auto parsed = std::from_chars(item.data(), item.data() + item.size(), count);
  item.remove_prefix(static_cast<std::size_t>(parsed.ptr - item.data()));
  const bool is_one = item.starts_with(" join or leave in your rooms not shown");
  const bool are_many = item.starts_with(" joins and leaves in your rooms not shown");
  if (parsed.ec != std::errc{} || (!is_one && !are_many)) return std::nullopt;
  return count;
}

bool is_unseen(std::string_view item) { return unseen_count(item).has_value(); }

bool has_unseen(const Told& told) { return std::any_of(told.begin(), told.end(), is_unseen); }

std::uint64_t notice_count(const Told& told) {
  std::uint64_t count = 0;
  for (const std::string& item : told)
    count += unseen_count(item).value_or(is_notice(item) ? 1 : 0);
  return count;
}

Told without_peer(const Told& told, const std::string& name) {
  Told rest;
  for (const std::string& item : told) {
    const auto begins = [&](const std::string& beginning) { return item.starts_with(beginning); };
    const bool is_about_peer =
        !name.empty() && (begins("from " + name + ": ") || begins("from " + name + " in #") ||
                          begins("* " + name + " joined #") || begins("* " + name + " left #") ||
                          begins("! undelivered " + name + ": "));
    if (is_about_peer) continue;
    if (begins("* you joined #")) {
      rest.push_back(item.substr(0, item.rfind(", ")));
    } else if (begins("* in #")) {
      std::string list = item + ", ";
      list.insert(list.find(": ") + 1, ",");
      const std::size_t place = list.find(", " + name + ", ");
      if (!name.empty() && place != std::string::npos) list.erase(place, name.size() + 2);
      rest.push_back(list);
    } else {
      rest.push_back(item);
    }
  }
  return rest;
}

}  // namespace lastword::fuzz
