#!/bin/sh
# Says where promtool is. Where it is not installed it is unpacked from Debian's package prometheus, which is not
# installed itself: it would start a server.
# usage: tests/promtool.sh FOLDER
set -eu
folder=$1

if command -v promtool; then
	exit 0
fi
if [ ! -x "$folder/promtool" ]; then
	mkdir -p "$folder"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	# The package lists are fetched only where they are missing or too old to be of use; that takes root.
	(
		cd "$work"
		apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; }
		dpkg-deb --fsys-tarfile ./prometheus_*.deb | tar -x ./usr/bin/promtool
	) >&2
	mv "$work/usr/bin/promtool" "$folder/promtool"
fi
cd "$folder"
printf '%s\n' "$PWD/promtool"
