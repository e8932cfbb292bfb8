"""What may be done to a server from outside, each for some seconds, by one who has a key or has none."""

import asyncio
import base64
import os
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import orjson

from benchmarks.hostile import Ground, answer, asked, connection, frame, head, initialisation, opened, upgrade

# Longer than what a key has saved up lasts.
SECONDS = 10.0

Attack = Callable[[Ground], Awaitable[None]]


async def post_again_and_again(ground: Ground, bodies: list[bytes], clients: int = 16) -> None:
    """Clients that send one body after the other, as fast as they are answered."""

    async def one(number: int) -> None:
        while ground.goes_on:
            with suppress(OSError, EOFError, ValueError):
                reader, writer = await connection(ground)
                try:
                    while ground.goes_on:
                        body = bodies[number % len(bodies)]
                        number += 1
                        writer.write(head(ground, len(body)) + body)
                        ground.note((await answer(reader))[0])
                finally:
                    writer.transport.abort()

    await asyncio.gather(*(one(number) for number in range(clients)))


# ---------------------------------------------------------------- documents


async def deep_nesting(ground: Ground) -> None:
    entries = f'{{ tenant(id: "{ground.tenant}") {{ '
    levels = "agents(first: 100) { nodes { tenant { " * 15
    bodies = [asked(entries + levels + "name" + " }" * 47), asked("{ viewer " * 20_000 + "}" * 20_000)]
    bodies += [asked("{ __schema { types { " + "ofType { " * 60 + "name" + " }" * 63), asked("{" * 200_000)]
    await post_again_and_again(ground, bodies)


async def alias_bombs(ground: Ground) -> None:
    one = 'a%d: tenant(id: "' + ground.tenant + '") { credits { available } }'
    bodies = [asked("{ " + " ".join(one % n for n in range(count)) + " }") for count in (90, 400, 10_000)]
    await post_again_and_again(ground, bodies)


async def fragment_bombs(ground: Ground) -> None:
    def bomb(depth: int) -> bytes:
        parts = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(depth)]
        return asked("{ ...F0 } " + " ".join(parts) + f" fragment F{depth} on Query {{ viewer {{ role }} }}")

    circle = asked("{ ...A } fragment A on Query { ...B ...B } fragment B on Query { ...A ...A viewer { role } }")
    await post_again_and_again(ground, [bomb(8), bomb(30), bomb(150), circle])


async def huge_variables(ground: Ground) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    deep = b'{"query": "{ viewer { role } }", "variables": {"a": ' + b"[" * 400_000 + b"]" * 400_000 + b"}}"
    bodies = [asked(query, {"ids": ["call_x"] * count}) for count in (1_000, 60_000)]
    bodies += [deep, asked(query, {"ids": ["x" * 900_000]}), asked(query, {f"v{n}": n for n in range(60_000)})]
    bodies += [b'{"query": "{ viewer { role } }", "variables": {"a": ' + b"9" * 900_000 + b"}}"]
    await post_again_and_again(ground, bodies)


def costly(ground: Ground) -> list[bytes]:
    """What may be asked: the dearest that stays below the limits, over all that a tenant has."""
    tenant = f'{{ tenant(id: "{ground.tenant}") {{ '
    calls = "nodes { id startedAt remarks creditsUsed charge { lines { explanation } } agent { name } }"
    one = f"agents(first: 1) {{ nodes {{ calls(first: 100) {{ {calls} }} }} }}"
    dearest = " ".join(f"a{number}: {one}" for number in range(12))
    log = "callLog(page: 30) { totalRows rows { at creditsUsed remarks balanceAfter call { billedSeconds } } }"
    usage = """usage(range: { preset: LAST_12_MONTHS }) { totals { credits calls messages interviews }
        series(every: DAY) { day totals { credits calls } }
        breakdown(by: AGENT) { slices { label totals { credits } } } }"""
    hours = "usage(range: { preset: LAST_30_DAYS }) { series(every: HOUR) { day totals { credits calls } } }"
    ledger = "credits { available ledger(first: 100) { nodes { seq credits kind allocations { credits } } } }"
    return [asked(tenant + part + " } }") for part in (dearest, log, usage, hours, ledger)]


async def costly_queries(ground: Ground) -> None:
    await post_again_and_again(ground, costly(ground), clients=32)


async def introspection(ground: Ground) -> None:
    kind = "kind name ofType { kind name ofType { kind name ofType { kind name } } }"
    fields = f"fields {{ name description args {{ name type {{ {kind} }} }} type {{ {kind} }} }}"
    await post_again_and_again(ground, [asked(f"{{ __schema {{ types {{ kind name description {fields} }} }} }}")])


# ---------------------------------------------------------------- connections


async def slow_lorises(ground: Ground) -> None:
    async def one(number: int) -> None:
        with suppress(OSError, EOFError):
            _, writer = await connection(ground)
            top = head(ground, 1_000)
            writer.write(top[:20] if number % 2 else top)
            ground.note("opened")
            while ground.goes_on:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.5)
            writer.transport.abort()

    await asyncio.gather(*(one(number) for number in range(800)))


