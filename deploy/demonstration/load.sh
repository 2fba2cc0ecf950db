#!/bin/sh
# Loads the demonstration through the API, as any district's system would: a district of its own, whose addresses end in
# .example and whose mail goes to a folder only. What is made leaves a file in var/demonstration/, and each call has an
# Idempotency-Key, so a load that was cut short is taken up again; the file `done` says that it is whole.
# usage: sh deploy/demonstration/load.sh BUILD URL RECEIVER-PORT
set -eu
umask 077
build=$1 url=$2 receiver=http://127.0.0.1:$3/
state=var/demonstration
[ ! -f $state/done ] || exit 0
mkdir -p $state
printf '%s\n' "$3" >$state/receiver-port

name='Lakeview, demonstration'
printf '%s\n' "$name" >$state/name
if [ ! -f $state/district ]; then
	"$build/kept-api" district add "$name" --time-zone America/New_York --locale en --demonstration | tail -n 1 >$state/district.new
	mv $state/district.new $state/district
fi
if [ ! -f $state/key ]; then
	"$build/kept-api" key add --district "$(cat $state/district)" --role admin --name 'first run' | tail -n 1 >$state/key.new
	mv $state/key.new $state/key
fi
# A key of somebody's own district stays.
[ -f var/key ] || cp $state/key var/key

# send WHAT METHOD PATH BODY HEADER…: keeps the reply in $state/WHAT.json, prints its Location
send() {
	what=$1 method=$2 path=$3 body=$4
	shift 4
	if ! curl -sS --fail-with-body -X "$method" -o "$state/$what.json" -w '%header{location}' "$url$path" \
		-H "Authorization: Bearer $(cat $state/key)" -d "$body" "$@"; then
		printf 'The demonstration could not be loaded: %s %s\n' "$method" "$path" >&2
		cat "$state/$what.json" >&2
		return 1
	fi
}

# call NAME PATH BODY: POSTs unless that is done; the id of what was made is then in $state/NAME
call() {
	[ ! -f "$state/$1" ] || return 0
	location=$(send "$1" POST "$2" "$3" -H "Idempotency-Key: \"demonstration $1\"" -H 'Content-Type: application/json')
	secrets "$1"
	printf '%s\n' "${location##*/}" >"$state/$1.new"
	mv "$state/$1.new" "$state/$1"
}

# The signing secrets of a reply, for the sample receiver.
secrets() {
	grep -o '"secret": *"whsec_[^"]*"' "$state/$1.json" | cut -d'"' -f4 >>var/receiver-secrets
	rm -f "$state/$1.json"
}

id() {
	cat "$state/$1"
}

day() { # day '+2 days': that date, where the district is
	TZ=America/New_York date -d "$1" +%F
}

call school-lincoln /v1/schools '{"name":"Lincoln Elementary"}'
call school-harbor /v1/schools '{"name":"Harbor Middle School"}'
call school-prairie /v1/schools '{"name":"Prairie High School","time_zone":"America/Chicago"}'
lincoln=$(id school-lincoln) harbor=$(id school-harbor) prairie=$(id school-prairie)

# person NAME BODY-WITHOUT-BRACES
person() {
	call "person-$1" /v1/people "{$2,\"contacts\":[{\"channel\":\"email\",\"address\":\"$1@lakeview.example\"}]}"
}
person dana '"name":"Dana Cole","groups":["leaders"],"school_ids":["'"$lincoln"'"],"language":"en"'
person rivera '"name":"Elena Rivera","groups":["teachers"],"school_ids":["'"$lincoln"'"],"language":"en"'
person okafor '"name":"Chidi Okafor","groups":["teachers"],"school_ids":["'"$harbor"'"],"language":"en"'
person lind '"name":"Astrid Lind","groups":["teachers"],"school_ids":["'"$prairie"'"],"language":"en","time_zone":"America/Chicago"'
person maria '"name":"María O'"'"'Neill","groups":["families"],"school_ids":["'"$lincoln"'"],"language":"es","time_zone":"America/New_York"'
person hassan '"name":"سمير حسن","groups":["families"],"school_ids":["'"$harbor"'"],"language":"ar"'
person brooks '"name":"Tanya Brooks","groups":["education_support_professionals","families"],"school_ids":["'"$lincoln"'","'"$harbor"'"],"language":"en"'
person moreau '"name":"Luc Moreau","groups":["leaders"],"school_ids":["'"$harbor"'"],"language":"en"'

