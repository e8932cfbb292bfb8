"""What a rule for automatic top-ups buys, and what it would have bought."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.recharging import (
    LONGEST_PAUSE,
    NOTHING,
    Moment,
    Purchase,
    RechargeRule,
    TrialPurchase,
    check_rule,
    pause_after,
    purchase,
    trial,
)
from models.rules.refusals import Invalid

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

AMOUNTS = st.integers(0, 1_000)
CAPS = st.none() | st.integers(0, 2_000)
RULES = st.builds(RechargeRule, threshold=AMOUNTS, amount=st.integers(1, 300), monthly_cap=CAPS)
BALANCES = st.integers(-2_000, 2_000)


def test_nothing_is_bought_while_the_threshold_is_available() -> None:
    assert purchase(RechargeRule(10, 50), available=10, pending=0, spent=0) == NOTHING


def test_one_purchase_passes_the_threshold_however_far_below_the_credits_are() -> None:
    assert purchase(RechargeRule(10, 50), available=-120, pending=0, spent=0) == Purchase(150)


def test_a_purchase_that_would_only_reach_the_threshold_is_one_lot_larger() -> None:
    assert purchase(RechargeRule(10, 5), available=0, pending=0, spent=0) == Purchase(15)


def test_what_is_pending_counts_as_if_it_were_there() -> None:
    assert purchase(RechargeRule(10, 50), available=-20, pending=50, spent=50) == NOTHING
    assert purchase(RechargeRule(10, 50), available=-40, pending=50, spent=50) == Purchase(50)


def test_a_target_is_reached_exactly() -> None:
    rule = RechargeRule(10, 50, target_balance=200)
    assert purchase(rule, available=3, pending=0, spent=0) == Purchase(197)
    assert purchase(rule, available=3, pending=197, spent=197) == NOTHING


def test_what_would_exceed_the_cap_is_cut_to_the_lots_that_fit() -> None:
    rule = RechargeRule(100, 20, monthly_cap=70)
    assert purchase(rule, available=0, pending=0, spent=0) == Purchase(60)
    assert purchase(rule, available=0, pending=60, spent=60) == Purchase(0, is_capped=True)


def test_a_target_that_would_exceed_the_cap_is_bought_in_lots() -> None:
    rule = RechargeRule(10, 20, target_balance=100, monthly_cap=50)
    assert purchase(rule, available=5, pending=0, spent=0) == Purchase(40)


def test_a_cap_that_was_lowered_below_what_is_spent_lets_nothing_through() -> None:
    assert purchase(RechargeRule(10, 20, monthly_cap=50), 0, 0, spent=90) == Purchase(0, is_capped=True)


@given(RULES, BALANCES, st.integers(0, 500), st.integers(0, 1_000))
def test_a_purchase_is_the_smallest_number_of_lots_that_passes_the_threshold(
    rule: RechargeRule, available: int, pending: int, spent: int
) -> None:
    bought = purchase(rule, available, pending, spent)
    lots, rest = divmod(bought.credits, rule.amount)
    room = float("inf") if rule.monthly_cap is None else rule.monthly_cap - spent

    assert rest == 0
    assert bought.credits == 0 or bought.credits <= room
    if available >= rule.threshold or available + pending > rule.threshold:
        assert bought == NOTHING
        return
    passes = available + pending + bought.credits > rule.threshold
    one_less_passes = available + pending + (lots - 1) * rule.amount > rule.threshold
    assert not one_less_passes
    assert passes or (lots + 1) * rule.amount > room
    assert bought.is_capped == (lots == 0)


def test_pauses_double_and_end_at_a_day() -> None:
    minutes = [pause_after(failures) // timedelta(minutes=1) for failures in range(1, 9)]
    assert minutes == [15, 30, 60, 120, 240, 480, 960, 1440]
    assert pause_after(1_000_000) == LONGEST_PAUSE


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (RechargeRule(-1, 5), "threshold"),
        (RechargeRule(10, 0), "amount"),
        (RechargeRule(10, 5, target_balance=10), "target_balance"),
        (RechargeRule(10, 5, monthly_cap=-1), "monthly_cap"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: RechargeRule, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_rule(rule)
    assert refused.value.path == (field,)


# ---------------------------------------------------------------- trials


def test_a_trial_counts_what_it_bought_before() -> None:
    moments = [Moment(NOON + n * HOUR, available) for n, available in enumerate([20, 8, 5, -45, 30])]

    assert trial(RechargeRule(10, 50), moments, lambda at: "the same") == [
        TrialPurchase(NOON + HOUR, 50, 8),
        TrialPurchase(NOON + 3 * HOUR, 50, 5),
    ]


def test_a_trial_keeps_to_the_cap_of_each_period() -> None:
    moments = [Moment(NOON + timedelta(days=day), -10 * day) for day in range(40)]
    purchases = trial(RechargeRule(1, 10, monthly_cap=30), moments, lambda at: at.month)

    march = sum(bought.credits for bought in purchases if bought.at.month == 3)
    april = sum(bought.credits for bought in purchases if bought.at.month == 4)
    assert (march, april) == (30, 30)


@given(RULES, st.lists(BALANCES, max_size=30))
def test_a_trial_leaves_the_threshold_available_unless_the_cap_forbids(rule: RechargeRule, balances: list[int]) -> None:
    moments = [Moment(NOON + n * HOUR, balance) for n, balance in enumerate(balances)]
    purchases = {bought.at: bought for bought in trial(rule, moments, lambda at: at.date())}

    bought = 0
    for moment in moments:
        if found := purchases.get(moment.at):
            assert found.available_before == moment.available + bought < rule.threshold
            bought += found.credits
        if rule.monthly_cap is None:
            assert moment.available + bought >= rule.threshold


@given(RULES, st.lists(BALANCES, max_size=30))
def test_moments_without_need_change_nothing_of_a_trial(rule: RechargeRule, balances: list[int]) -> None:
    moments = [Moment(NOON + n * HOUR, balance) for n, balance in enumerate(balances)]
    low = [moment for moment in moments if moment.available < rule.threshold]

    assert trial(rule, low, lambda at: at.date()) == trial(rule, moments, lambda at: at.date())
