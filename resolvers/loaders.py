"""Rows that several fields of one operation ask for, fetched together: one statement for a level, not one a row.

Loaders live as long as their operation, so that nothing is remembered past it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from strawberry.dataloader import DataLoader

from models.rules.viewers import Viewer
from models.tables import lookups
from models.unit_of_work import Rows

Found = Any
"""A row, or None where there is none."""

OwnedKey = tuple[UUID, UUID]
"""The ids of a tenant and of something that it owns."""


class Reads(Protocol):
    """What loaders need of an operation's context."""

    viewer: Viewer

    @property
    def now(self) -> datetime: ...

    async def all(self, statement: Any, values: dict[str, Any]) -> Rows: ...


class Loaders:
    """All loaders of one operation. Each is made when it is first asked for."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._made: dict[str, DataLoader[Any, Any]] = {}

    def row(self, kind: str, tenant_id: UUID, id: UUID) -> Awaitable[Found]:
        """A row of a tenant's, by the name of its type in snake case."""
        return self._loader(kind, lambda: self._owned(lookups.of_tenant(kind))).load((tenant_id, id))

    def find(self, kind: str, id: UUID) -> Awaitable[Found]:
        """The row with an id, if the viewer may know that it exists."""
        if tenant_id := self._reads.viewer.tenant_id:
            return self.row(kind, tenant_id, id)
        return self._loader(f"any {kind}", lambda: self._by_id(lookups.of_any_tenant(kind))).load(id)

    async def tenant(self, id: UUID) -> Found:
        if not self._reads.viewer.sees(id):
            return None
        return await self._loader("tenant", lambda: self._by_id(lookups.tenants_by_id())).load(id)

    def plan(self, id: UUID) -> Awaitable[Found]:
        return self._loader("plan", lambda: self._by_id(lookups.plans_by_id())).load(id)

    def plan_of(self, tenant_id: UUID) -> Awaitable[Found]:
        """The plan that a tenant is on now."""
        return self._loader("plan of", self._plans_in_force).load(tenant_id)

    def rates_of(self, plan_id: UUID) -> Awaitable[Rows]:
        """All prices that a plan ever had."""
        return self._loader("rates", lambda: self._many_by(lookups.rates_of_plans(), "plan_id")).load(plan_id)

    async def seats_taken(self, tenant_id: UUID) -> int:
        row = await self._loader("seats", lambda: self._by_id(lookups.seats_taken())).load(tenant_id)
        return row.taken if row else 0

    async def slots_taken(self, tenant_id: UUID) -> int:
        row = await self._loader("slots", lambda: self._by_id(lookups.slots_taken())).load(tenant_id)
        return row.taken if row else 0

    def payments(self, tenant_id: UUID, activity_id: UUID) -> Awaitable[Rows]:
        """What the grants paid for an activity, in the order of the entries."""
        statement = lookups.allocations_of()
        return self._loader("payments", lambda: self._many_owned(statement, "activity_id")).load(
            (tenant_id, activity_id)
        )

    async def owed(self, tenant_id: UUID, activity_id: UUID) -> int:
        """What is still owed for an activity."""
        loader = self._loader("owed", lambda: self._many_owned(lookups.owed_for(), "activity_id"))
        return sum(row.owed for row in await loader.load((tenant_id, activity_id)))

    def interviews_of(self, tenant_id: UUID, opening_id: UUID) -> Awaitable[Found]:
        """What an opening's interviews came to."""
        statement = lookups.interviews_of_openings()
        return self._loader("openings", lambda: self._owned(statement, "opening_id")).load((tenant_id, opening_id))

    # ------------------------------------------------------------ how they fetch

    def _loader(self, name: str, fetch: Callable[[], Callable[[list[Any]], Awaitable[list[Any]]]]) -> Any:
        if name not in self._made:
            self._made[name] = DataLoader(fetch())
        return self._made[name]

    def _by_id(self, statement: Any) -> Callable[[list[UUID]], Awaitable[list[Found]]]:
        async def fetch(ids: list[UUID]) -> list[Found]:
            rows = {row.id: row for row in await self._reads.all(statement, {"ids": ids})}
            return [rows.get(id) for id in ids]

        return fetch

    def _plans_in_force(self) -> Callable[[list[UUID]], Awaitable[list[Found]]]:
        async def fetch(ids: list[UUID]) -> list[Found]:
            values = {"ids": ids, "at": self._reads.now}
            rows = {row.on_plan: row for row in await self._reads.all(lookups.plans_in_force(), values)}
            return [rows.get(id) for id in ids]

        return fetch

    def _many_by(self, statement: Any, column: str) -> Callable[[list[UUID]], Awaitable[list[Rows]]]:
        async def fetch(ids: list[UUID]) -> list[Rows]:
            rows = _grouped(await self._reads.all(statement, {"ids": ids}), column)
            return [rows[id] for id in ids]

        return fetch

    def _owned(self, statement: Any, column: str = "id") -> Callable[[list[OwnedKey]], Awaitable[list[Found]]]:
        many = self._many_owned(statement, column)

        async def fetch(keys: list[OwnedKey]) -> list[Found]:
            return [rows[0] if rows else None for rows in await many(keys)]

        return fetch

    def _many_owned(self, statement: Any, column: str) -> Callable[[list[OwnedKey]], Awaitable[list[Rows]]]:
        async def fetch(keys: list[OwnedKey]) -> list[Rows]:
            ids_of: dict[UUID, list[UUID]] = defaultdict(list)
            for tenant_id, id in keys:
                ids_of[tenant_id].append(id)
            found = dict(zip(ids_of, await asyncio.gather(*(one(*some) for some in ids_of.items())), strict=True))
            return [found[tenant_id][id] for tenant_id, id in keys]

        async def one(tenant_id: UUID, ids: list[UUID]) -> dict[UUID, list[Any]]:
            return _grouped(await self._reads.all(statement, {"tenant_id": tenant_id, "ids": ids}), column)

        return fetch


def _grouped(rows: Iterable[Any], column: str) -> dict[UUID, list[Any]]:
    groups: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, column)].append(row)
    return groups
