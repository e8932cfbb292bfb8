"""Watching ledgers and alerts: one watcher for each watched tenant of a process, however many follow it."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

import structlog

from models.actions.settling import settle_if_due
from models.actions.watching import Numbered, Standing, Stretch, alerts_until, standing_now, stretch_until
from models.rules.refusals import Invalid, NotFound
from models.tables import watching as tables
from models.unit_of_work import Books
from server.places import Places
from server.watching.doorbell import Doorbell

LOOK_SECONDS = 2.0
"""How often all watched ledgers are looked at without a bell: one may have been lost."""
MOST_ENTRIES = 500
"""How many entries one push may tell of. What is more comes with the next."""
LONGEST_SLEEP_SECONDS = 3600.0
SETTLING_PAUSE_SECONDS = 1.0
FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS = 0.1, 2.0
# Sums over long pasts, and readings for many who resume at once, leave connections and the interpreter for everybody
# else: threads that read take turns with all that is answered.
READINGS_AT_ONCE = 2
# A fan-out that took long is followed by a pause: else a busy tenant's watchers would take all the time there is.
LONGEST_PAUSE_SECONDS = 0.1
IDLE_SECONDS = 10.0
LOOKED_AT_ONCE = 500

log = structlog.get_logger(source="watching")

T = TypeVar("T")


class Follower(Protocol):
    """Who is told of every stretch of a ledger, in order."""

    async def advance(self, stretch: Stretch) -> None: ...


Watched = tuple[UUID, Numbered]


class Watcher:
    """Follows one tenant's ledger, or alerts. What is new is read once, and told to each follower."""

    def __init__(self, books: Books, watched: Watched, standing: Standing, due_at: datetime) -> None:
        self.tenant_id, self.of = watched
        self.head = standing
        self.followers: set[Follower] = set()
        self.idle_since = time.monotonic()
        self._books, self._due_at = books, due_at
        self._settle_not_before = 0.0
        self._rung = asyncio.Event()

    def wake(self, seq: int) -> None:
        """The ledger may be longer than is known; certainly, where the seq is told."""
        if seq == 0 or seq > self.head.seq:
            self._rung.set()

    def see(self, seq: int, due_at: datetime) -> None:
        """What a look at the account has found."""
        self._due_at = due_at
        if seq > self.head.seq or due_at <= self._books.clock():
            self._rung.set()

    async def run(self, doorbell: Doorbell) -> None:
        """Until cancelled. Whatever fails is tried again."""
        async with doorbell.heard(self.tenant_id, self.wake, self.of):
            # Something may have been committed since the first reading, before anybody listened.
            self._rung.set()
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._sleeps()):
                        await self._rung.wait()
                # Before reading, never after: a bell that rings meanwhile is for the next round.
                self._rung.clear()
                await persistently(self._catch_up, self.tenant_id)

    async def _catch_up(self) -> None:
        if self._sleeps() <= 0:
            self._settle_not_before = time.monotonic() + SETTLING_PAUSE_SECONDS
            await settle_if_due(self._books, self.tenant_id, self._due_at)
        while (stretch := await self._next_stretch()) is not None:
            # In one step: who follows from now on begins behind it.
            self.head, followers = stretch.standing, tuple(self.followers)
            started_at = time.perf_counter()
            await asyncio.gather(*(follower.advance(stretch) for follower in followers))
            taken = time.perf_counter() - started_at
            await asyncio.sleep(min(taken, LONGEST_PAUSE_SECONDS))

    async def _next_stretch(self) -> Stretch | None:
        async with self._books.reading() as reader:
            found = await standing_now(reader, self.tenant_id, self.of)
            assert found is not None, "Tenants are never deleted."
            now, self._due_at = found
            if now.seq <= self.head.seq:
                return None
            until = min(now.seq, self.head.seq + MOST_ENTRIES)
            if self.of is Numbered.ALERTS:
                return await alerts_until(reader, self.tenant_id, self.head.seq, until)
            known = now if until == now.seq else self.head
            return await stretch_until(reader, self.tenant_id, self.head.seq, until, known)

    def _sleeps(self) -> float:
        """How long until something is due: never longer than is good for a clock that is put right."""
        due_in = (self._due_at - self._books.clock()).total_seconds()
        # An account that stays due is not settled again and again.
        due_in = max(due_in, self._settle_not_before - time.monotonic())
        return min(max(due_in, 0.0), LONGEST_SLEEP_SECONDS)


