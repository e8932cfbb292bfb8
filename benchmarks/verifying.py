"""Proving a long ledger, beside a plain read of all its entries and allocations.

python -m benchmarks.verifying [ENTRIES]
"""

import sqlite3
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from uuid import UUID

import uvloop

from benchmarks.measuring import ROUNDS, a_directory, show
from models.actions.recording import Recorded
from models.actions.verification import verify
from models.rules.reports import CallReport
from models.rules.words import CallDirection
from tests.books import Clock, TestBooks, test_books

ENTRIES = 1_000_000
AT_ONCE = 1_000
AGENTS = 20
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
A_YEAR = timedelta(days=365)


async def generate(books: TestBooks, entries: int) -> UUID:
    """A year of calls by some agents, on a plan that grants credits every month and with a top-up now and then."""
    books.clock.now = BEGINNING
    tenant = await books.a_tenant("5000", date(2025, 1, 1), "Europe/Berlin", "10000", rollover="UNLIMITED")
    agents = [await books.an_agent(tenant) for _ in range(AGENTS)]
    apart = A_YEAR / entries
    for first in range(0, entries, AT_ONCE):
        calls = [_call(agents, number, BEGINNING + number * apart) for number in range(first, first + AT_ONCE)]
        books.clock.now = calls[-1].ended_at
        outcomes = await books.record(tenant, *calls)
        assert all(isinstance(outcome, Recorded) for outcome in outcomes), outcomes[0]
        if first % (10 * AT_ONCE) == 0:
            await books.top_up(tenant, "15000")
    return tenant


def _call(agents: list[UUID], number: int, at: datetime) -> CallReport:
    until = at + timedelta(seconds=20 + number % 90)
    return CallReport(agents[number % AGENTS], f"call-{number}", CallDirection.INBOUND, at, until)


async def proved(books: TestBooks, tenant: UUID) -> tuple[float, int]:
    """The seconds that a proof takes, and how many entries it has checked."""
    began = time.perf_counter()
    async with books.books.reading(long=True) as reader:
        found = await verify(reader, tenant)
    assert found.ok, found.problems[:5]
    return time.perf_counter() - began, found.entries_checked


def read(file: Path) -> float:
    """The seconds that the plain driver takes to read every column of every entry and allocation."""
    connection = sqlite3.connect(file)
    began = time.perf_counter()
    for table in ("entry", "entry_allocation"):
        for _ in connection.execute(f"SELECT * FROM {table} ORDER BY tenant_id, seq"):
            pass
    connection.close()
    return time.perf_counter() - began


async def main(entries: int) -> None:
    file = a_directory() / "books.db"
    async with test_books(f"sqlite:///{file}", Clock()) as books:
        tenant = await generate(books, entries)
        floor = median([read(file) for _ in range(ROUNDS)])
        proofs = [await proved(books, tenant) for _ in range(ROUNDS)]
    ours, checked = median(seconds for seconds, _ in proofs), proofs[0][1]
    show(
        f"Proving a ledger of {checked:,} entries, SQLite",
        [
            ("what", "seconds", "ratio"),
            ("floor: a plain read of its entries and allocations", f"{floor:.1f}", "1"),
            ("verification", f"{ours:.1f}", f"{ours / floor:.1f}x the floor"),
        ],
    )


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if sys.argv[1:] else ENTRIES))
