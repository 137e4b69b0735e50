#!/bin/sh
# Usage: unreached.sh LINES EXPLANATIONS
#
# LINES is what `llvm-cov show` says of each line. Prints every block of lines that was never run and
# that EXPLANATIONS has no reason for, and every explanation that explains nothing; fails if there was
# either.
#
# An explanation is a line "FILE | TEXT | REASON": it is for the block in FILE in which a line
# contains TEXT. With * for FILE it is for every block that is one line, and nothing but TEXT.
set -eu
awk -v explanations="$2" '
  function end_block(  entry, is_explained, is_meant, only_line) {
    if (block == "") return
    only_line = block
    gsub(/^ +|\n$/, "", only_line)
    for (entry = 1; entry <= count; ++entry) {
      is_meant = files[entry] == "*" ? only_line == texts[entry] : files[entry] == file && index(block, texts[entry])
      if (!is_meant) continue
      is_explained = 1
      used[entry] = 1
    }
    if (!is_explained) {
      printf "%s:%d: never run, and not explained:\n%s", file, first, block
      bad = 1
    }
    block = ""
  }
  BEGIN {
    while ((getline row < explanations) > 0) {
      if (row ~ /^#/ || row ~ /^ *$/) continue
      if (split(row, columns, / *\| */) < 3) { print explanations ": no reason: " row; bad = 1; continue }
      ++count
      files[count] = columns[1]
      texts[count] = columns[2]
      rows[count] = row
    }
    close(explanations)
  }
  /^\/.*:$/ || /^core\/.*:$/ {
    end_block()
    file = $0
    sub(/:$/, "", file)
    sub(/^.*\/core\//, "core/", file)
    next
  }
  # "  12|      0|  text", and in between what branches say.
  /^ *[0-9]+\|/ {
    number = $0
    sub(/\|.*/, "", number)
    counted = $0
    sub(/^ *[0-9]+\|/, "", counted)
    text = counted
    sub(/^[^|]*\|/, "", text)
    sub(/\|.*/, "", counted)
    gsub(/ /, "", counted)
    if (counted == "0") {
      if (block == "") first = number + 0
      block = block "    " text "\n"
    } else if (counted != "") {
      end_block()
    }
  }
  END {
    end_block()
    for (entry = 1; entry <= count; ++entry) {
      if (used[entry]) continue
      print explanations ": explains nothing (any more): " rows[entry]
      bad = 1
    }
    exit bad
  }' "$1"
