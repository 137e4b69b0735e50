#!/bin/sh
# The bot of docs/EMBEDDING.md, as a stranger would build it: the project is installed somewhere,
# the page's code is built against that, and the bot answers, over both transports.
#
#   bot.sh ROOT BUILD WORK
set -eu
root=$1
build=$2
work=$3

fail() {
  echo "bot.sh: $1" >&2
  exit 1
}

server=
bot=
trap 'for process in $bot $server; do kill "$process" 2>/dev/null || true; done; wait' EXIT

rm -rf "$work"
mkdir -p "$work/bot"
cmake --install "$build" --prefix "$work/prefix" >"$work/install.log" || fail "cannot install, see $work/install.log"

# The first block of each language.
block() {
  awk -v fence="\`\`\`$1" '$0 == fence && !seen { on = 1; seen = 1; next } /^```/ { on = 0 } on' "$root/docs/EMBEDDING.md"
}
block cmake >"$work/bot/CMakeLists.txt"
block cpp >"$work/bot/bot.cc"
[ -s "$work/bot/bot.cc" ] || fail "docs/EMBEDDING.md has no example"

cmake -S "$work/bot" -B "$work/bot/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_BUILD_TYPE=Release >"$work/configure.log" 2>&1 || { cat "$work/configure.log" >&2; fail "the example does not configure"; }
cmake --build "$work/bot/build" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; fail "the example does not build"; }

mkfifo "$work/ready"
"$work/prefix/bin/lastword" serve --tcp 127.0.0.1:0 --ws 127.0.0.1:0 >"$work/ready" 2>"$work/server.log" &
server=$!
exec 3<"$work/ready"
read -r ready <&3
tcp=$(echo "$ready" | sed 's/.* tcp=\([^ ]*\).*/\1/')
ws=$(echo "$ready" | sed 's/.* ws=\([^ ]*\).*/\1/')

# Says hello until the bot is there, then looks at what it answers. Nothing waits by the clock: the
# server answers each line before the next is read.
converse() {
  "$work/bot/build/bot" "$1" 2>"$work/bot.log" &
  bot=$!
  name=$2
  mkfifo "$work/$name.in" "$work/$name.out"
  nc "${tcp%:*}" "${tcp##*:}" <"$work/$name.in" >"$work/$name.out" &
  exec 4>"$work/$name.in" 5<"$work/$name.out"
  echo "$name" >&4
  tries=0
  while :; do
    echo "echo: hello" >&4
    read -r line <&5 || fail "the server ended"
    case $line in
      "from echo: you said hello") break ;;
      "! undelivered echo: not_connected") ;;
      *) fail "unexpected: $line" ;;
    esac
    tries=$((tries + 1))
    [ "$tries" -lt 1000000 ] || fail "the bot does not come"
  done
  echo "echo: hello again" >&4
  read -r line <&5
  [ "$line" = "from echo: you said hello again" ] || fail "unexpected: $line"
  exec 4>&- 5<&-
  kill "$bot"
  wait "$bot" 2>/dev/null || true
  bot=
}
converse "tcp://$tcp" alice
converse "ws://$ws/" bob
echo "the bot answers over both transports"
