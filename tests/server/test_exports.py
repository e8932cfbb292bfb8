"""Files are given to whoever has a link: whole, once they are asked for, and to nobody else."""

import asyncio
import csv
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openpyxl import load_workbook
from sqlalchemy import update

from models.rules.export_lines import COLUMNS, Cell, Kind, Line
from models.unit_of_work import Reader
from server.exports import making, pages
from server.exports.excel_files import ExcelFile
from tests.server.conftest import Lines
from tests.server.live_server import OPERATOR, WAIT_SECONDS, Served, served, until

pytestmark = pytest.mark.anyio

EXPORT = """
mutation ($input: ExportInput!) {
  exportUsage(input: $input) { export { url fileName rows } errors { message } }
}
"""
_CELLS: dict[Kind, Cell] = {Kind.CREDITS: 1, Kind.TEXT: "x" * 100}
A_LINE = tuple(_CELLS.get(column.kind) for column in COLUMNS)


@pytest.fixture(scope="module")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    books = tmp_path_factory.mktemp("exports") / "books.db"
    async with served(f"sqlite:///{books}", allowed_origins="https://app.example") as live:
        yield live


@pytest.fixture
async def client(live: Served) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(live) as client:
        yield client


def client_of(live: Served) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=live.url, timeout=WAIT_SECONDS)


async def a_file(live: Served, format: str = "CSV", name: str = "Acme") -> Any:
    """A file of three calls, a minute longer and a day earlier each."""
    tenant_id, tenant = await live.a_tenant(top_up="100")
    table = live.books.table("tenant")
    async with live.books.books.work() as work:
        await work.run(update(table).where(table.c.id == tenant_id).values(name=name))
    for number in range(3):
        await live.books.call(tenant_id, minutes=number + 1, at=live.books.clock.now - timedelta(days=number))
    wish = {"tenantId": tenant, "range": {"preset": "LAST_30_DAYS"}, "format": format}
    async with client_of(live) as client:
        asked = {"query": EXPORT, "variables": {"input": wish}}
        answer = await client.post("/graphql", json=asked, headers={"authorization": OPERATOR})
    payload = answer.json()["data"]["exportUsage"]
    assert payload["errors"] == []
    return payload["export"]


# ---------------------------------------------------------------- fetching


async def test_a_link_gives_the_file_without_a_key(database_url: str) -> None:
    async with served(database_url) as live, client_of(live) as client:
        file = await a_file(live)
        answer = await client.get(file["url"])
        assert answer.status_code == 200
        rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert [row["Credits used"] for row in rows] == ["3", "2", "1", "6"]
        assert answer.content.endswith(b"\r\n")

        answer = await client.get((await a_file(live, "XLSX"))["url"])
        assert int(answer.headers["content-length"]) == len(answer.content)
        (sheet,) = load_workbook(BytesIO(answer.content)).worksheets
        assert [cell.value for cell in sheet["D"]] == ["Credits used", 3, 2, 1, 6]


async def test_what_is_told_of_a_file_keeps_it_private_and_names_it(live: Served, client: httpx2.AsyncClient) -> None:
    file = await a_file(live, name="Café Nord")
    got, head = await client.get(file["url"]), await client.head(file["url"])

    days = file["fileName"].removeprefix("Café-Nord-")
    promised = {
        "content-type": "text/csv; charset=utf-8; header=present",
        "content-disposition": f"attachment; filename=\"Caf_-Nord-{days}\"; filename*=UTF-8''Caf%C3%A9-Nord-{days}",
        "cache-control": "no-store, private",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    assert promised.items() <= dict(got.headers).items()
    assert (head.status_code, head.content) == (200, b"")
    assert promised.items() <= dict(head.headers).items()


async def test_a_link_that_is_over_or_changed_gives_nothing(live: Served, client: httpx2.AsyncClient) -> None:
    url = (await a_file(live))["url"]
    other = (await a_file(live))["url"]
    wish, _, signature = url.partition("&signature=")
    swapped = f"{other.partition('&')[0]}&signature={signature}"
    for changed in (
        wish,
        f"{url}x",
        f"{url}&x=1",
        swapped,
        url.replace("usage", "Usage", 1),
        "/exports/x",
        "/exports/x?",
    ):
        answer = await client.get(changed)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "text/plain; charset=utf-8")
    assert (await client.post(url)).status_code == 405

    live.books.clock.now += timedelta(minutes=15)
    answer = await client.get(url)
    assert (answer.status_code, answer.text) == (410, "This link has ended. Ask for a new one.\n")
    assert (await client.head(url)).status_code == 410


