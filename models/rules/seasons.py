"""What is to be expected of the days ahead, by the whole weeks before them: a level, a week's shape, a year's course.

Weeks are counted back from the present, so that each is whole and the last day is always part of one. Amounts are
whole millionths of a credit and never below 0; ratios are kept as pairs of whole numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import accumulate, pairwise

from models.rules.amounts import half_up

WEEK = 7
YEAR_OF_WEEKS = 52
FURTHEST_WEEKS = 112
"""How far ahead may be looked: more than two years."""

WEEKS_OF_SHAPE = 13
_EVEN_WEEKS = 2
"""So many weeks without any shape are counted with a tenant's own, which a short past needs."""

# How much the newest week counts for the level; where it grows, for the level and for the growth, in percent.
_NEWEST, _NEWEST_OF_GROWING, _NEWEST_GROWTH = 30, 20, 10
_KEPT = 95
"""How much of its growth the next week keeps, in percent: growth fades."""
_MOST_GROWTH = 20
"""A week's growth is at most one part in so many of the level; all that fades adds up to less than the level."""
_START_WEEKS = 4
_AROUND = 2
"""A week of the year before is seen together with so many on each side of it."""
_MOST_TIMES = 4
"""It counts as at most so many times as much as the weeks that it is compared with."""


class Method(StrEnum):
    """How a level is carried forward."""

    STEADY = "STEADY"
    GROWING = "GROWING"
    YEARLY = "YEARLY"


FIRST_WEEK = {Method.STEADY: 1, Method.GROWING: 8, Method.YEARLY: YEAR_OF_WEEKS + _START_WEEKS}
"""How many weeks of past each method needs."""


def _faded() -> list[int]:
    """By number of weeks: what a growth of 1 adds to all of them together, in billionths."""
    a_week, added, found = 10**9, 0, [0]
    for _ in range(FURTHEST_WEEKS):
        a_week = a_week * _KEPT // 100
        added += a_week
        found.append(found[-1] + added)
    return found


_FADED, _WHOLE = _faded(), 10**9


@dataclass(slots=True)
class Outlook:
    """What is expected from one day on: a sum for each week, spread over its days."""

    shape: Sequence[int]
    """The parts of the week's days, summed up: from 0 to the whole."""
    level: int
    growth: int = 0
    course: "Course | None" = None

    def until(self, days: int) -> int:
        """What is expected of so many days from the first on, together."""
        weeks, rest = divmod(days, WEEK)
        before = self.weeks(weeks)
        if not rest:
            return before
        return before + half_up((self.weeks(weeks + 1) - before) * self.shape[rest], self.shape[WEEK])

    def between(self, start: int, length: int) -> int:
        """What is expected of some days, after others before them."""
        return self.until(start + length) - self.until(start)

    def by_day(self, weeks: int) -> list[int]:
        """What is expected of each day of so many weeks."""
        found, before = [], 0
        for until in map(self.weeks, range(1, weeks + 1)):
            marks = [half_up((until - before) * part, self.shape[WEEK]) for part in self.shape]
            found += [later - earlier for earlier, later in pairwise(marks)]
            before = until
        return found

    def weeks(self, count: int) -> int:
        """What is expected of so many weeks."""
        if self.course is not None:
            return self.course.weeks(self.level, count)
        if self.growth:
            return self.level * count + half_up(self.growth * _FADED[count], _WHOLE)
        return self.level * count


@dataclass(slots=True)
class Course:
    """How the weeks went on from the same week of the year before; they move the level three quarters as far now."""

    weeks_so_far: Sequence[int]
    base: int
    """What the weeks right before came to, that year: _START_WEEKS of them."""
    _sums: list[int] = field(default_factory=lambda: [0])
    """By number of weeks: what a level of a quarter would become, in parts of the base."""

    def weeks(self, level: int, count: int) -> int:
        while len(self._sums) <= count:
            self._sums.append(self._sums[-1] + self._week(len(self._sums) - 1))
        return half_up(level * self._sums[count], 4 * self.base)

    def _week(self, ahead: int) -> int:
        now = len(self.weeks_so_far)
        middle = now - YEAR_OF_WEEKS + ahead % YEAR_OF_WEEKS
        around = self.weeks_so_far[middle - _AROUND : middle + _AROUND + 1]
        seen = half_up(sum(around) * _START_WEEKS, len(around))
        return self.base + 3 * min(max(seen, 0), self.base * _MOST_TIMES)


