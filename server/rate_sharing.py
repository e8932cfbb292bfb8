"""Processes tell each other through Redis what keys and addresses have taken, so that a limit is one for all of them.

Nobody waits for it: each process decides by what it knows, and learns what the others took a moment later. While Redis
is gone each counts for itself.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import ConnectionPool

from server.rates import Bucket, Quota, Rates
from server.settings import Settings

SHARE_SECONDS = 0.25
ANSWER_SECONDS = 1.0
PREFIX = "tallygraph:rates"

log = structlog.get_logger(source="rates")


@dataclass(slots=True)
class Told:
    """What all processes together had taken from a bucket, when that was last heard, in one stretch of time."""

    stretch: int
    total: int


class RateSharing:
    """Opened and closed with the server."""

    def __init__(self, url: str, pepper: str, quotas: Sequence[Quota], now: Callable[[], float] = time.time) -> None:
        # Only here: few servers need it, and it takes longer to import than much of the rest.
        from limits.aio.storage import RedisStorage

        limits = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
        self._pool = ConnectionPool.from_url(url, **limits)
        # The library would read addresses itself, and knows fewer forms of them; it is given connections instead.
        given: Any = {"implementation": "redispy", "connection_pool": self._pool}
        self._storage = RedisStorage("async+redis://localhost:6379", key_prefix=PREFIX, **given)
        self._quotas, self._now = quotas, now
        # Neither keys nor addresses stand in Redis, but what nobody can make them out of.
        self._secret = hashlib.sha256(pepper.encode()).digest()
        self._told: dict[Bucket, Told] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_cut_off = False

    def open(self) -> None:
        self._task = asyncio.create_task(self._share(), name="share rates")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._pool.aclose()

    async def tell(self) -> None:
        """Tell once what was taken here, and take what others took."""
        for quota in self._quotas:
            while quota.busy:
                await self._tell(quota.busy.pop())

    async def _share(self) -> None:
        while True:
            await asyncio.sleep(SHARE_SECONDS)
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self.tell()
            except Exception as error:  # Whatever Redis does, operations go on.
                self._lost(error)
            else:
                self._found()

    async def _tell(self, bucket: Bucket) -> None:
        stretch = int(self._now() // bucket.quota.seconds)
        mine, bucket.untold = bucket.untold, 0
        name = f"{bucket.quota.name}:{self._name_of(bucket)}:{stretch}"
        total = await self._storage.incr(name, 2 * bucket.quota.seconds, mine)
        told = self._told.pop(bucket, None)
        before = told.total if told and told.stretch == stretch else 0
        # Less than none is bounded, so that nobody has to wait for long because of many others.
        bucket.left = max(bucket.left - (total - before - mine), -bucket.quota.most)
        self._told[bucket] = Told(stretch, total)
        self._forget(stretch)

    def _forget(self, stretch: int) -> None:
        """Let go of who has told nothing for a while: the longest silent stand first."""
        while (oldest := next(iter(self._told), None)) and self._told[oldest].stretch < stretch - 1:
            del self._told[oldest]

    def _name_of(self, bucket: Bucket) -> str:
        return hashlib.blake2b(bucket.who.encode(), digest_size=16, key=self._secret).hexdigest()

    def _lost(self, error: Exception) -> None:
        if not self._is_cut_off:
            log.warning("rates not shared: each process counts for itself", reason=type(error).__name__)
        self._is_cut_off = True

    def _found(self) -> None:
        if self._is_cut_off:
            log.info("rates are shared again")
        self._is_cut_off = False


def sharing_of(rates: Rates, settings: Settings) -> RateSharing | None:
    """Who tells other processes; nobody where there is no Redis."""
    broadcast = settings.broadcast_url if settings.broadcast_url.startswith("redis") else None
    url = settings.rate_limit_url or broadcast
    if url is None:
        return None
    pepper = settings.key_pepper.get_secret_value() if settings.key_pepper else ""
    return RateSharing(url, pepper, [quota for quota in (rates.keys, rates.addresses) if quota.rate])
