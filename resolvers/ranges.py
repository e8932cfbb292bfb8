"""Ranges and filters as clients give them, made into days, instants and ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.rules.periods import day_of, parse_zone
from models.rules.ranges import DayRange, RangePreset, days_between, days_of_preset
from models.rules.refusals import Refusal
from models.rules.reports import LONGEST_MODEL, check_lines
from models.rules.words import Activity, CallDirection
from resolvers.context import Context, parse_id


@strawberry.input(description="Whole days in the tenant's time zone, both ends included. They may lie ahead.")
class DayRangeInput:
    first: date = strawberry.field(name="from", description="The first day.")
    last: date = strawberry.field(name="to", description="The last day, which the range includes.")


@strawberry.input(
    one_of=True,
    description="One of the two. Days are whole days in the tenant's time zone, both ends included.",
)
class RangeInput:
    preset: RangePreset | None = strawberry.field(description="A range by its name, seen from today.")
    days: DayRangeInput | None = strawberry.field(description="A range from one day to another.")


@strawberry.input(description="Which usage is meant. Lists are alternatives; fields narrow each other.")
class UsageFilter:
    tenant_ids: list[strawberry.ID] | None = strawberry.field(description="Only of these tenants.")
    agent_ids: list[strawberry.ID] | None = strawberry.field(description="Only of these agents.")
    opening_ids: list[strawberry.ID] | None = strawberry.field(description="Only for these openings.")
    member_ids: list[strawberry.ID] | None = strawberry.field(description="Only of these members.")
    activities: list[Activity] | None = strawberry.field(description="Only these activities.")
    models: list[str] | None = strawberry.field(description="Only of these models.")
    direction: CallDirection | None = strawberry.field(description="Only calls in this direction.")


RangeArgument = Annotated[
    RangeInput | None, strawberry.argument(description="Only what happened on these days; everything where left out.")
]
FilterArgument = Annotated[
    UsageFilter | None, strawberry.argument(description="Only what fits; everything where left out.")
]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter with its ids read; None where it does not narrow."""

    tenant_ids: Sequence[UUID] | None = None
    agent_ids: Sequence[UUID] | None = None
    opening_ids: Sequence[UUID] | None = None
    member_ids: Sequence[UUID] | None = None
    activities: Sequence[Activity] | None = None
    models: Sequence[str] | None = None
    direction: CallDirection | None = None


def read_filter(given: UsageFilter | None) -> Filter:
    if given is None:
        return Filter()
    _check_models(given.models or ())
    return Filter(
        tenant_ids=_ids(given.tenant_ids, "tenant", "tenant_ids"),
        agent_ids=_ids(given.agent_ids, "agent", "agent_ids"),
        opening_ids=_ids(given.opening_ids, "opening", "opening_ids"),
        member_ids=_ids(given.member_ids, "member", "member_ids"),
        activities=given.activities,
        models=given.models,
        direction=given.direction,
    )


def _check_models(models: Sequence[str]) -> None:
    for position, model in enumerate(models):
        try:
            check_lines(model, str(position), LONGEST_MODEL)
        except Refusal as refusal:
            raise refusal.under("filter", "models") from None


def _ids(texts: Sequence[str] | None, kind: str, name: str) -> list[UUID] | None:
    if texts is None:
        return None
    return [parse_id(text, kind, "filter", name, str(position)) for position, text in enumerate(texts)]


def read_range(given: RangeInput | None, context: Context, tenant: Any) -> DayRange | None:
    """The days that a range means for a tenant; None for all time, which is also what none at all means."""
    if given is None:
        return None
    if given.days is not None:
        return days_between(given.days.first, given.days.last)
    assert given.preset is not None
    today = day_of(context.now, parse_zone(tenant.time_zone))
    return days_of_preset(given.preset, today, tenant.anchor_day)


def range_values(days: DayRange, tenant: Any) -> dict[str, Any]:
    """A range as statements want it: by its instants for rows, by its days for roll-ups."""
    start, end = days.instants(parse_zone(tenant.time_zone))
    return {"starts_at": start, "ends_at": end, "first_day": days.first, "last_day": days.last}
