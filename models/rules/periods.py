"""A tenant's days and billing periods: when each begins and ends, in its own time zone.

Days divide time without a gap or an overlap, also where clocks are set back over midnight: a day lasts
from its own first instant to the next day's. A day that a zone left out is empty.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from dateutil.relativedelta import relativedelta

from models.rules.refusals import Invalid

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_LONGEST_ZONE_NAME = 64
_MOST_DAYS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Period:
    """One billing period: start included, end excluded."""

    index: int
    start: datetime
    end: datetime


@lru_cache(maxsize=10_000)
def boundary_day(anchor_day: date, n: int) -> date:
    """The day of the n-th boundary, counted from the anchor and clamped to the month's end."""
    return anchor_day + relativedelta(months=n)


def boundary(anchor_day: date, n: int, zone: ZoneInfo) -> datetime:
    """When the n-th period begins."""
    return start_of_day(boundary_day(anchor_day, n), zone)


def first_boundary(anchor_day: date, zone: ZoneInfo) -> datetime:
    return boundary(anchor_day, 0, zone)


@lru_cache(maxsize=10_000)
def period(anchor_day: date, n: int, zone: ZoneInfo) -> Period:
    return Period(n, boundary(anchor_day, n, zone), boundary(anchor_day, n + 1, zone))


def period_at(anchor_day: date, zone: ZoneInfo, at: datetime) -> Period | None:
    """The period of a moment; none before the first."""
    day = day_of(at, zone)
    n = (day.year - anchor_day.year) * 12 + day.month - anchor_day.month
    if n >= 0 and boundary_day(anchor_day, n) > day:
        n -= 1
    return period(anchor_day, n, zone) if n >= 0 else None


def days_left(anchor_day: date, period: Period, today: date) -> tuple[int, int]:
    """How many days of a period are left, today among them, and how many it has."""
    first, end = boundary_day(anchor_day, period.index), boundary_day(anchor_day, period.index + 1)
    return (end - today).days, (end - first).days


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day, which is midnight unless clocks skip it."""
    midnight = datetime.combine(day, time(), zone)
    start = midnight.astimezone(UTC)
    by_later_offset = midnight.replace(fold=1).astimezone(UTC)
    if by_later_offset < start:
        return _end_of_gap(day, zone, by_later_offset, start)
    return start


def _end_of_gap(day: date, zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """Midnight was skipped by a change of the clocks after low and not after high: the day begins with it."""
    first, last = 0, (high - low) // _SECOND
    while first < last:
        middle = (first + last) // 2
        if (low + middle * _SECOND).astimezone(zone).date() >= day:
            last = middle
        else:
            first = middle + 1
    return low + first * _SECOND


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """The day of a moment in a zone."""
    return _days(zone).day_of(at)


def days_in(zone_name: str) -> "Days":
    """The days of a zone that is known to exist, shared by all who ask."""
    return _days(ZoneInfo(zone_name))


class Days:
    """The days of one zone, found quickly: what a UTC date holds of them is worked out once."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._around: dict[date, tuple[list[datetime], list[date]]] = {}
        self._starts: dict[date, datetime] = {}

    def day_of(self, at: datetime) -> date:
        """The day of a moment."""
        if at.tzinfo is not UTC:
            at = at.astimezone(UTC)
        known = self._around.get(at.date()) or self._look_around(at.date())
        return known[1][bisect_right(known[0], at) - 1]

    def start_of(self, day: date) -> datetime:
        """The first instant of a day."""
        start = self._starts.get(day)
        if start is None:
            _make_room(self._starts)
            start = self._starts[day] = start_of_day(day, self.zone)
        return start

    def _look_around(self, utc_date: date) -> tuple[list[datetime], list[date]]:
        # No zone is more than a day away from UTC; one day more allows for one that was left out.
        days = [utc_date + n * _DAY for n in range(-2, 3)]
        _make_room(self._around)
        known = self._around[utc_date] = [self.start_of(day) for day in days], days
        return known


def _make_room(kept: dict[date, Any]) -> None:
    if len(kept) >= _MOST_DAYS_KEPT:
        kept.clear()


@lru_cache(maxsize=1_000)
def _days(zone: ZoneInfo) -> Days:
    return Days(zone)


def parse_zone(name: str) -> ZoneInfo:
    """The zone of that very name in the time zone database."""
    # ZoneInfo() itself would take whatever file of the machine a name leads to.
    if len(name) > _LONGEST_ZONE_NAME or name not in _zone_names():
        raise Invalid('A time zone is named as in the tz database: "Europe/Berlin".', ("time_zone",))
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    # These two are no places: what they mean depends on the machine.
    return frozenset(available_timezones() - {"localtime", "Factory"})
