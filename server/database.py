"""Opens the books: engines for SQLite and PostgreSQL, made from the one setting that names the database."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import uuid4

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from models.sessions import PostgresReaders, PostgresSessions, SqliteReaders, SqliteWriter, Turn
from models.unit_of_work import Books, Clock, Doorbell, utc_now

# Writers queue for a connection rather than fail: a batch of a thousand events takes milliseconds.
WRITERS_WAIT_SECONDS = 60
READERS_WAIT_SECONDS = 30
CONNECT_SECONDS = 10

# How long SQLite itself waits for another process that holds the file's lock. First, since the others need it.
_SQLITE_WAITS = "busy_timeout=30000"
WRITER_PRAGMAS = (
    _SQLITE_WAITS,
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-200000",
    "wal_autocheckpoint=20000",
)
READER_PRAGMAS = (_SQLITE_WAITS, "query_only=ON")
# Foreign keys are off while tables are rebuilt: dropping the old table would else delete what refers to it.
# A plain BEGIN that reads and then writes fails at once where another process has written between.
BEGIN_WRITING = "BEGIN IMMEDIATE"
MIGRATION_PRAGMAS = (_SQLITE_WAITS, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF")


class DatabaseProblem(Exception):
    """The database cannot be used as it is named. The message is for the person who named it; it holds no password."""


def open_books(
    database_url: str,
    doorbell: Doorbell = lambda _: None,
    clock: Clock = utc_now,
    *,
    writers: int = 5,
    readers: int = 10,
    turn: Turn | None = None,
) -> Books:
    """The books at a URL. Connections are made when they are first needed, in the loop that needs them.

    On SQLite one connection writes, whatever is asked for, and waits for its `turn` where another process gives it.
    """
    if file := sqlite_file(database_url):
        writer = SqliteWriter(_sqlite_engine(file, WRITER_PRAGMAS, BEGIN_WRITING), turn)
        reader = SqliteReaders(_sqlite_engine(file, READER_PRAGMAS, "BEGIN", pool_size=readers), readers)
        return Books(writer, reader, doorbell, clock)
    return Books(
        PostgresSessions(_postgresql_writer(database_url, writers)),
        PostgresReaders(_postgresql_reader(database_url, readers)),
        doorbell,
        clock,
    )


async def reach(books: Books) -> None:
    """Make sure that the database answers; DatabaseProblem says why it does not."""
    for sessions in (books.writes, books.reads):
        try:
            async with sessions.open() as session:
                await session.rows(text("SELECT 1"), None)
        except (DBAPIError, OSError) as error:
            raise problem_with(error) from error


def problem_with(error: Exception) -> DatabaseProblem:
    """What to tell the person who started the server about a failed connection."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    why = str(cause).strip() or type(cause).__name__
    # The dialect's own errors begin with the class of the driver's.
    why = why.rpartition(">: ")[2] if why.startswith("<class ") else why
    return DatabaseProblem(f"The database does not answer: {why}")


def sqlite_file(database_url: str) -> Path | None:
    """The file that a URL names; None where it names a PostgreSQL server."""
    if urlsplit(database_url).scheme in ("postgresql", "postgres", "postgresql+asyncpg"):
        return None
    name = database_url.removeprefix("sqlite:///")
    if name == database_url:
        raise DatabaseProblem("A database is named sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.")
    if not name or ":memory:" in name or "?" in name or name.startswith("file:"):
        # A database in memory is one shared connection: one task's rollback would undo another's work.
        raise DatabaseProblem("SQLite needs a plain file: sqlite:///FILE.")
    file = Path(name)
    if not file.parent.is_dir():
        raise DatabaseProblem(f"The directory {file.parent} does not exist, so {file.name} cannot be made in it.")
    if file.is_dir():
        raise DatabaseProblem(f"{file} is a directory; give the name of a file.")
    return file


def migration_engine(database_url: str) -> AsyncEngine:
    """An engine of one connection for changing tables, which nothing else may do at the same time."""
    if file := sqlite_file(database_url):
        engine = create_async_engine(_sqlite_url(file, "aiosqlite"), pool_size=1, max_overflow=0)
        _prepare(engine.sync_engine, MIGRATION_PRAGMAS, BEGIN_WRITING)
        return engine
    return _postgresql_engine(database_url, pool_size=1, max_overflow=0)


def _sqlite_engine(file: Path, pragmas: tuple[str, ...], begin: str, pool_size: int = 1) -> Engine:
    engine = create_engine(
        _sqlite_url(file, "pysqlite"),
        pool_size=pool_size,
        max_overflow=0,
        # Errors are logged, and rows hold what people wrote.
        hide_parameters=True,
        # Connections go from thread to thread, but are used by one at a time.
        connect_args={"check_same_thread": False},
    )
    _prepare(engine, pragmas, begin)
    return engine


def _sqlite_url(file: Path, driver: str) -> URL:
    return URL.create(f"sqlite+{driver}", database=str(file))


def _prepare(engine: Engine, pragmas: tuple[str, ...], begin: str) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # The driver begins nothing by itself.
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if not driver.in_transaction:  # A prepared statement may have begun it.
            connection.exec_driver_sql(begin)


def _postgresql_writer(database_url: str, connections: int) -> AsyncEngine:
    return _postgresql_engine(
        database_url,
        isolation_level="READ COMMITTED",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=WRITERS_WAIT_SECONDS,
    )


def _postgresql_reader(database_url: str, connections: int) -> AsyncEngine:
    engine = _postgresql_engine(
        database_url,
        # One state for all that a reader asks; it costs what any other BEGIN costs.
        isolation_level="REPEATABLE READ",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=READERS_WAIT_SECONDS,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.readonly = True

    return engine


def _postgresql_engine(database_url: str, **options: Any) -> AsyncEngine:
    # The driver reads the URL itself, so that it means what it means to PostgreSQL's own programs.
    dsn, adapter = _split_url(database_url)
    engine = create_async_engine(
        URL.create("postgresql+asyncpg", query=adapter),
        connect_args={"dsn": dsn, "timeout": CONNECT_SECONDS, **_behind_pgbouncer(adapter)},
        hide_parameters=True,
        **options,
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def _is_alive(_connection: object, record: Any, _fairy: object) -> None:
        # Instead of a round trip before every use: a server that went away has closed the socket, which costs
        # nothing to see. All idle connections are as old, so all are dropped.
        if record.driver_connection.is_closed():
            raise InvalidatePoolError

    return engine


def _split_url(database_url: str) -> tuple[str, dict[str, str]]:
    """What the driver is to read, and what is for SQLAlchemy's side of it."""
    parts = urlsplit(database_url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    ours = {name: query.pop(name) for name in ("prepared_statement_cache_size",) if name in query}
    query.setdefault("application_name", "tallygraph")
    dsn = urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(query), ""))
    return dsn, ours


def _behind_pgbouncer(adapter: dict[str, str]) -> dict[str, Any]:
    """Where statements may run on any server connection, none is kept prepared and no two share a name."""
    if adapter.get("prepared_statement_cache_size") != "0":
        return {}
    return {"statement_cache_size": 0, "prepared_statement_name_func": lambda: f"tallygraph_{uuid4().hex}"}
