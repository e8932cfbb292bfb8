"""`tallygraph verify`"""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from sqlalchemy import select

from models.actions.verification import MOST_PROBLEMS, Verification, verify
from models.tables.base import metadata
from models.unit_of_work import Books
from server.commands.books import opened, shown_url, tenant_of_option
from server.settings import Settings, read_settings

_TENANT = metadata.tables["tenant"].c
_TENANTS = select(_TENANT.id, _TENANT.name).order_by(_TENANT.id)


def verify_(
    tenant: Annotated[
        str | None, typer.Option(help="Only this tenant's books: its id or external id.", show_default=False)
    ] = None,
) -> None:
    """Prove that the books are whole: work everything out anew, and compare it with what is stored.

    Nothing is changed, and servers may run meanwhile. Ends with 1 where something does not hold.
    """
    settings = read_settings()
    found = asyncio.run(_verify(settings, tenant))
    faulty = sum(not one.ok for one in found)
    entries = _counted(sum(one.entries_checked for one in found), "entry", "entries")
    tenants = "1 tenant" if len(found) == 1 else f"{len(found):,} tenants"
    where = shown_url(settings)
    result = f"Tenants with problems in {where}: {faulty:,}" if faulty else f"All is well in {where}"
    typer.echo(f"Checked {tenants} with {entries}. {result}")
    if faulty:
        raise typer.Exit(1)


async def _verify(settings: Settings, tenant: str | None) -> list[Verification]:
    async with opened(settings) as books:
        return [await _verify_one(books, row.id, row.name) for row in await _tenants(books, tenant)]


async def _tenants(books: Books, tenant: str | None) -> Sequence[Any]:
    """The oldest first."""
    async with books.reading() as reader:
        if tenant is None:
            return await reader.all(_TENANTS)
        return await reader.all(_TENANTS.where(_TENANT.id == await tenant_of_option(reader, tenant)))


async def _verify_one(books: Books, tenant_id: UUID, name: str) -> Verification:
    began = monotonic()
    # A reader for each tenant: one that stays open for long keeps the database from clearing up.
    with Console(stderr=True).status(f"Checking {name} ..."):
        async with books.reading(long=True) as reader:
            found = await verify(reader, tenant_id)
    typer.echo(f"{name}: {_told(found)}, {monotonic() - began:.1f} s.")
    for problem in found.problems:
        typer.echo(f"  {problem}")
    return found


def _told(found: Verification) -> str:
    entries = _counted(found.entries_checked, "entry", "entries")
    if found.ok:
        return f"{entries}, all is well"
    if len(found.problems) == MOST_PROBLEMS:
        return f"{entries}, the first {MOST_PROBLEMS:,} problems"
    return f"{entries}, {_counted(len(found.problems), 'problem', 'problems')}"


def _counted(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"
