"""The account as a fold: who pays, what is owed, what a boundary brings, what late facts and refunds change."""

from datetime import timedelta
from typing import Any

import pytest

from models.rules.corrections import differences
from models.rules.facts import Fact, Movement, Usage
from models.rules.fold import State
from models.rules.words import EntryKind, SubjectKind
from tests.rules.folding import (
    a_state,
    activity_id,
    boundary,
    credits_in,
    facts_of,
    grant_id,
    in_order,
    minute,
    moving,
    refund,
    standing,
    sums,
    usage,
)
from tests.rules.model_of_the_account import Given, GivenBack, History, Period, Used


def given(key: str, credits: int, begins: int = 0, ends: int | None = None, **more: Any) -> Given:
    until = None if ends is None else minute(ends)
    return Given(
        more.pop("source", "PROMOTION"), key, more.pop("pool", "TOP_UP"), credits, minute(begins), until, **more
    )


def period(n: int, begins: int, credits: int = 10, **more: Any) -> Period:
    return Period(f"period/{n}", minute(begins), minute(begins + 100), credits, **more)


def call(key: str, at: int, credits: int) -> Used:
    return Used(minute(at), "call", key, credits)


def back(key: str, at: int, credits: int, of: str) -> GivenBack:
    return GivenBack(minute(at), "call", key, credits, ("call", of))


def folded(history: History, until: int = 1000) -> tuple[State, list[Movement]]:
    state = a_state(follows_payments=True)
    facts = [fact for fact in facts_of(history) if fact.order.at <= minute(until)]
    return state, state.fold(facts, until=minute(until))


def left(state: State) -> dict[str, int]:
    """What the grants that can pay still hold, by key."""
    return {lot.key: lot.remaining for lot in state.lots.values()}


def shares(movement: Movement) -> list[tuple[str, int]]:
    """Which grants a movement moved; grants of tests have sources that tell them apart only if their keys do."""
    names = {grant_id(source, key): key for key in "abcdefgh" for source in ("PROMOTION", "TOP_UP", "ADJUSTMENT")}
    return [(names[share.grant_id], share.credits) for share in movement.shares]


def lines(movements: list[Movement]) -> list[tuple[str, int]]:
    return [(movement.kind.value, movement.credits) for movement in movements]


# ---------------------------------------------------------------- burn order


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"priority": 1}, {"priority": 2, "ends": 50}, id="a lower priority before a sooner end"),
        pytest.param({"ends": 50}, {"ends": 60}, id="the sooner end"),
        pytest.param({"ends": 50}, {}, id="an end before none"),
        pytest.param({"pool": "PLAN"}, {"pool": "TOP_UP"}, id="the plan before top-ups"),
        pytest.param({"begins": 1}, {"begins": 2}, id="the one that began earlier"),
        pytest.param({}, {}, id="the key, where all else is equal"),
    ],
)
def test_the_grant_that_burns_first_pays_first(first: dict[str, Any], second: dict[str, Any]) -> None:
    history = History([given("b", 5, **second), given("a", 5, **first)], used=[call("1", 10, 7)])

    _, movements = folded(history, until=10)

    assert shares(movements[-1]) == [("a", -5), ("b", -2)]


def test_a_rollover_pays_before_the_plans_new_credits() -> None:
    history = History(
        periods=[period(1, 0), period(2, 100, rollover="UNLIMITED")], used=[call("1", 50, 4), call("2", 150, 7)]
    )

    state, _ = folded(history, until=150)

    assert sorted((lot.source.value, lot.remaining) for lot in state.lots.values()) == [("PLAN", 9), ("ROLLOVER", 0)]


def test_a_grant_pays_from_its_first_moment_and_not_at_its_end() -> None:
    history = History([given("a", 5, 10, 20)], used=[call("early", 9, 1), call("first", 10, 1), call("last", 20, 1)])

    state, movements = folded(history, until=10)
    assert shares(movements[1]) == [("a", 5), ("a", -1)], "The debt of minute 9 is repaid as it begins."
    assert shares(movements[2]) == [("a", -1)]

    state, _ = folded(history)
    assert standing(state)["owed"] == {(minute(20), "call", "last"): 1}


