#!/bin/sh
# Usage: run_test.sh FUZZ FOLDER
#
# What the run.sh in the folder FUZZ does with its folders and with what the fuzzer says. In FOLDER
# stand a tree with nothing else in it, and a fuzzer that is none: it keeps an input in the first
# folder it is given, as libFuzzer does, and ends as it is told to.
set -eu
fuzz=$1
folder=$2

fail() {
  echo "run_test.sh: $1" >&2
  exit 1
}

rm -rf "$folder"
mkdir -p "$folder/tools" "$folder/.ci" "$folder/build/fuzz/fuzz" "$folder/fuzz/dictionaries" \
  "$folder/fuzz/findings/line_parser" "$folder/fuzz/corpus/line_parser"
cp "$fuzz/run.sh" "$fuzz/targets.sh" "$fuzz/CMakeLists.txt" "$folder/fuzz/"
echo mended > "$folder/fuzz/findings/line_parser/a-mended-one"
echo seed > "$folder/fuzz/corpus/line_parser/seed"
echo 'exit 0' > "$folder/.ci/install.sh"
printf '#!/bin/sh\nexit 0\n' > "$folder/tools/cmake"
cat > "$folder/build/fuzz/fuzz/lastword_fuzz_line_parser" << 'END'
#!/bin/sh
prefix=
first=
for argument in "$@"; do
  case $argument in
    -artifact_prefix=*) prefix=${argument#*=} ;;
    -minimize_crash=1) exit 0 ;;
    -*) ;;
    *) [ -n "$first" ] || first=$argument ;;
  esac
done
[ -d "$first" ] || { echo "broken oracle: of the fake"; exit 77; }
echo "$@" > "$LASTWORD_FUZZ_CASES/../arguments"
echo new > "$first/kept"
[ "$FAKE_CODE" -ne 77 ] || echo crash > "${prefix}crash-1"
exit "$FAKE_CODE"
END
chmod +x "$folder/tools/cmake" "$folder/build/fuzz/fuzz/lastword_fuzz_line_parser"
PATH=$folder/tools:$PATH
work=$folder/build/fuzz/runs/line_parser

# run CODE_OF_THE_FUZZER EXPECTED_CODE
run() {
  code=0
  FAKE_CODE=$1 sh "$folder/fuzz/run.sh" line_parser 5 -runs=3 > "$folder/said" 2>&1 || code=$?
  [ "$code" -eq "$2" ] || fail "exit code $code and not $2: $(cat "$folder/said")"
}
# expect WORDS: in what it said
expect() {
  grep -q -e "$1" "$folder/said" || fail "it did not say '$1' but: $(cat "$folder/said")"
}

run 0 0
expect "nothing found in 5 s"
[ -e "$work/corpus/kept" ] || fail "what the fuzzer keeps does not go where run.sh says"
[ "$(ls "$folder/fuzz/findings/line_parser")" = a-mended-one ] || fail "there are new findings"
[ "$(ls "$folder/fuzz/corpus/line_parser")" = seed ] || fail "the stored corpus was changed"
for word in -max_total_time=5 -runs=3 fuzz/corpus/line_parser fuzz/findings/line_parser; do
  grep -q -e "$word" "$work/arguments" || fail "the fuzzer was not given $word"
done

run 72 130 # an interrupt

run 77 1
kept=fuzz/findings/line_parser/$(echo crash | sha1sum | cut -d ' ' -f 1)
expect "^FOUND: $kept"
expect "broken oracle: of the fake"
expect "^replay: build/fuzz/fuzz/lastword_fuzz_line_parser $kept"
[ "$(cat "$folder/$kept")" = crash ] || fail "the input is not where it says"
