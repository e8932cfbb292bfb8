"""Automatic top-ups: when a tenant's rule buys credits, how many, and how long it waits after a failure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from models.rules.amounts import LARGEST
from models.rules.refusals import Invalid

FIRST_PAUSE = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RechargeRule:
    """Buy what is missing, in lots of `amount` or up to a target, once less than the threshold is available."""

    threshold: int
    amount: int
    target_balance: int | None = None
    monthly_cap: int | None = None


class Purchase(NamedTuple):
    """What a rule buys. It is capped where nothing more fits into the period, though something is wanted."""

    credits: int
    is_capped: bool = False


NOTHING = Purchase(0)


def check_rule(rule: RechargeRule) -> None:
    """Refuse a rule that makes no sense."""
    if rule.threshold < 0:
        raise Invalid("A threshold is 0 credits or more.", ("threshold",))
    if rule.amount <= 0:
        raise Invalid("A purchase takes more than 0 credits.", ("amount",))
    if rule.target_balance is not None and rule.target_balance <= rule.threshold:
        raise Invalid("The target lies above the threshold.", ("target_balance",))
    if rule.monthly_cap is not None and rule.monthly_cap < 0:
        raise Invalid("A cap is 0 credits or more.", ("monthly_cap",))


def purchase(rule: RechargeRule, available: int, pending: int, spent: int) -> Purchase:
    """What the rule buys now. Pending purchases count as if they were there; spent is that of the period so far.

    What would exceed the cap is cut to as many whole lots as fit, also where the target is bought up to.
    """
    expected = available + pending
    if available >= rule.threshold or expected > rule.threshold:
        return NOTHING
    wanted = _wanted(rule, expected)
    room = LARGEST if rule.monthly_cap is None else min(LARGEST, rule.monthly_cap - spent)
    if wanted <= room:
        return Purchase(wanted)
    fitting = max(room, 0) // rule.amount * rule.amount
    return Purchase(fitting, is_capped=not fitting)


def _wanted(rule: RechargeRule, expected: int) -> int:
    if rule.target_balance is not None:
        return rule.target_balance - expected
    lots = (rule.threshold - expected) // rule.amount + 1
    return lots * rule.amount


def pause_after(failures: int) -> timedelta:
    """How long nothing is bought after so many failures in a row."""
    assert failures > 0
    pause = FIRST_PAUSE
    for _ in range(1, min(failures, 20)):
        pause = min(2 * pause, LONGEST_PAUSE)
    return pause


# ---------------------------------------------------------------- trying a rule on the past


class Moment(NamedTuple):
    """What was available once all that happened at a moment had happened."""

    at: datetime
    available: int


class TrialPurchase(NamedTuple):
    """What a rule would have bought, and what was available just before, its earlier purchases among it."""

    at: datetime
    credits: int
    available_before: int


def trial(
    rule: RechargeRule, moments: Iterable[Moment], period_of: Callable[[datetime], object]
) -> list[TrialPurchase]:
    """What a rule would have bought, each purchase paid at once; period_of tells which period a moment lies in.

    Moments at which no less than the threshold was available may be left out: purchases only add to it.
    """
    purchases: list[TrialPurchase] = []
    bought = 0
    spent: dict[object, int] = {}
    for at, without in moments:
        available = without + bought
        if available >= rule.threshold:
            continue
        period = period_of(at)
        credits = purchase(rule, available, 0, spent.get(period, 0)).credits
        if credits:
            purchases.append(TrialPurchase(at, credits, available))
            bought += credits
            spent[period] = spent.get(period, 0) + credits
    return purchases
