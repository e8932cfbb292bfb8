"""Ranges of days by their names, and the instants they hold."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.ranges import DayRange, RangePreset, days_between, days_of_preset, period_number
from models.rules.refusals import Invalid

TODAY = date(2026, 3, 10)
ANCHOR = date(2025, 12, 31)
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("TODAY", "2026-03-10", "2026-03-10"),
        ("LAST_7_DAYS", "2026-03-04", "2026-03-10"),
        ("LAST_30_DAYS", "2026-02-09", "2026-03-10"),
        ("LAST_90_DAYS", "2025-12-11", "2026-03-10"),
        ("LAST_12_MONTHS", "2025-04-01", "2026-03-10"),
        ("THIS_MONTH", "2026-03-01", "2026-03-10"),
        ("LAST_MONTH", "2026-02-01", "2026-02-28"),
        ("THIS_YEAR", "2026-01-01", "2026-03-10"),
        ("CURRENT_PERIOD", "2026-02-28", "2026-03-10"),
        ("PREVIOUS_PERIOD", "2026-01-31", "2026-02-27"),
    ],
)
def test_a_name_means_these_days(preset: str, first: str, last: str) -> None:
    days = days_of_preset(RangePreset(preset), TODAY, ANCHOR)
    assert days == DayRange(date.fromisoformat(first), date.fromisoformat(last))


def test_all_time_has_no_days() -> None:
    assert days_of_preset(RangePreset.ALL_TIME, TODAY, ANCHOR) is None


@given(DAYS, DAYS)
def test_the_current_period_follows_the_previous_one_without_a_gap(today: date, anchor: date) -> None:
    current = days_of_preset(RangePreset.CURRENT_PERIOD, today, anchor)
    previous = days_of_preset(RangePreset.PREVIOUS_PERIOD, today, anchor)
    assert current is not None
    assert previous is not None
    assert previous.last + timedelta(days=1) == current.first <= current.last == today
    assert previous.first <= previous.last


@given(DAYS, DAYS)
def test_periods_are_numbered_in_the_order_of_days(day: date, anchor: date) -> None:
    tomorrow = period_number(anchor, day + timedelta(days=1))
    assert tomorrow - period_number(anchor, day) in (0, 1)
    assert period_number(anchor, anchor) == 0


def test_a_range_holds_its_days_in_the_zone() -> None:
    day = date(2026, 3, 8)  # Clocks were set forward on it in New York.
    start, end = DayRange(day, day).instants(ZoneInfo("America/New_York"))
    assert (start, end) == (datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC))


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue"])
def test_the_longest_range_reaches_from_end_to_end_of_time(zone: str) -> None:
    start, end = DayRange(date.min, date.max).instants(ZoneInfo(zone))
    assert start == datetime.min.replace(tzinfo=UTC)
    assert end == datetime.max.replace(tzinfo=UTC)


def test_a_range_cannot_end_before_it_begins() -> None:
    assert days_between(TODAY, TODAY) == DayRange(TODAY, TODAY)
    with pytest.raises(Invalid) as refused:
        days_between(TODAY, TODAY - timedelta(days=1))
    assert refused.value.path == ("range", "days", "to")
