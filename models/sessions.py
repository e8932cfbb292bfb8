"""How statements reach a database: over asyncpg to PostgreSQL, and to an SQLite file without a detour.

SQLite answers an indexed read in less time than a thread takes to be told of it, so reads run where they are asked.
Writes, and reads that may take long, run in a thread, one trip for each statement.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Executable, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from models.prepared import Rows as Rows
from models.prepared import rows_of
from models.tables import dialects

T = TypeVar("T")


class Session(Protocol):
    """One transaction on one connection."""

    dialect: str

    async def rows(self, statement: Executable, values: Any) -> Rows: ...

    async def run(self, statement: Executable, values: Any) -> int:
        """Run a statement that changes rows, once for each mapping of values; how many rows it touched."""

    async def insert(self, table: Table, rows: Sequence[Sequence[Any]]) -> None: ...

    async def add_up(self, table: Table, rows: Sequence[Sequence[Any]]) -> None: ...

    async def call(self, function: Callable[[Connection], T]) -> T:
        """Let a function use the connection in the ordinary, synchronous way."""


class Sessions(Protocol):
    """Where sessions come from."""

    def open(self, *, long: bool = False) -> AbstractAsyncContextManager[Session]:
        """A transaction: committed when its block ends, rolled back when the block raises. `long`: it may take long."""

    async def close(self) -> None: ...


Turn = AbstractAsyncContextManager[None]
"""Entered again and again, by one at a time: the others wait in line."""


class Writers(Sessions, Protocol):
    """Where sessions come from that write."""

    @property
    def turn(self) -> Turn | None:
        """What is waited for before each transaction; None where they do not wait for each other."""


class Readers(Sessions, Protocol):
    """Where sessions come from that only read."""

    at_once: int
    """How many operations that read little may be under way together: with more, each would only be slower."""


# ---------------------------------------------------------------- PostgreSQL


class PostgresSession:
    dialect = dialects.POSTGRESQL

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def rows(self, statement: Executable, values: Any) -> Rows:
        return (await self._connection.execute(statement, values)).all()

    async def run(self, statement: Executable, values: Any) -> int:
        return int((await self._connection.execute(statement, values)).rowcount)

    async def insert(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        driver = await self._driver()
        await driver.copy_records_to_table(table.name, records=rows, columns=[column.name for column in table.columns])

    async def add_up(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        driver = await self._driver()
        await driver.executemany(dialects.add_up_text(self.dialect, table), rows)

    async def call(self, function: Callable[[Connection], T]) -> T:
        return await self._connection.run_sync(function)

    async def _driver(self) -> Any:
        return (await self._connection.get_raw_connection()).driver_connection


class PostgresSessions:
    turn = None

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def open(self, *, long: bool = False) -> AsyncIterator[PostgresSession]:
        async with self._engine.connect() as connection, connection.begin():
            # The driver is also used directly; this makes sure that its transaction has begun.
            await connection.execute(text("SELECT 1"))
            yield PostgresSession(connection)

    async def close(self) -> None:
        await self._engine.dispose()


class PostgresReaders(PostgresSessions):
    # As many as there are connections to read on.
    at_once = 10

    @asynccontextmanager
    async def open(self, *, long: bool = False) -> AsyncIterator[PostgresSession]:
        async with self._engine.connect() as connection:
            yield PostgresSession(connection)


# ---------------------------------------------------------------- SQLite


class SqliteSession:
    """A session that runs where it is asked, holding up everything else meanwhile."""

    dialect = "sqlite"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def rows(self, statement: Executable, values: Any) -> Rows:
        return await self.call(lambda connection: rows_of(connection, statement, values))

    async def run(self, statement: Executable, values: Any) -> int:
        return await self.call(lambda connection: int(connection.execute(statement, values).rowcount))

    async def insert(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        await self.call(lambda connection: _execute_many(connection, dialects.insert_text(self.dialect, table), rows))

    async def add_up(self, table: Table, rows: Sequence[Sequence[Any]]) -> None:
        await self.call(lambda connection: _execute_many(connection, dialects.add_up_text(self.dialect, table), rows))

    async def call(self, function: Callable[[Connection], T]) -> T:
        return function(self._connection)


class SqliteThreadSession(SqliteSession):
    """A session whose statements run in a thread."""

    def __init__(self, connection: Connection, thread: Executor, *, may_interrupt: bool = False) -> None:
        super().__init__(connection)
        self._thread, self._may_interrupt = thread, may_interrupt

    async def call(self, function: Callable[[Connection], T]) -> T:
        done = asyncio.get_running_loop().run_in_executor(self._thread, function, self._connection)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            # The connection is not free before the thread has let go of it.
            if self._may_interrupt and not done.done():
                _driver(self._connection).interrupt()
            await asyncio.wait([done])
            # Nobody waits for what came of it: that it was interrupted is no news.
            if not done.cancelled():
                done.exception()
            raise


class SqliteWriter:
    """The one connection that writes, with a thread of its own. Those who want it wait in line.

    Where another process has a writer on the same file and they share a line, its `turn` is the one to wait for.
    """

    def __init__(self, engine: Engine, turn: Turn | None = None) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, "sqlite-writer")
        self.turn: Turn = asyncio.Lock() if turn is None else turn
        self._use = asyncio.Lock()
        self._connection: Connection | None = None

    @asynccontextmanager
    async def open(self, *, long: bool = False) -> AsyncIterator[SqliteSession]:
        async with self._use, self.turn:
            session = SqliteThreadSession(await self._connected(), self._thread)
            try:
                await session.call(lambda connection: connection.begin())
                yield session
                await session.call(lambda connection: connection.commit())
            finally:
                await session.call(self._end)

    async def _connected(self) -> Connection:
        if self._connection is None:
            loop = asyncio.get_running_loop()
            self._connection = await loop.run_in_executor(self._thread, self._engine.connect)
        return self._connection

    def _end(self, connection: Connection) -> None:
        """Roll back what was not committed. A connection that cannot is given up."""
        try:
            connection.rollback()
        except Exception:
            self._connection = None
            connection.invalidate()
            connection.close()
            raise

    async def close(self) -> None:
        async with self._use:
            if self._connection is not None:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
                self._connection = None
            self._engine.dispose()
            self._thread.shutdown()


class SqliteReaders:
    """Connections that only read; as many as there are places. They stay open, and see a new state each time."""

    # What runs where it is asked is done before another begins.
    at_once = 2

    def __init__(self, engine: Engine, places: int) -> None:
        self._engine = engine
        self._places = asyncio.Semaphore(places)
        self._threads = ThreadPoolExecutor(places, "sqlite-reader")
        self._free: list[Connection] = []

    @asynccontextmanager
    async def open(self, *, long: bool = False) -> AsyncIterator[SqliteSession]:
        async with self._places:
            connection = self._free.pop() if self._free else self._engine.connect()
            try:
                if long:
                    yield SqliteThreadSession(connection, self._threads, may_interrupt=True)
                else:
                    yield SqliteSession(connection)
            finally:
                self._put_back(connection)

    def _put_back(self, connection: Connection) -> None:
        try:
            connection.rollback()
            driver = _driver(connection)
            if driver.in_transaction:
                driver.rollback()
        except Exception:
            connection.invalidate()
            connection.close()
            raise
        self._free.append(connection)

    async def close(self) -> None:
        while self._free:
            self._free.pop().close()
        self._engine.dispose()
        self._threads.shutdown()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _execute_many(connection: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    _driver(connection).executemany(statement, rows)
