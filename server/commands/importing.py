"""`tallygraph import calls|messages|interviews|interactions FILE`"""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from models.rules.periods import parse_zone
from models.rules.refusals import Invalid
from models.tables.lookups import tenants_by_id
from server.commands.books import opened, tenant_of_option
from server.importing.columns import BadMapping, Wishes
from server.importing.files import BadFile
from server.importing.kinds import Kind
from server.importing.progress import teller
from server.importing.running import Import, Job
from server.importing.values import Times, TimeUnit
from server.settings import Settings, read_settings

INTERRUPTED = 130
"""The exit code of a command that was ended with Ctrl-C."""


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True)
class Asked:
    """The command's arguments that only the books can complete."""

    kind: Kind
    file: Path
    tenant: str
    wishes: Wishes
    time_zone: str | None = None
    time_unit: TimeUnit | None = None
    time_from: str | None = None
    makes: frozenset[str] = frozenset()
    source: str = ""
    format: Format | None = None
    refused: Path | None = None

    def job(self, tenant_id: UUID, tenant_zone: str) -> Job:
        suffix = f".{self.format}" if self.format else None
        times = self._times(tenant_zone)
        return Job(self.kind, self.file, tenant_id, times, self.wishes, self.makes, self.source, suffix, self.refused)

    def _times(self, tenant_zone: str) -> Times:
        zone = _zone(self.time_zone) if self.time_zone else parse_zone(tenant_zone)
        beginning = _beginning(self.time_from, zone) if self.time_from else None
        return Times(zone, self.time_unit, beginning)


def import_(
    kind: Annotated[Kind, typer.Argument(help="What the rows are.", show_default=False)],
    file: Annotated[
        Path,
        typer.Argument(help="CSV with a header, or JSON Lines, in UTF-8.", exists=True, dir_okay=False, readable=True),
    ],
    tenant: Annotated[str, typer.Option(help="Whose they are: the tenant's id or external id.", show_default=False)],
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Which column a field is in: startedAt=start_time."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A field's value where no column has one."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="Take only rows that have this value: event=message_send."),
    ] = None,
    agent: Annotated[str | None, typer.Option(help="The agent of all rows: --set agentId=...")] = None,
    model: Annotated[str | None, typer.Option(help="The model of all rows: --set model=...")] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Where the clock hung that wrote times without a zone; else the tenant's zone.")
    ] = None,
    time_unit: Annotated[TimeUnit | None, typer.Option(help="What times that are plain numbers count.")] = None,
    time_from: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="Where times that are plain numbers count from; else 1970.")
    ] = None,
    create_agents: Annotated[bool, typer.Option("--create-agents", help="Make agents that are not there.")] = False,
    create_members: Annotated[bool, typer.Option("--create-members", help="Make members that are not there.")] = False,
    create_openings: Annotated[
        bool, typer.Option("--create-openings", help="Make openings that are not there.")
    ] = False,
    source: Annotated[
        str, typer.Option(help="Keeps rows without an id apart from equal ones of files with another source.")
    ] = "",
    format_: Annotated[
        Format | None, typer.Option("--format", help="What the file is, if its name does not say.")
    ] = None,
    refused: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Where refused rows are kept; else beside the file.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 if any row is refused.")] = False,
) -> None:
    """Record what stands in a file. Rows that were imported before are known again, and charged once.

    Columns that are named as a field need no --map. The fields of each kind are listed where one is misspelt.
    """
    constants = {"agentId": agent, "model": model}
    wishes = Wishes(
        _pairs(map_, "--map"),
        _pairs(set_, "--set") | {name: value for name, value in constants.items() if value is not None},
        _pairs(where, "--where"),
    )
    makes = {"agent": create_agents, "member": create_members, "opening": create_openings}
    asked = Asked(
        *(kind, file, tenant, wishes, time_zone, time_unit, time_from),
        frozenset(kind for kind, is_asked in makes.items() if is_asked),
        *(source, format_, refused),
    )
    try:
        importing = asyncio.run(_import(read_settings(), asked))
    except (BadMapping, BadFile) as problem:
        typer.echo(f"Error: {problem}", err=True)
        raise typer.Exit(2 if isinstance(problem, BadMapping) else 1) from None
    tally = importing.tally
    if tally.is_interrupted:
        raise typer.Exit(INTERRUPTED)
    nothing_was_taken = not tally.accepted and not tally.duplicates
    if tally.refused and (strict or nothing_was_taken):
        raise typer.Exit(1)


async def _import(settings: Settings, asked: Asked) -> Import:
    async with opened(settings) as books:
        async with books.reading() as reader:
            tenant_id = await tenant_of_option(reader, asked.tenant)
            tenant = await reader.first(tenants_by_id(), {"ids": [tenant_id]})
        assert tenant is not None
        importing = Import(books, asked.job(tenant_id, tenant.time_zone))
        with _ended_by_ctrl_c() as is_stopped:
            try:
                await importing.run(teller, is_stopped)
            finally:
                # Also where it fails half-way: what is stored by then stays.
                if importing.tally.read:
                    _tell(importing)
        return importing


@contextmanager
def _ended_by_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Ctrl-C ends the import after the batch that is under way; pressed again, at once."""
    pressed = False

    def press(_number: int, _frame: object) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(importing: Import) -> None:
    tally = importing.tally
    for line in tally.lines():
        typer.echo(line)
    for kind, count in importing.names.made.items():
        if count:
            typer.echo(f"{count:,} {kind if count == 1 else f'{kind}s'} made.")
    if importing.times.ambiguous:
        zone = importing.times.zone.key
        typer.echo(f"{importing.times.ambiguous:,} times happened twice in {zone}: clocks were put back over them.")
    if tally.refused:
        typer.echo(f"The refused rows are kept in {importing.refused_path}.")
    if tally.is_interrupted:
        typer.echo("Interrupted: what was accepted is stored. Run it again to go on.")


def _pairs(given: Sequence[str] | None, option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given or ():
        name, mark, value = text.partition("=")
        if not mark or not name or name in pairs:
            why = "is there twice" if name in pairs else "has no ="
            raise typer.BadParameter(f"{text!r} {why}.", param_hint=option)
        pairs[name] = value
    return pairs


def _zone(name: str) -> ZoneInfo:
    try:
        return parse_zone(name)
    except Invalid as refused:
        raise typer.BadParameter(refused.message, param_hint="--time-zone") from None


def _beginning(text: str, zone: ZoneInfo) -> datetime:
    try:
        return Times(zone).instant(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--time-from") from None
