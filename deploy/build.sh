#!/bin/sh
# Builds both programs; says nothing but errors, and on a terminal how far it is.
# usage: MAKE=make sh deploy/build.sh BUILD
set -eu
build=$1
cd "$(dirname "$0")/.."

# As many at once as there are cores, unless the caller's make has said how many.
jobs=-j$(nproc 2>/dev/null || echo 2)
case " ${MAKEFLAGS:-}" in *' -j'* | *jobserver*) jobs= ;; esac

files=0
[ ! -t 1 ] || files=$("${MAKE:-make}" --no-print-directory -n all | grep -c ' -c -o ' || true)
if [ "$files" -gt 2 ]; then
	start=$(mktemp)
	while sleep 0.3; do
		printf '\rBuilding Kept: %s of %s files ' "$(find "$build" -name '*.o' -newer "$start" 2>/dev/null | wc -l)" "$files"
	done &
	ticker=$!
	trap 'kill "$ticker" 2>/dev/null; rm -f "$start"; printf "\r\033[K"' EXIT
	trap 'exit 1' INT TERM HUP
fi
# shellcheck disable=SC2086 # one word or none
"${MAKE:-make}" --no-print-directory -s $jobs all
