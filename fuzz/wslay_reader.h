// Frames as others read them: wslay, another library for the same RFC, through its event interface.
#pragma once

#include <cstddef>
#include <string_view>

#include "fuzz/reference_frames.h"

namespace lastword::fuzz {

// What wslay shows of the stream. Its violations have no name, only the code with which it answers,
// 1002 where it just hangs up. Compression it leaves to its caller, so none is agreed on; and it
// seeks nothing. `decoded` is what the stream is in the reference's eyes.
[[nodiscard]] Units read_with_wslay(std::string_view stream, const FrameRules& rules,
                                    const Decoded& decoded);

// The first place at which the two differ.
struct Difference {
  const Unit* ours = nullptr;    // none: the stream is at its end
  const Unit* theirs = nullptr;  // the same
};

// The differences that there may be, and no others. What comes behind one is not compared: but for
// the second, both are at their end. Sections are those of RFC 6455.
//
//   later         It judges most of a frame only when its header is there, and a first byte of its
//                 payload if that has any; we at the first byte that is wrong (5.2 and 7.1.7 say
//                 that the connection fails, and not when).
//   one limit     Its limit of a message holds for control frames as well. Ours does not: they have
//                 one of their own (5.5; 10.4 leaves limits to us).
//   reason        A close whose reason is not UTF-8 it answers with 1007, we with 1002: 1007 stands
//                 for data within a message (7.4.1; contract, section 2). It looks at the reason
//                 before the code, and as it comes: so this holds where the code is wrong as well,
//                 and before all of the close is there.
//   half a code   A close of one byte it takes for one without a code; the first two bytes of a
//                 body must be one (5.5.1).
//   newer codes   1012 to 1014, registered after the RFC (7.4.2), it takes for such as are never
//                 sent.
[[nodiscard]] bool is_allowed(const Difference& difference, std::string_view stream,
                              const FrameRules& rules, const Decoded& decoded);

}  // namespace lastword::fuzz
