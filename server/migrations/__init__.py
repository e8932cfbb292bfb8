"""Brings a database to the tables that this version of the server needs. Nothing goes back: a ledger is restored.

Users run `tallygraph migrate`. Whoever changes models/tables writes the next migration with

    python -m server.migrations.make "what it does"

then reads it, and completes what no program can know. The first migration is written anew from the tables, as long
as no database exists that has been through it, with

    python -m server.migrations.make --first

A test compares the tables that migrating makes with those of models/tables, on both databases.

Views belong to no migration: they are made anew, as models/tables/bi.py has them, after the last one. Whoever changes
only them writes a migration that does nothing; whoever removes a column of theirs drops them in it on PostgreSQL.
"""

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import DBAPIError

import models.tables
from models.tables.base import metadata
from models.tables.bi import drop_views, make_views
from models.unit_of_work import Reader
from server.database import DatabaseProblem, migration_engine, problem_with

HERE = Path(__file__).parent
# Of PostgreSQL's advisory lock: two processes that start at once migrate one after the other.
_LOCK = 0x7A11_96A9


def tables() -> MetaData:
    """Every table that the models describe."""
    for module in iter_modules(models.tables.__path__):
        import_module(f"models.tables.{module.name}")
    return metadata


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


async def migrate(database_url: str) -> bool:
    """Make every change that the database has not seen yet, all or none. Whether there was any.

    Any number of processes may call it at once. DatabaseProblem where it cannot be done.
    """
    engine = migration_engine(database_url)
    try:
        async with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            return await connection.run_sync(_upgrade)
    except (DBAPIError, OSError) as error:
        raise problem_with(error) from error
    finally:
        await engine.dispose()


async def pending(database_url: str) -> bool:
    """Whether the database lacks a migration that this version has. One that is ahead of it lacks none."""
    engine = migration_engine(database_url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_lacks_some)
    except (DBAPIError, OSError) as error:
        raise problem_with(error) from error
    finally:
        await engine.dispose()


async def pending_on(reader: Reader) -> bool:
    """The same for whoever is reading already, such as the health check."""
    return await reader.session.call(_lacks_some)


def _upgrade(connection: Connection) -> bool:
    if unknown := _revisions_of(connection) - _known():
        raise DatabaseProblem(f"The database was migrated by a newer version of the server (to {', '.join(unknown)}).")
    if not _lacks_some(connection):
        return False
    if connection.dialect.name == "sqlite":
        # A table that is made anew takes its old name back only where no view stands on that name.
        drop_views(connection)
    command.upgrade(alembic_config(connection), "head")
    make_views(connection)
    if connection.dialect.name == "sqlite":
        _check_references(connection)
    return True


def _lacks_some(connection: Connection) -> bool:
    revisions = _revisions_of(connection)
    return revisions <= _known() and revisions != set(_scripts().get_heads())


def _revisions_of(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _known() -> set[str]:
    return {script.revision for script in _scripts().walk_revisions()}


@lru_cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(HERE))


def _check_references(connection: Connection) -> None:
    """What foreign keys would have refused, had they been on."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise DatabaseProblem(f"Nothing was changed: rows of {tables} would refer to rows that do not exist.")
