"""Shows a tenant's credits live, in a terminal.

    pip install "gql[websockets]"
    python watch.py ws://localhost:8000/graphql KEY TENANT_ID

Whatever happens to the connection or the server, it goes on from the last entry that it has shown.
"""

import asyncio
import contextlib
import sys
from typing import Any

from gql import Client, gql
from gql.transport.exceptions import TransportConnectionFailed, TransportError, TransportQueryError
from gql.transport.websockets import WebsocketsTransport
from websockets.exceptions import ConnectionClosed

BALANCE = gql("""
    subscription Balance($tenant: ID!, $after: BigInt) {
      balanceChanged(tenantId: $tenant, after: $after) {
        seq
        available
        held
        entries { seq kind credits balanceAfter remarks }
      }
    }
""")


async def watch(url: str, key: str, tenant: str) -> None:
    after: int | None = None
    while True:
        transport = WebsocketsTransport(url, init_payload={"authorization": f"Bearer {key}"}, ping_interval=20)
        try:
            async with Client(transport=transport) as session:
                BALANCE.variable_values = {"tenant": tenant, "after": after}
                async for answer in session.subscribe(BALANCE):
                    change = answer["balanceChanged"]
                    show(change)
                    after = change["seq"]
        except TransportQueryError as refused:
            # Asking again would not help: a wrong tenant, or a key that was revoked.
            sys.exit(f"Refused: {refused}")
        except (ConnectionClosed, TransportConnectionFailed, TransportError, OSError) as lost:
            if why := refusal(lost):
                sys.exit(f"Refused: {why}")
            print(f"Connection lost ({lost}), trying again ...", file=sys.stderr)
            await asyncio.sleep(1)


def refusal(lost: Exception) -> str | None:
    """Why the server closed the connection, where it would do so again: the key is wrong, or was revoked."""
    closed = lost if isinstance(lost, ConnectionClosed) else lost.__cause__
    frame = closed.rcvd if isinstance(closed, ConnectionClosed) else None
    return frame.reason if frame and frame.code == 4403 else None


def show(change: dict[str, Any]) -> None:
    if not change["entries"]:
        print(f"{change['available']} credits are available, {change['held']} are held.", flush=True)
    for entry in change["entries"]:
        print(f"{entry['seq']:>6}  {entry['kind']:<10} {entry['credits']:>12}  -> {entry['balanceAfter']}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(watch(*sys.argv[1:]))
