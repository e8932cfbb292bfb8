"""Reports usage in bulk, from a file with an event on each line; each event is charged once.

    pip install "gql[httpx]"
    python record.py http://localhost:8000/graphql KEY TENANT_ID events.jsonl

A line is an event as `recordUsage` takes it, with a key of your own:

    {"call": {"agentId": "agent_...", "key": "call-1", "direction": "INBOUND", "startedAt": "...", "endedAt": "..."}}

What gets lost on the way, a request or its answer, is sent again: a key that was seen before counts as a duplicate, and
is not charged again. So the whole file may be sent again, too.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any, TextIO

from gql import Client, gql
from gql.client import SyncClientSession
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.httpx import HTTPXTransport

# The server takes 1,000 events and a megabyte at once.
AT_ONCE = 500
PAUSES = (0.5, 1, 2, 4, 8, 15, 30)

# An event, and the number of its line.
Line = tuple[int, Any]

RECORD = gql("""
    mutation Record($tenant: ID!, $events: [UsageEventInput!]!) {
      recordUsage(tenantId: $tenant, events: $events) {
        accepted
        duplicates
        refused { index key code message }
        errors { code message }
      }
    }
""")


def record(url: str, key: str, tenant: str, file: str) -> None:
    transport = HTTPXTransport(url, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    accepted = duplicates = refused = 0
    with opened(file) as lines, Client(transport=transport) as session:
        for batch in batches(lines):
            answer = send(session, tenant, batch)
            accepted += answer["accepted"]
            duplicates += answer["duplicates"]
            refused += len(answer["refused"])
            for event in answer["refused"]:
                print(f"Refused: {event['key']}: {event['code']}: {event['message']}", file=sys.stderr)
    print(f"{accepted} accepted, {duplicates} duplicates, {refused} refused")
    sys.exit(1 if refused else 0)


def opened(file: str) -> TextIO:
    try:
        return open(file, encoding="utf-8")
    except OSError as error:
        sys.exit(f"{file} cannot be read: {error.strerror}")


def batches(lines: TextIO) -> Iterator[list[Line]]:
    events = ((number, event_of(line, number)) for number, line in enumerate(lines, 1) if line.strip())
    while batch := list(islice(events, AT_ONCE)):
        yield batch


def event_of(line: str, number: int) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        sys.exit(f"Line {number} is not JSON: {error}")


def send(session: SyncClientSession, tenant: str, batch: list[Line]) -> dict[str, Any]:
    """The server's answer, however often it must be asked."""
    RECORD.variable_values = {"tenant": tenant, "events": [event for _, event in batch]}
    for pause in PAUSES:
        try:
            answer: dict[str, Any] = session.execute(RECORD)["recordUsage"]
        except TransportError as error:
            wait = max(pause, told_to_wait(error, batch))
            print(f"No answer ({error}), trying again in {wait} seconds ...", file=sys.stderr)
            time.sleep(wait)
            continue
        if answer["errors"]:
            sys.exit(f"Refused: {answer['errors'][0]['message']}")
        return answer
    sys.exit("The server cannot be reached. Send the file again later; what was recorded is not charged again.")


def told_to_wait(error: TransportError, batch: list[Line]) -> int:
    """The seconds that the server wants to be left alone. Ends where asking again would not help."""
    if not isinstance(error, TransportQueryError):
        return 0  # The connection was lost, or something on the way is out of order.
    hints = (error.errors or [{}])[0].get("extensions") or {}
    if hints.get("code") != "INTERNAL" and "retryAfter" not in hints:
        sys.exit(f"Refused: {in_lines(error, batch)}")
    return int(hints.get("retryAfter", 0))


def in_lines(error: TransportQueryError, batch: list[Line]) -> str:
    """What is wrong, each by its line of the file. An event that is not well formed fails all that it is sent with."""
    texts = [str(each.get("message", each)) for each in error.errors or []] or [str(error)]
    places = [re.search(r"'\$events' has invalid value at \[(\d+)\]", text) for text in texts]
    return "\n".join(
        f"line {batch[int(place[1])][0]}: {text}" if place else text for place, text in zip(places, texts, strict=True)
    )


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    record(*sys.argv[1:])
