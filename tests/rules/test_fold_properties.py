"""The fold against the plain model, on random histories; and what late facts, kept states and differences promise."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.corrections import differences
from models.rules.facts import Fact, Movement, Usage
from models.rules.fold import State
from models.rules.keeping import frontier_as_text, frontier_of_text, state_as_text, state_of_text
from tests.rules.folding import (
    a_state,
    activity_id,
    facts_of,
    grant_id,
    minute,
    moving,
    payments,
    standing,
    sums,
)
from tests.rules.model_of_the_account import Given, GivenBack, History, ModelAccount, Period, Used, account_after

END = 40
"""Histories end at this minute. Few minutes make many ties."""
minutes = st.integers(0, END)
amounts = st.integers(0, 12)


@st.composite
def grants(draw: st.DrawFn) -> list[Given]:
    made = []
    for number in range(draw(st.integers(0, 4))):
        source = draw(st.sampled_from(["PROMOTION", "ADJUSTMENT", "TOP_UP", "AUTO_RECHARGE"]))
        begins = draw(minutes)
        ends = draw(st.none() | st.integers(begins + 1, END + 5))
        pool = draw(st.sampled_from(["PLAN", "TOP_UP"])) if source in ("PROMOTION", "ADJUSTMENT") else "TOP_UP"
        voided = draw(st.none() | st.none() | st.integers(begins, END))
        made.append(
            Given(
                source,
                f"{draw(st.sampled_from('xyz'))}{number}",
                pool,
                draw(st.integers(1, 15)),
                minute(begins),
                None if ends is None else minute(ends),
                draw(st.sampled_from([100, 100, 50])),
                None if voided is None or (ends is not None and voided >= ends) else minute(voided),
            )
        )
    return made


@st.composite
def periods(draw: st.DrawFn) -> list[Period]:
    starts = [draw(st.integers(0, 8)) + 10 * n for n in range(5)]
    made = []
    for number, start in enumerate(starts):
        policy = draw(st.sampled_from(["NONE", "CAPPED", "UNLIMITED"]))
        cap = draw(amounts) if policy == "CAPPED" else None
        end = starts[number + 1] if number + 1 < len(starts) else END + 50
        made.append(Period(f"period/{number}", minute(start), minute(end), draw(amounts), policy, cap))
    # After the history's end: where refunds of the plan's last credits end.
    return [*made, Period("period/last", minute(END + 50), minute(END + 60), 0)]


@st.composite
def usages(draw: st.DrawFn) -> list[Used]:
    made = []
    for number in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(["call", "message", "interview", "document"]))
        key = f"{draw(st.sampled_from('abc'))}{number}"
        # Interviews have several usages of one activity.
        subject = ("interview", draw(st.sampled_from("IJ"))) if kind == "interview" else None
        made.append(Used(minute(draw(minutes)), kind, key, draw(amounts), subject))
    return made


@st.composite
def refunds(draw: st.DrawFn, used: list[Used]) -> list[GivenBack]:
    """At most what was charged until then, of activities that were charged."""
    made: list[GivenBack] = []
    for number in range(draw(st.integers(0, 3)) if used else 0):
        one = draw(st.sampled_from(used))
        at = minute(draw(st.integers(int((one.at - minute(0)).total_seconds()) // 60, END)))
        charged = sum(used.credits for used in used if used.activity == one.activity and used.at <= at)
        before = sum(back.credits for back in made if back.subject == one.activity)
        if charged > before and all(back.at <= at for back in made if back.subject == one.activity):
            credits = draw(st.integers(1, charged - before))
            made.append(GivenBack(at, one.kind, f"{draw(st.sampled_from('rs'))}{number}", credits, one.activity))
    return made


@st.composite
def histories(draw: st.DrawFn) -> History:
    used = draw(usages())
    return History(draw(grants()), draw(periods()), used, draw(refunds(used)))


def folded(facts: list[Fact], **values: Any) -> tuple[State, list[Movement]]:
    state = a_state(follows_payments=True, **values)
    return state, state.fold(facts, until=minute(END))


def facts_until_end(history: History) -> list[Fact]:
    return [fact for fact in facts_of(history) if fact.order.at <= minute(END)]


def expected(account: ModelAccount) -> dict[str, Any]:
    return {
        "left": {grant.name: grant.left for grant in account.grants},
        "owed": {(debt.at, debt.kind, debt.key): debt.credits for debt in account.owed},
        "overdrawn": account.overdrawn,
    }


@given(histories())
@settings(max_examples=400)
def test_the_fold_comes_to_what_the_plain_model_comes_to(history: History) -> None:
    account = account_after(history, minute(END))
    state, movements = folded(facts_until_end(history))

    assert standing(state) == expected(account)
    assert state.overdrawn == sum(debt.owed for debt in state.debts)
    assert sum(movement.credits for movement in movements) == account.available
    assert [movement.at for movement in movements] == [move.at for move in account.moves]
    assert sorted((movement.at, movement.kind.value, movement.credits) for movement in movements) == sorted(
        (move.at, move.kind, move.credits) for move in account.moves
    )


@given(histories())
@settings(max_examples=200)
def test_every_activity_is_paid_by_the_grants_that_the_model_names(history: History) -> None:
    account = account_after(history, minute(END))
    _, movements = folded(facts_until_end(history))
    names = {grant_id(*grant.name): grant.name for grant in [*account.grants, *account.ended]}

    assert payments(movements, names) == {
        activity_id(activity): paid for activity, paid in account.ever_paid.items() if paid
    }


@given(histories())
@settings(max_examples=200)
def test_a_movements_shares_add_up_to_what_no_debt_explains(history: History) -> None:
    state = a_state(follows_payments=True)
    left: dict[Any, int] = {}
    for fact in facts_until_end(history):
        before = state.overdrawn
        movements = state.fold([fact])
        shared = sum(share.credits for movement in movements for share in movement.shares)
        assert sum(movement.credits for movement in movements) - shared == before - state.overdrawn
        for movement in movements:
            for share in movement.shares:
                left[share.grant_id] = left.get(share.grant_id, 0) + share.credits
                assert left[share.grant_id] >= 0
    assert {id: credits for id, credits in left.items() if credits} == {
        id: lot.remaining for id, lot in state.lots.items() if lot.remaining
    }


@given(histories(), st.integers(0, 30), st.integers(0, 30))
@settings(max_examples=500)
def test_late_usage_that_commutes_does_what_it_would_have_done_in_time(history: History, which: int, when: int) -> None:
    facts = facts_until_end(history)
    late = [fact for fact in facts if isinstance(fact, Usage)]
    if not late:
        return
    fact = late[which % len(late)]
    place = facts.index(fact)
    until = place + 1 + when % (len(facts) - place)
    state = a_state(follows_payments=True)
    movements = state.fold([*facts[:place], *facts[place + 1 : until]])
    if not (state.is_late(fact) and state.commutes(fact)):
        return
    movements.append(state.use(fact))
    movements += state.fold(facts[until:], until=minute(END))

    in_time, expected_movements = folded(facts)
    assert standing(state) == standing(in_time)
    assert sums(movements) == sums(expected_movements)


@given(histories(), st.integers(0, 30), st.data())
@settings(max_examples=300)
def test_several_late_usages_that_commute_come_in_any_order(history: History, until: int, data: st.DataObject) -> None:
    facts = facts_until_end(history)
    first, rest = facts[:until], facts[until:]
    late = [fact for fact in first if isinstance(fact, Usage) and data.draw(st.booleans())]
    state = a_state(follows_payments=True)
    movements = state.fold([fact for fact in first if fact not in late])
    for fact in data.draw(st.permutations(late)):
        if state.is_late(fact) and not state.commutes(fact):
            return
        # What is not late any more comes in its turn, which is now.
        movements += [state.use(fact)] if state.is_late(fact) else state.fold([fact])
    movements += state.fold(rest, until=minute(END))

    in_time, expected_movements = folded(facts)
    assert standing(state) == standing(in_time)
    assert sums(movements) == sums(expected_movements)


@given(histories(), st.integers(0, 30))
@settings(max_examples=200)
def test_a_state_kept_as_text_goes_on_as_if_it_had_not_been(history: History, until: int) -> None:
    facts = facts_until_end(history)
    state = a_state(follows_payments=True)
    state.fold(facts[:until])
    kept = state_of_text(state_as_text(state), grant_id)
    kept.payments = {activity: list(paid) for activity, paid in state.payments.items()}
    kept.follows_payments = True

    assert state_as_text(kept) == state_as_text(state)
    assert kept.fold(facts[until:], until=minute(END)) == state.fold(facts[until:], until=minute(END))
    assert standing(kept) == standing(state)


@given(histories(), st.integers(0, 30), st.integers(0, 10_000))
def test_a_frontier_kept_as_text_is_the_same_again(history: History, until: int, facts: int) -> None:
    state = a_state(follows_payments=True)
    state.fold(facts_until_end(history)[:until])

    text = frontier_as_text(state, facts)

    assert frontier_of_text(text) == (state.order, state.payer, state.steady_since, facts)


@given(histories())
@settings(max_examples=200)
def test_what_is_kept_before_an_edge_folds_to_the_same_end(history: History) -> None:
    kept: dict[Any, tuple[str, dict[Any, Any]]] = {}
    facts = facts_until_end(history)

    def keep(at: Any, state: State) -> None:
        paid = {activity: list(paid) for activity, paid in state.payments.items()}
        kept[at] = state_as_text(state), paid

    state, movements = folded(facts, before_edge=keep)

    for at, (text, paid) in kept.items():
        again = state_of_text(text, grant_id)
        again.payments, again.follows_payments = paid, True
        since = again.fold([fact for fact in facts if fact.order.at >= at], until=minute(END))
        assert since == [movement for movement in movements if movement.at >= at]
        assert standing(again) == standing(state)


@given(histories(), st.data())
@settings(max_examples=200)
def test_differences_added_to_what_was_recorded_are_what_was_folded(history: History, data: st.DataObject) -> None:
    facts = facts_until_end(history)
    known = [fact for fact in facts if not isinstance(fact, Usage) or data.draw(st.booleans())]
    recorded, wanted = folded(known)[1], folded(facts)[1]

    found = differences(recorded, wanted)

    assert moving(sums([*recorded, *found])) == moving(sums(wanted))
    assert set(sums(wanted)) <= set(sums([*recorded, *found]))
    assert found == sorted(found, key=lambda movement: movement.at)
    assert differences(wanted, wanted) == []
