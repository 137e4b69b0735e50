// Reads what compare.sh has gathered and prints what it comes to: the ratios of CPU time per
// delivered message to the floor, latency, memory, growth, drain and fairness, each beside its
// target where it has one. (Targets are shown, never asserted.)

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iomanip>
#include <iostream>
#include <optional>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "compare_runs.h"

namespace lastword::bench {
namespace {

constexpr const char* cpu_key = "server_cpu_ns_per_delivery";

constexpr double latency_ratio_max = 1.1;
constexpr double growth_max = 1.15;
constexpr double drain_to_peace_max = 1.2;

const std::array<std::string, 2> transports{"lines", "ws"};

// --- Cells ------------------------------------------------------------------------------------

constexpr int title_width = 30;
constexpr int cell_width = 11;
constexpr int pair_width = 15;

std::string rounded(double figure, int places) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(places) << figure;
  return text.str();
}

std::string title_with(const std::string& contestant, const std::string& what) {
  return contestant + ", " + what;
}

void print_title(const std::string& title) {
  std::cout << std::left << std::setw(title_width) << title << std::right;
}

void print_cell(const std::string& text, int width = cell_width) {
  std::cout << std::setw(width) << text;
}

std::string median_text(const std::optional<Spread>& spread, int places) {
  return spread ? rounded(spread->median, places) : "-";
}

void print_median(const std::optional<Spread>& spread, int places) {
  print_cell(median_text(spread, places));
}

// Median, least and greatest.
void print_ratio(const std::optional<Spread>& ratio) {
  constexpr int places = 2;
  print_median(ratio, places);
  print_cell(ratio ? rounded(ratio->least, places) : "-");
  print_cell(ratio ? rounded(ratio->greatest, places) : "-");
}

// Of the floor and of the other.
struct Both {
  std::string floor;
  std::string other;
};
void print_both(const Both& texts) { print_cell(texts.floor + " " + texts.other, pair_width); }

void print_verdict(double figure, double figure_max) {
  constexpr double ratio_max = 100;  // beyond, it is no ratio
  std::cout << "   " << rounded(figure_max, figure_max < ratio_max ? 2 : 0)
            << (figure <= figure_max ? " met" : " MISSED");
}

void print_heading(const std::string& title, const std::vector<std::string>& columns) {
  print_title(title);
  for (const std::string& column : columns) print_cell(column);
  std::cout << "\n";
}

bool any_has(const std::vector<const Case*>& cases, const std::string& contestant) {
  return std::ranges::any_of(cases, [&](const Case* one) { return one->has(contestant); });
}

std::string lastword_over(const std::string& transport) { return "lastword " + transport; }

// --- CPU per delivery -------------------------------------------------------------------------

void print_traffic_over(const std::vector<const Case*>& cases, const std::string& transport) {
  const std::string floor = "floor " + transport;
  const std::string lastword = lastword_over(transport);
  if (!any_has(cases, lastword)) return;
  print_heading("CPU ns per delivery, " + transport,
                {"floor", "lastword", "ratio", "min", "max", "       per read", "   driver-bound",
                 "  at most"});
  for (const Case* one : cases) {
    print_title(one->title);
    print_median(spread_in(*one, floor, cpu_key), 1);
    print_median(spread_in(*one, lastword, cpu_key), 1);
    const std::optional<Spread> ratio = ratio_to_floor(*one, lastword, cpu_key);
    print_ratio(ratio);
    const char* const batch_key = "deliveries_per_read";
    print_both({.floor = median_text(spread_in(*one, floor, batch_key), 1),
                .other = median_text(spread_in(*one, lastword, batch_key), 1)});
    print_both({.floor = std::to_string(count_driver_bound(*one, floor)),
                .other = std::to_string(count_driver_bound(*one, lastword))});
    const std::optional<double> target = cpu_ratio_max(*one);
    if (target && ratio) print_verdict(ratio->median, *target);
    std::cout << "\n";
  }
  std::cout << "\n";
}

// All beside the floor that speaks lines: the peers have no other.
void print_peers(const std::vector<const Case*>& cases) {
  if (!any_has(cases, "nats") && !any_has(cases, "redis")) return;
  for (const std::string peer : {"nats", "redis"}) {
    if (!any_has(cases, peer)) continue;
    print_heading("CPU ns per delivery, " + peer,
                  {"floor", peer, "ratio", "min", "max", "per read", "lastword", "peer/lw"});
    for (const Case* one : cases) {
      print_title(one->title);
      print_median(spread_in(*one, "floor lines", cpu_key), 1);
      print_median(spread_in(*one, peer, cpu_key), 1);
      print_ratio(ratio_to_floor(*one, peer, cpu_key));
      print_median(spread_in(*one, peer, "deliveries_per_read"), 1);
      print_median(spread_in(*one, "lastword lines", cpu_key), 1);
      print_median(ratio_in(*one, {.contestant = peer, .base = "lastword lines"}, cpu_key), 2);
      std::cout << "\n";
    }
    std::cout << "\n";
  }
}

void print_what_websocket_adds(const std::vector<const Case*>& cases, const std::string& server) {
  const std::string lines = server + " lines";
  const std::string ws = server + " ws";
  if (!any_has(cases, lines) || !any_has(cases, ws)) return;
  print_heading("CPU ns per delivery, " + server, {"lines", "ws", "ratio", "min", "max"});
  for (const Case* one : cases) {
    print_title(one->title);
    print_median(spread_in(*one, lines, cpu_key), 1);
    print_median(spread_in(*one, ws, cpu_key), 1);
    print_ratio(ratio_in(*one, {.contestant = ws, .base = lines}, cpu_key));
    std::cout << "\n";
  }
  std::cout << "\n";
}

void print_traffic(const std::vector<const Case*>& cases) {
  for (const std::string& transport : transports) print_traffic_over(cases, transport);
  print_peers(cases);
  print_what_websocket_adds(cases, "floor");
  print_what_websocket_adds(cases, "lastword");
}

// --- Latency, at a rate -----------------------------------------------------------------------

constexpr double nanoseconds_per_microsecond = 1000;

std::optional<Spread> in_microseconds(std::optional<Spread> spread) {
  if (!spread) return std::nullopt;
  return Spread{.median = spread->median / nanoseconds_per_microsecond,
                .least = spread->least / nanoseconds_per_microsecond,
                .greatest = spread->greatest / nanoseconds_per_microsecond};
}

void print_latency_of(const Case& one) {
  print_heading("latency us, " + one.title,
                {"floor", "itself", "ratio", "min", "max", "   driver-bound", "  at most"});
  for (const std::string& contestant : all_contestants()) {
    if (!one.has(contestant) || contestant.starts_with("floor")) continue;
    for (const std::string quantile : {"p50", "p99", "p999"}) {
      const std::string key = "latency_ns_" + quantile;
      print_title(title_with(contestant, quantile));
      print_median(in_microseconds(spread_in(one, floor_for(contestant), key)), 1);
      print_median(in_microseconds(spread_in(one, contestant, key)), 1);
      const std::optional<Spread> ratio = ratio_to_floor(one, contestant, key);
      print_ratio(ratio);
      print_both({.floor = std::to_string(count_driver_bound(one, floor_for(contestant))),
                  .other = std::to_string(count_driver_bound(one, contestant))});
      const bool has_target = contestant.starts_with("lastword") && quantile != "p999";
      if (has_target && ratio) print_verdict(ratio->median, latency_ratio_max);
      std::cout << "\n";
    }
  }
  std::cout << "\n";
}

// --- Idle -------------------------------------------------------------------------------------

void print_idle(const Case& one) {
  const std::string seconds =
      rounded(spread_in(one, one.runs.begin()->first, "idle_seconds").value_or(Spread{}).median, 0);
  print_heading(one.title + ", each", {"anon bytes", "min", "max", "private", "login ns",
                                       "CPU/" + seconds + " s", "wake-ups", "  at most"});
  for (const std::string& contestant : all_contestants()) {
    if (!one.has(contestant)) continue;
    print_title(contestant);
    const auto bytes = spread_in(one, contestant, "anonymous_bytes_per_connection");
    print_median(bytes, 1);
    print_cell(bytes ? rounded(bytes->least, 1) : "-");
    print_cell(bytes ? rounded(bytes->greatest, 1) : "-");
    print_median(spread_in(one, contestant, "private_bytes_per_connection"), 1);
    print_median(spread_in(one, contestant, "login_cpu_ns_per_connection"), 0);
    print_median(spread_in(one, contestant, "idle_cpu_ns"), 0);
    print_median(spread_in(one, contestant, "idle_wake_ups"), 0);
    if (contestant.starts_with("lastword") && bytes) print_verdict(bytes->median, idle_bytes_max);
    std::cout << "\n";
  }
  std::cout << "\n";
}

// --- Growth -----------------------------------------------------------------------------------

struct Growth {
  const char* group;
  const char* title;
  const char* key;    // of the figure that should not grow
  const char* x_key;  // of what grows
  bool is_to_be_flat;
};
constexpr std::array<Growth, 5> growths{{{.group = "connections",
                                          .title = "CPU ns, by connections",
                                          .key = cpu_key,
                                          .x_key = "connections",
                                          .is_to_be_flat = true},
                                         {.group = "silent",
                                          .title = "CPU ns, beside silent ones",
                                          .key = cpu_key,
                                          .x_key = "connections",
                                          .is_to_be_flat = true},
                                         {.group = "rooms",
                                          .title = "CPU ns, by rooms",
                                          .key = cpu_key,
                                          .x_key = "rooms",
                                          .is_to_be_flat = true},
                                         {.group = "idle",
                                          .title = "CPU ns of a login, by idle",
                                          .key = "login_cpu_ns_per_connection",
                                          .x_key = "connections",
                                          .is_to_be_flat = false},
                                         {.group = "sizes",
                                          .title = "CPU ns, by message size",
                                          .key = cpu_key,
                                          .x_key = "size",
                                          .is_to_be_flat = false}}};

// The medians of all cases; empty where one of them is missing.
using SpreadOf = std::function<std::optional<Spread>(const Case&)>;
std::vector<double> medians_of(const std::vector<const Case*>& cases,
                               const SpreadOf& spread_of_one) {
  std::vector<double> medians;
  for (const Case* one : cases) {
    const std::optional<Spread> spread = spread_of_one(*one);
    if (!spread) return {};
    medians.push_back(spread->median);
  }
  return medians;
}

// Returns how many times the least figure the greatest is.
double print_growing(const std::string& title, const std::vector<double>& figures, int places) {
  constexpr int ratio_places = 2;
  print_title(title);
  for (const double figure : figures) print_cell(rounded(figure, places));
  const double grows_to = std::ranges::max(figures) / std::ranges::min(figures);
  print_cell(rounded(grows_to, ratio_places));
  return grows_to;
}

void print_growth(const std::vector<const Case*>& cases, const Growth& growth) {
  if (cases.size() < 2) return;
  std::vector<std::string> columns;
  columns.reserve(cases.size() + 2);
  for (const Case* one : cases) columns.push_back(one->parameters.at(growth.x_key).dump());
  columns.insert(columns.end(), {"max/min", growth.is_to_be_flat ? "  at most" : ""});
  print_heading(growth.title, columns);
  for (const std::string& contestant : all_contestants()) {
    const std::vector<double> figures =
        medians_of(cases, [&](const Case& one) { return spread_in(one, contestant, growth.key); });
    if (figures.empty()) continue;
    const double grows_to = print_growing(contestant, figures, 1);
    const bool is_lastword = contestant.starts_with("lastword");
    if (growth.is_to_be_flat && is_lastword) print_verdict(grows_to, growth_max);
    std::cout << "\n";
    const std::vector<double> ratios = medians_of(
        cases, [&](const Case& one) { return ratio_to_floor(one, contestant, growth.key); });
    if (!is_lastword || ratios.empty()) continue;
    const double grows_beside_the_floor = print_growing("  beside the floor", ratios, 2);
    if (growth.is_to_be_flat) print_verdict(grows_beside_the_floor, growth_max);
    std::cout << "\n";
  }
  std::cout << "\n";
}

// --- Drain, slow peers, fairness --------------------------------------------------------------

// Where the server was asked to stop, with queues and without, and where receivers only began to
// read (a floor). Any of them may be missing.
struct DrainCases {
  const Case* stop = nullptr;
  const Case* rest = nullptr;
  const Case* resume = nullptr;
};

DrainCases drain_cases(const std::vector<const Case*>& cases) {
  DrainCases found;
  for (const Case* one : cases) {
    const std::string end = one->parameters.at("end");
    (end == "stop" ? found.stop : end == "rest" ? found.rest : found.resume) = one;
  }
  return found;
}

// A drain delivers and ends: by delivering in peace, and then ending without a queue.
// `whole` counts the way into the queue as well.
struct DrainRatios {
  std::optional<Spread> drain;
  std::optional<Spread> whole;
};

DrainRatios drain_ratios(const Case& queued, const Case* rest, const std::string& contestant) {
  const std::vector<double> queue = figures_of(queued, contestant, "queue_cpu_ns_per_delivery");
  const std::vector<double> drain = figures_of(queued, contestant, "drain_cpu_ns_per_delivery");
  std::vector<double> peace = figures_of(queued, contestant, "peace_cpu_ns_per_delivery");
  if (rest != nullptr) {
    const std::vector<double> ends = figures_of(*rest, contestant, "drain_cpu_ns_per_delivery");
    if (ends.size() != peace.size()) return {};
    for (std::size_t i = 0; i < peace.size(); ++i) peace[i] += ends[i];
  }
  std::vector<double> drains;
  std::vector<double> wholes;
  for (std::size_t i = 0; i < peace.size(); ++i) {
    drains.push_back(drain[i] / peace[i]);
    wholes.push_back((queue[i] + drain[i]) / peace[i]);
  }
  return {.drain = spread_of(drains), .whole = spread_of(wholes)};
}

void print_drain(const std::vector<const Case*>& cases) {
  const DrainCases found = drain_cases(cases);
  if (found.stop == nullptr) return;
  print_heading("drain, " + found.stop->title, {"queueing", "draining", "in peace", "just ends",
                                                "whole", "drain", "min", "max", "  at most"});
  for (const std::string& contestant : all_contestants()) {
    const bool has_drain = found.stop->has(contestant);
    const Case* queued = has_drain ? found.stop : found.resume;
    if (queued == nullptr || !queued->has(contestant)) continue;
    const Case* rest = has_drain ? found.rest : nullptr;
    print_title(contestant + (has_drain ? "" : " (no drain)"));
    print_median(spread_in(*queued, contestant, "queue_cpu_ns_per_delivery"), 1);
    print_median(spread_in(*queued, contestant, "drain_cpu_ns_per_delivery"), 1);
    print_median(spread_in(*queued, contestant, "peace_cpu_ns_per_delivery"), 1);
    print_median(
        rest == nullptr ? std::nullopt : spread_in(*rest, contestant, "drain_cpu_ns_per_delivery"),
        1);
    const DrainRatios ratios = drain_ratios(*queued, rest, contestant);
    print_median(ratios.whole, 2);
    print_ratio(ratios.drain);
    if (has_drain && ratios.drain) print_verdict(ratios.drain->median, drain_to_peace_max);
    std::cout << "\n";
  }
  std::cout << "\n";
}

// What a burst takes, and what of it comes back.
void print_burst(const std::vector<const Case*>& cases) {
  const Case* const one = drain_cases(cases).resume;
  if (one == nullptr) return;
  const std::string seconds = rounded(
      spread_in(*one, one->runs.begin()->first, "rest_seconds").value_or(Spread{}).median, 0);
  print_heading("anonymous bytes each, " + one->title,
                {"logged in", "queued", "read", seconds + " s later", "  at most"});
  for (const std::string& contestant : all_contestants()) {
    if (!one->has(contestant)) continue;
    print_title(contestant);
    const auto bytes_at = [&](const char* moment) {
      return spread_in(*one, contestant, std::string("anonymous_bytes_per_receiver/") + moment);
    };
    for (const char* const moment : {"logged_in", "queued", "read"}) {
      print_median(bytes_at(moment), 0);
    }
    const std::optional<Spread> rested = bytes_at("rested");
    print_median(rested, 0);
    if (contestant.starts_with("lastword") && rested) print_verdict(rested->median, idle_bytes_max);
    std::cout << "\n";
  }
  std::cout << "\n";
}

void print_slow(const Case& one) {
  print_heading("slow, " + one.title + ": CPU ns", {"alone", "beside", "ratio", "min", "max"});
  for (const std::string& contestant : all_contestants()) {
    if (!one.has(contestant)) continue;
    print_title(contestant);
    print_median(spread_in(one, contestant, std::string("alone/") + cpu_key), 1);
    print_median(spread_in(one, contestant, std::string("beside/") + cpu_key), 1);
    print_ratio(spread_in(one, contestant, "cpu_beside_to_alone"));
    std::cout << "\n";
  }
  std::cout << "\n";
}

constexpr std::array<const char*, 6> latency_keys{"latency_ns_p50",       "latency_ns_p99",
                                                  "latency_ns_p999",      "latency_ns_p50_added",
                                                  "latency_ns_p99_added", "latency_ns_p999_added"};

void print_fairness(const Case& one) {
  print_heading("latency us of " + one.title,
                {"p50", "p99", "p99.9", "p50 added", "p99 added", "p99.9 add.", "flood/s"});
  for (const std::string& contestant : all_contestants()) {
    if (!one.has(contestant)) continue;
    const std::size_t parts = one.runs.at(contestant).front().at("parts").size();
    for (std::size_t part = 0; part < parts; ++part) {
      const std::string part_key = "parts/" + std::to_string(part) + "/";
      const double size =
          spread_in(one, contestant, part_key + "flood_size").value_or(Spread{}).median;
      print_title(contestant + (size > 0 ? ", flood " + rounded(size, 0) : ""));
      for (const char* const key : latency_keys) {
        print_median(in_microseconds(spread_in(one, contestant, part_key + key)), 1);
      }
      print_median(spread_in(one, contestant, part_key + "flood_messages_per_second"), 0);
      std::cout << "\n";
    }
  }
  std::cout << "\n";
}

void print_all(const Runs& runs) {
  const Case& first = runs.cases().front();
  const auto rounds_in = [](const Case& one) { return one.runs.begin()->second.size(); };
  const auto [least, greatest] =
      std::ranges::minmax(runs.cases() | std::views::transform(rounds_in));
  std::cout << "Medians of " << least << " to " << greatest
            << " rounds; ratio, min and max: of the runs of one round. Two figures in a column: of "
               "the floor and of the other.\n"
            << "Server and driver placed: " << first.parameters.value("placement", "anywhere")
            << ".\n\n";
  print_traffic(runs.of_group("traffic"));
  for (const Case* one : runs.of_group("latency")) print_latency_of(*one);
  for (const Case* one : runs.of_group("idle")) print_idle(*one);
  for (const Growth& growth : growths) print_growth(runs.of_group(growth.group), growth);
  print_drain(runs.of_group("drain"));
  print_burst(runs.of_group("drain"));
  for (const Case* one : runs.of_group("slow")) print_slow(*one);
  for (const Case* one : runs.of_group("fairness")) print_fairness(*one);
}

}  // namespace
}  // namespace lastword::bench

int main() {
  try {
    const lastword::bench::Runs runs = lastword::bench::Runs::read(std::cin);
    if (runs.cases().empty()) throw std::runtime_error("no runs");
    lastword::bench::print_all(runs);
  } catch (const std::exception& failure) {
    std::cerr << "lastword_compare_table: " << failure.what() << "\n";
    return 1;
  }
  return 0;
}
