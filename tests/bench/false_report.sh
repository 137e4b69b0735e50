#!/bin/sh
# false_report.sh ACCEPTED CLEAN SERVER: for the canaries: runs a server that says nothing at its
# end, and then writes a shutdown report in its name, with so many messages, each delivered once.
set -u

accepted=$1
clean=$2
# It ends with this script, even if that is killed.
setpriv --pdeathsig KILL "$3" &
server=$!

end() {
  kill "$server"
  wait "$server"
  echo "{\"messages\":{\"accepted\":$accepted},\"clean\":$clean," \
    "\"deliveries\":{\"total\":$accepted,\"delivered\":$accepted}}"
  exit 0
}
trap end TERM
wait "$server"
