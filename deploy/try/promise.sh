#!/bin/sh
# Makes a promise and asks for its reminder now. Two plain curl calls; run `make run` first.
set -eu
cd "$(dirname "$0")/../.."
url=${KEPT_PUBLIC_URL:-http://127.0.0.1:8420}
maria=$(cat var/demonstration/person-maria)          # a mother who reads Spanish, reached by e-mail
chamber=$(cat var/demonstration/organisation-chamber) # a chamber of commerce, reached by webhook
due=$(date -d '+10 days' +%F)

location=$(curl -sS --fail-with-body -o var/promise.json -w '%header{location}' "$url/v1/commitments" \
	-H "Authorization: Bearer $(cat var/key)" -H 'Content-Type: application/json' \
	-d "{\"group\":\"families\",\"title\":\"Read together twenty minutes\",\"owner\":{\"person_id\":\"$maria\"},
	     \"parties\":[{\"role\":\"helper\",\"organisation_id\":\"$chamber\"}],\"due_on\":\"$due\"}")
cat var/promise.json && echo

curl -sS --fail-with-body -X POST "$url$location/remind" \
	-H "Authorization: Bearer $(cat var/key)" -H 'Content-Type: application/json' -d '{}'
echo
