"""Interactions: made before what they are about is recorded. They cost nothing by themselves, but are counted."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Table, bindparam, select

from models.actions.roll_ups import RollUps, place, save_roll_ups
from models.actions.storing import Stored, lock_tenant
from models.rules.ids import new_id
from models.rules.periods import days_in
from models.rules.refusals import Conflict, NotFound, Refusal
from models.rules.reports import LONGEST_KEY, check_instant, check_name
from models.tables.lookups import TENANT
from models.tables.recording import AGENTS, INTERACTION, MEMBERS
from models.unit_of_work import UnitOfWork


class InteractionWish(NamedTuple):
    """An encounter as a caller tells of it. Without a time, it begins now."""

    external_id: str
    agent_id: UUID | None = None
    assigned_member_id: UUID | None = None
    created_at: datetime | None = None


_KNOWN = select(*INTERACTION.c).where(
    INTERACTION.c.tenant_id == bindparam("tenant_id"),
    INTERACTION.c.external_id.in_(bindparam("external_ids", expanding=True)),
)
_ZONE = select(TENANT.c.time_zone).where(TENANT.c.id == bindparam("tenant_id"))


async def create_interaction(work: UnitOfWork, tenant_id: UUID, wish: InteractionWish) -> Stored:
    """One interaction. The same external id again answers the same, unless something else is told of it."""
    (made,) = await create_interactions(work, tenant_id, [wish])
    if isinstance(made, Refusal):
        raise made
    return made


async def create_interactions(
    work: UnitOfWork, tenant_id: UUID, wishes: Sequence[InteractionWish]
) -> list[Stored | Refusal]:
    """Many interactions of one tenant, each made, found or refused on its own; in the order of the wishes."""
    await lock_tenant(work, tenant_id, "tenant_id")
    batch = _Batch(work, tenant_id)
    refused = [batch.unsound(wish) for wish in wishes]
    sound = [wish for wish, refusal in zip(wishes, refused, strict=True) if refusal is None]
    await batch.look_up(sound)
    taken = [refusal or batch.take(wish) for wish, refusal in zip(wishes, refused, strict=True)]
    await batch.save()
    stored = {row.external_id: row for row in await batch.known(sound)}
    return [one if isinstance(one, Refusal) else stored[one] for one in taken]


class _Batch:
    def __init__(self, work: UnitOfWork, tenant_id: UUID) -> None:
        self.work, self.tenant_id = work, tenant_id
        self.found: dict[str, InteractionWish] = {}
        self.new: list[InteractionWish] = []
        self.there: set[UUID] = set()

    def unsound(self, wish: InteractionWish) -> Refusal | None:
        """Why a wish is refused whatever the books say. It may hold what no database takes, so this comes first."""
        try:
            check_name(wish.external_id, "external_id", LONGEST_KEY)
            if wish.created_at is not None:
                check_instant(wish.created_at, self.work.now, "created_at")
        except Refusal as refusal:
            return refusal
        return None

    async def known(self, wishes: Sequence[InteractionWish]) -> Sequence[Stored]:
        if not wishes:
            return []
        external_ids = sorted({wish.external_id for wish in wishes})
        return await self.work.all(_KNOWN, {"tenant_id": self.tenant_id, "external_ids": external_ids})

    async def look_up(self, wishes: Sequence[InteractionWish]) -> None:
        for row in await self.known(wishes):
            self.found[row.external_id] = InteractionWish(
                row.external_id, row.agent_id, row.assigned_member_id, row.created_at
            )
        for statement, ids in (
            (AGENTS, {wish.agent_id for wish in wishes if wish.agent_id}),
            (MEMBERS, {wish.assigned_member_id for wish in wishes if wish.assigned_member_id}),
        ):
            if ids:
                rows = await self.work.all(statement, {"tenants": [self.tenant_id], "ids": sorted(ids)})
                self.there |= {row.id for row in rows}

    def take(self, wish: InteractionWish) -> str | Refusal:
        """The external id of the interaction that a wish comes to, or why it comes to none."""
        for field in ("agent_id", "assigned_member_id"):
            id = getattr(wish, field)
            if id is not None and id not in self.there:
                what = field.removeprefix("assigned_").removesuffix("_id")
                return NotFound(f"There is no such {what}.", (field,))
        known = self.found.get(wish.external_id)
        if known is None:
            wish = wish._replace(created_at=wish.created_at or self.work.now)
            self.found[wish.external_id] = wish
            self.new.append(wish)
        elif wish._replace(created_at=wish.created_at or known.created_at) != known:
            return Conflict("This external id is that of another interaction.", ("external_id",))
        return wish.external_id

    async def save(self) -> None:
        if not self.new:
            return
        days = days_in(await self.work.value(_ZONE, {"tenant_id": self.tenant_id}))
        rolled = RollUps(self.tenant_id, days)
        for wish in self.new:
            assert wish.created_at is not None
            where = place(days.day_of(wish.created_at), None, wish.agent_id, member_id=wish.assigned_member_id)
            rolled.count_usage(where, interactions=1)
        await self.work.insert(INTERACTION, [_row(INTERACTION, self.tenant_id, wish) for wish in self.new])
        await save_roll_ups(self.work, [rolled])


def _row(table: Table, tenant_id: UUID, wish: InteractionWish) -> list[object]:
    values: dict[str, object] = {**wish._asdict(), "tenant_id": tenant_id, "id": new_id(), "credits": 0, "refunded": 0}
    return [values[column.name] for column in table.columns]
