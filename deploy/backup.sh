#!/bin/sh
# Saves the private cluster's database and the secrets of this checkout in one file, or brings them back.
# usage: sh deploy/backup.sh save|restore FILE
set -eu
umask 077

fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

file=${2:-}
case $1 in save | restore) ;; *) file= ;; esac
if [ -z "$file" ]; then
	echo "Say where: make backup FILE=kept.backup, make restore FILE=kept.backup" >&2
	exit 2
fi
case $file in /*) ;; *) file=$(pwd)/$file ;; esac
cd "$(dirname "$0")/.."
names='secret key receiver-secrets demonstration'

if [ "$1" = save ]; then
	[ -f var/postgresql/data/PG_VERSION ] || fail "There is nothing to save: var/postgresql holds no cluster."
	[ -d "$(dirname "$file")" ] || fail "There is no folder $(dirname "$file")."
else
	[ -f "$file" ] || fail "There is no file $file."
fi
if [ -e var ] && [ ! -O var ]; then
	fail "var/ belongs to the account $(stat -c %U var). Do this as that account."
fi
mkdir -p var
chmod 711 var

# While the lock is held here nobody starts a run; a backup may be made beside one.
exec 9>>var/run.lock
if flock -n 9; then
	echo $$ >var/run.lock
elif [ "$1" = restore ]; then
	fail "Kept runs here (process $(cat var/run.lock)). Stop it with Ctrl-C there first."
fi

work=$(mktemp -d)
started='' aside='' moved=''
finish() {
	code=$?
	trap '' INT TERM HUP
	[ -z "$started" ] || sh deploy/cluster.sh stop var/postgresql
	# A restore that failed leaves all as it was.
	if [ -n "$aside" ]; then
		for name in postgresql $names; do
			[ -z "$moved" ] || rm -rf "var/$name"
			[ ! -e "$aside/$name" ] || mv "$aside/$name" var/
		done
		rmdir "$aside"
	fi
	rm -rf "$work" "$file.new"
	exit $code
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

begin() {
	if ! sh deploy/cluster.sh status var/postgresql; then
		started=yes
		sh deploy/cluster.sh start var/postgresql 9>&-
	fi
}

case $1 in
save)
	begin
	# The cluster's first account sees all rows; row-level security binds the login of the programs.
	sh deploy/cluster.sh admin var/postgresql pg_dump -Fc >"$work/database"
	for name in $names; do
		[ ! -e "var/$name" ] || cp -R "var/$name" "$work/"
	done
	date -u +%Y-%m-%dT%H:%M:%SZ >"$work/saved"
	tar -C "$work" -czf "$file.new" .
	sync "$file.new"
	mv "$file.new" "$file"
	echo "Saved to $file. It holds secrets: keep it where only you can read it."
	[ -z "${KEPT_SECRET:-}${KEPT_SECRET_FILE:-}" ] || echo "KEPT_SECRET is not in it, for it is not kept in var/: save it too."
	;;
restore)
	if ! tar -C "$work" --no-same-owner -xzf "$file" 2>/dev/null || [ ! -f "$work/database" ]; then
		fail "$file is no backup of Kept."
	fi
	sh deploy/cluster.sh stop var/postgresql
	aside=var/before-restore-$(date -u +%Y%m%dT%H%M%SZ)
	mkdir "$aside"
	for name in postgresql $names; do
		[ ! -e "var/$name" ] || mv "var/$name" "$aside/"
	done
	moved=yes
	begin
	sh deploy/cluster.sh admin var/postgresql psql -X -q -v ON_ERROR_STOP=1 -c 'create role kept_api nologin' \
		-c 'create role kept_worker nologin' -c 'grant kept_api, kept_worker to kept with admin option'
	sh deploy/cluster.sh admin var/postgresql pg_restore --exit-on-error --single-transaction -d kept <"$work/database"
	for name in $names; do
		[ ! -e "$work/$name" ] || cp -R "$work/$name" var/
	done
	rmdir "$aside" 2>/dev/null || echo "What was here before is kept in $aside"
	aside=
	echo "Restored from $file, saved $(cat "$work/saved"). What was sent since then may be sent again. Start with: make run"
	;;
esac
