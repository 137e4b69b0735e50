#!/bin/sh
# Builds the server if need be and becomes it:
#
#   sh net/run.sh [options of `lastword serve`]
#
# Standard output holds the server's own lines only; all talk about building goes to standard error.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
build=$root/build/release

fail() {
  echo "net/run.sh: $1" >&2
  exit 1
}

is_configured() {
  # A tree that was copied with its build folder would go on building the original.
  [ -e "$build/build.ninja" ] && grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build/CMakeCache.txt"
}

is_built() {
  is_configured && [ -x "$build/lastword" ] &&
    ninja -C "$build" -n lastword 2>/dev/null | grep -q 'no work to do'
}

# In the project's folder, as presets are looked for there; tests would need packages that the
# server does not.
configure() {
  (cd "$root" && cmake --preset release --fresh -DBUILD_TESTING=OFF)
}

sh "$root/.ci/install.sh" build </dev/null || fail "the packages that the build needs are not there, the reason is above"
if ! is_built; then
  if ! is_configured; then
    echo "net/run.sh: configuring" >&2
    configure </dev/null >&2 || fail "could not configure the build, the reason is above"
  fi
  echo "net/run.sh: building the server (minutes the first time, seconds afterwards)" >&2
  cmake --build "$build" --target lastword --parallel "$(nproc)" </dev/null >&2 ||
    fail "the build failed, the reason is above"
fi
exec "$build/lastword" serve "$@"
