"""Doorbells between processes: rung through memory, Redis and PostgreSQL, and after each of them was lost."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from models.rules.ids import new_id, type_id
from server.database import open_books
from server.watching import brokers
from server.watching.doorbell import Doorbell
from tests.books import Clock, TestBooks
from tests.server.forked_servers import KEY, ForkedServers
from tests.server.live_server import Socket
from tests.services import RedisServer

pytestmark = pytest.mark.anyio

TENANT = UUID(int=7)
BACK_WITHIN_SECONDS = 5.0

# Small in every run; the whole of what was promised with TALLYGRAPH_TEST_CHANGES=1000 TALLYGRAPH_TEST_WATCHERS=50.
CHANGES = int(os.environ.get("TALLYGRAPH_TEST_CHANGES", "120"))
WATCHERS = int(os.environ.get("TALLYGRAPH_TEST_WATCHERS", "8"))


@pytest.fixture(params=["memory", "redis", "postgresql"])
def broadcast_url(request: pytest.FixtureRequest) -> str:
    fixture = {"redis": "redis_url", "postgresql": "postgres_url"}.get(request.param)
    url: str = request.getfixturevalue(fixture) if fixture else "memory://"
    return url


class Heard:
    """The bells that rang, and a way to wait for one."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self._rung = asyncio.Event()

    def __call__(self, seq: int) -> None:
        self.seqs.append(seq)
        self._rung.set()

    async def silence(self) -> None:
        """Forget what rang so far, once nothing more is under way."""
        await asyncio.sleep(0.2)
        self.seqs.clear()
        self._rung.clear()

    async def wait(self, seconds: float = BACK_WITHIN_SECONDS) -> None:
        async with asyncio.timeout(seconds):
            await self._rung.wait()
        self._rung.clear()


@asynccontextmanager
async def rung_and_heard(url: str, tenant: UUID = TENANT) -> AsyncIterator[tuple[Doorbell, Heard]]:
    """A doorbell as one process has it, and what another process hears."""
    here, there, heard = Doorbell(url), Doorbell(url), Heard()
    if url.startswith("memory:"):
        there = here
    await here.open()
    if there is not here:
        await there.open()
    try:
        async with there.heard(tenant, heard):
            await until_heard(lambda: here.ring({tenant: 1}), heard)
            yield here, heard
    finally:
        await here.close()
        if there is not here:
            await there.close()


async def until_heard(ring: Callable[[], None], heard: Heard, seconds: float = BACK_WITHIN_SECONDS) -> None:
    """Ring until one is heard, as a busy server does."""
    async with asyncio.timeout(seconds):
        while True:
            ring()
            try:
                await heard.wait(0.1)
            except TimeoutError:
                continue
            return


async def test_a_bell_rings_in_other_processes(broadcast_url: str) -> None:
    tenant = new_id()
    async with rung_and_heard(broadcast_url, tenant) as (here, heard):
        await heard.silence()
        here.ring({tenant: 7})
        await heard.wait()

        assert 7 in heard.seqs


async def test_a_bell_rings_only_for_its_tenant(broadcast_url: str) -> None:
    tenant, other = new_id(), new_id()
    async with rung_and_heard(broadcast_url, tenant) as (here, heard):
        await heard.silence()
        here.ring({other: 8})
        here.ring({tenant: 9})
        await heard.wait()

        assert set(heard.seqs) == {9}


async def test_many_bells_at_once_are_all_heard(broadcast_url: str) -> None:
    tenants = [new_id() for _ in range(50)]
    async with AsyncExitStack() as stack:
        here, there = Doorbell(broadcast_url), Doorbell(broadcast_url)
        for doorbell in (here, there):
            await doorbell.open()
            stack.push_async_callback(doorbell.close)
        listening = here if broadcast_url.startswith("memory:") else there
        heard = [Heard() for _ in tenants]
        for tenant, one in zip(tenants, heard, strict=True):
            await stack.enter_async_context(listening.heard(tenant, one))
        await asyncio.sleep(0.5)
        here.ring(dict.fromkeys(tenants, 3))
        await asyncio.gather(*(one.wait() for one in heard))


async def test_a_bell_that_cannot_be_rung_harms_nobody() -> None:
    doorbell, heard = Doorbell("redis://127.0.0.1:9"), Heard()
    await doorbell.open()
    async with doorbell.heard(TENANT, heard):
        doorbell.ring({TENANT: 1})
        await asyncio.sleep(0.3)
        doorbell.ring({TENANT: 2})
    await doorbell.close()

    # Those of the same process hear it all the same.
    assert heard.seqs == [1, 2]


