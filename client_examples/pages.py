"""Writes all calls of a tenant as CSV, the newest first, page by page.

    pip install "gql[httpx]"
    python pages.py http://localhost:8000/graphql KEY TENANT_ID > calls.csv

Pages hang on cursors: calls that come in meanwhile neither shift nor double what follows, and page 10,000 is as fast as
the first.
"""

import csv
import os
import sys
from collections.abc import Iterator
from typing import Any

from gql import Client, gql
from gql.client import SyncClientSession
from gql.transport.httpx import HTTPXTransport

CALLS = gql("""
    query Calls($tenant: ID!, $after: String) {
      tenant(id: $tenant) {
        calls(first: 100, after: $after) {
          nodes { id startedAt agent { name } direction durationSeconds billedSeconds creditsUsed }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
""")


def all_calls(session: SyncClientSession, tenant: str) -> Iterator[dict[str, Any]]:
    after, more = None, True
    while more:
        CALLS.variable_values = {"tenant": tenant, "after": after}
        page = session.execute(CALLS)["tenant"]["calls"]
        yield from page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]


def write(url: str, key: str, tenant: str) -> None:
    transport = HTTPXTransport(url, headers={"Authorization": f"Bearer {key}"}, timeout=20)
    table = csv.writer(sys.stdout)
    table.writerow(["id", "startedAt", "agent", "direction", "durationSeconds", "billedSeconds", "creditsUsed"])
    with Client(transport=transport) as session:
        for call in all_calls(session, tenant):
            table.writerow(call["agent"]["name"] if name == "agent" else call[name] for name in call)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        write(*sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has enough, as `head` has; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
