"""Runaway agents: what has ended is judged, and whoever ran away is told of once for each agent and day.

Judging only reads, and holds up nobody who writes. What was found is told in a transaction of its own: beneath the
account's lock it is looked up what others told meanwhile, so many processes may look at once, and one of them tells.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from models.actions.alerts import raise_alert
from models.actions.finishing import finish
from models.actions.settling import settle
from models.rules import runaways as rules
from models.rules.runaways import DAYS_BACK, Finding, Habits, Span
from models.rules.usage import NOTHING, Counts, Used
from models.rules.words import Activity, AlertKind, Interval, SubjectKind
from models.tables import runaways as tables
from models.tables.runaways import RUNAWAY_DAY
from models.unit_of_work import Reader, UnitOfWork

_DAY = timedelta(days=1)


@dataclass(slots=True)
class Beside:
    """What an agent used in an hour or on a day, and in the same ones before, by their days."""

    used: Used = NOTHING
    same: dict[date, Used] = field(default_factory=dict)

    def is_worth_a_look(self) -> bool:
        return rules.may_be_far(self.used.credits, [used.credits for used in self.same.values()])


Found = Mapping[tuple[date, UUID], Finding]
"""What was found, by day and agent."""


async def find_runaways(reader: Reader, tenant_id: UUID, zone: ZoneInfo, spans: Sequence[Span]) -> Found:
    """Judge hours and days of a tenant that are over. Of an agent's day found twice, it is what the list has first."""
    found: dict[tuple[date, UUID], Finding] = {}
    for span in spans:
        for agent_id, finding in (await runaways_in(reader, tenant_id, zone, span)).items():
            found.setdefault((span.day, agent_id), finding)
    return found


async def tell_of_runaways(work: UnitOfWork, tenant_id: UUID, zone: ZoneInfo, found: Found) -> int:
    """Raise an alert for each agent and day of which that was not told yet; how many were raised."""
    if not await _untold(work, tenant_id, found):
        return 0
    account = await settle(work, tenant_id)
    untold = await _untold(work, tenant_id, found)
    named = {row.id: row.name for row in await _rows_of_agents(work, tenant_id, {agent for _, agent in untold})}
    for day, agent_id in sorted(untold):
        finding = found[day, agent_id]
        message = rules.message(finding, named[agent_id], await _model(work, tenant_id, agent_id, finding), zone)
        raise_alert(account, AlertKind.RUNAWAY_AGENT, message, credits=finding.used.credits, agent_id=agent_id)
    await work.insert(RUNAWAY_DAY, [(tenant_id, day, agent_id) for day, agent_id in sorted(untold)])
    await finish(work, [account])
    return len(untold)


async def runaways_in(reader: Reader, tenant_id: UUID, zone: ZoneInfo, span: Span) -> dict[UUID, Finding]:
    """The agents of a tenant that ran away in an hour or on a day that is over."""
    read = _days if span.length is Interval.DAY else _hours
    suspects = {
        agent: one for agent, one in (await read(reader, tenant_id, zone, span)).items() if one.is_worth_a_look()
    }
    habits = await _habits(reader, tenant_id, suspects, span.day)
    judged = {agent: rules.judge(span, suspects[agent].used, suspects[agent].same, of) for agent, of in habits.items()}
    return {agent: finding for agent, finding in judged.items() if finding is not None}


# ---------------------------------------------------------------- what was used


async def _days(reader: Reader, tenant_id: UUID, _zone: ZoneInfo, span: Span) -> dict[UUID, Beside]:
    before = rules.same_days(span.day)
    values = {"tenant_id": tenant_id, "days": [span.day, *before]}
    rows = await reader.all(tables.days_of_agents(), values)
    return _beside(((row.agent_id, row.day, row.activity, row) for row in rows), span.day, before)


async def _hours(reader: Reader, tenant_id: UUID, zone: ZoneInfo, span: Span) -> dict[UUID, Beside]:
    before = rules.same_hours(span, zone)
    days = [span.day, *before]
    starts = [span.start, *before.values()]
    values: dict[str, Any] = {"tenant_id": tenant_id}
    for n in range(1 + DAYS_BACK):
        # Hours that the clocks left out are empty.
        start = starts[n] if n < len(starts) else span.end
        values |= {f"start_{n}": start, f"end_{n}": start + (span.end - span.start) if n < len(starts) else start}
    rows = await reader.all(tables.hours_of_agents(), values)
    parts = ((row.agent_id, days[row.hour], SubjectKind(row.subject_kind).upper(), row) for row in rows)
    return _beside(parts, span.day, list(before))


def _beside(parts: Iterable[tuple[UUID, date, str, Any]], day: date, before: Sequence[date]) -> dict[UUID, Beside]:
    """What each agent used on a day, beside what it used on others, from rows of one activity each."""
    sums: dict[UUID, dict[date, list[tuple[str, Counts]]]] = defaultdict(lambda: defaultdict(list))
    for agent_id, on, activity, row in parts:
        sums[agent_id][on].append((activity, Counts(activities=row.activities, credits=row.credits)))
    found = {}
    for agent_id, of_agent in sums.items():
        used = {on: Used.together(some) for on, some in of_agent.items()}
        found[agent_id] = Beside(used.get(day, NOTHING), {on: used.get(on, NOTHING) for on in before})
    return found


async def _habits(reader: Reader, tenant_id: UUID, agents: Iterable[UUID], day: date) -> dict[UUID, Habits]:
    """What agents did in the four weeks before a day, as far as they did anything."""
    wanted = sorted(agents)
    if not wanted:
        return {}
    values = {"tenant_id": tenant_id, "agents": wanted, "first_day": day - DAYS_BACK * _DAY, "last_day": day - _DAY}
    days: dict[UUID, dict[date, tuple[int, int]]] = defaultdict(dict)
    for row in await reader.all(tables.habits(), values):
        days[row.agent_id][row.day] = row.credits, row.activities
    habits = {agent: Habits.of(of) for agent, of in days.items()}
    return {agent: of for agent, of in habits.items() if of is not None}


# ---------------------------------------------------------------- what is told


async def _untold(work: UnitOfWork, tenant_id: UUID, found: Found) -> set[tuple[date, UUID]]:
    """The days and agents of which nobody was told."""
    if not found:
        return set()
    values = {"tenant_id": tenant_id, "first_day": min(day for day, _ in found)}
    return set(found) - {(row.day, row.agent_id) for row in await work.all(tables.told(), values)}


async def _rows_of_agents(reader: Reader, tenant_id: UUID, agents: Iterable[UUID]) -> Sequence[Any]:
    wanted = sorted(agents)
    return await reader.all(tables.names(), {"tenant_id": tenant_id, "agents": wanted}) if wanted else []


async def _model(reader: Reader, tenant_id: UUID, agent_id: UUID, finding: Finding) -> str:
    """The model that most of an agent's credits went to, where it is one that took more than half of them."""
    span, activity = finding.span, finding.main_activity
    values = {"tenant_id": tenant_id, "agent_id": agent_id}
    if span.length is Interval.DAY:
        rows = await reader.all(tables.models_of_day(), {**values, "day": span.day, "activity": activity.value})
    elif activity is Activity.MESSAGE:
        rows = await reader.all(tables.models_of_hour(), {**values, "start": span.start, "end": span.end})
    else:
        return ""
    whole = sum(row.credits for row in rows)
    return next((str(row.model) for row in rows if 2 * row.credits > whole), "")