@pytest.mark.parametrize("how", ["stop", "kill", "freeze"])
async def test_bells_ring_again_within_seconds_of_the_return_of_redis(redis_server: RedisServer, how: str) -> None:
    async with rung_and_heard(redis_server.url) as (here, heard):
        getattr(redis_server, how)()
        here.ring({TENANT: 2})
        await asyncio.sleep(1)
        redis_server.thaw() if how == "freeze" else redis_server.start()

        await until_heard(lambda: here.ring({TENANT: 3}), heard)


async def test_a_frozen_redis_is_given_up(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "SILENCE_SECONDS", 1.0)
    async with rung_and_heard(redis_server.url) as (here, heard):
        redis_server.freeze()
        await asyncio.sleep(2.5)
        redis_server.thaw()

        await until_heard(lambda: here.ring({TENANT: 3}), heard)


async def test_bells_ring_again_after_postgresql_dropped_all_connections(postgres_url: str) -> None:
    async with rung_and_heard(postgres_url) as (here, heard):
        connection = await asyncpg.connect(postgres_url)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await connection.close()

        # Connected again, everything is looked at: something may have been missed.
        await heard.wait()
        await until_heard(lambda: here.ring({TENANT: 3}), heard)


# ---------------------------------------------------------------- several processes


async def socket_of(port: int, stack: AsyncExitStack) -> Socket:
    address = f"ws://127.0.0.1:{port}/graphql"
    connection = await connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], compression=None)
    stack.push_async_callback(connection.close)
    socket = Socket(connection)
    await socket.send("connection_init", payload={"authorization": f"Bearer {KEY}"})
    assert await socket.receive() == {"type": "connection_ack"}
    return socket


async def watch(ports: list[int], tenant: str, changes: int, chance: random.Random) -> list[int]:
    """All that one client sees that goes from process to process, and vanishes without a word."""
    seen: list[int] = []
    while not seen or seen[-1] < changes:
        try:
            async with AsyncExitStack() as stack:
                socket = await socket_of(chance.choice(ports), stack)
                await socket.watch(tenant, after=seen[-1] if seen else 0)
                for _ in range(chance.randint(1, 8)):
                    if not seen or seen[-1] < changes:
                        seen += [entry["seq"] for entry in (await socket.balance())["entries"]]
                socket.connection.transport.abort()
        except OSError:
            # This process is gone: the next may be there.
            await asyncio.sleep(0.05)
        except Exception as error:
            if type(error).__name__ not in ("ConnectionClosedError", "InvalidMessage"):
                raise
    return seen


async def test_no_watcher_of_several_processes_misses_anything_whatever_is_killed(
    postgres_url: str, redis_server: RedisServer
) -> None:
    starting = asyncio.to_thread(ForkedServers, 4, database_url=postgres_url, broadcast_url=redis_server.url)
    servers = await starting
    clock = Clock()
    doorbell = Doorbell(redis_server.url)
    await doorbell.open()
    books = TestBooks(open_books(postgres_url, doorbell.ring), clock)
    clock.now = books.books.clock()
    tenant = await books.a_tenant(top_up="100000")
    await asyncio.to_thread(servers.wait_until_ready)
    disasters: dict[int, Callable[[], Any]] = {
        CHANGES // 5: redis_server.kill,
        CHANGES // 5 * 2: redis_server.start,
        CHANGES // 2: partial(servers.kill, 0),
        CHANGES // 5 * 3: redis_server.kill,
        CHANGES // 5 * 4: redis_server.start,
    }

    async def change() -> None:
        for step in range(CHANGES):
            await books.call(tenant, at=books.books.clock())
            await asyncio.sleep(0.02)
            if step in disasters:
                await asyncio.to_thread(disasters[step])

    watching: list[Awaitable[list[int]]] = [
        watch(servers.ports, type_id("tenant", tenant), CHANGES + 1, random.Random(number))
        for number in range(WATCHERS)
    ]
    try:
        async with asyncio.timeout(40 + CHANGES / 10):
            _, *seen = await asyncio.gather(change(), *watching)
    finally:
        await doorbell.close()
        await books.books.close()
        await asyncio.to_thread(servers.stop)

    assert seen == [list(range(1, CHANGES + 2))] * WATCHERS
