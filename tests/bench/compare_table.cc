// Reads the load driver's lines of JSON, of the floor and of lastword in turn, and prints what they
// come to: medians, and the ratios of neighbouring runs.

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

// All runs of one case, in the order in which they were made.
struct Case {
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

Case& case_titled(std::vector<Case>& cases, const std::string& title) {
  const auto found = std::ranges::find(cases, title, &Case::title);
  if (found != cases.end()) return *found;
  return cases.emplace_back(Case{.title = title, .floor = {}, .lastword = {}});
}

std::vector<Case> read_cases(std::istream& input) {
  std::vector<Case> cases;
  for (std::string line; std::getline(input, line);) {
    Json run = Json::parse(line);
    if (!run.at("valid").get<bool>()) throw std::runtime_error("a failed run: " + line);
    Case& its_case = case_titled(cases, title_of(run));
    const bool is_floor = run.at("server") == "floor";
    (is_floor ? its_case.floor : its_case.lastword).push_back(std::move(run));
  }
  for (const Case& one : cases) {
    if (one.floor.empty() || one.floor.size() != one.lastword.size()) {
      throw std::runtime_error(one.title + ": not as many runs of the one as of the other");
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
  for (const Json& run : runs) figures.push_back(run.at(key));
  return figures;
}

// The ratio of each run of lastword to the run of the floor right before it. Empty where the floor
// used nothing that could be measured.
std::vector<double> ratios_of(const Case& one, const std::string& key) {
  std::vector<double> ratios = figures_of(one.lastword, key);
  const std::vector<double> base = figures_of(one.floor, key);
  if (std::ranges::any_of(base, [](double figure) { return figure <= 0; })) return {};
  for (std::size_t i = 0; i < ratios.size(); ++i) ratios[i] /= base[i];
  return ratios;
}

std::size_t count_driver_bound(const std::vector<Json>& runs) {
  const auto is_driver_bound = [](const Json& run) { return run.at("driver_bound").get<bool>(); };
  return static_cast<std::size_t>(std::ranges::count_if(runs, is_driver_bound));
}

void print_heading(const std::string& what) {
  std::cout << std::left << std::setw(30) << what << std::right << std::setw(12) << "floor"
            << std::setw(12) << "lastword" << std::setw(9) << "ratio" << std::setw(9) << "min"
            << std::setw(9) << "max";
}

void print_figures(const std::string& title, const Case& one, const std::string& key) {
  std::cout << std::left << std::setw(30) << title << std::right << std::fixed
            << std::setprecision(1) << std::setw(12) << median(figures_of(one.floor, key))
            << std::setw(12) << median(figures_of(one.lastword, key)) << std::setprecision(2);
  const std::vector<double> ratios = ratios_of(one, key);
  if (ratios.empty()) {
    std::cout << std::setw(9) << "-" << std::setw(9) << "-" << std::setw(9) << "-";
  } else {
    std::cout << std::setw(9) << median(ratios) << std::setw(9) << std::ranges::min(ratios)
              << std::setw(9) << std::ranges::max(ratios);
  }
}

bool is_idle(const Case& one) { return one.floor.front().at("mode") == "idle"; }

void print_traffic(const std::vector<Case>& cases) {
  print_heading("CPU ns per delivery");
  std::cout << std::setw(16) << "per read" << std::setw(16) << "driver-bound\n";
  for (const Case& one : cases) {
    if (is_idle(one)) continue;
    print_figures(one.title, one, "server_cpu_ns_per_delivery");
    const std::string per_read = "deliveries_per_read";
    std::cout << std::setprecision(1) << std::setw(9) << median(figures_of(one.floor, per_read))
              << std::setw(7) << median(figures_of(one.lastword, per_read)) << std::setw(9)
              << count_driver_bound(one.floor) << std::setw(6) << count_driver_bound(one.lastword)
              << "\n";
  }
}

void print_idle(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    if (!is_idle(one)) continue;
    std::cout << "\n";
    print_heading(one.title + " connections");
    std::cout << "\n";
    print_figures("anonymous bytes of each", one, "anonymous_bytes_per_connection");
    std::cout << "\n";
    print_figures("private bytes of each", one, "private_bytes_per_connection");
    const auto seconds = one.floor.front().at("idle_seconds").get<std::uint64_t>();
    const std::string span = " in " + std::to_string(seconds) + " s";
    std::cout << "\n";
    print_figures("CPU ns" + span, one, "idle_cpu_ns");
    std::cout << "\n";
    print_figures("wake-ups" + span, one, "idle_wake_ups");
    std::cout << "\n";
  }
}

}  // namespace

int main() {
  try {
    const std::vector<Case> cases = read_cases(std::cin);
    if (cases.empty()) throw std::runtime_error("no runs");
    const std::vector<Json>& first = cases.front().floor;
    std::cout << "Medians of " << first.size()
              << " rounds; ratio, min and max: lastword to floor, of neighbouring runs.\n"
              << "Server and driver placed: " << first.front().at("placement").get<std::string>()
              << ".\n\n";
    print_traffic(cases);
    print_idle(cases);
  } catch (const std::exception& failure) {
    std::cerr << "lastword_compare_table: " << failure.what() << "\n";
    return 1;
  }
  return 0;
}
