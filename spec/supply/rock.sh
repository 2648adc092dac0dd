#!/bin/sh
# Build the rock of the library to build/rock, bit for bit the same from the same sources: `spec/supply/rock.sh [LUA]`.
# SPDX-License-Identifier: MIT
#
# Times in it are SOURCE_DATE_EPOCH, else that of the last commit; files are in the order of their names.
set -eu
cd "$(dirname "$0")/../.."
version=${1:-5.4}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/source" "$work/rock" build/rock
git ls-files -z | xargs -0 cp --parents -t "$work/source"
(cd "$work/source" && luarocks "--lua-version=$version" make --pack-binary-rock fnf-scm-1.rockspec >"$work/log" 2>&1) ||
  { cat "$work/log" >&2; exit 1; }
(cd "$work/rock" && unzip -q "$work"/source/fnf-scm-1.*.rock)
find "$work/rock" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
rock=$PWD/build/rock/fnf-scm-1.lua$version.rock
rm -f "$rock"
(cd "$work/rock" && find . -type f | sort | zip -q -X -D "$rock" -@)
sha256sum "$rock"
