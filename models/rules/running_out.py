"""When an account runs out of credits, if usage goes on as expected and nothing is bought.

The account is folded on as it will be: boundaries with the plan's credits and what rolls over, grants that begin and
end. Between two such moments only the sum of usage matters, so it is folded on from one to the next.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from uuid import UUID, uuid5

from models.rules.facts import Boundary, CreditsIn, Lot, Order, Usage
from models.rules.fold import State
from models.rules.forecasting import Forecast, Month
from models.rules.periods import Days
from models.rules.words import GrantSource, SubjectKind

_NOBODYS = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Standing:
    """An account of which nothing is due, and what will come in by itself."""

    lots: Sequence[Lot]
    """The grants that can pay by now."""
    overdrawn: int
    held: int
    """Set aside for calls that are under way: it counts as spent."""
    ahead: Sequence[Boundary | CreditsIn]
    """What comes in, in order of time."""


@dataclass(frozen=True)
class Path:
    """Usage from now on, day by day: as each month is expected to go, stretched to what it comes to in all."""

    forecast: Forecast
    months: Sequence[Month]
    rests: Sequence[int]
    """What is still to be used of each month."""

    @property
    def end(self) -> date:
        """The first day after the months."""
        return self.forecast.end_of(len(self.months))

    @cached_property
    def _ends(self) -> list[int]:
        """The number of days with which each month ends, today being the first."""
        ends = (self.forecast.end_of(number) for number in range(1, len(self.months) + 1))
        return [(end - self.forecast.today).days for end in ends]

    @cached_property
    def _before(self) -> list[int]:
        """What is used before each month."""
        return list(accumulate(self.rests, initial=0))

    def until(self, days: int) -> int:
        """What is used from now to the end of so many days, today being the first of them."""
        month = bisect_right(self._ends, days)
        start = self._ends[month - 1] if month else 0
        if days == start:
            return self._before[month]
        rest, expected = self.rests[month], self.months[month].rest
        if not expected:
            return self._before[month] + rest * (days - start) // (self._ends[month] - start)
        part = self.forecast.until(days) - self.forecast.until(start)
        return self._before[month] + rest * part // expected


def runs_out_on(standing: Standing, path: Path, days: Days, now: datetime) -> date | None:
    """The first day on which nothing is available any more: today where that is so already, None where it is not in
    sight before the path ends.

    With more usage it is never later. A day's usage is spread evenly over it, today's over what is left of it.
    """
    return _Walk(standing, path, days, now).run()


class _Walk:
    """An account on its way ahead."""

    def __init__(self, standing: Standing, path: Path, days: Days, now: datetime) -> None:
        self.path, self.days, self.now = path, days, now
        self.today = days.day_of(now)
        self.end = days.start_of(path.end)
        timed = ((fact.order.at, fact) for fact in standing.ahead)
        self.ahead = [(at, fact) for at, fact in timed if at < self.end]
        # What is folded on changes the grants, so this walk has its own.
        lots = [replace(lot) for lot in standing.lots]
        self.state = State(identify=_made_id, order=Order(now), lots={lot.id: lot for lot in lots})
        self.owed = standing.overdrawn + standing.held
        self._pass(now)

    def run(self) -> date | None:
        if self._left() <= 0:
            return self.today
        if self.owed:
            self._use(self.owed, self.now)
        at, used = self.now, 0
        for edge in self._edges():
            until = self._used_until(edge)
            spent, used = until - used, until
            # Where nothing is left from the start, the day of the start is the one.
            if spent >= self._left():
                return self._day_of_the_last(used - spent + self._left(), at, edge)
            if edge == self.end:
                return None
            self._use(spent, at)
            self._pass(edge)
            at = edge
        raise AssertionError("The end is an edge.")

    def _left(self) -> int:
        return sum(lot.remaining for lot in self.state.lots.values()) - self.owed

    def _use(self, credits: int, at: datetime) -> None:
        self.state.use(Usage(at, SubjectKind.CALL, _NOBODYS, "", credits))
        self.owed = 0

    def _edges(self) -> list[datetime]:
        """The moments at which grants begin or end, and the end of the path."""
        lots = [*self.state.lots.values(), *(fact.lot for _, fact in self.ahead if isinstance(fact, CreditsIn))]
        ends = {lot.expires_at for lot in lots if lot.expires_at is not None and self.now < lot.expires_at < self.end}
        return sorted({*ends, *(at for at, _ in self.ahead), self.end})

    def _pass(self, edge: datetime) -> None:
        """Fold on what comes in and ends up to a moment."""
        while self.ahead and self.ahead[0][0] <= edge:
            self.state.fold([_own(self.ahead.pop(0)[1])])
        self.state.fold((), until=edge)

    def _used_until(self, at: datetime) -> int:
        """What is used from now to a moment; within a day as much as has passed of it, today counting from now on."""
        day = self.days.day_of(at)
        number = (day - self.today).days
        before = self.path.until(number)
        start = self.days.start_of(day) if number else self.now
        if at == start:
            return before
        end = self.days.start_of(date.fromordinal(day.toordinal() + 1))
        part = Fraction((at - start) // at.resolution, (end - start) // at.resolution)
        return before + int((self.path.until(number + 1) - before) * part)

    def _day_of_the_last(self, credits: int, since: datetime, until: datetime) -> date:
        """The day by whose end so many credits are used: between two moments, by the second of which they are."""
        first, last = (self.days.day_of(since) - self.today).days, (self.days.day_of(until) - self.today).days
        while first < last:
            middle = (first + last) // 2
            if self.path.until(middle + 1) >= credits:
                last = middle
            else:
                first = middle + 1
        return date.fromordinal(self.today.toordinal() + first)


def _own(fact: Boundary | CreditsIn) -> Boundary | CreditsIn:
    return replace(fact, lot=replace(fact.lot)) if isinstance(fact, CreditsIn) else fact


def _made_id(source: GrantSource, key: str) -> UUID:
    return uuid5(_NOBODYS, f"{source}/{key}")
