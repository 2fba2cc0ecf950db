#!/bin/sh
# Saves the private cluster's database and the secrets of this checkout in one file, or brings them back.
# usage: sh deploy/backup.sh save|restore FILE
set -eu
umask 077
file=${2:-}
case $1 in save | restore) ;; *) file= ;; esac
if [ -z "$file" ]; then
	echo "Say where: make backup FILE=kept.backup, make restore FILE=kept.backup" >&2
	exit 2
fi
case $file in /*) ;; *) file=$(pwd)/$file ;; esac
cd "$(dirname "$0")/.."
mkdir -p var
work=$(mktemp -d)
started=
finish() {
	[ -z "$started" ] || sh deploy/cluster.sh stop var/postgresql
	rm -rf "$work"
}
trap finish EXIT

begin() {
	if ! sh deploy/cluster.sh status var/postgresql; then
		sh deploy/cluster.sh start var/postgresql
		started=yes
	fi
	# The cluster's first account sees all rows; row-level security binds the login of the programs.
	url="$(sh deploy/cluster.sh url var/postgresql | sed 's/user=kept/user=postgres/')"
}

case $1 in
save)
	[ -f var/postgresql/data/PG_VERSION ] || {
		echo "There is nothing to save: var/postgresql holds no cluster." >&2
		exit 1
	}
	begin
	pg_dump -Fc -f "$work/database" -d "$url"
	for name in secret key receiver-secrets demonstration; do
		[ ! -e "var/$name" ] || cp -R "var/$name" "$work/"
	done
	date -u +%Y-%m-%dT%H:%M:%SZ >"$work/saved"
	tar -C "$work" -czf "$file.new" .
	sync "$file.new"
	mv "$file.new" "$file"
	echo "Saved to $file. It holds secrets: keep it where only you can read it."
	;;
restore)
	[ -f "$file" ] || {
		echo "There is no file $file." >&2
		exit 1
	}
	if [ -f var/run.pid ] && kill -0 "$(cat var/run.pid)" 2>/dev/null; then
		echo "Kept runs here. Stop it with Ctrl-C first." >&2
		exit 1
	fi
	tar -C "$work" -xzf "$file"
	[ -f "$work/database" ] || {
		echo "$file is no backup of Kept." >&2
		exit 1
	}
	if [ -d var/postgresql ]; then
		sh deploy/cluster.sh stop var/postgresql
		aside=var/before-restore-$(date -u +%Y%m%dT%H%M%SZ)
		mkdir "$aside"
		for name in postgresql secret key receiver-secrets demonstration; do
			[ ! -e "var/$name" ] || mv "var/$name" "$aside/"
		done
		echo "What was here is kept in $aside."
	fi
	begin
	psql -X -q -v ON_ERROR_STOP=1 -d "$url" -c 'create role kept_api nologin' -c 'create role kept_worker nologin' \
		-c 'grant kept_api, kept_worker to kept with admin option'
	pg_restore --exit-on-error --single-transaction -d "$url" "$work/database"
	for name in secret key receiver-secrets demonstration; do
		[ ! -e "$work/$name" ] || cp -R "$work/$name" var/
	done
	echo "Restored from $file, saved $(cat "$work/saved"). Start with: make run"
	;;
esac
