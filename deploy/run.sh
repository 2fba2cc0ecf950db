#!/bin/sh
# Runs Kept here: the private cluster, API, worker and the sample receiver, all below var/, until Ctrl-C. `make run` calls it.
# usage: sh deploy/run.sh BUILD
#   DEMO=no | yes        without the demonstration district; with it, also beside a district of your own
#   KEPT_LISTEN          host:port of the API
#   KEPT_RECEIVER_PORT   port of the sample receiver on 127.0.0.1
#   KEPT_DATABASE_URL    another database: then no private cluster is made, and the demonstration only with DEMO=yes
set -eu
umask 077

fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

# The same for wrong settings.
refuse() {
	printf '%s\n' "$*" >&2
	exit 2
}

build=$1
cd "$(dirname "$0")/.."
case ${DEMO:-} in '' | no | yes) ;; *) refuse 'DEMO is no or yes.' ;; esac

# Others may pass through var/, for the account that runs the cluster; each thing in it is closed by its own mode.
if [ -e var ] && [ ! -O var ]; then
	fail "var/ belongs to the account $(stat -c %U var). Run this as that account, or move var/ away."
fi
mkdir -p var/mail var/webhooks var/log
chmod 711 var

# One run a checkout. The kernel drops the lock when this shell ends in any way; children do not get it.
exec 9>>var/run.lock
flock -w 1 9 || fail "Kept already runs here (process $(cat var/run.lock)). Stop it with Ctrl-C there first."
echo $$ >var/run.lock

KEPT_LISTEN=${KEPT_LISTEN:-127.0.0.1:8420}
host=${KEPT_LISTEN%:*}
port=${KEPT_LISTEN##*:}
case $host:$port in
unix:* | :* | *:0 | *: | *:*[!0-9]*) refuse 'KEPT_LISTEN must be host:port here, for instance KEPT_LISTEN=127.0.0.1:8430' ;;
0.0.0.0:* | '[::]':*) host=127.0.0.1 ;;
esac
url=http://$host:$port
# The demonstration's webhooks go to the port that it was loaded with.
receiver_port=${KEPT_RECEIVER_PORT:-$(cat var/demonstration/receiver-port 2>/dev/null || echo 8421)}
KEPT_PUBLIC_URL=${KEPT_PUBLIC_URL:-$url}
# The sample receiver lives on loopback, where webhooks may not go unless that is said.
KEPT_EGRESS_ALLOW=${KEPT_EGRESS_ALLOW:-127.0.0.0/8:*}
no_proxy=$host,127.0.0.1${no_proxy:+,$no_proxy}
export KEPT_LISTEN KEPT_PUBLIC_URL KEPT_EGRESS_ALLOW no_proxy

# end PID SECONDS [SIGNAL]: asks it to end, and makes it when the time is over
end() {
	kill -s "${3:-TERM}" "$1" 2>/dev/null || return 0
	tries=0
	while kill -0 "$1" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt $(($2 * 10)) ] || kill -KILL "$1" 2>/dev/null || true
		sleep 0.1 9>&-
	done
}

private=
api='' worker='' receiver=''
stop() {
	trap '' INT TERM HUP
	# The API first, so that nobody is told "yes" by a register that is going away; then the worker; the database last.
	# INT: it does not wait for what a browser's open connection may bring.
	[ -z "$api" ] || end "$api" 20 INT
	for pid in $worker $receiver; do
		end "$pid" 20
	done
	rm -f var/run.pids
	[ -z "$private" ] || sh deploy/cluster.sh stop var/postgresql
}
trap 'code=$?; stop; exit $code' EXIT
trap 'printf "\nStopping. The data stays in var/\n"; exit 0' INT TERM HUP

# Programs end with this shell; those of a run that was killed may still be at it.
if [ -f var/run.pids ]; then
	while read -r pid name; do
		case $(cat "/proc/$pid/comm" 2>/dev/null || true) in
		kept-*)
			printf 'Ending what a former run left: %s (process %s)\n' "$name" "$pid" >&2
			end "$pid" 20
			;;
		esac
	done <var/run.pids
	rm -f var/run.pids
fi

# need_port HOST PORT: fails if somebody answers there
need_port() {
	code=0
	curl -so /dev/null --max-time 1 "http://$1:$2/" || code=$?
	[ $code -eq 7 ] || fail "Port $2 is taken by another program. Stop that one, or choose other ports:
  KEPT_LISTEN=127.0.0.1:8430 KEPT_RECEIVER_PORT=8431 make run"
}
need_port "$host" "$port"
need_port 127.0.0.1 "$receiver_port"

if [ -z "${KEPT_DATABASE_URL:-}${KEPT_DATABASE_URL_FILE:-}" ]; then
	private=yes
	# Somebody took the cluster away: what stands here of the demonstration is of that one.
	if [ ! -e var/postgresql/data ] && [ -d var/demonstration ]; then
		! cmp -s var/key var/demonstration/key || rm var/key
		rm -rf var/demonstration var/receiver-secrets
	fi
	sh deploy/cluster.sh start var/postgresql 9>&-
	KEPT_DATABASE_URL=$(sh deploy/cluster.sh url var/postgresql)
	export KEPT_DATABASE_URL
