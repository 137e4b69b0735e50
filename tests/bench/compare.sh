#!/bin/sh
# Compares what lastword costs with what the floor and two peers cost: CPU per delivered message,
# latency, memory, growth, drain, slow readers and fairness. Prints tables of ratios beside their
# targets, and draws plots. README.md explains the figures.
#
#   compare.sh [--quick] [--no-build] [--no-peers] [--rounds N] [--placement WHERE]
#              [--transport HOW] [--only PART[,PART...]] [--into FOLDER]
#
#   --quick      fewer messages and connections, and two rounds: an impression, in some minutes
#   --no-build   take build/release as it is, and install nothing
#   --no-peers   leave out nats-server and redis-server
#   --rounds N   runs of each server in each case (default 5; at most 3 but of traffic and latency)
#   --placement apart|together|anywhere
#                server and driver on a CPU each (default), on the same one, or as it comes
#   --transport both|lines|ws
#                both (default), or only the one
#   --only       of traffic, latency, idle, growth, drain, slow, fairness (default: all)
#   --into       where runs, tables and plots go (default build/release/tests/bench/compare)
set -eu

fail() {
  echo "compare.sh: $1" >&2
  exit 2
}

all_parts="traffic latency idle growth drain slow fairness"
quick=no
build=yes
peers="nats redis"
rounds=
placement=apart
transports=both
parts=$all_parts
into=
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --no-build) build=no ;;
    --no-peers) peers= ;;
    --rounds | --placement | --transport | --only | --into)
      [ $# -ge 2 ] || fail "$1 needs a word after it"
      case $1 in
        --rounds) rounds=$2 ;;
        --placement) placement=$2 ;;
        --transport) transports=$2 ;;
        --only) parts=$(echo "$2" | tr ',' ' ') ;;
        --into) into=$2 ;;
      esac
      shift
      ;;
    *) fail "unknown argument: $1" ;;
  esac
  shift
done

case $transports in
  both) transports="lines ws" ;;
  lines | ws) ;;
  *) fail "--transport: $transports is none of both, lines and ws" ;;
esac
case $placement in
  apart | together | anywhere) ;;
  *) fail "--placement: $placement is none of apart, together and anywhere" ;;
esac
case ${rounds:-1} in
  *[!0-9]* | 0*) fail "--rounds: '$rounds' is no number of rounds" ;;
esac
for part in $parts; do
  case " $all_parts " in
    *" $part "*) ;;
    *) fail "--only: there is no part '$part'; the parts are: $all_parts" ;;
  esac
done

# Every figure of the quick run is one of the full run, with less of everything.
if [ "$quick" = yes ]; then
  rounds=${rounds:-2}
  divisor=10
  idle_counts="500 1000 2000"
  idle_seconds=1
  pair_counts="5 50 500"
  silent_counts="0 1000"
  room_counts="2 20 200"
  message_sizes="64 1024 16384 60000"
  drain_receivers=1000
else
  rounds=${rounds:-5}
  divisor=1
  idle_counts="1000 3000 10000"
  idle_seconds=3
  pair_counts="5 50 500 5000"
  silent_counts="0 1000 9900"
  room_counts="2 10 100 1000"
  message_sizes="64 256 1024 4096 16384 60000"
  drain_receivers=10000
fi

cd "$(dirname "$0")/../.."
if [ "$build" = yes ]; then
  groups="build test"
  [ -z "$peers" ] || groups="$groups bench"
  # Split into words on purpose: one word is one group.
  # shellcheck disable=SC2086
  sh .ci/install.sh $groups >&2
  cmake --preset release >&2
  cmake --build build/release \
    --target lastword lastword_floor lastword_websocket_floor lastword_load \
    lastword_compare_table lastword_compare_plot >&2
fi

bench=build/release/tests/bench
into=${into:-$bench/compare}
mkdir -p "$into"
runs=$into/runs.jsonl
log=$into/log.txt
: > "$runs"
: > "$log"

# Where Debian puts servers, which is not in everybody's path.
PATH=$PATH:/usr/sbin
for peer in $peers; do
  command -v "$peer-server" >/dev/null || {
    echo "compare.sh: $peer-server is not installed (sh .ci/install.sh bench): left out" >&2
    peers=$(echo "$peers" | sed "s/$peer//")
  }
done

# Driver and server need a descriptor for each connection, and some more.
descriptors=$(ulimit -Hn)
more_idle=100000
if [ "$quick" = no ]; then
  if [ "$descriptors" = unlimited ] || [ "$descriptors" -gt $((more_idle + 200)) ] ||
    (ulimit -n $((more_idle + 200))) 2>/dev/null; then
    idle_counts="$idle_counts $more_idle"
  else
    most=$((descriptors / 1000 * 1000 - 1000))
    echo "compare.sh: $more_idle idle connections are left out, for this system allows a process" \
      "$descriptors descriptors (ulimit -Hn); tests/bench/crowd.sh has limits of its own" >&2
    [ "$most" -le 10000 ] || idle_counts="$idle_counts $most"
  fi
fi

