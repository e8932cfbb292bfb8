"""Reading accounts: settled up to now, and told from one state."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import strawberry

from models.actions.settling import settle_if_due
from models.rules.periods import Period, boundary_day, days_in, period
from models.rules.ranges import period_number
from models.rules.words import PoolKind
from models.tables import standings as tables
from models.unit_of_work import Reader
from resolvers.context import Context, Info
from resolvers.permissions import an_amount
from resolvers.scalars import Credits

_DAY = timedelta(days=1)
SUMS = frozenset({"usedThisPeriod", "grantedThisPeriod"})
"""The fields that need more than the account's own row."""


@strawberry.type(description="A pool of credits at some point of the ledger.")
class PoolStanding:
    kind: PoolKind = strawberry.field(description="Which pool.")
    balance: Credits = an_amount(description="What its usable grants held.")


@dataclass(frozen=True, slots=True)
class Standing:
    """An account at one seq of its ledger. What came in and was used is there only where it was asked for."""

    row: Any
    tenant: Any
    today: date
    period: Period
    next_billing_date: date

    @property
    def seq(self) -> int:
        return int(self.row.seq)

    @property
    def settled(self) -> int:
        return available(self.row) + self.held

    @property
    def available(self) -> int:
        return available(self.row)

    @property
    def held(self) -> int:
        return int(self.row.held)

    @property
    def overdrawn(self) -> int:
        return int(self.row.overdrawn)

    def balance_of(self, kind: PoolKind) -> int:
        return int(self.row.plan_balance if kind is PoolKind.PLAN else self.row.top_up_balance)


def available(account: Any) -> int:
    """What an account's row says can be spent."""
    return int(account.plan_balance + account.top_up_balance - account.overdrawn - account.held)


async def read_standing(context: Context, tenant: Any, *, sums: bool = False) -> Standing:
    """A tenant's account as it stands now. Whoever finds that something is due settles it first."""
    now = context.books.clock()
    days = days_in(tenant.time_zone)
    today = days.day_of(now)
    number = period_number(tenant.anchor_day, today)
    next_billing_date = boundary_day(tenant.anchor_day, number + 1)
    values: dict[str, Any] = {"tenant_id": tenant.id}
    if sums:
        values["first_day"] = boundary_day(tenant.anchor_day, number)
        values["last_day"] = next_billing_date - _DAY
    async with settled(context, values, sums=sums) as (_, row):
        pass
    return Standing(row, tenant, today, period(tenant.anchor_day, number, days.zone), next_billing_date)


@asynccontextmanager
async def settled(
    context: Context, values: Mapping[str, Any], *, sums: bool = False, long: bool = False
) -> AsyncIterator[tuple[Reader, Any]]:
    """One state of the books in which nothing of :tenant_id's account is due, and the account's row in it.

    `long`: what is then read may take long.
    """
    statement = tables.standing(sums=sums)
    async with context.books.reading(long=long) as reader:
        row = await reader.first(statement, values)
        assert row is not None, "Every tenant has an account."
        if row.due_at > context.books.clock():
            yield reader, row
            return
    # Boundaries, and beginnings and ends of grants, happen on time though nobody was there to see them.
    await settle_if_due(context.books, row.tenant_id, row.due_at)
    async with context.books.reading(long=long) as reader:
        yield reader, await reader.first(statement, values)


def asks_for(info: Info, names: frozenset[str]) -> bool:
    """Whether the operation selects any of these fields below the one that is being answered."""
    raw = info._raw_info
    pending: list[Any] = [node.selection_set for node in raw.field_nodes]
    followed = set()
    while pending:
        selection_set = pending.pop()
        for selection in selection_set.selections if selection_set else ():
            if selection.kind == "fragment_spread":
                fragment = selection.name.value
                if fragment not in followed:
                    followed.add(fragment)
                    pending.append(raw.fragments[fragment].selection_set)
                continue
            if selection.kind == "field" and selection.name.value in names:
                return True
            pending.append(selection.selection_set)
    return False
