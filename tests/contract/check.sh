#!/bin/sh
# What others' tools say of the contract: Spectral (OpenAPI, OWASP), Redocly, a TypeScript client made from it, which runs
# README's example against a real service. The tools are pinned and come from npm, into tests/contract/node_modules.
# usage: sh tests/contract/check.sh BUILD, from the top of the checkout
set -eu

build=$(cd "$1" && pwd)
export KEPT_BUILD="$build" REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
document=$build/openapi.json

cd tests/contract
command -v npm >/dev/null || {
	echo 'check-contract: Node.js 18 or later with npm is needed: install the packages nodejs and npm' >&2
	exit 1
}
cmp -s package-lock.json node_modules/installed || {
	npm ci --silent
	cp package-lock.json node_modules/installed
}
tool() {
	name=$1
	shift
	node_modules/.bin/"$name" "$@"
}

echo 'check-contract: Spectral'
tool spectral lint --quiet --fail-severity=hint --ruleset .spectral.yaml "$document"
echo 'check-contract: Redocly'
tool redocly lint --config redocly.yaml "$document"
echo 'check-contract: a TypeScript client'
mkdir -p made
tool openapi-typescript "$document" --default-non-nullable=false --output made/kept.d.ts >/dev/null
tool tsc --project .
node --test client.test.js
