"""Adding to the roll-ups what a transaction changed, each row once."""

from datetime import date, datetime, timedelta
from uuid import UUID

from models.rules.fold import Movement
from models.rules.periods import Days
from models.rules.words import Activity, EntryKind, PoolKind
from models.tables.base import NOBODY, metadata
from models.tables.usage import COUNTS, WHOLE_DAY
from models.unit_of_work import UnitOfWork

ADDING = frozenset((EntryKind.GRANT, EntryKind.TOP_UP, EntryKind.ROLLOVER, EntryKind.REFUND, EntryKind.ADJUSTMENT))
"""The kinds of entries that the call log shows where they add credits."""

_USAGE_DAY = metadata.tables["usage_day"]
_POOL_DAY = metadata.tables["pool_day"]
_LOG_COUNT = metadata.tables["log_count"]
_HOUR = timedelta(hours=1)

Place = tuple[UUID, date, UUID, UUID, UUID, str, str, str]
"""The key of a row of usage: tenant, day, agent, opening, member, activity, model, direction."""


def place(
    tenant_id: UUID,
    day: date,
    activity: Activity | None,
    *,
    agent_id: UUID | None = None,
    opening_id: UUID | None = None,
    member_id: UUID | None = None,
    model: str = "",
    direction: str = "",
) -> Place:
    return (
        tenant_id,
        day,
        agent_id or NOBODY,
        opening_id or NOBODY,
        member_id or NOBODY,
        activity or "",
        model,
        direction,
    )


class RollUps:
    """Sums by day that wait to be written at the end of a transaction."""

    def __init__(self) -> None:
        self._usage: dict[Place, dict[str, int]] = {}
        self._pools: dict[tuple[UUID, date, PoolKind], list[int]] = {}
        self._log: dict[tuple[UUID, UUID, int, date], list[int]] = {}

    def count_usage(self, where: Place, **counts: int) -> None:
        """Add to a day's usage; the counts are named as in models.tables.usage.COUNTS."""
        sums = self._usage.get(where)
        if sums is None:
            sums = self._usage[where] = dict.fromkeys(COUNTS, 0)
        for name, count in counts.items():
            sums[name] += count

    def count_pools(self, tenant_id: UUID, day: date, movement: Movement, pools: dict[UUID, PoolKind]) -> None:
        """Add what a movement granted to each pool, and what usage took from it."""
        if movement.kind is EntryKind.EXPIRY:
            return
        for share in movement.shares:
            sums = self._pools.setdefault((tenant_id, day, pools[share.grant_id]), [0, 0])
            if share.activity_id is not None or movement.kind is EntryKind.REFUND:
                sums[1] -= share.credits
            elif movement.kind is not EntryKind.ADJUSTMENT:
                sums[0] += share.credits

    def count_log_row(self, tenant_id: UUID, days: Days, at: datetime, credits: int, call_of: UUID | None) -> None:
        """Add a row of the log: a call of an agent, or credits that came in."""
        day = days.day_of(at)
        hour = (at - days.start_of(day)) // _HOUR
        used, added = (-credits, 0) if call_of else (0, credits)
        for agent in (NOBODY, call_of) if call_of else (NOBODY,):
            for part in (WHOLE_DAY, hour):
                sums = self._log.setdefault((tenant_id, agent, part, day), [0, 0, 0, 0])
                sums[0] += 1
                sums[1] += 1 if call_of else 0
                sums[2] += used
                sums[3] += added

    async def save(self, work: UnitOfWork) -> None:
        """Write all sums. Rows go in the order of their keys, so that no two transactions wait for each other."""
        await work.add_up(
            _USAGE_DAY, [(*where, *(sums[name] for name in COUNTS)) for where, sums in sorted(self._usage.items())]
        )
        await work.add_up(_POOL_DAY, [(*where, *sums) for where, sums in sorted(self._pools.items())])
        await work.add_up(_LOG_COUNT, [(*where, *sums) for where, sums in sorted(self._log.items())])
