from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.periods import (
    Days,
    boundary,
    boundary_day,
    day_of,
    days_in,
    first_boundary,
    parse_zone,
    period_at,
    start_of_day,
)
from models.rules.refusals import Invalid

MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)
# Changes at midnight, before midnight and past it, by half an hour, a day left out, and far from UTC.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Santiago",
    "America/Havana",
    "America/St_Johns",
    "America/Asuncion",
    "America/Scoresbysund",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Gaza",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Chatham",
    "Pacific/Kwajalein",
    "Pacific/Pago_Pago",
]
ZONE = st.sampled_from(ZONES).map(ZoneInfo)
DATES = st.dates(date(1971, 1, 1), date(2037, 12, 31))
INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_boundaries_are_counted_from_the_anchor_and_never_chained() -> None:
    days = [boundary_day(date(2026, 1, 31), n) for n in range(4)]

    assert days == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    assert boundary_day(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert boundary_day(date(2024, 2, 29), 48) == date(2028, 2, 29)


def test_a_period_begins_at_midnight_in_the_tenants_zone() -> None:
    assert first_boundary(date(2026, 3, 1), BERLIN) == at("2026-02-28T23:00:00Z")
    assert boundary(date(2026, 3, 1), 1, BERLIN) == at("2026-03-31T22:00:00Z")


def test_a_period_includes_its_start_and_excludes_its_end() -> None:
    anchor = date(2026, 1, 31)
    second = boundary(anchor, 1, BERLIN)

    before, after = period_at(anchor, BERLIN, second - MOMENT), period_at(anchor, BERLIN, second)
    assert before is not None
    assert after is not None
    assert (before.index, after.index) == (0, 1)
    assert before.end == second == after.start


def test_there_is_no_period_before_the_first() -> None:
    anchor = date(2026, 1, 31)

    assert period_at(anchor, BERLIN, first_boundary(anchor, BERLIN) - MOMENT) is None
    assert period_at(anchor, BERLIN, at("2025-01-01T00:00:00Z")) is None


@given(DATES, ZONE, INSTANTS)
def test_every_moment_from_the_anchor_on_is_in_exactly_one_period(
    anchor: date, zone: ZoneInfo, moment: datetime
) -> None:
    found = period_at(anchor, zone, moment)

    if found is None:
        assert moment < first_boundary(anchor, zone)
    else:
        assert found.start <= moment < found.end
        assert found.start == boundary(anchor, found.index, zone)
        assert found.end == boundary(anchor, found.index + 1, zone)


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("UTC", "2026-03-01", "2026-03-01T00:00:00Z"),
        ("Asia/Kathmandu", "2026-03-01", "2026-02-28T18:15:00Z"),
        # Clocks went from 0:00 to 1:00, so that the day began at 1:00.
        ("America/Santiago", "2024-09-08", "2024-09-08T04:00:00Z"),
        ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00Z"),
        # Clocks went from 1:00 back to 0:00: the first of the two midnights.
        ("America/Havana", "2024-11-03", "2024-11-03T04:00:00Z"),
        # Clocks went from 23:30 to 0:30: the day began in the middle of an hour.
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30:00Z"),
        # The 30th was left out: it is empty, and ends as the 31st begins.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
    ],
)
def test_a_day_begins_with_its_first_instant(zone: str, day: str, start: str) -> None:
    assert start_of_day(date.fromisoformat(day), ZoneInfo(zone)) == at(start)
    assert days_in(zone).start_of(date.fromisoformat(day)) == at(start)


@given(ZONE, DATES)
def test_days_divide_time_without_gap_or_overlap(zone: ZoneInfo, day: date) -> None:
    start, end = start_of_day(day, zone), start_of_day(day + DAY, zone)

    assert start <= end
    if start < end:
        assert day_of(start, zone) == day_of(end - MOMENT, zone) == day
        assert day_of(start - MOMENT, zone) < day


@given(ZONE, INSTANTS)
def test_a_moment_belongs_to_the_day_that_the_clock_shows(zone: ZoneInfo, moment: datetime) -> None:
    shown = moment.astimezone(zone)
    # Where clocks go back over midnight, the hour that comes again stays with the day that had begun.
    if not shown.fold:
        assert day_of(moment, zone) == shown.date()
    assert start_of_day(day_of(moment, zone), zone) <= moment < start_of_day(day_of(moment, zone) + DAY, zone)
    assert day_of(shown, zone) == day_of(moment, zone)


@pytest.mark.parametrize("name", ZONES)
def test_every_change_of_the_clocks_keeps_days_whole(name: str) -> None:
    zone, days = ZoneInfo(name), Days(ZoneInfo(name))
    for day in (date(1985, 1, 1) + n * DAY for n in range(365 * 50)):
        midnight = datetime.combine(day, time(), zone)
        if midnight.utcoffset() == (midnight + DAY).utcoffset() == (midnight - DAY).utcoffset():
            continue
        for moment in (midnight.astimezone(UTC) + n * timedelta(minutes=30) for n in range(-50, 51)):
            found = days.day_of(moment)
            assert days.start_of(found) <= moment < days.start_of(found + DAY)


def test_days_are_right_however_many_have_been_asked_for() -> None:
    days = Days(BERLIN)
    moments = [at("2000-01-01T23:30:00Z") + n * DAY for n in range(2_500)]

    assert [days.day_of(moment) for moment in moments] == [moment.astimezone(BERLIN).date() for moment in moments]


def test_zones_are_those_of_the_tz_database() -> None:
    assert parse_zone("Europe/Berlin") == BERLIN
    assert parse_zone("UTC").key == "UTC"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "Mars/Olympus",
        "europe/berlin",
        "Europe/Berlin ",
        "Europe",
        "Europe/",
        "../../etc/passwd",
        "..",
        "/etc/localtime",
        "localtime",
        "Factory",
        "posix/Europe/Berlin",
        "right/UTC",
        "posixrules",
        "tzdata.zi",
        "UTC\x00",
        "\ud800",
        "+01:00",
        "E" * 1_000_000,
    ],
    ids=lambda name: ascii(name)[:30],
)
def test_any_other_name_is_no_zone(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_zone(name)
    assert refused.value.path == ("time_zone",)
    assert len(refused.value.message) < 100
