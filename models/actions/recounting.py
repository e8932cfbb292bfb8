"""Counting a tenant's usage, pools and log anew from its activities and entries, to compare with the roll-ups."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import orjson

from models.rules.checks import Counts, Id
from models.rules.facts import LONG_AGO
from models.rules.periods import Days
from models.rules.words import Activity, EntryKind, InterviewStatus, PoolKind
from models.tables.usage import WHOLE_DAY

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_CALL = Activity.CALL
_HOLDING = (EntryKind.HOLD, EntryKind.RELEASE)
_BALANCES = {PoolKind.PLAN: "plan_balance", PoolKind.TOP_UP: "top_up_balance"}
_CREDITS = 3
"""Where a stored line of a charge has its credits; its activity comes first."""
_ACTIVITY = 0

Place = tuple[Any, ...]
Who = tuple[Id, Id, Id]
"""Agent, opening and member."""
Whose = tuple[Id, Id | None]
"""The agent and the member of a call."""
Sums = defaultdict[Place, Counts]


def _sums() -> Sums:
    return defaultdict(lambda: defaultdict(int))


class Recount:
    """Sums as the roll-ups should have them, by the keys of their rows."""

    def __init__(self, days: Days, nobody: Id) -> None:
        self.days, self.nobody = days, nobody
        self.usage, self.pools, self.balances, self.log = _sums(), _sums(), _sums(), _sums()
        self._refundable: dict[Id, list[tuple[Place, int]]] = {}
        """Where the lines of activities are counted that were refunded, with their credits."""
        self._calls_refunded: dict[Id, tuple[datetime, Whose]] = {}
        """When such calls began, and whose they are."""
        self._refunds: list[tuple[datetime, Id, Who, int]] = []
        self._log = _sums()
        """By agent, member and hour, each row once."""
        self._begins = self._ends = LONG_AGO
        self._hour: tuple[date, int] = LONG_AGO.date(), 0

    # ------------------------------------------------------------ activities

    def call(self, row: Any) -> None:
        day = self._day(row.started_at)
        for line in orjson.loads(row.lines):
            place = self._place(day, line[_ACTIVITY], row.agent_id, None, row.member_id, "", row.direction)
            sums = self.usage[place]
            sums["activities"] += 1
            sums["credits"] += line[_CREDITS]
            if line[_ACTIVITY] == _CALL:
                sums["call_seconds"] += row.duration_seconds
                sums["billed_seconds"] += row.billed_seconds
            self._note(row, place, line[_CREDITS])
        if row.refunded:
            self._calls_refunded[row.id] = row.started_at, (row.agent_id, row.member_id)
        sums = self._log[row.agent_id, row.member_id, *self._hour]
        sums["rows"] += 1
        sums["calls"] += 1
        sums["credits_used"] += row.credits

    def message(self, row: Any) -> None:
        self._once(row, self._day(row.sent_at), Activity.MESSAGE, row.agent_id, row.member_id, row.model)

    def piece(self, row: Any, activity: Activity) -> None:
        day = self._day(row.created_at)
        self._once(row, day, activity, row.agent_id, row.assigned_member_id, "")

    def _once(self, row: Any, day: date, activity: Activity, agent: Id, member: Id, model: str) -> None:
        place = self._place(day, activity, agent, None, member, model, "")
        sums = self.usage[place]
        sums["activities"] += 1
        sums["credits"] += row.credits
        self._note(row, place, row.credits)

    def interaction(self, row: Any) -> None:
        day = self._day(row.created_at)
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
        day = self._day(row.at)
        place = self._place(day, Activity.INTERVIEW, row.agent_id, row.opening_id, None, "", "")
        self.usage[place]["credits"] += row.credits
        if row.refunded:
            self._refundable.setdefault(row.interview_id, []).append((place, row.credits))

    def _interview_place(self, at: datetime, row: Any) -> Counts:
        day = self._day(at)
        return self.usage[self._place(day, Activity.INTERVIEW, row.agent_id, row.opening_id, None, "", "")]

    def _note(self, row: Any, place: Place, credits: int) -> None:
        if row.refunded:
            self._refundable.setdefault(row.id, []).append((place, credits))

    # ------------------------------------------------------------ entries

    def entry(self, row: Any) -> None:
        """How an entry changed the account."""
        sums = self.balances[self._day(row.occurred_at),]
        if row.seq > sums["last_seq"]:
            sums["last_seq"] = row.seq
        sums["available"] += row.credits
        if row.kind in _HOLDING:
            sums["held"] -= row.credits

    def share(self, row: Any, pool: PoolKind) -> None:
        """What one share of an entry granted to a pool, or usage took from it."""
        day = self._day(row.occurred_at)
        self.balances[day,][_BALANCES[pool]] += row.share
        if row.kind == EntryKind.EXPIRY:
            return
        sums = self.pools[day, pool]
        if row.activity_id is not None:
            sums["used"] -= row.share
        elif row.kind != EntryKind.ADJUSTMENT:
            sums["granted"] += row.share

    def credits_added(self, row: Any) -> None:
        """A row of the log that is not a call."""
        self._day(row.occurred_at)
        sums = self._log[None, None, *self._hour]
        sums["rows"] += 1
        sums["credits_added"] += row.credits

    def refund(self, at: datetime, activity_id: Id, who: Who, credits: int) -> None:
        """Credits that were given back, for the agent, opening and member that the entry names."""
        self._refunds.append((at, activity_id, who, credits))

    def finish(self) -> None:
        """Count what can only be counted when all else is."""
        self._settle_refunds()
        for (agent, member, day, hour), counts in self._log.items():
            for whose in product({None, agent}, {None, member}):
                for part in (WHOLE_DAY, hour):
                    sums = self.log[*(one or self.nobody for one in whose), part, day]
                    for name, count in counts.items():
                        sums[name] += count

    def _settle_refunds(self) -> None:
        """Count refunds on their own day, for whom their entries name. A call's own line is given back before others.

        The log shows a call with what is left of its price, so there they count where the call stands.
        """
        for at, activity_id, who, credits in self._refunds:
            day, left = self._day(at), credits
            lines = self._refundable.get(activity_id, [])
            for position, (place, charged) in enumerate(lines):
                part = min(left, charged)
                left -= part
                lines[position] = place, charged - part
                self.usage[self._place(day, place[4], *who, *place[5:])]["credits"] -= part
            if activity_id in self._calls_refunded:
                started_at, call_of = self._calls_refunded[activity_id]
                self._day(started_at)
                self._log[*call_of, *self._hour]["credits_used"] -= credits

    # ------------------------------------------------------------ places

    def _place(self, day: date, activity: str, agent: Id, opening: Id, member: Id, model: str, direction: str) -> Place:
        nobody = self.nobody
        return day, agent or nobody, opening or nobody, member or nobody, activity, model, direction

    def _day(self, at: datetime) -> date:
        """The day of a moment. Those that are asked for come in order of time, so the hour before often fits."""
        if not self._begins <= at < self._ends:
            day = self.days.day_of(at)
            start = self.days.start_of(day)
            hour = (at - start) // _HOUR
            self._hour = day, hour
            self._begins = start + hour * _HOUR
            # The day's last hour may be a short one.
            self._ends = min(self._begins + _HOUR, self.days.start_of(day + _DAY))
        return self._hour[0]
