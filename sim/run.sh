#!/bin/sh
# Builds the simulator if need be and becomes it:
#
#   sh sim/run.sh [a command of lastword-sim and its options]
#
#   sh sim/run.sh                        a suite: seeds 1 to 10,000
#   sh sim/run.sh run --seconds 60       a suite of another length
#   sh sim/run.sh replay 42 --story      one run, told
#   sh sim/run.sh --help                 what else there is
#
# Standard output holds the simulator's own lines only; all talk about building goes to standard
# error.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
build=$root/build/release

fail() {
  echo "sim/run.sh: $1" >&2
  exit 1
}

is_configured() {
  # A tree that was copied with its build folder would go on building the original.
  # One that was configured when there was no simulator knows no such target.
  [ -e "$build/build.ninja" ] &&
    grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build/CMakeCache.txt" &&
    grep -q '^build lastword-sim: ' "$build/build.ninja"
}

is_built() {
  is_configured && [ -x "$build/lastword-sim" ] &&
    ninja -C "$build" -n lastword-sim 2>/dev/null | grep -q 'no work to do'
}

# In the project's folder, as presets are looked for there; tests would need packages that the
# simulator does not.
configure() {
  (cd "$root" && cmake --preset release --fresh -DBUILD_TESTING=OFF)
}

sh "$root/.ci/install.sh" build </dev/null || fail "the packages that the build needs are not there, the reason is above"
if ! is_built; then
  if ! is_configured; then
    echo "sim/run.sh: configuring" >&2
    configure </dev/null >&2 || fail "could not configure the build, the reason is above"
  fi
  echo "sim/run.sh: building the simulator (minutes the first time, seconds afterwards)" >&2
  cmake --build "$build" --target lastword-sim --parallel "$(nproc)" </dev/null >&2 ||
    fail "the build failed, the reason is above"
fi
[ $# -gt 0 ] || set -- run
exec "$build/lastword-sim" "$@"
