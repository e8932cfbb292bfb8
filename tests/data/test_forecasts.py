"""Forecasts of what the published files would have used, each knowing only what came before it."""

from datetime import timedelta

import pytest

from models.rules.backtesting import Tried
from models.rules.forecasting import Forecast
from models.rules.seasons import WEEK, Weeks
from tests.data.daily import Daily, published

FOUR_WEEKS = 4 * WEEK
LONG = [past for past in published() if len(past.credits) >= 3 * FOUR_WEEKS]
SHORT = [past for past in published() if len(past.credits) < 3 * FOUR_WEEKS]


def missed(past: Daily, first: int, days: int) -> tuple[int, int, int, int]:
    """How far days and their sums were off, by the chosen method and by the last week once more, from every week on."""
    off = [0, 0, 0, 0]
    for origin in range(first, len(past.credits) - days + 1, WEEK):
        known, happened = past.credits[:origin], past.credits[origin : origin + days]
        tried = Tried(Weeks.of(known))
        chosen = tried.weeks.outlook(tried.method, len(tried.weeks)).by_day(days // WEEK)
        naive = known[-WEEK:] * (days // WEEK)
        for position, expected in enumerate((chosen, naive)):
            off[position] += sum(abs(one - other) for one, other in zip(expected, happened, strict=True))
            off[position + 2] += abs(sum(expected) - sum(happened))
    return off[0], off[1], off[2], off[3]


@pytest.mark.parametrize("past", LONG, ids=lambda past: past.name)
def test_it_errs_less_than_the_last_week_once_more(past: Daily) -> None:
    days, naive_days, sums, naive_sums = missed(past, FOUR_WEEKS, FOUR_WEEKS)

    assert days < naive_days
    assert sums < naive_sums


@pytest.mark.skipif(not SHORT, reason="The published files are not beside this project.")
def test_after_a_week_days_like_its_mean_err_less_than_the_week_once_more() -> None:
    """Of both short pasts together, for which a day of the one is as much as a day of the other."""
    off = dict.fromkeys(("mean", "week"), 0.0)
    for past in SHORT:
        known, happened = past.credits[:WEEK], past.credits[WEEK : 2 * WEEK]
        today = past.first + timedelta(days=WEEK)
        outlook = Forecast({past.first + timedelta(days=day): one for day, one in enumerate(known)}, today).outlook
        by_day = [outlook.until(day + 1) - outlook.until(day) for day in range(WEEK)]
        off["mean"] += sum(abs(one - other) / sum(happened) for one, other in zip(by_day, happened, strict=True))
        off["week"] += sum(abs(one - other) / sum(happened) for one, other in zip(known, happened, strict=True))

    assert off["mean"] < off["week"]


@pytest.mark.parametrize("past", LONG, ids=lambda past: past.name)
def test_most_months_lay_within_their_bounds(past: Daily) -> None:
    """People who come and go make months that no method foresees; the bounds are told to be wide."""
    held = tries = 0
    for origin in range(6 * WEEK, len(past.credits) - 30 + 1, WEEK):
        tried = Tried(Weeks.of(past.credits[:origin]))
        expected = tried.weeks.outlook(tried.method, len(tried.weeks)).until(30)
        margin = tried.margin(0, 30)
        assert margin is not None
        off = margin * (expected + tried.usual(30))
        held += abs(sum(past.credits[origin : origin + 30]) - expected) <= off
        tries += 1

    assert held / tries > 0.6
