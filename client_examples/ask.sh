#!/bin/sh
# Asks what a tenant has left and what it used, with nothing but curl. Prints one line of JSON; the status is 0
# only where it was answered without errors.
#
#     sh ask.sh http://localhost:8000/graphql KEY TENANT_ID

url=$1 key=$2 tenant=$3
if [ -z "$tenant" ]; then
    echo "sh ask.sh URL KEY TENANT_ID" >&2
    exit 2
fi

query='query Overview($tenant: ID!) { tenant(id: $tenant) { name credits { available held nextBillingDate } usage(range: { preset: LAST_30_DAYS }) { totals { credits calls messages } } } }'

answer=$(curl --silent --show-error --max-time 20 "$url" \
    --header "Content-Type: application/json" \
    --header "Authorization: Bearer $key" \
    --data "{\"query\": \"$query\", \"variables\": {\"tenant\": \"$tenant\"}}") || exit
printf '%s\n' "$answer"

case $answer in
*'"errors":[{'* | *'"errors": [{'*) exit 1 ;;
'{"data":'*) ;;
*) exit 1 ;; # Not Tallygraph: something on the way has answered.
esac
