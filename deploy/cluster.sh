#!/bin/sh
# The private PostgreSQL cluster of a checkout, below a folder such as var/postgresql: data/, run/ (its socket), log.
# It never touches the system's clusters, listens on no network address, and knows the login kept, which owns the
# database kept and is no superuser.
#
# usage: sh deploy/cluster.sh start|stop|status|url FOLDER
#        sh deploy/cluster.sh admin FOLDER PROGRAM ARGUMENT…
#   start   makes it if it is not there, starts it if it does not run
#   status  0: it runs
#   url     prints the connection string
#   admin   runs a client of PostgreSQL (psql, pg_dump) on the database kept as the cluster's first account
# KEPT_PG_BIN names the folder of the server's programs; without it, the newest that is installed.
# As root, the account postgres runs it: also when the folder lies where that account may not look.
set -eu
LC_ALL=C
export LC_ALL

say() {
	printf '%s\n' "$*" >&2
}

action=$1
[ "$action" != start ] || mkdir -p "$2"
if ! [ -d "$2" ]; then
	[ "$action" = stop ] && exit 0
	exit 1
fi
folder=$(cd "$2" && pwd -P)
shift 2

find_programs() {
	if [ -n "${KEPT_PG_BIN:-}" ]; then
		bin=$KEPT_PG_BIN
	else
		bin=
		for candidate in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin; do
			[ -x "$candidate/postgres" ] || continue
			if [ -z "$bin" ] || [ "$(version_of "$candidate")" -gt "$(version_of "$bin")" ]; then
				bin=$candidate
			fi
		done
		if [ -z "$bin" ] && command -v postgres >/dev/null 2>&1; then
			bin=$(dirname "$(command -v postgres)")
		fi
	fi
	if [ ! -x "$bin/postgres" ]; then
		say "No PostgreSQL server was found. Install the package postgresql, then try again."
		exit 1
	fi
}

version_of() {
	"$1/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'
}

# access(2) does not heed lent rights, so the question is asked by going there.
may_enter() {
	# shellcheck disable=SC2016 # for the inner shell
	$as sh -c 'cd "$1"' sh "$folder" 2>/dev/null
}

# Sets `as` to what runs a command as the account that owns the cluster.
find_account() {
	as=
	[ "$(id -u)" -eq 0 ] || return 0
	if ! id postgres >/dev/null 2>&1; then
		say "The account postgres is missing; it comes with the package postgresql."
		exit 1
	fi
	chown postgres: "$folder"
	plain='setpriv --reuid=postgres --regid=postgres --init-groups'
	as=$plain
	if may_enter; then
		return 0
	fi
	# A parent folder is closed to that account (a checkout below /root, say): lend it the right to pass through.
	for right in dac_read_search dac_override; do
		as="$plain --inh-caps=+$right --ambient-caps=+$right"
		if may_enter; then
			return 0
		fi
	done
	say "The account postgres may not enter $folder, and root may not lend it that right here."
	say "Move the checkout to a folder that all may enter (chmod o+x on its parents does it too), then try again."
	exit 1
}

# A socket's path has at most 107 bytes and, for clients, no comma: below such a path the socket lives under /tmp.
find_socket() {
	socket=$folder/run
	case $socket in
	*,* | ?????????????????????????????????????????????????????????????????????????????????????????*)
		socket=/tmp/kept-$(printf '%s' "$folder" | cksum | cut -d' ' -f1)
		;;
	esac
}

# Whether it answers, or is about to: asked on the socket, for the number in a stale postmaster.pid may be anybody's by now.
running() {
	code=0
	"$bin/pg_isready" -q -h "$socket" >/dev/null 2>&1 || code=$?
	[ $code -le 1 ]
}

