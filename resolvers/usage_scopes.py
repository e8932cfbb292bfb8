"""Whose usage is asked for, on which days and narrowed by what: the arguments of `usage`, read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from models.rules.periods import day_of, parse_zone
from models.rules.ranges import DayRange, RangePreset, days_between, days_of_preset
from models.rules.refusals import Invalid
from models.rules.usage import Counts, Used
from models.tables import usage_sums
from models.tables.usage import COUNTS
from models.tables.usage_hours import Condition
from models.tables.usage_sums import LISTS, Question, Values
from resolvers.context import Context
from resolvers.ranges import Filter, RangeInput, UsageFilter, read_filter, read_range

ZONE_OF_ALL = "UTC"
_OF_TENANTS_OWN = (RangePreset.CURRENT_PERIOD, RangePreset.PREVIOUS_PERIOD)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose usage, when, and which."""

    of: str
    """The column that names the owner; empty for all tenants."""
    owner_id: UUID | None
    tenant_id: UUID | None
    time_zone: str
    days: DayRange
    filter: Filter

    @property
    def zone(self) -> ZoneInfo:
        return parse_zone(self.time_zone)

    def at(self, days: DayRange) -> "Scope":
        return replace(self, days=days)

    def question(self, *by: str) -> Question:
        # A tenant's own sums can be asked for together with those of others.
        tenant_id = None if self.of == "tenant_id" else self.tenant_id
        return Question(self.of, tenant_id, self.days.first, self.days.last, by, _filters(self.filter))

    def conditions(self) -> list[Condition]:
        """The owner and the filters, by the columns that they narrow."""
        filters = [(LISTS.get(name, name), values) for name, values in _filters(self.filter)]
        found = [(name, (values,) if isinstance(values, str) else values) for name, values in filters]
        return [*found, (self.of, (self.owner_id,))]

    async def rows(self, context: Context, *by: str) -> Sequence[Any]:
        return await context.loaders.used(self.question(*by), self.owner_id)

    async def used(self, context: Context) -> Used:
        return Used.together(map(part_of, await self.rows(context)))


def part_of(row: Any) -> tuple[str, Counts]:
    """A row of sums: its activity, and what was used of it."""
    return row.activity, Counts._make(row[-len(COUNTS) :])


assert Counts._fields == COUNTS, "Rows of sums end with them, in this order."


def _filters(filter: Filter) -> tuple[tuple[str, Values], ...]:
    given = ((name, getattr(filter, name)) for name in LISTS)
    lists = [(name, tuple(map(_plain, values))) for name, values in given if values is not None]
    if filter.direction is None:
        return tuple(lists)
    return (*lists, ("direction", filter.direction.value))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


async def scope_of(
    context: Context, kind: str, row: Any, range: RangeInput | None, filter: UsageFilter | None
) -> Scope:
    """The usage of a tenant, or of one of its agents, openings or members, by its row."""
    tenant = row if kind == "tenant" else await context.loaders.tenant(row.tenant_id)
    wanted = range or RangeInput(preset=RangePreset.CURRENT_PERIOD, days=None)
    days = read_range(wanted, context, tenant)
    if days is None:
        today = day_of(context.now, parse_zone(tenant.time_zone))
        days = await _all_days(context, usage_sums.DAYS_OF_TENANT, tenant.id, today)
    return Scope(f"{kind}_id", row.id, tenant.id, tenant.time_zone, days, read_filter(filter))


async def scope_of_all(context: Context, range: RangeInput | None, filter: UsageFilter | None) -> Scope:
    """The usage of all tenants, each by its own days."""
    wanted = range or RangeInput(preset=RangePreset.LAST_30_DAYS, days=None)
    days = await _days_of_all(context, wanted)
    return Scope("", None, None, ZONE_OF_ALL, days, read_filter(filter))


async def _days_of_all(context: Context, range: RangeInput) -> DayRange:
    if range.days is not None:
        return days_between(range.days.first, range.days.last)
    assert range.preset is not None
    if range.preset in _OF_TENANTS_OWN:
        raise Invalid("Each tenant has billing periods of its own: name days, or another range.", ("range", "preset"))
    today = day_of(context.now, parse_zone(ZONE_OF_ALL))
    days = days_of_preset(range.preset, today, today)
    return days or await _all_days(context, usage_sums.DAYS_OF_ALL, None, today)


async def _all_days(context: Context, edges: Any, tenant_id: UUID | None, today: date) -> DayRange:
    """From the first day on which anything was used to today, or to the last such day."""
    found = await context.first(edges, {"tenant_id": tenant_id})
    if found is None or found.first is None:
        return DayRange(today, today)
    return DayRange(min(found.first, today), max(found.last, today))