serve="build/release/lastword serve --max-connections 110000"
# With those who are made not to read, and with ten thousand whom one driver has to bid farewell.
patient="--stall-timeout 10m --drain-timeout 10m --linger 1m"
command_of() {
  case $1-$2 in
    floor-lines) echo "$bench/lastword_floor" ;;
    floor-ws) echo "$bench/lastword_websocket_floor" ;;
    lastword-lines) echo "$serve --tcp 127.0.0.1:0 --ws none" ;;
    lastword-ws) echo "$serve --tcp none --ws 127.0.0.1:0" ;;
    nats-nats) echo "nats-server -a 127.0.0.1 -p {port} -c $into/nats.conf" ;;
    redis-redis)
      echo "redis-server --bind 127.0.0.1 --port {port} --save '' --appendonly no" \
        "--maxclients 110000 --loglevel warning"
      ;;
  esac
}
# Nothing but what makes room for as many connections as the others have.
echo "max_connections: 110000" > "$into/nats.conf"

# load SERVER TRANSPORT OPTIONS...: one run; what the servers log is shown only if it fails
load() {
  label=$1
  transport=$2
  shift 2
  "$bench/lastword_load" "$@" --placement "$placement" --label "$label" --transport "$transport" \
    --server "$(command_of "$label" "$transport")" >> "$runs" 2>> "$log" || {
    tail -n 5 "$log" >&2
    exit 1
  }
}

# Each server in turn, so that what else happens on the machine hits neighbours alike.
# run MODE OPTIONS...: floor and lastword; run_with_peers: and these
run_round() {
  for own_transport in $transports; do
    load floor "$own_transport" "$@"
    load lastword "$own_transport" "$@"
  done
}
run() {
  echo "compare.sh: $*" >&2
  round=1
  while [ "$round" -le "$part_rounds" ]; do
    run_round "$@"
    round=$((round + 1))
  done
}
run_with_peers() {
  echo "compare.sh: $*" >&2
  round=1
  while [ "$round" -le "$part_rounds" ]; do
    run_round "$@"
    for peer in $peers; do load "$peer" "$peer" "$@"; done
    round=$((round + 1))
  done
}

# What the runs that follow are for.
group() { echo "{\"group\":\"$1\"}" >> "$runs"; }

# with_messages RUN MESSAGES MODE OPTIONS...: fewer messages where it has to be quick
with_messages() {
  how=$1
  messages=$(($2 / divisor))
  shift 2
  "$how" "$@" --messages "$messages" --warm-up $((messages / 10))
}

compare_traffic() {
  group traffic
  with_messages run_with_peers 200000 pairs --window 1
  with_messages run_with_peers 5000000 pairs --window 32
  with_messages run_with_peers 10000000 pairs --window 128
  with_messages run_with_peers 100000 room --members 100
  with_messages run_with_peers 10000 room --members 1000
  with_messages run_with_peers 100000 list --names 100
}

compare_latency() {
  group latency
  with_messages run_with_peers 500000 pairs --rate 100000
}

compare_idle() {
  group idle
  for count in $idle_counts; do
    # Of a crowd, the peers' logins alone take minutes.
    how=run_with_peers
    [ "$count" -le 10000 ] || how=run
    "$how" idle --connections "$count" --idle-seconds "$idle_seconds"
  done
}

# At least 160 messages in each stream, so that the window of 32 is full most of the time.
compare_growth() {
  group connections
  for count in $pair_counts; do
    messages=$((2000000 / divisor))
    [ "$messages" -ge $((count * 160)) ] || messages=$((count * 160))
    run pairs --pairs "$count" --messages "$messages" --warm-up $((messages / 10))
  done
  group silent
  for count in $silent_counts; do
    with_messages run 2000000 pairs --idle-connections "$count"
  done
  group rooms
  for count in $room_counts; do
    messages=$((200000 / divisor))
    [ "$messages" -ge $((count * 160)) ] || messages=$((count * 160))
    run room --rooms "$count" --members 10 --messages "$messages" \
      --warm-up $((messages / 10))
  done
  group sizes
  for size in $message_sizes; do
    # The bigger the fewer, but not few.
    with_messages run $((40000000 / (size + 100) + 50000)) pairs --pairs 20 --window 8 \
      --size "$size"
  done
}

# A floor has no drain: there the queues are delivered because the receivers begin to read. With
# lastword that shows what comes back of the memory.
compare_drain() {
  group drain
  serve="$serve $patient"
  echo "compare.sh: drain --receivers $drain_receivers" >&2
  round=1
  while [ "$round" -le "$part_rounds" ]; do
    for own_transport in $transports; do
      load floor "$own_transport" drain --receivers "$drain_receivers" --end resume
      for end in stop rest resume; do
        load lastword "$own_transport" drain --receivers "$drain_receivers" --end "$end"
      done
    done
    round=$((round + 1))
  done
}

compare_slow() {
  group slow
  serve="$serve $patient"
  with_messages run 1000000 slow
}

compare_fairness() {
  group fairness
  with_messages run 20000 fairness --pairs 10 --rate 5000
}

for part in $parts; do
  # The other parts waver less, or are long.
  case $part in
    traffic | latency) part_rounds=$rounds ;;
    *) part_rounds=$((rounds < 3 ? rounds : 3)) ;;
  esac
  "compare_$part"
done

"$bench/lastword_compare_table" < "$runs" | tee "$into/tables.txt"
"$bench/lastword_compare_plot" "$into" < "$runs"
echo "compare.sh: each run is a line of $runs; the tables are in $into/tables.txt" >&2
