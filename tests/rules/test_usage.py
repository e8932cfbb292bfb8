"""How sums of usage differ, what they are compared with, and what hiring needs."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.amounts import MICRO
from models.rules.intervals import first_day, last_day, slices
from models.rules.ranges import DayRange, range_against
from models.rules.refusals import Invalid
from models.rules.usage import NOTHING, Counts, Used, change_since, hiring_need, largest_first, share_of
from models.rules.words import Activity, Against, Interval

ACTIVITIES = st.sampled_from([*Activity, ""])
COUNTS = st.builds(Counts, activities=st.integers(0, 50), credits=st.integers(-(10**9), 10**12))
USED = st.dictionaries(ACTIVITIES, COUNTS).map(Used)
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))


def used(**activities: tuple[int, int]) -> Used:
    """So many of each activity, for so many millionths."""
    return Used({name: Counts(activities=count, credits=credits) for name, (count, credits) in activities.items()})


# ---------------------------------------------------------------- changes


def test_more_of_the_same_is_volume() -> None:
    change = change_since(used(CALL=(10, 100)), used(CALL=(15, 150)))
    assert (change.credits, change.volume_effect, change.price_effect, change.ratio) == (50, 50, 0, 0.5)


def test_the_same_number_of_dearer_ones_is_price() -> None:
    change = change_since(used(MESSAGE=(10, 100)), used(MESSAGE=(10, 400)))
    assert (change.credits, change.volume_effect, change.price_effect, change.ratio) == (300, 0, 300, 3.0)


def test_a_spike_of_both_is_split_by_activity() -> None:
    then, now = used(CALL=(4, 40), MESSAGE=(2, 6)), used(CALL=(2, 30), MESSAGE=(5, 20))
    # Calls: -2 x 10 and +10; messages: +3 x 3 and +5.
    assert change_since(then, now)[:3] == (4, -11, 15)


def test_what_there_was_none_of_is_volume() -> None:
    assert change_since(NOTHING, used(FACT=(3, 15))) == (15, 15, 0, None)
    # Only a refund counted then, which has no price for one.
    assert change_since(used(FACT=(0, -5)), used(FACT=(3, 15)))[:3] == (20, 20, 0)


@given(USED, USED)
def test_the_effects_add_up_to_the_change(then: Used, now: Used) -> None:
    change = change_since(then, now)
    assert change.volume_effect + change.price_effect == change.credits == now.credits - then.credits
    assert (change.ratio is None) == (then.credits == 0)


@given(USED)
def test_what_stays_as_it_is_has_no_effects(same: Used) -> None:
    assert change_since(same, same)[:3] == (0, 0, 0)


# ---------------------------------------------------------------- parts


def test_parts_come_largest_first_and_what_is_nothing_has_no_place() -> None:
    parts = {"b": used(CALL=(1, 5)), "a": used(CALL=(1, 5)), "idle": used(CALL=(0, 0)), "c": used(CALL=(2, 5))}
    parts["d"] = used(CALL=(1, 9))
    assert [key for key, _ in largest_first(parts)] == ["d", "c", "a", "b"]


@pytest.mark.parametrize(("part", "whole", "share"), [(1, 4, 0.25), (0, 0, 0), (-1, 4, 0), (5, 4, 1), (1, -1, 0)])
def test_a_share_lies_between_nothing_and_all(part: int, whole: int, share: float) -> None:
    assert share_of(part, whole) == share


@given(st.lists(st.tuples(ACTIVITIES, COUNTS)))
def test_nothing_is_lost_when_parts_are_added_up(parts: list[tuple[str, Counts]]) -> None:
    together = Used.together(parts)
    assert together.credits == sum(counts.credits for _, counts in parts)
    assert together.total().activities == sum(counts.activities for _, counts in parts)


# ---------------------------------------------------------------- ranges to compare with


@pytest.mark.parametrize(
    ("days", "against", "first", "last"),
    [
        ("2026-03-04 2026-03-10", "PREVIOUS_RANGE", "2026-02-25", "2026-03-03"),
        ("2026-03-01 2026-03-31", "PREVIOUS_RANGE", "2026-02-01", "2026-02-28"),
        ("2026-01-01 2026-03-31", "PREVIOUS_RANGE", "2025-10-01", "2025-12-31"),
        ("2026-03-01 2026-03-30", "PREVIOUS_RANGE", "2026-01-30", "2026-02-28"),
        ("2026-02-01 2026-02-28", "SAME_RANGE_LAST_MONTH", "2026-01-01", "2026-01-31"),
        ("2026-03-29 2026-03-31", "SAME_RANGE_LAST_MONTH", "2026-02-28", "2026-02-28"),
        ("2026-03-01 2026-03-10", "SAME_RANGE_LAST_MONTH", "2026-02-01", "2026-02-10"),
        ("2023-02-01 2023-02-28", "SAME_RANGE_LAST_YEAR", "2022-02-01", "2022-02-28"),
        ("2025-02-01 2025-02-28", "SAME_RANGE_LAST_YEAR", "2024-02-01", "2024-02-29"),
        ("2024-02-29 2024-02-29", "SAME_RANGE_LAST_YEAR", "2023-02-28", "2023-02-28"),
    ],
)
def test_ranges_are_compared_with_these(days: str, against: str, first: str, last: str) -> None:
    given = DayRange(*map(date.fromisoformat, days.split()))
    assert range_against(given, Against(against)) == DayRange(date.fromisoformat(first), date.fromisoformat(last))


@given(DAYS, DAYS, st.sampled_from(Against))
def test_any_range_can_be_compared(one: date, other: date, against: Against) -> None:
    days = DayRange(min(one, other), max(one, other))
    found = range_against(days, against)
    assert found.first <= found.last
    assert found.first <= days.first
    assert found.last < days.last or days.last.year <= 2


# ---------------------------------------------------------------- intervals


@given(DAYS, st.integers(0, 800), st.sampled_from(Interval))
def test_intervals_fill_a_range_without_a_gap(first: date, length: int, every: Interval) -> None:
    last = first + min(timedelta(days=length), date.max - first)
    found = list(slices(first, last, every))
    assert found[0][0] == first
    assert found[-1][1] == last
    for (_, end), (start, _) in pairwise(found):
        assert end + timedelta(days=1) == start == first_day(start, every)
    assert all(
        first_day(start, every) == first_day(end, every) <= start <= last_day(start, every) for start, end in found
    )


def test_weeks_begin_on_monday() -> None:
    sunday = date(2026, 3, 15)
    assert first_day(sunday, Interval.WEEK) == date(2026, 3, 9)
    assert last_day(sunday, Interval.WEEK) == sunday


# ---------------------------------------------------------------- hiring


def test_hiring_needs_what_the_numbers_say_exactly() -> None:
    assert hiring_need(5, 50, 0.3, 20.0, MICRO) == (75.0, 75 * MICRO, 90 * MICRO)
    assert hiring_need(1, 1, 0.1, 0.0, 3) == (0.1, 0, 0)
    assert hiring_need(3, 1, 0.5, 10.0, 1) == (1.5, 2, 2)
    assert hiring_need(0, 0, 0.0, 0.0, MICRO) == (0.0, 0, 0)


@pytest.mark.parametrize(
    ("numbers", "name"),
    [
        ((-1, 1, 0.5, 20.0), "roles_per_month"),
        ((1, -1, 0.5, 20.0), "candidates_per_role"),
        ((1, 1, 1.1, 20.0), "completion_rate"),
        ((1, 1, -0.1, 20.0), "completion_rate"),
        ((1, 1, 0.5, -1.0), "buffer_percent"),
        ((1, 1, 0.5, 1000.5), "buffer_percent"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_by_name(numbers: tuple[int, int, float, float], name: str) -> None:
    with pytest.raises(Invalid) as refused:
        hiring_need(*numbers, MICRO)
    assert refused.value.path == (name,)
