#!/bin/sh
# Installs what a group of jobs needs and this machine lacks, with apt-get, on Debian 12.
#
#   sh .ci/install.sh [build] [test] [lint] [fuzz] [bench] [crowd]
#                        (no argument: all but bench and crowd)
#
# Where everything is there already it does nothing, and needs neither root nor network.
set -eu

fail() {
  echo "install.sh: $1" >&2
  exit "${2-1}"
}

[ $# -gt 0 ] || set -- build test lint fuzz

packages=
for group in "$@"; do
  case $group in
    build) packages="$packages g++ cmake ninja-build libboost1.81-dev libssl-dev zlib1g-dev libcli11-dev libspdlog-dev libfmt-dev libedit-dev pkg-config" ;;
    test)
      packages="$packages patch librapidcheck-dev libgtest-dev libgmock-dev libbenchmark-dev nlohmann-json3-dev netcat-openbsd"
      packages="$packages libwslay-dev valgrind"
      packages="$packages node-ws python3-websockets chromium"
      # Another Node than Debian's does as well.
      command -v node >/dev/null || packages="$packages nodejs"
      ;;
    lint) packages="$packages clang-format-19 clang-tidy-19" ;;
    # What the targets are built with, and what turns counts into a report of coverage.
    fuzz) packages="$packages clang-19 libclang-rt-19-dev llvm-19 libwslay-dev" ;;
    # What tests/bench/compare.sh compares with, and nothing else needs. Where a system starts its
    # services when they are installed, both start, and listen on the loopback interface.
    bench) packages="$packages nats-server redis-server" ;;
    # What tests/bench/crowd.sh runs in.
    crowd) packages="$packages user-mode-linux iproute2" ;;
    *) fail "unknown group '$group'; the groups are: build test lint fuzz bench crowd" 2 ;;
  esac
done

for tool in dpkg-query apt-get; do
  command -v $tool >/dev/null ||
    fail "this is no Debian with apt-get; install by hand what answers to:$packages"
done

missing=
for package in $packages; do
  # "installed" and nothing else: a removed package whose settings stayed behind is still listed.
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || status=
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
  as_root=
elif command -v sudo >/dev/null; then
  as_root=sudo
else
  fail "these packages are missing, and installing them takes root or sudo:$missing"
fi

# The lock is waited for: on a fresh machine the system's own upgrade may hold it.
apt_get() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes -o DPkg::Lock::Timeout=300 "$@" >&2
}

echo "install.sh: installing$missing" >&2
apt_get update || fail "apt-get update failed, its reason is above"
# Split into words on purpose: one word is one package.
# shellcheck disable=SC2086
apt_get install --no-install-recommends $missing || fail "could not install:$missing"
