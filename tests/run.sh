#!/bin/sh
# Runs the given Check programs from the top of the checkout, two at a time (KEPT_TESTS_AT_ONCE says how many), and says
# what each printed only if it failed, and its last lines once more at the end. Ends with the line "N passed, N failed".
# usage: tests/run.sh BUILD PROGRAM…
set -u
KEPT_BUILD=$1
export KEPT_BUILD
shift
start=$(date +%s)
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# One program: its log to $1/NAME.log; a line "passed failed name" to $1/NAME; what it printed, if it failed, at once and whole.
# shellcheck disable=SC2016 # for the inner shell
one='
	results=$1 program=$2
	name=${program#"$KEPT_BUILD"/tests/}
	file=$results/$(printf %s "$name" | tr / -)
	begin=$(date +%s)
	"$program" >"$file.log" 2>&1 </dev/null
	code=$?
	line=$(grep -E "^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+" "$file.log" | tail -n 1)
	checks=$(printf "%s\n" "$line" | sed -n "s/.*Checks: \([0-9]*\).*/\1/p")
	bad=$(printf "%s\n" "$line" | sed -n "s/.*Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1+\2/p")
	bad=$((${bad:-0}))
	if [ $code -ne 0 ] || [ "${checks:-0}" -eq 0 ]; then
		[ $bad -gt 0 ] || bad=1
		cat "$file.log"
	fi
	good=$((${checks:-0} - bad))
	[ $good -ge 0 ] || good=0
	echo "$good $bad $name" >"$file"
	printf "%s  %s  %ss\n" "$name" "${line:-no result, exit $code}" $(($(date +%s) - begin))
'
printf '%s\n' "$@" | xargs -P "${KEPT_TESTS_AT_ONCE:-2}" -I '{}' sh -c "$one" sh "$results" '{}'

passed=0 failed=0
for file in "$results"/*; do
	case $file in *.log) continue ;; esac
	read -r good bad name <"$file"
	passed=$((passed + good)) failed=$((failed + bad))
	[ "$bad" -eq 0 ] || printf 'FAILED %s\n' "$name"
done
# A program that left no result at all counts as failed.
for program; do
	[ -f "$results/$(printf %s "${program#"$KEPT_BUILD"/tests/}" | tr / -)" ] || {
		failed=$((failed + 1))
		printf 'FAILED %s: no result\n' "$program"
	}
done
# Who reads only the end must see why.
for file in "$results"/*; do
	case $file in *.log) continue ;; esac
	read -r good bad name <"$file"
	[ "$bad" -eq 0 ] || { printf '%s\n' "== $name" && tail -n 15 "$file.log" | cut -c 1-1000; }
done
printf '%ss in all\n' $(($(date +%s) - start))
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
