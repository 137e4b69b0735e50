#!/bin/sh
# Prints the names of all fuzz targets, as CMakeLists.txt beside it has them, a line each.
set -eu
sed -n 's/^lastword_add_fuzz_target(\([a-z_]*\).*/\1/p' "$(dirname -- "$0")/CMakeLists.txt"
