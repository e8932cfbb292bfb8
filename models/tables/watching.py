"""What watchers ask of the ledger: where accounts stand, and what their entries moved."""

from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Select, and_, bindparam, case, cast, func, select

from models.rules.words import EntryKind, PoolKind
from models.tables.ledger import ACCOUNT, ALLOCATION, ENTRY, GRANT

_TENANT: BindParameter[Any] = bindparam("tenant_id")


def positions() -> Select[Any]:
    """How far the ledgers and alerts of :tenants go, and when something happens by itself next."""
    return _POSITIONS


def balances() -> Select[Any]:
    """The account of :tenant_id as it stands."""
    return _BALANCES


def entries_between() -> Select[Any]:
    """The entries of :tenant_id after seq :after and up to :until, in order."""
    return _ENTRIES


def available_at() -> Select[Any]:
    """What was available after the entry :seq of :tenant_id."""
    return _AVAILABLE


def held_between() -> Select[Any]:
    """What the entries of :tenant_id after seq :after and up to :until set aside, less what they gave back."""
    return _HELD


def pooled_between() -> Select[Any]:
    """What they moved into each pool's grants, less what they took from them."""
    return _POOLED


def _whole(total: ColumnElement[Any]) -> ColumnElement[int]:
    # PostgreSQL sums whole numbers into decimal ones.
    return cast(func.coalesce(func.sum(total), 0), BigInteger)


def _between(seq: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(seq > bindparam("after", type_=BigInteger()), seq <= bindparam("until", type_=BigInteger()))


_POSITIONS = select(ACCOUNT.c.tenant_id, ACCOUNT.c.seq, ACCOUNT.c.alert_seq, ACCOUNT.c.due_at).where(
    ACCOUNT.c.tenant_id.in_(bindparam("tenants", expanding=True))
)
_BALANCES = select(
    ACCOUNT.c.seq,
    ACCOUNT.c.alert_seq,
    ACCOUNT.c.due_at,
    ACCOUNT.c.held,
    ACCOUNT.c.overdrawn,
    ACCOUNT.c.plan_balance,
    ACCOUNT.c.top_up_balance,
).where(ACCOUNT.c.tenant_id == _TENANT)
_ENTRIES = select(*ENTRY.c).where(ENTRY.c.tenant_id == _TENANT, _between(ENTRY.c.seq)).order_by(ENTRY.c.seq)
_AVAILABLE = select(ENTRY.c.balance_after).where(
    ENTRY.c.tenant_id == _TENANT, ENTRY.c.seq == bindparam("seq", type_=BigInteger())
)
_HELD = select(_whole(-ENTRY.c.credits)).where(
    ENTRY.c.tenant_id == _TENANT, _between(ENTRY.c.seq), ENTRY.c.kind.in_((EntryKind.HOLD, EntryKind.RELEASE))
)
_INTO_POOLS: list[Any] = [
    _whole(case((GRANT.c.pool == pool, ALLOCATION.c.credits), else_=0)).label(pool.value) for pool in PoolKind
]
_POOLED = (
    select(*_INTO_POOLS)
    .join_from(
        ALLOCATION, GRANT, and_(GRANT.c.tenant_id == ALLOCATION.c.tenant_id, GRANT.c.id == ALLOCATION.c.grant_id)
    )
    .where(ALLOCATION.c.tenant_id == _TENANT, _between(ALLOCATION.c.seq))
)
