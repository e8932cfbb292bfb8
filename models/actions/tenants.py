"""Tenants, plans and their prices, and members: made and changed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Table

from models.actions.credits import open_account
from models.actions.storing import (
    Stored,
    Values,
    change,
    check_external_id,
    check_given_name,
    lock_tenant,
    plan_in_force,
    put,
    row_of,
    taken,
)
from models.rules.amounts import LARGEST, in_credits
from models.rules.ids import new_id
from models.rules.periods import day_of, parse_zone
from models.rules.rating import Rate, check_increment, check_rates
from models.rules.refusals import Invalid, LimitReached, NotFound
from models.rules.reports import LARGEST_COUNT, check_instant, check_name
from models.rules.words import Role, RolloverPolicy
from models.tables import lookups
from models.tables.base import metadata
from models.unit_of_work import UnitOfWork

FROM_ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
"""A plan's first rates, and a tenant's first plan, hold for all the past."""

EARLIEST_ANCHOR = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST_EMAIL = 254

TENANT: Table = metadata.tables["tenant"]
TENANT_PLAN: Table = metadata.tables["tenant_plan"]
PLAN: Table = metadata.tables["plan"]
RATE_LIST: Table = metadata.tables["rate_list"]
RATE: Table = metadata.tables["rate"]
MEMBER: Table = metadata.tables["member"]

# Whether an address exists is learned by writing to it; this only finds what cannot be one.
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class NewTenant:
    name: str
    plan_id: UUID
    time_zone: str = "UTC"
    external_id: str | None = None
    billing_anchor: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewPlan:
    name: str
    monthly_credits: int
    first_seconds: int
    next_seconds: int
    rates: Sequence[Rate]
    rollover: RolloverPolicy = RolloverPolicy.NONE
    rollover_cap: int | None = None
    agent_slots: int | None = None
    seats: int | None = None


@dataclass(frozen=True, slots=True)
class NewMember:
    tenant_id: UUID
    name: str
    email: str
    role: Role = Role.MEMBER
    external_id: str | None = None


# ---------------------------------------------------------------- tenants


async def create_tenant(work: UnitOfWork, wish: NewTenant) -> Stored:
    """A tenant with its account, and the plan's credits of every period since the anchor."""
    check_given_name(wish.name)
    zone = parse_zone(wish.time_zone)
    anchor = _checked_anchor(wish.billing_anchor, work.now)
    await check_external_id(work, TENANT, wish.external_id)
    await plan_with_id(work, wish.plan_id)
    tenant = await put(
        work,
        TENANT,
        {
            "id": new_id(),
            "name": wish.name,
            "external_id": wish.external_id,
            "time_zone": wish.time_zone,
            "created_at": work.now,
            "anchor_day": day_of(anchor, zone),
        },
    )
    await put(
        work,
        TENANT_PLAN,
        {
            "tenant_id": tenant.id,
            "effective_at": FROM_ALWAYS,
            "plan_id": wish.plan_id,
            "recorded_at": work.now,
        },
    )
    await open_account(work, tenant.id)
    return tenant


async def update_tenant(work: UnitOfWork, tenant_id: UUID, changes: Values) -> Stored:
    """Change a tenant's name or external id; what is not among the changes stays."""
    await lock_tenant(work, tenant_id, "id")
    tenant = await work.first(lookups.tenants_by_id(), {"ids": [tenant_id]})
    assert tenant is not None
    if "name" in changes:
        check_given_name(changes["name"])
    await check_external_id(work, TENANT, changes.get("external_id"), but=tenant_id)
    return await change(work, tenant, TENANT, changes)


def _checked_anchor(anchor: datetime | None, now: datetime) -> datetime:
    if anchor is None:
        return now
    check_instant(anchor, now, "billing_anchor")
    if anchor < EARLIEST_ANCHOR:
        raise Invalid("Billing periods are counted from the year 2000 at the earliest.", ("billing_anchor",))
    return min(anchor, now)


# ---------------------------------------------------------------- plans


