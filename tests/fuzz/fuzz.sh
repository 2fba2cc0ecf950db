#!/bin/sh
# Runs the fuzzers one after the other, each for so many seconds. What they found to be new stays in BUILD/corpus; an
# input that ends one is kept in BUILD and named. Ends with the line "N passed, N failed".
# usage: tests/fuzz/fuzz.sh BUILD SECONDS FUZZER…
set -u
build=$1 seconds=$2
shift 2
passed=0 failed=0
for fuzzer; do
	name=$(basename "$fuzzer" _fuzz)
	mkdir -p "$build/corpus/$name"
	set -- "$build/corpus/$name"
	[ -d "tests/fuzz/seeds/$name" ] && set -- "$@" "tests/fuzz/seeds/$name"
	if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 \
		-artifact_prefix="$build/$name-" "$@" >"$build/$name.log" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		tail -n 40 "$build/$name.log"
		echo "FAILED $name: see $build/$name.log"
	fi
	printf '%s  %s inputs, %s features\n' "$name" \
		"$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log")" \
		"$(sed -n 's/.* ft: \([0-9]*\) .*/\1/p' "$build/$name.log" | tail -n 1)"
done
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
