"""Adding to the roll-ups what a transaction changed of one tenant, each row once."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from models.rules.facts import Movement
from models.rules.periods import Days
from models.rules.words import Activity, EntryKind, PoolKind
from models.tables.base import NOBODY, metadata
from models.tables.usage import COUNTS, WHOLE_DAY
from models.unit_of_work import UnitOfWork

ADDING = frozenset((EntryKind.GRANT, EntryKind.TOP_UP, EntryKind.ROLLOVER, EntryKind.REFUND, EntryKind.ADJUSTMENT))
"""The kinds of entries that the call log shows where they add credits."""

_HOLDING = frozenset((EntryKind.HOLD, EntryKind.RELEASE))

_USAGE_DAY = metadata.tables["usage_day"]
_POOL_DAY = metadata.tables["pool_day"]
_BALANCE_DAY = metadata.tables["balance_day"]
_LOG_COUNT = metadata.tables["log_count"]
_HOUR = timedelta(hours=1)


Place = tuple[Any, ...]
"""Where usage is counted: day, agent, opening, member, activity, model, direction."""


Whose = tuple[UUID | None, UUID | None]
"""Of which agent and which member a log is; None where it is of all."""

ANYBODY: Whose = (None, None)


def place(
    day: date,
    activity: Activity | None,
    agent_id: UUID | None = None,
    opening_id: UUID | None = None,
    member_id: UUID | None = None,
    model: str = "",
    direction: str = "",
) -> Place:
    """Where usage is counted; without an activity it is that of interactions."""
    return day, agent_id, opening_id, member_id, activity, model, direction


class RollUps:
    """Sums by day of one tenant that wait to be written at the end of a transaction."""

    def __init__(self, tenant_id: UUID, days: Days) -> None:
        self.tenant_id, self.days = tenant_id, days
        self.forget()

    def forget(self) -> None:
        self._usage: dict[Place, dict[str, int]] = {}
        self._pools: dict[tuple[date, PoolKind], list[int]] = {}
        self._balances: dict[date, list[int]] = {}
        self._log: dict[Whose, dict[tuple[int, date], list[int]]] = {}

    def count_usage(self, where: Place, **counts: int) -> None:
        """Add to a day's usage at a `place`; the counts are named as in models.tables.usage.COUNTS."""
        sums = self._usage.get(where)
        if sums is None:
            self._usage[where] = counts
            return
        for name, count in counts.items():
            sums[name] = sums.get(name, 0) + count

    def count_pools(self, movement: Movement, day: date, pools: Iterable[PoolKind]) -> None:
        """Add what a movement granted to each pool, and what usage took from it; a pool for each of its shares."""
        if movement.kind is EntryKind.EXPIRY:
            return
        for share, pool in zip(movement.shares, pools, strict=True):
            sums = self._pools.get((day, pool))
            if sums is None:
                sums = self._pools[day, pool] = [0, 0]
            if share.activity_id is not None or movement.kind is EntryKind.REFUND:
                sums[1] -= share.credits
            elif movement.kind is not EntryKind.ADJUSTMENT:
                sums[0] += share.credits

    def count_balance(self, movement: Movement, day: date, seq: int, pools: Iterable[PoolKind]) -> None:
        """Add how an entry changed the account; a pool for each of the movement's shares."""
        sums = self._balances.get(day)
        if sums is None:
            sums = self._balances[day] = [seq, 0, 0, 0, 0]
        sums[0] = seq
        sums[1] += movement.credits
        if movement.kind in _HOLDING:
            sums[2] -= movement.credits
        for share, pool in zip(movement.shares, pools, strict=True):
            sums[3 if pool == PoolKind.PLAN else 4] += share.credits

    def count_refund(self, at: datetime, credits: int, call_of: Whose) -> None:
        """Lower what the log shows as used by a call that began at a moment."""
        self._add_to_log(at, self.days.day_of(at), (0, 0, -credits, 0), _lists_of(call_of))

    def count_log_row(self, at: datetime, day: date, credits: int, call_of: Whose | None) -> None:
        """Add a row of the log: a call of an agent and a member, or credits that came in."""
        if call_of is None:
            self._add_to_log(at, day, (1, 0, 0, credits), (ANYBODY,))
        else:
            self._add_to_log(at, day, (1, 1, -credits, 0), _lists_of(call_of))

    def _add_to_log(self, at: datetime, day: date, more: tuple[int, ...], lists: tuple[Whose, ...]) -> None:
        hour = (at - self.days.start_of(day)) // _HOUR
        for whose in lists:
            _add(self._log.setdefault(whose, {}), (hour, day), more)

    def agents(self) -> set[UUID]:
        """The agents whose usage changes."""
        return {where[1] for where in self._usage if where[1] is not None}

    def used_by(self, agent_id: UUID) -> Iterable[tuple[date, int]]:
        """What is to be added to an agent's usage: days, and credits."""
        return [(where[0], sums.get("credits", 0)) for where, sums in self._usage.items() if where[1] == agent_id]

    # ------------------------------------------------------------ rows

    def usage_rows(self) -> Iterable[tuple[Any, ...]]:
        for (day, agent, opening, member, activity, model, direction), sums in self._usage.items():
            where = (day, agent or NOBODY, opening or NOBODY, member or NOBODY, activity or "", model, direction)
            yield (self.tenant_id, *where, *(sums.get(name, 0) for name in COUNTS))

    def pool_rows(self) -> Iterable[tuple[Any, ...]]:
        return ((self.tenant_id, *where, *sums) for where, sums in self._pools.items())

    def balance_rows(self) -> Iterable[tuple[Any, ...]]:
        return ((self.tenant_id, day, *sums) for day, sums in self._balances.items())

    def log_rows(self) -> Iterable[tuple[Any, ...]]:
        """The log's counts by hour, and those of whole days, which are their sums."""
        for (agent, member), hours in self._log.items():
            days: dict[tuple[int, date], list[int]] = {}
            for (_, day), sums in hours.items():
                _add(days, (WHOLE_DAY, day), sums)
            for where, sums in (*days.items(), *hours.items()):
                yield (self.tenant_id, agent or NOBODY, member or NOBODY, *where, *sums)


def _lists_of(call_of: Whose) -> tuple[Whose, ...]:
    """In whose logs a call is shown."""
    agent, member = call_of
    return (ANYBODY, (agent, None)) if member is None else (ANYBODY, (agent, None), (None, member), call_of)


def _add(counts: dict[tuple[int, date], list[int]], where: tuple[int, date], more: Sequence[int]) -> None:
    sums = counts.get(where)
    if sums is None:
        counts[where] = list(more)
        return
    for place, count in enumerate(more):
        sums[place] += count


async def save_roll_ups(work: UnitOfWork, rolled: Iterable[RollUps]) -> None:
    """Write all sums, those of many tenants together, and forget them."""
    rolled = list(rolled)
    await work.add_up(_USAGE_DAY, [row for sums in rolled for row in sums.usage_rows()])
    await work.add_up(_POOL_DAY, [row for sums in rolled for row in sums.pool_rows()])
    await work.add_up(_BALANCE_DAY, [row for sums in rolled for row in sums.balance_rows()])
    await work.add_up(_LOG_COUNT, [row for sums in rolled for row in sums.log_rows()])
    for sums in rolled:
        sums.forget()
