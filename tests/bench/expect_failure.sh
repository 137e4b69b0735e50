#!/bin/sh
# expect_failure.sh MESSAGE COMMAND...: succeeds if the command ends with exit code 1 and says
# MESSAGE on standard error. (What ctest offers looks at either the code or the text.)
set -u

expected=$1
shift
said=$("$@" 2>&1 >/dev/null)
code=$?
echo "exit code $code: $said"
[ "$code" -eq 1 ] || exit 1
case $said in
  *"$expected"*) exit 0 ;;
esac
echo "expected: $expected"
exit 1
