#!/bin/sh
# One story, told in real requests and received mail, on a throw-away cluster whose clock is moved: eight groups promise; a
# parent who reads Spanish and a chamber of commerce are reminded; one promise is kept, one is late, one group is missing.
# Each line that says what happened is checked; the tour ends with 1 if one is untrue.
# usage: sh deploy/tour.sh BUILD     (about a quarter of a minute; leaves nothing behind)
set -eu

case $1 in /*) build=$1 ;; *) build=$(pwd)/$1 ;; esac
cd "$(dirname "$0")/.."
work=$(mktemp -d /tmp/kept-tour.XXXXXX)
chmod 755 "$work"
mkdir "$work/mail" "$work/webhooks"
api=''
receiver=''
finish() {
	code=$?
	trap '' INT TERM HUP
	for pid in $api $receiver; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	sh deploy/cluster.sh stop "$work/postgresql" 2>/dev/null || true
	[ $code -eq 0 ] || grep -hv '"level":"info"' "$work/api.log" "$work/worker.log" >&2 || true
	rm -rf "$work"
	exit $code
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

# Ports that nobody has: asked for by trying.
port=18420
while curl -so /dev/null --max-time 1 "http://127.0.0.1:$port/" || curl -so /dev/null --max-time 1 "http://127.0.0.1:$((port + 1))/"; do
	port=$((port + 2))
done
url=http://127.0.0.1:$port
receiver_url=http://127.0.0.1:$((port + 1))/

KEPT_LISTEN=127.0.0.1:$port
KEPT_PUBLIC_URL=$url
KEPT_MAIL_URL=file://$work/mail
KEPT_SECRET_FILE=$work/secret
KEPT_EGRESS_ALLOW='127.0.0.0/8:*'
no_proxy=127.0.0.1${no_proxy:+,$no_proxy}
export no_proxy KEPT_LISTEN KEPT_PUBLIC_URL KEPT_MAIL_URL KEPT_SECRET_FILE KEPT_EGRESS_ALLOW
unset KEPT_SECRET KEPT_DATABASE_URL_FILE 2>/dev/null || true

untrue() {
	printf '\n    UNTRUE: %s\n' "$*" >&2
	exit 1
}

# A new scene.
say() {
	printf '\n%s\n' "$*"
}

# What came of it, once it is checked.
so() {
	printf '    %s\n' "$*"
}

# clock INSTANT: from here on it is that instant, for API and worker
clock() {
	now=$1
	if [ -n "$api" ]; then
		kill "$api"
		wait "$api" || true
	fi
	# shellcheck disable=SC2089,SC2090 # the quotes are for libpq
	KEPT_DATABASE_URL="$database options='-c kept.now=$now'"
	# shellcheck disable=SC2090
	export KEPT_DATABASE_URL
	"$build/kept-api" serve >>"$work/api.log" 2>&1 &
	api=$!
	tries=0
	until curl -so /dev/null --fail --max-time 2 "$url/readyz"; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || untrue 'the API answers'
		kill -0 "$api" 2>/dev/null || untrue 'the API runs'
		sleep 0.05
	done
}

# work: the worker does all that is due at that instant
work() {
	"$build/kept-worker" --once >>"$work/worker.log" 2>&1 || untrue 'the worker did all that was due'
}

# post NAME PATH BODY: prints the request, keeps reply and id
post() {
	printf '    POST %s %s\n' "$2" "$3"
	location=$(curl -sS -o "$work/$1.json" -w '%{http_code} %header{location}' "$url$2" \
		-H "Authorization: Bearer $key" -H 'Content-Type: application/json' -d "$3")
	case $location in
	2*) ;;
	*)
		cat "$work/$1.json" >&2
		untrue "POST $2 is taken"
		;;
	esac
	printf '%s\n' "${location##*/}" >"$work/$1"
}

id() {
	cat "$work/$1"
}

get() {
	curl -sS --fail-with-body "$url$1" -H "Authorization: Bearer $key" || untrue "GET $1 answers"
}

member() { # member NAME: the value of that member of the JSON on standard input, in its first object
	sed -n 's/.*"'"$1"'" *: *"\{0,1\}\([^",}]*\).*/\1/p' | head -n 1
}

# group CODE: that group's row of the summary on standard input
group() {
	tr '{' '\n' | grep "\"group\" *: *\"$1\""
}

mails() {
	find "$work/mail" -name '*.eml' | wc -l | tr -d ' '
}

posts() {
	find "$work/webhooks" -name '*.json' | wc -l | tr -d ' '
}

# newest FOLDER WORDS: the file there that came since the last mark and holds these words
mark() {
	: >"$work/mark"
}
newest() {
	find "$work/$1" -type f -newer "$work/mark" -exec grep -l -e "$2" {} + | head -n 1
}

