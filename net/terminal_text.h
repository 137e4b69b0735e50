// Other people's words on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace lastword {

// A line as it may go to a terminal. A terminal takes certain characters for commands: they move
// its cursor, rename its window, make it type; who sends a message must not get at those of its
// reader. So these are shown, byte by byte, as `\x1b`:
//  - control characters but TAB: C0 (LF among them), DEL and C1;
//  - what is not UTF-8;
//  - what makes a line look like two, or its parts stand in another order than they came (U+2028
//    and 2029, U+202A to 202E, U+2066 to 2069): "from NAME: " is believed for where it stands.
// Everything else stays as it is.
[[nodiscard]] std::string shown_harmlessly(std::string_view line);

}  // namespace lastword
