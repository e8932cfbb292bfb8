"""One transaction, ended in one place, after which the doorbells ring.

Everything that changes the books happens inside `Books.work()`: it commits when its block ends, rolls back when the
block raises, and only after the commit tells those who watch. Reading opens connections of its own.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Executable, Row, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from models.rules import words
from models.tables import dialects

Rows = Sequence[Row[Any]]
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
    if isinstance(_word, type) and issubclass(_word, StrEnum):
        # Text as any other; but what is not exactly text is asked for an adapter, and having none is slow.
        sqlite3.register_adapter(_word, attrgetter("_value_"))


class Reader:
    """Asks the database. Statements come from models.tables; rows come back plain."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    @property
    def dialect(self) -> str:
        return self.connection.dialect.name

    async def all(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Rows:
        return (await self.connection.execute(statement, values)).all()

    async def first(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Row[Any] | None:
        return (await self.connection.execute(statement, values)).first()

    async def value(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Any:
        return (await self.connection.execute(statement, values)).scalar()


class UnitOfWork(Reader):
    """One transaction under way. `now` is the same instant for all that happens in it."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        super().__init__(connection)
        self.now = now
        self.rung: dict[UUID, int] = {}

    async def run(self, statement: Executable, values: Any = None) -> int:
        """Run a statement that changes rows, once for each mapping of values; how many rows it touched."""
        result = await self.connection.execute(statement, values)
        return int(result.rowcount)

    async def insert(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows, each with a value for every column in the table's order, by the driver's fastest way."""
        if not rows:
            return
        driver = await self._driver()
        if self.dialect == dialects.POSTGRESQL:
            await driver.copy_records_to_table(table.name, records=rows, columns=[c.name for c in table.columns])
        else:
            await driver.executemany(dialects.insert_text(self.dialect, table), rows)

    async def add_up(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows as `insert` does, but add their amounts to the rows that have the same key already."""
        if rows:
            driver = await self._driver()
            await driver.executemany(dialects.add_up_text(self.dialect, table), rows)

    async def _driver(self) -> Any:
        return (await self.connection.get_raw_connection()).driver_connection

    def ring(self, tenant_id: UUID, seq: int) -> None:
        """Tell watchers, once this is committed, that the tenant's ledger now stands at seq."""
        self.rung[tenant_id] = seq


class Clock(Protocol):
    def __call__(self) -> datetime: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


class Books:
    """The database that holds the books: where units of work begin, and where reading does."""

    def __init__(
        self,
        writes: AsyncEngine,
        reads: AsyncEngine,
        doorbell: Doorbell = lambda _: None,
        clock: Clock = utc_now,
    ) -> None:
        self.writes, self.reads, self.doorbell, self.clock = writes, reads, doorbell, clock

    @asynccontextmanager
    async def work(self) -> AsyncIterator[UnitOfWork]:
        """One transaction: committed at the end, rolled back on any error, doorbells rung after the commit."""
        async with self.writes.connect() as connection, connection.begin():
            if connection.dialect.name == dialects.POSTGRESQL:
                # The driver is also used directly; this makes sure that its transaction has begun.
                await connection.execute(text("SELECT 1"))
            work = UnitOfWork(connection, self.clock())
            yield work
        if work.rung:
            self.doorbell(work.rung)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        """A connection to ask with. What it sees is one state of the books."""
        async with self.reads.connect() as connection:
            yield Reader(connection)

    async def close(self) -> None:
        await self.writes.dispose()
        await self.reads.dispose()
