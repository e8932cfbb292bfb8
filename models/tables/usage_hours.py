"""What was used within a span of time, by equal steps of it: for sums of hours, which no roll-up holds.

Each source of usage is read by its own time, and narrowed as the days' sums are: what has no opening, model ... counts
there as usage without one, so here as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    Table,
    and_,
    bindparam,
    case,
    cast,
    extract,
    func,
    select,
    type_coerce,
)

from models.rules.words import Activity, EntryKind, InterviewStatus, SubjectKind
from models.tables import conversations, credits, hiring, interactions
from models.tables.base import NOBODY, metadata
from models.tables.dialects import POSTGRESQL

_FILL_THE_METADATA = (conversations, credits, hiring, interactions)

CALL: Table = metadata.tables["call"]
MESSAGE: Table = metadata.tables["message"]
INTERVIEW: Table = metadata.tables["interview"]
REPORT: Table = metadata.tables["interview_report"]
INTERACTION: Table = metadata.tables["interaction"]
ENTRY: Table = metadata.tables["entry"]

Condition = tuple[str, Sequence[Any]]
"""A column of the days' sums, and the values that it may have."""

Place = dict[str, ColumnElement[Any]]
_WITHOUT = {"agent_id": NOBODY, "opening_id": NOBODY, "member_id": NOBODY, "model": "", "direction": ""}


@dataclass(frozen=True, slots=True)
class Source:
    """Where some usage is found: rows with their time as `at`."""

    rows: Select[Any]
    at: ColumnElement[Any]
    place: Place
    """The columns by which it can be narrowed."""
    activities: tuple[str, ...]
    counts: dict[str, int] = field(default_factory=dict)
    """What each row counts, beside what its columns say."""

    def narrowed(self, tenant_id: UUID, conditions: Iterable[Condition]) -> Select[Any] | None:
        """Its rows from :starts_at to before :ends_at that fit; None where none can."""
        rows = self.rows.where(
            self.at >= bindparam("starts_at", type_=self.at.type), self.at < bindparam("ends_at", type_=self.at.type)
        )
        without = {"tenant_id": tenant_id, **_WITHOUT}
        for name, allowed in conditions:
            if name == "activity":
                if not set(allowed) & set(self.activities):
                    return None
            elif name in self.place:
                rows = rows.where(self.place[name].in_(allowed))
            elif without[name] not in allowed:
                return None
        return rows


def by_step(dialect: str, rows: Select[Any]) -> Select[Any]:
    """How many rows there are in each step of :step_seconds since :start_seconds, and the sums of their columns."""
    one = rows.subquery("one")
    summed = [column for column in one.c if column.name != "at"]
    stepped = select(_step(dialect, one.c.at).label("step"), *summed).subquery("stepped")
    sums = (cast(func.sum(stepped.c[column.name]), BigInteger).label(column.name) for column in summed)
    return select(stepped.c.step, func.count().label("times"), *sums).group_by(stepped.c.step)


def _step(dialect: str, at: ColumnElement[Any]) -> ColumnElement[int]:
    if dialect == POSTGRESQL:
        seconds = cast(func.floor(extract("epoch", at)), BigInteger)
    else:
        # Without its fraction, which would be rounded.
        seconds = cast(func.strftime("%s", func.substr(type_coerce(at, String), 1, 19)), BigInteger)
    since = seconds - bindparam("start_seconds", type_=BigInteger())
    return since // bindparam("step_seconds", type_=BigInteger())


def _source(
    table: Table, at: str, place: Place, of: tuple[str, ...], *shown: ColumnElement[Any], **counts: int
) -> Source:
    rows = select(table.c[at].label("at"), *shown).where(table.c.tenant_id == bindparam("tenant_id"))
    return Source(rows, table.c[at], place, of, counts)


