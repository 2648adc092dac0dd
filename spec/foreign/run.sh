#!/bin/sh
# Build the C specs for processors of another kind and run them in qemu: `spec/foreign/run.sh [s390x|armhf]...`.
# SPDX-License-Identifier: MIT
#
# Called by `make foreign`, which names what is wrapped. Static, by cross compilers. libcrypto comes from that architecture's package libssl-dev, which is unpacked below build/
# and installed nowhere; what apt needs to find it is kept there, too.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD/build/foreign

unpack() { # ARCHITECTURE: libssl-dev below $root
  place=$root/$1
  [ ! -d "$place/usr/include/openssl" ] || return 0
  mkdir -p "$place/apt/lists/partial" "$place/apt/archives/partial"
  set -- -qq -o APT::Architecture="$1" -o APT::Architectures="$1" -o APT::Sandbox::User=root \
    -o Dir::State="$place/apt" -o Dir::State::lists="$place/apt/lists" -o Dir::State::status=/dev/null \
    -o Dir::Cache="$place/apt" -o Dir::Cache::archives="$place/apt/archives"
  apt-get "$@" update || true # one index that is not to be had leaves the others
  (cd "$place" && apt-get "$@" download libssl-dev && dpkg -x libssl-dev_*.deb .)
}

run() { # ARCHITECTURE TRIPLET QEMU COMPILER...
  unpack "$1"
  place=$root/$1 triplet=$2 qemu=$3
  shift 3
  "$@" -std=c11 -O1 -g -static -ffunction-sections -Wl,--gc-sections -Icsrc -Ispec/c -I"$place/usr/include" \
    -I"$place/usr/include/$triplet" -idirafter "$root/curl" -o "$place/spec" spec/foreign/main.c \
    $(for name in buf clock file fnf head process random sign vectors; do echo "spec/c/${name}_spec.c"; done) \
    spec/c/tap.c spec/c/memory.c spec/c/calls.c build/c/vectors.c \
    $(for name in buf canonical clock file fnf head process random sign; do echo "csrc/$name.c"; done) \
    $wrapped \
    "$place/usr/lib/$triplet/libcrypto.a" -lpthread -ldl -latomic 2>"$place/log" || { cat "$place/log" >&2; exit 1; }
  "$qemu" "$place/spec"
}

# libcurl's headers are the same everywhere.
mkdir -p "$root/curl"
ln -sfn "$(dirname "$(echo '#include <curl/curl.h>' | cc -E - | sed -n 's/^# 1 "\(.*\)\/curl\.h".*/\1/p' | head -1)")/curl" \
  "$root/curl/curl"

for architecture in ${*:-s390x armhf}; do
  echo "$architecture"
  case $architecture in
  s390x) run s390x s390x-linux-gnu qemu-s390x s390x-linux-gnu-gcc ;;
  armhf) run armhf arm-linux-gnueabihf qemu-arm arm-linux-gnueabihf-gcc ;;
  *) echo "unknown: $architecture" >&2; exit 2 ;;
  esac
done
