"""The books open on both databases, and keep what is promised about writers and readers."""

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.unit_of_work import Books
from server.database import DatabaseProblem, open_books, reach

pytestmark = pytest.mark.anyio

COUNT = text("SELECT n FROM counter")
SET = text("UPDATE counter SET n = :n")


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[Books]:
    books = open_books(database_url)
    async with books.work() as work:
        await work.run(text("CREATE TABLE counter (n INTEGER)"))
        await work.run(text("INSERT INTO counter VALUES (0)"))
    yield books
    await books.close()


async def test_what_a_unit_of_work_wrote_is_there_afterwards(books: Books) -> None:
    async with books.work() as work:
        await work.run(SET, {"n": 7})

    async with books.reading() as reader:
        assert await reader.value(COUNT) == 7


async def test_what_a_failed_unit_of_work_wrote_is_not(books: Books) -> None:
    async def fail() -> None:
        async with books.work() as work:
            await work.run(SET, {"n": 7})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    async with books.reading() as reader:
        assert await reader.value(COUNT) == 0


async def test_writers_that_come_together_wait_and_lose_nothing(books: Books) -> None:
    async def count_up() -> None:
        async with books.work() as work:
            # The lock that every account has; on SQLite the transaction itself is one.
            lock = text(f"SELECT n FROM counter {'FOR UPDATE' if work.dialect == 'postgresql' else ''}")
            n = await work.value(lock)
            await work.run(SET, {"n": n + 1})

    await asyncio.gather(*(count_up() for _ in range(60)))

    async with books.reading() as reader:
        assert await reader.value(COUNT) == 60


async def test_a_reader_sees_one_state_whatever_is_written_meanwhile(books: Books) -> None:
    async with books.reading() as reader:
        before = await reader.value(COUNT)
        async with books.work() as work:
            await work.run(SET, {"n": 7})

        assert await reader.value(COUNT) == before == 0


async def test_a_reader_cannot_write(books: Books) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"):
        async with books.reading() as reader:
            await reader.session.run(SET, {"n": 7})


async def test_readers_do_not_wait_for_a_writer(books: Books) -> None:
    async with books.work() as work:
        await work.run(SET, {"n": 7})
        async with asyncio.timeout(5), books.reading() as reader:
            assert await reader.value(COUNT) == 0


async def test_a_cancelled_unit_of_work_leaves_nothing_behind(books: Books) -> None:
    begun = asyncio.Event()

    async def never_ends() -> None:
        async with books.work() as work:
            await work.run(SET, {"n": 7})
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(5), books.work() as work:
        assert await work.value(COUNT) == 0


async def test_a_long_look_that_is_given_up_ends_at_once_and_is_no_failure(sqlite_url: str) -> None:
    books, failures = open_books(sqlite_url), []
    asyncio.get_running_loop().set_exception_handler(lambda _, failure: failures.append(failure))
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    async def look() -> None:
        async with books.reading(long=True) as reader:
            await reader.value(text(endless))

    looking = asyncio.create_task(look())
    await asyncio.sleep(0.1)
    looking.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([looking])
    assert looking.cancelled()
    # What nobody asked for is told of when it is forgotten.
    del looking
    gc.collect()
    await books.close()

    assert failures == []


async def test_sqlite_keeps_every_commit_and_checks_references(sqlite_url: str) -> None:
    books = open_books(sqlite_url)
    async with books.work() as work:
        found = [await work.value(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")]
    await books.close()

    assert found == ["wal", 2, 1]


async def test_connections_that_the_server_has_closed_are_not_used_again(postgres_url: str) -> None:
    books = open_books(postgres_url, readers=2)
    async with books.reading() as one, books.reading() as other:
        for reader in (one, other):
            await reader.value(text("SELECT 1"))
    async with books.work() as work:
        await work.value(
            text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await asyncio.sleep(0.1)

    async with books.reading() as one, books.reading() as other:
        assert [await reader.value(text("SELECT 1")) for reader in (one, other)] == [1, 1]
    await books.close()


async def test_postgresql_behind_a_pooler_of_transactions_keeps_no_statements(postgres_url: str) -> None:
    books = open_books(postgres_url + "&prepared_statement_cache_size=0")
    async with books.reading() as reader:
        for _ in range(3):
            await reader.value(text("SELECT 1"))
        kept = await reader.value(text("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE '\\_\\_%'"))
    await books.close()

    assert kept == 0


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?mode=memory", "mysql://x/y", "x.db"]
)
def test_what_names_no_file_and_no_server_is_refused(url: str) -> None:
    with pytest.raises(DatabaseProblem):
        open_books(url)


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseProblem, match=r"The directory .*/nowhere does not exist"):
        open_books(f"sqlite:///{tmp_path}/nowhere/books.db")


async def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are not the books you are looking for. " * 50)
    books = open_books(f"sqlite:///{tmp_path}/notes.txt")
    with pytest.raises(DatabaseProblem, match="file is not a database"):
        await reach(books)
    await books.close()


async def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    books = open_books("postgresql://someone:mellon@127.0.0.1:1/books")
    with pytest.raises(DatabaseProblem, match="The database does not answer") as problem:
        await reach(books)
    await books.close()

    assert "mellon" not in str(problem.value)
