from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.amounts import MICRO
from models.rules.burndown import draw
from models.rules.facts import GRANT_PRIORITY, Boundary, CreditsIn, Lot
from models.rules.forecasting import Forecast
from models.rules.periods import Days, boundary, start_of_day
from models.rules.running_out import Path, Standing, runs_out_on
from models.rules.words import EntryKind, GrantSource, PoolKind, RolloverPolicy, SubjectKind
from tests.rules.days_used import DAY, until

TODAY = date(2026, 3, 10)
UTC_DAYS = Days(ZoneInfo("UTC"))
BERLIN = Days(ZoneInfo("Europe/Berlin"))
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TEN_A_DAY = [10] * 70


def a_lot(credits: int, until: datetime | None = None, since: datetime = NOW - DAY, **more: object) -> Lot:
    micro = credits * MICRO
    lot = Lot(uuid4(), "a", PoolKind.TOP_UP, GrantSource.TOP_UP, micro, micro, GRANT_PRIORITY, since, until)
    return replace(lot, **more)  # type: ignore[arg-type]


def given_then(lot: Lot) -> CreditsIn:
    return CreditsIn(lot, EntryKind.GRANT, SubjectKind.CREDIT_GRANT, lot.id)


def boundaries(days: Days, anchor: date, credits: int, **more: RolloverPolicy | int) -> list[Boundary]:
    found = []
    for number in range(1, 30):
        at, end = boundary(anchor, number, days.zone), boundary(anchor, number + 1, days.zone)
        found.append(Boundary(at, end, f"period/{number}", credits * MICRO, **more))  # type: ignore[arg-type]
    return found


def ends(
    *lots: Lot,
    ahead: Sequence[Boundary | CreditsIn] = (),
    held: int = 0,
    overdrawn: int = 0,
    used: Sequence[int] = TEN_A_DAY,
    so_far: int = 0,
    days: Days = UTC_DAYS,
    months: int = 24,
) -> str | None:
    """When credits run out with this past and these grants."""
    forecast = Forecast(until(TODAY, *used) | {TODAY: so_far * MICRO}, TODAY)
    found = forecast.months(months)
    standing = Standing(lots, overdrawn * MICRO, held * MICRO, sorted(ahead, key=lambda fact: fact.order))
    day = runs_out_on(standing, Path(forecast, found, [month.rest for month in found]), days, NOW)
    return str(day) if day else None


def test_credits_last_as_many_days_as_they_pay_for() -> None:
    assert ends(a_lot(10)) == "2026-03-10"
    assert ends(a_lot(11)) == "2026-03-11"
    assert ends(a_lot(20)) == "2026-03-11"
    assert ends(a_lot(220)) == "2026-03-31"
    assert ends(a_lot(221)) == "2026-04-01"
    assert ends(a_lot(3660)) == "2027-03-10"


def test_what_was_used_today_is_not_used_again() -> None:
    assert ends(a_lot(7), so_far=3) == "2026-03-10"
    assert ends(a_lot(8), so_far=3) == "2026-03-11"
    assert ends(a_lot(8), so_far=30) == "2026-03-11"


@pytest.mark.parametrize(("held", "overdrawn"), [(0, 100), (100, 0), (40, 60), (101, 0)])
def test_nothing_available_is_today(held: int, overdrawn: int) -> None:
    assert ends(a_lot(100), held=held, overdrawn=overdrawn) == "2026-03-10"
    assert ends() == "2026-03-10"


def test_what_is_held_counts_as_spent() -> None:
    assert ends(a_lot(30), held=10) == "2026-03-11"


def test_what_lasts_longer_than_two_years_is_not_in_sight() -> None:
    assert ends(a_lot(1_000_000)) is None
    # From today to the end of February 2028.
    assert ends(a_lot(7220)) == "2028-02-29"
    assert ends(a_lot(7221)) is None
    assert ends(a_lot(1), used=[]) is None


def test_months_that_are_fewer_end_the_sight_earlier() -> None:
    assert ends(a_lot(221), months=1) is None
    assert ends(a_lot(220), months=1) == "2026-03-31"


