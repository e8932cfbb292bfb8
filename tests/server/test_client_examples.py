"""The examples that people copy: each asks, records or exports on a real server, as its first lines say."""

import asyncio
import csv
import json
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook

from models.rules.ids import type_id
from models.rules.words import Role
from tests.server.client_examples import output_of, python, running, shell, typescript
from tests.server.live_server import OPERATOR_KEY, Served, served

pytestmark = pytest.mark.anyio

LAST_MONTH = datetime.now(UTC).replace(day=1, hour=12) - timedelta(days=10)


@pytest.fixture
async def live(sqlite_url: str) -> AsyncIterator[Served]:
    async with served(sqlite_url) as live:
        yield live


async def a_customer(live: Served) -> tuple[str, str, str]:
    """Address, key and tenant of one who has 10 credits and used 3, as the examples are told them."""
    tenant, id = await live.a_tenant(top_up="10")
    await live.books.call(tenant, 3)
    return f"{live.url}/graphql", OPERATOR_KEY, id


async def test_asking_with_curl(live: Served, tmp_path: Path) -> None:
    answer = json.loads(await output_of(*shell("ask.sh", tmp_path), *await a_customer(live)))

    assert answer["data"]["tenant"]["credits"]["available"] == "7"
    assert answer["data"]["tenant"]["usage"]["totals"] == {"credits": "3", "calls": 1, "messages": 0}


async def test_asking_in_python(live: Served) -> None:
    printed = await output_of(*python("ask.py"), *await a_customer(live))

    assert "Acme: 7 credits" in printed
    assert "Used in 30 days: 3 credits in 1 calls\n  Ada: 3\n" in printed


async def test_asking_and_watching_with_urql(live: Served, tmp_path: Path) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    command = await typescript("ask.ts", tmp_path)

    async with running(*command, f"{live.url}/graphql", OPERATOR_KEY, id) as example:
        assert (await example.line()).startswith("Acme: 10 credits")
        assert await example.line() == "Used in 30 days: 0 credits in 0 calls"
        assert await example.line() == "seq 1: 10 credits"
        await live.books.call(tenant, 2)
        assert await example.line() == "seq 2: 8 credits"
        for connection in list(live.server.server_state.connections):
            connection.transport.abort()
        # The socket comes back by itself, and begins with the account as it stands.
        assert await example.line() == "seq 2: 8 credits"


async def test_a_call_that_is_reported_twice_with_curl_is_charged_once(live: Served, tmp_path: Path) -> None:
    tenant, _ = await live.a_tenant(top_up="10")
    _, recorder = await live.a_key(Role.RECORDER, tenant)
    agent = type_id("agent", live.books.agents[tenant])
    started = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    times = [started.isoformat(), (started + timedelta(seconds=61)).isoformat()]
    command = [*shell("record.sh", tmp_path), f"{live.url}/graphql", recorder.removeprefix("Bearer "), agent, "4711"]

    answers = [json.loads(await output_of(*command, *times)) for _ in range(2)]

    assert answers[0]["data"]["recordCall"]["errors"] == []
    assert answers[0]["data"]["recordCall"]["call"]["creditsUsed"] == "2"
    assert answers[0] == answers[1]
    assert await live.books.available(tenant) == 8_000_000


async def test_events_in_bulk_are_charged_once_though_an_answer_is_lost(live: Served, tmp_path: Path) -> None:
    tenant, id = await live.a_tenant(top_up="2000")
    agent = type_id("agent", live.books.agents[tenant])
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(an_event(agent, number)) + "\n" for number in range(1200)))

    async with answers_get_lost(live.port, requests=2) as port:
        printed = await output_of(*python("record.py"), f"http://127.0.0.1:{port}/graphql", OPERATOR_KEY, id, str(file))

    # The batch whose answer was lost had been recorded.
    assert printed == "700 accepted, 500 duplicates, 0 refused\n"
    assert await live.books.available(tenant) == 800_000_000


