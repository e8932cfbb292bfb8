"""Runaway agents: of which days it was told, and what is read to judge an hour or a day of a tenant's agents.

A day is read from the roll-ups, an hour from the ledger: there it costs what happened in that hour of each day.
"""

from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Table,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlmodel import Field, SQLModel

from models.rules.runaways import DAYS_BACK
from models.rules.words import EntryKind
from models.tables import conversations, credits, hiring, tenants, usage
from models.tables.base import NOBODY, belongs_to, metadata


class RunawayDay(SQLModel, table=True):
    """A day on which an agent ran away, and of which it was told. Nobody is told of it twice."""

    __tablename__ = "runaway_day"
    __table_args__ = (belongs_to("agent", "agent_id"), {"sqlite_with_rowid": False})

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    day: date = Field(primary_key=True)
    agent_id: UUID = Field(primary_key=True)


_FILL_THE_METADATA = (conversations, credits, hiring, tenants, usage)
RUNAWAY_DAY: Table = metadata.tables["runaway_day"]
AGENT: Table = metadata.tables["agent"]
ENTRY: Table = metadata.tables["entry"]
MESSAGE: Table = metadata.tables["message"]
TENANT: Table = metadata.tables["tenant"]
USAGE_DAY: Table = metadata.tables["usage_day"]

_at, _day = ENTRY.c.occurred_at, USAGE_DAY.c.day


def tenants_in_use() -> Select[Any]:
    """The tenants, with their zones, that used anything from :since to before :until."""
    return _IN_USE


def told() -> Select[Any]:
    """The days since :first_day on which agents of :tenant_id ran away, as far as it was told."""
    return _TOLD


def names() -> Select[Any]:
    """The names of :agents of :tenant_id."""
    return _NAMES


def days_of_agents() -> Select[Any]:
    """What each agent of :tenant_id used of each activity on each of the :days."""
    return _DAYS


def habits() -> Select[Any]:
    """What each of the :agents of :tenant_id used on each day from :first_day to :last_day."""
    return _HABITS


@cache
def hours_of_agents(count: int = 1 + DAYS_BACK) -> Select[Any]:
    """What each agent of :tenant_id used of each kind in so many hours, the n-th from :start_n to before :end_n."""
    # Each hour by itself, so that each is found by the index; SQLite would read all entries for hours joined by OR.
    rows = union_all(*map(_entries_of_hour, range(count))).subquery("used")
    apart = (rows.c.agent_id, rows.c.hour, rows.c.subject_kind)
    # What corrects an activity is an entry of its own, so things are counted, and not entries.
    things = case((rows.c.kind == EntryKind.USAGE, rows.c.subject_id))
    return select(*apart, _sum(-rows.c.credits, "credits"), func.count(things.distinct()).label("activities")).group_by(
        *apart
    )


def _entries_of_hour(n: int) -> Select[Any]:
    of = (ENTRY.c.agent_id, ENTRY.c.kind, ENTRY.c.subject_kind, ENTRY.c.subject_id, ENTRY.c.credits)
    return select(literal_column(str(n), Integer()).label("hour"), *of).where(
        ENTRY.c.tenant_id == bindparam("tenant_id"),
        _instant(f"start_{n}") <= _at,
        _instant(f"end_{n}") > _at,
        or_(ENTRY.c.kind == EntryKind.USAGE, ENTRY.c.kind == EntryKind.REFUND),
        ENTRY.c.agent_id.is_not(None),
    )


def models_of_day() -> Select[Any]:
    """The credits that :agent_id of :tenant_id used for :activity on :day, by model."""
    return _MODELS_OF_DAY


def models_of_hour() -> Select[Any]:
    """The credits of the messages of :agent_id of :tenant_id from :start to before :end, by model."""
    return _MODELS_OF_HOUR


def _instant(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=_at.type)


def _sum(column: ColumnElement[Any], name: str) -> ColumnElement[int]:
    return cast(func.sum(column), BigInteger).label(name)


_IN_USE = select(TENANT.c.id, TENANT.c.time_zone).where(
    exists().where(
        ENTRY.c.tenant_id == TENANT.c.id,
        _instant("since") <= _at,
        _instant("until") > _at,
        ENTRY.c.kind == EntryKind.USAGE,
    )
)
_TOLD = select(RUNAWAY_DAY.c.agent_id, RUNAWAY_DAY.c.day).where(
    RUNAWAY_DAY.c.tenant_id == bindparam("tenant_id"),
    RUNAWAY_DAY.c.day >= bindparam("first_day", type_=RUNAWAY_DAY.c.day.type),
)
_NAMES = select(AGENT.c.id, AGENT.c.name).where(
    AGENT.c.tenant_id == bindparam("tenant_id"), AGENT.c.id.in_(bindparam("agents", expanding=True))
)
_MINE = USAGE_DAY.c.tenant_id == bindparam("tenant_id")
_DAYS = (
    select(
        USAGE_DAY.c.agent_id,
        _day,
        USAGE_DAY.c.activity,
        _sum(USAGE_DAY.c.credits, "credits"),
        _sum(USAGE_DAY.c.activities, "activities"),
    )
    .where(_MINE, _day.in_(bindparam("days", expanding=True)))
    .where(USAGE_DAY.c.agent_id != NOBODY, USAGE_DAY.c.activity != "")
    .group_by(USAGE_DAY.c.agent_id, _day, USAGE_DAY.c.activity)
)
_HABITS = (
    select(
        USAGE_DAY.c.agent_id,
        _day,
        _sum(USAGE_DAY.c.credits, "credits"),
        _sum(USAGE_DAY.c.activities, "activities"),
    )
    .where(_MINE, USAGE_DAY.c.agent_id.in_(bindparam("agents", expanding=True)))
    .where(_day >= bindparam("first_day", type_=_day.type), _day <= bindparam("last_day", type_=_day.type))
    .group_by(USAGE_DAY.c.agent_id, _day)
)
_MODELS_OF_DAY = (
    select(USAGE_DAY.c.model, _sum(USAGE_DAY.c.credits, "credits"))
    .where(_MINE, USAGE_DAY.c.agent_id == bindparam("agent_id"), _day == bindparam("day", type_=_day.type))
    .where(USAGE_DAY.c.activity == bindparam("activity"))
    .group_by(USAGE_DAY.c.model)
)
_MODELS_OF_HOUR = (
    select(MESSAGE.c.model, _sum(MESSAGE.c.credits, "credits"))
    .where(MESSAGE.c.tenant_id == bindparam("tenant_id"), MESSAGE.c.agent_id == bindparam("agent_id"))
    .where(MESSAGE.c.sent_at >= _instant("start"), MESSAGE.c.sent_at < _instant("end"))
    .group_by(MESSAGE.c.model)
)