# ---------------------------------------------------------------- what comes and goes by itself


def test_the_plans_credits_come_at_every_boundary() -> None:
    monthly = boundaries(UTC_DAYS, date(2026, 2, 20), 310)
    plan = a_lot(100, monthly[0].at, source=GrantSource.PLAN, pool=PoolKind.PLAN)

    # 100 last to the end of the 19th: they are gone before the next ones come.
    assert ends(plan, ahead=monthly) == "2026-03-19"
    # With one more, 310 pay for each period of 31 days or less, and what is left of one is lost.
    assert ends(replace(plan, remaining=101 * MICRO), ahead=monthly) == "2026-04-19"
    enough = boundaries(UTC_DAYS, date(2026, 2, 20), 311)
    assert ends(replace(plan, remaining=101 * MICRO), ahead=enough) is None


def test_what_rolls_over_is_still_there() -> None:
    plan = a_lot(120, datetime(2026, 3, 20, tzinfo=UTC), source=GrantSource.PLAN, pool=PoolKind.PLAN)
    capped = boundaries(UTC_DAYS, date(2026, 2, 20), 300, rollover=RolloverPolicy.CAPPED, cap=5 * MICRO)
    whole = boundaries(UTC_DAYS, date(2026, 2, 20), 300, rollover=RolloverPolicy.UNLIMITED)

    # 20 are left on the 20th of March. The periods that follow have 31, 30 and 31 days of 10.
    assert ends(plan, ahead=boundaries(UTC_DAYS, date(2026, 2, 20), 300)) == "2026-04-18"
    assert ends(plan, ahead=capped) == "2026-04-19"
    assert ends(plan, ahead=whole) == "2026-06-19"


def test_a_grant_that_ends_takes_with_it_what_is_left() -> None:
    ending = a_lot(1_000, datetime(2026, 3, 15, 18, tzinfo=UTC))

    assert ends(ending) == "2026-03-15"
    # The one that ends sooner pays first; from the evening of the 15th on the other one does.
    assert ends(ending, a_lot(12, key="b")) == "2026-03-16"
    assert ends(ending, a_lot(13, key="b")) == "2026-03-17"


def test_a_grant_that_begins_in_time_goes_on() -> None:
    coming = a_lot(50, since=datetime(2026, 3, 12, 6, tzinfo=UTC), key="b")

    # 20 last until tomorrow's end; on the 12th there is nothing until six.
    assert ends(a_lot(20), ahead=[given_then(coming)]) == "2026-03-11"
    assert ends(a_lot(22), ahead=[given_then(coming)]) == "2026-03-12"
    assert ends(a_lot(23), ahead=[given_then(coming)]) == "2026-03-17"


def test_nothing_is_taken_from_what_is_only_looked_at() -> None:
    have, coming = a_lot(25), a_lot(500, since=datetime(2026, 3, 12, tzinfo=UTC), key="b")
    # The first of them is spent, and some of the other, when the plan's credits come.
    assert ends(have, ahead=[given_then(coming), *boundaries(UTC_DAYS, date(2026, 2, 20), 10)]) == "2026-05-03"
    assert (have.remaining, coming.remaining) == (25 * MICRO, 500 * MICRO)


def test_a_day_of_another_length_is_used_up_as_any_other() -> None:
    # Clocks are set forward in Berlin on the 29th of March: the 28th is the 19th day, the 30th the 21st.
    for credits, day in ((190, 28), (200, 29), (201, 30), (210, 30)):
        assert ends(a_lot(credits), days=BERLIN) == f"2026-03-{day}"
    # A grant that ends at noon of that day ends after 11 of its 23 hours.
    ending = a_lot(1_000, start_of_day(date(2026, 3, 29), BERLIN.zone) + timedelta(hours=11), priority=1)
    assert ends(ending, a_lot(5), days=BERLIN) == "2026-03-29"
    assert ends(ending, a_lot(6), days=BERLIN) == "2026-03-30"


