"""A runaway agent is one that lies far above its own past: always found, seldom imagined, said in words."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.runaways import SHAPES, Tally, Year, judged
from models.rules.runaways import (
    DAYS_UNTIL_JUDGED,
    FEWEST_OF_DAY,
    LEAST_TIMES,
    MOST_TIMES,
    Finding,
    Habits,
    Span,
    a_day,
    judge,
    last_full_hour,
    limit,
    may_be_far,
    median,
    message,
    same_days,
    same_hours,
    spans_that_ended,
)
from models.rules.usage import NOTHING, Counts, Used
from models.rules.words import Activity, Interval


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


BERLIN, KOLKATA, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe")
TUESDAY = date(2026, 3, 10)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KNOWN = Habits(TUESDAY - 28 * DAY, usual_day=1_000, price=Fraction(10))
ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "America/St_Johns",
        "Pacific/Apia",
    ]
).map(ZoneInfo)
MOMENTS = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: utc(2024, 1, 1) + minutes * timedelta(minutes=1))
AMOUNTS = st.integers(-1_000, 10**12)


# ---------------------------------------------------------------- the promise, on generated traffic


def test_normal_traffic_raises_few_alarms_and_a_tenfold_day_is_always_found() -> None:
    whole = Tally()
    for shape in SHAPES[:3]:
        tally = judged(shape, seeds=1)
        whole.add(tally)
        assert tally.told / tally.months < 1, shape.name
        assert tally.days.total() > 300
        assert tally.days[False] == 0, shape.name
    assert whole.told / whole.months < 0.5
    assert whole.hours[True] > 0.9 * whole.hours.total() > 90


def test_the_same_year_is_generated_in_every_run() -> None:
    assert Year(SHAPES[9], 1).by_hour == Year(SHAPES[9], 1).by_hour != Year(SHAPES[9], 2).by_hour


# ---------------------------------------------------------------- the rule


@given(st.lists(AMOUNTS, min_size=2, max_size=28), st.integers(0, 10**9), st.fractions(0, 10**6), st.booleans())
def test_a_limit_lies_between_three_and_five_times_the_usual_or_is_the_floor(
    same: list[int], usual_day: int, price: Fraction, of_hour: bool
) -> None:
    habits = Habits(TUESDAY - 28 * DAY, usual_day, price)
    found = limit(Interval.HOUR if of_hour else Interval.DAY, same, habits)
    floor = limit(Interval.HOUR if of_hour else Interval.DAY, [0, 0], Habits(habits.first_day, 0, price))
    usual = max(median(same), 0)

    assert found >= LEAST_TIMES * usual
    assert found >= floor
    if not of_hour and usual:
        assert found <= MOST_TIMES * usual or found <= FEWEST_OF_DAY * price


@given(st.lists(AMOUNTS, min_size=4, max_size=4), AMOUNTS, st.fractions(0, 10**6))
def test_what_is_not_worth_a_look_is_never_far(same: list[int], used: int, price: Fraction) -> None:
    habits = Habits(TUESDAY - 28 * DAY, 1_000, price)
    if used > limit(Interval.DAY, same, habits):
        assert may_be_far(used, same)


@pytest.mark.parametrize(
    ("same", "used", "is_far"),
    [
        ([100, 100, 100, 100], 301, True),
        ([100, 100, 100, 100], 299, False),
        # It moves a lot, so it takes more; but ten times as much is always found.
        ([10, 60, 140, 190], 450, False),
        ([0, 20, 180, 200], 499, False),
        ([0, 20, 180, 200], 501, True),
        # One runaway day a week ago changes nothing.
        ([5_000, 100, 100, 100], 301, True),
        # It usually does nothing on that day: only its whole days say what much is.
        ([0, 0, 0, 0], 2_999, False),
        ([0, 0, 0, 0], 3_001, True),
        # Refunds count as they do in usage.
        ([-50, -50, -50, -50], 3_001, True),
    ],
)
def test_days_are_judged_by_the_same_weekdays(same: list[int], used: int, is_far: bool) -> None:
    assert (used > limit(Interval.DAY, same, KNOWN)) is is_far


def test_what_costs_as_little_as_some_activities_is_no_alarm() -> None:
    small = Habits(KNOWN.first_day, usual_day=1, price=Fraction(10))
    assert limit(Interval.DAY, [1, 1, 1, 1], small) == 80
    assert limit(Interval.HOUR, [1, 1, 1, 1], small) == 200


def test_an_hour_that_is_little_beside_a_usual_day_waits_for_the_end_of_the_day() -> None:
    assert limit(Interval.HOUR, [10] * 28, KNOWN) == 333


def used(activity: Activity, count: int, credits: int) -> Used:
    return Used({activity: Counts(activities=count, credits=credits)})


def judged_day(now: Used, *before: Used, habits: Habits = KNOWN) -> Finding | None:
    return judge(a_day(TUESDAY, BERLIN), now, dict(zip(same_days(TUESDAY), before, strict=True)), habits)


def test_a_new_agent_is_judged_after_two_weeks_by_the_days_that_it_has() -> None:
    burst, normal = used(Activity.CALL, 1_000, 10_000), used(Activity.CALL, 10, 100)
    young = Habits(TUESDAY - (DAYS_UNTIL_JUDGED - 1) * DAY, 100, Fraction(10))
    older = Habits(TUESDAY - DAYS_UNTIL_JUDGED * DAY, 100, Fraction(10))

    assert judged_day(burst, normal, normal, NOTHING, NOTHING, habits=young) is None
    found = judged_day(burst, normal, normal, NOTHING, NOTHING, habits=older)
    # The days before its first are none of its past.
    assert found is not None
    assert found.usual_credits == 100


def test_habits_are_those_of_the_days_with_usage() -> None:
    days = {TUESDAY: (100, 10), TUESDAY + DAY: (300, 10), TUESDAY + 3 * DAY: (200, 40), TUESDAY + 4 * DAY: (0, 2)}
    assert Habits.of(days) == Habits(TUESDAY, 200, Fraction(600, 62))
    assert Habits.of({}) is Habits.of({TUESDAY: (0, 5)}) is None


# ---------------------------------------------------------------- what drove it


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10**7)), min_size=4, max_size=4),
    st.tuples(st.integers(1, 10**4), st.integers(10**9, 10**12)),
)
def test_what_drove_it_adds_up_to_the_difference_from_the_usual(
    before: list[tuple[int, int]], now: tuple[int, int]
) -> None:
    found = judged_day(used(Activity.MESSAGE, *now), *(used(Activity.MESSAGE, *day) for day in before))
    assert found is not None
    assert found.usual_credits == median([credits for _, credits in before])
    assert found.change.credits == now[1] - found.usual_credits
    assert found.change.volume_effect + found.change.price_effect == found.change.credits


def test_more_conversations_are_told_apart_from_dearer_ones() -> None:
    normal = [used(Activity.MESSAGE, 10, 1_000_000)] * 4
    more = judged_day(used(Activity.MESSAGE, 100, 10_000_000), *normal)
    dearer = judged_day(used(Activity.MESSAGE, 10, 10_000_000), *normal)

    assert more is not None
    assert more.change[:3] == (9_000_000, 9_000_000, 0)
    assert dearer is not None
    assert dearer.change[:3] == (9_000_000, 0, 9_000_000)
    assert message(more, "Ada", "gpt-4o", BERLIN) == (
        '"Ada" used 10 credits on Tuesday, 2026-03-10, 10 times the usual 1 of a Tuesday. '
        "More activities drove it (+9 credits), not dearer ones (+0). Mostly messages of gpt-4o: 100, usually 10."
    )
    assert "Dearer activities drove it (+9 credits), not more of them (+0)." in message(dearer, "Ada", "", BERLIN)


@pytest.mark.parametrize(
    ("messages", "credits", "told"),
    [
        (80, 10_000_000, "More activities drove most of it (+7 credits); dearer ones the rest (+2)."),
        (20, 10_000_000, "Dearer activities drove most of it (+8 credits); more of them the rest (+1)."),
        (9, 10_000_000, "Dearer activities drove it (+9.1 credits), not more of them (-0.1)."),
    ],
)
def test_what_drove_the_rest_is_not_denied(messages: int, credits: int, told: str) -> None:
    found = judged_day(used(Activity.MESSAGE, messages, credits), *[used(Activity.MESSAGE, 10, 1_000_000)] * 4)

    assert found is not None
    assert told in message(found, "Ada", "", BERLIN)


def test_words_for_an_hour_in_which_nothing_is_usual() -> None:
    hour = last_full_hour(utc(2026, 3, 10, 2, 7), BERLIN)
    found = judge(hour, used(Activity.CALL, 70, 70_500_000), dict.fromkeys(same_hours(hour, BERLIN), NOTHING), KNOWN)
    assert found is not None
    assert message(found, "Ada", "", BERLIN) == (
        '"Ada" used 70.5 credits on 2026-03-10 from 02:00 to 03:00, where that hour usually has none. '
        "More activities drove it (+70.5 credits), not dearer ones (+0). Mostly calls: 70, usually 0."
    )


# ---------------------------------------------------------------- hours and days


@given(MOMENTS, ZONES)
def test_every_full_hour_and_every_day_ends_once(since: datetime, zone: ZoneInfo) -> None:
    # Looked at every quarter of an hour, as the server does; the days are those of the zone, without a gap.
    begun = since.replace(minute=0, second=0, microsecond=0)
    looks = [begun + quarters * timedelta(minutes=15) for quarters in range(4 * 50)]
    spans: list[Span] = []
    for last, now in pairwise(looks):
        ended = spans_that_ended(last, now, zone)
        assert all(last < span.end <= now for span in ended)
        spans += ended
    days = [span for span in spans if span.length is Interval.DAY]
    hours = [span for span in spans if span.length is Interval.HOUR]

    assert len(set(spans)) == len(spans)
    assert [later.start for later in days[1:]] == [earlier.end for earlier in days[:-1]]
    assert len(days) >= 1
    assert all(span.end - span.start == HOUR for span in hours)
    for day in days[1:]:
        assert len([hour for hour in hours if hour.day == day.day]) == (day.end - day.start) // HOUR


def test_after_a_stop_all_days_are_looked_at_and_the_last_hour() -> None:
    spans = spans_that_ended(utc(2026, 3, 7, 12), utc(2026, 3, 10, 12, 20), BERLIN)
    assert [(span.length, span.day) for span in spans] == [
        *((Interval.DAY, date(2026, 3, day)) for day in (7, 8, 9)),
        (Interval.HOUR, TUESDAY),
    ]
    assert spans[-1].start == utc(2026, 3, 10, 11)


@pytest.mark.parametrize(
    ("zone", "until", "start"),
    [
        (KOLKATA, utc(2026, 3, 10, 12, 29), utc(2026, 3, 10, 11, 30) - HOUR),
        (KOLKATA, utc(2026, 3, 10, 12, 30), utc(2026, 3, 10, 11, 30)),
        (ZoneInfo("Asia/Kathmandu"), utc(2026, 3, 10, 12, 20), utc(2026, 3, 10, 11, 15)),
        # Just after midnight it is the last hour of yesterday.
        (BERLIN, utc(2026, 3, 9, 23, 30), utc(2026, 3, 9, 22)),
        # Clocks set back by half an hour make a day of 24 and a half: the half hour is left to the day.
        (LORD_HOWE, utc(2026, 4, 5, 13, 40), utc(2026, 4, 5, 12)),
    ],
)
def test_the_last_full_hour_is_one_of_the_tenants_day(zone: ZoneInfo, until: datetime, start: datetime) -> None:
    hour = last_full_hour(until, zone)
    assert (hour.start, hour.end) == (start, start + HOUR)


def test_the_same_hours_are_those_of_the_clock() -> None:
    # Clocks go forward on March 29: what is 10 o'clock is an hour earlier afterwards.
    hour = last_full_hour(utc(2026, 4, 7, 9), BERLIN)
    starts = same_hours(hour, BERLIN)

    assert len(starts) == 28
    assert starts[date(2026, 4, 6)] == utc(2026, 4, 6, 8)
    assert starts[date(2026, 3, 28)] == utc(2026, 3, 28, 9)


def test_an_hour_that_the_clocks_skipped_has_no_past_on_that_day() -> None:
    hour = last_full_hour(utc(2026, 4, 7, 1), BERLIN)
    assert hour.start.astimezone(BERLIN).hour == 2
    assert {hour.day - days * DAY for days in range(1, 29)} - set(same_hours(hour, BERLIN)) == {date(2026, 3, 29)}


def test_an_hour_that_the_clocks_repeat_is_compared_with_its_first() -> None:
    # October 25, 2026: 2 o'clock comes twice.
    twice = [last_full_hour(utc(2026, 10, 25, hour), BERLIN) for hour in (1, 2)]
    assert [hour.start for hour in twice] == [utc(2026, 10, 25, 0), utc(2026, 10, 25, 1)]
    assert same_hours(twice[0], BERLIN) == same_hours(twice[1], BERLIN)
    later = last_full_hour(utc(2026, 10, 27, 2), BERLIN)
    assert same_hours(later, BERLIN)[date(2026, 10, 25)] == utc(2026, 10, 25, 0)
