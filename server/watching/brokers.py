"""What carries doorbells between processes: backends for broadcaster that outlive a broken connection.

A bell may be lost or rung twice. After every new connection all channels ring, since something may have been missed.
"""

import asyncio
import contextlib
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any

import asyncpg
import structlog
from broadcaster import BroadcastBackend, Event
from broadcaster._backends.memory import MemoryBackend
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff

CONNECT_SECONDS = 2.0
PUBLISH_SECONDS = 1.0
HEARTBEAT_SECONDS = 1.5
SILENCE_SECONDS = 4.0
"""Without a sign of life for so long, a connection is given up: a frozen server closes nothing."""
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.1, 2.0
# More need not wait: a bell says nothing that the next one would not say too.
MOST_EVENTS = 10_000

POSTGRESQL_CHANNEL = "tallygraph_bells"
KEEPALIVE = "tallygraph:keepalive"

log = structlog.get_logger(source="doorbell")


def backend_for(url: str) -> BroadcastBackend:
    """What the setting names. It keeps trying where nothing answers yet."""
    if url.startswith("memory:"):
        return MemoryBackend(url)
    return RedisBells(url) if url.startswith("redis") else PostgresBells(url)


class SupervisedBells(BroadcastBackend, ABC):
    """A backend whose listening connection is made again whenever it breaks."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._wanted: set[str] = set()
        self._changed = asyncio.Event()
        self._delay = FIRST_DELAY_SECONDS
        self._events: asyncio.Queue[Event] = asyncio.Queue(MOST_EVENTS)
        self._task: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        self._task = asyncio.create_task(self._supervise(), name="doorbell")

    async def disconnect(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._changed.set()
            await asyncio.gather(self._task, return_exceptions=True)

    async def subscribe(self, group: str) -> None:
        self._wanted.add(group)
        self._changed.set()

    async def unsubscribe(self, group: str) -> None:
        self._wanted.discard(group)
        self._changed.set()

    async def next_published(self) -> Event:
        return await self._events.get()

    @abstractmethod
    async def _listen(self) -> None:
        """Connect and take in bells until something breaks."""

    async def _supervise(self) -> None:
        while True:
            try:
                await self._listen()
            except* Exception as errors:
                log.warning("doorbell lost", reason=_first_of(errors)[:300])
            await asyncio.sleep(self._delay * random.uniform(0.5, 1.5))
            self._delay = min(self._delay * 2, LONGEST_DELAY_SECONDS)

    def _hear(self, channel: str, message: str = "") -> None:
        if channel in self._wanted and not self._events.full():
            self._events.put_nowait(Event(channel, message))

    def _hear_all(self) -> None:
        """Connected again: something may have been missed on every channel."""
        self._delay = FIRST_DELAY_SECONDS
        for channel in self._wanted:
            self._hear(channel)


class RedisBells(SupervisedBells):
    async def connect(self) -> None:
        # Responses are not decoded: in redis-py 8.1 that breaks the answers to pings.
        limits: dict[str, Any] = {"socket_timeout": CONNECT_SECONDS, "socket_connect_timeout": CONNECT_SECONDS}
        self._rings = Redis.from_url(self._url, retry=Retry(ExponentialBackoff(cap=0.2, base=0.05), 1), **limits)
        self._hears = Redis.from_url(self._url, retry=Retry(NoBackoff(), 0), **limits)
        await super().connect()

    async def disconnect(self) -> None:
        await super().disconnect()
        await self._rings.aclose()
        await self._hears.aclose()

    async def publish(self, channel: str, message: str) -> None:
        async with asyncio.timeout(PUBLISH_SECONDS):
            await self._rings.publish(channel, message)

    async def _listen(self) -> None:
        pubsub = self._hears.pubsub()
        try:
            # Without any channel a pubsub stops listening.
            await pubsub.subscribe(KEEPALIVE)
            await _both(self._ask(pubsub), self._take_in(pubsub))
        finally:
            with contextlib.suppress(Exception):
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _ask(self, pubsub: Any) -> None:
        """Keep the channels those that are wanted, and ask for signs of life."""
        have: set[str] = set()
        while not _is_cancelled():
            if added := self._wanted - have:
                await pubsub.subscribe(*added)
            if dropped := have - self._wanted:
                await pubsub.unsubscribe(*dropped)
            have = (have | added) - dropped
            await pubsub.ping("heartbeat")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._changed.wait()
            self._changed.clear()

    async def _take_in(self, pubsub: Any) -> None:
        heard_at = time.monotonic()
        while True:
            message = await pubsub.get_message(timeout=1.0)
            # A wait inside redis-py can swallow a cancellation.
            if _is_cancelled():
                raise asyncio.CancelledError
            if message is None:
                if time.monotonic() - heard_at > SILENCE_SECONDS:
                    raise TimeoutError("Redis gives no sign of life.")
                continue
            heard_at = time.monotonic()
            if message["type"] == "message":
                self._hear(message["channel"].decode(), message["data"].decode())
            elif message["type"] == "subscribe":
                # The channel is heard from now on, or again.
                self._delay = FIRST_DELAY_SECONDS
                self._hear(message["channel"].decode())


class PostgresBells(SupervisedBells):
    """One connection listens, on one channel for all tenants; another one rings."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._ringing = asyncio.Lock()
        self._rings: Any = None

    async def disconnect(self) -> None:
        await super().disconnect()
        self._give_up_ringing()

    async def publish(self, channel: str, message: str) -> None:
        # Outside the ledger's transaction, where it would make commits wait for each other.
        async with self._ringing, asyncio.timeout(CONNECT_SECONDS):
            try:
                if self._rings is None or self._rings.is_closed():
                    self._rings = await asyncpg.connect(self._url, timeout=CONNECT_SECONDS)
                await self._rings.execute("SELECT pg_notify($1, $2)", POSTGRESQL_CHANNEL, f"{channel} {message}")
            except BaseException:
                # What was broken off in the middle is not used again.
                self._give_up_ringing()
                raise

    def _give_up_ringing(self) -> None:
        if self._rings is not None:
            self._rings.terminate()
            self._rings = None

    async def _listen(self) -> None:
        connection = await asyncpg.connect(self._url, timeout=CONNECT_SECONDS, command_timeout=SILENCE_SECONDS)
        ended = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: ended.set())
            await connection.add_listener(POSTGRESQL_CHANNEL, lambda *given: self._hear(*given[3].split(" ", 1)))
            self._hear_all()
            while not ended.is_set():
                # A server that is gone without a word is only noticed by asking.
                await connection.execute("SELECT 1")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await ended.wait()
            raise ConnectionError("PostgreSQL closed the connection.")
        finally:
            connection.terminate()


async def _both(first: Coroutine[Any, Any, None], second: Coroutine[Any, Any, None]) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(first)
        group.create_task(second)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _first_of(errors: BaseExceptionGroup[BaseException]) -> str:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
