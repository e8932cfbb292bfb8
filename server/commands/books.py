"""The books as commands use them: opened by the settings, with all their tables, closed at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID

import typer
from sqlalchemy import exists, select

from models.actions.keys import tenant_named
from models.tables.base import metadata
from models.unit_of_work import Books, Reader
from server.database import DatabaseProblem, open_books, reach, sqlite_file
from server.migrations import pending_on
from server.settings import Settings

_ANY_KEY = select(exists(select(metadata.tables["api_key"].c.id)))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Books]:
    if (file := sqlite_file(settings.database_url)) and not file.exists():
        # SQLite would make an empty one, in whatever folder somebody happens to be.
        missing = f"There is no database at {file.absolute()} (TALLYGRAPH_DATABASE_URL)."
        raise DatabaseProblem(f"{missing} A new one is made by: tallygraph migrate")
    books = open_books(settings.database_url)
    if settings.webhook_url is not None:
        # What commands bring about is told too, by the servers' processes.
        books.outbox = _leave_to_servers
    try:
        await reach(books)
        async with books.reading() as reader:
            if await pending_on(reader):
                raise DatabaseProblem("The database lacks tables of this version. Run: tallygraph migrate")
        yield books
    finally:
        await books.close()


def _leave_to_servers() -> None:
    pass


async def tenant_of_option(reader: Reader, name: str) -> UUID:
    """The tenant that --tenant names, by its id or its external id."""
    tenant_id = await tenant_named(reader, name)
    if tenant_id is None:
        raise typer.BadParameter(f"There is no tenant {name!r}.", param_hint="--tenant")
    return tenant_id


async def has_keys(settings: Settings) -> bool:
    """Whether the books hold any key at all."""
    async with opened(settings) as books, books.reading() as reader:
        return bool(await reader.value(_ANY_KEY))


def shown_url(settings: Settings) -> str:
    """Which database is meant, without who logs in at it and how."""
    if file := sqlite_file(settings.database_url):
        return f"sqlite:///{file.absolute()}"
    parts = urlsplit(settings.database_url)
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"
