#!/bin/sh
# Shows a tenant's credits live, with nothing but curl: as server-sent events, one line of JSON a change.
#
#     sh watch.sh http://localhost:8000/graphql KEY TENANT_ID
#
# Each event names the seq it stands at; after a lost connection the stream goes on behind the last one.

url=$1 key=$2 tenant=$3
if [ -z "$tenant" ]; then
    echo "sh watch.sh URL KEY TENANT_ID" >&2
    exit 2
fi

query='subscription Balance($tenant: ID!) { balanceChanged(tenantId: $tenant) { seq available held entries { seq kind credits balanceAfter } } }'
body="{\"query\": \"$query\", \"variables\": {\"tenant\": \"$tenant\"}}"
last=$(mktemp)
trap 'rm -f "$last"' EXIT
trap 'exit 130' INT TERM

while :; do
    curl --silent --show-error --no-buffer "$url" \
        --header "Accept: text/event-stream" \
        --header "Content-Type: application/json" \
        --header "Authorization: Bearer $key" \
        --header "Last-Event-ID: $(cat "$last")" \
        --data "$body" |
        while IFS= read -r line; do
            case $line in
            "id: "*) printf '%s' "${line#id: }" >"$last" ;;
            "data: {"*) printf '%s\n' "${line#data: }" ;;
            '{"errors"'*) printf '%s\n' "$line" ;;
            esac
        done
    echo "Connection lost, trying again ..." >&2
    sleep 1
done
