"""A server finds runaway agents by itself: soon after the hour or the day, after a stop, and beside other servers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import strawberry
from starlette.testclient import TestClient

from models.actions.runaways import Found, tell_of_runaways
from models.rules.ids import type_id
from models.rules.runaways import Span, a_day
from server import runaways, wiring
from server.runaways import FIRST_RETRY, LAST_RETRY, RunawayWatch, next_quarter
from server.settings import read_settings
from tests.actions.running_away import DAY, HOUR, MORNING, TUESDAY, ZONE, a_busy_tenant, told, write
from tests.books import Clock, TestBooks, test_books
from tests.server.conftest import Lines
from tests.server.live_server import served

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
async def books(sqlite_url: str) -> AsyncIterator[TestBooks]:
    async with test_books(sqlite_url, Clock()) as books:
        yield books


class Sleeper:
    """Sleeps without losing time: the clock is set on instead, until a moment, at which it sleeps for good."""

    def __init__(self, clock: Clock, until: datetime) -> None:
        self.clock, self.until = clock, until
        self.is_over = asyncio.Event()
        self.naps: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.naps.append(seconds)
        if self.clock.now >= self.until:
            self.is_over.set()
            await asyncio.Event().wait()
        self.clock.now += timedelta(seconds=seconds)


async def watched(books: TestBooks, until: datetime) -> Sleeper:
    """Let a watch run until the clock has come to a moment."""
    sleeper = Sleeper(books.clock, until)
    watch = RunawayWatch(books.books, sleeper)
    await watch.open()
    async with asyncio.timeout(20):
        await sleeper.is_over.wait()
    await watch.close()
    return sleeper


# ---------------------------------------------------------------- in time


async def test_a_runaway_is_told_within_a_minute_of_the_end_of_its_hour_and_of_its_day(books: TestBooks) -> None:
    by_hour = await a_busy_tenant(books)
    await write(books, by_hour, MORNING, 100)
    by_day = await a_busy_tenant(books, a_day=100, zone=BERLIN)
    for hours in range(10):
        await write(books, by_day, MORNING + hours * HOUR, 90)

    books.clock.now = MORNING + HOUR / 2
    await watched(books, MORNING + DAY + HOUR)

    for tenant, end in ((by_hour, MORNING + HOUR), (by_day, a_day(TUESDAY, BERLIN).end)):
        (alert,) = await told(books, tenant)
        assert timedelta(0) < alert.raised_at - end < timedelta(minutes=1)


async def test_it_sleeps_between_the_quarters_of_an_hour(books: TestBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[datetime] = []

    async def look(watch: RunawayWatch) -> bool:
        looks.append(books.clock.now)
        return True

    monkeypatch.setattr(RunawayWatch, "look", look)
    books.clock.now = start = datetime(2026, 3, 10, 12, 7, tzinfo=UTC)
    sleeper = await watched(books, start + timedelta(minutes=40))

    seconds = [(at - start.replace(minute=0)).total_seconds() for at in looks]
    assert seconds == [7 * 60 + 10, 15 * 60 + 10, 30 * 60 + 10, 45 * 60 + 10]
    assert 0 < min(sleeper.naps) <= max(sleeper.naps) <= 30


def test_the_next_quarter_begins_after_the_moment() -> None:
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert next_quarter(noon) == next_quarter(noon + timedelta(seconds=899)) == noon + timedelta(minutes=15)
    assert next_quarter(noon - timedelta(microseconds=1)) == noon


# ---------------------------------------------------------------- once, and nothing forgotten


async def test_what_ended_while_no_server_ran_is_told_after_a_start_and_not_again(books: TestBooks) -> None:
    tenant = await a_busy_tenant(books)
    await write(books, tenant, MORNING, 100)
    books.clock.now = MORNING + 5 * DAY

    assert await RunawayWatch(books.books).look()
    assert await RunawayWatch(books.books).look()
    assert len(await told(books, tenant)) == 1


async def test_what_was_looked_at_is_not_looked_at_again(books: TestBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = await a_busy_tenant(books)
    await write(books, tenant, MORNING, 1)
    seen: list[list[Span]] = []

    async def find(reader: Any, tenant_id: UUID, zone: ZoneInfo, spans: list[Span]) -> Found:
        seen.append(spans)
        return {}

    monkeypatch.setattr(runaways, "find_runaways", find)
    watch = RunawayWatch(books.books)
    for now in (MORNING + HOUR / 4, MORNING + HOUR / 2, MORNING + HOUR, MORNING + 2 * HOUR):
        books.clock.now = now
        await watch.look()

    assert [len(spans) for spans in seen] == [7 + 1, 1, 1]
    assert [spans[-1].end for spans in seen] == [MORNING, MORNING + HOUR, MORNING + 2 * HOUR]


async def test_two_servers_tell_once(database_url: str) -> None:
    clock = Clock()
    async with test_books(database_url, clock) as books, test_books(database_url, clock) as others:
        tenant = await a_busy_tenant(books)
        await write(books, tenant, MORNING, 100)
        clock.now = MORNING + DAY

        watches = [RunawayWatch(one.books) for one in (books, others) for _ in range(2)]
        assert await asyncio.gather(*(watch.look() for watch in watches)) == [True] * 4
        assert len(await told(books, tenant)) == 1


async def test_a_failure_is_logged_and_made_up_for_and_others_do_not_wait(
    books: TestBooks, monkeypatch: pytest.MonkeyPatch, log_lines: Lines
) -> None:
    unlucky, other = await a_busy_tenant(books), await a_busy_tenant(books)
    for tenant in (unlucky, other):
        await write(books, tenant, MORNING, 100)
    books.clock.now = MORNING + HOUR
    tell = tell_of_runaways
    left = 3

    async def fails(work: Any, tenant_id: UUID, *given: Any) -> int:
        nonlocal left
        if tenant_id == unlucky and left:
            left -= 1
            raise OSError("The disk is full.")
        return await tell(work, tenant_id, *given)

    monkeypatch.setattr(runaways, "tell_of_runaways", fails)
    await watched(books, MORNING + HOUR + timedelta(minutes=5))

    (late,), (soon,) = await told(books, unlucky), await told(books, other)
    assert soon.raised_at == MORNING + HOUR + timedelta(seconds=10)
    assert late.raised_at - soon.raised_at == FIRST_RETRY * (1 + 2 + 4)
    warnings = [line for line in log_lines if line["log_level"] == "warning"]
    assert [line["reason"] for line in warnings] == ["OSError: The disk is full."] * 3


async def test_a_database_that_is_away_is_asked_again_less_and_less_often(
    books: TestBooks, monkeypatch: pytest.MonkeyPatch, log_lines: Lines
) -> None:
    looks: list[datetime] = []

    async def look(watch: RunawayWatch) -> bool:
        looks.append(books.clock.now)
        raise OSError("Nobody is there.")

    monkeypatch.setattr(RunawayWatch, "look", look)
    start = books.clock.now
    await watched(books, start + HOUR)

    apart = [later - earlier for earlier, later in pairwise(looks)]
    assert apart[:3] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY]
    assert max(apart) == LAST_RETRY
    assert len(log_lines) == len(looks)


# ---------------------------------------------------------------- in the server


ALERTED = "subscription ($tenant: ID!) { alertRaised(tenantId: $tenant) { kind message credits agent { id name } } }"
LISTED = "query ($tenant: ID!) { tenant(id: $tenant) { alerts { nodes { kind message credits agent { id name } } } } }"


async def test_the_alert_is_pushed_and_listed_with_its_agent(sqlite_url: str) -> None:
    async with served(sqlite_url) as live:
        tenant = await a_busy_tenant(live.books)
        id = type_id("tenant", tenant)
        await write(live.books, tenant, MORNING, 100)
        live.books.clock.now = a_day(TUESDAY, ZONE).end
        socket = await live.socket()
        await socket.subscribe(ALERTED, variables={"tenant": id})
        await live.followed()

        await RunawayWatch(live.books.books).look()
        pushed = (await socket.next())["alertRaised"]
        listed = (await socket.ask(LISTED, tenant=id))["tenant"]["alerts"]["nodes"]

    agent = {"id": type_id("agent", live.books.agents[tenant]), "name": "Ada"}
    assert (pushed["kind"], pushed["credits"], pushed["agent"]) == ("RUNAWAY_AGENT", "10", agent)
    assert pushed["message"].startswith('"Ada" used 10 credits on Tuesday, 2026-03-10, 10 times the usual 1')
    assert listed == [pushed]


@strawberry.type
class Query:
    is_there: bool = True


@pytest.mark.parametrize("watches", [True, False])
def test_a_server_watches_for_as_long_as_it_runs_unless_it_is_a_demo(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, watches: bool
) -> None:
    done: list[str] = []

    class Noted(RunawayWatch):
        async def open(self) -> None:
            done.append("opened")

        async def close(self) -> None:
            done.append("closed")

    monkeypatch.setattr(wiring, "RunawayWatch", Noted)
    settings = read_settings(database_url=sqlite_url)
    with TestClient(wiring.wired(settings, strawberry.Schema(Query), watches_agents=watches)):
        assert done == ["opened"] * watches
    assert done == ["opened", "closed"] * watches
