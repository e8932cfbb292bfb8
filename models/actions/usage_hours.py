"""Usage by hour, added up from what happened: each hour of a day from its beginning, the last one cut by its end."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import gcd
from typing import Any, NamedTuple
from uuid import UUID

from models.rules import rating, refunds
from models.rules.usage import Counts, Used
from models.rules.words import Activity, SubjectKind
from models.tables import usage_hours as tables
from models.tables.usage_hours import Condition
from models.unit_of_work import Reader

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR, _SECOND = timedelta(hours=1), timedelta(seconds=1)


class Happened(NamedTuple):
    """Something that was used, or given back of it."""

    at: datetime
    activity: str
    counts: Counts


async def used_by_hour(
    reader: Reader, tenant_id: UUID, starts: Sequence[datetime], end: datetime, conditions: Sequence[Condition]
) -> list[Used]:
    """What was used from each start to the next, and from the last one to the end, as far as it fits."""
    span = {"tenant_id": tenant_id, "starts_at": starts[0], "ends_at": end}
    allowed = [set(values) for name, values in conditions if name == "activity"]
    parts: list[list[tuple[str, Counts]]] = [[] for _ in starts]
    for one in [
        *await _simple(reader, span, conditions, _step(starts)),
        *await _translated(reader, span, conditions),
        *await _given_back(reader, span, conditions),
    ]:
        if all(one.activity in some for some in allowed):
            parts[bisect_right(starts, one.at) - 1].append((one.activity, one.counts))
    return [Used.together(some) for some in parts]


def _step(starts: Sequence[datetime]) -> timedelta:
    """The longest step that divides every hour: an hour, unless one was cut by a change of the clocks."""
    return timedelta(seconds=gcd(_HOUR // _SECOND, *((start - starts[0]) // _SECOND for start in starts)))


async def _simple(
    reader: Reader, span: Mapping[str, Any], conditions: Sequence[Condition], step: timedelta
) -> list[Happened]:
    begins: datetime = span["starts_at"]
    values = {**span, "start_seconds": (begins - _EPOCH) // _SECOND, "step_seconds": step // _SECOND}
    found = []
    for source in tables.SIMPLE:
        rows = source.narrowed(span["tenant_id"], conditions)
        if rows is not None:
            for row in await reader.all(tables.by_step(reader.dialect, rows), values):
                counts = {name: row.times * count for name, count in source.counts.items()}
                counts |= {name: value for name, value in row._mapping.items() if name in Counts._fields}
                found.append(Happened(begins + row.step * step, source.activities[0], Counts(**counts)))
    return found


async def _translated(reader: Reader, span: Mapping[str, Any], conditions: Sequence[Condition]) -> list[Happened]:
    statement = tables.TRANSLATED_CALLS.narrowed(span["tenant_id"], conditions)
    rows = await reader.all(statement, span) if statement is not None else ()
    return [one for row in rows for one in _lines_of_call(row)]


def _lines_of_call(row: Any) -> Iterable[Happened]:
    own = Counts(activities=1, call_seconds=row.call_seconds, billed_seconds=row.billed_seconds)
    for line in rating.from_store(row.lines):
        counts = own if line.activity == Activity.CALL else Counts(activities=1)
        yield Happened(row.at, line.activity, counts._replace(credits=line.credits))


async def _given_back(reader: Reader, span: Mapping[str, Any], conditions: Sequence[Condition]) -> list[Happened]:
    statement = tables.REFUNDS.narrowed(span["tenant_id"], conditions)
    rows = await reader.all(statement, span) if statement is not None else ()
    translated = [row for row in rows if row.lines]
    before = await _refunded_before(reader, span["tenant_id"], translated)
    return [one for row in rows for one in _parts_given_back(row, before.get(row.seq, 0))]


def _parts_given_back(row: Any, before: int) -> Iterable[Happened]:
    if not row.lines:
        activity = Activity(SubjectKind(row.subject_kind).upper())
        yield Happened(row.at, activity, Counts(credits=-row.credits))
        return
    lines = rating.from_store(row.lines)
    parts = refunds.of_lines([line.credits for line in lines], before, before + row.credits)
    for line, part in zip(lines, parts, strict=True):
        yield Happened(row.at, line.activity, Counts(credits=-part))


async def _refunded_before(reader: Reader, tenant_id: UUID, rows: Sequence[Any]) -> dict[int, int]:
    """By the seq of a refund, what had been given back of the same call before it."""
    if not rows:
        return {}
    ids = list({row.subject_id for row in rows})
    values = {"tenant_id": tenant_id, "ids": ids, "since": min(row.started_at for row in rows)}
    before: dict[int, int] = {}
    refunded: dict[UUID, int] = defaultdict(int)
    for row in await reader.all(tables.REFUNDED, values):
        before[row.seq] = refunded[row.subject_id]
        refunded[row.subject_id] += row.credits
    return before
