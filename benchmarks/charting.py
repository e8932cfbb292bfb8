"""Charts of 90 days through the graph, of 100,000 to 10 million entries, beside sums of the entries themselves.

python -m benchmarks.charting [ENTRIES ...]     100000 1000000 10000000 where none are given; those take half an hour

All sizes are generated first and then asked in turns, so that a machine that is busy for a while is so for all.
"""

import shutil
import sys
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import uvloop
from graphql import ExecutionResult, execute, parse
from sqlalchemy import BigInteger, Date, Select, String, cast, func, select, text, type_coerce

from benchmarks.many_entries import END, generate
from benchmarks.measuring import a_directory, show
from models.rules.amounts import parse_credits
from models.rules.ids import type_id
from models.rules.viewers import Viewer
from models.rules.words import Role
from models.tables.base import metadata
from models.tables.dialects import POSTGRESQL
from resolvers.context import Context
from resolvers.schema import schema
from tests.books import Clock, TestBooks, test_books
from tests.services import PostgresServer

SIZES = [100_000, 1_000_000, 10_000_000]
ROUNDS = 25
SLOW_ROUNDS = 3
REACH = 1.2

ENTRY, USAGE_DAY = metadata.tables["entry"], metadata.tables["usage_day"]
_CREDITS = "totals { credits }"
_DAYS = "usage(range: {preset: LAST_90_DAYS})"
_HOURS = (
    f"""usage(range: {{days: {{from: "2026-05-31", to: "2026-06-30"}}}}) {{ series(every: HOUR) {{ {_CREDITS} }} }}"""
)


def _of_tenant(fields: str) -> str:
    return f"query ($id: ID!) {{ tenant(id: $id) {{ {fields} }} }}"


def _of_agent(fields: str) -> str:
    return f"query ($id: ID!) {{ node(id: $id) {{ ... on Agent {{ {fields} }} }} }}"


class Chart(NamedTuple):
    """A question to the graph, and the columns by which the entries would be summed for the same answer."""

    what: str
    document: str
    raw: tuple[str, ...] | None = None
    of_agent: bool = False
    by_hour: bool = False


CHARTS = (
    Chart("90 days by day", _of_tenant(f"{_DAYS} {{ series {{ day {_CREDITS} }} }}"), ("day",)),
    Chart(
        "90 days by agent and day",
        _of_tenant(f"agents(first: 100) {{ nodes {{ {_DAYS} {{ series {{ day {_CREDITS} }} }} }} }}"),
        ("agent_id", "day"),
    ),
    Chart("90 days in all", _of_tenant(f"{_DAYS} {{ {_CREDITS} }}"), ()),
    Chart(
        "90 days broken down by agent",
        _of_tenant(f"{_DAYS} {{ breakdown(by: AGENT, first: 100) {{ slices {{ {_CREDITS} }} }} }}"),
        ("agent_id",),
    ),
    Chart("a year in all", _of_tenant(f"usage(range: {{preset: LAST_12_MONTHS}}) {{ {_CREDITS} }}")),
    Chart("90 days of one agent", _of_agent(f"{_DAYS} {{ {_CREDITS} }}"), of_agent=True),
    Chart("31 days of one agent by hour", _of_agent(_HOURS), of_agent=True, by_hour=True),
    Chart("31 days by hour", _of_tenant(_HOURS), by_hour=True),
)


@dataclass
class Size:
    """A database with so many entries of one tenant."""

    entries: int
    books: TestBooks
    tenant: UUID
    agent: UUID
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """How long each chart took, and `of the database` and `raw` how long that part of it and the plain sums took."""

    def taken(self, chart: Chart, part: str = "") -> float:
        """The quickest of all rounds, in milliseconds: what a busy machine adds says nothing about sizes."""
        return min(self.seconds[chart.what + part]) * 1e3


class TimedContext(Context):
    """Knows how long the database took to answer."""

    seconds = 0.0

    async def all(self, *asked: Any, **how: Any) -> Any:
        began = time.perf_counter()
        rows = await super().all(*asked, **how)
        self.seconds += time.perf_counter() - began
        return rows


class Bench:
    """Asks every size in turns."""

    def __init__(self, sizes: list[Size]) -> None:
        # Documents are read once, as the server does.
        self.sizes, self.documents = sizes, {chart: parse(chart.document) for chart in CHARTS}

    async def measure(self) -> None:
        for chart in CHARTS:
            for number in range((SLOW_ROUNDS if chart.by_hour else ROUNDS) + 1):
                for size in self.sizes:
                    await self._ask(size, chart, counts=number > 0)
            for _ in range(SLOW_ROUNDS if chart.raw is not None else 0):
                for size in self.sizes:
                    await self._sum(size, chart)

    async def _ask(self, size: Size, chart: Chart, *, counts: bool) -> None:
        id = type_id("agent", size.agent) if chart.of_agent else type_id("tenant", size.tenant)
        context = TimedContext(Viewer(Role.OPERATOR), size.books.books)
        began = time.perf_counter()
        answer = execute(
            schema._schema,
            self.documents[chart],
            context_value=context,
            variable_values={"id": id},
            executor_class=schema.execution_context_class,
        )
        if not isinstance(answer, ExecutionResult):
            answer = await answer
        passed = time.perf_counter() - began
        assert not answer.errors, answer.errors
        if counts:
            size.seconds[chart.what].append(passed)
            size.seconds[chart.what + " of the database"].append(context.seconds)
        elif chart.raw is not None:
            async with size.books.books.reading(long=True) as reader:
                rows = await reader.all(raw(reader.dialect, size.tenant, chart.raw))
            assert sum(row.credits for row in rows) == _all_credits(answer.data), chart.what

    async def _sum(self, size: Size, chart: Chart) -> None:
        assert chart.raw is not None
        async with size.books.books.reading(long=True) as reader:
            statement = raw(reader.dialect, size.tenant, chart.raw)
            began = time.perf_counter()
            await reader.all(statement)
            size.seconds[chart.what + " raw"].append(time.perf_counter() - began)


