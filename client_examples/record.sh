#!/bin/sh
# Reports a call that has ended, with nothing but curl. Prints what it cost, and why.
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

curl --silent --show-error --max-time 20 --retry 5 --retry-all-errors "$url" \
    --header "Content-Type: application/json" \
    --header "Authorization: Bearer $key" \
    --data "{\"query\": \"$query\", \"variables\": {\"input\": $input}}"
echo