async def oversized_bodies(ground: Ground) -> None:
    part = b"x" * 65_536

    async def one(number: int) -> None:
        while ground.goes_on:
            with suppress(OSError, EOFError):
                reader, writer = await connection(ground)
                if number % 3 == 0:
                    writer.write(head(ground, 20_000_000))
                elif number % 3 == 1:
                    writer.write(head(ground, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
                else:
                    writer.write(b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ")
                try:
                    for _ in range(320):
                        writer.write((b"%x\r\n" % len(part) + part + b"\r\n") if number % 3 == 1 else part)
                        await writer.drain()
                    ground.note("taken whole")
                finally:
                    ground.note((await refused(reader)) or "closed")
                    writer.transport.abort()

    await asyncio.gather(*(one(number) for number in range(12)))


async def refused(reader: asyncio.StreamReader) -> str:
    """The status of an answer that came before all was sent."""
    with suppress(OSError, EOFError, TimeoutError):
        async with asyncio.timeout(1):
            return (await reader.readexactly(12))[9:].decode()
    return ""


async def wrong_keys(ground: Ground) -> None:
    body = asked("{ viewer { role } }")

    async def one() -> None:
        while ground.goes_on:
            with suppress(OSError, EOFError):
                reader, writer = await connection(ground)
                while ground.goes_on:
                    key = "tg_" + base64.urlsafe_b64encode(os.urandom(32)).decode()
                    writer.write(head(ground, len(body), key=key) + body)
                    ground.note((await answer(reader))[0])

    await asyncio.gather(*(one() for _ in range(16)))


async def random_bytes(ground: Ground) -> None:
    async def one() -> None:
        while ground.goes_on:
            with suppress(OSError, EOFError):
                reader, writer = await connection(ground)
                writer.write(os.urandom(500))
                writer.write_eof()
                ground.note((await reader.read(1_000))[9:12].decode() or "closed")
                writer.transport.abort()

    await asyncio.gather(*(one() for _ in range(32)))


# ---------------------------------------------------------------- sockets and streams


async def half_open_sockets(ground: Ground) -> None:
    held = []
    for number in range(1_000):
        with suppress(OSError, EOFError):
            if number % 2:
                held.append((await opened(ground, initialised=False))[1])
            else:
                held.append((await connection(ground))[1])
                held[-1].write(b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n")
        ground.note("held")
    await asyncio.sleep(max(0.0, ground.until - time.monotonic()))
    for writer in held:
        writer.transport.abort()


async def floods_of_sockets(ground: Ground) -> None:
    async def one() -> None:
        while ground.goes_on:
            with suppress(OSError, EOFError):
                _, writer = await opened(ground)
                writer.write(frame(b'{"type":"ping"}') * 200)
                ground.note("opened")
                writer.transport.abort()

    await asyncio.gather(*(one() for _ in range(32)))


BALANCE = "subscription($t: ID!) { balanceChanged(tenantId: $t) { seq available } }"


async def storms_of_subscriptions(ground: Ground) -> None:
    def subscribe(number: int) -> bytes:
        # Each another document, so that none shares what others compute.
        query = BALANCE.replace("seq", f"a{number}: seq")
        payload = {"query": query, "variables": {"t": ground.tenant}}
        return frame(orjson.dumps({"id": str(number), "type": "subscribe", "payload": payload}))

    async def one(number: int) -> None:
        with suppress(OSError, EOFError):
            reader, writer = await opened(ground)
            while ground.goes_on:
                for operation in range(60):
                    writer.write(subscribe(number * 60 + operation))
                await reader.read(1 << 16)
                for operation in range(60):
                    done = {"id": str(number * 60 + operation), "type": "complete"}
                    writer.write(frame(orjson.dumps(done)))
                await writer.drain()
                ground.note("rounds of 60")
            writer.transport.abort()

    await asyncio.gather(*(one(number) for number in range(20)))


async def unread_streams(ground: Ground) -> None:
    """Streams and sockets that are never read, while much happens."""
    held = []
    body = asked(BALANCE, {"t": ground.tenant})
    for number in range(200):
        family = socket.socket()
        family.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        family.setblocking(False)
        await asyncio.get_running_loop().sock_connect(family, ("127.0.0.1", ground.port))
        if number % 2:
            await asyncio.get_running_loop().sock_sendall(
                family, head(ground, len(body), "Accept: text/event-stream") + body
            )
        else:
            await unread_socket(ground, family)
        held.append(family)
        ground.note("held")
    await record_much(ground)
    for family in held:
        family.close()


async def unread_socket(ground: Ground, family: socket.socket) -> None:
    payload = {"query": BALANCE, "variables": {"t": ground.tenant}}
    watch = {"id": "1", "type": "subscribe", "payload": payload}
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(family, upgrade(ground))
    await asyncio.sleep(0.01)
    await loop.sock_sendall(family, initialisation(ground) + frame(orjson.dumps(watch)))


async def record_much(ground: Ground) -> None:
    record = "mutation($input: TopUpInput!) { topUp(input: $input) { errors { message } } }"
    bodies = [
        asked(record, {"input": {"tenantId": ground.tenant, "key": f"{time.time_ns()}-{n}", "credits": "1"}})
        for n in range(2_000)
    ]
    await post_again_and_again(ground, bodies, clients=4)


ATTACKS: dict[str, Attack] = {
    "deep nesting": deep_nesting,
    "alias bombs": alias_bombs,
    "fragment bombs": fragment_bombs,
    "huge variables": huge_variables,
    "costly queries": costly_queries,
    "introspection": introspection,
    "slow lorises": slow_lorises,
    "oversized bodies": oversized_bodies,
    "wrong keys": wrong_keys,
    "random bytes": random_bytes,
    "half-open sockets": half_open_sockets,
    "floods of sockets": floods_of_sockets,
    "storms of subscriptions": storms_of_subscriptions,
    "unread streams": unread_streams,
}