def test_at_one_moment_usage_goes_by_kind_and_key_whatever_came_first() -> None:
    used = [Used(minute(5), kind, key, 1) for kind, key in [("call", "a"), ("call", "b"), ("message", "a")]]

    for order in (used, used[::-1]):
        state, _ = folded(History([given("a", 2)], used=order))
        assert standing(state)["owed"] == {(minute(5), "message", "a"): 1}


# ---------------------------------------------------------------- what is owed


def test_credits_that_come_in_repay_the_oldest_usage_first() -> None:
    history = History([given("a", 5, 30)], used=[call("new", 20, 4), call("old", 10, 3)])

    state, movements = folded(history, until=30)

    assert standing(state)["owed"] == {(minute(20), "call", "new"): 2}
    assert movements[-1].credits == 5, "The entry shows the whole amount."
    assert [share.activity_id for share in movements[-1].shares] == [
        None,
        activity_id(("call", "old")),
        activity_id(("call", "new")),
    ]


def test_usage_before_any_grant_is_owed_until_credits_come_in() -> None:
    history = History(periods=[period(1, 0)], used=[call("1", -50, 4)])

    assert folded(history, until=-1)[0].overdrawn == 4
    assert left(folded(history, until=0)[0]) == {"period/1": 6}


# ---------------------------------------------------------------- boundaries


@pytest.mark.parametrize(
    ("policy", "rolled"),
    [({"rollover": "NONE"}, 0), ({"rollover": "CAPPED", "cap": 4}, 4), ({"rollover": "UNLIMITED"}, 7)],
)
def test_at_a_boundary_the_plans_rest_rolls_over_by_the_policy(policy: dict[str, Any], rolled: int) -> None:
    history = History(periods=[period(1, 0), period(2, 100, **policy)], used=[call("1", 50, 3)])

    _, movements = folded(history, until=100)

    expected = [("GRANT", 10), ("USAGE", -3), ("EXPIRY", -7), ("ROLLOVER", rolled), ("GRANT", 10)]
    assert lines(movements) == [line for line in expected if line[1]]


@pytest.mark.parametrize(("policy", "rolled"), [({"rollover": "CAPPED", "cap": 9}, 9), ({"rollover": "UNLIMITED"}, 20)])
def test_what_rolled_over_rolls_again_only_if_unlimited(policy: dict[str, Any], rolled: int) -> None:
    periods = [period(1, 0), period(2, 100, **policy), period(3, 200, **policy)]

    state, _ = folded(History(periods=periods), until=200)

    assert sorted(lot.remaining for lot in state.lots.values()) == sorted([rolled, 10])


def test_other_grants_of_the_plans_pool_just_end_at_the_boundary() -> None:
    history = History([given("a", 5, 0, 100, pool="PLAN")], [period(1, 0), period(2, 100, rollover="UNLIMITED")])

    state, _ = folded(history, until=100)

    assert sorted(lot.remaining for lot in state.lots.values()) == [10, 10]


def test_nobody_touching_the_account_for_months_changes_nothing_of_what_happens() -> None:
    history = History(periods=[period(n, n * 100, rollover="CAPPED", cap=3) for n in range(12)])
    facts, slowly = facts_of(history), a_state()

    movements = [movement for fact in facts for movement in slowly.fold([fact], until=fact.order.at)]

    assert movements == folded(history, until=1100)[1]


# ---------------------------------------------------------------- grants in the past


def test_a_grant_wholly_in_the_past_pays_what_was_owed_then_and_ends() -> None:
    history = History([given("a", 5, 10, 20)], used=[call("before", 5, 1), call("within", 15, 2), call("after", 25, 3)])

    state, movements = folded(history)

    assert lines(movements) == [("USAGE", -1), ("GRANT", 5), ("USAGE", -2), ("EXPIRY", -2), ("USAGE", -3)]
    assert (state.lots, state.overdrawn) == ({}, 3)


