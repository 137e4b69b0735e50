#!/bin/sh
# How much of core/ is reached by what is replayed with every test run, the fuzz targets' corpora and
# findings, and by simulated runs:
#
#   sh fuzz/coverage.sh             the table, and a report to click through
#   sh fuzz/coverage.sh --check     fails, too, if less is reached than docs/COVERAGE.md says, or if a
#                                   line is not reached that unreached.txt does not explain
#   sh fuzz/coverage.sh --write     puts the table into docs/COVERAGE.md
#
# Every input and every seed is fixed, so the figures are the same each time, and change with the
# code and the corpora alone. The report is build/coverage/report/index.html: each line with how often
# it was run, and each branch that was never taken.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(CDPATH='' cd -- "$here/.." && pwd -P)
mode=${1-}
case $mode in
  '' | --check | --write) ;;
  *)
    echo "usage: sh fuzz/coverage.sh [--check | --write]" >&2
    exit 2
    ;;
esac
cd -- "$root"
{
  sh .ci/install.sh build fuzz
  cmake --preset coverage
  cmake --build --preset coverage --parallel "$(nproc)"
} </dev/null >&2

build=build/coverage
raw=$build/raw
rm -rf "$raw" && mkdir -p "$raw"
objects=
LLVM_PROFILE_FILE="$raw/%p.profraw"
export LLVM_PROFILE_FILE
for target in $(sh fuzz/targets.sh); do
  program=$build/fuzz/lastword_fuzz_$target
  inputs="fuzz/corpus/$target"
  [ ! -d "fuzz/findings/$target" ] || inputs="$inputs fuzz/findings/$target"
  # Split into words on purpose.
  # shellcheck disable=SC2086
  "$program" $inputs >"$build/log" 2>&1 || {
    tail -n 20 "$build/log" >&2
    exit 1
  }
  printf '%s: %s\n' "$target" "$(tail -n 1 "$build/log")" >&2
  objects="$objects -object $program"
done
# The mix of all weathers, and each of the small worlds that it leaves out. In one thread: the counters
# are shared without a lock, and what is worked out of counts that were lost is wrong both ways.
simulate() {
  "$build/lastword-sim" run --jobs 1 "$@" >"$build/log" 2>&1 || {
    cat "$build/log" >&2
    exit 1
  }
  printf 'simulated: %s\n' "$*" >&2
}
simulate --seeds 1..3000
for scenario in $("$build/lastword-sim" list | sed -n 's/^  \([a-z-]*\) .*(only if named)$/\1/p'); do
  simulate --scenario "$scenario" --seeds 1..3
done

llvm-profdata-19 merge --sparse "$raw"/*.profraw -o "$build/all.profdata"
# Split into words on purpose, here and below.
# shellcheck disable=SC2086
llvm-cov-19 show --format html --show-branches count --show-line-counts-or-regions --show-directory-coverage \
  --output-dir "$build/report" --instr-profile "$build/all.profdata" "$build/lastword-sim" $objects -sources core
# The same, to be searched: what was never run has a 0 in the second column.
# shellcheck disable=SC2086
llvm-cov-19 show --show-branches count --instr-profile "$build/all.profdata" "$build/lastword-sim" $objects -sources core >"$build/lines.txt"

# File, lines, missed, reached, branches, missed, reached.
# shellcheck disable=SC2086
llvm-cov-19 report --instr-profile "$build/all.profdata" "$build/lastword-sim" $objects -sources core |
  awk -v prefix="$root/" '
    $NF !~ /%$|^-$/ || NF < 13 { next }
    {
      name = $1
      sub(prefix, "", name)
      if (name !~ /^core\// && name != "TOTAL") name = "core/" name
      if (name == "TOTAL") name = "**all**"; else name = "`" name "`"
      printf "| %s | %d | %d | %s | %d | %d | %s |\n", name, $8, $9, $10, $11, $12, $13
    }' | LC_ALL=C sort -t '`' -k 2 >"$build/rows.md"
# The sum comes last.
grep -v '^| \*\*all' "$build/rows.md" >"$build/table.md"
grep '^| \*\*all' "$build/rows.md" >>"$build/table.md"
{
  echo "| file | lines | not reached | | branches | not reached | |"
  echo "|---|---:|---:|---:|---:|---:|---:|"
  cat "$build/table.md"
} >"$build/whole_table.md"
cat "$build/whole_table.md"
sh fuzz/unreached.sh "$build/lines.txt" fuzz/unreached.txt >&2 || [ "$mode" != --check ]
echo "report: $build/report/index.html; by line: $build/lines.txt" >&2

document=docs/COVERAGE.md
case $mode in
  --write)
    awk -v table="$build/whole_table.md" '
      /^<!-- table -->$/ { print; while ((getline line < table) > 0) print line; is_old = 1; next }
      /^<!-- end -->$/ { is_old = 0 }
      !is_old' "$document" >"$build/document.md"
    cp "$build/document.md" "$document"
    ;;
  --check)
    total() { sed -n 's/^| \*\*all\*\* | [0-9]* | [0-9]* | \([0-9.]*\)% | [0-9]* | [0-9]* | \([0-9.]*\)% |$/\1 \2/p' "$1"; }
    # shellcheck disable=SC2046
    set -- $(total "$document") $(total "$build/table.md")
    [ $# -eq 4 ] || {
      echo "fuzz/coverage.sh: $document or the table has no line for all" >&2
      exit 1
    }
    awk -v lines="$1" -v branches="$2" -v lines_now="$3" -v branches_now="$4" 'BEGIN {
      if (lines_now < lines) { print "fewer lines of core/ are reached than docs/COVERAGE.md says: " lines_now " and not " lines " %"; bad = 1 }
      if (branches_now < branches) { print "fewer branches of core/ are reached than docs/COVERAGE.md says: " branches_now " and not " branches " %"; bad = 1 }
      if (lines_now < 95) { print "less than 95 % of the lines of core/ are reached: " lines_now " %"; bad = 1 }
      exit bad
    }' >&2
    ;;
esac
