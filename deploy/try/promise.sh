#!/bin/sh
# Makes a promise and asks for its reminder now. Two plain curl calls; run `make run` first.
set -eu
cd "$(dirname "$0")/../.."
[ -f var/demonstration/done ] || { echo 'There is no demonstration here yet: run make run first.' >&2 && exit 1; }
url=$(cat var/url)                                    # http://127.0.0.1:8420, unless make run was told another
key=$(cat var/demonstration/key)
maria=$(cat var/demonstration/person-maria)           # a mother who reads Spanish, reached by e-mail
chamber=$(cat var/demonstration/organisation-chamber) # a chamber of commerce, reached by webhook
due=$(date -d '+10 days' +%F)

location=$(curl -sS --fail-with-body -o var/promise.json -w '%header{location}' "$url/v1/commitments" \
	-H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
	-d "{\"group\":\"families\",\"title\":\"Read together twenty minutes\",\"owner\":{\"person_id\":\"$maria\"},
	     \"parties\":[{\"role\":\"helper\",\"organisation_id\":\"$chamber\"}],\"due_on\":\"$due\"}") ||
	{ cat var/promise.json >&2 && exit 1; }
cat var/promise.json && echo

curl -sS --fail-with-body -X POST "$url$location/remind" \
	-H "Authorization: Bearer $key" -H 'Content-Type: application/json' -d '{}'
echo
