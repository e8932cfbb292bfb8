"""From when on an agent's budget is counted."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.budgets import EVERY, check_budget, first_day
from models.rules.refusals import Invalid
from models.rules.words import Interval


def test_days_weeks_and_months_begin_where_the_calendar_says() -> None:
    thursday = date(2026, 1, 1)
    begins = [first_day(every, thursday) for every in EVERY]
    assert begins == [thursday, date(2025, 12, 29), thursday]


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.sampled_from(EVERY))
def test_every_day_of_an_interval_begins_it_with_the_same_day(day: date, every: Interval) -> None:
    first = first_day(every, day)
    assert first <= day
    assert first_day(every, first) == first
    assert first_day(every, first - timedelta(days=1)) < first


@pytest.mark.parametrize("every", [Interval.HOUR, Interval.YEAR])
def test_a_budget_is_for_a_day_a_week_or_a_month(every: Interval) -> None:
    with pytest.raises(Invalid) as refused:
        check_budget(5, every)
    assert refused.value.path == ("every",)


def test_a_budget_below_nothing_is_refused() -> None:
    with pytest.raises(Invalid):
        check_budget(-1, Interval.DAY)