# Who gets the answers to mails.
coordinator() { # coordinator PATH PERSON
	send coordinator PATCH "$1" '{"coordinator_id":"'"$(id "person-$2")"'"}' \
		-H 'If-Match: *' -H 'Content-Type: application/merge-patch+json' >/dev/null
	rm -f "$state/coordinator.json"
}
coordinator /v1/district dana
coordinator "/v1/schools/$lincoln" dana
coordinator "/v1/schools/$harbor" moreau

organisation() {
	call "organisation-$1" /v1/organisations "$2"
}
organisation association '{"name":"Lakeview Education Association","kind":"chapter","group":"teacher_unions","contacts":[{"channel":"email","address":"association@lakeview.example"}]}'
organisation class5b '{"name":"Class 5B","kind":"class","group":"students","school_id":"'"$lincoln"'"}'
organisation council '{"name":"Student council","kind":"council","group":"students","school_id":"'"$prairie"'"}'
organisation chamber '{"name":"Lakeview Chamber of Commerce","kind":"chamber","group":"business_community","contacts":[{"channel":"webhook","address":"'"$receiver"'"}]}'

# promise NAME GROUP OWNER DUE TITLE [MORE]: MORE are further members, each after a comma
promise() {
	call "promise-$1" /v1/commitments "{\"group\":\"$2\",\"owner\":{$3},\"due_on\":\"$(day "$4")\",\"title\":\"$5\",\"visibility\":\"plan\"${6:-}}"
}
who() {
	printf '"person_id":"%s"' "$(id "person-$1")"
}
unit() {
	printf '"organisation_id":"%s"' "$(id "organisation-$1")"
}
at_lincoln=',"school_id":"'$lincoln'"' at_harbor=',"school_id":"'$harbor'"' at_prairie=',"school_id":"'$prairie'"'
promise notes teachers "$(who rivera)" '+8 days' 'Look at reading notes together' "$at_lincoln"',"when_where_how":"Tuesdays at 3:15 in room 12"'
promise texts teachers "$(who okafor)" '+21 days' 'Choose two texts by authors from our families'"'"' countries' "$at_harbor"
promise feedback teachers "$(who lind)" '-3 days' 'Give written feedback on the first essay to all' "$at_prairie"
promise induction teacher_unions "$(unit association)" '+30 days' 'Pair each new teacher with an experienced colleague'
promise survey teacher_unions "$(unit association)" '-10 days' 'Ask members which training they need'
promise calls education_support_professionals "$(who brooks)" '+5 days' 'Phone ten families whom letters do not reach' "$at_lincoln"
promise release leaders "$(who dana)" '+14 days' 'Free one hour a week for teachers to plan together' "$at_lincoln"
promise translate leaders "$(who moreau)" '-5 days' 'Send the handbook in Spanish and Arabic' "$at_harbor"
promise goals students "$(unit class5b)" '+10 days' 'Set one goal each and show it at the fair' "$at_lincoln"',"parties":[{"role":"helper",'"$(who rivera)"'}]'
promise club students "$(unit council)" '+25 days' 'Open a homework club on Thursdays' "$at_prairie"',"parties":[{"role":"helper",'"$(who lind)"'}]'
promise reading families "$(who maria)" '+2 days' 'Leer juntos veinte minutos cada noche' "$at_lincoln"
promise meeting families "$(who hassan)" '+9 days' 'Come to the evening on the new report cards' "$at_harbor"',"status":"proposed"'
promise mentors business_community "$(unit chamber)" '+8 days' 'Find thirty mentors for Prairie High School' "$at_prairie"

# move NAME BODY
move() {
	call "move-$1-$(printf '%s' "$2" | cksum | cut -d' ' -f1)" "/v1/commitments/$(id "promise-$1")/status" "$2"
}
move survey '{"status":"completed"}'
move release '{"status":"in_progress"}'
move texts '{"status":"deferred","due_on":"'"$(day '+40 days')"'","reason":"The books come later than planned."}'

# The ladder reminds María today, two days before the date, from eight in the morning on; before that somebody asks.
[ "$(TZ=America/New_York date +%-H)" -ge 8 ] || call remind-maria "/v1/commitments/$(id promise-reading)/remind" '{}'

# The district's own system subscribes to some of what happens.
call endpoint /v1/webhook-endpoints '{"url":"'"$receiver"'","description":"sample receiver","events":["commitment.overdue","commitment.completed","reminder.failed"]}'

# Nobody speaks for the policymakers: that group is missing from the table.
: >$state/done
