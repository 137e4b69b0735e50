#!/bin/sh
# Installs what is needed, builds the mutants and hunts them, all or those that are named:
#
#   sh tests/mutants/run.sh [ID...]
#
#   sh tests/mutants/run.sh             all of them, a minute or two
#   sh tests/mutants/run.sh M05 T3      these
#
# For each: the property that had to break, the runs until it did and the length of the shrunk
# story (medians of five starting seeds). The stories lie in build/release/tests/mutants/stories/.
# The exit code is 0 if all were killed.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(CDPATH='' cd -- "$here/../.." && pwd -P)
folder=$root/build/release/tests/mutants

# "ID|patch|property|scenario|title" for each row that is asked for.
rows=$(sed -n '/^[MT]/s/ *| */|/gp' "$here/mutants.txt")
if [ $# -gt 0 ]; then
  chosen=
  for id in "$@"; do
    row=$(printf '%s\n' "$rows" | grep "^$id|") || {
      echo "tests/mutants/run.sh: there is no mutant '$id' in mutants.txt" >&2
      exit 2
    }
    chosen="$chosen$row
"
  done
  rows=${chosen%?}
fi

targets=$(printf '%s\n' "$rows" | cut -d '|' -f 2 | sort -u | sed 's/^/hunt_/')
{
  sh "$root/.ci/install.sh" build test
  cd -- "$root"
  cmake --preset release
  # Split into words on purpose.
  # shellcheck disable=SC2086
  cmake --build --preset release --parallel "$(nproc)" --target $targets
} </dev/null >&2

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
mkdir -p "$folder/stories"

# An id holds no blank. What stands in single quotes is for the inner shell.
# shellcheck disable=SC2016
printf '%s\n' "$rows" | cut -d '|' -f 1 | xargs -P "$(nproc)" -I '{}' sh -c '
  row=$(sed -n "/^$1 /s/ *| */|/gp" "$2/mutants.txt")
  IFS="|" read -r id patch property scenario title <<END
$row
END
  "$3/hunt_$patch" "$id" --title "$title" --property "$property" --scenario "$scenario" \
    --story "$3/stories/$id.txt" --html "$3/stories/$id.html" >"$4/$id" 2>&1 && touch "$4/$id.killed"
  exit 0
' hunt '{}' "$here" "$folder" "$results"

first_patch=$(printf '%s\n' "$rows" | head -n 1 | cut -d '|' -f 2)
"$folder/hunt_$first_patch" --head
count=0
killed=0
for id in $(printf '%s\n' "$rows" | cut -d '|' -f 1); do
  count=$((count + 1))
  cat "$results/$id"
  [ ! -e "$results/$id.killed" ] || killed=$((killed + 1))
done
echo "$killed of $count mutants killed; their stories: $folder/stories"
[ "$killed" -eq "$count" ]