async def test_the_log_tells_of_files_without_their_links(
    live: Served, client: httpx2.AsyncClient, log_lines: Lines
) -> None:
    url = (await a_file(live))["url"]
    assert (await client.get(url)).status_code == 200
    assert (await client.get(f"{url}x")).status_code == 403

    found = [line for line in log_lines if str(line.get("path", "")).startswith("/exports/")]
    assert [line["status"] for line in found] == [200, 403]
    assert [line for line in log_lines if "signature" in str(line) or "wish" in str(line)] == []


async def test_pages_of_allowed_sites_can_read_files(live: Served, client: httpx2.AsyncClient) -> None:
    url = (await a_file(live))["url"]
    allowed = await client.get(url, headers={"origin": "https://app.example"})
    refused = await client.get(url, headers={"origin": "https://evil.example"})

    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    assert "Content-Disposition" in allowed.headers["access-control-expose-headers"]
    assert refused.status_code == 403


# ---------------------------------------------------------------- many, long ones, and clients that leave


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that never end."""

    async def lines_of(reader: Reader, _wish: object) -> AsyncIterator[Iterator[Line]]:
        while True:
            yield iter([A_LINE] * 100)
            await asyncio.sleep(0)

    monkeypatch.setattr(making, "lines_of", lines_of)


@asynccontextmanager
async def left_early(live: Served, url: str) -> AsyncIterator[None]:
    """A client that reads the beginning, stays for a while without reading, and leaves."""
    async with client_of(live) as client, client.stream("GET", url) as answer:
        assert answer.status_code == 200
        parts = answer.aiter_raw()
        await anext(parts)
        yield
        await parts.aclose()


@pytest.mark.usefixtures("endless")
async def test_a_client_that_leaves_stops_the_work(live: Served, log_lines: Lines) -> None:
    url = (await a_file(live))["url"]
    for number in range(1, 13):  # More than there are connections to read with.
        async with left_early(live, url):
            pass
        await until(lambda: [line.get("status") for line in log_lines].count(499) == number)  # noqa: B023


@pytest.mark.usefixtures("endless")
async def test_who_does_not_read_is_cut_off(live: Served, log_lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "STALL_SECONDS", 0.1)
    async with left_early(live, (await a_file(live))["url"]):
        await until(lambda: 499 in [line.get("status") for line in log_lines])


@pytest.mark.usefixtures("endless")
async def test_only_a_few_files_are_made_at_once(
    live: Served, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = (await a_file(live))["url"]
    async with left_early(live, url), left_early(live, url):
        monkeypatch.setattr(pages, "WAIT_SECONDS", 0.01)
        async with client.stream("GET", url) as refused:
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        monkeypatch.setattr(pages, "MOST_IN_LINE", 0)
        monkeypatch.setattr(pages, "WAIT_SECONDS", 60)
        async with client.stream("GET", url) as refused:
            assert refused.status_code == 503
        monkeypatch.setattr(pages, "MOST_IN_LINE", 1)
        # What needs no file made needs no place.
        assert (await client.head(url)).status_code == 200
    # Places that were given back are taken again.
    async with left_early(live, url):
        pass


@pytest.mark.usefixtures("endless")
async def test_an_excel_file_that_nobody_waits_for_leaves_nothing_behind(
    live: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    begun = asyncio.Event()

    async def fetch() -> None:
        async with client_of(live) as client:
            await client.get((await a_file(live, "XLSX"))["url"])

    add = ExcelFile.add

    def add_and_tell(file: Any, lines: Any) -> None:
        add(file, lines)
        loop.call_soon_threadsafe(begun.set)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(ExcelFile, "add", add_and_tell)
    fetching = asyncio.create_task(fetch())
    await asyncio.wait_for(begun.wait(), WAIT_SECONDS)
    assert os.listdir(tmp_path) != []
    fetching.cancel()
    await until(lambda: os.listdir(tmp_path) == [])
