#!/bin/sh
# Installs the two programs and their units: no headers, no library. `make install` calls it.
# usage: sh deploy/install_files.sh BUILD DESTDIR PREFIX
set -eu
build=$1 destination=$2 prefix=$3
case $prefix in /*) ;; *) echo 'PREFIX must begin with a slash.' >&2 && exit 2 ;; esac
units=deploy/systemd

for program in kept-api kept-worker; do
	install -D -m 755 "$build/$program" "$destination$prefix/bin/$program"
done
for unit in kept-api.service kept-api.socket kept-worker.service; do
	install -D -m 644 "$units/$unit" "$destination$prefix/lib/systemd/system/$unit"
	sed -i "s|=/usr/local/bin/|=$prefix/bin/|" "$destination$prefix/lib/systemd/system/$unit"
done
install -D -m 644 "$units/kept.sysusers" "$destination$prefix/lib/sysusers.d/kept.conf"

[ -z "$destination" ] || exit 0
cat <<TEXT
Installed. To run it as a service (as root):
  systemd-sysusers && systemctl daemon-reload
  install -d -m 700 /etc/kept && umask 077
  echo 'host=/run/postgresql dbname=kept user=kept' >/etc/kept/database_url     # owns the database, may create roles
  KEPT_SECRET_FILE=/etc/kept/secret $prefix/bin/kept-api secret rotate
  echo 'KEPT_MAIL_URL=smtp://relay.example:587' >/etc/kept/environment
  systemctl enable --now kept-api kept-worker
TEXT