# After a power cut the number in postmaster.pid may belong to another process, and PostgreSQL would wait for that one.
# Put a number there that none has; the rest of the file tells PostgreSQL how to find what may be left of its memory.
forget_stale_process() {
	pid=$(head -n 1 "$folder/data/postmaster.pid" 2>/dev/null) || return 0
	[ -d "/proc/$pid" ] || return 0
	if [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$folder/data" ]; then
		say "A PostgreSQL of a former run (process $pid) does not answer on its socket. It is ended first."
		$as "$bin/pg_ctl" -D "$folder/data" -m fast -w -t 60 stop >/dev/null
	else
		$as sed -i '1s/.*/4194305/' "$folder/data/postmaster.pid" # above what Linux gives out
	fi
}

query() {
	"$bin/psql" -XqAt -v ON_ERROR_STOP=1 -h "$socket" -U postgres -d postgres "$@"
}

make_cluster() {
	say "Making a private PostgreSQL cluster in $folder"
	rm -rf "$folder/data.new"
	if ! $as "$bin/initdb" -D "$folder/data.new" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --data-checksums >"$folder/initdb.log" 2>&1; then
		cat "$folder/initdb.log" >&2
		say "The cluster could not be made; the lines above say why."
		exit 1
	fi
	cat >>"$folder/data.new/postgresql.conf" <<END
listen_addresses = ''
max_connections = 100
password_encryption = scram-sha-256
idle_in_transaction_session_timeout = '60s'
END
	mv "$folder/data.new" "$folder/data"
	rm -f "$folder/initdb.log"
}

other_version() {
	programs=/usr/lib/postgresql/$have/bin
	say "The cluster in $folder is of PostgreSQL $have; the server here is PostgreSQL $want. Nothing was changed."
	[ -x "$programs/postgres" ] || say "To use it, install PostgreSQL $have beside this one (package postgresql-$have). Then,"
	say "to stay with $have:     KEPT_PG_BIN=$programs make run"
	if [ "$have" -lt "$want" ]; then
		say "to move to $want:       KEPT_PG_BIN=$programs make backup FILE=kept.backup"
		say "                     make restore FILE=kept.backup && make run"
	fi
	say "to begin with nothing: mv var var-$have && make run"
	exit 1
}

start() {
	if [ -f "$folder/data/PG_VERSION" ]; then
		have=$(cat "$folder/data/PG_VERSION") want=$(version_of "$bin")
		[ "$have" = "$want" ] || other_version
	else
		make_cluster
	fi
	if running; then
		tries=0
		until "$bin/pg_isready" -q -h "$socket"; do
			tries=$((tries + 1))
			if [ $tries -ge 600 ]; then
				say "PostgreSQL is there but takes nobody; see $folder/log."
				exit 1
			fi
			sleep 0.1
		done
		return 0
	fi
	forget_stale_process
	if [ -L "$socket" ]; then
		say "$socket is a link that somebody put there. Remove it, then try again."
		exit 1
	fi
	mkdir -p "$socket"
	chmod 700 "$socket"
	[ "$(id -u)" -ne 0 ] || chown postgres: "$socket"
	# The path may hold spaces and quotes: pg_ctl hands its -o to a shell, so the setting is given by file.
	printf "unix_socket_directories = '%s'\n" "$(printf '%s' "$socket" | sed "s/'/''/g")" >"$folder/data/kept.conf"
	[ "$(id -u)" -ne 0 ] || chown postgres: "$folder/data/kept.conf"
	grep -q "^include 'kept.conf'" "$folder/data/postgresql.conf" || printf "include 'kept.conf'\n" >>"$folder/data/postgresql.conf"
	if ! $as "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 start >/dev/null 2>&1; then
		tail -n 10 "$folder/log" >&2
		say "PostgreSQL did not start; the lines above are from $folder/log."
		exit 1
	fi
	if [ "$(query -c "select count(*) from pg_roles where rolname = 'kept'")" = 0 ]; then
		query -c 'create role kept login createrole'
	fi
	if [ "$(query -c "select count(*) from pg_database where datname = 'kept'")" = 0 ]; then
		query -c 'create database kept owner kept'
	fi
}

stop() {
	if running; then
		$as "$bin/pg_ctl" -D "$folder/data" -m fast -w -t 60 stop >/dev/null
	fi
	case $socket in /tmp/kept-*) rmdir "$socket" 2>/dev/null || true ;; esac
}

find_programs
find_socket
case $action in
start)
	find_account
	start
	;;
stop)
	find_account
	stop
	;;
status)
	running
	;;
url)
	quoted=$(printf '%s' "$socket" | sed "s/[\\\\']/\\\\&/g")
	printf "host='%s' dbname=kept user=kept\n" "$quoted"
	;;
admin)
	program=$1
	shift
	PGHOST=$socket PGUSER=postgres PGDATABASE=kept
	export PGHOST PGUSER PGDATABASE
	exec "$bin/$program" "$@"
	;;
*)
	say "usage: sh deploy/cluster.sh start|stop|status|url FOLDER; admin FOLDER PROGRAM ARGUMENT…"
	exit 2
	;;
esac
