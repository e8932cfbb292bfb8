"""Recording: single calls by 256 tasks at once, inside the process and over HTTP, and a thousand in one go.

python -m benchmarks.recording [postgresql://...]
"""

import asyncio
import sqlite3
import sys
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvloop

from benchmarks.measuring import a_directory, a_server, cpu_of_requests, post, show
from models.actions.group_commit import Recorder
from models.actions.recording import Recorded, Submission
from models.rules.ids import new_id, type_id
from models.rules.reports import CallReport
from models.rules.words import CallDirection
from models.tables import dialects
from models.tables.base import metadata
from server.database import WRITER_PRAGMAS
from tests.books import Clock, TestBooks, test_books

CALLERS = 256
CALLS = 30_000
KEY = "benchmark-operator-key"
LINES = '[["CALL","MINUTE",1000000,2000000,61,120,60,60]]'


def a_call(agent: UUID, number: int) -> CallReport:
    start = datetime.now(UTC)
    return CallReport(agent, f"call-{number}", CallDirection.INBOUND, start, start + timedelta(seconds=61))


async def recorded_by_many(books: TestBooks, tenant: UUID, calls: int, callers: int) -> float:
    """Calls a second, each acknowledged to its caller after the commit that holds it."""
    recorder, agent = Recorder(books.books), books.agents[tenant]
    numbers = iter(range(calls))
    run = new_id().hex

    async def caller() -> None:
        for number in numbers:
            report = a_call(agent, number)._replace(key=f"{run}-{number}")
            (outcome,) = await recorder.record(Submission(tenant, [report]))
            assert isinstance(outcome, Recorded)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return calls / (time.perf_counter() - began)


def _ready_rows(first: int, count: int, of: Any, by: Any, now: Any) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that some calls make, from a seq on, ready for a driver."""
    made = [(seq, new_id() if isinstance(of, UUID) else new_id().hex) for seq in range(first, first + count)]
    return {
        "call": [
            (of, id, f"k{seq}", by, None, "INBOUND", now, None, now, 61, 120, 0, 2_000_000, 0, LINES, seq, "")
            for seq, id in made
        ],
        "entry": [
            (of, seq, "USAGE", -2_000_000, 0, now, now, "call", id, f"k{seq}", by, None, None, None, True, "")
            for seq, id in made
        ],
        "entry_allocation": [(of, seq, 0, by, id, -2_000_000) for seq, id in made],
        "taken_key": [(of, "call", f"k{seq}", b"0" * 16, id) for seq, id in made],
    }


def floor_on_sqlite(url: str, tenant: UUID, agent: UUID) -> float:
    """The same rows for each call, ready made, inserted by the plain driver without any rules: calls a second."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    for pragma in WRITER_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    began = time.perf_counter()
    for first in range(1, CALLS, CALLERS):
        connection.execute("BEGIN IMMEDIATE")
        for name, rows in _ready_rows(first, CALLERS, tenant.hex, agent.hex, "2026-03-10 12:00:00.000000").items():
            connection.executemany(dialects.insert_text("sqlite", metadata.tables[name]), rows)
        connection.execute("COMMIT")
    connection.close()
    return CALLS / (time.perf_counter() - began)


async def floor_on_postgresql(url: str, tenant: UUID, agent: UUID) -> float:
    """The same with COPY."""
    connection = await asyncpg.connect(url)
    began = time.perf_counter()
    for first in range(1, CALLS, CALLERS):
        async with connection.transaction():
            for name, rows in _ready_rows(first, CALLERS, tenant, agent, datetime.now(UTC)).items():
                await connection.copy_records_to_table(name, records=rows)
    await connection.close()
    return CALLS / (time.perf_counter() - began)


