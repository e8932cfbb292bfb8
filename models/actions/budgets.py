"""Budgets: what agents have used of them, the alert when one is reached, and the agents that are stopped by it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from models.actions.accounts import Account
from models.actions.alerts import raise_alert
from models.rules import budgets as rules
from models.rules.amounts import in_credits
from models.rules.refusals import BudgetReached
from models.rules.words import AlertKind, BudgetAction, Interval
from models.tables import budgets as tables
from models.tables.budgets import BUDGET
from models.tables.lookups import AGENT
from models.unit_of_work import UnitOfWork

_A_DAY = timedelta(days=1)
_NAME = select(AGENT.c.name).where(AGENT.c.tenant_id == bindparam("tenant_id"), AGENT.c.id == bindparam("agent_id"))
_NAMES = {Interval.DAY: "day", Interval.WEEK: "week", Interval.MONTH: "month"}


@dataclass(slots=True)
class BudgetStanding:
    """An agent's budget, and what is used of it in the interval that began on a day."""

    agent_id: UUID
    credits: int
    every: Interval
    action: BudgetAction
    since: date
    used: int
    told_for: date | None

    @property
    def is_reached(self) -> bool:
        return self.used >= self.credits


async def watch_budgets(work: UnitOfWork, accounts: Iterable[Account]) -> None:
    """Raise an alert for every budget that this transaction's usage reaches, once for each of its intervals."""
    watched = {account.tenant_id: account for account in accounts if account.has_budgets and account.rolled.agents()}
    if not watched:
        return
    agents = set[UUID]().union(*(account.rolled.agents() for account in watched.values()))
    rows = await work.all(tables.budgets(), budget_values(watched, agents, work.now))
    for tenant_id, account in watched.items():
        mine = [row for row in rows if row.tenant_id == tenant_id]
        for standing in standings(mine, account.days.day_of(work.now), account):
            await _tell_if_reached(work, account, standing)


async def tell_if_reached(work: UnitOfWork, account: Account, agent_id: UUID) -> None:
    """Raise the alert of an agent's budget, where it is reached and that was not told yet."""
    for standing in await _standing_of(work, account, agent_id):
        await _tell_if_reached(work, account, standing)


async def refuse_stopped_agent(work: UnitOfWork, account: Account, agent_id: UUID) -> None:
    """Refuse what would use more of a budget that stops its agent once it is reached."""
    if not account.has_budgets:
        return
    for standing in await _standing_of(work, account, agent_id):
        if standing.action is BudgetAction.STOP and standing.is_reached:
            raise BudgetReached(f"The agent's budget for this {_NAMES[standing.every]} is used up.", ("agent_id",))


async def _standing_of(work: UnitOfWork, account: Account, agent_id: UUID) -> list[BudgetStanding]:
    rows = await work.all(tables.budgets(), budget_values([account.tenant_id], [agent_id], work.now))
    return standings(rows, account.days.day_of(work.now), account)


async def _tell_if_reached(work: UnitOfWork, account: Account, standing: BudgetStanding) -> None:
    if not standing.is_reached or standing.told_for == standing.since:
        return
    used, budget = in_credits(standing.used), in_credits(standing.credits)
    name = await work.value(_NAME, {"tenant_id": account.tenant_id, "agent_id": standing.agent_id})
    message = f'"{name}" has used {used} credits of its budget of {budget} for this {_NAMES[standing.every]}.'
    raise_alert(account, AlertKind.BUDGET_REACHED, message, credits=standing.credits, agent_id=standing.agent_id)
    await work.run(
        update(BUDGET)
        .where(BUDGET.c.tenant_id == account.tenant_id, BUDGET.c.agent_id == standing.agent_id)
        .values(told_for=standing.since)
    )


def budget_values(tenants: Iterable[UUID], agents: Iterable[UUID], now: datetime) -> dict[str, Any]:
    """What the statement of budgets wants, with the first day that may count in any time zone."""
    today = now.date() - _A_DAY
    first = min(rules.first_day(every, today) for every in rules.EVERY)
    return {"tenants": sorted(tenants), "agents": sorted(agents), "first_day": first}


def standings(rows: Sequence[Any], today: date, account: Account | None = None) -> list[BudgetStanding]:
    """The budgets of one tenant, from their rows for each day; with what an account is about to add to them."""
    found: dict[UUID, BudgetStanding] = {}
    for row in rows:
        standing = found.get(row.agent_id)
        if standing is None:
            standing = found[row.agent_id] = _of_row(row, today)
            added = account.rolled.used_by(row.agent_id) if account else ()
            standing.used += sum(credits for day, credits in added if standing.since <= day <= today)
        if row.day is not None and standing.since <= row.day <= today:
            standing.used += row.used
    return list(found.values())


def _of_row(row: Any, today: date) -> BudgetStanding:
    every = Interval(row.every)
    since = rules.first_day(every, today)
    return BudgetStanding(row.agent_id, row.credits, every, BudgetAction(row.action), since, 0, row.told_for)
