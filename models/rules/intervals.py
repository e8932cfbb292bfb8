"""Ranges of days cut into hours, days, weeks, months or years."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from dateutil.relativedelta import relativedelta

from models.rules.words import Interval

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def slices(first: date, last: date, every: Interval) -> Iterator[tuple[date, date]]:
    """The first and last day of each interval; weeks begin on Monday. The outermost ones are cut by the range."""
    while first <= last:
        end = min(last_day(first, every), last)
        yield first, end
        first = end + _DAY


def last_day(day: date, every: Interval) -> date:
    """The last day of the interval that a day lies in."""
    match every:
        case Interval.WEEK:
            return day + (6 - day.weekday()) * _DAY
        case Interval.MONTH:
            return day.replace(day=1) + relativedelta(months=1) - _DAY
        case Interval.YEAR:
            return day.replace(month=12, day=31)
    return day


def hours(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Hours from a moment on, each with its end; the last one is cut."""
    while start < end:
        yield start, min(start + _HOUR, end)
        start += _HOUR