def test_what_became_due_just_now_counts() -> None:
    ended = a_lot(1_000, NOW - timedelta(seconds=1))
    begun = a_lot(15, since=NOW, key="b")

    assert ends(ended, ahead=[given_then(begun)]) == "2026-03-11"
    assert ends(ahead=[given_then(begun)]) == "2026-03-11"
    assert ends(ended) == "2026-03-10"


def test_what_is_left_of_today_is_spread_over_the_rest_of_it() -> None:
    # It is noon: when the one ends at six, half of the ten that are to come is used.
    ending = a_lot(1_000, NOW + timedelta(hours=6), priority=1)

    assert ends(ending, a_lot(5)) == "2026-03-10"
    assert ends(ending, a_lot(6)) == "2026-03-11"


# ---------------------------------------------------------------- any grants

DAYS_AHEAD = st.integers(1, 60)
LOTS = st.lists(st.tuples(st.integers(1, 300), st.none() | DAYS_AHEAD, st.integers(99, 101)), max_size=4)
COMING = st.lists(st.tuples(st.integers(1, 300), DAYS_AHEAD), max_size=3)


@given(LOTS, COMING, st.lists(st.integers(0, 40), min_size=14, max_size=14), st.integers(0, 300))
def test_it_is_as_walking_day_by_day_tells(
    lots: list[tuple[int, int | None, int]], coming: list[tuple[int, int]], used: list[int], monthly: int
) -> None:
    have = [
        a_lot(credits, UTC_DAYS.start_of(TODAY + end * DAY) if end else None, key=f"lot {number}", priority=priority)
        for number, (credits, end, priority) in enumerate(lots)
    ]
    come = [
        a_lot(credits, since=UTC_DAYS.start_of(TODAY + begin * DAY), key=f"coming {number}")
        for number, (credits, begin) in enumerate(coming)
    ]
    plan = boundaries(UTC_DAYS, date(2026, 2, 20), monthly)
    forecast = Forecast(until(TODAY, *used), TODAY)

    expected = walked(forecast, have, come, plan)

    assert ends(*have, ahead=[*plan, *map(given_then, come)], used=used, months=3) == expected


def walked(forecast: Forecast, have: list[Lot], come: list[Lot], plan: list[Boundary]) -> str | None:
    """Day after day, each paid by the grants that are usable on it."""
    granted = [a_lot(0, one.until, since=one.at, remaining=one.credits, pool=PoolKind.PLAN) for one in plan]
    lots = [replace(lot) for lot in [*have, *come, *granted]]
    for number in range((date(2026, 6, 1) - TODAY).days):
        at = NOW if not number else UTC_DAYS.start_of(TODAY + number * DAY)
        drawn = draw(lots, forecast.until(number + 1) - forecast.until(number), at)
        for lot, part in drawn.shares:
            lot.remaining -= part
        if not any(lot.remaining for lot, _ in draw(lots, 10**18, at).shares):
            return str(TODAY + number * DAY)
    return None


@given(LOTS, st.lists(st.integers(0, 40), min_size=14, max_size=14), st.sampled_from(RolloverPolicy))
def test_with_more_usage_credits_never_last_longer(
    lots: list[tuple[int, int | None, int]], used: list[int], rollover: RolloverPolicy
) -> None:
    have = [
        a_lot(credits, NOW + end * DAY if end else None, key=f"lot {number}", priority=priority)
        for number, (credits, end, priority) in enumerate(lots)
    ]
    cap = {"cap": 50 * MICRO} if rollover is RolloverPolicy.CAPPED else {}
    plan = boundaries(UTC_DAYS, date(2026, 2, 20), 200, rollover=rollover, **cap)
    forecast = Forecast(until(TODAY, *used), TODAY)
    months = forecast.months(24)
    standing = Standing(have, 0, 0, plan)
    ways = [[month.most for month in months], [month.rest for month in months], [month.least for month in months]]

    high, expected, low = (runs_out_on(standing, Path(forecast, months, way), UTC_DAYS, NOW) for way in ways)

    assert (high or date.max) <= (expected or date.max) <= (low or date.max)
