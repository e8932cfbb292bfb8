"""Rules for automatic top-ups, and what past and pending purchases say of them."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, BindParameter, Select, Table, bindparam, cast, func, literal_column, select
from sqlmodel import Field, SQLModel

from models.rules.words import TopUpStatus
from models.tables import credits
from models.tables.base import metadata, never_negative


class AutoRecharge(SQLModel, table=True):
    """One tenant's rule for automatic top-ups. How long it is suspended stands in the account."""

    __tablename__ = "auto_recharge"
    __table_args__ = never_negative("threshold", "amount", "target_balance", "monthly_cap", "failures")

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    enabled: bool
    threshold: int = Field(sa_type=BigInteger)
    amount: int = Field(sa_type=BigInteger)
    target_balance: int | None = Field(default=None, sa_type=BigInteger)
    monthly_cap: int | None = Field(default=None, sa_type=BigInteger)
    failures: int = 0
    """How many of its purchases have failed since the last one that was paid."""
    last_failure: str | None = None
    capped_in: int | None = None
    """The number of the billing period in which it was last told that the cap is reached."""


_FILL_THE_METADATA = (credits,)
AUTO_RECHARGE: Table = metadata.tables["auto_recharge"]
TOP_UP: Table = metadata.tables["top_up"]
ENTRY: Table = metadata.tables["entry"]
ACCOUNT: Table = metadata.tables["account"]

_TENANT: BindParameter[Any] = bindparam("tenant_id")
_AT = ENTRY.c.occurred_at


def rule() -> Select[Any]:
    """The rule of :tenant_id, with what all pending top-ups bring and what automatic ones took since :starts_at."""
    return _RULE


def moments_below(*, until: bool) -> Select[Any]:
    """When less than :threshold was available to :tenant_id, in the order of time: at, available.

    A row for each moment since :starts_at, and before :ends_at if until, at which something happened.
    """
    return _moments_below(until)


# Written out, since the index of the pending ones is for this very text.
_PENDING = select(cast(func.coalesce(func.sum(TOP_UP.c.credits), 0), BigInteger)).where(
    TOP_UP.c.tenant_id == _TENANT, literal_column("status = 'PENDING'")
)
_SPENT = select(cast(func.coalesce(func.sum(TOP_UP.c.credits), 0), BigInteger)).where(
    TOP_UP.c.tenant_id == _TENANT,
    TOP_UP.c.requested_at >= bindparam("starts_at", type_=TOP_UP.c.requested_at.type),
    TOP_UP.c.automatic,
    TOP_UP.c.status != TopUpStatus.FAILED,
)
_RULE = select(
    *AUTO_RECHARGE.c,
    _PENDING.scalar_subquery().label("pending"),
    _SPENT.scalar_subquery().label("spent"),
).where(AUTO_RECHARGE.c.tenant_id == _TENANT)


@cache
def _moments_below(until: bool) -> Select[Any]:
    since = bindparam("starts_at", type_=_AT.type) <= _AT
    mine = ENTRY.c.tenant_id == _TENANT
    now = select(ACCOUNT.c.plan_balance + ACCOUNT.c.top_up_balance - ACCOUNT.c.overdrawn - ACCOUNT.c.held).where(
        ACCOUNT.c.tenant_id == _TENANT
    )
    moved_since = select(func.coalesce(func.sum(ENTRY.c.credits), 0)).where(mine, since)
    before = now.scalar_subquery() - moved_since.scalar_subquery()
    # A moment counts once all of it has happened: the end of a grant and the next one's beginning are one.
    moved = select(_AT, func.sum(ENTRY.c.credits).label("credits")).where(mine, since).group_by(_AT).subquery()
    available = cast(before + func.sum(moved.c.credits).over(order_by=moved.c.occurred_at), BigInteger)
    standings = select(moved.c.occurred_at.label("at"), available.label("available")).subquery()
    low = select(standings.c.at, standings.c.available).where(
        standings.c.available < bindparam("threshold", type_=BigInteger())
    )
    if until:
        low = low.where(standings.c.at < bindparam("ends_at", type_=_AT.type))
    return low.order_by(standings.c.at)