async def create_plan(work: UnitOfWork, wish: NewPlan) -> Stored:
    """A plan with its first prices, which also hold for all the past."""
    check_given_name(wish.name)
    check_increment(wish.first_seconds, wish.next_seconds)
    _check_limits(wish)
    check_rates(wish.rates)
    plan = await put(
        work,
        PLAN,
        {
            "id": new_id(),
            "name": wish.name,
            "monthly_credits": wish.monthly_credits,
            "first_seconds": wish.first_seconds,
            "next_seconds": wish.next_seconds,
            "rollover": wish.rollover.value,
            "rollover_cap": wish.rollover_cap,
            "agent_slots": wish.agent_slots,
            "seats": wish.seats,
            "created_at": work.now,
        },
    )
    await _put_rates(work, plan.id, FROM_ALWAYS, wish.rates)
    return plan


async def set_plan_rates(work: UnitOfWork, plan_id: UUID, effective_from: datetime, rates: Sequence[Rate]) -> Stored:
    """New prices from a moment on, in place of the whole list. What was recorded keeps its price."""
    check_rates(rates)
    plan = await plan_with_id(work, plan_id)
    await _put_rates(work, plan_id, effective_from, rates)
    return plan


async def plan_with_id(work: UnitOfWork, plan_id: UUID) -> Stored:
    plan = await work.first(lookups.plans_by_id(), {"ids": [plan_id]})
    if plan is None:
        raise NotFound("There is no such plan.", ("plan_id",))
    return plan


async def _put_rates(work: UnitOfWork, plan_id: UUID, effective_from: datetime, rates: Sequence[Rate]) -> None:
    list_id = new_id()
    await put(
        work,
        RATE_LIST,
        {"id": list_id, "plan_id": plan_id, "effective_from": effective_from, "recorded_at": work.now},
    )
    await work.insert(RATE, [(list_id, str(r.activity), r.model or "", str(r.unit), r.credits) for r in rates])


def _check_limits(wish: NewPlan) -> None:
    if not 0 <= wish.monthly_credits <= LARGEST:
        raise Invalid(f"A plan grants 0 to {in_credits(LARGEST)} credits a month.", ("monthly_credits",))
    capped = wish.rollover is RolloverPolicy.CAPPED
    if capped and wish.rollover_cap is None:
        raise Invalid("Say how many credits roll over at most.", ("rollover_cap",))
    if not capped and wish.rollover_cap is not None:
        raise Invalid("Only a capped rollover has a cap.", ("rollover_cap",))
    if wish.rollover_cap is not None and not 0 <= wish.rollover_cap <= LARGEST:
        raise Invalid(f"A cap lies between 0 and {in_credits(LARGEST)} credits.", ("rollover_cap",))
    for field, limit in (("agent_slots", wish.agent_slots), ("seats", wish.seats)):
        if limit is not None and not 0 <= limit <= LARGEST_COUNT:
            raise Invalid("A limit is 0 or more; leave it out where there is none.", (field,))


# ---------------------------------------------------------------- members


async def add_member(work: UnitOfWork, wish: NewMember) -> Stored:
    """A member, who takes one of the plan's seats."""
    check_given_name(wish.name)
    check_name(wish.email, "email", LONGEST_EMAIL)
    if not _EMAIL.fullmatch(wish.email):
        raise Invalid("This is not an e-mail address.", ("email",))
    if wish.role is Role.OPERATOR:
        raise Invalid("An operator belongs to no tenant, and so is no member.", ("role",))
    await lock_tenant(work, wish.tenant_id, "tenant_id")
    await check_external_id(work, MEMBER, wish.external_id, tenant_id=wish.tenant_id)
    await _check_seats(work, wish.tenant_id)
    return await put(
        work,
        MEMBER,
        {
            "tenant_id": wish.tenant_id,
            "id": new_id(),
            "name": wish.name,
            "email": wish.email,
            "role": wish.role.value,
            "external_id": wish.external_id,
            "created_at": work.now,
        },
    )


async def remove_member(work: UnitOfWork, tenant_id: UUID, id: UUID) -> Stored:
    """Free a member's seat; their past stays. Removing them again changes nothing."""
    await lock_tenant(work, tenant_id, "id")
    member = await row_of(work, "member", tenant_id, id)
    if member.removed_at is not None:
        return member
    return await change(work, member, MEMBER, {"removed_at": work.now})


async def _check_seats(work: UnitOfWork, tenant_id: UUID) -> None:
    seats = (await plan_in_force(work, tenant_id)).seats
    if seats is not None and await taken(work, lookups.seats_taken(), tenant_id) >= seats:
        raise LimitReached(f"All {seats} seats of the plan are taken.", ("tenant_id",))
