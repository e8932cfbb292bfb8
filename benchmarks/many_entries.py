"""A year of one tenant's usage in any number of entries, written straight into the tables: recording takes too long.

Calls, messages and facts with their entries, and the roll-ups of their days, as recording leaves them; allocations
are left out, which no chart reads. However many entries there are, the tenant has the same agents and models and uses
all of them every day: its days have more entries, not more rows.

A hundred thousand are made here, and what goes beyond is made of them by the database: every entry so many times, some
milliseconds apart, and the counts of the days as many times.
"""

import sys
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text

from models.rules.ids import new_id
from models.tables.base import NOBODY, metadata
from models.tables.dialects import POSTGRESQL
from models.tables.usage import COUNTS
from models.unit_of_work import UnitOfWork
from tests.books import TestBooks

DAYS = 365
MADE_HERE, AT_ONCE = 100_000, 20_000
END = datetime(2026, 7, 1, tzinfo=UTC)
BEGINNING = END - timedelta(days=DAYS)
_A_DAY = timedelta(days=1)

VOICE, CHAT, SCRIBE = 12, 8, 8
DIRECTIONS, MODELS = ("INBOUND", "OUTBOUND"), ("small", "medium", "large")
_MESSAGE_LINES = '[["MESSAGE","MESSAGE",100000,100000,1,1]]'
_FACT_LINES = '[["FACT","FACT",50000,50000,1,1]]'

Row = tuple[Any, ...]


class Lane(NamedTuple):
    """One of the ways in which the tenant uses credits; it uses all of them every day."""

    activity: str
    agent: UUID
    member: UUID | None
    model: str = ""
    direction: str = ""


