"""Asking: the balance, the call log's first and a deep page, and a chart, beside hand-written JSON over the same SQL.

python -m benchmarks.asking [CALLS ...]        100000 and 1000000 where none are given; a million takes minutes
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from uuid import UUID

import orjson
import uvloop

from benchmarks.measuring import a_directory, a_server, clients, cpu_of_requests, post, show
from models.actions.group_commit import Recorder
from models.actions.recording import Submission
from models.rules.ids import type_id
from models.rules.reports import CallReport
from models.rules.words import CallDirection
from tests.books import Clock, TestBooks, test_books

KEY = "benchmark-operator-key"
REQUESTS = 1_500
AT_ONCE = 8
BALANCE = (
    "query($id: ID!) { tenant(id: $id) { credits { seq available settled held overdrawn pools { kind balance } } } }"
)
LOG = (
    "query($id: ID!, $page: Int!) { tenant(id: $id) { callLog(page: $page) { totalRows rows {"
    " seq at callId creditsUsed creditsAdded remarks balanceAfter } } } }"
)
SERIES = (
    "query($id: ID!) { tenant(id: $id) { usage(range: {preset: LAST_90_DAYS}) {"
    " series { day totals { credits calls callSeconds } } } } }"
)


async def a_year_of_calls(file: Path, calls: int) -> UUID:
    """A tenant with calls spread over a year, in order of time."""
    now = datetime.now(UTC)
    random = Random(calls)
    async with test_books(f"sqlite:///{file}", Clock(now - timedelta(days=366))) as books:
        tenant = await books.a_tenant(top_up="900000000")
        books.clock.now = now
        step = timedelta(days=365) / calls
        began = time.perf_counter()
        for first in range(0, calls, 1_000):
            reports = [
                _call(books, tenant, now - timedelta(days=365) + number * step, number, random)
                for number in range(first, min(first + 1_000, calls))
            ]
            await Recorder(books.books).record(Submission(tenant, reports))
        passed = time.perf_counter() - began
        print(f"{calls:,} calls recorded in {passed:.0f} s, {calls / passed:,.0f} a second", file=sys.stderr)
    return tenant


def _call(books: TestBooks, tenant: UUID, at: datetime, number: int, random: Random) -> CallReport:
    end = at + timedelta(seconds=random.randint(1, 600))
    return CallReport(books.agents[tenant], f"call-{number}", CallDirection.INBOUND, at, end)


async def measure(calls: int) -> None:
    file = a_directory() / "books.db"
    tenant = type_id("tenant", await a_year_of_calls(file, calls))
    deep = calls // 10 // 2

    def query(document: str, **variables: object) -> bytes:
        body = orjson.dumps({"query": document, "variables": {"id": tenant, **variables}})
        return post("/graphql", body, KEY)

    def plain(path: str, **asked: object) -> bytes:
        return post(path, orjson.dumps({"tenant": tenant, **asked}))

    cases = [
        ("balance", query(BALANCE), plain("/balance")),
        ("call log, page 1", query(LOG, page=1), plain("/log", page=1)),
        (f"call log, page {deep:,}", query(LOG, page=deep), plain("/log", page=deep)),
        ("90 days by day", query(SERIES), plain("/series")),
    ]
    settings = {"TALLYGRAPH_DATABASE_URL": f"sqlite:///{file}", "TALLYGRAPH_OPERATOR_KEY": KEY}
    rows: list[tuple[str, ...]] = [("what", "cpu", "floor", "ratio", "wall, one client")]
    with (
        a_server("benchmarks.serving", "{port}", **settings) as ours,
        a_server("benchmarks.floor_of_asking", "{port}", str(file)) as floor,
    ):
        for what, request, floor_request in cases:
            spent = await cpu_of_requests(ours, partial(bytes, request), REQUESTS, AT_ONCE, _no_errors)
            least = await cpu_of_requests(floor, partial(bytes, floor_request), REQUESTS, AT_ONCE, _no_errors)
            wall = await _wall(ours.port, request)
            rows.append((what, f"{spent:,.0f} us", f"{least:,.0f} us", f"{spent / least:.2f}x", f"{wall:.2f} ms"))
    show(f"Asking over HTTP, SQLite, {calls:,} calls", rows)


async def _wall(port: int, request: bytes) -> float:
    async with clients(port, 1) as (client,):
        times = []
        for _ in range(200):
            began = time.perf_counter()
            await client.ask(request)
            times.append(time.perf_counter() - began)
    return sorted(times)[100] * 1e3


def _no_errors(answer: bytes) -> None:
    assert b'"errors"' not in answer, answer


async def main(sizes: list[int]) -> None:
    for calls in sizes:
        await measure(calls)


if __name__ == "__main__":
    uvloop.run(main([int(size) for size in sys.argv[1:]] or [100_000, 1_000_000]))
