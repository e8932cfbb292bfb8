"""An account as it stood, by the time at which things happened, with all that is known by now.

The days' changes are kept, so that a moment costs the days before it and the entries of its own day.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, islice
from typing import NamedTuple
from uuid import UUID

from models.rules.intervals import hours, slices
from models.rules.periods import Days
from models.rules.ranges import DayRange
from models.rules.refusals import Invalid
from models.rules.reports import EARLIEST
from models.rules.words import Interval
from models.tables import balances as tables
from models.unit_of_work import Reader

MOST_POINTS = 4_000
MOST_DAYS_OF_HOURS = 31
_DAY, _MOMENT = timedelta(days=1), timedelta(microseconds=1)


class Standing(NamedTuple):
    """An account at a moment, all that happened at the moment included."""

    at: datetime
    seq: int
    """That of the last entry about what had happened by then."""
    available: int
    held: int
    plan_balance: int
    top_up_balance: int

    @property
    def settled(self) -> int:
        return self.available + self.held

    @property
    def overdrawn(self) -> int:
        return self.plan_balance + self.top_up_balance - self.settled


class Point(NamedTuple):
    """What was available at a moment."""

    at: datetime
    available: int


@dataclass(frozen=True, slots=True)
class Past:
    """The past of one tenant's account, up to now. Nothing of the account is due."""

    reader: Reader
    tenant_id: UUID
    days: Days
    now: datetime

    async def standing(self, at: datetime) -> Standing:
        """How the account stood at a moment of the past."""
        if at > self.now:
            raise Invalid("This is in the future.", ("at",))
        if at < EARLIEST:
            return Standing(at, 0, 0, 0, 0, 0)
        day = self.days.day_of(at)
        tenant = {"tenant_id": self.tenant_id}
        before = await self.reader.first(tables.BEFORE_DAY, {**tenant, "day": day})
        since = {**tenant, "since": self.days.start_of(day), "at": at.astimezone(UTC)}
        within = await self.reader.first(tables.WITHIN_DAY, since)
        pools = await self.reader.first(tables.POOLS_WITHIN_DAY, since)
        assert before, "Sums always have a row."
        assert within
        assert pools
        return Standing(
            at,
            max(before.last_seq, within.last_seq),
            before.available + within.available,
            before.held + within.held,
            before.plan_balance + pools.plan_balance,
            before.top_up_balance + pools.top_up_balance,
        )

    async def history(self, wanted: DayRange | None, every: Interval) -> list[Point]:
        """What was available at the end of each interval of a range, or of all time; the current one ends now."""
        today = self.days.day_of(self.now)
        if wanted is None:
            first = await self.reader.value(tables.FIRST_DAY, {"tenant_id": self.tenant_id}) or today
            wanted = DayRange(first, today)
        first, last = max(wanted.first, EARLIEST.date()), min(wanted.last, today)
        if first > last:
            return []
        return await (self._by_hour(first, last) if every is Interval.HOUR else self._by_day(first, last, every))

    async def _by_day(self, first: date, last: date, every: Interval) -> list[Point]:
        found = list(islice(slices(first, last, every), MOST_POINTS + 1))
        if len(found) > MOST_POINTS:
            raise Invalid(f"This range has more than {MOST_POINTS} intervals.", ("every",))
        span = {"tenant_id": self.tenant_id, "first_day": first, "last_day": last}
        rows = await self.reader.all(tables.DAYS, span)
        changed = [row.day for row in rows]
        sums = await self._summed(first, (row.available for row in rows))
        points = [
            Point(self.days.start_of(end + _DAY) - _MOMENT, sums[bisect_right(changed, end)])
            for _, end in found
            if self.days.start_of(end + _DAY) <= self.now
        ]
        return points if len(points) == len(found) else [*points, await self._now()]

    async def _by_hour(self, first: date, last: date) -> list[Point]:
        if (last - first).days >= MOST_DAYS_OF_HOURS:
            raise Invalid(f"Hours are told of at most {MOST_DAYS_OF_HOURS} days.", ("every",))
        end = min(self.days.start_of(last + _DAY), self.now + _MOMENT)
        spans = list(hours(self.days.start_of(first), end))
        rows = await self.reader.all(tables.changes_within(spans), {"tenant_id": self.tenant_id})
        sums = await self._summed(first, (row.available for row in rows))
        return [Point(span[1] - _MOMENT, sum) for span, sum in zip(spans, sums[1:], strict=True)]

    async def _summed(self, first: date, changes: Iterable[int]) -> Sequence[int]:
        """What was available before a day, and after each of the changes that follow."""
        before = await self.reader.first(tables.BEFORE_DAY, {"tenant_id": self.tenant_id, "day": first})
        assert before is not None
        return list(accumulate(changes, initial=before.available))

    async def _now(self) -> Point:
        return Point(self.now, (await self.standing(self.now)).available)
