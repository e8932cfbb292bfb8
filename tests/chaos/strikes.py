"""What is done to a deployment, at moments that a seed decides."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from random import Random

from tests.chaos.clients import Acknowledged
from tests.chaos.deployment import Deployment, Server

MOST_DOWN_SECONDS = 0.3
MOST_FROZEN_SECONDS = 1.0
MOST_WRITES_BETWEEN = 20
MOMENT_SECONDS = 0.05
STALLED_AFTER_SECONDS = 90.0

KILL, STOP, FREEZE, LANE = "kill", "stop", "freeze", "lane kill"
CRASH, RESTART, REDIS = "database crash", "database restart", "Redis kill"


class Stalled(Exception):
    """Nothing is acknowledged any more, though everything runs."""


class Striker:
    """Strikes a deployment while its clients work."""

    def __init__(self, deployment: Deployment, done: Acknowledged, rng: Random) -> None:
        self._deployment, self._done, self._rng = deployment, done, rng
        self.struck: Counter[str] = Counter()
        self._ways: dict[str, Callable[[], Awaitable[None]]] = {
            KILL: self._kill,
            STOP: self._stop,
            FREEZE: self._freeze,
            LANE: self._kill_lane,
            CRASH: self._crash_database,
            RESTART: self._restart_database,
            REDIS: self._kill_redis,
        }

    async def strike(self, how: str) -> None:
        """Wait for a moment, and strike. Everything runs again afterwards."""
        await self._after_writes(self._rng.randint(1, MOST_WRITES_BETWEEN))
        await asyncio.sleep(self._rng.uniform(0, MOMENT_SECONDS))
        await self._ways[how]()
        self.struck[how] += 1

    async def _after_writes(self, count: int) -> None:
        wanted = self._done.writes + count
        try:
            async with asyncio.timeout(STALLED_AFTER_SECONDS):
                while self._done.writes < wanted:  # noqa: ASYNC110 Writes ring no bell.
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise Stalled(f"{self._done.writes} writes, and then none for {STALLED_AFTER_SECONDS:g} s.") from None

    def _one(self) -> Server:
        return self._rng.choice(self._deployment.servers)

    async def _kill(self) -> None:
        server = self._one()
        if self._rng.random() < 0.2:
            server.freeze()
            await asyncio.sleep(self._rng.uniform(0, MOST_DOWN_SECONDS))
        await asyncio.to_thread(server.kill)
        await self._start_again(server)

    async def _stop(self) -> None:
        server = self._one()
        await asyncio.to_thread(server.stop)
        await self._start_again(server)

    async def _start_again(self, server: Server) -> None:
        await asyncio.sleep(self._rng.uniform(0, MOST_DOWN_SECONDS))
        await asyncio.to_thread(server.start)

    async def _freeze(self) -> None:
        server = self._one()
        server.freeze()
        await asyncio.sleep(self._rng.uniform(0, MOST_FROZEN_SECONDS))
        server.thaw()

    async def _kill_lane(self) -> None:
        self._one().kill_lane(self._rng)

    async def _crash_database(self) -> None:
        assert self._deployment.postgres is not None, "SQLite crashes with its process."
        await asyncio.to_thread(self._deployment.postgres.crash)

    async def _restart_database(self) -> None:
        assert self._deployment.postgres is not None, "SQLite is restarted with its process."
        await asyncio.to_thread(self._deployment.postgres.restart)

    async def _kill_redis(self) -> None:
        redis = self._deployment.redis
        assert redis is not None, "One process needs no Redis."
        await asyncio.to_thread(redis.kill)
        await asyncio.sleep(self._rng.uniform(0, MOST_FROZEN_SECONDS))
        await asyncio.to_thread(redis.start)


def strikes(deployment: Deployment, kills: int, others: int, rng: Random) -> Iterator[str]:
    """So many kills of servers, and beside them so many others of what can be done, in any order."""
    ways = [STOP, LANE, FREEZE] if deployment.has_lanes else [STOP, FREEZE]
    if deployment.postgres is not None:
        ways.append(CRASH)
    if deployment.redis is not None:
        ways.append(REDIS)
    if deployment.postgres is not None:
        ways.append(RESTART)
    # Each way before any comes again.
    planned = [KILL] * kills + [ways[number % len(ways)] for number in range(others)]
    rng.shuffle(planned)
    yield from planned
