"""A tenant goes over to another plan: at once, or when its next billing period begins."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete

from models.actions.account_parts import Grant, Terms
from models.actions.accounts import Account, lock_account
from models.actions.finishing import finish
from models.actions.pricing import terms_of_tenant
from models.actions.refolding import fold_again
from models.actions.settling import fold_in
from models.actions.tenants import TENANT_PLAN, plan_with_id
from models.rules.facts import GRANT_PRIORITY, Lot
from models.rules.ids import new_id
from models.rules.periods import days_left, period_at
from models.rules.words import ChangeWhen, GrantSource, PoolKind
from models.unit_of_work import UnitOfWork


async def change_plan(work: UnitOfWork, tenant_id: UUID, plan_id: UUID, when: ChangeWhen) -> None:
    """Put a tenant on a plan. An earlier wish for the next period is forgotten.

    At once, its rates and limits hold from now on, and what it grants more than the plan before is given for the days
    that are left of the period. Agents and members above its limits stay; only more of them are refused.
    """
    await plan_with_id(work, plan_id)
    account = await lock_account(work, tenant_id)
    await fold_in(work, account)
    before = account.terms_at(work.now)
    at = work.now if when is ChangeWhen.NOW else account.boundary_at(account.next_boundary)
    await _put_on_plan(work, account, plan_id, at)
    granted = when is ChangeWhen.NOW and await _grant_difference(work, account, before)
    if not granted:
        await _settle_anew(work, account)
    await finish(work, [account])


async def _put_on_plan(work: UnitOfWork, account: Account, plan_id: UUID, at: datetime) -> None:
    """From a moment on, and in place of what was wished for later times."""
    unstarted = min(at, work.now + work.now.resolution)
    await work.run(
        delete(TENANT_PLAN).where(TENANT_PLAN.c.tenant_id == account.tenant_id, TENANT_PLAN.c.effective_at >= unstarted)
    )
    account.terms = await terms_of_tenant(work, account.tenant_id)
    if account.terms_at(at).plan_id != plan_id:
        row = {"tenant_id": account.tenant_id, "effective_at": at, "plan_id": plan_id, "recorded_at": work.now}
        await work.insert(TENANT_PLAN, [tuple(row[column.name] for column in TENANT_PLAN.columns)])
        account.terms = await terms_of_tenant(work, account.tenant_id)


async def _grant_difference(work: UnitOfWork, account: Account, before: Terms) -> bool:
    """Give what the new plan grants more, for the days that are left of the period; whether it was anything."""
    now = work.now
    period = period_at(account.anchor_day, account.zone, now)
    assert period is not None, "No account is older than its first period."
    if period.start == now:
        # The period begins with the new plan, and all its credits.
        return False
    left, days = days_left(account.anchor_day, period, account.days.day_of(now))
    credits = max(0, account.terms_at(now).monthly_credits - before.monthly_credits) * left // days
    key = f"change/{now.isoformat()}"
    given = any((grant.lot.source, grant.lot.key) == (GrantSource.PLAN, key) for grant in account.grants.values())
    if not credits or given:
        return False
    lot = Lot(new_id(), key, PoolKind.PLAN, GrantSource.PLAN, credits, credits, GRANT_PRIORITY, now, period.end)
    account.grants[lot.id] = Grant(lot, "AHEAD", is_given=True, recorded_at=now, remarks="For the change of plans.")
    await fold_in(work, account)
    return True


async def _settle_anew(work: UnitOfWork, account: Account) -> None:
    """Settle a boundary again that was settled ahead of its time, for usage that was reported early, by another plan.

    So is one at this very moment, whose period the new plan begins.
    """
    last = account.next_boundary - 1
    if last >= 0 and account.boundary_at(last) >= work.now:
        await fold_again(work, account, [account.boundary_fact(last)], {}, max(work.now, account.state.order.at))
