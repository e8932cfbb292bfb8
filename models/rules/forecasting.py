"""What will probably be used in the calendar months ahead: the current one with what was used so far, and those after.

Worked out from what was used each day since the first. Today is not over, so nothing is learned from it unless it is
all that there is. Amounts are whole millionths of a credit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple, Protocol

from models.rules.amounts import half_up
from models.rules.backtesting import Tried
from models.rules.refusals import Invalid
from models.rules.seasons import WEEK, WEEKS_OF_SHAPE, Method, Weeks

MOST_MONTHS = 24
"""How far ahead may be looked, the current month among them."""
MOST_BUFFER_PERCENT = 1_000

_DAY = timedelta(days=1)


class Outlook(Protocol):
    """What is expected of so many days from today on, together, today among them and whole."""

    def until(self, days: int) -> int: ...


class Alike(NamedTuple):
    """Every day is expected to be like the days so far."""

    credits: int
    days: int

    def until(self, days: int) -> int:
        return half_up(self.credits * days, self.days) if self.days else 0


class Month(NamedTuple):
    """A calendar month: what was used of it, and what is still to be used."""

    first: date
    used: int
    rest: int
    least: int
    most: int

    @property
    def expected(self) -> int:
        return max(self.used + self.rest, 0)

    @property
    def low(self) -> int:
        return max(self.used + self.least, 0)

    @property
    def high(self) -> int:
        return max(self.used + self.most, 0)


@dataclass(frozen=True)
class Forecast:
    """What is expected from a day on, by what was used on each day."""

    used: Mapping[date, int]
    today: date

    # ------------------------------------------------------------ what is known

    @cached_property
    def past(self) -> list[int]:
        """What was used on each day to yesterday, from the first that cost anything: what is free before it says
        nothing of credits."""
        first = min((day for day, credits in self.used.items() if credits), default=self.today)
        return [self.used.get(first + number * _DAY, 0) for number in range((self.today - first).days)]

    @cached_property
    def tried(self) -> Tried | None:
        """A method and how it errs; None where there are not two weeks of past to tell weekdays by."""
        return Tried(Weeks.of(self.past)) if len(self.past) >= 2 * WEEK else None

    @cached_property
    def outlook(self) -> Outlook:
        if self.tried is not None:
            return self.tried.weeks.outlook(self.tried.method, len(self.tried.weeks))
        days = self.past or [self._used_today]
        return Alike(max(sum(days), 0), len(days))

    @cached_property
    def _lately(self) -> dict[date, int]:
        """What was used in the current month; a clock that is ahead may have used something of the next one too."""
        since = self.today.replace(day=1)
        return {day: credits for day, credits in self.used.items() if day >= since}

    @property
    def _used_today(self) -> int:
        return max(self.used.get(self.today, 0), 0)

    @cached_property
    def gone(self) -> int:
        """How much of what is expected of today was used already."""
        return min(self._used_today, self.outlook.until(1))

    # ------------------------------------------------------------ what is expected

    def months(self, count: int) -> list[Month]:
        """The calendar months from the current one on."""
        return [self._month(self.end_of(number), self.end_of(number + 1)) for number in range(count)]

    def end_of(self, months: int) -> date:
        """The first day after so many months, the current one among them."""
        years, month = divmod(self.today.month - 1 + months, 12)
        return date(self.today.year + years, month + 1, 1)

    def _month(self, first: date, end: date) -> Month:
        used = sum(credits for day, credits in self._lately.items() if first <= day < end)
        start, until = max((first - self.today).days, 0), (end - self.today).days
        expected = self.outlook.until(until) - self.outlook.until(start)
        gone = 0 if start else self.gone
        margin = self._margin(start, until - start, expected)
        return Month(first, used, expected - gone, max(expected - margin - gone, 0), expected + margin - gone)

    def _margin(self, start: int, length: int, expected: int) -> int:
        """How far some days may be off. A past too short to be tried says nothing: from nothing to twice as much."""
        margin = self.tried.margin(start, length) if self.tried is not None else None
        if self.tried is None or margin is None:
            return expected
        return _rounded(margin * (expected + self.tried.usual(length)))

    def until(self, days: int) -> int:
        """What is expected from now to the end of so many days, today being the first of them."""
        return self.outlook.until(days) - self.gone if days else 0

    @property
    def error(self) -> Fraction | None:
        """How far the method was off on the past; None where that is too short."""
        return self.tried.error() if self.tried is not None else None

    @property
    def method(self) -> str:
        """How it was made, in plain words."""
        if self.tried is not None:
            return _in_words(self.tried)
        if self.past:
            return f"{_days(len(self.past))} of past: each day is expected to be like their mean. {_UNTRIED}"
        if any(self.used.values()):
            return f"No whole day of past: each day is expected to be like today so far. {_UNTRIED}"
        return "No past: nothing was used yet, so nothing is expected."


_UNTRIED = "Too short a past to try it on: low and high are nothing more and twice as much."

_CARRIED = {
    Method.STEADY: "the mean of the weeks so far, newer ones counting more, goes on",
    Method.GROWING: "the level of the weeks so far goes on, and its growth, which fades",
    Method.YEARLY: "the mean of the weeks so far goes on and moves three quarters as far as it did a year before",
}


def _in_words(tried: Tried) -> str:
    weeks = len(tried.weeks)
    of_shape = min(weeks, WEEKS_OF_SHAPE)
    told = f"{_days(weeks * WEEK)} of past: {_CARRIED[tried.method]}; weekdays differ as in the last {of_shape} weeks."
    if tried.margin(0, WEEK) is None:
        return f"{told} {_UNTRIED}"
    return f"{told} Low and high hold four of five errors of the same method on that past."


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def recommended(expected: int, buffer_percent: float) -> int:
    """An amount with a buffer on top."""
    # As the number was written: 0.1 is a tenth here, which no binary float is.
    return _rounded(expected * (1 + Fraction(repr(buffer_percent)) / 100))


def check_wish(months: int, buffer_percent: float) -> None:
    if not 1 <= months <= MOST_MONTHS:
        raise Invalid(f"From 1 to {MOST_MONTHS} months can be looked ahead.", ("months",))
    if not 0 <= buffer_percent <= MOST_BUFFER_PERCENT:
        raise Invalid(f"A buffer is 0 to {MOST_BUFFER_PERCENT:,} percent.", ("buffer_percent",))


def _rounded(amount: Fraction) -> int:
    return half_up(amount.numerator, amount.denominator)