def test_a_grant_that_was_voided_gives_up_what_was_left() -> None:
    history = History([given("a", 5, 0, voided_at=minute(10))], used=[call("1", 5, 2), call("2", 15, 1)])

    state, movements = folded(history)

    assert lines(movements) == [("GRANT", 5), ("USAGE", -2), ("ADJUSTMENT", -3), ("USAGE", -1)]
    assert (state.lots, state.overdrawn) == ({}, 1)


# ---------------------------------------------------------------- refunds


def test_a_refund_first_lowers_what_is_owed_of_its_usage() -> None:
    history = History([given("a", 5)], [period(1, 500)], [call("1", 10, 8)], [back("r", 20, 4, of="1")])

    state, movements = folded(history, until=20)

    assert (state.overdrawn, left(state)) == (0, {"a": 1})
    assert movements[-1].credits == 4
    assert shares(movements[-1]) == [("a", 1)]


def test_a_refund_goes_to_the_grants_that_paid_in_reverse_order() -> None:
    history = History([given("a", 5), given("b", 5)], [period(1, 500)], [call("1", 10, 8)], [back("r", 20, 4, of="1")])

    _, movements = folded(history, until=20)

    assert shares(movements[-1]) == [("b", 3), ("a", 1)]


def test_two_refunds_give_back_what_each_grant_paid_and_no_more() -> None:
    refunds = [back("r", 20, 4, of="1"), back("s", 30, 4, of="1")]
    history = History([given("a", 5), given("b", 5)], [period(1, 500)], [call("1", 10, 8)], refunds)

    state, movements = folded(history, until=30)

    assert shares(movements[-1]) == [("a", 4)]
    assert left(state) == {"a": 5, "b": 5}


def test_a_refund_repays_what_is_owed_of_other_usage() -> None:
    used = [call("1", 10, 5), call("2", 11, 3)]
    history = History([given("a", 5)], [period(1, 500)], used, [back("r", 20, 4, of="1")])

    state, _ = folded(history, until=20)

    assert (state.overdrawn, left(state)) == (0, {"a": 1})


@pytest.mark.parametrize(("pool", "ends"), [("PLAN", minute(500)), ("TOP_UP", None)])
def test_what_would_go_to_an_ended_grant_becomes_one_of_its_pool(pool: str, ends: object) -> None:
    history = History(
        [given("a", 5, 0, 15, pool=pool)], [period(1, 500)], [call("1", 10, 5)], [back("r", 20, 4, of="1")]
    )

    state, _ = folded(history, until=20)

    (lot,) = state.lots.values()
    assert (lot.source.value, lot.pool.value, lot.amount, lot.remaining) == ("REFUND", pool, 4, 4)
    assert lot.expires_at == ends


def test_a_refund_of_what_became_cheaper_gives_back_no_more_than_it_cost() -> None:
    history = History([given("a", 5)], [period(1, 500)], [call("1", 10, 2)], [back("r", 20, 4, of="1")])

    state, movements = folded(history, until=20)

    assert (movements[-1].credits, left(state)) == (2, {"a": 5})


# ---------------------------------------------------------------- late facts


def late(state: State, used: Used) -> Usage:
    fact = usage(used)
    assert state.is_late(fact)
    return fact


def test_late_usage_is_folded_on_where_one_grant_paid_all_since() -> None:
    state, _ = folded(History([given("a", 9), given("b", 9)], used=[call("1", 10, 1), call("2", 20, 1)]), until=20)

    assert state.commutes(late(state, call("late", 15, 7)))
    assert not state.commutes(late(state, call("late", 15, 8))), "The next grant would have to pay for another."


def test_late_usage_from_before_an_edge_is_not_folded_on() -> None:
    state, _ = folded(History([given("a", 9), given("b", 9, 12, 18)], used=[call("1", 20, 1)]), until=20)

    assert [state.commutes(late(state, call("late", at, 1))) for at in (11, 15, 19)] == [False, False, True]


def test_late_usage_from_before_a_change_of_payers_is_not_folded_on() -> None:
    history = History([given("a", 3), given("b", 9)], used=[call("1", 10, 2), call("2", 20, 2), call("3", 30, 1)])
    state, _ = folded(history, until=30)

    assert [state.commutes(late(state, call("late", at, 1))) for at in (15, 25)] == [False, True]


