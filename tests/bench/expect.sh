#!/bin/sh
# expect.sh CODE MESSAGE COMMAND...: succeeds if the command ends with this exit code and says MESSAGE
# on standard error. (What ctest offers looks at either the code or the text.)
set -u

expected_code=$1
expected=$2
shift 2
said=$("$@" 2>&1 >/dev/null)
code=$?
echo "exit code $code: $said"
[ "$code" -eq "$expected_code" ] || exit 1
case $said in
  *"$expected"*) exit 0 ;;
esac
echo "expected: $expected"
exit 1
