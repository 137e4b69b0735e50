// Reads the load driver's lines of JSON, of the floor and of lastword in turn, and prints what they
// come to: medians, and the ratios of neighbouring runs; first for the line protocol, then for
// WebSocket, then what WebSocket adds.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using Json = nlohmann::json;

// What the project wants to reach: a delivery over WebSocket costs lastword at most so many times
// what it costs the floor. (Shown, never asserted.)
constexpr double websocket_ratio_max = 1.5;

// All runs of one case over one transport, in the order in which they were made.
struct Case {
  std::string transport;
  std::string title;
  std::vector<Json> floor;
  std::vector<Json> lastword;
};

std::string title_of(const Json& run) {
  const std::string mode = run.at("mode");
  if (mode == "idle") return std::to_string(run.at("connections").get<std::uint64_t>()) + " idle";
  const std::string window = ", window " + std::to_string(run.at("window").get<std::uint64_t>());
  const char* const size_key = mode == "pairs" ? "pairs" : mode == "room" ? "members" : "names";
  return mode + " of " + std::to_string(run.at(size_key).get<std::uint64_t>()) + window;
}

const Case* find_case(const std::vector<Case>& cases, const std::string& transport,
                      const std::string& title) {
  const auto is_it = [&](const Case& one) {
    return one.transport == transport && one.title == title;
  };
  const auto found = std::ranges::find_if(cases, is_it);
  return found == cases.end() ? nullptr : &*found;
}

Case& case_of(std::vector<Case>& cases, const Json& run) {
  const std::string transport = run.at("transport");
  const std::string title = title_of(run);
  const auto is_it = [&](const Case& one) {
    return one.transport == transport && one.title == title;
  };
  const auto found = std::ranges::find_if(cases, is_it);
  if (found != cases.end()) return *found;
  return cases.emplace_back(
      Case{.transport = transport, .title = title, .floor = {}, .lastword = {}});
}

std::vector<Case> read_cases(std::istream& input) {
  std::vector<Case> cases;
  for (std::string line; std::getline(input, line);) {
    Json run = Json::parse(line);
    if (!run.at("valid").get<bool>()) throw std::runtime_error("a failed run: " + line);
    Case& its_case = case_of(cases, run);
    const bool is_floor = run.at("server") == "floor";
    (is_floor ? its_case.floor : its_case.lastword).push_back(std::move(run));
  }
  for (const Case& one : cases) {
    if (one.floor.empty() || one.floor.size() != one.lastword.size()) {
      throw std::runtime_error(one.transport + ", " + one.title +
                               ": not as many runs of the one as of the other");
    }
  }
  return cases;
}

double median(std::vector<double> figures) {
  std::ranges::sort(figures);
  const std::size_t middle = figures.size() / 2;
  if (figures.size() % 2 == 1) return figures[middle];
  return (figures[middle - 1] + figures[middle]) / 2;
}

std::vector<double> figures_of(const std::vector<Json>& runs, const std::string& key) {
  std::vector<double> figures;
  figures.reserve(runs.size());
  for (const Json& run : runs) figures.push_back(run.at(key));
  return figures;
}

// The ratio of each run to that of the same round in base. Empty where base used nothing that could
// be measured, or has not as many runs.
std::vector<double> ratios_of(const std::vector<Json>& runs, const std::vector<Json>& base_runs,
                              const std::string& key) {
  std::vector<double> ratios = figures_of(runs, key);
  const std::vector<double> base = figures_of(base_runs, key);
  if (ratios.size() != base.size()) return {};
  if (std::ranges::any_of(base, [](double figure) { return figure <= 0; })) return {};
  for (std::size_t i = 0; i < ratios.size(); ++i) ratios[i] /= base[i];
  return ratios;
}

std::size_t count_driver_bound(const std::vector<Json>& runs) {
  const auto is_driver_bound = [](const Json& run) { return run.at("driver_bound").get<bool>(); };
  return static_cast<std::size_t>(std::ranges::count_if(runs, is_driver_bound));
}

// One row: a title, two medians, and median, least and greatest of the ratios.
struct Row {
  std::string title;
  double left = 0;
  double right = 0;
  std::vector<double> ratios;  // may be empty
};

void print_heading(const std::string& what, const char* left, const char* right) {
  std::cout << std::left << std::setw(30) << what << std::right << std::setw(12) << left
            << std::setw(12) << right << std::setw(9) << "ratio" << std::setw(9) << "min"
            << std::setw(9) << "max";
}