def test_late_usage_from_before_a_grant_was_used_up_is_not_folded_on() -> None:
    history = History([given("a", 2), given("b", 9)], used=[call("1", 10, 2), call("2", 20, 2)])
    state, _ = folded(history, until=30)

    assert not state.commutes(late(state, call("late", 5, 1))), "It would have been paid by the grant that is empty."


def test_late_usage_is_owed_like_all_other_where_there_was_nobody_to_pay() -> None:
    state, _ = folded(History(used=[call("1", 10, 2), call("2", 20, 2)]), until=30)

    assert state.commutes(late(state, call("late", 15, 1)))
    state.use(usage(call("late", 15, 1)))

    assert [debt.order.key for debt in state.debts] == ["1", "late", "2"]


def test_an_interview_that_adds_to_what_is_owed_of_it_is_folded_in_its_place() -> None:
    state, _ = folded(History(used=[Used(minute(10), "interview", "k", 2)]), until=30)

    assert not state.commutes(late(state, Used(minute(10), "interview", "k", 1)))


def test_the_state_before_an_edge_is_told_once_however_often_the_fold_stops_there() -> None:
    told: list[tuple[object, int]] = []
    state = a_state(before_edge=lambda at, state: told.append((at, len(state.lots))))

    state.fold([credits_in(given("a", 5, 10))], until=minute(10))
    again = a_state(lots=state.lots, order=state.order, before_edge=state.before_edge)
    again.fold([credits_in(given("b", 5, 10))], until=minute(10))

    assert told == [(minute(10), 0)]


# ---------------------------------------------------------------- differences


def test_a_late_call_that_costs_nothing_is_recorded_all_the_same() -> None:
    before, after = [call("1", 10, 1)], [call("free", 5, 0), call("1", 10, 1)]
    grants = [given("a", 5)]

    found = differences(folded(History(grants, used=before))[1], folded(History(grants, used=after))[1])

    assert [(movement.key, movement.credits) for movement in found] == [("free", 0)]


def test_differences_move_what_another_grant_should_have_paid() -> None:
    recorded = folded(History([given("b", 5, 0)], used=[call("1", 10, 3)]))[1]
    wanted = folded(History([given("a", 5, 0), given("b", 5, 0)], used=[call("1", 10, 3)]))[1]

    found = differences(recorded, wanted)

    assert [(one.kind, one.credits, shares(one)) for one in found] == [
        (EntryKind.GRANT, 5, [("a", 5)]),
        (EntryKind.USAGE, 0, [("a", -3), ("b", 3)]),
    ]
    assert moving(sums([*recorded, *found])) == moving(sums(wanted))


def test_folding_a_years_facts_one_by_one_or_at_once_is_the_same() -> None:
    history = History(
        [given("a", 40, 5), given("b", 20, 150, 260, source="TOP_UP")],
        [period(n, n * 100, rollover="UNLIMITED") for n in range(5)],
        [call(str(n), n * 7, n % 4) for n in range(60)],
        [back("r", 333, 1, of="43")],
    )
    together, movements = folded(history, until=450)
    alone = a_state(follows_payments=True)

    assert [movement for fact in facts_of(history) for movement in alone.fold([fact])] == movements
    assert standing(alone) == standing(together)
    assert (alone.payer, alone.steady_since) == (together.payer, together.steady_since)


def test_facts_know_their_places() -> None:
    moment = minute(0)
    history = History(periods=[period(1, 0), period(2, 100)])
    facts: list[Fact] = [
        boundary(period(1, 0)),
        credits_in(given("b", 1)),
        credits_in(given("a", 1, source="TOP_UP")),
        usage(Used(moment, "call", "B", 1)),
        usage(Used(moment, "call", "a", 1)),
        usage(Used(moment, "document", "A", 1)),
        refund(back("r", 0, 1, of="a"), history),
    ]

    assert in_order(reversed(facts)) == facts
    assert usage(Used(moment, "document", "A", 1)).order.subject_kind is SubjectKind.DOCUMENT
    assert usage(Used(moment + timedelta(microseconds=1), "call", "a", 1)).order > facts[-1].order
