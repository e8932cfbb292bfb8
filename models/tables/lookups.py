"""Rows by their ids: of one tenant, or, for operators, of whichever tenant they belong to."""

from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Row, Select, Table, and_, bindparam, func, literal_column, or_, select

from models.rules.words import EntryKind
from models.tables import conversations, credits, hiring, interactions, keys, tenants, usage
from models.tables.base import metadata
from models.tables.dialects import ThroughIndex

_FILL_THE_METADATA = (conversations, credits, hiring, interactions, keys, tenants, usage)

TENANT: Table = metadata.tables["tenant"]
PLAN: Table = metadata.tables["plan"]
TENANT_PLAN: Table = metadata.tables["tenant_plan"]
RATE_LIST: Table = metadata.tables["rate_list"]
RATE: Table = metadata.tables["rate"]
MEMBER: Table = metadata.tables["member"]
AGENT: Table = metadata.tables["agent"]
ENTRY: Table = metadata.tables["entry"]
ALLOCATION: Table = metadata.tables["entry_allocation"]
DEBT: Table = metadata.tables["debt"]
USAGE_DAY: Table = metadata.tables["usage_day"]

Found = Row[Any]

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
# Not every table has an index on its id alone: one look-up for each tenant finds the row all the same.
_ALL_TENANTS = select(TENANT.c.id)


@cache
def of_tenant(kind: str) -> Select[Any]:
    """The rows with :ids of :tenant_id, of the table that is named as the kind is."""
    table = metadata.tables[kind]
    return select(*table.c).where(table.c.tenant_id == bindparam("tenant_id"), table.c.id.in_(_IDS))


@cache
def of_any_tenant(kind: str) -> Select[Any]:
    """The rows with :ids, whatever their tenant."""
    table = metadata.tables[kind]
    return select(*table.c).where(table.c.tenant_id.in_(_ALL_TENANTS), table.c.id.in_(_IDS))


def tenants_by_id() -> Select[Any]:
    return _TENANTS


def plans_by_id() -> Select[Any]:
    return _PLANS


def all_plans() -> Select[Any]:
    return _ALL_PLANS


def plans_in_force() -> Select[Any]:
    """Of each of :ids, tenants, the plan :at a moment, with the tenant's id as on_plan."""
    return _PLANS_IN_FORCE


def rates_of_plans() -> Select[Any]:
    """Every price of the plans :ids with the list it stands in, in the order in which lists count."""
    return _RATES


def seats_taken() -> Select[Any]:
    """How many members each of :ids, tenants, has."""
    return _SEATS


def slots_taken() -> Select[Any]:
    """How many live agents each of :ids, tenants, has."""
    return _SLOTS


def allocations_of() -> Select[Any]:
    """What each grant paid for :ids, activities of :tenant_id; what refunds of them gave back is left aside."""
    return _ALLOCATIONS


def owed_for() -> Select[Any]:
    """What is still owed for :ids, activities of :tenant_id."""
    return _OWED


def interviews_of_openings() -> Select[Any]:
    """What the roll-ups know of :ids, openings of :tenant_id."""
    return _OPENINGS


_TENANTS = select(*TENANT.c).where(TENANT.c.id.in_(_IDS))
_PLANS = select(*PLAN.c).where(PLAN.c.id.in_(_IDS))
_ALL_PLANS = select(*PLAN.c).order_by(PLAN.c.created_at, PLAN.c.id)

_latest = TENANT_PLAN.alias("latest")
_PLANS_IN_FORCE = (
    select(TENANT_PLAN.c.tenant_id.label("on_plan"), *PLAN.c)
    .join(PLAN, PLAN.c.id == TENANT_PLAN.c.plan_id)
    .where(
        TENANT_PLAN.c.tenant_id.in_(_IDS),
        TENANT_PLAN.c.effective_at
        == select(func.max(_latest.c.effective_at))
        .where(
            _latest.c.tenant_id == TENANT_PLAN.c.tenant_id,
            _latest.c.effective_at <= bindparam("at", type_=TENANT_PLAN.c.effective_at.type),
        )
        .scalar_subquery(),
    )
)

_RATES = (
    select(
        RATE_LIST.c.plan_id,
        RATE_LIST.c.id.label("list_id"),
        RATE_LIST.c.effective_from,
        RATE_LIST.c.recorded_at,
        RATE.c.activity,
        RATE.c.model,
        RATE.c.unit,
        RATE.c.credits,
    )
    .join_from(RATE_LIST, RATE, RATE.c.list_id == RATE_LIST.c.id, isouter=True)
    .where(RATE_LIST.c.plan_id.in_(_IDS))
    .order_by(RATE_LIST.c.plan_id, RATE_LIST.c.recorded_at, RATE_LIST.c.id)
)

_SEATS = (
    select(MEMBER.c.tenant_id.label("id"), func.count().label("taken"))
    .where(MEMBER.c.tenant_id.in_(_IDS), MEMBER.c.removed_at.is_(None))
    .group_by(MEMBER.c.tenant_id)
)
_SLOTS = (
    select(AGENT.c.tenant_id.label("id"), func.count().label("taken"))
    .where(AGENT.c.tenant_id.in_(_IDS), AGENT.c.is_live)
    .group_by(AGENT.c.tenant_id)
)

_own = {column.name: literal_column(column.name, column.type) for column in ALLOCATION.c}
_PAID = (
    select(*(_own[name] for name in ("tenant_id", "activity_id", "grant_id", "credits", "seq", "position")))
    # Without being told SQLite reads all that the tenant's grants ever paid.
    .select_from(ThroughIndex(ALLOCATION, "ix_entry_allocation_activity"))
    .where(_own["tenant_id"] == bindparam("tenant_id"), _own["activity_id"].in_(_IDS))
    .subquery("paid")
)
_ALLOCATIONS = (
    select(_PAID.c.activity_id, _PAID.c.grant_id, _PAID.c.credits, ENTRY.c.kind)
    .join_from(_PAID, ENTRY, and_(ENTRY.c.tenant_id == _PAID.c.tenant_id, ENTRY.c.seq == _PAID.c.seq))
    # A refund's entry is about what it gives back of; what it repays is another activity's.
    .where(or_(ENTRY.c.kind != EntryKind.REFUND, ENTRY.c.subject_id != _PAID.c.activity_id))
    .order_by(_PAID.c.seq, _PAID.c.position)
)
_OWED = select(DEBT.c.activity_id, DEBT.c.owed).where(
    DEBT.c.tenant_id == bindparam("tenant_id"), DEBT.c.activity_id.in_(_IDS)
)
_OPENINGS = (
    select(
        USAGE_DAY.c.opening_id,
        func.sum(USAGE_DAY.c.interviews_invited).label("invited"),
        func.sum(USAGE_DAY.c.interviews_completed).label("completed"),
        func.sum(USAGE_DAY.c.credits).label("credits"),
    )
    .where(USAGE_DAY.c.tenant_id == bindparam("tenant_id"), USAGE_DAY.c.opening_id.in_(_IDS))
    .group_by(USAGE_DAY.c.opening_id)
)
