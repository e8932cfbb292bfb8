"""Statements about accounts as they stood: sums of their days, and of the entries within a day."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    select,
    values,
)

from models.rules.words import EntryKind, PoolKind
from models.tables import credits, usage
from models.tables.base import metadata

_FILL_THE_METADATA = (credits, usage)

BALANCE_DAY: Table = metadata.tables["balance_day"]
ENTRY: Table = metadata.tables["entry"]
_ALLOCATION: Table = metadata.tables["entry_allocation"]
_GRANT: Table = metadata.tables["credit_grant"]

_day, _at = BALANCE_DAY.c.day, ENTRY.c.occurred_at


def _sum(amount: ColumnElement[Any]) -> Any:
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)


_OF_TENANT = BALANCE_DAY.c.tenant_id == bindparam("tenant_id")

BEFORE_DAY: Select[Any] = select(
    *(_sum(BALANCE_DAY.c[name]).label(name) for name in ("available", "held", "plan_balance", "top_up_balance")),
    func.coalesce(func.max(BALANCE_DAY.c.last_seq), 0).label("last_seq"),
).where(_OF_TENANT, _day < bindparam("day", type_=_day.type))
"""How the account of :tenant_id stood when a :day began."""

DAYS: Select[Any] = (
    select(_day, BALANCE_DAY.c.available)
    .where(_OF_TENANT, _day >= bindparam("first_day", type_=_day.type), _day <= bindparam("last_day", type_=_day.type))
    .order_by(_day)
)
"""The days from :first_day to :last_day that changed the account of :tenant_id, each with its change."""

FIRST_DAY: Select[Any] = select(func.min(_day)).where(_OF_TENANT)
"""The first day that changed the account of :tenant_id."""

_WITHIN = and_(
    ENTRY.c.tenant_id == bindparam("tenant_id"),
    _at >= bindparam("since", type_=_at.type),
    _at <= bindparam("at", type_=_at.type),
)
_IS_HOLDING = ENTRY.c.kind.in_([EntryKind.HOLD, EntryKind.RELEASE])

WITHIN_DAY: Select[Any] = select(
    _sum(ENTRY.c.credits).label("available"),
    _sum(case((_IS_HOLDING, -ENTRY.c.credits), else_=0)).label("held"),
    func.coalesce(func.max(ENTRY.c.seq), 0).label("last_seq"),
).where(_WITHIN)
"""How the entries of :tenant_id from :since to :at, both included, changed the account."""

POOLS_WITHIN_DAY: Select[Any] = (
    select(
        *(
            _sum(case((_GRANT.c.pool == pool, _ALLOCATION.c.credits), else_=0)).label(name)
            for pool, name in ((PoolKind.PLAN, "plan_balance"), (PoolKind.TOP_UP, "top_up_balance"))
        )
    )
    .join_from(ENTRY, _ALLOCATION, and_(_ALLOCATION.c.tenant_id == ENTRY.c.tenant_id, _ALLOCATION.c.seq == ENTRY.c.seq))
    .join(_GRANT, and_(_GRANT.c.tenant_id == ENTRY.c.tenant_id, _GRANT.c.id == _ALLOCATION.c.grant_id))
    .where(_WITHIN)
)
"""How they changed the pools."""


def changes_within(spans: Sequence[tuple[datetime, datetime]]) -> Select[Any]:
    """How the entries of :tenant_id within each span of time changed what is available; its end is not part of it."""
    span = values(column("starts_at", _at.type), column("ends_at", _at.type), name="span").data(spans).cte("spans")
    changed = (
        select(_sum(ENTRY.c.credits))
        .where(ENTRY.c.tenant_id == bindparam("tenant_id"), span.c.starts_at <= _at, span.c.ends_at > _at)
        .scalar_subquery()
    )
    return select(changed.label("available")).select_from(span).order_by(span.c.starts_at)
