#!/bin/sh
# Reports a call that has ended, with nothing but curl. Prints what it cost, and why; the status is 0
# only where it was recorded.
#
#     sh record.sh http://localhost:8000/graphql KEY AGENT_ID CALL_ID STARTED_AT ENDED_AT
#     sh record.sh http://localhost:8000/graphql KEY agent_... call-4711 2026-03-01T09:30:00Z 2026-03-01T09:31:01Z
#
# CALL_ID is your own name for the call. However often it is sent, the call is charged once: so curl may try again
# whenever it cannot know whether the server has heard it.

url=$1 key=$2 agent=$3 call=$4 started=$5 ended=$6
if [ -z "$ended" ]; then
    echo "sh record.sh URL KEY AGENT_ID CALL_ID STARTED_AT ENDED_AT" >&2
    exit 2
fi

query='mutation Report($input: CallInput!) { recordCall(input: $input) { call { id creditsUsed } errors { code message path } } }'
input="{\"agentId\": \"$agent\", \"key\": \"$call\", \"direction\": \"INBOUND\", \"startedAt\": \"$started\", \"endedAt\": \"$ended\"}"

# Into a file, which curl empties before it tries again.
file=$(mktemp)
trap 'rm -f "$file"' EXIT
curl --silent --show-error --max-time 20 --retry 5 --retry-all-errors --output "$file" "$url" \
    --header "Content-Type: application/json" \
    --header "Authorization: Bearer $key" \
    --data "{\"query\": \"$query\", \"variables\": {\"input\": $input}}" || exit
answer=$(cat "$file")
printf '%s\n' "$answer"

case $answer in
*'"errors":[{'* | *'"errors": [{'*) exit 1 ;;
'{"data":'*) ;;
*) exit 1 ;; # Not Tallygraph: something on the way has answered.
esac
