"""Files of usage, beside csv.writer over the same SELECT, which knows no names and adds nothing up.

python -m benchmarks.exporting [postgresql://... of an empty database] [ROWS ...]

Each is made in a process of its own, whose peak of memory is told. Beside the making a clock ticks in its event loop,
as a server has it, and the longest time by which a tick came late is told too.
"""

import asyncio
import csv
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvloop
from sqlalchemy.dialects import postgresql, sqlite

from benchmarks.measuring import a_directory, show
from models.rules.exports import ExportFormat, ExportWish
from models.rules.ranges import DayRange
from models.rules.words import Activity, CallDirection
from models.tables import exports as tables
from models.tables.base import NOBODY
from models.tables.usage_sums import USAGE_DAY
from server.collecting import calm_collector
from server.database import open_books, sqlite_file
from server.exports.making import csv_of, write_excel
from tests.books import Clock, test_books

SIZES = (100_000, 1_000_000)
AT_ONCE = 10_000
AGENTS, OPENINGS = 50, 60
YEAR = DayRange(date(2025, 1, 1), date(2025, 12, 31))
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
FETCHED = 1_000
TICK = 0.005
_POSTGRESQL = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]


async def generate(database_url: str, rows: int) -> UUID:
    """A tenant with as many rows of roll-ups, spread evenly over a year."""
    async with test_books(database_url, Clock(BEGINNING)) as books:
        tenant = await books.a_tenant(zone="Europe/Berlin")
        agents = [await books.an_agent(tenant) for _ in range(AGENTS)]
        openings = [await books.an_opening(tenant) for _ in range(OPENINGS)]
        made = _rows(tenant, agents, openings, rows)
        for _ in range(0, rows, AT_ONCE):
            async with books.books.work() as work:
                await work.insert(USAGE_DAY, [row for _, row in zip(range(AT_ONCE), made, strict=False)])
        return tenant


def _rows(tenant: UUID, agents: list[UUID], openings: list[UUID], rows: int) -> Iterator[tuple[Any, ...]]:
    a_day = rows // 365 + 1
    for number in range(rows):
        day, place = divmod(number, a_day)
        agent, opening = agents[place % AGENTS], openings[place // AGENTS % OPENINGS]
        where = (tenant, YEAR.first + timedelta(days=day), agent)
        if number % 3:
            called = (Activity.CALL, "", CallDirection.INBOUND)
            yield (*where, opening, NOBODY, *called, 7, 700, 840, 0, 0, 0, 0, 14_000_000 + number)
        else:
            yield (*where, opening, NOBODY, Activity.INTERVIEW, "", "", 3, 0, 0, 4, 2, 1, 0, 2_500_000)


# ---------------------------------------------------------------- one file, in a process of its own


async def floor(database_url: str, tenant: UUID) -> None:
    """The same SELECT, written out as it comes."""
    statement, values = tables.rows(frozenset()), tables.values_of(_wish(tenant, ExportFormat.CSV))
    with tempfile.TemporaryFile("w+", newline="") as file:
        writer = csv.writer(file)
        if path := sqlite_file(database_url):
            await asyncio.to_thread(_floor_of_sqlite, path, statement, values, writer)
            return
        compiled = statement.compile(dialect=_POSTGRESQL, compile_kwargs={"render_postcompile": True})
        connection = await asyncpg.connect(database_url)
        async with connection.transaction():
            bound = [values.get(name, compiled.params[name]) for name in compiled.positiontup or ()]
            cursor = await connection.cursor(str(compiled), *bound)
            while rows := await cursor.fetch(FETCHED):
                writer.writerows(rows)
        await connection.close()


def _floor_of_sqlite(path: Path, statement: Any, values: Any, writer: Any) -> None:
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
    plain = {name: values.get(name, value) for name, value in compiled.params.items()}
    plain = {name: value.hex if isinstance(value, UUID) else value for name, value in plain.items()}
    connection = sqlite3.connect(path)
    cursor = connection.execute(str(compiled), plain)
    while rows := cursor.fetchmany(FETCHED):
        writer.writerows(rows)
    connection.close()


async def as_csv(database_url: str, tenant: UUID) -> None:
    books = open_books(database_url)
    with tempfile.TemporaryFile() as file:
        async for part in csv_of(books, _wish(tenant, ExportFormat.CSV)):
            file.write(part)
    await books.close()


async def as_excel(database_url: str, tenant: UUID) -> None:
    books = open_books(database_url)
    with tempfile.TemporaryFile() as file:
        await write_excel(books, _wish(tenant, ExportFormat.XLSX), file)
    await books.close()


def _wish(tenant: UUID, format: ExportFormat) -> ExportWish:
    return ExportWish(tenant, YEAR, format)


MAKERS: dict[str, Callable[[str, UUID], Awaitable[None]]] = {"floor": floor, "csv": as_csv, "xlsx": as_excel}


async def measured(maker: str, database_url: str, tenant: UUID) -> dict[str, float]:
    calm_collector()
    late = 0.0

    async def tick() -> None:
        nonlocal late
        while True:
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            late = max(late, time.perf_counter() - due)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(10 * TICK)
    before, began = _peak(), time.perf_counter()
    await MAKERS[maker](database_url, tenant)
    seconds = time.perf_counter() - began
    ticking.cancel()
    return {"seconds": seconds, "before": before, "peak": _peak(), "late": late}


def _peak() -> float:
    # Not getrusage: that begins with what the process was started from.
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


# ---------------------------------------------------------------- all of them


def compare(database_url: str, tenant: UUID, rows: int) -> None:
    found = {maker: _in_a_process(maker, database_url, tenant) for maker in MAKERS}
    names = {"floor": "floor: csv.writer over the same SELECT", "csv": "CSV", "xlsx": "Excel"}
    table: list[tuple[str, ...]] = [(f"{rows:,} rows", "rows a second", "ratio", "peak memory", "longest pause")]
    for maker, one in found.items():
        ratio = one["seconds"] / found["floor"]["seconds"]
        memory = f"{one['peak']:.0f} MB, {one['peak'] - one['before']:.0f} more than before"
        pause = f"{one['late'] * 1000:.0f} ms"
        table.append((names[maker], f"{rows / one['seconds']:,.0f}", f"{ratio:.1f}x", memory, pause))
    show("Files of usage", table)


def _in_a_process(maker: str, database_url: str, tenant: UUID) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.exporting", maker, database_url, tenant.hex]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    arguments = sys.argv[1:]
    if arguments and arguments[0] in MAKERS:
        maker, database_url, id = arguments
        print(json.dumps(uvloop.run(measured(maker, database_url, UUID(hex=id)))))
        return
    given = [argument for argument in arguments if not argument.isdigit()]
    for rows in [int(argument) for argument in arguments if argument.isdigit()] or SIZES:
        database_url = given[0] if given else f"sqlite:///{a_directory() / 'books.db'}"
        tenant = uvloop.run(generate(database_url, rows))
        compare(database_url, tenant, rows)


if __name__ == "__main__":
    main()
