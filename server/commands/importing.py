"""`tallygraph import calls|messages|interviews|interactions FILE`"""

import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from models.rules.periods import parse_zone
from models.rules.refusals import Refusal
from models.tables.lookups import tenants_by_id
from models.unit_of_work import Books
from server.commands.books import opened, tenant_of_option
from server.importing.columns import BadMapping, Wishes
from server.importing.files import BadFile
from server.importing.kinds import Kind
from server.importing.progress import teller
from server.importing.running import Import, Job
from server.importing.values import Times, TimeUnit
from server.settings import read_settings

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
    stopped: list[bool] = field(default_factory=list)

    def job(self, tenant_id: UUID, tenant_zone: str) -> Job:
        suffix = f".{self.format}" if self.format else None
        times = self._times(tenant_zone)
        return Job(
            self.kind, self.file, tenant_id, times, self.wishes, self.makes, self.source, suffix, self.refused
        )

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
    format_: Annotated[Format | None, typer.Option("--format", help="What the file is, if its name does not say.")] = None,
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
