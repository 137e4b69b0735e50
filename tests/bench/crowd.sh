#!/bin/sh
# Measures what an idle connection costs in a crowd that this system allows no process (ulimit -Hn):
# within User Mode Linux, a kernel that is an ordinary process, with limits of its own.
#
#   crowd.sh [CONNECTIONS]      (default 100000)
#
# Takes lastword and the floors from build/release, prints the tables of compare.sh, and leaves the
# runs in build/release/tests/bench/crowd. Memory is the same there as anywhere; CPU time is not, as
# each system call costs several times as much. 100,000 take a quarter of an hour and 3 GB.
set -eu

# Within User Mode Linux, as its first process: crowd.sh --within FOLDER CONNECTIONS
run_within() {
  into=$1
  connections=$2
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  cd "$(dirname "$0")/../.."
  mount -t proc proc /proc
  ip link set lo up
  ulimit -n $((connections + 200))
  # A floor leaves all its connections behind at once. Those beyond a bound are reset, and what the
  # loopback interface has no room for is lost: then the driver would wait for their ends for ever.
  echo $((connections * 2)) > /proc/sys/net/ipv4/tcp_max_orphans
  echo $((connections * 4)) > /proc/sys/net/core/netdev_max_backlog

  bench=build/release/tests/bench
  # All of this takes long there: what guards against a peer that is gone must not strike.
  serve="build/release/lastword serve --max-connections $((connections + 10)) --login-timeout 1h"
  serve="$serve --heartbeat 1h --stall-timeout 1h --drain-timeout 1h --linger 10m"
  echo '{"group":"idle"}' > "$into/runs.jsonl"
  for transport in lines ws; do
    for label in floor lastword; do
      case $label-$transport in
        floor-lines) command=$bench/lastword_floor ;;
        floor-ws) command=$bench/lastword_websocket_floor ;;
        lastword-lines) command="$serve --tcp 127.0.0.1:0 --ws none" ;;
        lastword-ws) command="$serve --tcp none --ws 127.0.0.1:0" ;;
      esac
      echo "crowd.sh: $connections connections to $label, $transport"
      "$bench/lastword_load" idle --connections "$connections" --idle-seconds 3 --patience 3600 \
        --placement anywhere --label "$label" --transport "$transport" --server "$command" \
        >> "$into/runs.jsonl" || return 1
    done
  done
  : > "$into/is_done"
}
if [ "${1-}" = --within ]; then
  run_within "$2" "$3" || echo "crowd.sh: the last one failed"
  # With no system to do it in order: the end of its first process ends the kernel, too.
  poweroff -f 2> /dev/null || exit
fi

fail() {
  echo "crowd.sh: $1" >&2
  exit "$2"
}

connections=${1-100000}
case $connections in
  '' | *[!0-9]* | 0*) fail "'$connections' is no number of connections" 2 ;;
esac

cd "$(dirname "$0")/../.."
sh .ci/install.sh build test crowd >&2
cmake --preset release >&2
cmake --build build/release \
  --target lastword lastword_floor lastword_websocket_floor lastword_load lastword_compare_table >&2

into=$PWD/build/release/tests/bench/crowd
mkdir -p "$into"
rm -f "$into/is_done"
ulimit -c 0
# Its memory is a file in TMPDIR that has no name. What it says about itself is in the log.
TMPDIR=${TMPDIR-$into} linux.uml mem="$((512 + connections / 20))M" \
  root=/dev/root rootfstype=hostfs rootflags=/ rw quiet con=null con0=null,fd:1 \
  init=/bin/sh -- "$PWD/tests/bench/crowd.sh" --within "$into" "$connections" < /dev/null 2>&1 |
  tee "$into/log.txt" | grep --line-buffered -E '^(crowd.sh|lastword-load):' >&2 || true
[ -e "$into/is_done" ] || {
  tail -n 20 "$into/log.txt" >&2
  fail "it did not come to its end; what it said is in $into/log.txt" 1
}
build/release/tests/bench/lastword_compare_table < "$into/runs.jsonl"
