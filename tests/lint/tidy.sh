#!/bin/sh
# Usage: tidy.sh CLANG_TIDY ROOT BUILD PASSED
#
# Runs clang-tidy over the sources of core/, net/, sim/ and fuzz/ under ROOT, with the compile
# database in BUILD.
#
# A source takes seconds to a minute. So the folder PASSED holds an empty file for each source that
# has passed; it is judged again when it, any header, a CMakeLists.txt or .clang-tidy is newer than
# that.
set -eu
clang_tidy=$1
root=$2
build=$3
passed=$4

cd -- "$root"
folders=
for folder in core net sim fuzz; do
  [ ! -d "$folder" ] || folders="$folders $folder"
done
[ -n "$folders" ] || {
  echo "tidy.sh: no folder to judge in $root" >&2
  exit 1
}
mkdir -p "$passed"

# Names of sources hold no blanks, here and below.
# shellcheck disable=SC2086
shared=$(find $folders \( -name '*.h' -o -name CMakeLists.txt \))
for file in CMakeLists.txt .clang-tidy; do
  [ ! -e "$file" ] || shared="$shared $file"
done

for source in $(find $folders -name '*.cc' | sort); do
  stamp=$passed/$(printf '%s' "$source" | tr / -)
  # shellcheck disable=SC2086
  if [ ! -e "$stamp" ] || [ -n "$(find "$source" $shared -newer "$stamp")" ]; then
    printf '%s %s\n' "$source" "$stamp"
  fi
done |
  # The database speaks of g++, so clang meets warnings that it has never heard of, and finds the
  # standard library using what it deprecates itself. What two runs
  # say would be mixed up; so each says it at once, at its end, and what was found in no header of
  # ours is left out.
  xargs -r -P 2 -n 2 sh -c '
    if said=$("$0" --quiet --extra-arg=-Wno-unknown-warning-option \
      --extra-arg=-Wno-error=deprecated-declarations -p "$1" "$2" 2>&1); then
      touch "$3"
    else
      printf "%s\n" "$said" | grep -v " warnings\{0,1\} generated\.$"
      exit 1
    fi
  ' "$clang_tidy" "$build"
