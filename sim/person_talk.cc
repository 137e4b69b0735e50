// What people say: lines of all kinds, drawn one by one.
#include <array>

#include "sim/cast.h"
#include "sim/person.h"

namespace lastword::sim {

std::string Person::draw_name(Surroundings& world) {
  const std::uint32_t count = world.everybody.size();
  const std::uint32_t drawn = world.environment.choose(count + 1, Site::destination, number_);
  if (drawn == count) return "nobody";
  const auto number = static_cast<Chooser>((number_ + drawn) % count + 1);  // 0: the next one
  const Actor& other = world.everybody.at(number);
  // The hostile have to do with nobody but the likes of themselves.
  return plan_.is_hostile && !other.is_hostile() ? plan_.name : other.name();
}

std::string Person::draw_text(Surroundings& world) {
  constexpr std::array<std::size_t, 8> sizes{0, 0, 0, 10, 40, 90, 150, 230};
  std::string text = "m" + std::to_string(number_) + "." + std::to_string(++messages_);
  const std::size_t size = sizes[world.environment.choose(sizes.size(), Site::text_size, number_)];
  if (text.size() < size) text.append(size - text.size(), '.');
  return text;
}

// One line of the kind, with its LF.
std::string Person::draw_line(Surroundings& world, std::uint32_t kind) {
  constexpr std::array<const char*, 3> rooms{"#r", "#s", "#room with a view"};
  constexpr std::array<const char*, 9> malformed{
      "no colon",
      ": no destination",
      " , : nor here",
      "/nonsense",
      "/join",
      "/join nowhere",
      "\xFF\xFE\xC3(",
      "/leave #nowhere",
      "this line is longer than any line may be: ................................................."
      ".........................................................................................."
      ".........................................................................................."};
  const auto room = [&] {
    return std::string{rooms[world.environment.choose(rooms.size(), Site::room, number_)]};
  };
  switch (kind) {
    case 0:
      return draw_name(world) + ": " + draw_text(world) + "\n";
    case 1: {
      std::string names = draw_name(world);
      const std::uint32_t more = 1 + world.environment.choose(3, Site::destination, number_);
      for (std::uint32_t place = 0; place < more; ++place) names += " , " + draw_name(world);
      return names + ":" + draw_text(world) + "\r\n";
    }
    case 2:
      return room() + ": " + draw_text(world) + "\n";
    case 3:
      return "/join " + room() + "\n";
    case 4:
      return "/leave " + room() + "\n";
    case 5:
      return room() + "," + draw_name(world) + "," + room() + ": " + draw_text(world) + "\n";
    case 6:
      return "/ping " + std::to_string(++messages_) + "\n";
    case 7: {
      constexpr std::array<const char*, 4> questions{"/who\n", "/who #r\n", "\n", "/help\n"};
      return questions[world.environment.choose(questions.size(), Site::room, number_)];
    }
    default:
      world.environment.faults.inject(FaultKind::malformed);
      return std::string{
                 malformed[world.environment.choose(malformed.size(), Site::text_size, number_)]} +
             "\n";
  }
}

void Person::draw_action(Surroundings& world) {
  constexpr std::uint32_t kinds = 9;
  Environment& environment = world.environment;
  if (is_websocket() && say_bad_frame(world)) return;
  if (plan_.talk == PersonPlan::Talk::idle) {
    // Mostly idle: a hand-typed keep-alive, or a word to somebody.
    say(world, environment.choose(4, Site::action, number_) == 0 ? "\n" : draw_line(world, 0));
    return;
  }
  // 0: nothing; then one line of each kind, a burst, and a line that comes in halves.
  const std::uint32_t drawn = environment.choose(kinds + 5, Site::action, number_);
  if (drawn == 0) return;
  const bool is_burst = drawn > kinds + 1 || plan_.talk == PersonPlan::Talk::flood;
  if (drawn <= kinds && !is_burst) {
    say(world, draw_line(world, drawn - 1));
    return;
  }
  std::string bytes;
  const std::uint32_t lines = is_burst ? 2 + environment.choose(12, Site::action, number_) : 1;
  if (is_burst) environment.faults.inject(FaultKind::many_in_one_read);
  for (std::uint32_t line = 0; line < lines; ++line) {
    const std::uint32_t kind = environment.choose(kinds + 4, Site::action, number_);
    bytes += draw_line(world, kind >= kinds ? 0 : kind);
  }
  say(world, bytes);
}

}  // namespace lastword::sim
