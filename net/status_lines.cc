#include "net/status_lines.h"

#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <ctime>

#include "net/terminal_text.h"

namespace lastword {

namespace {

// ECMA-48, section 8.3.117 (SGR).
std::string_view colour_of(Gravity gravity) {
  switch (gravity) {
    case Gravity::progress:
      return "\x1b[2m";
    case Gravity::warning:
      return "\x1b[33m";
    case Gravity::error:
      return "\x1b[31m";
  }
  return "";
}
constexpr std::string_view no_colour = "\x1b[0m";

std::string local_time(std::chrono::system_clock::time_point time, bool has_date) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time - seconds).count();
  const std::time_t since_1970 = std::chrono::system_clock::to_time_t(seconds);
  std::tm local{};
  ::localtime_r(&since_1970, &local);
  std::array<char, 64> buffer{};
  std::string date{buffer.data(), std::strftime(buffer.data(), buffer.size(), "%FT", &local)};
  std::string clock{buffer.data(), std::strftime(buffer.data(), buffer.size(), "%T", &local)};
  std::string zone{buffer.data(), std::strftime(buffer.data(), buffer.size(), "%z", &local)};
  clock += std::to_string(1000 + milliseconds).replace(0, 1, ".");
  return has_date ? date + clock + zone : clock;
}

bool is_same_terminal(int left, int right) {
  struct stat left_status{};
  struct stat right_status{};
  return ::isatty(left) != 0 && ::isatty(right) != 0 && ::fstat(left, &left_status) == 0 &&
         ::fstat(right, &right_status) == 0 && left_status.st_rdev == right_status.st_rdev;
}

}  // namespace

std::string status_line(Gravity gravity, std::string_view text,
                        std::chrono::system_clock::time_point time, StatusStyle style) {
  std::string line = local_time(time, style.has_date) + " " + shown_harmlessly(text);
  if (!style.has_colours) return line;
  return std::string{colour_of(gravity)} + line + std::string{no_colour};
}

bool wants_colours(bool is_terminal, const ColourEnvironment& environment) {
  const std::string_view no_color = environment.no_color == nullptr ? "" : environment.no_color;
  const std::string_view term = environment.term == nullptr ? "" : environment.term;
  return is_terminal && no_color.empty() && !term.empty() && term != "dumb";
}

StatusLines::StatusLines(const Options& options)
    : options_{options}, standard_error_{options.descriptor} {
  const bool is_terminal = ::isatty(options.descriptor) != 0;
  style_.has_date = !is_terminal;
  style_.has_colours = wants_colours(
      is_terminal, {.no_color = std::getenv("NO_COLOR"), .term = std::getenv("TERM")});
}

void StatusLines::use(Prompt* prompt, int terminal) {
  prompt_ = is_same_terminal(options_.descriptor, terminal) ? prompt : nullptr;
}

void StatusLines::write(Gravity gravity, std::string_view text) {
  if (options_.is_quiet && gravity != Gravity::error) return;
  const std::string line = status_line(gravity, text, std::chrono::system_clock::now(), style_);
  if (prompt_ != nullptr) return prompt_->print_above_as_is(line);
  standard_error_.write(line + "\n");
}

}  // namespace lastword
