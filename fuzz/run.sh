#!/bin/sh
# Installs what is needed, builds one fuzz target and runs it:
#
#   sh fuzz/run.sh TARGET [SECONDS] [libFuzzer options]
#
#   sh fuzz/run.sh line_parser              ten minutes
#   sh fuzz/run.sh websocket_parser 28800   a night
#
# It starts from fuzz/corpus/TARGET and from what earlier runs here have found, and shows libFuzzer's
# progress. The exit code is 0 if nothing was found. On a finding it is 1, and what is printed last
# is the input, made as small as time allows, the oracle that it breaks and the command that replays
# it; the input lies in fuzz/findings/TARGET then. Ctrl-C ends a run in order: 130.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(CDPATH='' cd -- "$here/.." && pwd -P)
targets=$(sh "$here/targets.sh")

usage() {
  echo "fuzz/run.sh: $1" >&2
  echo "usage: sh fuzz/run.sh TARGET [SECONDS] [libFuzzer options]; the targets are:" $targets >&2
  exit 2
}

[ $# -gt 0 ] || usage "which target?"
target=$1
shift
case " $(echo $targets) " in
  *" $target "*) ;;
  *) usage "there is no target '$target'" ;;
esac
seconds=600
case ${1-} in
  '' | -*) ;;
  *[!0-9]*) usage "'$1' is no number of seconds" ;;
  *)
    seconds=$1
    shift
    ;;
esac
[ "$seconds" -gt 0 ] || usage "a run takes at least a second (for libFuzzer 0 is for ever)"

cd -- "$root"
{
  sh .ci/install.sh fuzz
  cmake --preset fuzz
  cmake --build --preset fuzz --parallel "$(nproc)" --target "lastword_fuzz_$target"
} </dev/null >&2

program=build/fuzz/fuzz/lastword_fuzz_$target
work=build/fuzz/runs/$target
findings=fuzz/findings/$target
mkdir -p "$work/corpus" "$work/artifacts" "fuzz/corpus/$target"
# What an earlier run left there has been told.
rm -f "$work"/artifacts/*

# What is worth a try: as long as the target's bounds are far away, and no longer than it stays fast.
# libFuzzer's timeout looks at the wall clock, which is a simulated one within the world of a tape:
# that target limits its CPU time by itself (cpu_limit.h).
timeout=25
case $target in
  handshake) size_max=12288 ;;
  tape) size_max=16384 timeout=0 ;;
  *) size_max=4096 ;;
esac
dictionary=fuzz/dictionaries/$target.dict
[ ! -e "$dictionary" ] || set -- "-dict=$dictionary" "$@"

# Leaks are looked for where there is an input to blame; the rest is for the sanitizers.
export ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
export LASTWORD_FUZZ_CASES="$work/artifacts"

# libFuzzer writes what it keeps into the first folder, and only reads the others.
set -- "$@" "$work/corpus" "fuzz/corpus/$target"
[ ! -d "$findings" ] || set -- "$@" "$findings"

echo "fuzz/run.sh: $target for $seconds s; new inputs go to $work/corpus" >&2
code=0
"$program" -max_total_time="$seconds" -max_len=$size_max -timeout=$timeout -rss_limit_mb=4096 \
  -use_value_profile=1 -print_final_stats=1 -artifact_prefix="$work/artifacts/" \
  "$@" || code=$?

if [ "$code" -eq 0 ]; then
  echo "fuzz/run.sh: $target: nothing found in $seconds s" >&2
  exit 0
fi
found=$(find "$work/artifacts" -type f \( -name 'crash-*' -o -name 'timeout-*' -o -name 'oom-*' -o -name 'leak-*' \) | head -n 1)
if [ -z "$found" ]; then
  # 72: libFuzzer's code for an interrupt.
  [ "$code" -ne 72 ] || exit 130
  echo "fuzz/run.sh: $target ended with code $code and left no input" >&2
  exit 1
fi

small=$found
case $found in
  */crash-* | */leak-*)
    echo "fuzz/run.sh: making $found smaller, for at most a minute" >&2
    small=$work/artifacts/smallest
    cp "$found" "$small"
    # Its own reducer has been at work on a tape.
    if [ "$target" = tape ]; then
      shrunk=$(find "$work/artifacts" -type f -name '*.tape' | head -n 1)
      [ -z "$shrunk" ] || cp "$shrunk" "$small"
    else
      "$program" -minimize_crash=1 -max_total_time=60 -exact_artifact_path="$small" "$found" \
        >"$work/minimize.log" 2>&1 || true
    fi
    ;;
esac
mkdir -p "$findings"
kept=$findings/$(sha1sum "$small" | cut -d ' ' -f 1)
cp "$small" "$kept"
"$program" -timeout=$timeout "$kept" >"$work/finding.log" 2>&1 || true

{
  echo
  echo "FOUND: $kept ($(wc -c <"$kept") bytes)"
  od -A d -t x1z "$kept" | head -n 32
  echo
  # Up to the stack, which leads through the oracle and not to the mistake.
  awk '/^broken oracle: / { told = 1 } /^==[0-9]+==|^ *#[0-9]+ 0x/ { if (told) exit } told' "$work/finding.log" | grep . ||
    grep -m 12 -E 'ERROR: |runtime error: |Assertion|core/|SUMMARY: ' "$work/finding.log" ||
    echo "it does not break anything when run alone: $work/finding.log"
  for case_file in "$work"/artifacts/*.case; do
    [ ! -e "$case_file" ] || echo "case: $case_file"
  done
  echo
  echo "replay: $program $kept"
  echo "with g++: sh tests/run.sh dev -R fuzz.$target   (replays all of fuzz/findings)"
  echo "Mended, the input stays there for ever; give it a name that says what it was."
} >&2
exit 1
