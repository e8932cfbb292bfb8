"""Migrating makes exactly the tables that the models describe, on both databases, however many try at once."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from server.database import DatabaseProblem, migration_engine
from server.migrations import migrate, pending, tables

pytestmark = pytest.mark.anyio

# What alembic's own comparison leaves out: constraints with their conditions, indexes with theirs, in full.
ON_SQLITE = "SELECT type || ' ' || name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%'"
ON_POSTGRESQL = """
    SELECT 'constraint ' || conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = current_schema()::regnamespace
    UNION ALL
    SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()
    UNION ALL
    SELECT 'column ' || table_name || ' ' || column_name, concat_ws(' ', data_type, is_nullable, column_default)
    FROM information_schema.columns WHERE table_schema = current_schema()
    UNION ALL
    SELECT 'view ' || viewname, definition FROM pg_views WHERE schemaname = current_schema()
"""


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[AsyncConnection]:
    engine = migration_engine(database_url)
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


async def described(connection: AsyncConnection) -> dict[str, str]:
    """Every table, column, constraint, index and view by name, in the database's own words."""
    on_sqlite = connection.dialect.name == "sqlite"
    rows = (await connection.execute(text(ON_SQLITE if on_sqlite else ON_POSTGRESQL))).all()
    schema = "public" if on_sqlite else (await connection.execute(text("SELECT current_schema()"))).scalar()
    return {name: _in_any_order(sql or "").replace(f"{schema}.", "") for name, sql in rows if "alembic" not in name}


def _in_any_order(sql: str) -> str:
    """SQLite keeps a table's own text, one constraint a line; which comes first means nothing."""
    return "\n".join(sorted(line.strip(" \t,") for line in sql.splitlines()))


async def test_migrating_makes_what_the_models_describe(empty_database_url: str, tmp_path: Path) -> None:
    await migrate(empty_database_url)
    async with connected(empty_database_url) as connection:
        migrated = await described(connection)

    elsewhere = empty_database_url if empty_database_url.startswith("postgresql") else f"sqlite:///{tmp_path}/other.db"
    async with connected(elsewhere) as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("CREATE SCHEMA other"))
            await connection.execute(text("SET search_path TO other"))
        await connection.run_sync(tables().create_all)
        created = await described(connection)

    assert len(created) > 20
    assert migrated == created


async def test_alembic_finds_nothing_left_to_change(empty_database_url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), tables()))

    await migrate(empty_database_url)
    async with connected(empty_database_url) as connection:
        assert await connection.run_sync(differences) == []


async def test_a_database_is_pending_until_it_is_migrated(empty_database_url: str) -> None:
    assert await pending(empty_database_url)
    assert await migrate(empty_database_url)

    assert not await pending(empty_database_url)
    assert not await migrate(empty_database_url)


async def test_several_processes_may_migrate_at_once(empty_database_url: str) -> None:
    program = (
        f"import asyncio; from server.migrations import migrate; print(asyncio.run(migrate({empty_database_url!r})))"
    )
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
        for _ in range(3)
    ]
    answers = [(await process.communicate())[0] for process in processes]

    assert sorted(answers) == [b"False\n", b"False\n", b"True\n"]


async def test_a_migration_that_fails_changes_nothing(empty_database_url: str) -> None:
    async with connected(empty_database_url) as connection:
        # In the way of one of the tables that are to be made.
        await connection.execute(text("CREATE TABLE tenant (n INTEGER)"))

    with pytest.raises(DatabaseProblem, match="tenant"):
        await migrate(empty_database_url)

    assert await pending(empty_database_url)
    async with connected(empty_database_url) as connection:
        assert not [name for name in await described(connection) if "account" in name]


async def test_a_database_of_a_newer_version_is_left_alone(empty_database_url: str) -> None:
    await migrate(empty_database_url)
    async with connected(empty_database_url) as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert not await pending(empty_database_url)
    with pytest.raises(DatabaseProblem, match="newer version"):
        await migrate(empty_database_url)
