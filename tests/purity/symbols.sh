#!/bin/sh
# The third of the three checks that the core is pure: the symbols of its archive.
#
#   symbols.sh ARCHIVE NM CXXFILT [SANITIZERS]
#
# What the archive needs from outside must match a line of allowed_symbols.txt, and it must define
# no mutable global. SANITIZERS is what the archive was compiled with (-fsanitize=...), empty for
# none.
set -eu
archive=$1
nm=$2
cxxfilt=$3
sanitizers=${4-}
patterns=$(dirname -- "$0")/allowed_symbols.txt

symbols=$(mktemp)
trap 'rm -f "$symbols"' EXIT

# One symbol a line: object file, class, section, name. The name is demangled last, as a demangled
# one may hold any character but a tab.
#
# nm would ask GCC's plugin about an object with intermediate code (LTO) and show no sections and no
# calls that the optimiser adds; with a plugin that is none it reads the ordinary code beside it.
"$nm" --plugin=/dev/null --format=sysv "$archive" | awk -F '|' -v OFS='\t' '
  /^Symbols from / {
    object = $0
    sub(/^[^[]*\[/, "", object)
    sub(/\]:?$/, "", object)
  }
  NF >= 7 {
    gsub(/ /, "")
    print object, $3, $7, $1
  }
' | "$cxxfilt" >"$symbols"

awk -F '\t' -v sanitizers="$sanitizers" '
  function reject(reason) {
    printf "purity: %s: %s\n", $1, reason
    is_bad = 1
  }
  function hint(name) {
    if (name ~ /^__cxa_guard_/) return " (a static inside a function is global state)"
    if (name ~ /^(__cxa_atexit|__dso_handle)$/) return " (a global with a destructor)"
    if (name ~ /^(__libc_single_threaded|__pthread|pthread)/) return " (shared_ptr, or a lock)"
    return ""
  }
  pass == "allowed" {
    if ($0 != "" && $0 !~ /^#/) allowed[++allowed_count] = "^(" $0 ")$"
    next
  }
  pass == "defined" {
    symbol_count++
    if ($2 ~ /^[A-TV-Zu]$/) is_defined[$4] = 1  # what others can see; u is a unique global
    next
  }
  # From here on: pass == "judged".
  $4 == "__gnu_lto_slim" { reject("holds only intermediate code; compile with -ffat-lto-objects"); next }
  # .data.rel.ro is constant but for the addresses that the loader fills in: tables of text,
  # vtables.
  $3 ~ /^(\.data|\.bss|\.ldata|\.lbss|\.tdata|\.tbss|\.tm_clone_table|\*COM\*)/ && $3 !~ /^\.data\.rel\.ro/ {
    if ($4 ~ /^DW\.ref\./) next  # the compiler names its own unwinding routine
    if (sanitizers ~ /address/ && $4 ~ /^__odr_asan[._]/) next
    # g++ 12 forgets that `constexpr std::array table{...}` is constant, having had to find out the
    # type by itself.
    cure = $3 ~ /^\.data/ ? "; if it is constexpr, write its type out" : ""
    reject("defines a mutable global: " $4 " (in " $3 cure ")")
    next
  }
  $2 ~ /^[Uwv]$/ && !($4 in is_defined) {
    if (sanitizers != "" && $4 ~ /^__(asan|ubsan|tsan|sanitizer|lsan)_/) next
    for (i = 1; i <= allowed_count; i++) if ($4 ~ allowed[i]) next
    if (!(($1, $4) in is_told)) reject("must not need " $4 hint($4))
    is_told[$1, $4] = 1
  }
  END {
    if (symbol_count == 0) { print "purity: no symbols found, so nothing was checked"; is_bad = 1 }
    exit is_bad
  }
' pass=allowed "$patterns" pass=defined "$symbols" pass=judged "$symbols" >&2
