// Text that a person can read on a screen: quoted where it must be, measured, cut and wrapped.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/instant.h"

namespace lastword::sim {

// Any bytes as text of one line. Control characters, characters that change how their neighbours
// are shown, and bytes that are no UTF-8 become \r, \x1B or \u{202E}; the end of a line (LF, CR LF)
// at the end, also within closing quotes, is left away. Everything below takes texts made by this.
[[nodiscard]] std::string printable(std::string_view bytes);

// What takes up one place on the screen: a character, with the marks that combine with it.
struct Glyph {
  std::string_view bytes;  // within the text that was asked about
  std::size_t width;       // columns, 1 or 2
};
[[nodiscard]] std::vector<Glyph> glyphs(std::string_view text);

// In columns of a terminal.
[[nodiscard]] std::size_t width_of(std::string_view text);

// The text, or as much of its beginning as fits into `width` columns with an ellipsis.
[[nodiscard]] std::string cut(std::string_view text, std::size_t width);

// In lines of at most `width` columns, which must be at least 2, broken between words where this is
// possible. At least one line.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);

// "10.002" and "s": three decimals of the largest unit (s, ms, us, ns) that the span fills, the
// rest cut off. Zero is "0" and "s".
struct SpanText {
  std::string number;
  std::string_view unit;

  [[nodiscard]] std::string both() const { return number + " " + std::string{unit}; }
};
[[nodiscard]] SpanText span_text(Duration span);

}  // namespace lastword::sim
