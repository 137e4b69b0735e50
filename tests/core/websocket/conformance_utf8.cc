// Category 6: text is UTF-8, however it is cut, and is refused as soon as it is not.
//
// The sequences are those of Markus Kuhn's "UTF-8 decoder capability and stress test".
#include "tests/core/websocket/conformance.h"

namespace lastword::test::conformance {

namespace {

constexpr std::string_view cosmos = "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5";
constexpr std::string_view edited = "edited";
constexpr std::string_view surrogate = "\xED\xA0\x80";
constexpr std::string_view beyond_unicode = "\xF4\x90\x80\x80";

std::string part(unsigned opcode, std::string_view payload, bool is_final) {
  return bytes_of({.opcode = opcode, .payload = std::string{payload}, .is_final = is_final});
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char byte : bytes.substr(0, 16)) {
    const auto value = static_cast<unsigned char>(byte);
    out.append({digits[value >> 4U], digits[value & 0xFU]});
  }
  return bytes.size() > 16 ? out + "..." : out;
}

// The bad byte is in the second of three parts: that one ends it, and the third is not waited for.
// The connection stays open as long as only the first is there.
Play fails_at_second(std::vector<std::string> parts) {
  return [parts = std::move(parts)](World& world) {
    world.send(parts.at(0));
    world.expect_nothing();
    world.advance(std::chrono::seconds{1});
    world.expect_nothing();
    world.send(parts.at(1));
    world.expect_close(1007);
    world.expect_fin();
    world.send(parts.at(2));
  };
}

std::vector<std::string> as_frames(std::string_view first, std::string_view second,
                                   std::string_view third) {
  return {part(1, to_me(first), false), part(0, second, false), part(0, third, true)};
}

// One frame, cut within its payload.
std::vector<std::string> as_chops(std::string_view first, std::string_view second,
                                  std::string_view third) {
  const std::string whole = say(std::string{first}.append(second).append(third));
  const std::size_t begin = whole.size() - third.size() - second.size();
  return {whole.substr(0, begin), whole.substr(begin, second.size()),
          whole.substr(begin + second.size())};
}

struct Group {
  std::string about{};
  bool is_valid = false;
  std::vector<std::string> texts{};
};

std::string range(int first, int last, std::string_view behind_each = {}) {
  std::string out;
  for (int byte = first; byte <= last; ++byte) {
    out.push_back(static_cast<char>(byte));
    out.append(behind_each);
  }
  return out;
}

// U+FFFE and U+FFFF, and the last two of each plane above.
std::vector<std::string> noncharacters() {
  std::vector<std::string> out{"\xEF\xBF\xBE", "\xEF\xBF\xBF"};
  for (unsigned plane = 1; plane <= 16; ++plane) {
    for (const unsigned last : {0xBEU, 0xBFU}) {
      const unsigned code = (plane << 16U) | 0xFFC0U | (last & 0x3FU);
      const auto byte = [](unsigned value) { return static_cast<char>(value); };
      out.push_back({byte(0xF0U | (code >> 18U)), byte(0x80U | ((code >> 12U) & 0x3FU)),
                     byte(0x80U | ((code >> 6U) & 0x3FU)), byte(0x80U | (code & 0x3FU))});
    }
  }
  return out;
}

// 6.5 and on, where every text of a group is valid, or none is; the two mixed ones are below.
std::vector<Group> groups() {
  const std::vector<std::string> first_missing{"\xC0", "\xE0\x80", "\xF0\x80\x80",
                                               "\xF8\x80\x80\x80", "\xFC\x80\x80\x80\x80"};
  const std::vector<std::string> last_missing{"\xDF", "\xEF\xBF", "\xF7\xBF\xBF",
                                              "\xFB\xBF\xBF\xBF", "\xFD\xBF\xBF\xBF\xBF"};
  std::vector<std::string> missing = first_missing;
  missing.insert(missing.end(), last_missing.begin(), last_missing.end());
  std::string all_missing;
  for (const std::string& each : missing) all_missing.append(each);
  return {
      {"some valid text",
       true,
       {"hello$world", "hello\xC2\xA2world", "hello\xE2\x82\xACworld", "hello\xF0\xA4\xAD\xA2world",
        std::string{cosmos}}},
      {"a prefix of a valid text", true, {}},  // mixed
      {"the first sequence of its length",
       true,
       {"\x00"s, "\xC2\x80", "\xE0\xA0\x80", "\xF0\x90\x80\x80"}},
      {"the first sequence of five or six bytes",
       false,
       {"\xF8\x88\x80\x80\x80", "\xFC\x84\x80\x80\x80\x80"}},
      {"the last sequence of its length",
       true,
       {"\x7F", "\xDF\xBF", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"}},
      {"the last sequence of four to six bytes",
       false,
       {"\xF7\xBF\xBF\xBF", "\xFB\xBF\xBF\xBF\xBF", "\xFD\xBF\xBF\xBF\xBF\xBF"}},
      {"at a boundary", true, {}},  // mixed
      {"continuation bytes by themselves",
       false,
       {"\x80", "\xBF", "\x80\xBF", "\x80\xBF\x80", "\x80\xBF\x80\xBF", "\x80\xBF\x80\xBF\x80",
        "\x80\xBF\x80\xBF\x80\xBF", range(0x80, 0xBE)}},
      {"lonely first bytes",
       false,
       {range(0xC0, 0xDE, " "), range(0xE0, 0xEE, " "), range(0xF0, 0xF6, " "),
        range(0xF8, 0xFA, " "), range(0xFC, 0xFC, " ")}},
      {"a sequence without its last byte", false, missing},
      {"such sequences in a row", false, {all_missing}},
      {"impossible bytes", false, {"\xFE", "\xFF", "\xFE\xFE\xFF\xFF"}},
      {"an overlong slash",
       false,
       {"\xC0\xAF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xF8\x80\x80\x80\xAF",
        "\xFC\x80\x80\x80\x80\xAF"}},
      {"the largest overlong sequence",
       false,
       {"\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF8\x87\xBF\xBF\xBF",
        "\xFC\x83\xBF\xBF\xBF\xBF"}},
      {"an overlong NUL",
       false,
       {"\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xF8\x80\x80\x80\x80",
        "\xFC\x80\x80\x80\x80\x80"}},
      {"a single surrogate",
       false,
       {"\xED\xA0\x80", "\xED\xAD\xBF", "\xED\xAE\x80", "\xED\xAF\xBF", "\xED\xB0\x80",
        "\xED\xBE\x80", "\xED\xBF\xBF"}},
      {"paired surrogates",
       false,
       {"\xED\xA0\x80\xED\xB0\x80", "\xED\xA0\x80\xED\xBF\xBF", "\xED\xAD\xBF\xED\xB0\x80",
        "\xED\xAD\xBF\xED\xBF\xBF", "\xED\xAE\x80\xED\xB0\x80", "\xED\xAE\x80\xED\xBF\xBF",
        "\xED\xAF\xBF\xED\xB0\x80", "\xED\xAF\xBF\xED\xBF\xBF"}},
      {"a code point that is no character", true, noncharacters()},
      {"one of Unicode's specials",
       true,
       {"\xEF\xBF\xB9", "\xEF\xBF\xBA", "\xEF\xBF\xBB", "\xEF\xBF\xBC", "\xEF\xBF\xBD",
        "\xEF\xBF\xBE", "\xEF\xBF\xBF"}},
  };
}

Case text_case(const std::string& number, const std::string& about, std::string_view text,
               bool is_valid) {
  return {number,
          about + " (" + hex(text) + ") " + (is_valid ? "comes back." : "is refused with 1007."),
          is_valid ? exchange(say(text), {heard(text)}) : failing(say(text), {}, 1007)};
}

void add_groups(std::vector<Case>& cases) {
  std::size_t group_number = 5;
  for (const Group& group : groups()) {
    const std::string prefix = "6." + std::to_string(group_number) + ".";
    std::size_t number = 1;
    for (const std::string& text : group.texts) {
      cases.push_back(text_case(prefix + std::to_string(number++), "Text: " + group.about, text,
                                group.is_valid));
    }
    if (group_number == 6) {
      for (std::size_t size = 1; size <= cosmos.size(); ++size) {
        const bool is_valid = size == 2 || size == 5 || size == 7 || size == 9 || size == 11;
        cases.push_back(text_case(prefix + std::to_string(size), "Text: " + group.about,
                                  cosmos.substr(0, size), is_valid));
      }
    }
    if (group_number == 11) {
      for (const std::string_view text :
           {"\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF"}) {
        cases.push_back(
            text_case(prefix + std::to_string(number++), "Text: " + group.about, text, true));
      }
      cases.push_back(text_case(prefix + std::to_string(number), "Text: behind the boundary",
                                beyond_unicode, false));
    }
    ++group_number;
  }
}

}  // namespace

Category utf8() {
  const std::string umlauts =
      "Hello-\xC2\xB5@\xC3\x9F\xC3\xB6\xC3\xA4\xC3\xBC\xC3\xA0\xC3\xA1-UTF-8!!";
  constexpr std::size_t between = 13;  // two code points of it
  const std::string bad = std::string{cosmos}.append(surrogate).append(edited);
  const std::string cut_first = std::string{cosmos} + "\xF4";
  const std::string cut_third = std::string{"\x80\x80"}.append(edited);

  Category category{
      .name = "6",
      .title = "UTF-8",
      .cases = {
          {"6.1.1", "An empty text is an empty line: nothing comes back, and it stays open.",
           exchange(text_frame(""), {})},
          {"6.1.2", "A text in three fragments, all of them empty, is the same.",
           exchange(part(1, "", false) + part(0, "", false) + part(0, "", true), {})},
          {"6.1.3", "A text in three fragments, the first and the last of them empty, comes back.",
           exchange(part(1, "", false) + part(0, to_me("middle frame payload"), false) +
                        part(0, "", true),
                    {heard("middle frame payload")})},
          {"6.2.1", "A valid text in one frame comes back.",
           exchange(say(umlauts), {heard(umlauts)})},
          {"6.2.2", "A valid text in two fragments, cut between code points, comes back.",
           exchange(part(1, to_me(umlauts.substr(0, between)), false) +
                        part(0, umlauts.substr(between), true),
                    {heard(umlauts)})},
          {"6.2.3", "A valid text in fragments of one byte each comes back.",
           exchange(fragments(Opcode::text, to_me(umlauts), 1), {heard(umlauts)})},
          {"6.2.4",
           "A text of code points of two and three bytes, in fragments of one byte each, "
           "comes back.",
           exchange(fragments(Opcode::text, to_me(cosmos), 1), {heard(cosmos)})},
          {"6.3.1", "A text with a surrogate in it, in one frame, is refused with 1007.",
           failing(say(bad), {}, 1007)},
          {"6.3.2", "The same in fragments of one byte each.",
           failing(fragments(Opcode::text, to_me(bad), 1), {}, 1007)},
          {"6.4.1",
           "Three fragments with a code point beyond Unicode in the second: refused at "
           "that one.",
           fails_at_second(as_frames(cosmos, beyond_unicode, edited))},
          {"6.4.2", "The same, the fragments cut within the code point, before its first bad byte.",
           fails_at_second(as_frames(cut_first, "\x90", cut_third))},
          {"6.4.3", "One frame in three chops, with the code point in the second.",
           fails_at_second(as_chops(cosmos, beyond_unicode, edited))},
          {"6.4.4", "The same, cut within the code point, before its first bad byte.",
           fails_at_second(as_chops(cut_first, "\x90", cut_third))},
      }};
  add_groups(category.cases);
  return category;
}

}  // namespace lastword::test::conformance
