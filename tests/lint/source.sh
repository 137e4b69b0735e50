#!/bin/sh
# Usage: source.sh ROOT
#
# The test that reads the source: a few rules that no compiler and no linter knows. Each has its
# canary in source_canaries.sh. Prints every breach as "file:line: rule" and fails if there was one.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd -- "$1"

breaches=$(mktemp)
trap 'rm -f "$breaches"' EXIT

# Names of sources hold no blanks. Canaries are bad on purpose.
list() {
  find . -path './.git' -prune -o -path ./build -prune -o -path '*/canaries' -prune -o -type f "$@" -print |
    sed 's|^\./||' | sort
}
code=$(list \( -name '*.h' -o -name '*.cc' \))
text=$(list \( -name '*.h' -o -name '*.cc' -o -name '*.sh' -o -name '*.cmake' -o -name CMakeLists.txt \))

# Line by line.
# shellcheck disable=SC2086
awk '
  function breach(rule) { printf "%s:%d: %s\n", FILENAME, FNR, rule }
  FNR == 1 { is_core = FILENAME ~ /^core\//; is_test = FILENAME ~ /^tests\// && FILENAME !~ /^tests\/bench\// }
  /\t/ { breach("a tab") }
  # (In code clang-format takes them away, and leaves those within a raw string, where they are
  # meant.)
  /[ \t\r]$/ && FILENAME !~ /\.(h|cc)$/ { breach("a trailing blank") }
  /TO[D]O|FIX[M]E/ { breach("a note to oneself; open an issue, or do it") }
  {
    statement = $0
    sub(/\/\/.*/, "", statement)
  }
  FILENAME !~ /\.(h|cc)$/ { next }
  # clang-format sees to the code, but leaves comments alone. (Bytes: a line with wider text may be
  # longer.)
  /^ *\/\// && length($0) > 100 && $0 !~ /[^ -~]/ && $0 !~ /https?:/ { breach("a comment of more than 100 columns") }
  # (But for what the containers throw as well: memory that C asks for can run out too.)
  { sub(/throw std::bad_alloc\(\);/, "", statement) }
  is_core && statement ~ /(^|[^a-z_])throw([^a-z_]|$)/ { breach("the core throws nothing; return a value with a reason") }
  is_core && statement ~ /shared_ptr/ { breach("the core shares no ownership; hold a handle") }
  is_test && statement ~ /(^|[^a-z_])(sleep_for|sleep_until|sleep|usleep|nanosleep)[ ]*\(/ {
    breach("a test waits for what it expects, and never sleeps")
  }
' /dev/null $text >"$breaches"

# How long a file may be. A test tells many short stories one after the other, and may be longer.
lines_max() {
  case $1 in
    tests/*) echo 800 ;;
    *) echo 500 ;;
  esac
}
for file in $code; do
  lines=$(wc -l <"$file")
  if [ "$lines" -gt "$(lines_max "$file")" ] && ! grep -q "^$file " "$here/long_files.txt"; then
    echo "$file: $lines lines; which concept in it has no name yet?" \
      "(or give a reason in tests/lint/long_files.txt)"
  fi
  if [ -n "$(tail -c 1 "$file")" ]; then
    echo "$file: the last line has no end"
  fi
done >>"$breaches"

# A source that no CMakeLists.txt lists, beside it or one folder up, is compiled and tested by
# nobody.
for file in $code; do
  folder=$(dirname "$file")
  cat "$folder/CMakeLists.txt" "$folder/../CMakeLists.txt" 2>/dev/null | grep -qwF -- "$(basename "$file")" ||
    case $file in
      *.cc) echo "$file: listed in no CMakeLists.txt" ;;
    esac
done >>"$breaches"

# The list of exceptions is true.
while read -r file reason; do
  case $file in '' | '#'*) continue ;; esac
  [ -n "$reason" ] || echo "tests/lint/long_files.txt: $file stands there without a reason"
  if [ ! -e "$file" ] || [ "$(wc -l <"$file")" -le "$(lines_max "$file")" ]; then
    echo "tests/lint/long_files.txt: $file is not too long (any more)"
  fi
done <"$here/long_files.txt" >>"$breaches"

cat "$breaches" >&2
[ ! -s "$breaches" ]
