from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from models.rules.amounts import MICRO
from models.rules.seasons import FIRST_WEEK, FURTHEST_WEEKS, WEEK, Method, Weeks
from tests.rules.days_used import noisy

PASTS = st.lists(st.integers(-(10**9), 10**12), min_size=WEEK, max_size=80 * WEEK)


def test_days_that_were_alike_stay_so() -> None:
    weeks = Weeks.of([MICRO] * 60 * WEEK)
    for method in Method:
        assert weeks.outlook(method, len(weeks)).by_day(100) == [MICRO] * 700


def test_what_is_no_whole_week_at_the_beginning_is_left_out() -> None:
    assert Weeks.of([9, 9, *range(7), *range(7)]).credits == [21, 21]


def test_weekdays_differ_as_they_did_the_more_of_them_there_were() -> None:
    week = [70, 0, 0, 0, 0, 0, 0]
    first = [Weeks.of(week * count).outlook(Method.STEADY, count).until(1) for count in (1, 4, 13, 26)]

    # Two even weeks are counted with the tenant's own: after one week a third of its shape is believed.
    assert first == [30, 50, 62, 62]


def test_newer_weeks_count_more() -> None:
    days = [MICRO] * 20 * WEEK
    level = Weeks.of(days + [2 * MICRO] * WEEK).outlook(Method.STEADY, 21).weeks(1)

    assert level == 7 * 1.3 * MICRO


def test_the_first_weeks_count_alike() -> None:
    assert Weeks.of([3] * 7 + [9] * 7).outlook(Method.STEADY, 2).weeks(1) == 6 * 7
    assert Weeks.of([3] * 7 + [9] * 7 + [0] * 7).outlook(Method.STEADY, 3).weeks(1) == 4 * 7


def test_growth_goes_on_and_fades() -> None:
    days = [number // WEEK * MICRO for number in range(40 * WEEK)]
    outlook = Weeks.of(days).outlook(Method.GROWING, 40)
    by_week = [outlook.between(number * WEEK, WEEK) for number in range(60)]
    steps = [later - earlier for earlier, later in pairwise(by_week)]

    assert all(later < earlier for earlier, later in pairwise(steps))
    assert steps[0] > 4 * MICRO
    assert 0 < steps[-1] < MICRO


def test_a_falling_level_ends_above_nothing() -> None:
    days = [(100 - number // WEEK * 5) * MICRO for number in range(20 * WEEK)]
    by_day = Weeks.of(days).outlook(Method.GROWING, 20).by_day(FURTHEST_WEEKS)

    assert min(by_day) >= 0
    assert by_day[-1] < by_day[0]


def test_the_year_before_moves_the_level_three_quarters_as_far() -> None:
    # A high season of eight weeks, three times as high; now it is a year after the four weeks before it.
    days = [MICRO] * 30 * WEEK + [3 * MICRO] * 8 * WEEK + [MICRO] * 44 * WEEK
    by_day = Weeks.of(days).outlook(Method.YEARLY, 82).by_day(12)

    assert abs(by_day[3 * WEEK] - 2.5 * MICRO) <= 1
    assert by_day[11 * WEEK] == MICRO


@given(PASTS, st.sampled_from(Method))
def test_days_are_never_below_0_and_add_up(days: list[int], method: Method) -> None:
    weeks = Weeks.of(days)
    if len(weeks) < FIRST_WEEK[method]:
        return
    outlook = weeks.outlook(method, len(weeks))
    by_day = outlook.by_day(20)

    assert min(by_day) >= 0
    for count in (1, 6, 7, 30, 140):
        assert outlook.until(count) == sum(by_day[:count])
        assert outlook.between(3, count) == outlook.until(count + 3) - sum(by_day[:3])


@given(st.integers(1, 40), st.sampled_from([Method.STEADY, Method.GROWING]))
def test_what_was_expected_then_does_not_know_what_came_after(later: int, method: Method) -> None:
    days = noisy(60 * WEEK)
    then = 60 - later
    if then >= FIRST_WEEK[method]:
        expected = Weeks.of(days).outlook(method, then).by_day(8)
        assert expected == Weeks.of(days[: then * WEEK]).outlook(method, then).by_day(8)


def test_a_year_that_was_expected_then_does_not_know_what_came_after() -> None:
    days = noisy(120 * WEEK, yearly=0.5)
    for then in range(FIRST_WEEK[Method.YEARLY], 121):
        expected = Weeks.of(days).outlook(Method.YEARLY, then).by_day(60)
        assert expected == Weeks.of(days[: then * WEEK]).outlook(Method.YEARLY, then).by_day(60)
