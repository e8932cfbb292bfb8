"""Looking for runaway agents: shortly after every hour and day of every tenant, in the tenant's own zone.

Every process looks, so that none is needed; what one has told, the others leave. A look reads what has ended, tenant
by tenant, and writes only where there is something to tell: one short transaction. After a stop the days of the last
week are looked at, and the last full hour.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from models.actions.runaways import find_runaways, tell_of_runaways
from models.rules.ids import type_id
from models.rules.runaways import spans_that_ended
from models.tables import runaways as tables
from models.unit_of_work import Books

# Clocks differ by whole quarters of an hour, so every hour and every day of every zone ends with one.
QUARTER = timedelta(minutes=15)
# For what is still being recorded; and a server that starts has other things to do first.
DELAY = timedelta(seconds=10)
LOOKS_BACK = timedelta(days=7)
LONGEST_DAY = timedelta(hours=26)
FIRST_RETRY, LAST_RETRY = timedelta(seconds=5), timedelta(minutes=5)
# A machine that slept is late by no more than that.
LONGEST_SLEEP_SECONDS = 30.0
LONGEST_REASON = 500

log = structlog.get_logger(source="runaways")

Sleep = Callable[[float], Awaitable[None]]


class RunawayWatch:
    """Looks in one task, from open() until close()."""

    def __init__(self, books: Books, sleep: Sleep = asyncio.sleep) -> None:
        self._books, self._sleep = books, sleep
        self._looked_until: datetime | None = None
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="runaways")

    async def close(self) -> None:
        """Stop at once. What was being looked at is looked at by whoever looks next."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        next_at = self._books.clock() + DELAY
        while True:
            while (left := (next_at - self._books.clock()).total_seconds()) > 0:
                await self._sleep(min(left, LONGEST_SLEEP_SECONDS))
            try:
                is_done = await self.look()
            except Exception as error:
                # The database may be away for a while; what has ended meanwhile is not forgotten.
                log.warning("runaway agents not looked for", reason=_reason(error))
                is_done = False
            self._failures = 0 if is_done else self._failures + 1
            next_at = self._next_look()

    def _next_look(self) -> datetime:
        now = self._books.clock()
        regular = next_quarter(now - DELAY) + DELAY
        if not self._failures:
            return regular
        return min(regular, now + min(FIRST_RETRY * (1 << min(self._failures - 1, 10)), LAST_RETRY))

    async def look(self) -> bool:
        """Look at what has ended since the last look; whether that was possible for every tenant."""
        until = self._books.clock()
        since = self._looked_until or until - LOOKS_BACK
        async with self._books.reading(long=True) as reader:
            values = {"since": since - LONGEST_DAY, "until": until}
            in_use = await reader.all(tables.tenants_in_use(), values)
        is_done = True
        for tenant in in_use:
            try:
                await self._look_at(tenant.id, ZoneInfo(tenant.time_zone), since, until)
            except Exception as error:
                is_done = False
                log.warning("runaway agents not looked for", tenant=type_id("tenant", tenant.id), reason=_reason(error))
        if is_done:
            self._looked_until = until
        return is_done

    async def _look_at(self, tenant_id: UUID, zone: ZoneInfo, since: datetime, until: datetime) -> None:
        spans = spans_that_ended(since, until, zone)
        if not spans:
            return
        async with self._books.reading(long=True) as reader:
            found = await find_runaways(reader, tenant_id, zone, spans)
        if not found:
            return
        async with self._books.work() as work:
            if told := await tell_of_runaways(work, tenant_id, zone, found):
                log.info("runaway agents", tenant=type_id("tenant", tenant_id), agents=told)


def next_quarter(after: datetime) -> datetime:
    """The first quarter of an hour that begins after a moment."""
    begun = after.replace(minute=after.minute - after.minute % 15, second=0, microsecond=0)
    return begun + QUARTER


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_REASON]