class Watchers:
    """All watchers of a process."""

    def __init__(self, books: Books, doorbell: Doorbell) -> None:
        self._books, self._doorbell = books, doorbell
        self._watchers: dict[Watched, Watcher] = {}
        self._opening: dict[Watched, asyncio.Task[Watcher]] = {}
        self._tasks: dict[Watched, asyncio.Task[None]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._readings = Places(READINGS_AT_ONCE)

    def __len__(self) -> int:
        return len(self._watchers)

    async def open(self) -> None:
        await self._doorbell.open()
        self._looking = asyncio.create_task(self._look(), name="look at all ledgers")

    async def close(self) -> None:
        tasks = [*self._tasks.values(), *self._opening.values(), *([self._looking] if self._looking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._doorbell.close()

    async def watch(self, tenant_id: UUID, of: Numbered = Numbered.LEDGER) -> Watcher:
        """The watcher of a tenant; it goes on for as long as it has followers."""
        watched = tenant_id, of
        watcher = self._watchers.get(watched)
        if watcher is not None:
            watcher.idle_since = time.monotonic()
            return watcher
        if watched not in self._opening:
            task = asyncio.create_task(self._open(watched), name="open watcher")
            task.add_done_callback(lambda _: self._opening.pop(watched, None))
            self._opening[watched] = task
        # Others may wait for it too: who leaves does not take it away.
        return await asyncio.shield(self._opening[watched])

    async def past(self, watched: Watched, after: int, until: int, known: Standing | None) -> Stretch:
        """A stretch of what watchers have passed already; a standing that is known saves sums."""
        tenant_id, of = watched

        async def read() -> Stretch:
            async with self._readings.of(str(tenant_id)), self._books.reading(long=True) as reader:
                if of is Numbered.ALERTS:
                    return await alerts_until(reader, tenant_id, after, until)
                return await stretch_until(reader, tenant_id, after, until, known)

        return await persistently(read, tenant_id)

    async def check_reached(self, watched: Watched, seq: int) -> None:
        """Raises Invalid where the numbers have not come so far. This process may be a moment behind."""
        standing, _ = await self._found(watched)
        if standing.seq < seq:
            raise Invalid(f"This is the seq of nothing yet: the last is {standing.seq}.", ("after",))

    async def _open(self, watched: Watched) -> Watcher:
        standing, due_at = await self._settled(watched)
        watcher = self._watchers[watched] = Watcher(self._books, watched, standing, due_at)
        self._tasks[watched] = asyncio.create_task(watcher.run(self._doorbell), name="watcher")
        return watcher

    async def _settled(self, watched: Watched) -> tuple[Standing, datetime]:
        """How an account stands, with nothing due: whoever first touches it settles."""
        found = await self._found(watched)
        if await settle_if_due(self._books, watched[0], found[1]):
            found = await self._found(watched)
        return found

    async def _found(self, watched: Watched) -> tuple[Standing, datetime]:
        async with self._books.reading() as reader:
            found = await standing_now(reader, *watched)
        if found is None:
            raise NotFound("There is no such tenant.", ("tenant_id",))
        return found

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._let_idle_ones_go()
            tenants = list({tenant_id for tenant_id, _ in self._watchers})
            for start in range(0, len(tenants), LOOKED_AT_ONCE):
                await persistently(lambda some=tenants[start : start + LOOKED_AT_ONCE]: self._look_at(some))  # type: ignore[misc]

    async def _look_at(self, tenants: list[UUID]) -> None:
        async with self._books.reading() as reader:
            rows = await reader.all(tables.positions(), {"tenants": tenants})
        for row in rows:
            for of, seq in ((Numbered.LEDGER, row.seq), (Numbered.ALERTS, row.alert_seq)):
                if watcher := self._watchers.get((row.tenant_id, of)):
                    watcher.see(seq, row.due_at)

    def _let_idle_ones_go(self) -> None:
        before = time.monotonic() - IDLE_SECONDS
        for watched, watcher in list(self._watchers.items()):
            if watcher.followers:
                watcher.idle_since = time.monotonic()
            elif watcher.idle_since < before:
                del self._watchers[watched]
                self._tasks.pop(watched).cancel()


async def persistently(attempt: Callable[[], Awaitable[T]], tenant_id: UUID | None = None) -> T:
    """The outcome of something that is tried until it works: watchers outlive what they read from."""
    delay = FIRST_DELAY_SECONDS
    while True:
        try:
            return await attempt()
        except Exception as error:
            tenant = str(tenant_id) if tenant_id else None
            log.warning("watching is tried again", tenant=tenant, reason=f"{type(error).__name__}: {error}"[:300])
        await asyncio.sleep(delay)
        delay = min(delay * 2, LONGEST_DELAY_SECONDS)
