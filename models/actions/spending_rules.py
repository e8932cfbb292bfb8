"""What a tenant's admins set: the rule for automatic top-ups, the amounts to be warned at, and budgets of agents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, select, update

from models.actions.accounts import Account
from models.actions.alerts import warn_of_low_balance
from models.actions.budgets import tell_if_reached
from models.actions.finishing import finish
from models.actions.recharging import change_rule, rule_of
from models.actions.settling import settle
from models.rules import budgets, warnings
from models.rules.recharging import RechargeRule, check_rule
from models.rules.refusals import NotFound
from models.rules.words import BudgetAction, Interval
from models.tables.budgets import BUDGET
from models.tables.ledger import ACCOUNT
from models.tables.lookups import AGENT
from models.tables.recharging import AUTO_RECHARGE
from models.unit_of_work import UnitOfWork


async def set_auto_recharge(work: UnitOfWork, tenant_id: UUID, rule: RechargeRule, *, enabled: bool) -> None:
    """Set the rule for automatic top-ups; one that wants credits already asks for them at once.

    A pause after failures stays: only a purchase that is paid ends it.
    """
    check_rule(rule)
    account = await settle(work, tenant_id)
    values: dict[str, Any] = {
        "enabled": enabled,
        "threshold": rule.threshold,
        "amount": rule.amount,
        "target_balance": rule.target_balance,
        "monthly_cap": rule.monthly_cap,
        "capped_in": None,
    }
    if await rule_of(work, tenant_id, work.now) is None:
        await work.run(insert(AUTO_RECHARGE).values(tenant_id=tenant_id, **values))
    else:
        await change_rule(work, tenant_id, **values)
    account.recharge_below = rule.threshold if enabled else None
    await _change_account(work, account, recharge_below=account.recharge_below)
    await finish(work, [account])


async def set_low_balance_thresholds(work: UnitOfWork, tenant_id: UUID, thresholds: Sequence[int]) -> None:
    """Warn a tenant from now on when its available credits fall below one of these."""
    checked = warnings.checked_thresholds(thresholds)
    account = await settle(work, tenant_id)
    # What has happened until now is still told by the thresholds that held so far.
    warn_of_low_balance(account)
    account.thresholds = checked
    await _change_account(work, account, low_balance_thresholds=warnings.thresholds_as_text(checked))
    await finish(work, [account])


@dataclass(frozen=True, slots=True)
class BudgetWish:
    """A budget of an agent; none without credits."""

    tenant_id: UUID
    agent_id: UUID
    credits: int | None
    every: Interval = Interval.MONTH
    action: BudgetAction = BudgetAction.WARN


async def set_budget(work: UnitOfWork, wish: BudgetWish) -> None:
    """Give an agent a budget in place of the one it has, or take it away. One that is used up already is told of."""
    if wish.credits is not None:
        budgets.check_budget(wish.credits, wish.every)
    account = await settle(work, wish.tenant_id)
    if not await work.all(select(AGENT.c.id).where(AGENT.c.tenant_id == wish.tenant_id, AGENT.c.id == wish.agent_id)):
        raise NotFound("There is no such agent.", ("agent_id",))
    this = (BUDGET.c.tenant_id == wish.tenant_id, BUDGET.c.agent_id == wish.agent_id)
    before = await work.first(select(*BUDGET.c).where(*this))
    await work.run(delete(BUDGET).where(*this))
    if wish.credits is not None:
        values = {"credits": wish.credits, "every": wish.every, "action": wish.action}
        is_the_same = before is not None and (before.credits, before.every) == (wish.credits, wish.every)
        told_for = before.told_for if before is not None and is_the_same else None
        values |= {"tenant_id": wish.tenant_id, "agent_id": wish.agent_id, "told_for": told_for}
        await work.run(insert(BUDGET).values(values))
        await tell_if_reached(work, account, wish.agent_id)
    has_budgets = bool(await work.value(select(exists().where(BUDGET.c.tenant_id == wish.tenant_id))))
    account.has_budgets = has_budgets
    await _change_account(work, account, has_budgets=has_budgets)
    await finish(work, [account])


async def _change_account(work: UnitOfWork, account: Account, **values: Any) -> None:
    await work.run(update(ACCOUNT).where(ACCOUNT.c.tenant_id == account.tenant_id).values(values))
