#!/bin/sh
# Counts the instructions of the hot paths for each delivery, and compares them with the stored ones.
#
#   counts.sh PROGRAM FIGURES [CASE...]      fails if a case takes a tenth more than its figure
#   counts.sh --renew PROGRAM FIGURES        stores what is counted now
#
# Valgrind's callgrind counts them: the same program takes the same number each time. A change that is
# meant to cost more, or that gains, comes with new figures: docs/PERFORMANCE.md.
set -eu

margin_percent=10
renew=no
if [ "${1-}" = --renew ]; then
  renew=yes
  shift
fi
[ $# -ge 2 ] || { echo "usage: counts.sh [--renew] PROGRAM FIGURES [CASE...]" >&2; exit 2; }
program=$1
figures=$2
shift 2
[ $# -gt 0 ] || set -- $(awk '!/^#/ && NF == 2 { print $1 }' "$figures")

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Tenths of an instruction for each delivery, rounded.
count() {
  deliveries=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
    --toggle-collect=lastword_counted "$program" "$1" 2>"$folder/log") || {
    cat "$folder/log" >&2
    exit 1
  }
  instructions=$(sed -n 's/.*Collected : *\([0-9][0-9]*\).*/\1/p' "$folder/log")
  [ -n "$instructions" ] && [ "$instructions" -gt 0 ] && [ "$deliveries" -gt 0 ] || {
    echo "counts.sh: $1: nothing was counted" >&2
    cat "$folder/log" >&2
    exit 1
  }
  echo $(((instructions * 10 + deliveries / 2) / deliveries))
}

tenths() { awk -v name="$1" '!/^#/ && $1 == name { print int($2 * 10 + 0.5) }' "$figures"; }
in_words() { echo "$(($1 / 10)).$(($1 % 10))"; }

code=0
for name in "$@"; do
  stored=$(tenths "$name")
  [ -n "$stored" ] || { echo "counts.sh: $figures has no figure for $name" >&2; exit 1; }
  counted=$(count "$name")
  if [ "$renew" = yes ]; then
    echo "$name $(in_words "$counted")" >>"$folder/renewed"
    continue
  fi
  echo "$name: $(in_words "$counted") instructions for a delivery; stored: $(in_words "$stored")"
  if [ $((counted * 100)) -gt $((stored * (100 + margin_percent))) ]; then
    echo "counts.sh: $name takes more than $margin_percent % more than it did." >&2
    echo "  If that is meant: sh tests/instructions/counts.sh --renew $program $figures" >&2
    code=1
  fi
done
if [ "$renew" = yes ]; then
  awk '/^#/' "$figures" >"$folder/new"
  cat "$folder/renewed" >>"$folder/new"
  cat "$folder/new" >"$figures"
fi
exit $code
