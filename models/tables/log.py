"""The call log, found through its counts: any page costs what the first one costs.

Days are counted down until the one that holds the page's first row, then that day's hours; only within the hour are
rows passed over.
"""

from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    Table,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    text,
)

from models.rules.words import EntryKind, SubjectKind
from models.tables import conversations, credits, usage
from models.tables.base import metadata
from models.tables.dialects import through_index
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
    narrowed = [
        COUNT.c.tenant_id == bindparam("tenant_id"),
        COUNT.c.agent_id == bindparam("counted_agent"),
        COUNT.c.member_id == bindparam("counted_member"),
    ]
    if ranged:
        narrowed += [
            day >= bindparam("first_day", type_=day.type),
            day <= bindparam("last_day", type_=day.type),
        ]
    return narrowed


@cache
def totals(*, ranged: bool) -> Select[Any]:
    """What the log of :tenant_id holds in all: of :counted_agent and :counted_member, from :first_day to :last_day."""
    names = ("rows", "calls", "credits_used", "credits_added")
    sums: list[Any] = [_whole_number(func.sum(COUNT.c[name])).label(name) for name in names]
    return select(*sums).where(*_counts(ranged=ranged), COUNT.c.hour == WHOLE_DAY)


@cache
def day_of_row(*, ranged: bool) -> Select[Any]:
    """The day in which the row after the :skipped newest ones lies, and how many rows come before that day."""
    through = _whole_number(func.sum(COUNT.c.rows).over(order_by=COUNT.c.day.desc()))
    days = select(COUNT.c.day, (through - COUNT.c.rows).label("before"), through.label("through")).where(
        *_counts(ranged=ranged), COUNT.c.hour == WHOLE_DAY
    )
    return _first_beyond(days, "day")


# Beside the day and not with it in one statement: a database that knows little of its tables would find the day anew
# for every hour.
@cache
def hour_of_row() -> Select[Any]:
    """The hour of :day in which the row after the :skipped newest ones of the day lies, and how many come before it."""
    through = _whole_number(func.sum(COUNT.c.rows).over(order_by=COUNT.c.hour.desc()))
    hours = select(COUNT.c.hour, (through - COUNT.c.rows).label("before"), through.label("through")).where(
        *_counts(ranged=False), COUNT.c.hour.in_(_HOURS), COUNT.c.day == bindparam("day", type_=COUNT.c.day.type)
    )
    return _first_beyond(hours, "hour")


def _first_beyond(parts: Select[Any], name: str) -> Select[Any]:
    """Of parts of the log, the newest that reaches beyond the :skipped rows."""
    counted = parts.subquery("counted")
    return (
        select(counted.c[name], counted.c.before)
        .where(counted.c.through > bindparam("skipped", type_=BigInteger()))
        .order_by(counted.c[name].desc())
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


@cache
def page(dialect: str) -> Select[Any]:
    """The rows of the log of :tenant_id from :starts_at to before :ends_at, the newest first, after some :passed."""
    keys = _keys(dialect)
    is_call = and_(
        CALL.c.tenant_id == ENTRY.c.tenant_id,
        CALL.c.id == ENTRY.c.subject_id,
        ENTRY.c.subject_kind == SubjectKind.CALL,
        ENTRY.c.kind == EntryKind.USAGE,
    )
    return (
        select(*_SHOWN)
        .join_from(keys, ENTRY, and_(ENTRY.c.tenant_id == bindparam("tenant_id"), ENTRY.c.seq == keys.c.seq))
        .join(CALL, is_call, isouter=True)
        .join(_LAST, and_(_LAST.c.tenant_id == CALL.c.tenant_id, _LAST.c.seq == CALL.c.last_seq), isouter=True)
        .order_by(keys.c.occurred_at.desc(), keys.c.seq.desc())
    )


def _keys(dialect: str) -> Subquery:
    """Where the rows of a page lie. While rows are passed over, nothing but their index is read."""
    tenant_id, seq, at = (literal_column(name, ENTRY.c[name].type) for name in ("tenant_id", "seq", "occurred_at"))
    return (
        select(seq, at)
        .select_from(through_index(dialect, ENTRY, "ix_entry_log"))
        # The index is for this very text.
        .where(tenant_id == bindparam("tenant_id"), text("in_log"), *_within(at))
        .order_by(at.desc(), seq.desc())
        .limit(ROWS_ON_A_PAGE)
        .offset(bindparam("passed", type_=BigInteger()))
        .subquery("keys")
    )


@cache
def page_of_calls(*, agent: bool, member: bool) -> Select[Any]:
    """The same of :agent_id, of :member_id or of both: only calls."""
    whose = [
        *([CALL.c.agent_id == bindparam("agent_id")] if agent else []),
        *([CALL.c.member_id == bindparam("member_id")] if member else []),
    ]
    calls = (
        select(CALL.c.id, CALL.c.started_at)
        .where(CALL.c.tenant_id == bindparam("tenant_id"), *whose, *_within(CALL.c.started_at))
        .order_by(CALL.c.started_at.desc(), CALL.c.id.desc())
        .limit(ROWS_ON_A_PAGE)
        .offset(bindparam("passed", type_=BigInteger()))
        .subquery("calls")
    )
    return (
        _SHOWN_OF_CALLS.join_from(
            calls, CALL, and_(CALL.c.tenant_id == bindparam("tenant_id"), CALL.c.id == calls.c.id)
        )
        .join(_LAST, and_(_LAST.c.tenant_id == CALL.c.tenant_id, _LAST.c.seq == CALL.c.last_seq))
        .order_by(calls.c.started_at.desc(), calls.c.id.desc())
    )


def _within(at: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    return [at >= bindparam("starts_at", type_=at.type), at < bindparam("ends_at", type_=at.type)]


_SHOWN_OF_CALLS = select(
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
