#include "fuzz/tape_bytes.h"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

#include "core/check.h"

namespace lastword::fuzz {

namespace {

using sim::Choice;
using sim::Site;

// Only ever longer: a name's place is its number in every corpus. (A scenario that is gone leaves
// its place to one that is like it.)
constexpr std::array<std::string_view, 23> scenario_names{
    "swarm",          "calm",       "lossy-mobile", "slow-loris",   "deploy",       "famine",
    "swizzle",        "rooms",      "storm",        "half-open",    "stale",        "clocks",
    "frames",         "redeploy",   "clients",      "last-words",   "still-typing", "departed-name",
    "stopped-reader", "taken-name", "unread-lines", "unread-input", "isolation"};

// Only ever longer too.
constexpr std::array<Site, sim::site_count> sites{
    Site::clients,        Site::role,         Site::limits,         Site::buffers,
    Site::latency,        Site::family_on,    Site::family_rate,    Site::stop_step,
    Site::stop_again,     Site::stop_kind,    Site::healed,         Site::check_twice,
    Site::script_length,  Site::action,       Site::destination,    Site::text_size,
    Site::room,           Site::think,        Site::reading,        Site::ending,
    Site::reconnect,      Site::segment_cut,  Site::read_size,      Site::write_size,
    Site::write_blocks,   Site::order,        Site::turn_end,       Site::jitter,
    Site::timer_late,     Site::spurious,     Site::stale,          Site::late_release,
    Site::late_writable,  Site::cut_link,     Site::late_discovery, Site::dead_on_accept,
    Site::reset_destroys, Site::accept_fails, Site::famine,         Site::log_blocks,
    Site::pause,          Site::wall_jump,    Site::transport,      Site::framing,
    Site::restarts,       Site::restart_at,   Site::restart_kind,   Site::downtime,
    Site::horizon};

// The number of each site, by the simulator's own order.
constexpr std::uint8_t no_number = 255;
constexpr std::array<std::uint8_t, sim::site_count> site_numbers = [] {
  std::array<std::uint8_t, sim::site_count> numbers{};
  numbers.fill(no_number);
  for (std::size_t number = 0; number < sites.size(); ++number) {
    numbers[static_cast<std::size_t>(sites[number])] = static_cast<std::uint8_t>(number);
  }
  return numbers;
}();
static_assert(sites.size() < no_number);
static_assert(std::find(site_numbers.begin(), site_numbers.end(), no_number) == site_numbers.end(),
              "a site has no number");

constexpr std::uint8_t run_twice_bit = 1;
constexpr std::uint8_t replayed_bit = 2;
constexpr std::uint8_t cut_often_bit = 4;

// Reads from front to back; behind the end there are zeros.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : rest_{bytes} {}

  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

  [[nodiscard]] std::uint32_t number(std::size_t size) {
    std::uint32_t number = 0;
    for (std::size_t place = 0; place < size; ++place) {
      number |= std::uint32_t{byte()} << (8 * place);
    }
    return number;
  }

 private:
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }

  std::span<const std::uint8_t> rest_;
};

void append(std::vector<std::uint8_t>& bytes, std::uint32_t number, std::size_t size) {
  for (std::size_t place = 0; place < size; ++place) {
    bytes.push_back(static_cast<std::uint8_t>(number >> (8 * place)));
  }
}

std::uint8_t number_of(const sim::Scenario& scenario) {
  const auto* const found = std::find(scenario_names.begin(), scenario_names.end(), scenario.name);
  LASTWORD_CHECK(found != scenario_names.end());
  return static_cast<std::uint8_t>(found - scenario_names.begin());
}

std::uint8_t number_of(Site site) { return site_numbers[static_cast<std::size_t>(site)]; }

}  // namespace

std::span<const std::string_view> numbered_scenarios() { return scenario_names; }

std::span<const Site> numbered_sites() { return sites; }

TapeInput decode(std::span<const std::uint8_t> bytes) {
  Reader reader{bytes};
  TapeInput input;
  input.scenario = sim::find_scenario(scenario_names[reader.number(1) % scenario_names.size()]);
  LASTWORD_CHECK(input.scenario != nullptr);
  const std::uint32_t checks = reader.number(1);
  input.checks.is_run_twice = (checks & run_twice_bit) != 0;
  input.checks.is_replayed = (checks & replayed_bit) != 0;
  input.checks.is_cut_often = (checks & cut_often_bit) != 0;

  std::vector<Choice> choices;
  while (!reader.is_at_end()) {
    const Site site = sites[reader.number(1) % sites.size()];
    const auto chooser = static_cast<sim::Chooser>(reader.number(1));
    const std::uint32_t index = reader.number(2);
    const std::uint32_t value = reader.number(4);
    choices.push_back({.site = site, .chooser = chooser, .index = index, .value = value});
  }
  input.tape = sim::Tape{std::move(choices)};
  return input;
}

std::vector<std::uint8_t> encode(const TapeInput& input) {
  LASTWORD_CHECK(input.scenario != nullptr);
  std::vector<Choice> choices;
  for (const Choice& choice : input.tape.choices()) {
    if (choice.chooser > std::numeric_limits<std::uint8_t>::max()) continue;
    if (choice.index > std::numeric_limits<std::uint16_t>::max()) continue;
    choices.push_back(choice);
  }
  const auto place_of = [](const Choice& choice) {
    return std::tuple{number_of(choice.site), choice.chooser, choice.index};
  };
  std::sort(choices.begin(), choices.end(), [&](const Choice& one, const Choice& other) {
    return place_of(one) < place_of(other);
  });

  std::vector<std::uint8_t> bytes;
  bytes.reserve(tape_head_size + choices.size() * tape_record_size);
  bytes.push_back(number_of(*input.scenario));
  const TapeInput::Checks& checks = input.checks;
  bytes.push_back(static_cast<std::uint8_t>((checks.is_run_twice ? run_twice_bit : 0) |
                                            (checks.is_replayed ? replayed_bit : 0) |
                                            (checks.is_cut_often ? cut_often_bit : 0)));
  for (const Choice& choice : choices) {
    append(bytes, number_of(choice.site), 1);
    append(bytes, choice.chooser, 1);
    append(bytes, choice.index, 2);
    append(bytes, choice.value, 4);
  }
  return bytes;
}

}  // namespace lastword::fuzz
