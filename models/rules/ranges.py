"""Ranges of days: what their names mean on a given day, and which instants they hold."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from models.rules.periods import boundary_day, start_of_day
from models.rules.refusals import Invalid
from models.rules.words import Against

_DAY = timedelta(days=1)
# Midnights nearer to the ends of time than this cannot be told in every zone.
_FIRST_DAY, _LAST_DAY = date.min + 2 * _DAY, date.max - 2 * _DAY
BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)


class RangePreset(StrEnum):
    """A range by its name, seen from today."""

    TODAY = "TODAY"
    LAST_7_DAYS = "LAST_7_DAYS"
    LAST_30_DAYS = "LAST_30_DAYS"
    LAST_90_DAYS = "LAST_90_DAYS"
    LAST_12_MONTHS = "LAST_12_MONTHS"
    THIS_MONTH = "THIS_MONTH"
    LAST_MONTH = "LAST_MONTH"
    THIS_YEAR = "THIS_YEAR"
    CURRENT_PERIOD = "CURRENT_PERIOD"
    PREVIOUS_PERIOD = "PREVIOUS_PERIOD"
    ALL_TIME = "ALL_TIME"


@dataclass(frozen=True, slots=True)
class DayRange:
    """Whole days, both ends included."""

    first: date
    last: date

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The first instant of the range, and the first one after it."""
        start = start_of_day(self.first, zone) if self.first >= _FIRST_DAY else BEGINNING
        end = start_of_day(self.last + _DAY, zone) if self.last <= _LAST_DAY else END
        return start, end


_LAST_DAYS = {
    RangePreset.TODAY: 1,
    RangePreset.LAST_7_DAYS: 7,
    RangePreset.LAST_30_DAYS: 30,
    RangePreset.LAST_90_DAYS: 90,
}


def days_of_preset(preset: RangePreset, today: date, anchor_day: date) -> DayRange | None:
    """The days that a name means; None for all time. Billing periods are counted from the anchor."""
    if preset in _LAST_DAYS:
        return DayRange(today - (_LAST_DAYS[preset] - 1) * _DAY, today)
    month = today.replace(day=1)
    period = period_number(anchor_day, today)
    match preset:
        case RangePreset.LAST_12_MONTHS:
            return DayRange(month - relativedelta(months=11), today)
        case RangePreset.THIS_MONTH:
            return DayRange(month, today)
        case RangePreset.LAST_MONTH:
            return DayRange(month - relativedelta(months=1), month - _DAY)
        case RangePreset.THIS_YEAR:
            return DayRange(month.replace(month=1), today)
        case RangePreset.CURRENT_PERIOD:
            return DayRange(boundary_day(anchor_day, period), today)
        case RangePreset.PREVIOUS_PERIOD:
            return DayRange(boundary_day(anchor_day, period - 1), boundary_day(anchor_day, period) - _DAY)
        case _:
            return None


def period_number(anchor_day: date, day: date) -> int:
    """Which billing period a day lies in; those before the first have numbers below 0."""
    number = (day.year - anchor_day.year) * 12 + day.month - anchor_day.month
    return number - 1 if boundary_day(anchor_day, number) > day else number


def days_between(first: date, last: date) -> DayRange:
    if last < first:
        raise Invalid("A range cannot end before it begins.", ("range", "days", "to"))
    return DayRange(first, last)


def range_against(days: DayRange, against: Against) -> DayRange:
    """The range that another is compared with: whole months with whole months, others by the same days, clamped."""
    if against is Against.PREVIOUS_RANGE:
        if _is_whole_months(days):
            return _months_earlier(days, _months_between(days.first, days.last) + 1)
        length = (days.last - days.first).days + 1
        return DayRange(_days_before(days.first, length), _days_before(days.first, 1))
    return _months_earlier(days, 1 if against is Against.SAME_RANGE_LAST_MONTH else 12)


def _months_earlier(days: DayRange, months: int) -> DayRange:
    last = _months_before(days.last, months)
    return DayRange(
        _months_before(days.first, months), last + relativedelta(day=31) if _is_whole_months(days) else last
    )


def _is_whole_months(days: DayRange) -> bool:
    return days.first.day == 1 and days.last == days.last + relativedelta(day=31)


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _months_before(day: date, months: int) -> date:
    # Before the first day of all there is nothing to compare with.
    return day - relativedelta(months=months) if _months_between(date.min, day) >= months else date.min


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(max(day.toordinal() - days, date.min.toordinal()))