def raw(dialect: str, tenant: UUID, by: tuple[str, ...], days: int = 90) -> Select[Any]:
    """The sum of the entries of the last days of usage, by columns."""
    at = ENTRY.c.occurred_at
    day = cast(func.timezone("UTC", at), Date) if dialect == POSTGRESQL else func.substr(type_coerce(at, String), 1, 10)
    columns = [day.label("day") if name == "day" else ENTRY.c[name] for name in by]
    return (
        select(*columns, cast(-func.sum(ENTRY.c.credits), BigInteger).label("credits"))
        .where(ENTRY.c.tenant_id == tenant, ENTRY.c.kind.in_(["USAGE", "REFUND"]))
        .where(at >= END - timedelta(days=days), at < END)
        .group_by(*columns)
    )


def _all_credits(data: Any) -> int:
    """The credits of all totals in an answer."""
    if isinstance(data, list):
        return sum(map(_all_credits, data))
    if isinstance(data, dict):
        return sum(parse_credits(value) if name == "credits" else _all_credits(value) for name, value in data.items())
    return 0


async def check(size: Size) -> int:
    """The roll-ups of every day and agent must say what the entries say; how many rows they have."""
    kept = (
        select(USAGE_DAY.c.day, USAGE_DAY.c.agent_id, cast(func.sum(USAGE_DAY.c.credits), BigInteger).label("credits"))
        .where(USAGE_DAY.c.tenant_id == size.tenant, USAGE_DAY.c.activity != "")
        .group_by(USAGE_DAY.c.day, USAGE_DAY.c.agent_id)
    )
    async with size.books.books.reading(long=True) as reader:
        entries = await reader.all(raw(reader.dialect, size.tenant, ("day", "agent_id"), days=366))
        days = await reader.all(kept)
        rows: int = await reader.value(select(func.count()).select_from(USAGE_DAY))
    assert sorted((str(row.day), row.agent_id, row.credits) for row in entries) == sorted(
        (str(row.day), row.agent_id, row.credits) for row in days
    )
    return rows


# ---------------------------------------------------------------- sizes


async def measure(name: str, urls: dict[int, str]) -> None:
    async with AsyncExitStack() as stack:
        sizes = []
        for entries, url in urls.items():
            books = await stack.enter_async_context(test_books(url, Clock()))
            tenant = await generate(books, entries)
            size = Size(entries, books, tenant, books.agents[tenant])
            await _tidy(size)
            print(f"{name}, {entries:,} entries in {await check(size):,} rows of days", file=sys.stderr)
            sizes.append(size)
        await Bench(sizes).measure()
    show(f"Charts, {name}, milliseconds", _table(sizes))


async def _tidy(size: Size) -> None:
    """What PostgreSQL's own housekeeping does in the background of a server that runs."""
    async with size.books.books.writes.open() as session:
        if session.dialect == POSTGRESQL:
            await session.run(text("ANALYZE"), None)


def _table(sizes: list[Size]) -> list[tuple[str, ...]]:
    heads = [f"{size.entries:,}" for size in sizes]
    rows: list[tuple[str, ...]] = [("what", *heads, f"last / first (to be reached: {REACH}x)")]
    for chart in CHARTS:
        parts = [("", chart.what)]
        if not chart.by_hour:
            parts.append((" of the database", f"{chart.what}: of that, the database"))
        if chart.raw is not None:
            parts.append((" raw", f"{chart.what}: raw GROUP BY of the entries"))
        for part, what in parts:
            taken = [size.taken(chart, part) for size in sizes]
            rows.append((what, *(f"{one:,.2f}" for one in taken), f"{taken[-1] / taken[0]:.2f}x"))
    return rows


async def on_sqlite(entries: list[int]) -> None:
    folder = a_directory()
    try:
        await measure("SQLite", {size: f"sqlite:///{folder / str(size)}.db" for size in entries})
    finally:
        shutil.rmtree(folder)


async def on_postgresql(entries: list[int]) -> None:
    server = PostgresServer()
    server.start()
    try:
        await measure("PostgreSQL", {size: server.make_database() for size in entries})
    finally:
        server.stop()


if __name__ == "__main__":
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    uvloop.run(on_sqlite(sizes))
    uvloop.run(on_postgresql(sizes))
