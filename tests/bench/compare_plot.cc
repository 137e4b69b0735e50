// lastword_compare_plot FOLDER: reads what compare.sh has gathered and draws it, an SVG file for
// each question, into a folder that must exist. What was not measured is not drawn.

#include <array>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "compare_runs.h"
#include "svg_chart.h"

namespace lastword::bench {
namespace {

constexpr const char* cpu_key = "server_cpu_ns_per_delivery";
constexpr double microsecond_ns = 1000;

Series series_of(const std::string& contestant) {
  static const std::map<std::string, std::string> colors{
      {"floor lines", "#8c8c8c"}, {"lastword lines", "#1f5fa8"}, {"floor ws", "#b5b5b5"},
      {"lastword ws", "#56a0dc"}, {"nats", "#2f8f46"},           {"redis", "#c85a17"}};
  return {
      .name = contestant, .color = colors.at(contestant), .is_dashed = contestant.ends_with(" ws")};
}

std::optional<Mark> mark_of(const std::optional<Spread>& spread) {
  if (!spread) return std::nullopt;
  return Mark{.middle = spread->median, .least = spread->least, .greatest = spread->greatest};
}

// "Medians of 5 rounds, with the least and the greatest."
std::string rounds_of(const Case& one) {
  const std::size_t rounds = one.runs.begin()->second.size();
  if (rounds == 1) return "One round.";
  return "Medians of " + std::to_string(rounds) + " rounds, with the least and the greatest.";
}

class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}

  void write(const std::string& name, const std::string& svg) const {
    const std::string path = path_ + "/" + name + ".svg";
    std::ofstream file(path);
    file << svg << std::flush;
    if (!file) throw std::runtime_error("can't write " + path);
    std::cerr << "lastword_compare_plot: " << path << "\n";
  }

 private:
  std::string path_;
};

void draw_ratios(const Folder& folder, const std::vector<const Case*>& cases) {
  if (cases.empty()) return;
  BarChart chart{.title = "What a delivered message costs, beside the floor",
                 .subtitle = "CPU of the server per delivery. " + rounds_of(*cases.front()) +
                             " Peers: beside the floor with lines.",
                 .unit = "ratio to the floor (1 = a bare epoll loop)",
                 .series = {},
                 .groups = {}};
  std::vector<std::string> contestants;
  for (const std::string& contestant : all_contestants()) {
    if (contestant.starts_with("floor")) continue;
    contestants.push_back(contestant);
    chart.series.push_back(series_of(contestant));
  }
  for (const Case* one : cases) {
    BarChart::Group group{.label = one->title, .marks = {}, .target = cpu_ratio_max(*one)};
    for (const std::string& contestant : contestants) {
      group.marks.push_back(mark_of(ratio_to_floor(*one, contestant, cpu_key)));
    }
    chart.groups.push_back(group);
  }
  folder.write("ratios", svg_of(chart));
}

// What is drawn over what, out of which group.
struct Growth {
  const char* group;
  const char* title;
  const char* key;
  const char* x_key;
  const char* x_unit;
  const char* y_unit;
  bool is_y_logarithmic = false;
  std::optional<double> limit{};
  const char* limit_name = "";
};

void draw_growth(const Folder& folder, const std::string& name,
                 const std::vector<const Case*>& cases, const Growth& growth) {
  if (cases.size() < 2) return;
  CurveChart chart{.title = growth.title,
                   .subtitle = rounds_of(*cases.front()),
                   .x_unit = growth.x_unit,
                   .y_unit = growth.y_unit,
                   .curves = {},
                   .is_y_logarithmic = growth.is_y_logarithmic,
                   .limit = growth.limit,
                   .limit_name = growth.limit_name};
  for (const std::string& contestant : all_contestants()) {
    CurveChart::Curve curve{.series = series_of(contestant), .points = {}};
    for (const Case* one : cases) {
      const std::optional<Mark> mark = mark_of(spread_in(*one, contestant, growth.key));
      // A memory that did not grow can't be shown where the axis is logarithmic.
      if (!mark || (growth.is_y_logarithmic && mark->least <= 0)) continue;
      curve.points.push_back({.x = one->parameters.at(growth.x_key).get<double>(), .y = *mark});
    }
    if (!curve.points.empty()) chart.curves.push_back(curve);
  }
  if (!chart.curves.empty()) folder.write(name, svg_of(chart));
}

constexpr std::array<const char*, 3> quantiles{"p50", "p99", "p999"};
const std::vector<std::string> quantile_names{"p50", "p99", "p99.9"};

// Empty where one of them was not measured.
std::vector<double> latencies_us(const Case& one, const std::string& contestant,
                                 const std::string& start) {
  std::vector<double> latencies;
  for (const char* const quantile : quantiles) {
    const auto spread = spread_in(one, contestant, start + "latency_ns_" + quantile);
    if (!spread || spread->median <= 0) return {};
    latencies.push_back(spread->median / microsecond_ns);
  }
  return latencies;
}

