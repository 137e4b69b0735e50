#!/bin/sh
# Usage: tape_seeds_test.sh SEEDS_PROGRAM TAPE_TARGET LASTWORD_SIM CASES FOLDER
#
# Inputs are made of seeds and cases, the target runs them, and an input becomes a case again that the
# simulator can run.
set -eu
seeds=$1
target=$2
sim=$3
cases=$4
folder=$5

fail() {
  echo "tape_seeds_test.sh: $1" >&2
  exit 1
}

rm -rf "$folder"
mkdir -p "$folder"
found=$cases/a-budget-of-one-line.case

"$seeds" "$folder/inputs" 1..60 "$found" >"$folder/said"
count=$(cat "$folder/said")
files=$(ls "$folder/inputs" | wc -l)
[ "$count" = "$files inputs" ] || fail "it said '$count', and there are $files"
[ "$files" -ge 30 ] || fail "there are only $files inputs: fewer than scenarios"
for input in "$folder/inputs"/*; do
  name=$(sha1sum <"$input" | cut -d ' ' -f 1)
  [ "$name" = "$(basename "$input")" ] || fail "$input is not named by its content"
done
"$target" "$folder/inputs" >"$folder/ran" 2>&1 || fail "the target did not run them: $(tail -n 5 "$folder/ran")"
grep -q "^$files inputs, nothing broken$" "$folder/ran" || fail "not all were run"

# The case is among them, and comes back as it was, but for its head.
grep -v '^#' "$found" | grep -v '^broke' >"$folder/expected"
is_there=no
for input in "$folder/inputs"/*; do
  "$seeds" case "$input" >"$folder/back.case"
  grep -v '^#' "$folder/back.case" >"$folder/back"
  ! cmp -s "$folder/back" "$folder/expected" || is_there=yes
done
[ "$is_there" = yes ] || fail "$found is not among the inputs"
"$sim" replay "$folder/back.case" >"$folder/replayed" || fail "lastword-sim can't replay what it printed"

# The same seeds give the same inputs.
"$seeds" "$folder/again" 1..60 "$found" >/dev/null
[ "$(ls "$folder/again")" = "$(ls "$folder/inputs")" ] || fail "the second time the inputs were others"

for bad in "" "$folder/x" "$folder/x nothing" "$folder/x 2..1" "case $folder/nothing"; do
  # Split into words on purpose.
  # shellcheck disable=SC2086
  if "$seeds" $bad >/dev/null 2>&1; then fail "it took '$bad'"; fi
done
