#include "sim/abort_note.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <string>

namespace lastword::sim {

namespace {

// A handler of signals may use little: so the text is ready beforehand, in fixed memory.
struct Note {
  std::array<char, 256> text;
  std::size_t size;
};

Note& note_of_this_thread() {
  static thread_local Note note{};
  return note;
}

void tell(int /*signal*/) {
  const Note& note = note_of_this_thread();
  // There is nobody left to tell if this fails.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, note.text.data(), note.size);
}

}  // namespace

void note_for_abort(std::uint64_t seed, const Scenario& scenario) {
  const std::string number = std::to_string(seed);
  const std::string name{scenario.name};
  const std::string text = "lastword-sim: that was seed " + number + " of scenario " + name +
                           "; again: lastword-sim replay " + number + " --scenario " + name + "\n";
  Note& note = note_of_this_thread();
  note.size = text.copy(note.text.data(), note.text.size());
}

void tell_on_abort() { std::signal(SIGABRT, tell); }

}  // namespace lastword::sim
