"""What accounts are made of: plans in force, grants, what entries say of their subjects; from rows and to rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from models.rules.facts import CreditsIn, Debt, Lot, Order
from models.rules.words import AlertKind, EntryKind, GrantSource, PoolKind, RolloverPolicy, SubjectKind, TopUpStatus


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan that a tenant is on from a moment on."""

    effective_at: datetime
    plan_id: UUID
    rate_lists: int
    monthly_credits: int
    first_seconds: int
    next_seconds: int
    rollover: RolloverPolicy
    rollover_cap: int | None


def terms_in_force(terms: Sequence[Terms], at: datetime) -> Terms:
    """Of plans by their beginning, the one in force at a moment; the first one also holds for all the past."""
    found = terms[0]
    for later in terms[1:]:
        if later.effective_at <= at:
            found = later
    return found


@dataclass(frozen=True, slots=True)
class About:
    """What an entry says of its subject beside the movement."""

    agent_id: UUID | None = None
    opening_id: UUID | None = None
    member_id: UUID | None = None
    remarks: str = ""
    top_up_status: TopUpStatus | None = None
    is_call: bool = False
    """Whether it is the entry that the call log shows for a call."""


NOTHING_MORE = About()


class RaisedAlert(NamedTuple):
    """An alert that is yet to be written; the row of its table."""

    tenant_id: UUID
    id: UUID
    seq: int
    kind: AlertKind
    raised_at: datetime
    message: str
    agent_id: UUID | None
    credits: int | None


@dataclass(slots=True)
class Grant:
    """A grant's row while its account is locked."""

    lot: Lot
    state: str
    is_given: bool
    recorded_at: datetime
    remarks: str = ""
    voided_at: datetime | None = None
    stored: tuple[int, int, str] | None = None
    """Amount, remaining and state as they stand in the database; None for a new row."""

    def fact(self) -> CreditsIn:
        """Its beginning, for one that was given or bought. A top-up's grant has the id of the top-up."""
        bought = self.lot.source in (GrantSource.TOP_UP, GrantSource.AUTO_RECHARGE)
        if bought:
            return CreditsIn(self.lot, EntryKind.TOP_UP, SubjectKind.TOP_UP, self.lot.id)
        return CreditsIn(self.lot, EntryKind.GRANT, SubjectKind.CREDIT_GRANT, self.lot.id)

    @property
    def begins(self) -> bool:
        """Whether there is anything of it to fold: not where it was voided before its beginning."""
        return self.is_given and (self.voided_at is None or self.voided_at >= self.lot.effective_at)

    def about(self) -> About:
        bought = self.lot.source in (GrantSource.TOP_UP, GrantSource.AUTO_RECHARGE)
        return About(remarks=self.remarks, top_up_status=TopUpStatus.SETTLED if bought else None)


def grant_of(row: Any) -> Grant:
    """A grant from its row."""
    lot = Lot(
        row.id,
        row.key,
        PoolKind(row.pool),
        GrantSource(row.source),
        row.amount,
        row.remaining,
        row.priority,
        row.effective_at,
        row.expires_at,
    )
    stored = (row.amount, row.remaining, row.state)
    return Grant(lot, row.state, row.is_given, row.recorded_at, row.remarks, row.voided_at, stored)


def terms_of(row: Any) -> Terms:
    return Terms(
        row.effective_at,
        row.id,
        row.rate_lists,
        row.monthly_credits,
        row.first_seconds,
        row.next_seconds,
        RolloverPolicy(row.rollover),
        row.rollover_cap,
    )


def grant_row(tenant_id: UUID, grant: Grant) -> tuple[Any, ...]:
    lot = grant.lot
    return (
        tenant_id,
        lot.id,
        lot.key,
        lot.pool,
        lot.source,
        lot.amount,
        lot.remaining,
        lot.priority,
        lot.effective_at,
        lot.expires_at,
        grant.remarks,
        grant.is_given,
        grant.voided_at,
        grant.state,
        grant.recorded_at,
    )


def grant_changes(tenant_id: UUID, grant: Grant) -> dict[str, Any]:
    return {
        "b_tenant": tenant_id,
        "b_id": grant.lot.id,
        "b_amount": grant.lot.amount,
        "b_remaining": grant.lot.remaining,
        "b_state": grant.state,
        "b_voided_at": grant.voided_at,
    }


def debt_row(tenant_id: UUID, debt: Debt) -> tuple[Any, ...]:
    return (tenant_id, debt.order.at, debt.subject_kind, debt.order.key, debt.activity_id, debt.owed)


def debt_key(tenant_id: UUID, order: Order) -> dict[str, Any]:
    return {
        "b_tenant": tenant_id,
        "b_at": order.at,
        "b_kind": order.subject_kind,
        "b_key": order.key,
    }
