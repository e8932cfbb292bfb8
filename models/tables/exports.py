"""Files of usage: what stands in them, and the secret that their links are signed with."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    Table,
    bindparam,
    func,
    or_,
    select,
    text,
)
from sqlmodel import Field, SQLModel

from models.rules.exports import ExportWish
from models.rules.words import InterviewStatus
from models.tables import hiring
from models.tables.base import NOBODY, metadata
from models.tables.usage import COUNTS
from models.tables.usage_sums import USAGE_DAY, narrowed

_FILL_THE_METADATA = (hiring,)

_INTERVIEW: Table = metadata.tables["interview"]


class ExportSecret(SQLModel, table=True):
    """What all processes sign the links with. One row, made when the first link is."""

    __tablename__ = "export_secret"
    __table_args__ = (CheckConstraint("id = 1", name="there_is_one"),)

    id: int = Field(primary_key=True, sa_type=Integer)
    secret: bytes


_SECRET: Table = metadata.tables["export_secret"]

SECRET = select(_SECRET.c.secret)
KEEP_SECRET = text("INSERT INTO export_secret (id, secret) VALUES (1, :secret) ON CONFLICT (id) DO NOTHING").bindparams(
    bindparam("secret", type_=LargeBinary)
)
"""Keeps :secret, unless there is one already."""


# ---------------------------------------------------------------- rows

PLACE = ("day", "agent_id", "opening_id", "member_id", "activity", "model", "direction")
"""What tells the rows of a tenant apart, in the order of their key."""


@cache
def rows(used: frozenset[str]) -> Select[Any]:
    """The usage of :tenant_id from :first_day to :last_day, narrowed by the filters that are used, oldest first."""
    columns = (USAGE_DAY.c[name] for name in (*PLACE, *COUNTS))
    return select(*columns).where(*_of_wish(used)).order_by(*(USAGE_DAY.c[name] for name in PLACE))


@cache
def row_count(used: frozenset[str]) -> Select[Any]:
    return select(func.count()).select_from(USAGE_DAY).where(*_of_wish(used))


def values_of(wish: ExportWish) -> Mapping[str, Any]:
    """What the statements above want to know of a wish."""
    days = {"first_day": wish.days.first, "last_day": wish.days.last}
    return {"tenant_id": wish.tenant_id, **days, **dict(wish.filters)}


def used_by(wish: ExportWish) -> frozenset[str]:
    return frozenset(name for name, _ in wish.filters)


def _of_wish(used: frozenset[str]) -> list[ColumnElement[bool]]:
    day = USAGE_DAY.c.day
    return [
        USAGE_DAY.c.tenant_id == bindparam("tenant_id"),
        day >= bindparam("first_day", type_=day.type),
        day <= bindparam("last_day", type_=day.type),
        *narrowed(used),
        # Corrections can leave a row that counts nothing.
        or_(*(USAGE_DAY.c[name] != 0 for name in COUNTS)),
    ]


# ---------------------------------------------------------------- names, and candidates by their states

NAMES: dict[str, Select[Any]] = {
    column: select(table.c.id, label.label("name")).where(
        table.c.tenant_id == bindparam("tenant_id"), table.c.id.in_(bindparam("ids", expanding=True))
    )
    for column, table, label in (
        ("agent_id", metadata.tables["agent"], metadata.tables["agent"].c.name),
        ("opening_id", metadata.tables["opening"], metadata.tables["opening"].c.job_title),
        ("member_id", metadata.tables["member"], metadata.tables["member"].c.name),
    )
}
"""What :ids of :tenant_id are called, by the column that holds the ids."""

_invited_at = _INTERVIEW.c.invited_at
_agent_id = func.coalesce(_INTERVIEW.c.agent_id, bindparam("nobody", NOBODY, type_=_INTERVIEW.c.agent_id.type))

WAITING: Select[Any] = (
    select(_agent_id.label("agent_id"), _INTERVIEW.c.opening_id, _INTERVIEW.c.status, func.count().label("candidates"))
    .where(
        _INTERVIEW.c.tenant_id == bindparam("tenant_id"),
        _invited_at >= bindparam("starts_at", type_=_invited_at.type),
        _invited_at < bindparam("ends_at", type_=_invited_at.type),
        _INTERVIEW.c.status.in_((InterviewStatus.INVITED, InterviewStatus.STARTED)),
        _INTERVIEW.c.is_simulation.is_(False),
    )
    .group_by(_agent_id, _INTERVIEW.c.opening_id, _INTERVIEW.c.status)
)
"""Candidates of :tenant_id who were invited from :starts_at to :ends_at and have not been interviewed yet."""