class Year:
    """A tenant's usage as it is generated: rows that wait to be written, and the counts of each day and lane."""

    def __init__(self, tenant: UUID, lanes: list[Lane], entries: int) -> None:
        self.tenant, self.lanes, self.apart = tenant, lanes, _A_DAY * DAYS / entries
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.days: dict[tuple[Any, ...], list[int]] = {}
        self.interactions: dict[tuple[int, UUID], UUID] = {}
        self.balance = 0

    def interact(self) -> None:
        """Every scribe has an interaction a day, from which facts are taken."""
        for day, lane in product(range(DAYS), (lane for lane in self.lanes if lane.activity == "FACT")):
            id = self.interactions[day, lane.agent] = new_id()
            at = BEGINNING + day * _A_DAY
            self.rows["interaction"].append((self.tenant, id, id.hex, lane.agent, lane.member, at, 0, 0))
            self._count(at, lane._replace(activity=""), interactions=1)

    def use(self, number: int) -> None:
        """The activity with a number, and its entry."""
        at, lane = BEGINNING + number * self.apart, self.lanes[number % len(self.lanes)]
        id, key = new_id(), f"k{number}"
        match lane.activity:
            case "CALL":
                credits = self._call(id, key, at, lane, 20 + number * 7919 % 580)
            case "MESSAGE":
                credits = self._message(id, key, at, lane)
            case _:
                credits = self._fact(id, key, at, lane)
        self.balance -= credits
        about = ("USAGE", -credits, self.balance, at, at, lane.activity.lower(), id, key)
        who = (lane.agent, None, lane.member, None, lane.activity == "CALL", "")
        self.rows["entry"].append((self.tenant, number + 1, *about, *who))

    def _call(self, id: UUID, key: str, at: datetime, lane: Lane, seconds: int) -> int:
        minutes = -(-seconds // 60)
        credits, billed, end = minutes * 1_000_000, minutes * 60, at + timedelta(seconds=seconds)
        lines = f'[["CALL","MINUTE",1000000,{credits},{seconds},{billed},60,60]]'
        what = (lane.agent, lane.member, lane.direction, at, at, end, seconds, billed, 0, credits, 0, lines)
        self.rows["call"].append((self.tenant, id, key, *what, int(key[1:]) + 1, ""))
        self._count(at, lane, activities=1, call_seconds=seconds, billed_seconds=billed, credits=credits)
        return credits

    def _message(self, id: UUID, key: str, at: datetime, lane: Lane) -> int:
        what = (lane.agent, lane.member, lane.model, at, False, None, None, 100_000, 0, _MESSAGE_LINES)
        self.rows["message"].append((self.tenant, id, key, *what))
        self._count(at, lane, activities=1, credits=100_000)
        return 100_000

    def _fact(self, id: UUID, key: str, at: datetime, lane: Lane) -> int:
        of = self.interactions[(at - BEGINNING).days, lane.agent]
        self.rows["fact"].append((self.tenant, id, of, key, at, 50_000, 0, _FACT_LINES, None))
        self._count(at, lane, activities=1, credits=50_000)
        return 50_000

    def _count(self, at: datetime, lane: Lane, **counts: int) -> None:
        sums = self.days.setdefault((at.date(), lane), [0] * len(COUNTS))
        for name, count in counts.items():
            sums[COUNTS.index(name)] += count

    def roll_up(self, times: int) -> None:
        """The counts of the days, for so many of every entry; interactions stay as they are."""
        for (day, lane), sums in self.days.items():
            who = (lane.agent, NOBODY, lane.member or NOBODY)
            counts = [count * times for count in sums] if lane.activity else sums
            self.rows["usage_day"].append((self.tenant, day, *who, lane.activity, lane.model, lane.direction, *counts))


async def generate(books: TestBooks, entries: int) -> UUID:
    """A tenant with so many entries of usage, up to END, where the clock is left; progress goes to stderr."""
    books.clock.now = BEGINNING
    tenant = await books.a_tenant()
    lanes, times = await _lanes(books, tenant), max(entries // MADE_HERE, 1)
    year, books.agents[tenant] = Year(tenant, lanes, entries // times), lanes[0].agent
    year.interact()
    for first in range(0, entries // times, AT_ONCE):
        for number in range(first, min(first + AT_ONCE, entries // times)):
            year.use(number)
        await _write(books, year.rows)
    year.roll_up(times)
    await _write(books, year.rows)
    if times > 1:
        await _multiply(books, times)
    books.clock.now = END - timedelta(minutes=1)
    return tenant


async def _lanes(books: TestBooks, tenant: UUID) -> list[Lane]:
    """Half of the agents work for one member each, the others for nobody."""
    lanes = []
    for number in range(VOICE + CHAT + SCRIBE):
        agent = await books.an_agent(tenant)
        values = {"tenant_id": tenant, "name": f"Member {number}", "email": f"m{number}@acme.example", "role": "MEMBER"}
        member = await books.add("member", **values, created_at=BEGINNING) if number % 2 else None
        if number < VOICE:
            lanes += [Lane("CALL", agent, member, direction=direction) for direction in DIRECTIONS]
        elif number < VOICE + CHAT:
            lanes += [Lane("MESSAGE", agent, member, model=model) for model in MODELS]
        else:
            lanes.append(Lane("FACT", agent, member))
    return lanes


async def _write(books: TestBooks, rows: dict[str, list[Row]]) -> None:
    async with books.books.work() as work:
        await _without_references(work)
        for name, those in rows.items():
            await work.insert(metadata.tables[name], those)
    rows.clear()


async def _without_references(work: UnitOfWork) -> None:
    """What is generated refers to what is there: PostgreSQL need not look each of it up."""
    if work.dialect == POSTGRESQL:
        await work.run(text("SET LOCAL session_replication_role = replica"))


# ---------------------------------------------------------------- many more of them

_TIMES = {
    "call": ("started_at", "connected_at", "ended_at"),
    "message": ("sent_at",),
    "fact": ("created_at",),
    "entry": ("occurred_at", "recorded_at"),
}
"""The columns with instants of the tables whose rows are multiplied; by the first, a few weeks at once."""
_ROUNDS = 25
_FAR = 10**12


async def _multiply(books: TestBooks, times: int) -> None:
    """Put so many of every entry, and of what it is of, where there was one."""
    began = time.perf_counter()
    async with books.books.work() as work:
        await work.run(text("CREATE TABLE copy (number BIGINT)"))
        await work.run(text("INSERT INTO copy VALUES (:number)"), [{"number": number} for number in range(1, times)])
        # Out of each other's way first: no two may have one number for a moment.
        await work.run(text(f"UPDATE entry SET seq = seq + {_FAR}"))
        balance = f"balance_after = (balance_after - credits) * {times} + credits"
        await work.run(text(f"UPDATE entry SET seq = (seq - {_FAR}) * {times}, {balance}"))
        await work.run(text(f"UPDATE call SET last_seq = last_seq * {times}"))
        for name in _TIMES:
            await work.run(text(f"CREATE TABLE first_{name} AS SELECT * FROM {name}"))
    for number in range(_ROUNDS):
        span = DAYS / _ROUNDS * _A_DAY
        for name in _TIMES:
            async with books.books.work() as work:
                await _without_references(work)
                values = {"since": BEGINNING + number * span, "until": BEGINNING + (number + 1) * span}
                await work.run(_copies(work.dialect, name), values)
        print(f"{(number + 1) / _ROUNDS:.0%}, {time.perf_counter() - began:.0f} s", file=sys.stderr)
    async with books.books.work() as work:
        for name in ("copy", *(f"first_{name}" for name in _TIMES)):
            await work.run(text(f"DROP TABLE {name}"))


def _copies(dialect: str, name: str) -> TextClause:
    table, times = metadata.tables[name], _TIMES[name]
    changed = {
        **{column: _later(dialect, column) for column in times},
        "id": _other_id(dialect, "id"),
        "subject_id": _other_id(dialect, "subject_id"),
        "external_id": "external_id || '-' || number",
        "key": "key || '-' || number",
        "seq": "seq + number",
        "last_seq": "last_seq + number",
        "balance_after": "balance_after + number * credits",
    }
    columns = ", ".join(column.name for column in table.columns)
    values = ", ".join(changed.get(column.name, column.name) for column in table.columns)
    copied = text(
        f"INSERT INTO {name} ({columns}) SELECT {values} FROM first_{name} CROSS JOIN copy"
        f" WHERE {times[0]} >= :since AND {times[0]} < :until ORDER BY {times[0]}, number"
    )
    at = table.c[times[0]].type
    return copied.bindparams(bindparam("since", type_=at), bindparam("until", type_=at))


def _later(dialect: str, column: str) -> str:
    if dialect == POSTGRESQL:
        return f"{column} + number * interval '1 millisecond'"
    return f"strftime('%Y-%m-%d %H:%M:%f', {column}, printf('+0.%03d seconds', number)) || '000'"


def _other_id(dialect: str, column: str) -> str:
    if dialect == POSTGRESQL:
        return f"CAST(substr(CAST({column} AS text), 1, 30) || lpad(to_hex(number), 6, '0') AS uuid)"
    return f"substr({column}, 1, 26) || printf('%06x', number)"