void draw_latency(const Folder& folder, const std::vector<const Case*>& cases) {
  if (cases.empty()) return;
  const Case& one = *cases.front();
  PercentileChart chart{.title = "Latency: " + one.title,
                        .subtitle =
                            "From the intended moment of sending to the arrival. Medians "
                            "of the rounds' percentiles.",
                        .unit = "microseconds",
                        .percentiles = quantile_names,
                        .rows = {}};
  for (const std::string& contestant : all_contestants()) {
    const std::vector<double> figures = latencies_us(one, contestant, "");
    if (figures.empty()) continue;
    chart.rows.push_back(
        {.label = contestant, .color = series_of(contestant).color, .figures = figures});
  }
  if (!chart.rows.empty()) folder.write("latency", svg_of(chart));
}

std::string label_of(const std::string& contestant, const std::string& what) {
  return contestant + ", " + what;
}

void draw_fairness(const Folder& folder, const std::vector<const Case*>& cases) {
  if (cases.empty()) return;
  const Case& one = *cases.front();
  PercentileChart chart{.title = "Latency of the others, without and with one who floods",
                        .subtitle = one.title +
                                    " together; the flood: one sender at full speed to one "
                                    "receiver, by the size of its lines.",
                        .unit = "microseconds",
                        .percentiles = quantile_names,
                        .rows = {}};
  for (const std::string& contestant : all_contestants()) {
    if (!one.has(contestant)) continue;
    const std::size_t parts = one.runs.at(contestant).front().at("parts").size();
    for (std::size_t part = 0; part < parts; ++part) {
      const std::string start = "parts/" + std::to_string(part) + "/";
      const std::vector<double> figures = latencies_us(one, contestant, start);
      if (figures.empty()) continue;
      const auto size =
          one.runs.at(contestant).front().at("parts").at(part).at("flood_size").get<std::size_t>();
      const std::string flood = size == 0 ? "alone" : std::to_string(size) + " B flood";
      chart.rows.push_back({.label = label_of(contestant, flood),
                            .color = series_of(contestant).color,
                            .figures = figures,
                            .begins_a_group = part == 0});
    }
  }
  if (!chart.rows.empty()) folder.write("fairness", svg_of(chart));
}

void draw_all(const Folder& folder, const Runs& runs) {
  draw_ratios(folder, runs.of_group("traffic"));
  draw_latency(folder, runs.of_group("latency"));
  draw_growth(folder, "growth_connections", runs.of_group("connections"),
              {.group = "connections",
               .title = "Cost of a delivery, by connections that talk",
               .key = cpu_key,
               .x_key = "connections",
               .x_unit = "connections (half of them send, the others receive)",
               .y_unit = "CPU ns of the server per delivery"});
  draw_growth(folder, "growth_silent", runs.of_group("silent"),
              {.group = "silent",
               .title = "Cost of a delivery, by connections that say nothing",
               .key = cpu_key,
               .x_key = "connections",
               .x_unit = "connections, of which 100 talk",
               .y_unit = "CPU ns of the server per delivery"});
  draw_growth(folder, "growth_rooms", runs.of_group("rooms"),
              {.group = "rooms",
               .title = "Cost of a delivery, by rooms",
               .key = cpu_key,
               .x_key = "rooms",
               .x_unit = "rooms of 10 members, one of whom sends",
               .y_unit = "CPU ns of the server per delivery"});
  draw_growth(folder, "growth_sizes", runs.of_group("sizes"),
              {.group = "sizes",
               .title = "Cost of a delivery, by its size",
               .key = cpu_key,
               .x_key = "size",
               .x_unit = "bytes of a delivered line",
               .y_unit = "CPU ns of the server per delivery",
               .is_y_logarithmic = true});
  draw_growth(folder, "idle_memory", runs.of_group("idle"),
              {.group = "idle",
               .title = "User memory of an idle connection",
               .key = "anonymous_bytes_per_connection",
               .x_key = "connections",
               .x_unit = "idle connections",
               .y_unit = "bytes for each (anonymous pages)",
               .is_y_logarithmic = true,
               .limit = idle_bytes_max,
               .limit_name = "target: at most 512 bytes"});
  draw_growth(folder, "logins", runs.of_group("idle"),
              {.group = "idle",
               .title = "Cost of a login, by connections",
               .key = "login_cpu_ns_per_connection",
               .x_key = "connections",
               .x_unit = "connections that log in, one after the other",
               .y_unit = "CPU ns of the server per login"});
  draw_fairness(folder, runs.of_group("fairness"));
}

}  // namespace
}  // namespace lastword::bench

int main(int argument_count, char** arguments) {
  const std::span<char*> words(arguments, static_cast<std::size_t>(argument_count));
  try {
    if (words.size() != 2) throw std::runtime_error("one argument: the folder");
    const lastword::bench::Runs runs = lastword::bench::Runs::read(std::cin);
    lastword::bench::draw_all(lastword::bench::Folder(words[1]), runs);
  } catch (const std::exception& failure) {
    std::cerr << "lastword_compare_plot: " << failure.what() << "\n";
    return 1;
  }
  return 0;
}
