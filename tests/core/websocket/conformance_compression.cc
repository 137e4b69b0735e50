// Categories 12 and 13: permessage-deflate, by what the messages are made of and by what the client
// offers.
//
// The suite sends 1000 messages in each case. Here it is 1000 up to 256 bytes, and above that as
// many as make 256 KiB, at least 4; each when the last one is back, as there. The suite's files are
// not here: what stands in for them is made up, alike in how far it can be compressed.
#include <algorithm>
#include <array>

#include "tests/core/websocket/conformance.h"

namespace lastword::test::conformance {

namespace {

// What clients offer if nobody asks for more.
constexpr std::string_view usual_offer =
    "permessage-deflate; client_no_context_takeover; client_max_window_bits";

constexpr std::size_t content_size = 200'000;

// Numbers as good as random, the same everywhere.
class Numbers {
 public:
  std::uint32_t next(std::uint32_t below) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>(state_ >> 33U) % below;
  }

 private:
  std::uint64_t state_ = 2229;
};

constexpr std::array<std::string_view, 16> words{"das",
                                                 "letzte",
                                                 "Wort",
                                                 "\xFC"
                                                 "ber",
                                                 "hat",
                                                 "gern",
                                                 "der",
                                                 "Server",
                                                 "wenn",
                                                 "niemand",
                                                 "Leitung",
                                                 "h\xF6rt",
                                                 "und",
                                                 "geht",
                                                 "verloren",
                                                 "nie"};

std::string json() {
  Numbers numbers;
  std::string out;
  while (out.size() < content_size) {
    out.append(R"({"id":)").append(std::to_string(numbers.next(1'000'000)));
    out.append(R"(,"name":")").append(words[numbers.next(3)]);
    out.append(R"(","tags":["red","green"],"at":)");
    out.append(std::to_string(numbers.next(1000))).append(".25},");
  }
  return out;
}

// Rows of grey that go over into each other, with a little noise: hardly smaller than it was.
std::string picture() {
  Numbers numbers;
  std::string out;
  while (out.size() < content_size) {
    const std::size_t grey = (out.size() / 512) % 100 + 100 + numbers.next(40);
    out.push_back(static_cast<char>(static_cast<unsigned char>(grey)));
  }
  return out;
}

// German in Latin-1, which is not UTF-8.
std::string prose() {
  Numbers numbers;
  std::string out;
  while (out.size() < content_size) {
    out.append(words[numbers.next(words.size())]);
    out.append(numbers.next(8) == 0 ? ". " : " ");
  }
  return out;
}

// A document: words between stretches of what is compressed already.
std::string document() {
  Numbers numbers;
  std::string out;
  while (out.size() < content_size) {
    out.append("<< /Type /Page /Length ").append(std::to_string(numbers.next(9999)));
    out.append(" >> stream ");
    for (std::uint32_t left = numbers.next(400); left > 0; --left) {
      out.push_back(static_cast<char>(static_cast<unsigned char>(numbers.next(256))));
    }
    out.append(" endstream endobj ");
  }
  return out;
}

std::string html() {
  Numbers numbers;
  std::string out;
  while (out.size() < content_size) {
    out.append(R"(<tr class="message"><td><a href="/who/)")
        .append(std::to_string(numbers.next(50)));
    out.append("\">").append(words[numbers.next(3)]).append("</a></td><td>&uuml;ber ");
    out.append(std::to_string(numbers.next(100'000))).append("</td></tr>");
  }
  return out;
}

struct Kind {
  std::string_view name;
  std::string (*make)();
  Opcode opcode;
  bool is_smaller;  // compressed, in any case
};

// In the suite's order: data1.json, lena512.bmp, pg2229.txt, a PDF, data1.html.
constexpr std::array<Kind, 5> kinds{
    Kind{"JSON", json, Opcode::text, true}, Kind{"a picture", picture, Opcode::binary, false},
    Kind{"prose in Latin-1", prose, Opcode::binary, true},
    Kind{"a document", document, Opcode::binary, false}, Kind{"HTML", html, Opcode::text, true}};

struct Amount {
  std::size_t size;
  std::size_t fragment;
};

constexpr std::array<Amount, 18> amounts{
    Amount{16, 0},        Amount{64, 0},        Amount{256, 0},      Amount{1024, 0},
    Amount{4096, 0},      Amount{8192, 0},      Amount{16384, 0},    Amount{32768, 0},
    Amount{65536, 0},     Amount{131072, 0},    Amount{8192, 256},   Amount{16384, 256},
    Amount{32768, 256},   Amount{65536, 256},   Amount{131072, 256}, Amount{131072, 1024},
    Amount{131072, 4096}, Amount{131072, 32768}};

std::size_t count_of(std::size_t size) {
  if (size <= 256) return 1000;
  return std::max<std::size_t>(4, (std::size_t{256} << 10) / size);
}

// The next part of an endless repetition of `content`, as the text of a message: one line, that
// begins and ends with something else than a blank.
std::string next_text(std::string_view content, std::size_t& place, std::size_t size) {
  std::string out;
  while (out.size() < size) {
    const std::string_view part = content.substr(place, size - out.size());
    out.append(part);
    place = (place + part.size()) % content.size();
  }
  std::ranges::replace(out, '\n', '_');
  for (char* const edge : {&out.front(), &out.back()}) {
    if (*edge == ' ' || *edge == '\t') *edge = '_';
  }
  return out;
}

// What of an offer comes out.
enum class Agreed : std::uint8_t { nothing, deflate };

Play deflated_echo(const Kind& kind, const Amount& amount, Agreed agreed, int window_bits = 15) {
  return [=](World& world) {
    const bool is_agreed = agreed == Agreed::deflate;
    if (world.window_bits().has_value() != is_agreed) throw Mismatch("not what should be agreed");
    if (is_agreed && *world.window_bits() > window_bits) throw Mismatch("too large a window");

    const std::string content = kind.make();
    const std::size_t count = count_of(amount.size);
    std::size_t place = 0;
    for (std::size_t number = 0; number < count; ++number) {
      const std::string text = next_text(content, place, amount.size - to_me("").size());
      const std::size_t fragment = amount.fragment == 0 ? SIZE_MAX : amount.fragment;
      world.send(is_agreed ? compressed_frames(kind.opcode, to_me(text), amount.fragment)
                           : fragments(kind.opcode, to_me(text), fragment));
      world.expect({kind.opcode == Opcode::text ? heard(text) : heard_binary(text)});
    }
    const bool is_smaller = is_agreed && kind.is_smaller && amount.size >= 256;
    if (is_smaller && world.compressed_count() != count)
      throw Mismatch("what came was not compressed");
    if (!is_agreed && world.compressed_count() != 0) throw Mismatch("what came was compressed");
  };
}

std::string told(const Amount& amount) {
  return std::to_string(count_of(amount.size)) + " messages of " + std::to_string(amount.size) +
         " bytes" +
         (amount.fragment > 0 ? " in fragments of " + std::to_string(amount.fragment) : ""s);
}

}  // namespace

Category contents() {
  Category category{.name = "12", .title = "Compression, by kind of content", .cases = {}};
  std::size_t group = 1;
  for (const Kind& kind : kinds) {
    std::size_t number = 1;
    for (const Amount& amount : amounts) {
      category.cases.push_back(
          {"12." + std::to_string(group) + "." + std::to_string(number++),
           std::string{kind.name} + ", compressed: " + told(amount) + " come back.",
           deflated_echo(kind, amount, Agreed::deflate), roomy(std::string{usual_offer})});
    }
    ++group;
  }
  return category;
}

Category offers() {
  struct Offer {
    std::string_view header;
    std::string_view told;
    Agreed agreed;
    int window_bits;
  };
  constexpr std::array<Offer, 7> list{
      Offer{usual_offer, "the usual offer", Agreed::deflate, 15},
      Offer{"permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "client_max_window_bits",
            "without context takeover", Agreed::deflate, 15},
      Offer{"permessage-deflate; client_no_context_takeover; client_max_window_bits; "
            "server_max_window_bits=8",
            "a window of 8 bits, which is declined, so uncompressed", Agreed::nothing, 8},
      Offer{"permessage-deflate; client_no_context_takeover; client_max_window_bits; "
            "server_max_window_bits=15",
            "a window of 15 bits", Agreed::deflate, 15},
      Offer{"permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "client_max_window_bits; server_max_window_bits=8",
            "without context takeover, a window of 8 bits, which is declined, so uncompressed",
            Agreed::nothing, 8},
      Offer{"permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "client_max_window_bits; server_max_window_bits=15",
            "without context takeover, a window of 15 bits", Agreed::deflate, 15},
      Offer{"permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "client_max_window_bits; server_max_window_bits=8, "
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "client_max_window_bits, "
            "permessage-deflate; client_no_context_takeover; client_max_window_bits",
            "three offers, of which the second is the first that can be taken", Agreed::deflate,
            15}};
  Category category{.name = "13", .title = "Compression, by offer", .cases = {}};
  std::size_t group = 1;
  for (const Offer& offer : list) {
    std::size_t number = 1;
    for (const Amount& amount : amounts) {
      category.cases.push_back(
          {"13." + std::to_string(group) + "." + std::to_string(number++),
           "JSON, " + std::string{offer.told} + ": " + told(amount) + " come back.",
           deflated_echo(kinds[0], amount, offer.agreed, offer.window_bits),
           roomy(std::string{offer.header})});
    }
    ++group;
  }
  return category;
}

}  // namespace lastword::test::conformance
