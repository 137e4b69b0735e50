#!/bin/sh
# Can the fuzz targets find anything? Plants each mistake of planted.txt into a core and counts the
# executions until its target finds it from the stored corpus.
#
#   sh fuzz/planted.sh [--from-nothing] [TARGET...]      (no target: all)
#
# --from-nothing counts them without a corpus, too, which may take a minute for each run.
# Three runs each, with libFuzzer's seeds 1 to 3; the median is printed. Whether an input of the
# stored corpus shows the mistake by itself is told too. The exit code is 0 if all were found, by the
# oracle that is meant to find them, in at most a minute each.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(CDPATH='' cd -- "$here/.." && pwd -P)
seconds_max=60
cd -- "$root"

is_from_nothing=no
if [ "${1-}" = --from-nothing ]; then
  is_from_nothing=yes
  shift
fi
rows=$(sed -n '/^[a-z]/s/ *| */|/gp' fuzz/planted.txt)
if [ $# -gt 0 ]; then
  chosen=
  for target in "$@"; do
    of_target=$(printf '%s\n' "$rows" | grep "^$target|") || {
      echo "fuzz/planted.sh: nothing is planted for a target '$target'" >&2
      exit 2
    }
    chosen="$chosen$of_target
"
  done
  rows=${chosen%?}
fi
program_of() { echo "planted_$1_$(basename "$2" .patch)"; }

programs=$(printf '%s\n' "$rows" | while IFS='|' read -r target patch rest; do program_of "$target" "$patch"; done)
{
  sh .ci/install.sh build fuzz test
  cmake --preset fuzz
  # Split into words on purpose.
  # shellcheck disable=SC2086
  cmake --build --preset fuzz --parallel "$(nproc)" --target $programs
} </dev/null >&2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# hunt PROGRAM TARGET ORACLE SEED [CORPUS]: prints the number of executions, or why there is none.
hunt() {
  program=$1 target=$2 oracle=$3 seed=$4
  shift 4
  timeout=25
  [ "$target" != tape ] || timeout=0  # as run.sh says
  [ ! -e "fuzz/dictionaries/$target.dict" ] || set -- "-dict=fuzz/dictionaries/$target.dict" "$@"
  rm -rf "$work/corpus" "$work/cases" && mkdir "$work/corpus" "$work/cases"
  if LASTWORD_FUZZ_CASES="$work/cases" "$program" -seed="$seed" -max_total_time=$seconds_max -timeout=$timeout -max_len=4096 -use_value_profile=1 \
    -print_final_stats=1 -artifact_prefix="$work/" "$work/corpus" "$@" >"$work/log" 2>&1; then
    echo lives
  elif ! grep -q -E "^broken oracle: ($(echo "$oracle" | tr / '|'))" "$work/log"; then
    echo "found by another oracle:$(grep -m 1 -E '^broken oracle:|ERROR:|runtime error:' "$work/log")" >&2
    echo other
  else
    sed -n 's/^stat::number_of_executed_units: *//p' "$work/log"
  fi
}
median() { printf '%s\n' "$@" | sort -n | sed -n 2p; }

all_found=yes
nothing_heading=
[ "$is_from_nothing" = no ] || nothing_heading="from nothing"
printf '%-17s %-36s %-12s %12s %12s  %s\n' target mistake oracle "from corpus" "$nothing_heading" "the corpus itself shows it"
while IFS='|' read -r target patch oracle title; do
  program=build/fuzz/fuzz/$(program_of "$target" "$patch")
  corpus=fuzz/corpus/$target
  from_corpus=$(median $(for seed in 1 2 3; do hunt "$program" "$target" "$oracle" $seed "$corpus"; done))
  [ ! -t 2 ] || printf '%s: %s ...\r' "$target" "$(basename "$patch")" >&2
  from_nothing=
  [ "$is_from_nothing" = no ] || from_nothing=$(median $(for seed in 1 2 3; do hunt "$program" "$target" "$oracle" $seed; done))
  itself=no
  LASTWORD_FUZZ_CASES="$work/cases" "$program" "$corpus"/* >/dev/null 2>&1 || itself=yes
  case $from_corpus in *[!0-9]*) all_found=no ;; esac
  printf '%-17s %-36s %-12s %12s %12s  %s\n' "$target" "$(basename "$patch" .patch)" "$oracle" "$from_corpus" "$from_nothing" $itself
done <<END
$rows
END
[ "$all_found" = yes ] || {
  echo "fuzz/planted.sh: not all were found" >&2
  exit 1
}
