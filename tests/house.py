"""A database as the command line uses one: with all its tables, and tenants in it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from models.actions.credits import GrantWish, grant_credits
from models.actions.hiring import NewAgent, create_agent
from models.actions.tenants import NewPlan, NewTenant, create_plan, create_tenant
from models.rules.amounts import MICRO
from models.rules.rating import Rate
from models.rules.words import Activity, AgentChannel, EntryKind, RateUnit
from models.tables.base import metadata
from server.database import open_books
from server.migrations import migrate

LONG_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
A_MINUTE = Fraction("0.36")
A_MESSAGE = Fraction("0.1")
A_THOUSAND_TOKENS = Fraction("2.5")
SONNET = "claude-3-5-sonnet-20241022"
"""The model whose messages are priced by their tokens."""

RATES = [
    Rate(Activity.CALL, None, RateUnit.MINUTE, int(A_MINUTE * MICRO)),
    Rate(Activity.MESSAGE, None, RateUnit.MESSAGE, int(A_MESSAGE * MICRO)),
    Rate(Activity.MESSAGE, SONNET, RateUnit.THOUSAND_TOKENS, int(A_THOUSAND_TOKENS * MICRO)),
    Rate(Activity.INTERVIEW, None, RateUnit.INTERVIEW, MICRO),
    Rate(Activity.DOCUMENT, None, RateUnit.DOCUMENT, 3 * MICRO),
    Rate(Activity.FACT, None, RateUnit.FACT, MICRO // 20),
]


class House:
    """A database with tenants in it, each with an agent that is called as the tenant is."""

    def __init__(self, database_url: str) -> None:
        self.url = database_url
        asyncio.run(migrate(database_url))

    def add(
        self, name: str, zone: str = "UTC", steps: tuple[int, int] = (60, 60), granted: int = 0, **plan: Any
    ) -> None:
        """A tenant on a plan of its own, with credits that pay for all its past, if they are enough."""
        asyncio.run(self._add(name, zone, steps, granted, plan))

    async def _add(self, name: str, zone: str, steps: tuple[int, int], granted: int, more: Any) -> None:
        books = open_books(self.url)
        async with books.work() as work:
            plan = await create_plan(work, NewPlan(name, 0, *steps, RATES, **more))
            tenant = await create_tenant(work, NewTenant(name, plan.id, zone, name))
            await create_agent(work, NewAgent(tenant.id, name, AgentChannel.VOICE, external_id=name))
        if granted:
            async with books.work() as work:
                await grant_credits(work, GrantWish(tenant.id, "first", granted * MICRO, effective_at=LONG_BEFORE))
        await books.close()

    def rows(self, tenant: str, table: str) -> Sequence[Any]:
        """All of a tenant's rows of a table."""
        return asyncio.run(self._rows(tenant, metadata.tables[table]))

    async def _rows(self, tenant: str, table: Any) -> Sequence[Any]:
        tenants = metadata.tables["tenant"].c
        books = open_books(self.url)
        async with books.reading() as reader:
            of_tenant = select(tenants.id).where(tenants.external_id == tenant).scalar_subquery()
            rows = await reader.all(select(*table.c).where(table.c.tenant_id == of_tenant))
        await books.close()
        return rows

    def used(self, tenant: str) -> Fraction:
        """The credits that were used, after a look at whether account, ledger and roll-ups agree about them."""
        (account,) = self.rows(tenant, "account")
        entries = self.rows(tenant, "entry")
        counted = sum(row.credits for row in self.rows(tenant, "usage_day"))
        granted = sum(row.credits for row in entries if row.kind == EntryKind.GRANT)
        assert counted == -sum(row.credits for row in entries if row.kind == EntryKind.USAGE)
        assert account.plan_balance + account.top_up_balance - account.overdrawn == granted - counted
        return Fraction(counted, MICRO)
