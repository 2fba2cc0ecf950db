#!/bin/sh
# Installs those packages of the given lists that are missing; says nothing when none is.
# As root it installs; on a terminal it shows the list and asks before it uses sudo; else it prints what to type.
# usage: sh deploy/install.sh LIST…
set -eu

wanted=$(cat "$@" | sed 's/#.*//' | tr -s '[:space:]' '\n' | sed '/^$/d' | sort -u)

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
	# No apt: what the build needs shows itself; say what it is called on Debian.
	if command -v pkg-config >/dev/null 2>&1 &&
		pkg-config --exists libmicrohttpd jansson libpq libcrypto icu-i18n libpcre2-8 libcurl && command -v curl >/dev/null 2>&1; then
		exit 0
	fi
	printf 'Kept needs these packages (their Debian names); install them with your own package manager, then try again:\n' >&2
	printf '  %s\n' "$(printf '%s\n' "$wanted" | paste -sd' ' -)" >&2
	exit 1
fi

# A server of any version is one, whatever package it came by.
postgresql_is_there() {
	for server in /usr/lib/postgresql/*/bin/postgres; do
		[ ! -x "$server" ] || return 0
	done
	return 1
}

missing=
for package in $wanted; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$state" != installed ] || continue
	[ "$package" != postgresql ] || ! postgresql_is_there || continue
	missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
	command="apt-get update && apt-get install -y --no-install-recommends$missing"
	if [ -t 0 ] && [ -t 1 ] && command -v sudo >/dev/null 2>&1; then
		printf 'Kept needs these packages:%s\nInstall them now with sudo? [y/N] ' "$missing"
		read -r answer
		case $answer in
		y | Y | yes | Yes) sudo=sudo ;;
		*)
			printf 'Nothing was installed. To install them as root:\n  %s\n' "$command" >&2
			exit 1
			;;
		esac
	else
		printf 'Kept needs packages that are not here. Install them as root (su, sudo), then try again:\n  %s\n' "$command" >&2
		exit 1
	fi
fi

# Kept keeps a cluster of its own: where PostgreSQL is new here, Debian need not start one for the whole system.
if ! dpkg-query -W postgresql-common >/dev/null 2>&1 && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
	$sudo mkdir -p /etc/postgresql-common
	printf '# Written by Kept'\''s set-up: no system-wide cluster is made at installation.\ncreate_main_cluster = false\n' |
		$sudo tee /etc/postgresql-common/createcluster.conf >/dev/null
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# apt-get ARGUMENT…: what it says is kept for the case that it fails
apt() {
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get "$@" >"$log" 2>&1 </dev/null
}
printf 'Installing (a minute or two):%s\n' "$missing"
# The package lists are fetched only where they are missing or too old to be of use.
# shellcheck disable=SC2086 # a list of words
if ! apt install -y --no-install-recommends --no-remove $missing &&
	! { apt update && apt install -y --no-install-recommends --no-remove $missing; }; then
	tail -n 20 "$log" >&2
	printf 'The packages could not be installed. See the lines above, then try again.\n' >&2
	exit 1
fi
