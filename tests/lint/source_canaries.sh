#!/bin/sh
# Usage: source_canaries.sh SCRATCH
#
# Shows source.sh, for each of its rules, a small tree that breaks this one rule. The trees are made
# here, as an editor would mend a file with a tab in it.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
scratch=$1

rm -rf "$scratch"
mkdir -p "$scratch/lint"
cp "$here/source.sh" "$scratch/lint/"

# tree PATH CONTENT: a good tree with one file of this content (as for printf), listed as it should
# be.
tree() {
  rm -rf "$scratch/tree"
  mkdir -p "$scratch/tree/$(dirname "$1")"
  printf "$2" >"$scratch/tree/$1"
  echo "add_library(x $(basename "$1"))" >"$scratch/tree/$(dirname "$1")/CMakeLists.txt"
  : >"$scratch/lint/long_files.txt"
}

rejects() {
  sh "$here/../must_reject.sh" "$1" sh "$scratch/lint/source.sh" "$scratch/tree"
}

long=$(yes 'int x;\n' | head -501 | tr -d '\n')

tree core/a.cc 'int x;\n// may throw, says a comment; rethrow() is another word\n'
sh "$scratch/lint/source.sh" "$scratch/tree"
tree core/a.cc 'void f() { throw std::bad_alloc(); }\n'
sh "$scratch/lint/source.sh" "$scratch/tree"

tree core/a.cc '\tint x;\n'
rejects 'core/a.cc:1: a tab'
tree net/a.sh 'exit \n'
rejects 'net/a.sh:1: a trailing blank'
tree net/a.cc "int x;\n// TO""DO: more\n"
rejects 'net/a.cc:2: a note to oneself'
tree core/a.cc 'void f() { throw 1; }\n'
rejects 'core/a.cc:1: the core throws nothing'
tree core/a.cc 'void f() { if (x) throw std::bad_alloc(); throw std::bad_cast(); }\n'
rejects 'core/a.cc:1: the core throws nothing'
tree core/a.h 'std::shared_ptr<int> x;\n'
rejects 'core/a.h:1: the core shares no ownership'
tree tests/core/a.cc 'void f() { sleep(1); }\n'
rejects 'tests/core/a.cc:1: a test waits'
tree core/a.cc "// $(yes long | head -25 | tr '\n' ' ').\n"
rejects 'core/a.cc:1: a comment of more than 100 columns'
tree core/a.cc 'int x;'
rejects 'core/a.cc: the last line has no end'

tree core/a.cc 'int x;\n'
echo 'add_library(x aa.cc)' >"$scratch/tree/core/CMakeLists.txt"
rejects 'core/a.cc: listed in no CMakeLists.txt'

tree core/a.cc "$long"
rejects 'core/a.cc: 501 lines'
echo 'core/a.cc one straight story' >"$scratch/lint/long_files.txt"
sh "$scratch/lint/source.sh" "$scratch/tree"
echo 'core/a.cc' >"$scratch/lint/long_files.txt"
rejects 'core/a.cc stands there without a reason'
tree core/a.cc 'int x;\n'
echo 'core/a.cc one straight story' >"$scratch/lint/long_files.txt"
rejects 'core/a.cc is not too long (any more)'
