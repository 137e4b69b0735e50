#include "core/websocket/extension.h"

#include <cstddef>

#include "core/bytes.h"
#include "core/websocket/http_text.h"

namespace lastword::websocket {

namespace {

// What an offer of permessage-deflate asks for, parameter by parameter.
class Offer {
 public:
  void add(std::string_view name, std::optional<std::string_view> value) {
    // An unknown parameter, a bad value or a second one of the same name declines the offer, and no
    // more than that (RFC 7692, sections 5.1 and 7.1).
    if (equal_ignoring_case(name, "server_no_context_takeover")) {
      add_flag(has_server_takeover_, value);  // RFC 7692, section 7.1.1.1
    } else if (equal_ignoring_case(name, "client_no_context_takeover")) {
      add_flag(has_client_takeover_, value);  // RFC 7692, section 7.1.1.2
    } else if (equal_ignoring_case(name, "server_max_window_bits")) {
      // It needs a value (RFC 7692, section 7.1.2.1).
      if (server_bits_ || !value) is_bad_ = true;
      server_bits_ = value ? window_bits(*value) : std::nullopt;
      if (!server_bits_) is_bad_ = true;
    } else if (equal_ignoring_case(name, "client_max_window_bits")) {
      // A value is optional (RFC 7692, section 7.1.2.2). We inflate with the full window, so there
      // is nothing to answer.
      if (has_client_bits_ || (value && !window_bits(*value))) is_bad_ = true;
      has_client_bits_ = true;
    } else {
      is_bad_ = true;
    }
  }

  // Nothing if the offer is declined.
  [[nodiscard]] std::optional<Agreement> accepted() const {
    if (is_bad_) return std::nullopt;
    if (!server_bits_) return Agreement{.compression = Compression::wide};
    // zlib makes no raw deflate with a window of 2^8 bytes.
    if (*server_bits_ == window_bits_min) return std::nullopt;
    // The answer may name less than was asked for (RFC 7692, section 7.1.2.1).
    const bool is_wide = *server_bits_ == window_bits_max;
    return Agreement{.compression = is_wide ? Compression::wide : Compression::narrow,
                     .is_window_named = true};
  }

 private:
  static constexpr unsigned window_bits_min = 8;  // RFC 7692, section 7.1.2.1
  static constexpr unsigned window_bits_max = 15;

  void add_flag(bool& flag, std::optional<std::string_view> value) {
    if (flag || value) is_bad_ = true;
    flag = true;
  }

  // A decimal number from 8 to 15 without leading zeros (RFC 7692, section 7.1.2).
  static std::optional<unsigned> window_bits(std::string_view text) {
    if (text == "8" || text == "9") return static_cast<unsigned>(text[0] - '0');
    if (text.size() != 2 || text[0] != '1' || text[1] < '0' || text[1] > '5') return std::nullopt;
    return 10 + static_cast<unsigned>(text[1] - '0');
  }

  bool has_server_takeover_ = false;
  bool has_client_takeover_ = false;
  bool has_client_bits_ = false;
  std::optional<unsigned> server_bits_;
  bool is_bad_ = false;
};

// Reads one line by the grammar of RFC 6455, section 9.1, in which blanks may stand between any two
// words (that section keeps RFC 2616's "implied *LWS").
//
//   name [; parameter [= value]]... [, name ...]...
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_{rest} {}

  // Skips the empty elements of the list. Is there another one?
  [[nodiscard]] bool has_element() {
    do skip_blanks();
    while (take(','));
    return !rest_.empty();
  }

  [[nodiscard]] bool is_at_end_of_element() {
    skip_blanks();
    return rest_.empty() || rest_.front() == ',';
  }

  [[nodiscard]] bool take(char mark) {
    skip_blanks();
    if (!rest_.starts_with(mark)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Empty if there is none.
  [[nodiscard]] std::string_view take_token() {
    skip_blanks();
    std::size_t size = 0;
    while (size < rest_.size() && is_token_character(rest_[size])) ++size;
    const std::string_view token = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return token;
  }

  // A token or a quoted-string that is one after unescaping, good until the next; empty if there is
  // neither.
  [[nodiscard]] std::string_view take_value() {
    if (!take('"')) return take_token();
    unescaped_.clear();
    while (!rest_.empty()) {
      if (rest_.front() == '"') {
        rest_.remove_prefix(1);
        return unescaped_;
      }
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty() || !is_token_character(rest_.front())) return {};
      unescaped_ += rest_.front();
      rest_.remove_prefix(1);
    }
    return {};
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }

  std::string_view rest_;
  std::string unescaped_;
};

// Reads the parameters of one extension. Is their grammar right?
bool read_parameters(Reader& reader, Offer& offer) {
  while (!reader.is_at_end_of_element()) {
    if (!reader.take(';')) return false;
    const std::string_view name = reader.take_token();
    if (name.empty()) return false;
    if (!reader.take('=')) {
      offer.add(name, std::nullopt);
      continue;
    }
    const std::string_view value = reader.take_value();
    if (value.empty()) return false;
    offer.add(name, value);
  }
  return true;
}

}  // namespace

std::optional<Agreement> negotiate(std::span<const std::string_view> lines) {
  std::optional<Agreement> agreement;
  bool has_extension = false;
  for (const std::string_view line : lines) {
    Reader reader{line};
    while (reader.has_element()) {
      has_extension = true;
      const std::string_view name = reader.take_token();
      if (name.empty()) return std::nullopt;
      Offer offer;
      if (!read_parameters(reader, offer)) return std::nullopt;
      // The offers stand in the order of preference (RFC 7692, section 5). Those behind an accepted
      // one are read all the same: their grammar counts.
      if (!agreement && equal_ignoring_case(name, "permessage-deflate")) {
        agreement = offer.accepted();
      }
    }
  }
  // A list has at least one element that is not empty (`1#extension`).
  if (!lines.empty() && !has_extension) return std::nullopt;
  return agreement.value_or(Agreement{});
}

void append_answer(std::string& out, Agreement agreement) {
  if (agreement.compression == Compression::none) return;
  out.append("permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  if (!agreement.is_window_named) return;
  const bool is_wide = agreement.compression == Compression::wide;
  out.append(is_wide ? "; server_max_window_bits=15" : "; server_max_window_bits=9");
}

}  // namespace lastword::websocket
