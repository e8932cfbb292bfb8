"""Totals, series, breakdowns and the ledger's entries always say the same, whatever happened and whatever is asked."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson
import pytest

from models.rules.amounts import parse_credits
from models.rules.ids import type_id
from tests.api.happenings import REFUNDABLE, ZONES, Happenings
from tests.api.running import Api, uuid_of
from tests.api.using import COUNTS, TOTALS

pytestmark = pytest.mark.anyio

INTERVALS = ("HOUR", "DAY", "WEEK", "MONTH", "YEAR")
DIMENSIONS = ("TENANT", "AGENT", "OPENING", "MEMBER", "ACTIVITY", "MODEL", "DIRECTION")
PARTS = f"slices {{ {TOTALS} }} other {{ {COUNTS} }}"
BREAKDOWNS = " ".join(f"{by}: breakdown(by: {by}, first: 2) {{ {PARTS} }}" for by in DIMENSIONS)


def all_sums(intervals: Iterable[str]) -> str:
    series = " ".join(f"{every}: series(every: {every}) {{ start day {TOTALS} }}" for every in intervals)
    return f"usage(range: {{days: $days}}, filter: $filter) {{ isEmpty {TOTALS} {series} {BREAKDOWNS} }}"


def of_node(kind: str) -> str:
    """Everything about the usage of whatever has some, by the name of its type."""
    asked = f"node(id: $id) {{ ... on {kind} {{ {all_sums(INTERVALS)} }} }}"
    return f"query ($id: ID!, $days: DayRangeInput!, $filter: UsageFilter!) {{ {asked} }}"


ACROSS = f"query ($days: DayRangeInput!, $filter: UsageFilter!) {{ {all_sums(INTERVALS[1:])} }}"


def micro_of(totals: dict[str, Any]) -> dict[str, int]:
    return {**totals, "credits": parse_credits(totals["credits"])}


def added(parts: list[dict[str, Any]]) -> dict[str, int]:
    sums = dict.fromkeys(COUNTS.split(), 0)
    for part in map(micro_of, parts):
        sums = {name: sums[name] + part[name] for name in sums}
    return sums


def the_same_in_all(seen: dict[str, Any]) -> int:
    """The credits of an answer, whose totals must be those of every series and breakdown in it."""
    totals = micro_of(seen["totals"])
    for every in seen.keys() & set(INTERVALS):
        assert added([point["totals"] for point in seen[every]]) == totals, every
    for by in DIMENSIONS:
        assert added([part["totals"] for part in seen[by]["slices"]] + [seen[by]["other"]]) == totals, by
    assert seen["isEmpty"] is (not any(part["totals"] != NOTHING for part in seen["DAY"]))
    return totals["credits"]


NOTHING = {**dict.fromkeys(COUNTS.split(), 0), "credits": "0"}


# ---------------------------------------------------------------- what the ledger says


class Moved(NamedTuple):
    """Credits that an entry says were used, or given back, with all that they can be filtered by."""

    day: date
    credits: int
    places: dict[str, str]

    def fits(self, days: tuple[date, date], *filters: dict[str, Any]) -> bool:
        return days[0] <= self.day <= days[1] and all(
            self.places[name] == allowed if isinstance(allowed, str) else self.places[name] in allowed
            for filter in filters
            for name, allowed in filter.items()
        )


async def moved(happened: Happenings) -> list[Moved]:
    """What each entry of usage and refunds of a tenant moved, by the tenant's days."""
    books, tenant = happened.api.books, uuid_of(happened.tenant)
    subjects = {row.id: row for kind in REFUNDABLE for row in await books.rows(kind, tenant_id=tenant)}
    unmoved: dict[Any, list[tuple[str, int]]] = {}
    found: list[Moved] = []
    for entry in await books.rows("entry", "seq", tenant_id=tenant):
        if entry.kind in ("USAGE", "REFUND"):
            subject, day = subjects[entry.subject_id], entry.occurred_at.astimezone(ZoneInfo(happened.zone)).date()
            ids = {kind: getattr(entry, f"{kind}_id") for kind in ("tenant", "agent", "opening", "member")}
            whose = {f"{kind}Ids": type_id(kind, one) if one else "" for kind, one in ids.items()}
            what = {"models": getattr(subject, "model", ""), "direction": getattr(subject, "direction", "")}
            for activity, credits in _by_activity(entry, subject, unmoved):
                found.append(Moved(day, credits, {**whose, **what, "activities": activity}))
    return found


def _by_activity(entry: Any, subject: Any, unmoved: dict[Any, list[tuple[str, int]]]) -> Iterator[tuple[str, int]]:
    """An entry's credits; of a call its own line comes before its translation's, when used and when given back."""
    if entry.subject_kind != "call":
        yield entry.subject_kind.upper(), -entry.credits
        return
    rest, sign = abs(entry.credits), 1 if entry.credits < 0 else -1
    lines = [(line[0], line[3]) for line in orjson.loads(subject.lines)]
    parts = unmoved.setdefault((entry.kind, entry.subject_id), lines)
    for index, (activity, credits) in enumerate(parts):
        part = min(rest, credits)
        parts[index], rest = (activity, credits - part), rest - part
        yield activity, sign * part
    assert rest == 0, "More was used or given back than was charged."


# ---------------------------------------------------------------- one tenant, and all


@pytest.mark.parametrize("seed", range(len(ZONES)))
async def test_totals_series_breakdowns_and_entries_are_equal(api: Api, seed: int) -> None:
    happened = Happenings(api, seed)
    await happened.happen()
    entries = await moved(happened)
    used = 0
    for _ in range(10):
        days, filter, (kind, id) = happened.range(), happened.filter(), happened.owner()
        asked = {"days": {"from": str(days[0]), "to": str(days[1])}, "filter": filter}
        seen = (await api.ask(of_node(kind), id=id, **asked))["node"]["usage"]

        whose = {f"{kind.lower()}Ids": [id]}
        assert the_same_in_all(seen) == sum(one.credits for one in entries if one.fits(days, filter, whose))
        for point in seen["DAY"]:
            hours = [hour["totals"] for hour in seen["HOUR"] if hour["day"] == point["day"]]
            assert added(hours) == micro_of(point["totals"])
        used += not seen["isEmpty"]
    assert used >= 3
    await api.books.must_be_whole(uuid_of(happened.tenant))


async def test_across_tenants_too_each_by_its_own_days(api: Api) -> None:
    tenants = [Happenings(api, seed) for seed in (2, 5)]
    entries = []
    for happened in tenants:
        await happened.happen(rounds=3)
        entries += await moved(happened)
    chance = tenants[0].chance
    for _ in range(8):
        asker = chance.choice(tenants)
        days, filter = asker.range(), asker.filter()
        seen = await api.ask(ACROSS, days={"from": str(days[0]), "to": str(days[1])}, filter=filter)

        assert the_same_in_all(seen["usage"]) == sum(one.credits for one in entries if one.fits(days, filter))
