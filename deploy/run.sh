#!/bin/sh
# Runs Kept here: the private cluster, API, worker and the sample receiver, all below var/, until Ctrl-C. `make run` calls it.
# usage: sh deploy/run.sh BUILD     (DEMO=no leaves the demonstration out)
set -eu

build=$1
cd "$(dirname "$0")/.."
mkdir -p var/mail var/webhooks var/log
chmod 700 var

KEPT_LISTEN=${KEPT_LISTEN:-127.0.0.1:8420}
port=${KEPT_LISTEN##*:}
receiver_port=${KEPT_RECEIVER_PORT:-8421}
KEPT_PUBLIC_URL=${KEPT_PUBLIC_URL:-http://$KEPT_LISTEN}
# The sample receiver lives on loopback, where webhooks may not go unless that is said.
KEPT_EGRESS_ALLOW=${KEPT_EGRESS_ALLOW:-127.0.0.0/8:*}
export KEPT_LISTEN KEPT_PUBLIC_URL KEPT_EGRESS_ALLOW

fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

pids=
stop() {
	trap '' INT TERM
	# The API first, so that nobody is told "yes" by a register that is going away; then the worker; the database last.
	for pid in $pids; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	sh deploy/cluster.sh stop var/postgresql
}

# One run a checkout: two would fight for the same ports and files.
if [ -f var/run.pid ] && kill -0 "$(cat var/run.pid)" 2>/dev/null &&
	[ "$(readlink "/proc/$(cat var/run.pid)/cwd" 2>/dev/null)" = "$(pwd -P)" ]; then
	fail "Kept already runs here (process $(cat var/run.pid)). Stop it with Ctrl-C there first."
fi
echo $$ >var/run.pid
trap 'stop; rm -f var/run.pid; exit 0' INT TERM
trap '[ $? -eq 0 ] || { stop; rm -f var/run.pid; }' EXIT

sh deploy/cluster.sh start var/postgresql
if [ -z "${KEPT_DATABASE_URL:-}${KEPT_DATABASE_URL_FILE:-}" ]; then
	KEPT_DATABASE_URL=$(sh deploy/cluster.sh url var/postgresql)
	export KEPT_DATABASE_URL
fi
[ -n "${KEPT_SECRET:-}${KEPT_SECRET_FILE:-}" ] || [ -f var/secret ] || "$build/kept-api" secret rotate >/dev/null
"$build/kept-api" migrate

# start NAME LOG COMMAND…: in the background, its messages in var/log/
start() {
	name=$1
	shift
	# A session of its own keeps the terminal's Ctrl-C from it: the order of stopping is ours.
	setsid "$@" >>"var/log/$name.log" 2>&1 </dev/null &
	pids="$pids $!"
}

alive() {
	kill -0 "$1" 2>/dev/null || {
		tail -n 5 "var/log/$2.log" >&2
		fail "$2 did not start; its last lines are above, all of them in var/log/$2.log."
	}
}

touch var/receiver-secrets
chmod 600 var/receiver-secrets
start api "$build/kept-api" serve
api=$!
start receiver "$build/kept-receiver" "$receiver_port" var/receiver-secrets var/webhooks
receiver=$!
url=http://127.0.0.1:$port
tries=0
until curl -so /dev/null --fail --max-time 2 "$url/readyz"; do
	alive "$api" api
	alive "$receiver" receiver
	tries=$((tries + 1))
	[ $tries -lt 300 ] || fail "The API does not answer at $url; see var/log/api.log."
	sleep 0.1
done

if [ "${DEMO:-yes}" != no ]; then
	sh deploy/demonstration/load.sh "$build" "$url" "http://127.0.0.1:$receiver_port/"
fi
start worker "$build/kept-worker"
worker=$!
tries=0
# A look of the last run does not count.
until age=$(curl -s --max-time 2 "$url/readyz" | sed -n 's/.*"worker_looked_seconds_ago":\([0-9]*\).*/\1/p') && [ "${age:-9}" -lt 3 ]; do
	alive "$worker" worker
	tries=$((tries + 1))
	[ $tries -lt 300 ] || fail "The worker does not look; see var/log/worker.log."
	sleep 0.1
done

printf '\nKept is running at %s/    worker looked %s s ago    Ctrl-C stops, data stays in var/\n' "$url" "$age"
if [ -f var/key ]; then
	name=$(cat var/demonstration/name 2>/dev/null || true)
	printf 'Key (admin of "%s"): %s         also in var/key\n' "$name" "$(cat var/key)"
	# shellcheck disable=SC2016 # to be typed by the reader
	printf '1  who promised what, by group    curl -sH "Authorization: Bearer $(cat var/key)" %s/v1/summary\n' "$url"
	printf '2  make a promise, remind now     sh deploy/try/promise.sh      (two plain curl calls; read it)\n'
	printf '3  see both reminders             head -40 var/mail/*.eml var/webhooks/*.json\n'
else
	printf 'There is no district yet. Make one, and a key for it:\n'
	printf '  export KEPT_DATABASE_URL="%s"\n' "$KEPT_DATABASE_URL"
	printf '  %s/kept-api district add "Your district" --time-zone America/New_York --locale en\n' "$build"
	printf '  %s/kept-api key add --district ID --role admin\n' "$build"
fi

# Watch the three; when one goes, all go, and the reason is told.
while :; do
	alive "$api" api
	alive "$worker" worker
	alive "$receiver" receiver
	sleep 1 &
	wait $! || true
done
