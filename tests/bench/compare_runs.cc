#include "compare_runs.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <istream>
#include <stdexcept>
#include <utility>

namespace lastword::bench {

namespace {

// What a run was asked for, as opposed to what it found. ("connections" follows from the rest, but
// in idle mode, where it is all there is.)
constexpr std::array<const char*, 18> parameter_keys{
    "mode",      "placement", "pairs",      "rooms",     "members", "names",
    "senders",   "window",    "loop",       "rate",      "pacing",  "size",
    "receivers", "queued",    "slow_pairs", "slow_rate", "end",     "connections"};

Json parameters_of(const Json& run) {
  Json parameters = Json::object();
  for (const char* const key : parameter_keys) {
    if (run.contains(key)) parameters[key] = run.at(key);
  }
  return parameters;
}

std::string number(const Json& run, const char* key) {
  return std::to_string(run.at(key).get<std::uint64_t>());
}

std::string size_of_pairs_and_rooms(const Json& run, const std::string& mode) {
  if (mode == "pairs") return "pairs of " + number(run, "pairs");
  if (mode == "list") return "list of " + number(run, "names");
  const std::uint64_t rooms = run.value("rooms", std::uint64_t{1});
  if (rooms == 1) return "room of " + number(run, "members");
  return std::to_string(rooms) + " rooms of " + number(run, "members");
}

std::string title_of(const Json& run) {
  const std::string mode = run.at("mode");
  if (mode == "idle") return number(run, "connections") + " idle";
  if (mode == "drain") return number(run, "receivers") + " with " + number(run, "queued") + " each";
  if (mode == "slow") {
    return number(run, "pairs") + " pairs, " + number(run, "slow_pairs") + " of them slow";
  }
  std::string title =
      mode == "fairness" ? number(run, "pairs") + " pairs" : size_of_pairs_and_rooms(run, mode);
  if (run.value("rate", std::uint64_t{0}) > 0) return title + ", " + number(run, "rate") + "/s";
  title += ", window " + number(run, "window");
  const std::uint64_t size = run.at("size");
  constexpr std::uint64_t usual_size = 64;
  return size == usual_size ? title : title + ", " + std::to_string(size) + " bytes";
}

void check_rounds(const Case& one) {
  const std::size_t rounds = one.runs.begin()->second.size();
  for (const auto& [contestant, runs] : one.runs) {
    if (runs.size() == rounds) continue;
    throw std::runtime_error(one.group + ", " + one.title + ": " + contestant +
                             " has not as many runs as " + one.runs.begin()->first);
  }
}

}  // namespace

std::string contestant_of(const Json& run) {
  const std::string server = run.at("server");
  const std::string transport = run.at("transport");
  return server == transport ? server : server + " " + transport;
}

const std::vector<std::string>& all_contestants() {
  static const std::vector<std::string> names{"floor lines", "lastword lines", "floor ws",
                                              "lastword ws", "nats",           "redis"};
  return names;
}

std::string floor_for(const std::string& contestant) {
  return contestant.ends_with(" ws") ? "floor ws" : "floor lines";
}

Runs Runs::read(std::istream& input) {
  Runs runs;
  std::string group;
  for (std::string line; std::getline(input, line);) {
    Json run = Json::parse(line);
    if (run.contains("group")) {
      group = run.at("group");
      continue;
    }
    if (!run.at("valid").get<bool>()) throw std::runtime_error("a failed run: " + line);
    const std::string contestant = contestant_of(run);
    if (std::ranges::find(all_contestants(), contestant) == all_contestants().end()) {
      throw std::runtime_error("nobody knows the contestant " + contestant);
    }
    runs.case_of(group, run).runs[contestant].push_back(std::move(run));
  }
  std::ranges::for_each(runs.cases_, check_rounds);
  return runs;
}

Case& Runs::case_of(const std::string& group, const Json& run) {
  const Json parameters = parameters_of(run);
  const auto found = std::ranges::find_if(
      cases_, [&](const Case& one) { return one.group == group && one.parameters == parameters; });
  if (found != cases_.end()) return *found;
  return cases_.emplace_back(
      Case{.group = group, .title = title_of(run), .parameters = parameters, .runs = {}});
}

std::vector<const Case*> Runs::of_group(const std::string& group) const {
  std::vector<const Case*> found;
  for (const Case& one : cases_) {
    if (one.group == group) found.push_back(&one);
  }
  return found;
}

std::optional<Spread> spread_of(std::vector<double> figures) {
  if (figures.empty()) return std::nullopt;
  std::ranges::sort(figures);
  const std::size_t middle = figures.size() / 2;
  const bool is_odd = figures.size() % 2 == 1;
  return Spread{.median = is_odd ? figures[middle] : (figures[middle - 1] + figures[middle]) / 2,
                .least = figures.front(),
                .greatest = figures.back()};
}

std::vector<double> figures_of(const Case& one, const std::string& contestant,
                               const std::string& key) {
  const auto found = one.runs.find(contestant);
  if (found == one.runs.end()) return {};
  const Json::json_pointer place("/" + key);
  std::vector<double> figures;
  for (const Json& run : found->second) {
    if (!run.contains(place)) return {};
    figures.push_back(run.at(place));
  }
  return figures;
}

std::optional<Spread> spread_in(const Case& one, const std::string& contestant,
                                const std::string& key) {
  return spread_of(figures_of(one, contestant, key));
}

std::optional<Spread> ratio_to_floor(const Case& one, const std::string& contestant,
                                     const std::string& key) {
  return ratio_in(one, {.contestant = contestant, .base = floor_for(contestant)}, key);
}

std::optional<Spread> ratio_in(const Case& one, const Comparison& comparison,
                               const std::string& key) {
  std::vector<double> ratios = figures_of(one, comparison.contestant, key);
  const std::vector<double> base = figures_of(one, comparison.base, key);
  if (ratios.size() != base.size()) return std::nullopt;
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    if (base[i] <= 0) return std::nullopt;
    ratios[i] /= base[i];
  }
  return spread_of(std::move(ratios));
}

std::size_t count_driver_bound(const Case& one, const std::string& contestant) {
  const auto found = one.runs.find(contestant);
  if (found == one.runs.end()) return 0;
  const auto is_driver_bound = [](const Json& run) { return run.value("driver_bound", false); };
  return static_cast<std::size_t>(std::ranges::count_if(found->second, is_driver_bound));
}

std::optional<double> cpu_ratio_max(const Case& one) {
  static const std::map<std::string, double> targets{
      {"pairs of 50, window 1", 1.1},   {"pairs of 50, window 32", 1.25},
      {"pairs of 50, window 128", 1.5}, {"room of 100, window 32", 1.0},
      {"room of 1000, window 32", 1.0}, {"list of 100, window 32", 1.25}};
  const auto found = targets.find(one.title);
  if (found == targets.end()) return std::nullopt;
  return found->second;
}

}  // namespace lastword::bench
