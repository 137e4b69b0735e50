#include "sim/case_file.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "core/check.h"

namespace lastword::sim {

namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";

// A line of text: what would end it, or could not be seen, becomes a blank.
std::string as_one_line(std::string_view text) {
  std::string line{text};
  std::replace_if(
      line.begin(), line.end(), [](char letter) { return letter >= '\0' && letter < ' '; }, ' ');
  return line;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    if (line.empty()) return words;
    const std::size_t end = std::min(line.find_first_of(blanks), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::optional<Site> find_site(std::string_view name) {
  for (std::size_t place = 0; place < site_count; ++place) {
    const Site site{static_cast<std::uint8_t>(place)};
    if (name_of(site) == name) return site;
  }
  return std::nullopt;
}

template <typename Number>
std::optional<Number> read_number(std::string_view word) {
  Number number{};
  const char* const end = word.data() + word.size();
  const auto [stopped_at, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc{} || stopped_at != end) return std::nullopt;
  return number;
}

using Read = std::expected<void, std::string>;

std::unexpected<std::string> malformed(std::string_view reason, std::string_view what = {}) {
  std::string message{reason};
  if (!what.empty()) message.append(": ").append(what);
  return std::unexpected{std::move(message)};
}

// Reads a file line by line; its messages don't know where they are.
class CaseReader {
 public:
  Read read(std::string_view line) {
    if (line.starts_with('#')) return read_note(line.substr(1));
    const std::vector<std::string_view> words = words_of(line);
    if (words.empty()) return {};
    if (words.front() == "scenario") return read_scenario(words);
    if (words.front() == "broke") return read_property(words);
    return read_choice(words);
  }

  // What is missing at the end is an error of the last line.
  std::expected<Case, std::string> finish() {
    if (case_.scenario.empty()) return malformed("a line \"scenario NAME\" is missing");
    case_.tape = Tape{std::move(choices_)};
    return std::move(case_);
  }

 private:
  Read read_note(std::string_view note) {
    if (has_note_) return malformed("a second note");
    has_note_ = true;
    if (note.starts_with(' ')) note.remove_prefix(1);
    case_.note = note;
    return {};
  }

  Read read_scenario(std::span<const std::string_view> words) {
    if (words.size() != 2) return malformed("expected \"scenario NAME\"");
    if (!case_.scenario.empty()) return malformed("a second scenario", words[1]);
    case_.scenario = words[1];
    return {};
  }

  Read read_property(std::span<const std::string_view> words) {
    if (words.size() != 2) return malformed("expected \"broke PROPERTY\"");
    if (case_.property) return malformed("a second property", words[1]);
    case_.property = find_property(words[1]);
    if (!case_.property) return malformed("unknown property", words[1]);
    return {};
  }

  Read read_choice(std::span<const std::string_view> words) {
    const std::optional<Site> site = find_site(words[0]);
    if (!site) return malformed("unknown site", words[0]);
    if (words.size() != 4) return malformed("expected \"SITE CHOOSER INDEX VALUE\"");
    const auto chooser = read_number<Chooser>(words[1]);
    if (!chooser) return malformed("the chooser is no number from 0 to 65535", words[1]);
    const auto index = read_number<std::uint32_t>(words[2]);
    if (!index) return malformed("the index is no number from 0 to 4294967295", words[2]);
    const auto value = read_number<std::uint32_t>(words[3]);
    if (!value || *value == 0) {
      return malformed("the value is no number from 1 to 4294967295", words[3]);
    }
    if (!places_.insert({*site, *chooser, *index}).second) {
      return malformed("a second value for one choice", words[3]);
    }
    choices_.push_back({.site = *site, .chooser = *chooser, .index = *index, .value = *value});
    return {};
  }

  Case case_;
  bool has_note_ = false;
  std::vector<Choice> choices_;
  std::set<std::tuple<Site, Chooser, std::uint32_t>> places_;
};

}  // namespace

std::string to_file(const Case& found) {
  LASTWORD_CHECK(words_of(found.scenario).size() == 1);
  LASTWORD_CHECK(found.scenario.find_first_of(blanks) == std::string::npos);
  std::string file;
  if (!found.note.empty()) file.append("# ").append(as_one_line(found.note)).append("\n");
  file.append("scenario ").append(found.scenario).append("\n");
  if (found.property) file.append("broke ").append(short_name(*found.property)).append("\n");
  for (const Choice& choice : found.tape.choices()) {
    file.append(name_of(choice.site));
    for (const std::uint32_t number : {std::uint32_t{choice.chooser}, choice.index, choice.value}) {
      file.append(" ").append(std::to_string(number));
    }
    file.append("\n");
  }
  return file;
}

std::expected<Case, std::string> parse_case(std::string_view text) {
  CaseReader reader;
  std::size_t number = 0;
  const auto at_line = [&](const std::string& message) {
    return std::unexpected{"line " + std::to_string(std::max<std::size_t>(number, 1)) + ": " +
                           message};
  };
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (const Read result = reader.read(text.substr(0, end)); !result) {
      return at_line(result.error());
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::expected<Case, std::string> result = reader.finish();
  if (!result) return at_line(result.error());
  return result;
}

}  // namespace lastword::sim
