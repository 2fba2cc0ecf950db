#!/bin/sh
# The private PostgreSQL cluster of a checkout, below a folder such as var/postgresql: data/, run/ (its socket), log.
# It never touches the system's clusters, listens on no network address, and knows the login kept, which owns the
# database kept and is no superuser.
#
# usage: sh deploy/cluster.sh start|stop|url|status FOLDER
#   start   makes it if it is not there, starts it if it does not run
#   url     prints the connection string
# As root, the account postgres runs it: also when the folder lies where that account may not look.
set -eu
LC_ALL=C
export LC_ALL

say() {
	printf '%s\n' "$*" >&2
}

action=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)

# The newest server that is installed; KEPT_PG_BIN names another.
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

running() {
	[ -f "$folder/data/postmaster.pid" ] && $as "$bin/pg_ctl" -D "$folder/data" status >/dev/null 2>&1
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

start() {
	find_programs
	find_account
	find_socket
	if [ -f "$folder/data/PG_VERSION" ]; then
		have=$(cat "$folder/data/PG_VERSION") want=$(version_of "$bin")
		if [ "$have" != "$want" ]; then
			say "The cluster in $folder is of PostgreSQL $have; the server here is $want. Nothing was changed. Either install PostgreSQL $have and say"
			say "  KEPT_PG_BIN=/usr/lib/postgresql/$have/bin make run"
			say "or, with $have installed, save with"
			say "  KEPT_PG_BIN=/usr/lib/postgresql/$have/bin make backup FILE=kept.backup"
			say "then move $folder away and bring it back with"
			say "  make restore FILE=kept.backup"
			exit 1
		fi
	else
		make_cluster
	fi
	running && return 0
	mkdir -p "$socket"
	chmod 700 "$socket"
	[ "$(id -u)" -ne 0 ] || chown postgres: "$socket"
	# The path may hold spaces and quotes: pg_ctl hands its -o to a shell, so the setting is given by file.
	printf "unix_socket_directories = '%s'\n" "$(printf '%s' "$socket" | sed "s/'/''/g")" >"$folder/data/kept.conf"
	[ "$(id -u)" -ne 0 ] || chown postgres: "$folder/data/kept.conf"
	grep -q "^include 'kept.conf'" "$folder/data/postgresql.conf" || printf "include 'kept.conf'\n" >>"$folder/data/postgresql.conf"
	if ! $as "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 start >/dev/null; then
		tail -n 10 "$folder/log" >&2
		say "PostgreSQL did not start; the lines above are from $folder/log."
		exit 1
	fi
	admin() {
		"$bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$socket" -U postgres "$@"
	}
	if [ "$(admin -At -d postgres -c "select count(*) from pg_roles where rolname = 'kept'")" = 0 ]; then
		admin -d postgres -c 'create role kept login createrole'
	fi
	if [ "$(admin -At -d postgres -c "select count(*) from pg_database where datname = 'kept'")" = 0 ]; then
		admin -d postgres -c 'create database kept owner kept'
	fi
}

stop() {
	find_programs
	find_account
	if running; then
		$as "$bin/pg_ctl" -D "$folder/data" -m fast -w -t 60 stop >/dev/null
	fi
}

case $action in
start) start ;;
stop) stop ;;
status)
	find_programs
	find_account
	running
	;;
url)
	find_socket
	quoted=$(printf '%s' "$socket" | sed "s/\\\\/\\\\\\\\/g; s/'/\\\\'/g")
	printf "host='%s' dbname=kept user=kept\n" "$quoted"
	;;
*)
	say "usage: sh deploy/cluster.sh start|stop|url|status FOLDER"
	exit 2
	;;
esac
