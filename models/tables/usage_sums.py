"""Sums of usage from its days: in all, by day, and by whatever else a day's usage is kept by.

A statement depends on what it sums by and on which filters are used, not on their values, so that it is made once.
"""

from collections.abc import Collection, Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, Table, bindparam, cast, func, literal_column, select

from models.rules.words import UsageDimension
from models.tables import tenants, usage
from models.tables.base import metadata
from models.tables.dialects import ThroughIndex
from models.tables.usage import COUNTS

_FILL_THE_METADATA = (tenants, usage)

USAGE_DAY: Table = metadata.tables["usage_day"]
TENANT: Table = metadata.tables["tenant"]
_day = USAGE_DAY.c.day

COLUMN_OF: dict[UsageDimension, str] = {
    UsageDimension.TENANT: "tenant_id",
    UsageDimension.AGENT: "agent_id",
    UsageDimension.OPENING: "opening_id",
    UsageDimension.MEMBER: "member_id",
    UsageDimension.ACTIVITY: "activity",
    UsageDimension.MODEL: "model",
    UsageDimension.DIRECTION: "direction",
}

LISTS = {
    "tenant_ids": "tenant_id",
    "agent_ids": "agent_id",
    "opening_ids": "opening_id",
    "member_ids": "member_id",
    "activities": "activity",
    "models": "model",
}
"""The filters that are lists of alternatives, with the columns that they narrow."""


_INDEXES = {f"{kind}_id": f"ix_usage_day_tenant_id_{kind}_id_day" for kind in ("agent", "opening", "member")}
"""By whose column an index leads to the days of one of them."""

Columns = Mapping[str, ColumnElement[Any]]
_BOUND: Columns = {column.name: column for column in USAGE_DAY.c}
_UNBOUND: Columns = {column.name: literal_column(column.name, column.type) for column in USAGE_DAY.c}
"""The columns as words, for a table that is named in words too."""

Values = tuple[Any, ...] | str


class Question(NamedTuple):
    """What is to be summed, for one owner or for several at once. Equal questions are asked together."""

    of: str
    """The column that names the owner; empty for all tenants."""
    tenant_id: UUID | None
    """Whose owners they are, where the tenant is not the owner itself."""
    first_day: date
    last_day: date
    by: tuple[str, ...] = ()
    filters: tuple[tuple[str, Values], ...] = ()

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    def statement(self, *, alone: bool = False) -> Select[Any]:
        """Asked of one owner `alone`, or of any number."""
        used = frozenset(name for name, _ in self.filters)
        return sums(of=self.of, by=self.by, used=used, alone=alone and self.of in _INDEXES)

    def values(self, owner_ids: Collection[UUID]) -> Mapping[str, Any]:
        values = {"first_day": self.first_day, "last_day": self.last_day, **dict(self.filters)}
        return {**values, "tenant_id": self.tenant_id, "owner_ids": list(owner_ids)}


@cache
def sums(*, of: str, by: tuple[str, ...], used: frozenset[str], alone: bool = False) -> Select[Any]:
    """What was used from :first_day to :last_day, a row for each activity.

    `of` a column: apart for each of its :owner_ids, as `owner`; of :tenant_id, where that is not the column. Without
    it: of all tenants. `by` columns: apart for each of their values. Narrowed by the filters that are used. `alone`:
    there is one owner, whose days are found by their index; those of many are found among all days of the tenant.
    """
    columns = _UNBOUND if alone else _BOUND
    owner = [columns[of].label("owner")] if of else []
    apart = [*owner, *(columns[name] for name in by if name != "activity"), columns["activity"]]
    added: list[Any] = [cast(func.sum(columns[name]), BigInteger).label(name) for name in COUNTS]
    day = columns["day"]
    statement = (
        select(*apart, *added)
        .where(*_whose(of, columns), *narrowed(used, columns))
        .where(day >= bindparam("first_day", type_=day.type), day <= bindparam("last_day", type_=day.type))
        .group_by(*apart)
    )
    return statement.select_from(ThroughIndex(USAGE_DAY, _INDEXES[of])) if alone else statement


def _whose(of: str, columns: Columns) -> list[ColumnElement[bool]]:
    if not of:
        # One look-up for each tenant: their days lie apart.
        return [columns["tenant_id"].in_(select(TENANT.c.id))]
    owned = [_one_of(columns[of], "owner_ids")]
    return owned if of == "tenant_id" else [columns["tenant_id"] == bindparam("tenant_id"), *owned]


def narrowed(used: frozenset[str], columns: Columns | None = None) -> list[ColumnElement[bool]]:
    columns = columns or _BOUND
    found = [_one_of(columns[column], name) for name, column in LISTS.items() if name in used]
    return [*found, columns["direction"] == bindparam("direction")] if "direction" in used else found


def _one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column.in_(bindparam(name, expanding=True))


def _edges(tenant_id: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """The first and the last day of a tenant; each by itself, so that it is found and not searched for."""
    days = select(_day).where(USAGE_DAY.c.tenant_id == tenant_id).limit(1).correlate(TENANT)
    return [
        days.order_by(_day).scalar_subquery().label("first"),
        days.order_by(_day.desc()).scalar_subquery().label("last"),
    ]


DAYS_OF_TENANT: Select[Any] = select(*_edges(bindparam("tenant_id", type_=USAGE_DAY.c.tenant_id.type)))
"""The first and the last day on which :tenant_id used anything; null where it never did."""

CREDITS_BY_DAY: Select[Any] = (
    select(_day, cast(func.sum(USAGE_DAY.c.credits), BigInteger).label("credits"))
    .where(USAGE_DAY.c.tenant_id == bindparam("tenant_id", type_=USAGE_DAY.c.tenant_id.type))
    .group_by(_day)
)
"""What :tenant_id used on each day on which it used anything, less refunds."""

_each = select(*_edges(TENANT.c.id)).select_from(TENANT).subquery("each")
DAYS_OF_ALL: Select[Any] = select(func.min(_each.c.first).label("first"), func.max(_each.c.last).label("last"))
"""The same of all tenants together."""