async def inside(url: str | None = None) -> None:
    """Inside the process: many callers, one transaction an event, and the floor. On a new SQLite file, or at a URL."""
    floors, many, single = [], [], []
    for _ in range(3):
        here = url or f"sqlite:///{a_directory() / 'books.db'}"
        async with test_books(here, Clock()) as books:
            books.books.clock = lambda: datetime.now(UTC)
            tenant = await books.a_tenant(top_up="100000000")
            many.append(await recorded_by_many(books, tenant, CALLS, CALLERS))
            single.append(await recorded_by_many(books, tenant, 500, 1))
        here = url or f"sqlite:///{a_directory() / 'floor.db'}"
        async with test_books(here, Clock()) as books:
            tenant = await books.a_tenant()
            agent = books.agents[tenant]
        floors.append(await floor_on_postgresql(url, tenant, agent) if url else floor_on_sqlite(here, tenant, agent))
    ours, alone, floor = median(many), median(single), median(floors)
    show(
        f"Recording inside the process, {'PostgreSQL' if url else 'SQLite'}, {CALLERS} callers",
        [
            ("what", "calls a second", "ratio"),
            (f"floor: the same rows in batches of {CALLERS}, without rules", f"{floor:,.0f}", "1"),
            ("single calls, each acknowledged after a synced commit", f"{ours:,.0f}", f"{floor / ours:.2f}x the floor"),
            ("one transaction an event", f"{alone:,.0f}", f"group commit is {ours / alone:.1f}x faster"),
        ],
    )


RECORD = "mutation($input: CallInput!) { recordCall(input: $input) { call { id } errors { code message } } }"
BULK = (
    "mutation($tenant: ID!, $events: [UsageEventInput!]!) {"
    " recordUsage(tenantId: $tenant, events: $events) { accepted refused { code message } errors { code } } }"
)


def _document(query: str, **variables: object) -> bytes:
    return orjson.dumps({"query": query, "variables": variables})


def _event(agent: UUID, key: str) -> dict[str, object]:
    start = datetime.now(UTC)
    return {
        "agentId": type_id("agent", agent),
        "key": key,
        "direction": "INBOUND",
        "startedAt": start.isoformat(),
        "endedAt": (start + timedelta(seconds=61)).isoformat(),
    }


async def over_http() -> None:
    file = a_directory() / "books.db"
    url = f"sqlite:///{file}"
    async with test_books(url, Clock(datetime.now(UTC))) as books:
        tenant = await books.a_tenant(top_up="100000000")
        agent = books.agents[tenant]
        bulk_inside = await _bulk_inside(books, tenant)
    with a_server("benchmarks.serving", "{port}", TALLYGRAPH_DATABASE_URL=url, TALLYGRAPH_OPERATOR_KEY=KEY) as server:
        run = iter(range(1_000_000))

        def record() -> bytes:
            return post("/graphql", _document(RECORD, input=_event(agent, f"http-{next(run)}")), KEY)

        def nothing() -> bytes:
            event = {**_event(agent, f"http-{next(run)}"), "agentId": "nobody"}
            return post("/graphql", _document(RECORD, input=event), KEY)

        def bulk() -> bytes:
            events = [{"call": _event(agent, f"bulk-{next(run)}")} for _ in range(1_000)]
            return post("/graphql", _document(BULK, tenant=type_id("tenant", tenant), events=events), KEY)

        def no_errors(answer: bytes) -> None:
            assert b'"errors":[]' in answer, answer

        def no_check(answer: bytes) -> None:
            assert b"INVALID" in answer, answer

        ours = await cpu_of_requests(server, record, 4_000, 64, no_errors)
        floor = await cpu_of_requests(server, nothing, 4_000, 64, no_check)
        many = await cpu_of_requests(server, bulk, 10, 1, no_errors)
    show(
        "Recording over HTTP, SQLite, cpu of the server",
        [
            ("what", "cpu", "ratio"),
            ("floor: a mutation that stores nothing", f"{floor:,.0f} us a request", "1"),
            ("recordCall, one a request, 64 clients", f"{ours:,.0f} us a request", f"{ours / floor:.2f}x the floor"),
            ("floor: 1,000 events inside the process", f"{bulk_inside / 1000:,.1f} ms", "1"),
            ("recordUsage of 1,000 events", f"{many / 1000:,.1f} ms", f"{many / bulk_inside:.2f}x the floor"),
        ],
    )


async def _bulk_inside(books: TestBooks, tenant: UUID) -> float:
    """Cpu microseconds of recording 1,000 events in one go inside the process."""
    recorder, agent = Recorder(books.books), books.agents[tenant]
    books.books.clock = lambda: datetime.now(UTC)
    spent = []
    for turn in range(6):
        reports = [a_call(agent, number)._replace(key=f"in-{turn}-{number}") for number in range(1_000)]
        before = time.process_time()
        await recorder.record(Submission(tenant, reports))
        spent.append(time.process_time() - before)
    return sorted(spent)[2] * 1e6


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uvloop.run(inside(sys.argv[1]))
    else:
        uvloop.run(inside())
        uvloop.run(over_http())
