#!/bin/sh
# The second of the three checks that the core is pure: what its files include.
#
#   includes.sh ROOT      checks every file under ROOT/core
#
# The core's own headers are written "core/....h"; of all others these may be included. A header
# that is missing here is not forbidden for ever: add it, if what it brings neither acts nor asks
# (no I/O, no clock, no thread, no random number, no environment). Some bring both (chrono has
# durations and clocks, memory has unique_ptr and an atomic count): there the symbol check judges.
set -eu
cd -- "$1"

allowed='
  algorithm array bit bitset cassert charconv chrono climits cmath compare concepts cstddef cstdint cstdlib
  cstring deque expected functional initializer_list iterator limits list map memory new numeric optional
  queue ranges ratio set span stack stdexcept string string_view tuple type_traits unordered_map
  unordered_set utility variant vector version
'

# The parts of zlib and libcrypto that only compute. These stand in core/websocket/ and core/client/
# alone.
allowed_in_parts='zlib.h openssl/sha.h openssl/evp.h'

# Another ending would be read by nobody, and can be included all the same.
strangers=$(find core -type f ! -name '*.h' ! -name '*.cc' ! -name CMakeLists.txt ! -name '*.md')
for path in $strangers; do
  echo "purity: $path: a source file of the core ends in .h or .cc" >&2
done

find core -type f \( -name '*.h' -o -name '*.cc' \) | sort | xargs awk -v allowed="$allowed" -v in_parts="$allowed_in_parts" '
  function reject(reason) {
    printf "purity: %s:%d: %s\n", FILENAME, FNR, reason
    is_bad = 1
  }
  function may_include(header) {
    if (header in is_allowed) return 1
    return FILENAME ~ /^core\/(websocket|client)\// && (header in is_allowed_in_parts)
  }
  BEGIN {
    count = split(allowed, names, /[ \n]+/)
    for (i = 1; i <= count; i++) is_allowed[names[i]] = 1
    delete is_allowed[""]
    count = split(in_parts, names, / /)
    for (i = 1; i <= count; i++) is_allowed_in_parts[names[i]] = 1
  }
  /^[ \t]*import[ \t<"]/ { reject("the core imports no module"); next }
  /^[ \t]*(#|%:)[ \t]*(include|include_next|import)/ {
    header = $0
    sub(/^[ \t]*(#|%:)[ \t]*(include|include_next|import)[ \t]*/, "", header)
    if (header ~ /^<[^>]*>/) {
      sub(/^</, "", header); sub(/>.*/, "", header)
      if (!may_include(header)) reject("the core must not include <" header ">")
    } else if (header ~ /^"[^"]*"/) {
      sub(/^"/, "", header); sub(/".*/, "", header)
      if (header !~ /^core\/[a-z0-9_\/]+\.h$/) reject("the core must not include \"" header "\"")
      else if ((getline unused < header) < 0) reject("there is no \"" header "\"")
      close(header)
    } else reject("the core names what it includes, in quotes or brackets: " header)
  }
  END { exit is_bad }
' >&2
[ -z "$strangers" ]
