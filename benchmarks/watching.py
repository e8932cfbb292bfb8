"""Watching: one change to many sockets beside its floors, and how soon a change is seen while many come in.

python -m benchmarks.watching [SOCKETS ...]        100, 1000 and 5000 where none are given
"""

import asyncio
import base64
import os
import re
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, cast

import orjson
import uvloop

from benchmarks.measuring import Server, a_directory, a_server, clients, post, show
from models.rules.ids import type_id
from server.migrations import migrate
from tests.books import Clock, TestBooks, test_books

KEY = "benchmark-operator-key"
DELIVERIES_A_ROUND = 30_000
ROUNDS = 3
WATCHERS, EVENTS_A_SECOND, BATCH, SECONDS = 1_000, 2_000, 50, 8

BALANCE = (
    "subscription ($tenant: ID!) { balanceChanged(tenantId: $tenant) "
    "{ seq available settled held overdrawn pools { kind balance } } }"
)
RECORD = (
    "mutation ($tenant: ID!, $events: [UsageEventInput!]!) "
    "{ recordUsage(tenantId: $tenant, events: $events) { accepted account { seq } errors { message } } }"
)
SEQ = re.compile(rb'"seq":(\d+)')

Change = Callable[[], Awaitable[object]]


class Watching(asyncio.Protocol):
    """A socket that subscribes and counts what it gets; it costs as little as a client can."""

    def __init__(self, query: str, variables: dict[str, Any]) -> None:
        self._subscribe = {"id": "1", "type": "subscribe", "payload": {"query": query, "variables": variables}}
        self._buffer = bytearray()
        self._is_open = False
        self.ready = asyncio.get_running_loop().create_future()
        self.count = 0
        self.length = 0
        self.seen: list[tuple[float, int]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            "GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.startswith(b"HTTP/1.1 101"), bytes(head)
            self._is_open, self._buffer = True, rest
            self._send({"type": "connection_init", "payload": {"authorization": f"Bearer {KEY}"}})
        self._take_frames()

    def _take_frames(self) -> None:
        while len(self._buffer) >= 2:
            length, start = self._buffer[1], 2
            if length == 126:
                length, start = int.from_bytes(self._buffer[2:4], "big"), 4
            if len(self._buffer) < start + length:
                return
            if self._buffer[0] == 0x81:
                self._take(bytes(self._buffer[start : start + length]))
            del self._buffer[: start + length]

    def _take(self, message: bytes) -> None:
        if b'"connection_ack"' in message[:40]:
            self._send(self._subscribe)
            return
        assert b'"errors"' not in message, message
        self.count += 1
        self.length = len(message)
        if found := SEQ.search(message):
            self.seen.append((time.perf_counter(), int(found[1])))
        if not self.ready.done():
            self.ready.set_result(None)

    def _send(self, message: object) -> None:
        text = orjson.dumps(message)
        # A mask of zeros leaves the text as it is.
        length = bytes((0x80 | len(text),)) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
        self.transport.write(b"\x81" + length + b"\0\0\0\0" + text)


@dataclass
class Spread:
    """What one change to all sockets cost."""

    cpu_us: float
    last_ms: float
    kilobytes: float
    length: int


async def spread(server: Server, sockets: int, query: str, variables: dict[str, Any], change: Change) -> Spread:
    before = server.memory_bytes()
    watching = await subscribed(server.port, sockets, query, variables)
    await asyncio.sleep(0.5)
    kilobytes = (server.memory_bytes() - before) / sockets / 1024
    costs, times = [], []
    for _ in range(ROUNDS):
        started_with = server.cpu_seconds()
        changes = max(6, DELIVERIES_A_ROUND // sockets // 3)
        for _ in range(changes):
            wanted = watching[0].count + 1
            began = time.perf_counter()
            await change()
            while any(one.count < wanted for one in reversed(watching)):  # noqa: ASYNC110 Waking would cost more.
                await asyncio.sleep(0.001)
            times.append((max(one.seen[-1][0] for one in watching) - began) * 1000)
        costs.append((server.cpu_seconds() - started_with) / changes / sockets * 1e6)
    for one in watching:
        one.transport.abort()
    return Spread(median(costs), median(times), kilobytes, watching[0].length)


async def subscribed(port: int, count: int, query: str, variables: dict[str, Any]) -> list[Watching]:
    loop = asyncio.get_running_loop()
    made: list[Watching] = []
    while len(made) < count:
        some = min(200, count - len(made))
        opened = await asyncio.gather(
            *(loop.create_connection(lambda: Watching(query, variables), "127.0.0.1", port) for _ in range(some))
        )
        made += [protocol for _, protocol in opened]
        await asyncio.gather(*(protocol.ready for _, protocol in opened))
    return made


def events(agent: str, first: int, count: int) -> list[dict[str, Any]]:
    at = datetime.now(UTC).isoformat()
    call = {"agentId": agent, "direction": "INBOUND", "startedAt": at, "endedAt": at}
    return [{"call": {**call, "key": f"call-{number}"}} for number in range(first, first + count)]


def recording(tenant: str, agent: str, first: int, count: int) -> bytes:
    body = {"query": RECORD, "variables": {"tenant": tenant, "events": events(agent, first, count)}}
    return post("/graphql", orjson.dumps(body), KEY)


async def fan_out(sizes: list[int], tenant: str, agent: str, **settings: str) -> None:
    rows: list[tuple[str, ...]] = [("one change to", "server", "cpu us a delivery", "last after ms", "KB a socket")]
    for sockets in sizes:
        ours = await fan_out_of_ours(sockets, tenant, agent, **settings)
        floors = [await fan_out_of_floor(kind, sockets, ours.length) for kind in ("bare", "stock")]
        bare = floors[0]
        for name, found in zip(("Tallygraph", "bare Starlette", "stock Strawberry"), (ours, *floors), strict=True):
            rows.append(
                (
                    f"{sockets} sockets",
                    name,
                    f"{found.cpu_us:.1f} ({found.cpu_us / bare.cpu_us:.2f}x)",
                    f"{found.last_ms:.0f}",
                    f"{found.kilobytes:.1f} ({found.kilobytes / bare.kilobytes:.2f}x)",
                )
            )
    show(f"One change to many sockets, a message of {ours.length} bytes", rows)


async def fan_out_of_ours(sockets: int, tenant: str, agent: str, **settings: str) -> Spread:
    with a_server("benchmarks.serving_watched", "{port}", **settings) as server:
        async with clients(server.port, 1) as (client,):
            number = int(time.time() * 1000)

            async def change() -> None:
                nonlocal number
                number += 1
                answer = await client.ask(recording(tenant, agent, number, 1))
                assert b'"accepted":1' in answer, answer

            await change()
            # The first to come opens the watcher, which is not a socket's.
            (first,) = await subscribed(server.port, 1, BALANCE, {"tenant": tenant})
            first.transport.abort()
            return await spread(server, sockets, BALANCE, {"tenant": tenant}, change)


async def fan_out_of_floor(kind: str, sockets: int, length: int) -> Spread:
    with a_server("benchmarks.floor_of_watching", kind, "{port}", str(length)) as server:
        async with clients(server.port, 1) as (client,):
            query = "subscription { changed { seq x } }"
            (first,) = await subscribed(server.port, 1, query, {})
            first.transport.abort()
            return await spread(server, sockets, query, {}, lambda: client.ask(post("/ring", b"")))


async def latency(tenant: str, agent: str, **settings: str) -> None:
    """How long after a change was acknowledged each watcher has a balance that holds it."""
    acknowledged: list[tuple[float, int]] = []
    with a_server("benchmarks.serving_watched", "{port}", **settings) as server:
        watching = await subscribed(server.port, WATCHERS, BALANCE, {"tenant": tenant})
        async with clients(server.port, 8) as senders:
            first = int(time.time() * 1000) * 100
            began = time.perf_counter()

            async def send(number: int) -> None:
                for batch in range(number, SECONDS * EVENTS_A_SECOND // BATCH, len(senders)):
                    await asyncio.sleep(max(0.0, began + batch * BATCH / EVENTS_A_SECOND - time.perf_counter()))
                    answer = await senders[number].ask(recording(tenant, agent, first + batch * BATCH, BATCH))
                    payload = orjson.loads(answer)["data"]["recordUsage"]
                    acknowledged.append((time.perf_counter(), payload["account"]["seq"]))

            await asyncio.gather(*(send(number) for number in range(len(senders))))
            taken = time.perf_counter() - began
        await asyncio.sleep(1)
    waits = sorted(wait for one in watching for wait in waits_of(one, acknowledged))
    rows = [
        ("watchers", "events a second", "pushes a second to each", "p50 ms", "p99 ms", "most ms"),
        (
            str(WATCHERS),
            f"{len(acknowledged) * BATCH / taken:.0f}",
            f"{watching[0].count / taken:.0f}",
            *(f"{waits[int(len(waits) * part)] * 1000:.0f}" for part in (0.5, 0.99)),
            f"{waits[-1] * 1000:.0f}",
        ),
    ]
    show("From an acknowledged change to the pushed balance", rows)


def waits_of(one: Watching, acknowledged: list[tuple[float, int]]) -> list[float]:
    waits, position = [], 0
    for at, seq in sorted(acknowledged, key=lambda acknowledgement: acknowledgement[1]):
        while one.seen[position][1] < seq:
            position += 1
        waits.append(max(0.0, one.seen[position][0] - at))
    return waits


async def main(sizes: list[int]) -> None:
    url = f"sqlite:///{a_directory() / 'books.db'}"
    await migrate(url)
    async with test_books(url, Clock(datetime.now(UTC) - timedelta(days=1))) as books:
        tenant, agent = await a_tenant(books)
    settings = {"TALLYGRAPH_DATABASE_URL": url, "TALLYGRAPH_OPERATOR_KEY": KEY}
    await fan_out(sizes, tenant, agent, **settings)
    await latency(tenant, agent, **settings)


async def a_tenant(books: TestBooks) -> tuple[str, str]:
    tenant = await books.a_tenant(top_up="1000000")
    return type_id("tenant", tenant), type_id("agent", books.agents[tenant])


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(main([int(word) for word in sys.argv[1:]] or [100, 1_000, 5_000]))
