"""Puts the cast of the demo into the books, and finds it there again."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select

from models.actions.credits import TOP_UP, GrantWish, grant_credits
from models.actions.hiring import NewAgent, NewOpening, create_agent, create_opening
from models.actions.spending_rules import BudgetWish, set_budget, set_low_balance_thresholds
from models.actions.tenants import NewMember, NewTenant, add_member, create_plan, create_tenant
from models.rules.words import EntryKind, GrantSource, Interval, TopUpStatus
from models.tables.base import metadata
from models.tables.ledger import ACCOUNT
from models.tables.lookups import AGENT, ENTRY, MEMBER, TENANT, plans_in_force
from models.unit_of_work import Reader, UnitOfWork
from server.demo.cast import TENANTS, AgentPart, Cast, Gift, TenantPart
from server.demo.openings import Opening

_OPENING = metadata.tables["opening"]
_BY_EXTERNAL_ID = select(*TENANT.c).where(TENANT.c.external_id == bindparam("external_id"))
_OTHERS = select(func.count()).where(
    TENANT.c.external_id.is_(None) | TENANT.c.external_id.not_in([tenant.external_id for tenant in TENANTS])
)
_LAST_USAGE = select(func.max(ENTRY.c.occurred_at)).where(
    ENTRY.c.tenant_id == bindparam("tenant_id"), ENTRY.c.kind == EntryKind.USAGE
)
_AVAILABLE = select(ACCOUNT.c.plan_balance + ACCOUNT.c.top_up_balance - ACCOUNT.c.overdrawn - ACCOUNT.c.held).where(
    ACCOUNT.c.tenant_id == bindparam("tenant_id")
)

_PENDING = (
    select(TOP_UP.c.id)
    .where(TOP_UP.c.tenant_id == bindparam("tenant_id"), TOP_UP.c.status == TopUpStatus.PENDING)
    .order_by(TOP_UP.c.requested_at)
)


async def has_only_others(reader: Reader) -> bool:
    """Whether the books are somebody's who is not in the demo."""
    known = [await reader.first(_BY_EXTERNAL_ID, {"external_id": tenant.external_id}) for tenant in TENANTS]
    return not any(known) and bool(await reader.value(_OTHERS))


async def cast_of(reader: Reader, tenant: TenantPart, now: datetime) -> Cast | None:
    """The cast of a tenant's part, as it is in the books; None where the tenant is not."""
    row = await reader.first(_BY_EXTERNAL_ID, {"external_id": tenant.external_id})
    if row is None:
        return None
    plan = await reader.first(plans_in_force(), {"ids": [row.id], "at": now})
    assert plan is not None, "A tenant is always on a plan."
    agents, members, openings = [await _ids(reader, table, row.id) for table in (AGENT, MEMBER, _OPENING)]
    return Cast(row.id, plan.id, row.anchor_day, agents, members, openings)


async def _ids(reader: Reader, table: Any, tenant_id: UUID) -> dict[str, UUID]:
    """Ids by external id, in the order in which they were made."""
    mine: Select[Any] = select(table.c.external_id, table.c.id).where(
        table.c.tenant_id == tenant_id, table.c.external_id.startswith("demo-")
    )
    rows: Sequence[Any] = await reader.all(mine.order_by(table.c.created_at, table.c.id))
    return {row.external_id: row.id for row in rows}


async def last_usage(reader: Reader, cast: Cast) -> datetime | None:
    """When something last happened that costs credits."""
    found: datetime | None = await reader.value(_LAST_USAGE, {"tenant_id": cast.tenant_id})
    return found


async def available(reader: Reader, cast: Cast) -> int:
    found: int = await reader.value(_AVAILABLE, {"tenant_id": cast.tenant_id})
    return found


async def pending_top_ups(reader: Reader, cast: Cast) -> list[UUID]:
    """Purchases that a server which has stopped has left unpaid."""
    rows = await reader.all(_PENDING, {"tenant_id": cast.tenant_id})
    return [row.id for row in rows]


# ---------------------------------------------------------------- making


async def first_day(work: UnitOfWork, tenant: TenantPart, start: date) -> Cast:
    """The tenant with its plan and members, on the day on which its history begins."""
    plan = await create_plan(work, tenant.plan)
    made = await create_tenant(work, NewTenant(tenant.name, plan.id, tenant.zone.key, tenant.external_id))
    assert made.anchor_day == start
    cast = Cast(made.id, plan.id, start, {}, {}, {})
    for part in tenant.members:
        email = f"{part.name.lower().replace(' ', '.')}@{tenant.domain}"
        member = await add_member(work, NewMember(made.id, part.name, email, part.role, part.external_id))
        cast.members[part.external_id] = member.id
    for gift in tenant.gifts:
        if gift.day == 0:
            await give(work, cast, gift)
    await set_low_balance_thresholds(work, made.id, tenant.warned_below)
    return cast


async def hire(work: UnitOfWork, cast: Cast, part: AgentPart) -> None:
    wish = NewAgent(cast.tenant_id, part.name, part.channel, part.model, part.external_id)
    id = cast.agents[part.external_id] = (await create_agent(work, wish)).id
    if part.daily_budget is not None:
        await set_budget(work, BudgetWish(cast.tenant_id, id, part.daily_budget, Interval.DAY))


async def open_job(work: UnitOfWork, cast: Cast, opening: Opening) -> None:
    wish = NewOpening(cast.tenant_id, opening.job_title, opening.external_id)
    cast.openings[opening.external_id] = (await create_opening(work, wish)).id


async def give(work: UnitOfWork, cast: Cast, gift: Gift) -> None:
    until = work.now + timedelta(days=gift.lasts_days) if gift.lasts_days else None
    source = GrantSource(gift.source)
    wish = GrantWish(
        cast.tenant_id, f"demo-gift-{gift.day}", gift.credits, source=source, expires_at=until, remarks=gift.remarks
    )
    await grant_credits(work, wish)