@dataclass(frozen=True)
class Weeks:
    """The whole weeks of a past, and the outlook that each method had after each of them."""

    days: Sequence[int]
    """The days of whole weeks, the oldest first."""

    @classmethod
    def of(cls, days: Sequence[int]) -> "Weeks":
        """The weeks that end with the last day; what is no whole week at the beginning is left out."""
        return cls(days[len(days) % WEEK :])

    def __len__(self) -> int:
        return len(self.days) // WEEK

    @cached_property
    def sums(self) -> list[int]:
        """Of the first days together, by their number."""
        return list(accumulate(self.days, initial=0))

    @cached_property
    def credits(self) -> list[int]:
        return [self.sums[first + WEEK] - self.sums[first] for first in range(0, len(self.days), WEEK)]

    def outlook(self, method: Method, weeks: int) -> Outlook:
        """What was expected after so many weeks; they must be enough for the method."""
        assert FIRST_WEEK[method] <= weeks <= len(self)
        known = self._outlooks.get((method, weeks))
        if known is None:
            known = self._outlooks[method, weeks] = self._outlook(method, weeks)
        return known

    @cached_property
    def _outlooks(self) -> dict[tuple[Method, int], Outlook]:
        return {}

    def _outlook(self, method: Method, weeks: int) -> Outlook:
        shape = self._shapes(weeks)
        if method is Method.GROWING:
            level, growth = self._growing[weeks]
            level = max(level, 0)
            most = level // _MOST_GROWTH
            return Outlook(shape, level, min(max(growth, -most), most))
        level = max(self._steady[weeks], 0)
        if method is Method.YEARLY:
            year_before = weeks - YEAR_OF_WEEKS
            base = sum(self.credits[year_before - _START_WEEKS : year_before])
            if base > 0:
                return Outlook(shape, level, course=Course(self.credits[:weeks], base))
        return Outlook(shape, level)

    def _shapes(self, weeks: int) -> list[int]:
        """The parts of the seven days after so many weeks, summed up: as in the weeks before them, and a bit evened."""
        counted = min(weeks, WEEKS_OF_SHAPE)
        used = [max(sums[weeks] - sums[weeks - counted], 0) for sums in self._by_weekday]
        together = sum(used)
        if not together:
            return list(range(WEEK + 1))
        return list(accumulate((WEEK * counted * one + _EVEN_WEEKS * together for one in used), initial=0))

    @cached_property
    def _by_weekday(self) -> list[list[int]]:
        """For each of the seven days, what was used on it in the first weeks together, by their number."""
        return [list(accumulate(self.days[day::WEEK], initial=0)) for day in range(WEEK)]

    @cached_property
    def _steady(self) -> list[int]:
        """The level after each number of weeks: their mean at first, later one in which newer weeks count more."""
        level, found = 0, [0]
        for number, credits in enumerate(self.credits, 1):
            level += half_up(max(_NEWEST * number, 100) * (credits - level), 100 * number)
            found.append(level)
        return found

    @cached_property
    def _growing(self) -> list[tuple[int, int]]:
        """The level and its growth from week to week, after each number of weeks."""
        start = self.credits[:_START_WEEKS]
        level, growth = half_up(sum(start), len(start)) if start else 0, 0
        found = [(level, growth)]
        for credits in self.credits:
            kept = half_up(growth * _KEPT, 100)
            before = level
            level = half_up(_NEWEST_OF_GROWING * credits + (100 - _NEWEST_OF_GROWING) * (level + kept), 100)
            growth = half_up(_NEWEST_GROWTH * (level - before) + (100 - _NEWEST_GROWTH) * kept, 100)
            found.append((level, growth))
        return found
