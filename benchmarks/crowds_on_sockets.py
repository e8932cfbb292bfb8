"""What one who has a key may do over sockets and streams of events up to the limits; told to wait, it waits."""

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson

from benchmarks.bystander import BALANCE
from benchmarks.hostile import LOST_SECONDS, Ground, asked, connected, frame, head, head_of_answer, message, opened

AT_ONCE = 50
"""As many operations as a socket may have."""
WATCH = "subscription($t: ID!) { balanceChanged(tenantId: $t) { %s: seq available } }"
REPLAY = """subscription($t: ID!, $after: BigInt) { balanceChanged(tenantId: $t, after: $after) {
    seq available entries { seq kind credits } } }"""

Asked = dict[str, Any]
"""A document and its variables."""


async def on_sockets(ground: Ground, asked_by: Callable[[int], Asked], done: str) -> None:
    """Rounds of as many operations as may be, each over once that type of message has come for all."""
    numbers = itertools.count(random.randrange(1_000_000_000))

    async def one() -> None:
        while ground.goes_on:
            try:
                reader, writer = await opened(ground)
                try:
                    while ground.goes_on:
                        await _round(ground, reader, writer, [asked_by(next(numbers)) for _ in range(AT_ONCE)], done)
                finally:
                    writer.transport.abort()
            except (OSError, EOFError) as ended:
                ground.note(f"socket {ended}"[:30])
                await ground.wait(LOST_SECONDS)

    await _until_over(ground, one)


async def _round(
    ground: Ground, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, operations: list[Asked], done: str
) -> None:
    for number, operation in enumerate(operations):
        writer.write(frame(orjson.dumps({"id": str(number), "type": "subscribe", "payload": operation})))
    waiting, seconds = {str(number) for number in range(len(operations))}, 0.0
    while waiting:
        told = orjson.loads(await message(reader, writer))
        if told["type"] == "error" and told["id"] in waiting:
            extensions = told["payload"][0]["extensions"]
            seconds = max(seconds, float(extensions.get("retryAfter", 0)))
        elif told["type"] != done or told["id"] not in waiting:
            continue
        waiting.remove(told["id"])
        ground.note(told["type"] if told["type"] == done else f"error {extensions['code']}")
    if done == "next":
        for number in range(len(operations)):
            writer.write(frame(orjson.dumps({"id": str(number), "type": "complete"})))
        await writer.drain()
    await ground.wait(seconds)


async def subscriptions(ground: Ground) -> None:
    """Begun and ended again, each another document, so that none shares what others compute."""
    await on_sockets(ground, lambda number: {"query": WATCH % f"a{number}", "variables": {"t": ground.tenant}}, "next")


async def replays(ground: Ground) -> None:
    """Each from another change of long ago on."""

    def replay(number: int) -> Asked:
        return {"query": REPLAY, "variables": {"t": ground.tenant, "after": number % 10_000}}

    await on_sockets(ground, replay, "next")


async def socket_queries(ground: Ground) -> None:
    await on_sockets(ground, lambda _: {"query": BALANCE, "variables": {"id": ground.tenant}}, "complete")


async def event_streams(ground: Ground) -> None:
    """Opened, and left after the first event."""
    body = asked(WATCH % "now", {"t": ground.tenant})

    async def one() -> None:
        while ground.goes_on:
            try:
                async with connected(ground) as (reader, writer):
                    writer.write(head(ground, len(body), "Accept: text/event-stream") + body)
                    status, fields = await head_of_answer(reader)
                    ground.note(status)
                    if status == "429":
                        await ground.wait(float(fields["retry-after"]))
                    else:
                        await reader.readuntil(b"event: next")
            except (OSError, EOFError):
                ground.note("connection lost")
                await ground.wait(LOST_SECONDS)

    await _until_over(ground, one)


async def _until_over(ground: Ground, one: Callable[[], Awaitable[None]]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(ground.until - time.monotonic()):
            await asyncio.gather(*(one() for _ in range(ground.connections)))
