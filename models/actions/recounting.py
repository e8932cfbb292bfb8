"""Counting a tenant's usage, pools and log anew from its activities and entries, to compare with the roll-ups."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from models.rules.checks import Counts, Id
from models.rules.periods import Days
from models.rules.words import Activity, CallDirection, EntryKind, InterviewStatus
from models.tables.usage import WHOLE_DAY

_HOUR = timedelta(hours=1)
_CREDITS = 3
"""Where a stored line of a charge has its credits; its activity comes first."""
_ACTIVITY = 0

Place = tuple[Any, ...]
Sums = defaultdict[Place, Counts]


def _sums() -> Sums:
    return defaultdict(lambda: defaultdict(int))


class Recount:
    """Sums as the roll-ups should have them, by the keys of their rows."""

    def __init__(self, days: Days, nobody: Id) -> None:
        self.days, self.nobody = days, nobody
        self.usage, self.pools, self.log = _sums(), _sums(), _sums()
        self._refundable: dict[Id, list[tuple[Place, int]]] = {}
        """Where the lines of activities are counted that were refunded, with their credits."""
        self._refunds: list[tuple[datetime, Id, int]] = []

    # ------------------------------------------------------------ activities

    def call(self, row: Any) -> None:
        day = self.days.day_of(row.started_at)
        for line in orjson.loads(row.lines):
            place = self._place(day, line[_ACTIVITY], row.agent_id, None, row.member_id, "", row.direction)
            sums = self.usage[place]
            sums["activities"] += 1
            sums["credits"] += line[_CREDITS]
            if line[_ACTIVITY] == Activity.CALL:
                sums["call_seconds"] += row.duration_seconds
                sums["billed_seconds"] += row.billed_seconds
            self._note(row, place, line[_CREDITS])
        for agent in (self.nobody, row.agent_id):
            for part in (WHOLE_DAY, self._hour(row.started_at, day)):
                sums = self.log[agent, part, day]
                sums["rows"] += 1
                sums["calls"] += 1
                sums["credits_used"] += row.credits

    def message(self, row: Any) -> None:
        self._once(row, self.days.day_of(row.sent_at), Activity.MESSAGE, row.agent_id, row.member_id, row.model)

    def piece(self, row: Any, activity: Activity) -> None:
        day = self.days.day_of(row.created_at)
        self._once(row, day, activity, row.agent_id, row.assigned_member_id, "")

    def _once(self, row: Any, day: date, activity: Activity, agent: Id, member: Id, model: str) -> None:
        place = self._place(day, activity, agent, None, member, model, "")
        sums = self.usage[place]
        sums["activities"] += 1
        sums["credits"] += row.credits
        self._note(row, place, row.credits)

    def interaction(self, row: Any) -> None:
        day = self.days.day_of(row.created_at)
        self.usage[self._place(day, "", row.agent_id, None, row.assigned_member_id, "", "")]["interactions"] += 1

    def interview(self, row: Any) -> None:
        if row.is_simulation:
            return
        self._interview_place(row.invited_at, row)["interviews_invited"] += 1
        conducted = {
            InterviewStatus.COMPLETED: "interviews_completed",
            InterviewStatus.PARTIAL: "interviews_partial",
        }.get(InterviewStatus(row.status))
        if conducted is not None:
            sums = self._interview_place(row.furthest_at, row)
            sums["activities"] += 1
            sums[conducted] += 1

    def report(self, row: Any) -> None:
        day = self.days.day_of(row.at)
        place = self._place(day, Activity.INTERVIEW, row.agent_id, row.opening_id, None, "", "")
        self.usage[place]["credits"] += row.credits
        if row.refunded:
            self._refundable.setdefault(row.interview_id, []).append((place, row.credits))

    def _interview_place(self, at: datetime, row: Any) -> Counts:
        day = self.days.day_of(at)
        return self.usage[self._place(day, Activity.INTERVIEW, row.agent_id, row.opening_id, None, "", "")]

    def _note(self, row: Any, place: Place, credits: int) -> None:
        if row.refunded:
            self._refundable.setdefault(row.id, []).append((place, credits))

    # ------------------------------------------------------------ entries

    def share(self, row: Any, pool: str) -> None:
        """What one share of an entry granted to a pool, or usage took from it."""
        if row.kind == EntryKind.EXPIRY:
            return
        sums = self.pools[self.days.day_of(row.occurred_at), pool]
        if row.activity_id is not None:
            sums["used"] -= row.share
        elif row.kind != EntryKind.ADJUSTMENT:
            sums["granted"] += row.share

    def credits_added(self, row: Any) -> None:
        """A row of the log that is not a call."""
        day = self.days.day_of(row.occurred_at)
        for part in (WHOLE_DAY, self._hour(row.occurred_at, day)):
            sums = self.log[self.nobody, part, day]
            sums["rows"] += 1
            sums["credits_added"] += row.credits

    def refund(self, at: datetime, activity_id: Id, credits: int) -> None:
        self._refunds.append((at, activity_id, credits))

    def settle_refunds(self) -> None:
        """Count refunds on their own day, for whom the usage was. A call's own line is given back before others."""
        for at, activity_id, credits in self._refunds:
            day, left = self.days.day_of(at), credits
            lines = self._refundable.get(activity_id, [])
            for position, (place, charged) in enumerate(lines):
                part = min(left, charged)
                left -= part
                lines[position] = place, charged - part
                self.usage[day, *place[1:]]["credits"] -= part
            if lines and lines[0][0][-1] in tuple(CallDirection):
                for agent in (self.nobody, lines[0][0][1]):
                    for part in (WHOLE_DAY, self._hour(at, day)):
                        self.log[agent, part, day]["credits_used"] -= credits - left

    # ------------------------------------------------------------ places

    def _place(self, day: date, activity: str, agent: Id, opening: Id, member: Id, model: str, direction: str) -> Place:
        nobody = self.nobody
        return day, agent or nobody, opening or nobody, member or nobody, activity, model, direction

    def _hour(self, at: datetime, day: date) -> int:
        return (at - self.days.start_of(day)) // _HOUR