def _or_nobody(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(column, bindparam(None, NOBODY, type_=column.type), type_=column.type)


_OF_INTERACTION: Place = {
    "agent_id": _or_nobody(INTERACTION.c.agent_id),
    "member_id": _or_nobody(INTERACTION.c.assigned_member_id),
}
_OF_INTERVIEW: Place = {"agent_id": _or_nobody(INTERVIEW.c.agent_id), "opening_id": INTERVIEW.c.opening_id}

_OF_CALL: Place = {
    "agent_id": CALL.c.agent_id,
    "member_id": _or_nobody(CALL.c.member_id),
    "direction": CALL.c.direction,
}


def _calls() -> Source:
    """Calls without a translation: their whole charge is their own."""
    seconds = CALL.c.duration_seconds.label("call_seconds"), CALL.c.billed_seconds
    found = _source(CALL, "started_at", _OF_CALL, (Activity.CALL,), *seconds, CALL.c.credits, activities=1)
    return Source(found.rows.where(CALL.c.translation_seconds == 0), found.at, _OF_CALL, found.activities, found.counts)


def _translated() -> Source:
    seconds = CALL.c.duration_seconds.label("call_seconds"), CALL.c.billed_seconds
    found = _source(CALL, "started_at", _OF_CALL, (Activity.CALL, Activity.TRANSLATION), *seconds, CALL.c.lines)
    return Source(found.rows.where(CALL.c.translation_seconds > 0), found.at, _OF_CALL, found.activities)


TRANSLATED_CALLS = _translated()


def _messages() -> Source:
    place: Place = {
        "agent_id": MESSAGE.c.agent_id,
        "member_id": _or_nobody(MESSAGE.c.member_id),
        "model": MESSAGE.c.model,
    }
    found = _source(MESSAGE, "sent_at", place, (Activity.MESSAGE,), MESSAGE.c.credits, activities=1)
    return Source(found.rows.where(MESSAGE.c.is_playground.is_(False)), found.at, place, found.activities, found.counts)


def _interviews(at: str, status: InterviewStatus | None = None, **counts: int) -> Source:
    found = _source(INTERVIEW, at, _OF_INTERVIEW, (Activity.INTERVIEW,), **counts)
    rows = found.rows.where(INTERVIEW.c.is_simulation.is_(False))
    if status is not None:
        rows = rows.where(INTERVIEW.c.status == status.value)
    return Source(rows, found.at, found.place, found.activities, counts)


def _reports() -> Source:
    place: Place = {"agent_id": _or_nobody(REPORT.c.agent_id), "opening_id": INTERVIEW.c.opening_id}
    rows = (
        select(REPORT.c.at.label("at"), REPORT.c.credits)
        .join(INTERVIEW, and_(INTERVIEW.c.tenant_id == REPORT.c.tenant_id, INTERVIEW.c.id == REPORT.c.interview_id))
        .where(REPORT.c.tenant_id == bindparam("tenant_id"))
    )
    return Source(rows, REPORT.c.at, place, (Activity.INTERVIEW,))


def _pieces(activity: Activity) -> Source:
    table = metadata.tables[activity.lower()]
    rows = (
        select(table.c.created_at.label("at"), table.c.credits)
        .join(
            INTERACTION, and_(INTERACTION.c.tenant_id == table.c.tenant_id, INTERACTION.c.id == table.c.interaction_id)
        )
        .where(table.c.tenant_id == bindparam("tenant_id"))
    )
    return Source(rows, table.c.created_at, _OF_INTERACTION, (activity,), {"activities": 1})


SIMPLE: tuple[Source, ...] = (
    _calls(),
    _messages(),
    _interviews("invited_at", interviews_invited=1),
    _interviews("furthest_at", InterviewStatus.COMPLETED, activities=1, interviews_completed=1),
    _interviews("furthest_at", InterviewStatus.PARTIAL, activities=1, interviews_partial=1),
    _reports(),
    _source(INTERACTION, "created_at", _OF_INTERACTION, ("",), interactions=1),
    *map(_pieces, (Activity.TRANSCRIPT, Activity.FACT, Activity.DOCUMENT)),
)
"""The sources whose rows are of one activity each."""

_WHO: Place = {name: _or_nobody(ENTRY.c[name]) for name in ("agent_id", "opening_id", "member_id")}
_about = (ENTRY.c.tenant_id == bindparam("tenant_id"), ENTRY.c.kind == EntryKind.REFUND)


def _refunds() -> Source:
    """Entries that give credits back, with what is known of the call or message that they are of."""
    call = and_(CALL.c.tenant_id == ENTRY.c.tenant_id, CALL.c.id == ENTRY.c.subject_id)
    message = and_(MESSAGE.c.tenant_id == ENTRY.c.tenant_id, MESSAGE.c.id == ENTRY.c.subject_id)
    rows = (
        select(
            ENTRY.c.occurred_at.label("at"),
            ENTRY.c.seq,
            ENTRY.c.subject_kind,
            ENTRY.c.subject_id,
            ENTRY.c.credits,
            CALL.c.started_at,
            case((CALL.c.translation_seconds > 0, CALL.c.lines), else_="").label("lines"),
        )
        .join(CALL, and_(call, ENTRY.c.subject_kind == SubjectKind.CALL), isouter=True)
        .join(MESSAGE, and_(message, ENTRY.c.subject_kind == SubjectKind.MESSAGE), isouter=True)
        .where(*_about)
    )
    place: Place = {
        **_WHO,
        "model": func.coalesce(MESSAGE.c.model, ""),
        "direction": func.coalesce(CALL.c.direction, ""),
    }
    return Source(rows, ENTRY.c.occurred_at, place, tuple(Activity))


REFUNDS = _refunds()

REFUNDED: Select[Any] = (
    select(ENTRY.c.seq, ENTRY.c.subject_id, ENTRY.c.credits)
    .where(
        *_about,
        ENTRY.c.occurred_at >= bindparam("since", type_=ENTRY.c.occurred_at.type),
        ENTRY.c.subject_id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(ENTRY.c.seq)
)
"""All that was ever given back of :ids, activities that happened :since, in the order in which it was."""
