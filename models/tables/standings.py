"""Accounts as they are read: one statement tells one state."""

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Label, Select, Table, bindparam, cast, func, select

from models.rules.words import PoolKind
from models.tables import credits, usage
from models.tables.base import metadata

_FILL_THE_METADATA = (credits, usage)

ACCOUNT: Table = metadata.tables["account"]
POOL: Table = metadata.tables["credit_pool"]
USAGE_DAY: Table = metadata.tables["usage_day"]
POOL_DAY: Table = metadata.tables["pool_day"]

_STANDING = (
    "tenant_id",
    "seq",
    "plan_balance",
    "top_up_balance",
    "overdrawn",
    "held",
    "due_at",
    "low_balance_thresholds",
    "recharge_again_at",
)


@cache
def standing(*, sums: bool) -> Select[Any]:
    """The account of :tenant_id with its pools; if sums, with what came in and was used on :first_day to :last_day."""
    plan, top_up = POOL.alias("plan_pool"), POOL.alias("top_up_pool")
    columns: list[Any] = [ACCOUNT.c[name] for name in _STANDING]
    for pool, kind in ((plan, PoolKind.PLAN), (top_up, PoolKind.TOP_UP)):
        columns += [pool.c.id.label(f"{kind}_id"), pool.c.name.label(f"{kind}_name")]
    return (
        select(*columns, *(_sums() if sums else ()))
        .join(plan, (plan.c.tenant_id == ACCOUNT.c.tenant_id) & (plan.c.kind == PoolKind.PLAN))
        .join(top_up, (top_up.c.tenant_id == ACCOUNT.c.tenant_id) & (top_up.c.kind == PoolKind.TOP_UP))
        .where(ACCOUNT.c.tenant_id == bindparam("tenant_id"))
    )


def _sums() -> list[Label[int]]:
    sums = [_sum(USAGE_DAY, USAGE_DAY.c.credits).label("used")]
    for kind in PoolKind:
        of_pool = POOL_DAY.c.pool == kind
        sums += [
            _sum(POOL_DAY, POOL_DAY.c.granted, of_pool).label(f"{kind}_granted"),
            _sum(POOL_DAY, POOL_DAY.c.used, of_pool).label(f"{kind}_used"),
        ]
    return sums


def _sum(table: Table, column: ColumnElement[int], *where: ColumnElement[bool]) -> Any:
    day = table.c.day
    total = select(cast(func.coalesce(func.sum(column), 0), BigInteger)).where(
        table.c.tenant_id == bindparam("tenant_id"),
        day >= bindparam("first_day", type_=day.type),
        day <= bindparam("last_day", type_=day.type),
        *where,
    )
    return total.scalar_subquery()


POOLS = select(*POOL.c).where(POOL.c.tenant_id == bindparam("tenant_id"))


@cache
def owner(kind: str) -> Select[Any]:
    """The tenant of the :id of a kind whose table has an index on it alone."""
    table = metadata.tables[kind]
    return select(table.c.tenant_id).where(table.c.id == bindparam("id")).limit(1)
