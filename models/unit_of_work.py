"""One transaction, ended in one place, after which the doorbells ring.

Everything that changes the books happens inside `Books.work()`: it commits when its block ends, rolls back when the
block raises, and only after the commit tells those who watch. Reading opens connections of its own.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Executable, Row, Table

from models.rules import words
from models.sessions import Readers, Session, Writers
from models.sessions import Rows as Rows

Doorbell = Callable[[Mapping[UUID, int]], None]


def _as_sqlite_text(moment: datetime) -> str:
    """The form in which SQLAlchemy stores instants on SQLite: sortable text in UTC."""
    assert moment.tzinfo is UTC, f"An instant in {moment.tzinfo} would be stored as if it were in UTC."
    return moment.isoformat(" ", "microseconds")[:26]


# Bulk inserts hand rows to the driver as they are; these say how it writes what SQLite has no type for.
sqlite3.register_adapter(datetime, _as_sqlite_text)
sqlite3.register_adapter(date, date.isoformat)
sqlite3.register_adapter(UUID, attrgetter("hex"))
for _word in vars(words).values():
    if isinstance(_word, type) and issubclass(_word, words.Word):
        # Text as any other; but what is not exactly text is asked for an adapter, and having none is slow.
        sqlite3.register_adapter(_word, attrgetter("_value_"))


class Reader:
    """Asks the database. Statements come from models.tables; rows come back plain."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def dialect(self) -> str:
        return self.session.dialect

    async def all(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Rows:
        return await self.session.rows(statement, values)

    async def first(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Row[Any] | None:
        rows = await self.session.rows(statement, values)
        return rows[0] if rows else None

    async def value(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Any:
        rows = await self.session.rows(statement, values)
        return rows[0][0] if rows else None


class UnitOfWork(Reader):
    """One transaction under way. `now` is the same instant for all that happens in it."""

    def __init__(self, session: Session, now: datetime, *, announces: bool = False) -> None:
        super().__init__(session)
        self.now = now
        self.rung: dict[UUID, int] = {}
        self.alerts_rung: dict[UUID, int] = {}
        self.announces = announces
        """Whether anybody is told by webhook of what happens."""
        self.has_announced = False

    async def run(self, statement: Executable, values: Any = None) -> int:
        """Run a statement that changes rows, once for each mapping of values; how many rows it touched."""
        return await self.session.run(statement, values)

    async def insert(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows, each with a value for every column in the table's order, by the driver's fastest way."""
        if rows:
            await self.session.insert(table, rows)

    async def add_up(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows as `insert` does, but add their amounts to the rows that have the same key already."""
        if rows:
            await self.session.add_up(table, rows)

    def ring(self, tenant_id: UUID, seq: int) -> None:
        """Tell watchers, once this is committed, that the tenant's ledger now stands at seq."""
        self.rung[tenant_id] = seq

    def ring_alerts(self, tenant_id: UUID, seq: int) -> None:
        """Tell watchers, once this is committed, that the tenant's alerts now stand at seq."""
        self.alerts_rung[tenant_id] = seq


class Clock(Protocol):
    def __call__(self) -> datetime: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


class Books:
    """The database that holds the books: where units of work begin, and where reading does."""

    def __init__(
        self,
        writes: Writers,
        reads: Readers,
        doorbell: Doorbell = lambda _: None,
        clock: Clock = utc_now,
    ) -> None:
        self.writes, self.reads, self.doorbell, self.clock = writes, reads, doorbell, clock
        self.alert_bell: Doorbell = lambda _: None
        """The doorbell of alerts, which have a seq of their own."""
        self.outbox: Callable[[], None] | None = None
        """Called when there is something new to be told by webhook; None where nobody is told of anything."""

    @asynccontextmanager
    async def work(self) -> AsyncIterator[UnitOfWork]:
        """One transaction: committed at the end, rolled back on any error, doorbells rung after the commit."""
        async with self.writes.open() as session:
            work = UnitOfWork(session, self.clock(), announces=self.outbox is not None)
            yield work
        if work.rung:
            self.doorbell(work.rung)
        if work.alerts_rung:
            self.alert_bell(work.alerts_rung)
        if work.has_announced and self.outbox is not None:
            self.outbox()

    @asynccontextmanager
    async def reading(self, *, long: bool = False) -> AsyncIterator[Reader]:
        """A connection to ask with, which sees one state of the books. Say so where asking may take `long`."""
        async with self.reads.open(long=long) as session:
            yield Reader(session)

    async def close(self) -> None:
        await self.writes.close()
        await self.reads.close()