fi
[ -n "${KEPT_SECRET:-}${KEPT_SECRET_FILE:-}" ] || [ -f var/secret ] || "$build/kept-api" secret rotate >/dev/null
"$build/kept-api" migrate

# start NAME COMMAND…: in the background; its messages in var/log/, those of the run before beside them
start() {
	name=$1
	shift
	[ ! -s "var/log/$name.log" ] || mv "var/log/$name.log" "var/log/$name.log.1"
	# A session of its own keeps the terminal's Ctrl-C from it: the order of stopping is ours.
	setsid setpriv --pdeathsig TERM "$@" >"var/log/$name.log" 2>&1 </dev/null 9>&- &
	printf '%s %s\n' $! "$name" >>var/run.pids
}

# alive PID NAME: or all ends, and the reason is told
alive() {
	kill -0 "$1" 2>/dev/null && return 0
	grep -v '"level":"info"' "var/log/$2.log" | tail -n 5 >&2
	fail "$2 has ended, so Kept stops; all that it said is in var/log/$2.log"
}

# until_ready WHAT COMMAND…: waits for it, 30 s at most
until_ready() {
	what=$1
	shift
	tries=0
	until "$@"; do
		alive "$api" api
		alive "$receiver" receiver
		[ -z "$worker" ] || alive "$worker" worker
		tries=$((tries + 1))
		[ $tries -lt 300 ] || fail "$what; see var/log/"
		sleep 0.1 9>&-
	done
}

api_answers() {
	curl -so /dev/null --fail --max-time 2 "$url/readyz"
}

# A look of the run before does not count.
worker_looked() {
	age=$(curl -s --max-time 2 "$url/readyz" | sed -n 's/.*"worker_looked_seconds_ago":\([0-9]*\).*/\1/p')
	[ "${age:-9}" -lt 3 ]
}

# The demonstration is for those who come new, not for those who keep a register of their own here.
demonstration_wanted() {
	case ${DEMO:-} in
	no) return 1 ;;
	yes) return 0 ;;
	esac
	[ -d var/demonstration ] || { [ -n "$private" ] &&
		[ "$(sh deploy/cluster.sh admin var/postgresql psql -XAtc 'select count(*) from kept.district')" = 0 ]; }
}

# What the programs take when KEPT_DATABASE_URL is not set.
default_database() {
	printf "host='%s/var/postgresql/run' dbname=kept user=kept" "$(pwd -P | sed "s/[\\\\']/\\\\&/g")"
}

touch var/receiver-secrets
start api "$build/kept-api" serve
api=$!
start receiver "$build/kept-receiver" "$receiver_port" var/receiver-secrets var/webhooks
receiver=$!
until_ready "The API does not answer at $url" api_answers
alive "$api" api
alive "$receiver" receiver
printf '%s\n' "$url" >var/url
if demonstration_wanted; then
	sh deploy/demonstration/load.sh "$build" "$url" "$receiver_port"
fi
start worker "$build/kept-worker"
worker=$!
until_ready 'The worker does not look at what is due' worker_looked

printf '\nKept is running at %s/    worker looked %s s ago    Ctrl-C stops, data stays in var/\n' "$url" "$age"
# shellcheck disable=SC2016 # $(cat var/key) is to be typed by the reader
look='1  who promised what, by group    curl -sH "Authorization: Bearer $(cat var/key)" '$url/v1/summary
if [ -f var/demonstration/done ] && cmp -s var/key var/demonstration/key; then
	printf 'Key (admin of "%s"): %s         also in var/key\n' "$(cat var/demonstration/name)" "$(cat var/key)"
	printf '%s\n' "$look"
	printf '2  make a promise, remind now     sh deploy/try/promise.sh      (two plain curl calls; read it)\n'
	printf '3  see both reminders             head -40 var/mail/*.eml var/webhooks/*.json\n'
elif [ -f var/key ]; then
	printf 'Key: in var/key\n%s\n' "$look"
else
	printf 'There is no key in var/key. A district of your own, then a key for it:\n'
	[ "$KEPT_DATABASE_URL" = "$(default_database)" ] || printf '   export KEPT_DATABASE_URL="%s"\n' "$KEPT_DATABASE_URL"
	printf '   %s/kept-api district add "Your district" --time-zone America/New_York --locale en\n' "$build"
	printf '   (umask 077; %s/kept-api key add --district ID --role admin | tail -n 1 >var/key)\n%s\n' "$build" "$look"
fi

while :; do
	alive "$api" api
	alive "$worker" worker
	alive "$receiver" receiver
	sleep 1 9>&- &
	wait $! || true
done
