#!/bin/sh
# Installs, configures, builds and tests, all of it, with one preset:
#
#   sh tests/run.sh [PRESET] [ctest arguments]
#
#   sh tests/run.sh                      everything, preset release, lint included
#   sh tests/run.sh asan -R LineFramer   only tests whose names match
#
# The exit code is ctest's.
set -eu
cd -- "$(dirname -- "$0")/.."

preset=release
case ${1-} in
  '' | -*) ;;
  *)
    preset=$1
    shift
    ;;
esac

run=
case $preset in
  release) groups='build test lint' ;;
  dev) groups='build test' ;;
  asan | tsan)
    groups='build test'
    # Where the kernel scatters addresses widely, the sanitizers of GCC 12 die at start-up now and
    # then, because a mapping lies where they want their shadow. So without the scattering, where we
    # may.
    if setarch "$(uname -m)" --addr-no-randomize true 2>/dev/null; then
      run="setarch $(uname -m) --addr-no-randomize"
    fi
    ;;
  *)
    echo "tests/run.sh: unknown preset '$preset'; the presets are: release dev asan tsan" >&2
    exit 2
    ;;
esac

jobs=$(nproc)
# Split into words on purpose.
# shellcheck disable=SC2086
sh .ci/install.sh $groups
cmake --preset "$preset"
cmake --build --preset "$preset" --parallel "$jobs"
# shellcheck disable=SC2086
exec $run ctest --preset "$preset" --parallel "$jobs" --output-on-failure "$@"
