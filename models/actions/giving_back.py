"""What refunds change beside the ledger: the activities they are of, and the sums that count these.

A refund counts on its own day, for the agent, opening and member of its entry. The log shows it with the call.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from models.actions.roll_ups import Place, RollUps, place
from models.rules import rating, refunds
from models.rules.facts import Movement
from models.rules.words import Activity, SubjectKind
from models.tables import refunds as tables
from models.tables.recording import INTERACTION
from models.unit_of_work import UnitOfWork

Who = tuple[UUID | None, UUID | None, UUID | None]
"""Agent, opening and member."""


async def count_refund(work: UnitOfWork, rolled: RollUps, movement: Movement, who: Who) -> None:
    """Count one refund, or one correction of a refund."""
    kind, tenant_id = movement.subject_kind, rolled.tenant_id
    activity = await work.first(tables.activity(kind), {"tenant_id": tenant_id, "id": movement.subject_id})
    assert activity is not None, "What was refunded is there."
    for where, credits in _places(rolled, movement, who, activity):
        rolled.count_usage(where, credits=-credits)
    if kind is SubjectKind.CALL:
        rolled.count_refund(activity.started_at, movement.credits, (activity.agent_id, activity.member_id))
    changes = {"b_tenant": tenant_id, "b_credits": movement.credits}
    await work.run(tables.give_back(tables.TABLES[kind]), {**changes, "b_id": activity.id})
    if "interaction_id" in activity._mapping:
        await work.run(tables.give_back(INTERACTION), {**changes, "b_id": activity.interaction_id})


def _places(rolled: RollUps, movement: Movement, who: Who, activity: Any) -> list[tuple[Place, int]]:
    """Where a refund counts, with how much of it."""
    day = rolled.days.day_of(movement.at)
    if movement.subject_kind is not SubjectKind.CALL:
        of_kind = Activity(movement.subject_kind.upper())
        told: Mapping[str, Any] = activity._mapping
        return [(place(day, of_kind, *who, model=told.get("model", "")), movement.credits)]
    lines = rating.from_store(activity.lines)
    before = activity.refunded
    parts = refunds.of_lines([line.credits for line in lines], before, before + movement.credits)
    return [
        (place(day, line.activity, *who, direction=activity.direction), part)
        for line, part in zip(lines, parts, strict=True)
        if part
    ]