async def test_an_event_that_is_refused_is_named(live: Served, tmp_path: Path) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    agent = type_id("agent", live.books.agents[tenant])
    unknown = type_id("agent", tenant)
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(json.dumps(event) for event in (an_event(agent, 1), an_event(unknown, 2))))
    command = [*python("record.py"), f"{live.url}/graphql", OPERATOR_KEY, id, str(file)]

    printed = await output_of(*command, status=1)

    assert "1 accepted, 0 duplicates, 1 refused\n" in printed
    assert "Refused: call-2: NOT_FOUND" in printed


async def test_an_event_that_is_not_well_formed_is_named_by_its_line(live: Served, tmp_path: Path) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    good, bad = (an_event(type_id("agent", live.books.agents[tenant]), number) for number in (1, 2))
    bad["call"]["startedAt"] = "yesterday"
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(good) + "\n\n" + json.dumps(bad))

    said = await output_of(*python("record.py"), f"{live.url}/graphql", OPERATOR_KEY, id, str(file), status=1)

    assert said.startswith("Refused: line 3: ")
    assert "yesterday" in said
    assert await live.books.available(tenant) == 10_000_000


@pytest.mark.parametrize(("text", "reason"), [(None, "cannot be read"), ("{", "Line 1 is not JSON")])
async def test_a_file_that_is_no_file_of_events_is_said_to_be_none(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    file = tmp_path / "events.jsonl"
    if text is not None:
        file.write_text(text)

    said = await output_of(*python("record.py"), "http://127.0.0.1:1", "key", "tenant_1", str(file), status=1)

    assert reason in said
    assert "Traceback" not in said


async def test_a_refusal_with_curl_is_told_by_the_status_too(live: Served, tmp_path: Path) -> None:
    url, key, id = await a_customer(live)
    times = ["2026-03-01T09:30:00Z", "2026-03-01T09:31:00Z"]

    unknown = await output_of(*shell("ask.sh", tmp_path), url, "wrong", id, status=1)
    no_agent = await output_of(
        *shell("record.sh", tmp_path), url, key, type_id("agent", UUID(int=1)), "1", *times, status=1
    )

    assert "This is neither a key nor a token." in unknown
    assert "NOT_FOUND" in no_agent


async def test_a_wrong_key_ends_every_example_with_the_reason(live: Served, tmp_path: Path) -> None:
    names = ["ask.py", "pages.py", "report.py", "watch.py", "ask.ts", "pages.ts", "watch.ts"]

    said = await asyncio.gather(*(said_to_a_wrong_key(live, name, tmp_path / name) for name in names))

    assert [text for text in said if "This is neither a key nor a token." not in text] == []


async def said_to_a_wrong_key(live: Served, name: str, folder: Path) -> str:
    command = python(name) if name.endswith(".py") else await typescript(name, folder)
    scheme = "ws" if name.startswith("watch") else "http"
    return await output_of(*command, f"{scheme}://127.0.0.1:{live.port}/graphql", "wrong", "tenant_1", status=1)


def an_event(agent: str, number: int) -> dict[str, Any]:
    times = {"startedAt": "2026-03-01T09:00:00Z", "endedAt": "2026-03-01T09:00:59Z"}
    return {"call": {"agentId": agent, "key": f"call-{number}", "direction": "INBOUND", **times}}


@asynccontextmanager
async def answers_get_lost(port: int, requests: int) -> AsyncIterator[int]:
    """A way to the server on which one answer is lost: that to the request with this number."""
    seen = 0

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        server, to_server = await asyncio.open_connection("127.0.0.1", port)
        upwards = asyncio.create_task(pump(reader, to_server))
        with suppress(ConnectionError):
            while part := await server.read(65_536):
                seen += part.startswith(b"HTTP/1.1")
                if seen == requests:
                    seen += 1
                    break
                writer.write(part)
                await writer.drain()
        upwards.cancel()
        to_server.close()
        writer.close()

    async with await asyncio.start_server(forward, "127.0.0.1", 0) as proxy:
        yield proxy.sockets[0].getsockname()[1]


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(65_536):
        writer.write(part)
        await writer.drain()


async def test_paging_through_all_calls_in_python(live: Served) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    calls = [type_id("call", await live.books.call(tenant, 1)) for _ in range(201)]

    printed = await output_of(*python("pages.py"), f"{live.url}/graphql", OPERATOR_KEY, id)

    rows = list(csv.DictReader(printed.splitlines()))
    assert sorted(row["id"] for row in rows) == sorted(calls)
    assert {(row["agent"], row["billedSeconds"], row["creditsUsed"]) for row in rows} == {("Ada", "60", "1")}


async def test_a_list_that_nobody_reads_to_its_end_ends_quietly(live: Served) -> None:
    command = shlex.join([*python("pages.py"), *await a_customer(live)])

    assert await output_of("sh", "-c", f"{{ {command} | true; }} 2>&1") == ""


async def test_paging_through_any_list_in_typescript(live: Served, tmp_path: Path) -> None:
    tenant, id = await live.a_tenant(top_up="200")
    for _ in range(120):
        await live.books.call(tenant, 1)
    command = await typescript("pages.ts", tmp_path)

    printed = await output_of(*command, f"{live.url}/graphql", OPERATOR_KEY, id)

    lines = [line.split() for line in printed.splitlines()]
    assert [line[0] for line in lines] == [str(seq) for seq in range(121, 0, -1)]
    assert lines[0][1:] == ["USAGE", "-1", "->", "80"]


async def test_the_report_of_last_month_by_agent(live: Served) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    other = await live.books.an_agent(tenant)
    await live.books.call(tenant, 2, at=LAST_MONTH)
    await live.books.call(tenant, 3, at=LAST_MONTH, agent_id=other)
    await live.books.call(tenant, 4)

    printed = await output_of(*python("report.py"), f"{live.url}/graphql", OPERATOR_KEY, id)

    rows = list(csv.DictReader(printed.splitlines()))
    first, last = LAST_MONTH.date().replace(day=1), (LAST_MONTH + timedelta(days=10)).date() - timedelta(days=1)
    assert [(row["agentId"], row["credits"], row["calls"], row["billedSeconds"]) for row in rows] == [
        (type_id("agent", other), "3", "1", "180"),
        (type_id("agent", live.books.agents[tenant]), "2", "1", "120"),
    ]
    assert {(row["firstDay"], row["lastDay"]) for row in rows} == {(str(first), str(last))}


@pytest.mark.parametrize("format", ["CSV", "xlsx"])
async def test_the_file_of_last_month(live: Served, tmp_path: Path, format: str) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    await live.books.call(tenant, 2, at=LAST_MONTH)
    await live.books.call(tenant, 4)

    printed = await output_of(*python("export.py"), f"{live.url}/graphql", OPERATOR_KEY, id, format, cwd=tmp_path)

    assert printed.startswith("1 rows in ")
    header, row, total = table_of(tmp_path / printed.removeprefix("1 rows in ").rstrip("\n"))
    found = dict(zip(header, row, strict=True))
    columns = ("Date", "Agent", "Activity", "Credits used")
    assert [found[column] for column in columns] == [str(LAST_MONTH.date()), "Ada", "CALL", "2"]
    assert total[0] == "Total"


def table_of(file: Path) -> list[list[str]]:
    """The cells of a CSV or Excel file, as text."""
    if file.suffix == ".csv":
        return list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    rows = load_workbook(file).worksheets[0].iter_rows(values_only=True)
    return [[as_text(cell) for cell in row] for row in rows]


def as_text(cell: object) -> str:
    return "" if cell is None else str(cell.date() if isinstance(cell, datetime) else cell)
