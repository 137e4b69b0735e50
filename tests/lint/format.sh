#!/bin/sh
# Usage: format.sh CLANG_FORMAT ROOT [FLAG...]
#
# Fails, naming the places, where a source under ROOT is not formatted as .clang-format says. Flags
# take the place of that; `sh tests/lint/format.sh clang-format-19 . -i` mends them all.
set -eu
clang_format=$1
cd -- "$2"
shift 2
[ $# -gt 0 ] || set -- --dry-run --Werror

# The canaries are bad on purpose, some of them in this way.
find . -name build -prune -o -path './.*' -prune -o -name canaries -prune -o \
  -type f \( -name '*.h' -o -name '*.cc' \) -print |
  sort | xargs "$clang_format" "$@"
