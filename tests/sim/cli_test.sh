#!/bin/sh
# Usage: cli_test.sh PROGRAM SCRATCH
#
# lastword-sim as a person meets it: what it prints where, its exit codes, its files and signals.
# The parts have their own tests; here the real program runs a few real seeds.
set -eu
program=$1
scratch=$2

rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"

fail() {
  echo "cli_test.sh: $1" >&2
  for file in out err; do
    echo "--- $file:" >&2
    cat $file >&2
  done
  exit 1
}

# expect CODE ARGUMENT...: runs the program, with its outputs in the files out and err.
expect() {
  expected=$1
  shift
  code=0
  "$program" "$@" >out 2>err </dev/null || code=$?
  [ $code -eq "$expected" ] || fail "exit code $code in place of $expected: $*"
}

# says FILE TEXT: the text is in the file.
says() {
  grep -qF -- "$2" "$1" || fail "$1 does not say: $2"
}

is_one_line() {
  [ "$(wc -l <"$1")" -eq 1 ] || fail "$1 is not one line"
}

# Unusable arguments: one line on standard error, nothing on standard output.
for arguments in '' 'nonsense' 'run --seeds x' 'run --scenario nowhere' 'replay' 'replay nowhere.case' '--jobs 2' 'crowd --clients 7'; do
  # Split into words on purpose.
  # shellcheck disable=SC2086
  expect 2 $arguments
  [ ! -s out ] || fail "something on standard output: $arguments"
  is_one_line err
  says err 'lastword-sim: '
done

# Help.
expect 0 --help
says out replay
expect 0 run --help
says out '1..10000'
[ ! -s err ] || fail 'help on standard error'

# What there is.
expect 0 list
for section in scenarios faults marks properties; do
  grep -qx "$section" out || fail "there is no section $section"
done
scenario=$(sed -n '2s/^  \([^ ]*\) .*/\1/p' out)
[ -n "$scenario" ] || fail 'no scenario is listed'

# A few seeds, with one job and with several: the same but for the time it took.
expect 0 run --seeds 1..130 --jobs 1 --cases cases
says out '130 seeds, 130 runs, '
says out '2 seeds done twice'
says out 'none broken'
says err 'seeds 1..130 of the mix, 1 job'
grep -v '^took ' out >alone
expect 0 run --seeds 1..130 --jobs 3 --cases cases
grep -v '^took ' out >together
cmp -s alone together || fail 'one job and three do not print the same'
[ ! -e cases ] || fail 'a case was written, and nothing failed'

# One seed, twice: the same to the last line, which is the hash.
expect 0 replay 42 --scenario "$scenario"
tail -n 1 out | grep -qx 'hash=[0-9a-f]\{16\}' || fail 'the last line is no hash'
cp out first
expect 0 replay 0x2a --scenario "$scenario"
cmp -s out first || fail 'two replays of a seed differ'
expect 0 replay 42 --scenario "$scenario" --story --html story.html
[ "$(tail -n 1 out)" = "$(tail -n 1 first)" ] || fail 'telling a run changes its hash'
[ "$(wc -l <out)" -gt "$(wc -l <first)" ] || fail 'nothing was told'
grep -qi '<html' story.html || fail 'the page is no page'

# An empty case is the most boring run.
printf 'scenario %s\n' "$scenario" >boring.case
expect 0 replay boring.case --stop-after 0

# A crowd that comes back, and its picture.
expect 0 crowd --clients 1000 --downtime 1s --seed 7 --svg crowd.svg
says out 'all bounds and all properties held'
says out 'picture written to crowd.svg'
grep -q '^<svg' crowd.svg || fail 'the picture is no picture'

# A signal: what was done is summed up. (A shell starts its jobs with SIGINT ignored.)
interrupt() {
  mkfifo talk
  env --default-signal=INT,TERM "$program" run --seconds 600 --sweep-every 0 --jobs 2 >out 2>talk &
  running=$!
  # Its first line says that it is there.
  exec 3<talk
  read -r line <&3 || fail 'it ended before it was interrupted'
  echo "$line" >err
  kill -s "$1" $running
  code=0
  wait $running || code=$?
  exec 3<&-
  rm talk
  [ $code -eq "$2" ] || fail "exit code $code in place of $2 after SIG$1"
  says out "interrupted by SIG$1"
}
interrupt INT 130
interrupt TERM 143