void print_row(const Row& row) {
  std::cout << std::left << std::setw(30) << row.title << std::right << std::fixed
            << std::setprecision(1) << std::setw(12) << row.left << std::setw(12) << row.right
            << std::setprecision(2);
  if (row.ratios.empty()) {
    std::cout << std::setw(9) << "-" << std::setw(9) << "-" << std::setw(9) << "-";
  } else {
    std::cout << std::setw(9) << median(row.ratios) << std::setw(9) << std::ranges::min(row.ratios)
              << std::setw(9) << std::ranges::max(row.ratios);
  }
}

Row row_of(const std::string& title, const Case& one, const std::string& key) {
  return {.title = title,
          .left = median(figures_of(one.floor, key)),
          .right = median(figures_of(one.lastword, key)),
          .ratios = ratios_of(one.lastword, one.floor, key)};
}

bool is_idle(const Case& one) { return one.floor.front().at("mode") == "idle"; }

const char* const cpu_key = "server_cpu_ns_per_delivery";

void print_traffic(const std::vector<Case>& cases, const std::string& transport) {
  const bool has_target = transport == "ws";
  print_heading("CPU ns per delivery, " + transport, "floor", "lastword");
  std::cout << std::setw(16) << "per read" << std::setw(15) << "driver-bound";
  if (has_target) std::cout << "   at most " << websocket_ratio_max;
  std::cout << "\n";
  for (const Case& one : cases) {
    if (one.transport != transport || is_idle(one)) continue;
    const Row row = row_of(one.title, one, cpu_key);
    print_row(row);
    const std::string per_read = "deliveries_per_read";
    std::cout << std::setprecision(1) << std::setw(9) << median(figures_of(one.floor, per_read))
              << std::setw(7) << median(figures_of(one.lastword, per_read)) << std::setw(9)
              << count_driver_bound(one.floor) << std::setw(6) << count_driver_bound(one.lastword);
    if (has_target && !row.ratios.empty()) {
      std::cout << (median(row.ratios) <= websocket_ratio_max ? "   met" : "   MISSED");
    }
    std::cout << "\n";
  }
  std::cout << "\n";
}

void print_idle(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    if (!is_idle(one)) continue;
    print_heading(one.title + ", " + one.transport, "floor", "lastword");
    std::cout << "\n";
    const auto seconds = one.floor.front().at("idle_seconds").get<std::uint64_t>();
    const std::string span = " in " + std::to_string(seconds) + " s";
    const std::vector<std::pair<std::string, std::string>> figures{
        {"anonymous bytes of each", "anonymous_bytes_per_connection"},
        {"private bytes of each", "private_bytes_per_connection"},
        {"CPU ns" + span, "idle_cpu_ns"},
        {"wake-ups" + span, "idle_wake_ups"}};
    for (const auto& [title, key] : figures) {
      print_row(row_of(title, one, key));
      std::cout << "\n";
    }
    std::cout << "\n";
  }
}

// The runs of one server in one round are no neighbours, but near.
void print_what_websocket_adds(const std::vector<Case>& cases, std::vector<Json> Case::* server,
                               const std::string& name) {
  print_heading("CPU ns per delivery, " + name, "lines", "ws");
  std::cout << "\n";
  for (const Case& one : cases) {
    if (one.transport != "ws" || is_idle(one)) continue;
    const Case* const lines = find_case(cases, "lines", one.title);
    if (lines == nullptr) continue;
    print_row({.title = one.title,
               .left = median(figures_of(lines->*server, cpu_key)),
               .right = median(figures_of(one.*server, cpu_key)),
               .ratios = ratios_of(one.*server, lines->*server, cpu_key)});
    std::cout << "\n";
  }
  std::cout << "\n";
}

bool has_transport(const std::vector<Case>& cases, const std::string& transport) {
  return std::ranges::find(cases, transport, &Case::transport) != cases.end();
}

}  // namespace

int main() {
  try {
    const std::vector<Case> cases = read_cases(std::cin);
    if (cases.empty()) throw std::runtime_error("no runs");
    const std::vector<Json>& first = cases.front().floor;
    std::cout << "Medians of " << first.size()
              << " rounds; ratio, min and max: right to left, of the runs of one round.\n"
              << "Server and driver placed: " << first.front().at("placement").get<std::string>()
              << ".\n\n";
    const bool has_lines = has_transport(cases, "lines");
    const bool has_websocket = has_transport(cases, "ws");
    if (has_lines) print_traffic(cases, "lines");
    if (has_websocket) print_traffic(cases, "ws");
    print_idle(cases);
    if (has_lines && has_websocket) {
      print_what_websocket_adds(cases, &Case::floor, "floor");
      print_what_websocket_adds(cases, &Case::lastword, "lastword");
    }
  } catch (const std::exception& failure) {
    std::cerr << "lastword_compare_table: " << failure.what() << "\n";
    return 1;
  }
  return 0;
}
