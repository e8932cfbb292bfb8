from datetime import date
from fractions import Fraction

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from models.rules.amounts import MICRO
from models.rules.forecasting import MOST_MONTHS, Forecast, check_wish, recommended
from models.rules.refusals import Invalid
from tests.rules.days_used import DAY, MONDAY, noisy, until

USED = st.dictionaries(st.integers(-900, 1), st.integers(-(10**9), 10**12), max_size=120)
TODAYS = st.dates(date(2024, 1, 1), date(2029, 12, 31))


def months(used: dict[date, int], today: date, count: int = 3) -> list[tuple[int, int, int]]:
    """Low, expected and high of each month, in whole credits."""
    found = Forecast(used, today).months(count)
    return [(month.low // MICRO, month.expected // MICRO, month.high // MICRO) for month in found]


@given(USED, TODAYS)
def test_every_month_lies_within_its_bounds(numbers: dict[int, int], today: date) -> None:
    used = {today + number * DAY: credits for number, credits in numbers.items()}
    found = Forecast(used, today).months(MOST_MONTHS)
    first = today.replace(day=1)

    assert [month.first for month in found] == [first + relativedelta(months=number) for number in range(MOST_MONTHS)]
    for month in found:
        already = sum(credits for day, credits in used.items() if day.replace(day=1) == month.first)
        assert month.used == already
        assert max(already, 0) <= month.low <= month.expected <= month.high
        assert 0 <= month.least <= month.rest <= month.most


@given(USED, TODAYS, st.integers(1, MOST_MONTHS))
def test_a_month_is_the_same_however_many_are_asked_for(numbers: dict[int, int], today: date, count: int) -> None:
    used = {today + number * DAY: credits for number, credits in numbers.items()}

    assert Forecast(used, today).months(count) == Forecast(used, today).months(MOST_MONTHS)[:count]


# ---------------------------------------------------------------- how much past there is


def test_nothing_is_expected_of_those_who_never_used_anything() -> None:
    forecast = Forecast({}, MONDAY)

    assert [month[1:] for month in forecast.months(2)] == [(0, 0, 0, 0)] * 2
    assert forecast.error is None
    assert forecast.method == "No past: nothing was used yet, so nothing is expected."


def test_on_the_first_day_every_day_is_expected_to_be_like_it() -> None:
    forecast = Forecast({MONDAY: 10 * MICRO}, MONDAY)

    # The 2nd of March, and 29 days to come; April has 30.
    assert months({MONDAY: 10 * MICRO}, MONDAY, 2) == [(10, 300, 600), (0, 300, 600)]
    assert forecast.error is None
    assert forecast.method.startswith("No whole day of past: each day is expected to be like today so far.")


def test_what_was_free_before_the_first_credits_is_no_past() -> None:
    # Interactions, invitations and calls that nobody took have days of usage, too.
    free, used = dict.fromkeys((MONDAY - 500 * DAY, MONDAY - 20 * DAY), 0), until(MONDAY, 10, 0, 10)

    assert months({**free, **used}, MONDAY) == months(used, MONDAY)
    assert Forecast({**free, **used}, MONDAY).method.startswith("3 days of past:")
    assert Forecast({**free, MONDAY: 10 * MICRO}, MONDAY).method.startswith("No whole day of past:")


def test_after_a_day_today_is_expected_to_become_like_it() -> None:
    for today_so_far in (0, 3):
        used = {MONDAY - DAY: 10 * MICRO, MONDAY: today_so_far * MICRO}
        assert months(used, MONDAY, 2)[0][1] == 10 + 300
    assert Forecast(until(MONDAY, 10), MONDAY).method.startswith("1 day of past: each day is expected to be like their")


def test_ten_days_are_told_by_their_mean_and_have_no_measured_error() -> None:
    used = until(MONDAY, 9, 9, 1, 1, 9, 9, 9, 9, 9, 5)
    forecast = Forecast(used, MONDAY)

    # 7 a day; 5 were used on the 1st of March, and nothing yet on the 2nd.
    assert months(used, MONDAY, 2) == [(5, 5 + 30 * 7, 5 + 2 * 30 * 7), (0, 210, 420)]
    assert forecast.error is None
    assert forecast.method == (
        "10 days of past: each day is expected to be like their mean. "
        "Too short a past to try it on: low and high are nothing more and twice as much."
    )


def test_two_weeks_tell_weekdays_apart() -> None:
    used = until(MONDAY, *[9, 9, 9, 9, 9, 1, 1] * 2)
    by_day = [Forecast(used, MONDAY).outlook.until(number) for number in range(8)]

    assert by_day[1] > by_day[6] - by_day[5]
    assert by_day[7] == 47 * MICRO
    assert "weekdays differ as in the last 2 weeks." in Forecast(used, MONDAY).method


def test_days_without_usage_since_the_first_count_as_nothing() -> None:
    today = MONDAY + 6 * 7 * DAY
    stopped = {MONDAY + number * DAY: 7 * MICRO for number in range(21)}
    forecast = Forecast(stopped, today)

    assert len(forecast.past) == 42
    # Three weeks of 49 and three of 0.
    assert 0 < forecast.outlook.until(7) < 25 * MICRO


def test_the_method_says_what_was_used() -> None:
    grown = Forecast(until(MONDAY, *(one // MICRO for one in noisy(420, growth=0.02))), MONDAY)
    swung = Forecast(until(MONDAY, *(one // MICRO for one in noisy(910, yearly=0.6))), MONDAY)

    assert "420 days of past: the level of the weeks so far goes on, and its growth, which fades" in grown.method
    assert "910 days of past: the mean of the weeks so far goes on and moves three quarters as far" in swung.method
    assert grown.method.endswith("Low and high hold four of five errors of the same method on that past.")


# ---------------------------------------------------------------- today and the calendar


def test_half_a_day_teaches_nothing() -> None:
    past = until(MONDAY, *[10] * 70)
    whole_day = Forecast(past | {MONDAY: 10 * MICRO}, MONDAY).months(3)

    for so_far in (0, 1, 9):
        assert [month.expected for month in Forecast(past | {MONDAY: so_far * MICRO}, MONDAY).months(3)] == [
            month.expected for month in whole_day
        ]
    more = Forecast(past | {MONDAY: 25 * MICRO}, MONDAY).months(3)
    assert more[0].expected == whole_day[0].expected + 15 * MICRO
    assert [month.expected for month in more[1:]] == [month.expected for month in whole_day[1:]]


@pytest.mark.parametrize(
    ("today", "days"),
    [
        ("2028-01-31", [31, 29, 31]),
        ("2027-02-28", [28, 31, 30]),
        ("2027-12-01", [31, 31, 29]),
        ("2028-02-29", [29, 31, 30]),
        ("2100-02-01", [28, 31, 30]),
    ],
)
def test_months_have_the_days_that_they_have(today: str, days: list[int]) -> None:
    day = date.fromisoformat(today)

    assert [expected for _, expected, _ in months(until(day, *[10] * 70), day)] == [10 * count for count in days]


def test_what_was_refunded_today_is_not_used_again() -> None:
    past = until(MONDAY, *[10] * 70)
    (expected, *_), (refunded, *_) = (Forecast(past | {MONDAY: one}, MONDAY).months(1) for one in (0, -50 * MICRO))

    assert refunded.expected == expected.expected - 50 * MICRO


def test_a_month_of_refunds_is_not_below_0() -> None:
    (month, *_) = Forecast({MONDAY - DAY: -(10**9), MONDAY: 0}, MONDAY).months(1)

    assert (month.low, month.expected, month.high) == (0, 0, 0)


def test_what_a_fast_clock_reported_for_tomorrow_counts_in_its_month() -> None:
    today = date(2026, 3, 31)
    found = Forecast(until(today, *[10] * 70) | {today + DAY: 500 * MICRO}, today).months(2)

    assert found[0].expected == 310 * MICRO
    assert found[1].low >= 500 * MICRO


# ---------------------------------------------------------------- wishes


@pytest.mark.parametrize(
    ("expected", "percent", "found"),
    [(1_000_000, 20.0, 1_200_000), (3, 0.1, 3), (1, 50.0, 2), (10**15, 0.1, 1001 * 10**12), (7, 0.0, 7), (0, 1e3, 0)],
)
def test_the_buffer_is_added_to_what_is_shown_exactly(expected: int, percent: float, found: int) -> None:
    assert recommended(expected, percent) == found


@given(st.integers(0, 10**15), st.integers(0, 100_000))
def test_the_buffer_is_rounded_by_no_more_than_half_a_millionth(expected: int, hundredths: int) -> None:
    exact = Fraction(expected) * (10_000 + hundredths) / 10_000

    assert abs(recommended(expected, hundredths / 100) - exact) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("count", "percent", "name"),
    [
        (0, 20.0, "months"),
        (-1, 20.0, "months"),
        (25, 20.0, "months"),
        (3, -0.1, "buffer_percent"),
        (3, 1000.1, "buffer_percent"),
        (3, float("nan"), "buffer_percent"),
        (3, float("inf"), "buffer_percent"),
    ],
)
def test_what_cannot_be_foreseen_is_refused_by_its_name(count: int, percent: float, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_wish(count, percent)
    assert refused.value.path == (name,)


def test_the_widest_wishes_are_taken() -> None:
    check_wish(1, 0.0)
    check_wish(24, 1000.0)
