"""The lines of a file of usage: its columns, what stands in each, and what they come to."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from enum import Enum, auto
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from models.rules.words import Activity

Cell = date | str | int | None
"""None where a column says nothing of a row: seconds of a message, say."""
Line = tuple[Cell, ...]


class Kind(Enum):
    """What a column holds."""

    DAY = auto()
    TEXT = auto()
    COUNT = auto()
    CREDITS = auto()
    """In millionths."""


class Column(NamedTuple):
    name: str
    kind: Kind
    width: int
    """In characters, where it is shown on a sheet."""


COLUMNS = (
    Column("Date", Kind.DAY, 12),
    Column("Job title", Kind.TEXT, 28),
    Column("Candidate count", Kind.COUNT, 16),
    Column("Credits used", Kind.CREDITS, 18),
    Column("Completed", Kind.COUNT, 11),
    Column("Partial", Kind.COUNT, 11),
    Column("Started", Kind.COUNT, 11),
    Column("Invited", Kind.COUNT, 11),
    Column("Agent", Kind.TEXT, 24),
    Column("Member", Kind.TEXT, 24),
    Column("Activity", Kind.TEXT, 14),
    Column("Model", Kind.TEXT, 24),
    Column("Direction", Kind.TEXT, 12),
    Column("Count", Kind.COUNT, 12),
    Column("Call seconds", Kind.COUNT, 14),
    Column("Billed seconds", Kind.COUNT, 14),
    Column("Invitations", Kind.COUNT, 12),
    Column("Opening ID", Kind.TEXT, 36),
    Column("Agent ID", Kind.TEXT, 34),
    Column("Member ID", Kind.TEXT, 35),
)
HEADER: Line = tuple(column.name for column in COLUMNS)

INTERACTION = "INTERACTION"
"""Stands for the activity of interactions, which cost nothing by themselves."""

TOTAL = "Total"
_NUMBERS = [place for place, column in enumerate(COLUMNS) if column.kind in (Kind.COUNT, Kind.CREDITS)]


class Named(NamedTuple):
    """What people call a thing, and its id."""

    name: str
    id: str


NO_THING = Named("", "")


class Waiting(NamedTuple):
    """Candidates who were invited on a day and have not been interviewed yet, by how far they came."""

    invited: int = 0
    started: int = 0


NONE_WAITING = Waiting()
WhereWaiting = tuple[date, UUID, UUID]
"""The day, the agent and the opening."""


def line_of(row: tuple[Any, ...], named: Mapping[UUID, Named], waiting: Mapping[WhereWaiting, Waiting]) -> Line:
    """A row of models.tables.exports.rows as a line.

    A candidate is counted once: on the day of the interview, before that on the day of the invitation.
    """
    day, agent_id, opening_id, member_id, activity, model, direction, count, *numbers, interactions, credits = row
    call_seconds, billed_seconds, invitations, completed, partial = numbers
    agent, opening, member = named[agent_id], named[opening_id], named[member_id]
    candidates: Line = (None,) * 5
    if activity == Activity.INTERVIEW:
        open = waiting.get((day, agent_id, opening_id), NONE_WAITING) if invitations else NONE_WAITING
        everyone = completed + partial + open.started + open.invited
        candidates = (everyone, completed, partial, open.started, open.invited)
    is_call = activity == Activity.CALL
    return (
        day,
        opening.name,
        candidates[0],
        credits,
        *candidates[1:],
        agent.name,
        member.name,
        activity or INTERACTION,
        model,
        direction,
        count + interactions,
        call_seconds if is_call else None,
        billed_seconds if is_call else None,
        invitations if activity == Activity.INTERVIEW else None,
        opening.id,
        agent.id,
        member.id,
    )


class Totals:
    """What the lines that have passed come to."""

    def __init__(self) -> None:
        self.lines = 0
        self._sums = [0] * len(COLUMNS)

    def passing(self, lines: Iterable[Line]) -> Iterator[Line]:
        sums = self._sums
        for line in lines:
            self.lines += 1
            for place in _NUMBERS:
                sums[place] += line[place] or 0  # type: ignore[operator]
            yield line

    def line(self) -> Line:
        cells: list[Cell] = [None] * len(COLUMNS)
        cells[0] = TOTAL
        for place in _NUMBERS:
            cells[place] = self._sums[place]
        return tuple(cells)


# ---------------------------------------------------------------- harmless text

_BEGIN_FORMULAS = frozenset("=+-@\u2212")
_NEVER_FIRST = frozenset("\t\r\n")


@lru_cache(maxsize=10_000)
def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe stands before what could begin one.

    What cannot be seen is passed over. Wide and small forms of a sign count as the sign: some programs read them so.
    """
    if not text or text[0].isalnum():
        return text
    first = next((sign for sign in text if unicodedata.category(sign)[0] not in "ZC"), "")
    is_formula = unicodedata.normalize("NFKC", first)[:1] in _BEGIN_FORMULAS
    return f"'{text}" if is_formula or text[0] in _NEVER_FIRST else text
