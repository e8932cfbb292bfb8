"""Rows that several fields of one operation ask for, fetched together: one statement for a level, not one a row.

Loaders live as long as their operation, so that nothing is remembered past it.
"""

import asyncio
from asyncio import AbstractEventLoop
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol, cast
from uuid import UUID

from strawberry.dataloader import DataLoader

from models.actions.budgets import budget_values
from models.rules.viewers import Viewer
from models.tables import budgets, credit_lists, external_ids, lookups
from models.tables.usage_sums import Question
from models.unit_of_work import Rows
from resolvers.pacing import PACE, Gathering

Found = Any
"""A row, or None where there is none."""

OwnedKey = tuple[UUID, UUID]
"""The ids of a tenant and of something that it owns."""

Candidate = tuple[UUID, UUID, str, bool]
"""What tells interviews apart: the ids of tenant and opening, the candidate, and whether it is a simulation."""


Fetch = Callable[[list[Any]], Awaitable[list[Any]]]
"""Answers many keys at once, in their order."""


class Reads(Protocol):
    """What loaders need of an operation's context."""

    viewer: Viewer

    @property
    def now(self) -> datetime: ...

    async def all(self, statement: Any, values: Mapping[str, Any], *, long: bool = False) -> Rows: ...


MOST_GATHERED = 100
_DAYS_SUMMED_AT_ONCE = 100
"""Sums of more days may take long."""


