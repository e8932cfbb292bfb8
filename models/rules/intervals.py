"""Ranges of days cut into hours, days, weeks, months or years."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from dateutil.relativedelta import relativedelta

from models.rules.words import Interval

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def slices(first: date, last: date, every: Interval) -> Iterator[tuple[date, date]]:
    """The first and last day of each interval; weeks begin on Monday. The outermost ones are cut by the range."""
    while (end := min(last_day(first, every), last)) < last:
        yield first, end
        first = end + _DAY
    # Nothing is counted on from here: the last day of all has none after it.
    if first <= last:
        yield first, last


def first_day(day: date, every: Interval) -> date:
    """The first day of the interval that a day lies in, by the calendar."""
    match every:
        case Interval.WEEK:
            return day - day.weekday() * _DAY
        case Interval.MONTH:
            return day.replace(day=1)
        case Interval.YEAR:
            return day.replace(month=1, day=1)
    return day


def last_day(day: date, every: Interval) -> date:
    """The last day of the interval that a day lies in."""
    match every:
        case Interval.WEEK:
            return day + min((6 - day.weekday()) * _DAY, date.max - day)
        case Interval.MONTH:
            return day + relativedelta(day=31)
        case Interval.YEAR:
            return day.replace(month=12, day=31)
    return day


def hours(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Hours from a moment on, each with its end; the last one is cut."""
    while start < end:
        length = min(_HOUR, end - start)
        yield start, start + length
        start += length