header() {
	tr -d '\r' <"$1" | sed '/^$/q'
}

# The readable part of a mail: the first part's quoted-printable undone.
letter() {
	tr -d '\r' <"$1" | LC_ALL=C awk '
		BEGIN { for (i = 0; i < 256; i++) byte[sprintf("%02X", i)] = sprintf("%c", i) }
		tolower($0) ~ /^content-type: text\/plain/ { part = 1 }
		part && !body && $0 == "" { body = 1; next }
		body && /^--=_/ { exit }
		body {
			soft = sub(/=$/, "")
			out = ""
			while ((at = index($0, "=")) > 0) {
				out = out substr($0, 1, at - 1) byte[substr($0, at + 1, 2)]
				$0 = substr($0, at + 3)
			}
			printf "%s%s", out $0, soft ? "" : "\n"
		}'
}

sh deploy/cluster.sh start "$work/postgresql" 2>/dev/null
database=$(sh deploy/cluster.sh url "$work/postgresql")
KEPT_DATABASE_URL=$database
export KEPT_DATABASE_URL
"$build/kept-api" secret rotate >/dev/null
"$build/kept-api" migrate --test-clock >/dev/null
: >"$work/receiver-secrets"
"$build/kept-receiver" $((port + 1)) "$work/receiver-secrets" "$work/webhooks" >"$work/receiver.log" 2>&1 &
receiver=$!
district=$("$build/kept-api" district add Lakeview --time-zone America/New_York --locale en | tail -n 1)
key=$("$build/kept-api" key add --district "$district" --role admin | tail -n 1)

say 'Monday 4 January 2027. Lakeview looks at a gap in reading. Around the table: all eight groups.'
clock 2027-01-04T15:00:00Z
post lincoln /v1/schools '{"name":"Lincoln Elementary"}'
lincoln=$(id lincoln)
post maria /v1/people '{"name":"María O'"'"'Neill","groups":["families"],"school_ids":["'"$lincoln"'"],"language":"es","time_zone":"America/New_York","contacts":[{"channel":"email","address":"maria@lakeview.example"}]}'
post rivera /v1/people '{"name":"Elena Rivera","groups":["teachers"],"school_ids":["'"$lincoln"'"],"language":"en","contacts":[{"channel":"email","address":"rivera@lakeview.example"}]}'
post chamber /v1/organisations '{"name":"Lakeview Chamber of Commerce","kind":"chamber","group":"business_community","contacts":[{"channel":"webhook","address":"'"$receiver_url"'"}]}'
grep -o 'whsec_[^"]*' "$work/chamber.json" >>"$work/receiver-secrets" || untrue 'the chamber is told its signing secret'

promise() { # promise NAME GROUP OWNER DUE TITLE
	post "$1" /v1/commitments '{"group":"'"$2"'","title":"'"$5"'","owner":{'"$3"'},"due_on":"'"$4"'","school_id":"'"$lincoln"'"}'
}
unit() {
	printf '"group":"%s","school_id":"%s"' "$1" "$lincoln"
}
promise reading families '"person_id":"'"$(id maria)"'"' 2027-01-20 'Leer juntos veinte minutos cada noche'
promise notes teachers '"person_id":"'"$(id rivera)"'"' 2027-01-15 'Look at reading notes together'
promise mentors business_community '"organisation_id":"'"$(id chamber)"'"' 2027-01-20 'Find thirty mentors'
promise induction teacher_unions "$(unit teacher_unions)" 2027-02-26 'Pair each new teacher with an experienced colleague'
promise calls education_support_professionals "$(unit education_support_professionals)" 2027-02-26 'Phone ten families whom letters do not reach'
promise release leaders "$(unit leaders)" 2027-02-26 'Free one hour a week for teachers to plan together'
promise goals students "$(unit students)" 2027-02-26 'Set one goal each and show it at the fair'
promise policy policymakers "$(unit policymakers)" 2027-02-26 'Pay for a second reading coach'
[ "$(get /v1/summary | grep -o '"agreed" *: *1' | wc -l | tr -d ' ')" = 8 ] || untrue 'eight groups have one promise each'
so 'Eight groups, eight promises: the teachers for 15 January, María and the chamber for the 20th, the others for 26 February.'

say 'Friday 8 January, 08:00 in New York. The reading notes are due in a week.'
clock 2027-01-08T13:00:00Z
mark
work
[ "$(mails) $(posts)" = '1 0' ] || untrue 'one mail goes out, and nothing else'
[ -n "$(newest mail 'rivera@lakeview.example')" ] || untrue 'it is for Elena Rivera'
so 'Elena Rivera gets a mail.'

