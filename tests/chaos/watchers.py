"""Those who watch a ledger over sockets, and go on behind the last entry that they saw whenever a socket breaks."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.typing import Subprotocol

from tests.chaos.deeds import Tenant

PAUSE_SECONDS = 0.05
# A frozen server says nothing; whoever hears no pong goes elsewhere.
PING_SECONDS, PONG_SECONDS = 1.0, 2.0
WATCH = """subscription($tenant: ID!, $after: BigInt) { balanceChanged(tenantId: $tenant, after: $after) {
    seq entries { seq } } }"""
# What may be said while something is broken; whatever else is said is a fault.
PASSING = {"INTERNAL", "UNAUTHENTICATED", "LIMIT_REACHED"}


class Broken(Exception):
    """The socket is of no more use."""


class Watcher:
    """One who wants to see every entry once, in order."""

    def __init__(self, urls: Sequence[str], tenant: Tenant, rng: Random) -> None:
        self._addresses = [f"{url.replace('http', 'ws', 1)}/graphql" for url in urls]
        self._tenant, self._rng = tenant, rng
        self.last_seq = 0
        self.resumed = -1
        self.gaps = 0
        self.doubles = 0
        self.faults: list[str] = []
        self.moved = asyncio.Event()

    @property
    def tenant_id(self) -> str:
        return self._tenant.id

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._watch_one_socket()
            except (OSError, TimeoutError, WebSocketException, InvalidHandshake, Broken):
                await asyncio.sleep(PAUSE_SECONDS)

    async def reaches(self, seq: int) -> None:
        while self.last_seq < seq:
            self.moved.clear()
            await self.moved.wait()

    async def _watch_one_socket(self) -> None:
        async with connect(
            self._rng.choice(self._addresses),
            subprotocols=[Subprotocol("graphql-transport-ws")],
            compression=None,
            open_timeout=3,
            close_timeout=0.2,
            ping_interval=PING_SECONDS,
            ping_timeout=PONG_SECONDS,
        ) as connection:
            await _send(connection, "connection_init", payload={"authorization": f"Bearer {self._tenant.admin}"})
            variables = {"tenant": self._tenant.id, "after": self.last_seq}
            async for text in connection:
                message = orjson.loads(text)
                if message["type"] == "connection_ack":
                    self.resumed += 1
                    await _send(connection, "subscribe", id="1", payload={"query": WATCH, "variables": variables})
                else:
                    self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "error":
            self._take_errors(message["payload"])
        if message["type"] != "next":
            raise Broken(message["type"])
        if errors := message["payload"].get("errors"):
            self._take_errors(errors)
        change = message["payload"]["data"]["balanceChanged"]
        for entry in change["entries"]:
            self._take_seq(int(entry["seq"]))
        if int(change["seq"]) != self.last_seq:
            self.faults.append(f"A balance at {change['seq']} came with entries up to {self.last_seq}.")
        self.moved.set()

    def _take_seq(self, seq: int) -> None:
        if seq <= self.last_seq:
            self.doubles += 1
        elif seq > self.last_seq + 1:
            self.gaps += 1
        self.last_seq = max(seq, self.last_seq)

    def _take_errors(self, errors: list[dict[str, Any]]) -> None:
        if any(error["extensions"]["code"] not in PASSING for error in errors):
            self.faults.append(str(errors))
        raise Broken(str(errors))


async def _send(connection: ClientConnection, type: str, **rest: object) -> None:
    await connection.send(orjson.dumps({"type": type, **rest}).decode())
