#!/bin/sh
# with_program.sh PROGRAM COMMAND...: runs the command if the program is installed. If it is not, says
# so and ends with exit code 77, by which ctest knows a skipped test.
set -eu

program=$1
shift
# Where Debian puts servers, which is not in everybody's path.
PATH=$PATH:/usr/sbin
if ! command -v "$program" >/dev/null; then
  echo "skipped: $program is not installed; run \`sh .ci/install.sh bench\`"
  exit 77
fi
exec "$@"
