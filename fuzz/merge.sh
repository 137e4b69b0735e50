#!/bin/sh
# Minimises the stored corpora: what runs here have found is taken in if it reaches more of the core,
# and what adds nothing to the rest is left out.
#
#   sh fuzz/merge.sh [TARGET...]      (no target: all)
#
# fuzz/corpus/TARGET is replaced only if the new one reaches more, or as much with fewer bytes. Its
# files are named by the SHA-1 of their content. What counts are libFuzzer's features: an edge of the
# core, taken once, twice, a few times, often.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(CDPATH='' cd -- "$here/.." && pwd -P)
cd -- "$root"
[ $# -gt 0 ] || set -- $(sh fuzz/targets.sh)
for target in "$@"; do
  sh fuzz/targets.sh | grep -qx -- "$target" || {
    echo "fuzz/merge.sh: there is no target '$target'; the targets are:" $(sh fuzz/targets.sh) >&2
    exit 2
  }
done
{
  sh .ci/install.sh fuzz
  cmake --preset fuzz
  # Split into words on purpose.
  # shellcheck disable=SC2046
  cmake --build --preset fuzz --parallel "$(nproc)" --target $(printf 'lastword_fuzz_%s ' "$@")
} </dev/null >&2

merged=$(mktemp -d)
trap 'rm -rf "$merged"' EXIT

# Merges the folders that are named into the first, and prints how many features that reaches.
merge() {
  program=$1 timeout=25
  shift
  case $program in *_tape) timeout=0 ;; esac  # as run.sh says
  "$program" -set_cover_merge=1 -use_value_profile=0 -max_len=65536 -timeout=$timeout \
    -artifact_prefix="$merged/" "$@" >"$merged/log" 2>&1 || {
    tail -n 40 "$merged/log" >&2
    echo "fuzz/merge.sh: an input breaks $program, see above" >&2
    exit 1
  }
  # Counted anew over what was kept, so that both sides are counted in one way.
  "$program" -runs=0 -use_value_profile=0 -max_len=65536 "$1" 2>&1 |
    sed -n 's/.*INITED cov: [0-9]* ft: \([0-9]*\).*/\1/p'
}
size_max=1024
bytes_in() { cat "$1"/* 2>/dev/null | wc -c; }

for target in "$@"; do
  program=build/fuzz/fuzz/lastword_fuzz_$target
  corpus=fuzz/corpus/$target
  # A long input shows little that no short one does, and makes every test run dearer.
  found=$merged/$target/found
  mkdir -p "$corpus" "$found" "$merged/$target/old" "$merged/$target/new"
  find "build/fuzz/runs/$target/corpus" -type f -size -"$((size_max + 1))"c -exec cp -t "$found" {} + 2>/dev/null || true
  old=$(merge "$program" "$merged/$target/old" "$corpus")
  new=$(merge "$program" "$merged/$target/new" "$corpus" "$found")
  old_bytes=$(bytes_in "$corpus")
  new_bytes=$(bytes_in "$merged/$target/new")
  before="$(ls "$corpus" | wc -l) inputs, $old_bytes bytes, ${old:-0} features"
  if [ "${new:-0}" -gt "${old:-0}" ] || { [ "${new:-0}" -eq "${old:-0}" ] && [ "$new_bytes" -lt "$old_bytes" ]; }; then
    rm -f "$corpus"/*
    for input in "$merged/$target/new"/*; do
      cp "$input" "$corpus/$(sha1sum "$input" | cut -d ' ' -f 1)"
    done
    echo "$target: $(ls "$corpus" | wc -l) inputs, $new_bytes bytes, ${new:-0} features (before: $before)"
  else
    echo "$target: as it was: $before"
  fi
done