say 'Wednesday 13 January, 07:59. Nobody is woken early.'
clock 2027-01-13T12:59:00Z
work
[ "$(mails) $(posts)" = '1 0' ] || untrue 'nothing goes out before 08:00'
so 'Nothing goes out.'

say 'Wednesday 13 January, 08:00. Two days for the teacher, a week for María and the chamber of commerce.'
clock 2027-01-13T13:00:00Z
mark
work
[ "$(mails) $(posts)" = '3 1' ] || untrue 'two mails and one POST go out'
[ -n "$(newest mail 'rivera@lakeview.example')" ] || untrue 'one of the mails is for Elena Rivera'
spanish=$(newest mail 'maria@lakeview.example')
[ -n "$spanish" ] || untrue 'the other one is for María'
header "$spanish" | grep -q '^Content-Language: es$' || untrue 'María gets hers in Spanish'
letter "$spanish" | grep -q 'Leer juntos veinte minutos cada noche' || untrue 'the mail quotes her promise'
letter "$spanish" | grep -q 'Faltan 7 días' || untrue 'the mail says that seven days are left'
so 'María opens hers:'
header "$spanish" | grep -E '^(From|To|Date|Content-Language):' | sed 's/^/    | /'
letter "$spanish" | sed 's/^/    | /'
chamber=$(newest webhooks '"reminder.due"')
[ -n "$chamber" ] || untrue 'the chamber is reminded by a webhook'
grep -q '"signature": "verified"' "$chamber" || untrue 'the signature is good'
grep -q '"P-7D"' "$chamber" || untrue 'the POST says which reminder it is'
so 'The chamber of commerce gets a POST, signed, and verifies it:'
sed 's/^/    | /' "$chamber"
work
[ "$(mails) $(posts)" = '3 1' ] || untrue 'a second look sends nothing twice'
so 'The worker looks again: nothing is sent twice.'

say 'Thursday 14 January. The chamber has its thirty mentors, and says so.'
clock 2027-01-14T16:00:00Z
post kept "/v1/commitments/$(id mentors)/status" '{"status":"completed"}'
get "/v1/commitments/$(id mentors)" >"$work/mentors"
[ "$(member status <"$work/mentors")" = completed ] || untrue 'that promise is kept'
[ "$(member next_reminder_at <"$work/mentors")" = null ] || untrue 'its reminders stop'
so 'Kept. Its reminders stop at once.'
so 'The policymakers take theirs back: the budget is not passed.'
post back "/v1/commitments/$(id policy)/status" '{"status":"withdrawn","reason":"The budget is not passed."}'

say 'Saturday 16 January, 08:00. The reading notes are a day late.'
clock 2027-01-16T13:00:00Z
mark
work
[ "$(mails) $(posts)" = '4 1' ] || untrue 'one mail goes out, to who is late'
late=$(newest mail 'rivera@lakeview.example')
[ -n "$late" ] || untrue 'Elena Rivera is reminded of what is late'
letter "$late" | grep -q 'Yesterday, Friday, January 15' || untrue 'the mail says since when'
so 'Elena Rivera reads:'
letter "$late" | sed 's/^/    | /'

say 'Who promised what, by group:'
get /v1/summary >"$work/summary"
printf '    %-34s %9s %7s %11s %9s %7s\n' group proposed agreed 'in progress' completed overdue
for code in teachers teacher_unions education_support_professionals leaders students families policymakers business_community; do
	row=$(group "$code" <"$work/summary") || untrue "the summary has a row for $code"
	missing=
	[ "$(printf '%s' "$row" | member none)" = true ] && missing='  nobody promises anything'
	printf '    %-34s %9s %7s %11s %9s %7s%s\n' "$code" "$(printf '%s' "$row" | member proposed)" "$(printf '%s' "$row" | member agreed)" \
		"$(printf '%s' "$row" | member in_progress)" "$(printf '%s' "$row" | member completed)" "$(printf '%s' "$row" | member overdue)" "$missing"
done
[ "$(group business_community <"$work/summary" | member completed)" = 1 ] || untrue 'the chamber has kept one'
[ "$(group teachers <"$work/summary" | member overdue)" = 1 ] || untrue 'the teachers are late with one'
[ "$(group families <"$work/summary" | member overdue)" = 0 ] || untrue 'María is not late'
[ "$(grep -o '"none" *: *true' "$work/summary" | wc -l | tr -d ' ')" = 1 ] || untrue 'one group is missing'
[ "$(group policymakers <"$work/summary" | member none)" = true ] || untrue 'the policymakers are missing'
say 'One promise kept, one late, one group missing from the table: that is the next conversation.'
