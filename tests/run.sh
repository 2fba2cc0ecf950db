#!/bin/sh
# Runs the given Check programs one after the other, from the top of the checkout, and says what each printed only if it failed.
# usage: tests/run.sh BUILD PROGRAM…
set -u
KEPT_BUILD=$1
export KEPT_BUILD
shift
passed=0 failed=0 failures=
start=$(date +%s)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for program; do
	begin=$(date +%s)
	"$program" >"$log" 2>&1
	code=$?
	line=$(grep -E '^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+' "$log" | tail -n 1)
	checks=$(printf '%s\n' "$line" | sed -n 's/.*Checks: \([0-9]*\).*/\1/p')
	bad=$(printf '%s\n' "$line" | sed -n 's/.*Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2/p' | { read -r f e && echo $((f + e)); })
	if [ "$code" -ne 0 ] || [ -z "$checks" ] || [ "$checks" -eq 0 ]; then
		[ -n "$bad" ] && [ "$bad" -gt 0 ] || bad=1
		failures="$failures $program"
		cat "$log"
	fi
	passed=$((passed + ${checks:-0} - ${bad:-0})) failed=$((failed + ${bad:-0}))
	printf '%s  %s  %ss\n' "${program#"$KEPT_BUILD"/tests/}" "${line:-no result, exit $code}" $(($(date +%s) - begin))
done
printf '%ss in all\n' $(($(date +%s) - start))
for program in $failures; do printf 'FAILED %s\n' "$program"; done
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
