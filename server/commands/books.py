"""The books as commands use them: opened by the settings, with all their tables, closed at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import typer

from models.actions.keys import tenant_named
from models.unit_of_work import Books, Reader
from server.database import DatabaseProblem, open_books, reach
from server.migrations import pending_on
from server.settings import Settings


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Books]:
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
