"""Agents and openings: made and changed. Interviews are recorded, by models.actions.interviewing."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table

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
from models.rules.ids import new_id
from models.rules.refusals import Invalid, LimitReached
from models.rules.reports import LONGEST_MODEL, check_name
from models.rules.words import AgentChannel, OpeningStatus
from models.tables import lookups
from models.tables.base import metadata
from models.unit_of_work import UnitOfWork

AGENT: Table = metadata.tables["agent"]
OPENING: Table = metadata.tables["opening"]


@dataclass(frozen=True, slots=True)
class NewAgent:
    tenant_id: UUID
    name: str
    channel: AgentChannel
    model: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewOpening:
    tenant_id: UUID
    job_title: str
    external_id: str | None = None


async def create_agent(work: UnitOfWork, wish: NewAgent) -> Stored:
    """An agent, which is live and so takes one of the plan's slots."""
    check_given_name(wish.name)
    _check_model(wish.model)
    await lock_tenant(work, wish.tenant_id, "tenant_id")
    await check_external_id(work, AGENT, wish.external_id, tenant_id=wish.tenant_id)
    await _check_slots(work, wish.tenant_id, "tenant_id")
    return await put(
        work,
        AGENT,
        {
            "tenant_id": wish.tenant_id,
            "id": new_id(),
            "name": wish.name,
            "channel": wish.channel.value,
            "model": wish.model,
            "is_live": True,
            "external_id": wish.external_id,
            "created_at": work.now,
        },
    )


async def update_agent(work: UnitOfWork, tenant_id: UUID, id: UUID, changes: Values) -> Stored:
    """Change an agent; what is not among the changes stays. One that goes live again takes a slot again."""
    if "name" in changes:
        check_given_name(changes["name"])
    _check_model(changes.get("model"))
    if "is_live" in changes and changes["is_live"] is None:
        raise Invalid("An agent is live or not.", ("is_live",))
    await lock_tenant(work, tenant_id, "id")
    agent = await row_of(work, "agent", tenant_id, id)
    if changes.get("is_live") and not agent.is_live:
        await _check_slots(work, tenant_id, "is_live")
    return await change(work, agent, AGENT, changes)


async def create_opening(work: UnitOfWork, wish: NewOpening) -> Stored:
    check_given_name(wish.job_title, "job_title")
    await lock_tenant(work, wish.tenant_id, "tenant_id")
    await check_external_id(work, OPENING, wish.external_id, tenant_id=wish.tenant_id)
    return await put(
        work,
        OPENING,
        {
            "tenant_id": wish.tenant_id,
            "id": new_id(),
            "job_title": wish.job_title,
            "status": OpeningStatus.OPEN.value,
            "external_id": wish.external_id,
            "created_at": work.now,
        },
    )


async def update_opening(work: UnitOfWork, tenant_id: UUID, id: UUID, changes: Values) -> Stored:
    """Change an opening; what is not among the changes stays."""
    if "job_title" in changes:
        check_given_name(changes["job_title"], "job_title")
    if "status" in changes and changes["status"] is None:
        raise Invalid("An opening is open or closed.", ("status",))
    await lock_tenant(work, tenant_id, "id")
    opening = await row_of(work, "opening", tenant_id, id)
    return await change(work, opening, OPENING, changes)


def _check_model(model: str | None) -> None:
    if model is not None:
        check_name(model, "model", LONGEST_MODEL)


async def _check_slots(work: UnitOfWork, tenant_id: UUID, field: str) -> None:
    slots = (await plan_in_force(work, tenant_id)).agent_slots
    if slots is not None and await taken(work, lookups.slots_taken(), tenant_id) >= slots:
        raise LimitReached(f"All {slots} agent slots of the plan are taken.", (field,))
