"""Short ways to set what the tests of automatic top-ups, alerts and budgets are about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from models.actions.credits import Settlement, settle_top_up
from models.actions.spending_rules import BudgetWish, set_auto_recharge, set_budget, set_low_balance_thresholds
from models.rules.recharging import RechargeRule
from models.rules.words import BudgetAction, Interval, TopUpStatus
from models.unit_of_work import Books, UnitOfWork
from tests.books import TestBooks, micro


async def recharge(
    books: TestBooks,
    tenant: UUID,
    threshold: str,
    amount: str,
    target: str | None = None,
    cap: str | None = None,
    enabled: bool = True,
) -> None:
    target_balance, monthly_cap = (None if text is None else micro(text) for text in (target, cap))
    rule = RechargeRule(micro(threshold), micro(amount), target_balance, monthly_cap)
    async with books.books.work() as work:
        await set_auto_recharge(work, tenant, rule, enabled=enabled)


async def warn_at(books: TestBooks, tenant: UUID, *thresholds: str) -> None:
    async with books.books.work() as work:
        await set_low_balance_thresholds(work, tenant, [micro(text) for text in thresholds])


async def budget(
    books: TestBooks,
    tenant: UUID,
    credits: str | None,
    every: Interval = Interval.MONTH,
    action: BudgetAction = BudgetAction.WARN,
    agent: UUID | None = None,
) -> None:
    amount = None if credits is None else micro(credits)
    async with books.books.work() as work:
        await set_budget(work, BudgetWish(tenant, agent or books.agents[tenant], amount, every, action))


async def automatic(books: TestBooks, tenant: UUID) -> list[Any]:
    """The automatic top-ups, the oldest first."""
    return list(await books.rows("top_up", "requested_at", "id", tenant_id=tenant, automatic=True))


async def bought(books: TestBooks, tenant: UUID) -> list[int]:
    """The credits of the automatic top-ups, in whole credits."""
    return [row.credits // micro("1") for row in await automatic(books, tenant)]


async def paid(books: TestBooks, tenant: UUID) -> None:
    """The last automatic top-up was paid."""
    await _settled(books, tenant, TopUpStatus.SETTLED, None)


async def failed(books: TestBooks, tenant: UUID, failure: str | None = "card declined") -> None:
    """The last automatic top-up was not paid."""
    await _settled(books, tenant, TopUpStatus.FAILED, failure)


async def _settled(books: TestBooks, tenant: UUID, outcome: TopUpStatus, failure: str | None) -> None:
    last = (await automatic(books, tenant))[-1]
    async with books.books.work() as work:
        await settle_top_up(work, Settlement(tenant, last.id, outcome, failure=failure))


async def alerts(books: TestBooks, tenant: UUID) -> list[tuple[str, int | None]]:
    """Kind and credits of each alert, in millionths."""
    return [(row.kind, row.credits) for row in await books.rows("alert", "seq", tenant_id=tenant)]


class Interrupted(Exception):
    """What breaks a transaction off in the tests below."""


class Breakable(UnitOfWork):
    """A unit of work that ends after some number of statements, as if its process had been killed there."""

    statements_left = 0

    async def all(self, statement: Any, values: Any = None) -> Any:
        self._count()
        return await super().all(statement, values)

    async def first(self, statement: Any, values: Any = None) -> Any:
        self._count()
        return await super().first(statement, values)

    async def value(self, statement: Any, values: Any = None) -> Any:
        self._count()
        return await super().value(statement, values)

    async def run(self, statement: Any, values: Any = None) -> int:
        self._count()
        return await super().run(statement, values)

    async def insert(self, table: Any, rows: Any) -> None:
        self._count()
        await super().insert(table, rows)

    async def add_up(self, table: Any, rows: Any) -> None:
        self._count()
        await super().add_up(table, rows)

    def _count(self) -> None:
        if not self.statements_left:
            raise Interrupted
        self.statements_left -= 1


@asynccontextmanager
async def broken_off(books: Books, after: int) -> AsyncIterator[UnitOfWork]:
    """A unit of work that may make so many statements; the next one ends it."""
    async with books.writes.open() as session:
        work = Breakable(session, books.clock(), announces=books.outbox is not None)
        work.statements_left = after
        yield work
