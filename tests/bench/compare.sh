#!/bin/sh
# Compares what a delivery costs lastword with what it costs the floor, over the line protocol and
# over WebSocket, and prints tables of ratios. README.md explains the figures.
#
#   compare.sh [--quick] [--no-build] [--rounds N] [--placement WHERE] [--transport HOW]
#
#   --quick      a tenth of the messages and three rounds: an impression
#   --no-build   take build/release as it is
#   --rounds N   runs of each server in each case (default 5)
#   --placement apart|together|anywhere
#                server and driver on a CPU each (default), on the same one, or as it comes
#   --transport both|lines|ws
#                both (default), or only the one
set -eu

quick=no
build=yes
rounds=
placement=apart
transports=both
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --no-build) build=no ;;
    --rounds)
      [ $# -ge 2 ] || { echo "compare.sh: --rounds needs a number" >&2; exit 2; }
      rounds=$2
      shift
      ;;
    --placement)
      [ $# -ge 2 ] || { echo "compare.sh: --placement needs a word" >&2; exit 2; }
      placement=$2
      shift
      ;;
    --transport)
      [ $# -ge 2 ] || { echo "compare.sh: --transport needs a word" >&2; exit 2; }
      transports=$2
      shift
      ;;
    *) echo "compare.sh: unknown argument: $1" >&2; exit 2 ;;
  esac
  shift
done

case $transports in
  both) transports="lines ws" ;;
  lines | ws) ;;
  *) echo "compare.sh: --transport: $transports is none of both, lines and ws" >&2; exit 2 ;;
esac

if [ "$quick" = yes ]; then
  rounds=${rounds:-3}
  divisor=10
  connections=2000
  idle_seconds=2
else
  rounds=${rounds:-5}
  divisor=1
  connections=10000
  idle_seconds=5
fi

cd "$(dirname "$0")/../.."
if [ "$build" = yes ]; then
  sh .ci/install.sh build test >&2
  cmake --preset release >&2
  cmake --build build/release \
    --target lastword lastword_floor lastword_websocket_floor lastword_load \
    lastword_compare_table >&2
fi

bench=build/release/tests/bench
lines_floor=$bench/lastword_floor
ws_floor=$bench/lastword_websocket_floor
serve="build/release/lastword serve --max-connections 16384"
lines_lastword="$serve --tcp 127.0.0.1:0 --ws none"
ws_lastword="$serve --tcp none --ws 127.0.0.1:0"
runs=$bench/compare.jsonl
log=$bench/compare.log
: > "$runs"
: > "$log"

# load OPTIONS...: one run; what the servers log is shown only if it fails
load() {
  "$bench/lastword_load" "$@" --placement "$placement" >> "$runs" 2>> "$log" || {
    tail -n 5 "$log" >&2
    exit 1
  }
}

# All servers in turn, so that what else happens on the machine hits neighbours alike.
# run MODE OPTIONS...
run() {
  round=1
  while [ "$round" -le "$rounds" ]; do
    for transport in $transports; do
      case $transport in
        lines) floor=$lines_floor lastword=$lines_lastword ;;
        ws) floor=$ws_floor lastword=$ws_lastword ;;
      esac
      load "$@" --transport "$transport" --label floor --server "$floor"
      load "$@" --transport "$transport" --label lastword --server "$lastword"
    done
    round=$((round + 1))
  done
}

# run_traffic MESSAGES MODE OPTIONS...
run_traffic() {
  messages=$(($1 / divisor))
  shift
  echo "compare.sh: $*" >&2
  run "$@" --messages "$messages" --warm-up $((messages / 10))
}

run_traffic 200000 pairs --window 1
run_traffic 5000000 pairs --window 32
run_traffic 10000000 pairs --window 128
run_traffic 100000 room --members 100
run_traffic 10000 room --members 1000
run_traffic 100000 list --names 100
echo "compare.sh: idle" >&2
run idle --connections "$connections" --idle-seconds "$idle_seconds"

"$bench/lastword_compare_table" < "$runs"
echo "compare.sh: each run is a line of $runs" >&2
