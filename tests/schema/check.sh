#!/bin/sh
# Judges the schema engine by what others made: the public JSON-Schema-Test-Suite, which comes inside a Debian package
# and is only unpacked, and ajv. Ends with the line "N passed, N failed".
# usage: tests/schema/check.sh BUILD
set -eu
build=$(cd "$1" && pwd)
cd "$(dirname "$0")"
package=libtest-json-schema-acceptance-perl
suite=$build/schema-suite
if [ ! -d "$suite/tests/draft2020-12" ]; then
	folder=$(mktemp -d)
	trap 'rm -rf "$folder"' EXIT
	chmod 755 "$folder"
	(cd "$folder" && { apt-get download -qq "$package" 2>/dev/null || { apt-get update -qq && apt-get download -qq "$package"; }; })
	dpkg-deb -x "$folder"/*.deb "$folder/unpacked"
	rm -rf "$suite"
	mkdir -p "$suite"
	cp -r "$folder"/unpacked/usr/share/perl5/auto/share/dist/Test-JSON-Schema-Acceptance/tests "$suite/"
fi
passed=0 failed=0
count() {
	if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
count "$build/tests/suite" "$suite/tests/draft2020-12"
[ -d node_modules ] || npm ci --silent
count node differential.js "$build/tests/validate"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
