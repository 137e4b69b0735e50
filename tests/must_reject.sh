#!/bin/sh
# Usage: must_reject.sh MESSAGE COMMAND [ARGUMENT...]
# Succeeds if and only if the command fails and says MESSAGE on either output.
set -eu
message=$1
shift

if output=$("$@" 2>&1); then
  printf '%s\n' "$output"
  echo "must_reject.sh: this command should have failed, and succeeded: $*" >&2
  exit 1
fi
printf '%s\n' "$output"
# CMake folds its messages; a fold is not a difference.
if ! printf '%s' "$output" | tr -s ' \n' ' ' | grep -qF -- "$message"; then
  echo "must_reject.sh: the command failed as it should, but did not say: $message" >&2
  exit 1
fi
