#include "sim/crowd_report.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

#include "sim/display_text.h"
#include "sim/readable.h"

namespace lastword::sim {

namespace {

std::size_t second_of(Duration at) {
  return static_cast<std::size_t>(at / Duration{std::chrono::seconds{1}});
}

std::string seconds_text(Duration span) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
  std::string text = std::to_string(milliseconds / 1000) + ".";
  const std::string decimals = std::to_string(milliseconds % 1000);
  text.append(3 - decimals.size(), '0').append(decimals);
  return text + " s";
}

// With one decimal.
std::string ratio_text(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "0.0";
  const std::uint64_t tenths = (part * 10 + whole / 2) / whole;
  return grouped(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string tell_table(const CrowdResult& result) {
  std::vector<std::vector<std::string>> rows{
      {"second", "attempts", "refused", "logins", "online at its end"}};
  const std::vector<CrowdSecond> seconds = seconds_of(result);
  for (std::size_t place = 0; place < seconds.size(); ++place) {
    const CrowdSecond& second = seconds[place];
    rows.push_back({std::to_string(place), grouped(second.attempts), grouped(second.refused),
                    grouped(second.logins), grouped(second.online)});
  }
  return aligned(rows, 0);
}

std::string tell_times(const CrowdPlan& plan, const CrowdResult& result) {
  std::string text = plan.is_killed ? "SIGKILL" : "SIGTERM";
  text += " at 0 s";
  if (result.exited_at) text += ", the end of the process at " + seconds_text(*result.exited_at);
  if (result.started_at) text += ", the new one at " + seconds_text(*result.started_at);
  return text + "\n";
}

std::string tell_busiest(const CrowdPlan& plan, const CrowdResult& result) {
  std::string text;
  for (const CrowdResult::Busiest& busiest : result.busiest) {
    text += "most attempts within " + seconds_text(busiest.window) + ": " +
            grouped(busiest.attempts) + ", from " + seconds_text(busiest.from) +
            " on; the bound is " + grouped(attempts_max_for(plan, busiest.window)) + "\n";
  }
  return text + "(the bound: 2 x " + grouped(plan.clients) + " in " +
         seconds_text(first_ceiling(plan)) + ", which is the ceiling of the first delay)\n";
}

std::string tell_return(const CrowdPlan& plan, const CrowdResult& result) {
  if (!result.started_at) return "back after the new start: nobody\n";
  std::string text = "back after the new start:";
  constexpr std::array<std::pair<std::uint64_t, const char*>, 3> parts{
      {{50, " 50 % "}, {99, ", 99 % "}, {100, ", all "}}};
  for (const auto& [percent, words] : parts) {
    const auto at = back_at(result, part_of(plan.clients, percent));
    text += words;
    text += at ? "within " + seconds_text(*at - *result.started_at) : "never";
  }
  return text + "; the bound is " + seconds_text(all_back_within) + "\n";
}

std::string tell_fates(const CrowdResult& result) {
  std::string text = "what became of them:";
  for (std::size_t place = 0; place < result.fates.size(); ++place) {
    const auto state = static_cast<client::State>(place);
    const bool is_worth_a_word =
        result.fates[place] > 0 || state == client::State::online || state == client::State::gone;
    if (!is_worth_a_word) continue;
    if (!text.ends_with(':')) text += ",";
    text += " " + grouped(result.fates[place]) + " " + std::string{word_for(state)};
  }
  return text + "\n";
}

std::string tell_idle(const CrowdResult& result) {
  std::vector<std::vector<std::string>> rows{
      {"idle for a minute", "turns", "at most", "vain wake-ups", "at most"}};
  constexpr std::array<std::pair<Transport, const char*>, 2> transports{
      {{Transport::lines, "a client over TCP"}, {Transport::websocket, "a client over WebSocket"}}};
  for (const auto& [transport, words] : transports) {
    const CrowdResult::Idle& idle = result.idle_of(transport);
    rows.push_back({words, ratio_text(idle.turns, idle.clients), grouped(idle.turns_max),
                    ratio_text(idle.vain_wakeups, idle.clients), grouped(idle.vain_wakeups_max)});
  }
  rows.push_back({"the bounds", "", grouped(idle_turns_max), "", grouped(idle_vain_wakeups_max)});
  return aligned(rows, 1) +
         "the server in this minute: " + ratio_text(result.idle_facts, result.online_before()) +
         " facts per client\n";
}

}  // namespace

std::vector<CrowdSecond> seconds_of(const CrowdResult& result) {
  Duration end{};
  if (!result.attempts.empty()) end = result.attempts.back().at;
  if (!result.logins.empty()) end = std::max(end, result.logins.back());
  std::vector<CrowdSecond> seconds(second_of(end) + 1);
  for (const CrowdResult::Attempt& attempt : result.attempts) {
    CrowdSecond& second = seconds[second_of(attempt.at)];
    ++second.attempts;
    if (attempt.is_refused) ++second.refused;
  }
  for (const Duration at : result.logins) ++seconds[second_of(at)].logins;
  auto online = result.online.begin();
  std::uint32_t count = 0;
  for (std::size_t place = 0; place < seconds.size(); ++place) {
    for (; online != result.online.end() && second_of(online->at) <= place; ++online) {
      count = online->count;
    }
    seconds[place].online = count;
  }
  return seconds;
}

std::string tell_crowd(const CrowdPlan& plan, const CrowdResult& result) {
  return counted(plan.clients, "client", "clients") + ", every second one by WebSocket; seed " +
         std::to_string(plan.seed) + "\n\n" + tell_table(result) + "\n" + tell_times(plan, result) +
         tell_busiest(plan, result) + tell_return(plan, result) + tell_fates(result) +
         tell_idle(result) + grouped(result.steps) + " steps, " +
         span_text(result.simulated).both() + " simulated\n";
}

}  // namespace lastword::sim
