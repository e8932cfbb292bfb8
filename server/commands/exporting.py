"""`tallygraph export usage`"""

import asyncio
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from signal import SIG_DFL, SIGHUP, SIGTERM, getsignal
from typing import IO, Annotated
from uuid import UUID

import typer
from rich.console import Console

from models.actions.exports import count_rows
from models.rules.exports import ExportFormat, ExportWish, Filters
from models.rules.ids import parse_type_id
from models.rules.ranges import DayRange, days_between
from models.rules.refusals import Invalid
from models.rules.words import Activity, CallDirection
from models.tables.external_ids import named
from models.tables.lookups import tenants_by_id
from models.unit_of_work import Books, Reader
from server.commands.books import opened, tenant_of_option
from server.exports.making import csv_of, write_excel
from server.exports.progress import Tell, progress
from server.settings import Settings, read_settings

INTERRUPTED = 130
"""The exit code of a command that was ended before it was done: with Ctrl-C, or as a job is ended."""

app = typer.Typer(help="Write what the books hold into files.", no_args_is_help=True)


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True)
class Asked:
    """The command's arguments that only the books can complete."""

    tenant: str
    days: DayRange
    format: ExportFormat
    things: Mapping[str, Sequence[str]]
    """What usage is to be of: ids or external ids, by kind."""
    words: Filters
    output: Path | None


@app.callback()
def _group() -> None:
    """So that `usage` has to be named, with more to come beside it."""


@app.command()
def usage(
    tenant: Annotated[str, typer.Option(help="Whose usage: the tenant's id or external id.", show_default=False)],
    from_: Annotated[
        str, typer.Option("--from", metavar="DAY", help="The first day, in the tenant's zone: 2026-01-31.")
    ],
    to: Annotated[str, typer.Option(metavar="DAY", help="The last day, which is included.")],
    format_: Annotated[Format, typer.Option("--format", help="What kind of file.", case_sensitive=False)],
    agent: Annotated[list[str] | None, typer.Option(help="Only of this agent, by id or external id.")] = None,
    opening: Annotated[list[str] | None, typer.Option(help="Only for this opening, by id or external id.")] = None,
    member: Annotated[list[str] | None, typer.Option(help="Only of this member, by id or external id.")] = None,
    activity: Annotated[list[Activity] | None, typer.Option(help="Only this activity.", case_sensitive=False)] = None,
    model: Annotated[list[str] | None, typer.Option(help="Only of this model.")] = None,
    direction: Annotated[
        CallDirection | None, typer.Option(help="Only calls in this direction.", case_sensitive=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Where to write; else a name of its own in this folder.")
    ] = None,
) -> None:
    """Write a tenant's usage into a file, a row for each day, opening, agent, member, activity, model and direction.

    Options that are given several times are alternatives. A file that is there already is replaced once this is whole.
    """
    days = _days(from_, to)
    lists: dict[str, Sequence[str] | None] = {"activities": activity, "models": model}
    words: Filters = tuple((name, tuple(map(str, values))) for name, values in lists.items() if values)
    if direction is not None:
        words = (*words, ("direction", direction.value))
    things = {"agent": agent or (), "opening": opening or (), "member": member or ()}
    asked = Asked(tenant, days, ExportFormat(format_.upper()), things, words, output)
    try:
        path, rows = asyncio.run(_export(read_settings(), asked))
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo("Interrupted: nothing was written.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(f"{rows:,} {'row' if rows == 1 else 'rows'} in {path}.")


async def _export(settings: Settings, asked: Asked) -> tuple[Path, int]:
    async with opened(settings) as books:
        async with books.reading(long=True) as reader:
            tenant_id = await tenant_of_option(reader, asked.tenant)
            tenant = await reader.first(tenants_by_id(), {"ids": [tenant_id]})
            assert tenant is not None
            filters = [*await _ids(reader, tenant_id, asked.things), *asked.words]
            wish = ExportWish(tenant_id, asked.days, asked.format, tuple(filters))
            expected = await count_rows(reader, wish)
        path = asked.output or Path(wish.file_name(tenant.name))
        with clearing_up(), replacing(path) as file, progress(Console(stderr=True), path.name, expected) as tell:
            return path, await _write(books, wish, file, tell)


async def _write(books: Books, wish: ExportWish, file: IO[bytes], tell: Tell) -> int:
    """Write the file; how many rows it has."""
    written = 0

    def count(rows: int) -> None:
        nonlocal written
        written = rows
        tell(rows)

    if wish.format is ExportFormat.CSV:
        async for part in csv_of(books, wish, count):
            file.write(part)
    else:
        await write_excel(books, wish, file, count)
    return written


@contextmanager
def clearing_up() -> Iterator[None]:
    """Let whoever ends the process do as Ctrl-C does, so that nothing half done is left. What is ignored, as by nohup,
    stays so."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    ends = [number for number in (SIGTERM, SIGHUP) if getsignal(number) is SIG_DFL]
    for number in ends:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in ends:
            loop.remove_signal_handler(number)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes its name, and the place of what had it, only once it is whole."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        typer.echo(f"Error: {path} cannot be written: {error.strerror or error}.", err=True)
        raise typer.Exit(1) from None
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _days(first: str, last: str) -> DayRange:
    days = []
    for text, option in ((first, "--from"), (last, "--to")):
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            raise typer.BadParameter(f"{text!r} is not a day, such as 2026-01-31.", param_hint=option) from None
    try:
        return days_between(*days)
    except Invalid as refused:
        raise typer.BadParameter(refused.message, param_hint="--to") from None


async def _ids(
    reader: Reader, tenant_id: UUID, things: Mapping[str, Sequence[str]]
) -> list[tuple[str, tuple[UUID, ...]]]:
    """The filters that are lists of ids."""
    return [
        (f"{kind}_ids", tuple([await _id(reader, tenant_id, kind, name) for name in names]))
        for kind, names in things.items()
        if names
    ]


async def _id(reader: Reader, tenant_id: UUID, kind: str, name: str) -> UUID:
    try:
        of, id = parse_type_id(name)
        ids = [id] if of == kind else []
    except (ValueError, IndexError):
        ids = []
    found = await reader.first(named(kind), {"tenant_id": tenant_id, "ids": ids, "external_ids": [name]})
    if found is None:
        raise typer.BadParameter(f"The tenant has no {kind} {name!r}.", param_hint=f"--{kind}")
    return UUID(int=found.id.int)
