"""The call log, found through its counts: any page costs what the first one costs.

Days are counted down until the one that holds the page's first row, then that day's hours; only within the hour are
rows passed over.
"""

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Table, and_, bindparam, cast, func, select

from models.rules.words import EntryKind, SubjectKind
from models.tables import conversations, credits, usage
from models.tables.base import metadata
from models.tables.usage import WHOLE_DAY

_FILL_THE_METADATA = (conversations, credits, usage)

COUNT: Table = metadata.tables["log_count"]
ENTRY: Table = metadata.tables["entry"]
CALL: Table = metadata.tables["call"]

ROWS_ON_A_PAGE = 10
# A day has up to 25 hours where clocks are set back; zones have moved by more.
_HOURS = list(range(50))


def _whole_number(column: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.coalesce(column, 0), BigInteger)


def _counts(*, ranged: bool) -> list[ColumnElement[bool]]:
    day = COUNT.c.day
    narrowed = [COUNT.c.tenant_id == bindparam("tenant_id"), COUNT.c.agent_id == bindparam("counted_agent")]
    if ranged:
        narrowed += [
            day >= bindparam("first_day", type_=day.type),
            day <= bindparam("last_day", type_=day.type),
        ]
    return narrowed


@cache
def totals(*, ranged: bool) -> Select[Any]:
    """What the log of :tenant_id holds in all: of :counted_agent, of the days from :first_day to :last_day."""
    names = ("rows", "calls", "credits_used", "credits_added")
    sums: list[Any] = [_whole_number(func.sum(COUNT.c[name])).label(name) for name in names]
    return select(*sums).where(*_counts(ranged=ranged), COUNT.c.hour == WHOLE_DAY)


@cache
def hour_of_row(*, ranged: bool) -> Select[Any]:
    """The day and hour in which the row after the :skipped newest ones lies, and how many come before that hour."""
    counted, skipped = _counts(ranged=ranged), bindparam("skipped", type_=BigInteger())
    newest_days = _whole_number(func.sum(COUNT.c.rows).over(order_by=COUNT.c.day.desc()))
    days = (
        select(COUNT.c.day, COUNT.c.rows, newest_days.label("through"))
        .where(*counted, COUNT.c.hour == WHOLE_DAY)
        .subquery("days")
    )
    the_day = (
        select(days.c.day, (days.c.through - days.c.rows).label("before"))
        .where(days.c.through > skipped)
        .order_by(days.c.day.desc())
        .limit(1)
        .subquery("the_day")
    )
    newest_hours = _whole_number(func.sum(COUNT.c.rows).over(order_by=COUNT.c.hour.desc()))
    hours = (
        select(COUNT.c.day, COUNT.c.hour, COUNT.c.rows, (the_day.c.before + newest_hours).label("through"))
        .join_from(the_day, COUNT, COUNT.c.day == the_day.c.day)
        .where(*counted, COUNT.c.hour.in_(_HOURS))
        .subquery("hours")
    )
    return (
        select(hours.c.day, hours.c.hour, (hours.c.through - hours.c.rows).label("before"))
        .where(hours.c.through > skipped)
        .order_by(hours.c.hour.desc())
        .limit(1)
    )


_LAST = ENTRY.alias("last")

_SHOWN = (
    ENTRY.c.tenant_id,
    CALL.c.id.label("call_id"),
    CALL.c.credits,
    CALL.c.refunded,
    CALL.c.remarks.label("call_remarks"),
    func.coalesce(_LAST.c.seq, ENTRY.c.seq).label("seq"),
    func.coalesce(_LAST.c.balance_after, ENTRY.c.balance_after).label("balance_after"),
    ENTRY.c.occurred_at.label("at"),
    ENTRY.c.kind,
    ENTRY.c.credits.label("moved"),
    ENTRY.c.remarks,
)


def page() -> Select[Any]:
    """The rows of the log of :tenant_id from :starts_at to before :ends_at, the newest first, after some :passed."""
    return _PAGE


def page_of_agent() -> Select[Any]:
    """The same of :agent_id: only calls."""
    return _PAGE_OF_AGENT


def _within(at: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    return [at >= bindparam("starts_at", type_=at.type), at < bindparam("ends_at", type_=at.type)]


# The keys alone are read from their index while rows are passed over.
_keys = (
    select(ENTRY.c.seq, ENTRY.c.occurred_at)
    .where(ENTRY.c.tenant_id == bindparam("tenant_id"), ENTRY.c.in_log, *_within(ENTRY.c.occurred_at))
    .order_by(ENTRY.c.occurred_at.desc(), ENTRY.c.seq.desc())
    .limit(ROWS_ON_A_PAGE)
    .offset(bindparam("passed", type_=BigInteger()))
    .subquery("keys")
)
_PAGE = (
    select(*_SHOWN)
    .join_from(_keys, ENTRY, and_(ENTRY.c.tenant_id == bindparam("tenant_id"), ENTRY.c.seq == _keys.c.seq))
    .join(
        CALL,
        and_(
            CALL.c.tenant_id == ENTRY.c.tenant_id,
            CALL.c.id == ENTRY.c.subject_id,
            ENTRY.c.subject_kind == SubjectKind.CALL,
            ENTRY.c.kind == EntryKind.USAGE,
        ),
        isouter=True,
    )
    .join(_LAST, and_(_LAST.c.tenant_id == CALL.c.tenant_id, _LAST.c.seq == CALL.c.last_seq), isouter=True)
    .order_by(_keys.c.occurred_at.desc(), _keys.c.seq.desc())
)

_calls = (
    select(CALL.c.id, CALL.c.started_at)
    .where(
        CALL.c.tenant_id == bindparam("tenant_id"),
        CALL.c.agent_id == bindparam("agent_id"),
        *_within(CALL.c.started_at),
    )
    .order_by(CALL.c.started_at.desc(), CALL.c.id.desc())
    .limit(ROWS_ON_A_PAGE)
    .offset(bindparam("passed", type_=BigInteger()))
    .subquery("calls")
)
_PAGE_OF_AGENT = (
    select(
        CALL.c.tenant_id,
        CALL.c.id.label("call_id"),
        CALL.c.credits,
        CALL.c.refunded,
        CALL.c.remarks.label("call_remarks"),
        _LAST.c.seq,
        _LAST.c.balance_after,
        CALL.c.started_at.label("at"),
        _LAST.c.kind,
        _LAST.c.credits.label("moved"),
        _LAST.c.remarks,
    )
    .join_from(_calls, CALL, and_(CALL.c.tenant_id == bindparam("tenant_id"), CALL.c.id == _calls.c.id))
    .join(_LAST, and_(_LAST.c.tenant_id == CALL.c.tenant_id, _LAST.c.seq == CALL.c.last_seq))
    .order_by(_calls.c.started_at.desc(), _calls.c.id.desc())
)
