// The load driver's lines of JSON as compare.sh has gathered them: sorted into cases, and the
// figures that tables and plots are made of.
//
// A line that has only a "group" says what the runs after it are for. Within a group, runs with the
// same parameters make a case. In each round of a case every contestant runs once, so that the runs
// with the same place are neighbours, and a ratio is made of these.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace lastword::bench {

using Json = nlohmann::json;

// Who ran: "floor lines", "lastword ws"; a peer, which has only one way to speak, is "nats".
[[nodiscard]] std::string contestant_of(const Json& run);

// In the order in which tables and legends have them.
[[nodiscard]] const std::vector<std::string>& all_contestants();

// The floor that this contestant is held against: the one that speaks as it does, and for the peers
// the one that speaks lines.
[[nodiscard]] std::string floor_for(const std::string& contestant);

struct Case {
  std::string group;
  std::string title;
  Json parameters;                                // of the driver; all runs have the same
  std::map<std::string, std::vector<Json>> runs;  // by contestant, in the order of the rounds

  [[nodiscard]] bool has(const std::string& contestant) const { return runs.contains(contestant); }
};

class Runs {
 public:
  // Throws std::runtime_error where a run is not valid, or a contestant of a case has not as many
  // runs as another.
  static Runs read(std::istream& input);

  [[nodiscard]] const std::vector<Case>& cases() const { return cases_; }
  [[nodiscard]] std::vector<const Case*> of_group(const std::string& group) const;

 private:
  Case& case_of(const std::string& group, const Json& run);

  std::vector<Case> cases_;
};

// Median, least and greatest of the rounds.
struct Spread {
  double median = 0;
  double least = 0;
  double greatest = 0;
};
[[nodiscard]] std::optional<Spread> spread_of(std::vector<double> figures);

// A figure of each run: `key` is a JSON pointer without its first slash ("parts/0/latency_ns_p50").
// Empty where the contestant has no runs, or these have no such figure.
[[nodiscard]] std::vector<double> figures_of(const Case& one, const std::string& contestant,
                                             const std::string& key);
[[nodiscard]] std::optional<Spread> spread_in(const Case& one, const std::string& contestant,
                                              const std::string& key);

// By the floor's figure in the same round. Nothing where one of these is zero: it used less than
// can be measured.
[[nodiscard]] std::optional<Spread> ratio_to_floor(const Case& one, const std::string& contestant,
                                                   const std::string& key);

// By any other contestant's figure.
struct Comparison {
  std::string contestant;
  std::string base;
};
[[nodiscard]] std::optional<Spread> ratio_in(const Case& one, const Comparison& comparison,
                                             const std::string& key);

[[nodiscard]] std::size_t count_driver_bound(const Case& one, const std::string& contestant);

// What a delivery may cost lastword, as a ratio to the floor that speaks as it does; nothing where
// this case has no target.
[[nodiscard]] std::optional<double> cpu_ratio_max(const Case& one);

// User memory of a connection that is logged in and silent.
constexpr double idle_bytes_max = 512;

}  // namespace lastword::bench