class Loaders:
    """All loaders of one operation. Each is made when it is first asked for."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._made: dict[Hashable, DataLoader[Any, Any]] = {}

    def row(self, kind: str, tenant_id: UUID, id: UUID) -> Awaitable[Found]:
        """A row of a tenant's, by the name of its type in snake case."""
        return self._load(kind, (tenant_id, id), lambda: self._owned(lookups.of_tenant(kind)))

    def find(self, kind: str, id: UUID) -> Awaitable[Found]:
        """The row with an id, if the viewer may know that it exists."""
        if tenant_id := self._reads.viewer.tenant_id:
            return self.row(kind, tenant_id, id)
        return self._load(f"any {kind}", id, lambda: self._by_id(lookups.of_any_tenant(kind)))

    async def tenant(self, id: UUID) -> Found:
        if not self._reads.viewer.sees(id):
            return None
        return await self._load("tenant", id, lambda: self._by_id(lookups.tenants_by_id()))

    def named(self, kind: str, tenant_id: UUID, external_id: str) -> Awaitable[Found]:
        """A row of a tenant's by its external id."""
        statement = external_ids.with_external_ids(kind)
        return self._load(f"named {kind}", (tenant_id, external_id), lambda: self._owned(statement, "external_id"))

    async def tenant_named(self, external_id: str) -> Found:
        """The tenant with an external id, if the viewer may know that it exists."""
        found = await self._load("named tenant", external_id, lambda: self._by_id(external_ids.TENANTS, "external_id"))
        return found if found and self._reads.viewer.sees(found.id) else None

    def interview_of(self, candidate: Candidate) -> Awaitable[Found]:
        return self._load("interview of", candidate, lambda: self._interviews)

    def plan(self, id: UUID) -> Awaitable[Found]:
        return self._load("plan", id, lambda: self._by_id(lookups.plans_by_id()))

    def plan_of(self, tenant_id: UUID) -> Awaitable[Found]:
        """The plan that a tenant is on now."""
        return self._load("plan of", tenant_id, self._plans_in_force)

    def rates_of(self, plan_id: UUID) -> Awaitable[Rows]:
        """All prices that a plan ever had."""
        return self._load("rates", plan_id, lambda: self._many_by(lookups.rates_of_plans(), "plan_id"))

    async def seats_taken(self, tenant_id: UUID) -> int:
        row = await self._load("seats", tenant_id, lambda: self._by_id(lookups.seats_taken()))
        return row.taken if row else 0

    async def slots_taken(self, tenant_id: UUID) -> int:
        row = await self._load("slots", tenant_id, lambda: self._by_id(lookups.slots_taken()))
        return row.taken if row else 0

    def payments(self, tenant_id: UUID, activity_id: UUID) -> Awaitable[Rows]:
        """What the grants paid for an activity, in the order of the entries."""
        key, statement = (tenant_id, activity_id), lookups.allocations_of()
        return self._load("payments", key, lambda: self._many_owned(statement, "activity_id"))

    def shares(self, tenant_id: UUID, seq: int) -> Awaitable[Rows]:
        """What an entry moved on each grant."""
        return self._load("shares", (tenant_id, seq), lambda: self._many_owned(credit_lists.SHARES, "seq"))

    async def owed(self, tenant_id: UUID, activity_id: UUID) -> int:
        """What is still owed for an activity."""
        key, statement = (tenant_id, activity_id), lookups.owed_for()
        return sum(
            row.owed for row in await self._load("owed", key, lambda: self._many_owned(statement, "activity_id"))
        )

    def interviews_of(self, tenant_id: UUID, opening_id: UUID) -> Awaitable[Found]:
        """What an opening's interviews came to."""
        key, statement = (tenant_id, opening_id), lookups.interviews_of_openings()
        return self._load("interviews", key, lambda: self._owned(statement, "opening_id"))

    def budget_rows(self, tenant_id: UUID, agent_id: UUID) -> Awaitable[Rows]:
        """An agent's budget with what it used on each day that may count; nothing where it has no budget."""
        return self._load("budget", (tenant_id, agent_id), lambda: self._budgets)

    def used(self, question: Question, owner_id: UUID | None) -> Awaitable[Rows]:
        """What the roll-ups say of an owner of usage, or of all tenants."""
        return self._load(question, owner_id, lambda: self._sums(question))

    # ------------------------------------------------------------ how they fetch

    def _load(self, name: Hashable, key: Any, fetch: Callable[[], Fetch]) -> Awaitable[Any]:
        loader = self._made.get(name)
        if loader is None:
            loader = self._made[name] = loader_of(fetch())
        return loader.load(key)

    def _by_id(self, statement: Any, column: str = "id") -> Fetch:
        async def fetch(ids: list[Any]) -> list[Found]:
            rows = {getattr(row, column): row for row in await self._reads.all(statement, {"ids": ids})}
            return [rows.get(id) for id in ids]

        return fetch

    def _plans_in_force(self) -> Fetch:
        async def fetch(ids: list[UUID]) -> list[Found]:
            values = {"ids": ids, "at": self._reads.now}
            rows = {row.on_plan: row for row in await self._reads.all(lookups.plans_in_force(), values)}
            return [rows.get(id) for id in ids]

        return fetch

    async def _budgets(self, keys: list[OwnedKey]) -> list[Rows]:
        tenants, agents = zip(*keys, strict=True)
        values = budget_values(set(tenants), set(agents), self._reads.now)
        found: dict[OwnedKey, list[Any]] = defaultdict(list)
        for row in await self._reads.all(budgets.budgets(), values):
            found[row.tenant_id, row.agent_id].append(row)
        return [found[key] for key in keys]

    async def _interviews(self, keys: list[Candidate]) -> list[Found]:
        wanted: dict[UUID, list[Candidate]] = defaultdict(list)
        for key in keys:
            wanted[key[0]].append(key)
        found: dict[Candidate, Found] = {}
        for tenant_id, some in wanted.items():
            _, openings, candidates, _ = zip(*some, strict=True)
            values = {"tenant_id": tenant_id, "opening_ids": list({*openings}), "candidates": list({*candidates})}
            for row in await self._reads.all(external_ids.INTERVIEWS, values):
                found[row.tenant_id, row.opening_id, row.candidate, row.is_simulation] = row
        return [found.get(key) for key in keys]

    def _sums(self, question: Question) -> Fetch:
        async def fetch(owners: list[Any]) -> list[Rows]:
            long = not question.of or question.days > _DAYS_SUMMED_AT_ONCE
            statement = question.statement(alone=len(owners) == 1)
            rows = await self._reads.all(statement, question.values(owners), long=long)
            if not question.of:
                return [rows]
            found = _grouped(rows, "owner")
            return [found[owner] for owner in owners]

        return fetch

    def _many_by(self, statement: Any, column: str) -> Fetch:
        async def fetch(ids: list[UUID]) -> list[Rows]:
            rows = _grouped(await self._reads.all(statement, {"ids": ids}), column)
            return [rows[id] for id in ids]

        return fetch

    def _owned(self, statement: Any, column: str = "id") -> Fetch:
        many = self._many_owned(statement, column)

        async def fetch(keys: list[OwnedKey]) -> list[Found]:
            return [rows[0] if rows else None for rows in await many(keys)]

        return fetch

    def _many_owned(self, statement: Any, column: str) -> Fetch:
        async def fetch(keys: list[OwnedKey]) -> list[Rows]:
            ids_of: dict[UUID, list[UUID]] = defaultdict(list)
            for tenant_id, id in keys:
                ids_of[tenant_id].append(id)
            found = dict(zip(ids_of, await asyncio.gather(*(one(*some) for some in ids_of.items())), strict=True))
            return [found[tenant_id][id] for tenant_id, id in keys]

        async def one(tenant_id: UUID, ids: list[UUID]) -> dict[UUID, list[Any]]:
            return _grouped(await self._reads.all(statement, {"tenant_id": tenant_id, "ids": ids}), column)

        return fetch


def loader_of(fetch: Fetch) -> DataLoader[Any, Any]:
    """For a heavy operation it gathers longer, and not more than can be given out in one go."""
    if (pace := PACE.get()) is None:
        return DataLoader(fetch)
    return DataLoader(fetch, MOST_GATHERED, loop=cast(AbstractEventLoop, Gathering(pace)))


def _grouped(rows: Iterable[Any], column: str) -> dict[UUID, list[Any]]:
    groups: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, column)].append(row)
    return groups
