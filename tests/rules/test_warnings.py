"""When a tenant is warned that its credits run low."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.refusals import Invalid
from models.rules.warnings import checked_thresholds, crossed, ran_out, thresholds_as_text, thresholds_of_text

THRESHOLDS = st.lists(st.integers(0, 50), max_size=10)


def test_a_threshold_is_crossed_when_less_than_it_is_left() -> None:
    assert crossed([10], before=10, after=9) == [10]
    assert crossed([10], before=11, after=10) == []
    assert crossed([10], before=9, after=5) == []


def test_one_change_crosses_several_thresholds_the_highest_first() -> None:
    assert crossed([5, 10, 50], before=20, after=0) == [10, 5]


def test_credits_run_out_when_nothing_is_left_of_something() -> None:
    assert ran_out(before=1, after=0)
    assert ran_out(before=1, after=-5)
    assert not ran_out(before=0, after=-5)
    assert not ran_out(before=5, after=1)


@given(THRESHOLDS, st.lists(st.integers(-20, 70), min_size=2, max_size=30))
def test_each_threshold_warns_once_until_it_was_reached_again(thresholds: list[int], balances: list[int]) -> None:
    kept = checked_thresholds(thresholds)
    is_below = {threshold: balances[0] < threshold for threshold in kept}
    for before, after in pairwise(balances):
        warned = crossed(kept, before, after)
        for threshold in kept:
            assert (threshold in warned) == (after < threshold and not is_below[threshold])
            is_below[threshold] = after < threshold


@given(THRESHOLDS)
def test_thresholds_are_kept_once_each_in_order(thresholds: list[int]) -> None:
    kept = checked_thresholds(thresholds)
    assert list(kept) == sorted(set(thresholds))
    assert thresholds_of_text(thresholds_as_text(kept)) == kept


def test_too_many_or_negative_thresholds_are_refused() -> None:
    with pytest.raises(Invalid):
        checked_thresholds(range(11))
    with pytest.raises(Invalid) as refused:
        checked_thresholds([1, -1])
    assert refused.value.path == ("thresholds", "1")
