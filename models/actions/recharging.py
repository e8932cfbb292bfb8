"""Automatic top-ups: asked for in the transaction that took the credits below the threshold, then paid or failed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from models.actions.account_parts import About
from models.actions.accounts import Account
from models.actions.alerts import raise_alert
from models.actions.announcing import Event, EventType, announce, as_instant
from models.rules import recharging as rules
from models.rules.amounts import in_credits
from models.rules.facts import Movement
from models.rules.ids import new_id, type_id
from models.rules.periods import days_in
from models.rules.ranges import period_number
from models.rules.recharging import Moment, RechargeRule, TrialPurchase
from models.rules.words import AlertKind, EntryKind, SubjectKind, TopUpStatus
from models.tables import recharging as tables
from models.tables.recharging import AUTO_RECHARGE, TOP_UP
from models.unit_of_work import Reader, UnitOfWork

REMARKS = "Automatic top-up"


async def recharge(work: UnitOfWork, accounts: Iterable[Account]) -> None:
    """Ask for the top-ups that the rules of accounts want, now that all else of the transaction has happened."""
    for account in accounts:
        if account.recharge_again_at is not None and account.recharge_again_at <= work.now:
            account.recharge_again_at = None
        is_low = account.recharge_below is not None and account.available < account.recharge_below
        if is_low and account.recharge_again_at is None:
            await _recharge(work, account)


async def _recharge(work: UnitOfWork, account: Account) -> None:
    period = current_period(account)
    row = await rule_of(work, account.tenant_id, account.boundary_at(period))
    assert row is not None, "An account that knows a threshold has a rule."
    credits, is_capped = rules.purchase(rule_in(row), account.available, row.pending, row.spent)
    if credits:
        await _ask(work, account, credits)
    elif is_capped and row.capped_in != period:
        cap = in_credits(row.monthly_cap)
        message = f"No automatic top-up: {in_credits(row.spent)} of {cap} credits of this period are bought already."
        raise_alert(account, AlertKind.TOP_UP_FAILED, message)
        await change_rule(work, account.tenant_id, capped_in=period)


async def _ask(work: UnitOfWork, account: Account, credits: int) -> None:
    # The entry's number makes the key, so that no two purchases ever share one.
    id, key = new_id(), f"auto/{account.seq + 1}"
    row = {
        "tenant_id": account.tenant_id,
        "id": id,
        "key": key,
        "credits": credits,
        "status": TopUpStatus.PENDING,
        "automatic": True,
        "requested_at": work.now,
        "remarks": REMARKS,
    }
    await work.run(insert(TOP_UP).values(row))
    about = About(remarks=REMARKS, top_up_status=TopUpStatus.PENDING)
    account.append(Movement(work.now, EntryKind.TOP_UP, SubjectKind.TOP_UP, id, key, 0, ()), about)
    await announce_request(work, account.tenant_id, id, credits, automatic=True)


async def announce_request(work: UnitOfWork, tenant_id: UUID, id: UUID, credits: int, *, automatic: bool) -> None:
    """Tell the operator's payment system what is to be paid."""
    data = {
        "id": type_id("top_up", id),
        "tenantId": type_id("tenant", tenant_id),
        "credits": in_credits(credits),
        "automatic": automatic,
        "requestedAt": as_instant(work.now),
    }
    await announce(work, [Event(tenant_id, EventType.TOP_UP_REQUESTED, data)])


async def take_outcome(work: UnitOfWork, account: Account, row: Any, outcome: TopUpStatus, failure: str | None) -> None:
    """Warn of a top-up that failed. After an automatic one the rule waits, longer each time until one is paid."""
    if outcome is TopUpStatus.FAILED:
        reason = f": {failure}" if failure else "."
        message = f"A top-up of {in_credits(row.credits)} credits failed{reason}"
        raise_alert(account, AlertKind.TOP_UP_FAILED, message, credits=row.credits)
    if not row.automatic:
        return
    if outcome is TopUpStatus.SETTLED:
        account.recharge_again_at = None
        await change_rule(work, account.tenant_id, failures=0, last_failure=None)
        return
    rule = await rule_of(work, account.tenant_id, work.now)
    assert rule is not None, "An automatic top-up was made by a rule."
    failures = rule.failures + 1
    account.recharge_again_at = work.now + rules.pause_after(failures)
    await change_rule(work, account.tenant_id, failures=failures, last_failure=failure or "It was not paid.")


async def change_rule(work: UnitOfWork, tenant_id: UUID, **values: Any) -> None:
    await work.run(update(AUTO_RECHARGE).where(AUTO_RECHARGE.c.tenant_id == tenant_id).values(values))


async def rule_of(reader: Reader, tenant_id: UUID, period_start: datetime) -> Any | None:
    """The row of a tenant's rule, with what is pending, and what automatic top-ups took since the period began."""
    return await reader.first(tables.rule(), {"tenant_id": tenant_id, "starts_at": period_start})


def rule_in(row: Any) -> RechargeRule:
    return RechargeRule(row.threshold, row.amount, row.target_balance, row.monthly_cap)


def current_period(account: Account) -> int:
    return period_number(account.anchor_day, account.days.day_of(account.now))


async def try_out(
    reader: Reader, tenant: Any, rule: RechargeRule, start: datetime, end: datetime | None
) -> list[TrialPurchase]:
    """What a rule would have bought for a tenant, by what happened from one moment to another."""
    rules.check_rule(rule)
    values = {"tenant_id": tenant.id, "threshold": rule.threshold, "starts_at": start}
    if end is not None:
        values["ends_at"] = end
    rows = await reader.all(tables.moments_below(until=end is not None), values)
    days = days_in(tenant.time_zone)
    return rules.trial(
        rule,
        [Moment(row.at, row.available) for row in rows],
        lambda at: period_number(tenant.anchor_day, days.day_of(at)),
    )
