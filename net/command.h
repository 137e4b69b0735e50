// One command of the program: its options, as CLI11 takes them, with our own words for errors.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "net/option_values.h"

namespace lastword {

class Command {
 public:
  // Takes the text, or says what is wrong with it; an empty answer says nothing.
  using Setter = std::function<std::string(const std::string&)>;

  static constexpr Duration positive = std::chrono::nanoseconds{1};
  static constexpr Duration any = Duration::zero();

  Command(CLI::App& app, const std::string& name, const std::string& help)
      : app_{*app.add_subcommand(name, help)} {}

  // It is the one that was called.
  [[nodiscard]] bool is_called() const { return app_.parsed(); }

  void add_flag(const std::string& name, bool& flag, const std::string& help) {
    app_.add_flag(name, flag, help);
  }

  // The last of a repeated option wins.
  void add(const std::string& name, const std::string& type, const std::string& help,
           const Setter& set) {
    const auto take = [name, set](const std::string& text) {
      const std::string error = set(text);
      if (!error.empty()) throw CLI::ValidationError{name, error};
    };
    app_.add_option_function<std::string>(name, take, help)
        ->type_name(type)
        ->take_last()
        ->trigger_on_parse(false);
  }

  // One that has to be there; without dashes, it is told by its place.
  void add_required(const std::string& name, const std::string& type, const std::string& help,
                    const Setter& set) {
    const auto take = [name, set](const std::string& text) {
      const std::string error = set(text);
      if (!error.empty()) throw CLI::ValidationError{name, error};
    };
    app_.add_option_function<std::string>(name, take, help)->type_name(type)->required();
  }

  // An option that may come several times, each adding to `values`.
  void add_each(const std::string& name, const std::string& type, const std::string& help,
                std::vector<std::string>& values, const Setter& check) {
    const auto take = [name, check, &values](const std::vector<std::string>& texts) {
      for (const std::string& text : texts) {
        const std::string error = check(text);
        if (!error.empty()) throw CLI::ValidationError{name, error};
        values.push_back(text);
      }
    };
    app_.add_option_function<std::vector<std::string>>(name, take, help)
        ->type_name(type)
        ->allow_extra_args(false);
  }

  void add_bytes(const std::string& name, const std::string& help, std::size_t& bytes) {
    add(name, "BYTES", help, [&bytes](const std::string& text) {
      const auto parsed = parse_bytes(text);
      if (!parsed) return parsed.error();
      if (*parsed == 0) return in_quotes(text) + " leaves room for nothing";
      bytes = *parsed;
      return std::string{};
    });
  }

  void add_duration(const std::string& name, const std::string& help, Duration& duration,
                    Duration duration_min) {
    add(name, "DURATION", help, [&duration, duration_min](const std::string& text) {
      const auto parsed = parse_duration(text);
      if (!parsed) return parsed.error();
      if (*parsed < duration_min) return in_quotes(text) + " is too short; it has to be above zero";
      duration = *parsed;
      return std::string{};
    });
  }

 private:
  CLI::App& app_;
};

}  // namespace lastword
