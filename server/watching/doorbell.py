"""The doorbell: "tenant T is now at seq N", to all processes. The truth is read from the ledger, or the alerts."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

import structlog
from broadcaster import Broadcast

from models.actions.watching import Numbered
from server.watching.brokers import backend_for

PAUSE_SECONDS = 0.5
"""After a bell could not be rung, others are not tried for so long: each try may take a second."""

log = structlog.get_logger(source="doorbell")

Wake = Callable[[int], None]
"""Told the seq that a ledger has reached at least; 0 where that is not known."""


class Doorbell:
    """Rings for the watchers of this process at once, and for those of others through the broker."""

    def __init__(self, url: str) -> None:
        self._broadcast = Broadcast(backend=backend_for(url))
        self._is_open = False
        self._here: defaultdict[str, set[Wake]] = defaultdict(set)
        self._unsent: dict[str, int] = {}
        self._sender: asyncio.Task[None] | None = None
        self._paused_until = 0.0

    async def open(self) -> None:
        await self._broadcast.connect()
        self._is_open = True

    async def close(self) -> None:
        """Bells that were not rung yet are dropped: watchers look by themselves too."""
        if not self._is_open:
            return
        self._is_open = False
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        await self._broadcast.disconnect()

    def ring(self, rung: Mapping[UUID, int]) -> None:
        """Called after each commit. Never fails and never waits: what was committed stays, heard or not."""
        self._ring({_channel(tenant_id, Numbered.LEDGER): seq for tenant_id, seq in rung.items()})

    def ring_alerts(self, rung: Mapping[UUID, int]) -> None:
        """The same for alerts, which have a seq of their own."""
        self._ring({_channel(tenant_id, Numbered.ALERTS): seq for tenant_id, seq in rung.items()})

    def _ring(self, rung: Mapping[str, int]) -> None:
        for channel, seq in rung.items():
            for wake in tuple(self._here.get(channel, ())):
                wake(seq)
        if not self._is_open or time.monotonic() < self._paused_until:
            return
        self._unsent.update(rung)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send(), name="ring")

    @asynccontextmanager
    async def heard(self, tenant_id: UUID, wake: Wake, of: Numbered = Numbered.LEDGER) -> AsyncIterator[None]:
        """Call `wake` whenever a tenant's bell rings."""
        channel = _channel(tenant_id, of)
        self._here[channel].add(wake)
        try:
            async with self._broadcast.subscribe(channel) as bells:
                pump = asyncio.create_task(_pump(bells, wake), name="bells")
                try:
                    yield
                finally:
                    pump.cancel()
        finally:
            self._here[channel].discard(wake)
            if not self._here[channel]:
                del self._here[channel]

    async def _send(self) -> None:
        while self._unsent:
            channel, seq = self._unsent.popitem()
            try:
                await self._broadcast.publish(channel, str(seq))
            except Exception as error:  # Whatever a broker does, the change is made and its caller is answered.
                log.warning("bell not rung", reason=f"{type(error).__name__}: {error}"[:300])
                self._unsent.clear()
                self._paused_until = time.monotonic() + PAUSE_SECONDS


async def _pump(bells: object, wake: Wake) -> None:
    """Take in every bell, so that none pile up."""
    async for bell in bells:  # type: ignore[attr-defined]
        wake(int(bell.message) if bell.message else 0)


def _channel(tenant_id: UUID, of: Numbered) -> str:
    return f"tallygraph:{of}:{tenant_id.hex}"
