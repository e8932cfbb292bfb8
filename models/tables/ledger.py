"""Statements about accounts and their ledgers, as the actions that change them need them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Delete, Select, Table, Update, and_, bindparam, delete, func, or_, select, update

from models.rules.words import EntryKind
from models.tables import credits, tenants
from models.tables.base import metadata

_FILL_THE_METADATA = (credits, tenants)

PLAN: Table = metadata.tables["plan"]
RATE_LIST: Table = metadata.tables["rate_list"]
RATE: Table = metadata.tables["rate"]
TENANT: Table = metadata.tables["tenant"]
TENANT_PLAN: Table = metadata.tables["tenant_plan"]
ACCOUNT: Table = metadata.tables["account"]
GRANT: Table = metadata.tables["credit_grant"]
ENTRY: Table = metadata.tables["entry"]
ALLOCATION: Table = metadata.tables["entry_allocation"]
DEBT: Table = metadata.tables["debt"]
CHECKPOINT: Table = metadata.tables["checkpoint"]

FOLDED = tuple(kind for kind in EntryKind if kind not in (EntryKind.HOLD, EntryKind.RELEASE))
"""The kinds of entries that the fold of an account makes; holds stand beside it."""

_LOCKED = (
    select(*ACCOUNT.c, TENANT.c.time_zone, TENANT.c.anchor_day)
    .join(TENANT, TENANT.c.id == ACCOUNT.c.tenant_id)
    .where(ACCOUNT.c.tenant_id.in_(bindparam("tenants", expanding=True)))
    .order_by(ACCOUNT.c.tenant_id)
    .with_for_update(of=ACCOUNT)
)

_OPEN_GRANTS = select(*GRANT.c).where(
    GRANT.c.tenant_id.in_(bindparam("tenants", expanding=True)), GRANT.c.state != "ENDED"
)

_PLANS = (
    select(
        TENANT_PLAN.c.tenant_id,
        TENANT_PLAN.c.effective_at,
        *PLAN.c,
        select(func.count()).where(RATE_LIST.c.plan_id == PLAN.c.id).scalar_subquery().label("rate_lists"),
    )
    .join(PLAN, PLAN.c.id == TENANT_PLAN.c.plan_id)
    .where(TENANT_PLAN.c.tenant_id.in_(bindparam("tenants", expanding=True)))
    .order_by(TENANT_PLAN.c.tenant_id, TENANT_PLAN.c.effective_at)
)

_RATES = (
    select(
        RATE_LIST.c.id.label("list_id"),
        RATE_LIST.c.effective_from,
        RATE_LIST.c.recorded_at,
        RATE.c.activity,
        RATE.c.model,
        RATE.c.unit,
        RATE.c.credits,
    )
    .join_from(RATE_LIST, RATE, RATE.c.list_id == RATE_LIST.c.id, isouter=True)
    .where(RATE_LIST.c.plan_id == bindparam("plan_id"))
    .order_by(RATE_LIST.c.effective_from, RATE_LIST.c.recorded_at, RATE_LIST.c.id)
)


def locked_accounts() -> Select[Any]:
    """The accounts of :tenants with what a fold needs of their tenants, locked in the order of their ids."""
    return _LOCKED


def open_grants() -> Select[Any]:
    """The grants of :tenants that can still pay, or will."""
    return _OPEN_GRANTS


def plans_of() -> Select[Any]:
    """Which plans :tenants are on since when, with the number of rate lists that each plan has had."""
    return _PLANS


def rates_of_plan() -> Select[Any]:
    """All rate lists of :plan_id, a row for each rate; one without rates has a row without an activity."""
    return _RATES


def debts_of(tenant_id: UUID) -> Select[Any]:
    return select(*DEBT.c).where(DEBT.c.tenant_id == tenant_id)


_NUMBER_OF_DEBTS = select(func.count()).where(DEBT.c.tenant_id == bindparam("tenant_id"))


def number_of_debts() -> Select[Any]:
    """How much usage of :tenant_id is not paid yet, counted by places."""
    return _NUMBER_OF_DEBTS


def forget_debt() -> Delete:
    """Delete the debt of :b_tenant, :b_at, :b_kind, :b_key."""
    return delete(DEBT).where(*_this_debt())


def lower_debt() -> Update:
    """Set what is :b_owed of the debt of :b_tenant, :b_at, :b_kind, :b_key."""
    return update(DEBT).where(*_this_debt()).values(owed=bindparam("b_owed"))


def _this_debt() -> tuple[ColumnElement[bool], ...]:
    return (
        DEBT.c.tenant_id == bindparam("b_tenant"),
        DEBT.c.occurred_at == bindparam("b_at"),
        DEBT.c.subject_kind == bindparam("b_kind"),
        DEBT.c.key == bindparam("b_key"),
    )


def change_grant() -> Update:
    """Set :b_amount, :b_remaining, :b_state and :b_voided_at of the grant :b_id of :b_tenant."""
    return (
        update(GRANT)
        .where(GRANT.c.tenant_id == bindparam("b_tenant"), GRANT.c.id == bindparam("b_id"))
        .values(
            amount=bindparam("b_amount"),
            remaining=bindparam("b_remaining"),
            state=bindparam("b_state"),
            voided_at=bindparam("b_voided_at"),
        )
    )


SAVED_WITH_ACCOUNT = (
    "seq",
    "version",
    "plan_balance",
    "top_up_balance",
    "overdrawn",
    "held",
    "next_boundary",
    "holds_end_at",
    "due_at",
    "frontier",
    "alert_seq",
    "recharge_again_at",
)


def change_account() -> Update:
    """Set all that changes of the account :b_tenant; the values are named as the columns with b_ before them."""
    return (
        update(ACCOUNT)
        .where(ACCOUNT.c.tenant_id == bindparam("b_tenant"))
        .values({name: bindparam(f"b_{name}") for name in SAVED_WITH_ACCOUNT})
    )


def last_checkpoint(tenant_id: UUID, not_after: datetime) -> Select[Any]:
    return (
        select(*CHECKPOINT.c)
        .where(CHECKPOINT.c.tenant_id == tenant_id, CHECKPOINT.c.at <= not_after)
        .order_by(CHECKPOINT.c.at.desc())
        .limit(1)
    )


def forget_checkpoints_from(tenant_id: UUID, at: datetime) -> Delete:
    return delete(CHECKPOINT).where(CHECKPOINT.c.tenant_id == tenant_id, CHECKPOINT.c.at >= at)


def folded_entries_since(tenant_id: UUID, since: datetime) -> Select[Any]:
    """The entries that the fold made of what happened from a moment on, by seq."""
    return (
        select(*ENTRY.c)
        .where(ENTRY.c.tenant_id == tenant_id, ENTRY.c.occurred_at >= since, ENTRY.c.kind.in_(FOLDED))
        .order_by(ENTRY.c.seq)
    )


def allocations_since(tenant_id: UUID, since: datetime) -> Select[Any]:
    """The allocations of the entries about what happened from a moment on."""
    return (
        select(*ALLOCATION.c)
        .join(ENTRY, and_(ENTRY.c.tenant_id == ALLOCATION.c.tenant_id, ENTRY.c.seq == ALLOCATION.c.seq))
        .where(ENTRY.c.tenant_id == tenant_id, ENTRY.c.occurred_at >= since)
    )


def payments_before(tenant_id: UUID, activity_ids: list[UUID], before: datetime | None) -> Select[Any]:
    """What grants paid of some activities before a moment, or ever; corrections and what was given back are among it.

    A row is that of the grant, with the activity, the entry's kind, subject and time, and the credits of the share.
    """
    earlier = () if before is None else (ENTRY.c.occurred_at < before,)
    return (
        select(
            *GRANT.c,
            ALLOCATION.c.activity_id,
            ALLOCATION.c.credits,
            ENTRY.c.kind.label("entry_kind"),
            ENTRY.c.subject_id,
            ENTRY.c.occurred_at,
        )
        .join(ENTRY, and_(ENTRY.c.tenant_id == ALLOCATION.c.tenant_id, ENTRY.c.seq == ALLOCATION.c.seq))
        .join(GRANT, and_(GRANT.c.tenant_id == ALLOCATION.c.tenant_id, GRANT.c.id == ALLOCATION.c.grant_id))
        .where(
            ALLOCATION.c.tenant_id == tenant_id,
            ALLOCATION.c.activity_id.in_(activity_ids),
            *earlier,
        )
    )


def grants_since(tenant_id: UUID, since: datetime) -> Select[Any]:
    """The grants that could pay for something at a moment or later."""
    return select(*GRANT.c).where(
        GRANT.c.tenant_id == tenant_id, or_(GRANT.c.expires_at.is_(None), GRANT.c.expires_at >= since)
    )
