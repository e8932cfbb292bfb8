"""The demo: what its history looks like, that it is the same each time, and that its traffic goes on."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest

from models.actions.group_commit import Recorder
from models.actions.recording import Outcome, Submission
from models.actions.verification import verify
from models.rules.amounts import MICRO
from models.rules.reports import CallReport
from models.rules.words import Activity, EntryKind, InterviewStatus, Role
from server.database import DatabaseProblem
from server.demo import (
    DATABASE_URL,
    Demo,
    announcement,
    demo_database_url,
    history,
    live_traffic,
    prepare_demo,
    running_demo,
)
from server.demo.cast import BRIGHTPATH, NORTHWIND, TENANTS, Cast, TenantPart
from server.demo.happenings import happenings_of
from server.settings import read_settings
from tests.books import Clock, TestBooks, test_books

NOW = datetime(2026, 3, 11, 16, 20, tzinfo=UTC)
SHORT = tuple(replace(tenant, history_days=12) for tenant in TENANTS)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """The whole demo as `make run` shows it first."""
    file: Path = tmp_path_factory.mktemp("demo") / "demo.db"

    async def make() -> None:
        async with test_books(f"sqlite:///{file}", Clock(NOW)) as books:
            await prepare_demo(books.books)

    asyncio.run(make())
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def values(database: sqlite3.Connection, statement: str, *given: Any) -> list[Any]:
    """The rows of a statement; of one column, its values."""
    rows = [tuple(row) for row in database.execute(statement, given)]
    return [row[0] for row in rows] if rows and len(rows[0]) == 1 else rows


# ---------------------------------------------------------------- the shape of the history


def test_there_is_a_bit_more_than_a_year_and_it_grows(database: sqlite3.Connection) -> None:
    for tenant in TENANTS:
        days = dict(
            values(
                database,
                "SELECT day, sum(activities) FROM usage_day u JOIN tenant t ON t.id = u.tenant_id"
                " WHERE t.external_id = ? GROUP BY day ORDER BY day",
                tenant.external_id,
            )
        )
        counts = list(days.values())
        assert date.fromisoformat(min(days)) <= NOW.date() - timedelta(days=365)
        assert date.fromisoformat(max(days)) == NOW.date()
        assert sum(counts[-90:-3]) > 1.3 * sum(counts[:87])


def test_working_days_are_busy_and_weekends_are_not(database: sqlite3.Connection) -> None:
    days = values(
        database,
        "SELECT day, sum(activities) FROM usage_day u JOIN tenant t ON t.id = u.tenant_id"
        " WHERE t.external_id = ? GROUP BY day",
        BRIGHTPATH.external_id,
    )
    weekend = mean(count for day, count in days if date.fromisoformat(day).weekday() >= 5)
    week = mean(count for day, count in days if date.fromisoformat(day).weekday() < 5)

    assert week > 2 * weekend


@pytest.mark.parametrize(("agent", "zone"), [("demo-front-desk", NORTHWIND.zone), ("demo-scheduler", BRIGHTPATH.zone)])
def test_offices_work_by_the_clock_of_their_zone(database: sqlite3.Connection, agent: str, zone: ZoneInfo) -> None:
    starts = values(
        database, "SELECT started_at FROM call c JOIN agent a ON a.id = c.agent_id WHERE a.external_id = ?", agent
    )
    hours = Counter(datetime.fromisoformat(start).replace(tzinfo=UTC).astimezone(zone).hour for start in starts)

    assert sum(hours[hour] for hour in range(8, 18)) > 0.9 * len(starts)
    assert sum(hours[hour] for hour in range(7)) == 0


def test_most_calls_are_short_and_a_few_very_long(database: sqlite3.Connection) -> None:
    seconds = values(database, "SELECT duration_seconds FROM call WHERE connected_at IS NOT NULL")

    assert mean(seconds) > 1.3 * median(seconds)
    assert max(seconds) > 15 * median(seconds)


def test_every_kind_and_state_is_there(database: sqlite3.Connection) -> None:
    def found(statement: str) -> set[Any]:
        return set(values(database, statement))

    assert found("SELECT status FROM interview WHERE NOT is_simulation") == set(InterviewStatus)
    assert found("SELECT is_simulation FROM interview") == {0, 1}
    assert found("SELECT status FROM opening") == {"OPEN", "CLOSED"}
    assert found("SELECT status FROM top_up") >= {"SETTLED", "FAILED"}
    assert found("SELECT activity FROM usage_day") == {*Activity, ""}
    assert found("SELECT kind FROM entry") >= {
        EntryKind.GRANT,
        EntryKind.TOP_UP,
        EntryKind.USAGE,
        EntryKind.EXPIRY,
        EntryKind.ROLLOVER,
    }
    assert found("SELECT source FROM credit_grant") >= {"PLAN", "ROLLOVER", "TOP_UP", "PROMOTION", "ADJUSTMENT"}
    assert found("SELECT kind FROM alert") >= {"LOW_BALANCE", "BUDGET_REACHED", "TOP_UP_FAILED"}
    assert found("SELECT direction, connected_at IS NULL FROM call") == {
        (direction, missed) for direction in ("INBOUND", "OUTBOUND") for missed in (0, 1)
    }
    assert found("SELECT is_playground FROM message") == {0, 1}
    assert len(found("SELECT model FROM message WHERE model <> ''")) >= 3
    assert found("SELECT is_live FROM agent") == {0, 1}
    assert found("SELECT first_seconds, next_seconds, rollover FROM plan") == {(60, 60, "NONE"), (30, 30, "CAPPED")}


def test_one_agent_runs_away_in_the_last_days(database: sqlite3.Connection) -> None:
    days = values(
        database,
        "SELECT sum(activities) FROM usage_day u JOIN agent a ON a.id = u.agent_id"
        " WHERE a.external_id = 'demo-order-status' AND day < ? GROUP BY day ORDER BY day",
        NOW.date().isoformat(),
    )

    assert days[-1] > 5 * median(days[-31:-3])
    assert max(days[:-3]) < days[-1] / 2


def test_the_agent_that_runs_away_is_told_of_for_each_of_its_days(database: sqlite3.Connection) -> None:
    told = values(
        database,
        "SELECT a.external_id, l.raised_at, l.message FROM alert l JOIN agent a ON a.id = l.agent_id"
        " WHERE l.kind = 'RUNAWAY_AGENT' ORDER BY l.raised_at",
    )
    runaway = [(raised_at[:10], message) for agent, raised_at, message in told if agent == "demo-order-status"]

    assert [day for day, _ in runaway[-2:]] == ["2026-03-10", "2026-03-11"]
    assert all("More activities drove" in message for _, message in runaway[-2:])
    # On a year of normal traffic fewer than one false alarm for an agent and month: of late, one of 13 agents' month.
    assert len(told) - 2 < 13


# ---------------------------------------------------------------- its books


def test_every_credit_of_the_demo_is_explained(database: sqlite3.Connection) -> None:
    for id in values(database, "SELECT id FROM tenant"):
        check_ledger(
            values(database, "SELECT seq, credits, balance_after FROM entry WHERE tenant_id = ? ORDER BY seq", id),
            *values(
                database,
                "SELECT plan_balance + top_up_balance - overdrawn - held FROM account WHERE tenant_id = ?",
                id,
            ),
        )
        left = values(database, "SELECT id, remaining FROM credit_grant WHERE tenant_id = ?", id)
        moved = dict(
            values(
                database,
                "SELECT grant_id, sum(credits) FROM entry_allocation WHERE tenant_id = ? GROUP BY grant_id",
                id,
            )
        )
        assert {grant: rest for grant, rest in left if rest} == {grant: sum for grant, sum in moved.items() if sum}


def check_ledger(entries: list[Any], available: int) -> None:
    """No gap between the entries, each balance the one before and the entry's credits, the last one the account's."""
    balance = 0
    for position, (seq, credits, after) in enumerate(entries, start=1):
        balance += credits
        assert (seq, after) == (position, balance)
    assert balance == available


def test_balances_look_as_if_somebody_looked_after_them(database: sqlite3.Connection) -> None:
    left = dict(
        values(
            database,
            "SELECT t.external_id, plan_balance + top_up_balance - overdrawn"
            " FROM account a JOIN tenant t ON t.id = a.tenant_id",
        )
    )
    below = values(database, "SELECT balance_after < 0, count(*) FROM entry GROUP BY 1 ORDER BY 1")

    assert left[NORTHWIND.external_id] > 100 * MICRO
    assert 0 < left[BRIGHTPATH.external_id] < 70 * MICRO
    assert len(below) == 1 or below[1][1] < 0.01 * below[0][1]


def test_what_happened_was_recorded_soon_afterwards_and_in_order(database: sqlite3.Connection) -> None:
    entries = values(database, "SELECT occurred_at, recorded_at FROM entry ORDER BY tenant_id, seq")
    waited = [datetime.fromisoformat(recorded) - datetime.fromisoformat(at) for at, recorded in entries]
    recorded = values(database, "SELECT recorded_at FROM entry ORDER BY tenant_id, seq")

    assert max(waited) < timedelta(days=6)
    assert sum(later < earlier for earlier, later in pairwise(recorded)) <= 1


# ---------------------------------------------------------------- always the same


def cast_without_books(tenant: TenantPart, start: date) -> Cast:
    def id_of(name: str) -> UUID:
        return uuid5(UUID(int=0), name)

    agents = {part.external_id: id_of(part.external_id) for part in tenant.agents}
    return Cast(id_of("tenant"), id_of("plan"), start, agents, {"demo-member": id_of("member")}, {})


@pytest.mark.parametrize("tenant", TENANTS, ids=lambda tenant: tenant.external_id)
def test_the_same_day_of_the_story_is_always_the_same(tenant: TenantPart) -> None:
    start, day = date(2026, 1, 5), date(2026, 2, 4)
    cast = cast_without_books(tenant, start)
    once, again = happenings_of(tenant, cast, day), happenings_of(tenant, cast, day)

    assert once == again
    assert len(once) > 5


def test_the_demo_looks_the_same_from_whatever_day_it_is_started() -> None:
    week = timedelta(days=7)
    starts = [
        sorted(
            one.at - offset
            for one in happenings_of(
                NORTHWIND, cast_without_books(NORTHWIND, date(2026, 4, 6) + offset), date(2026, 5, 6) + offset
            )
            if isinstance(one.what, CallReport)
        )
        for offset in (timedelta(0), week)
    ]

    assert starts[0] == starts[1] != []


# ---------------------------------------------------------------- preparing again


@asynccontextmanager
async def short_demo(database_url: str, clock: Clock) -> AsyncIterator[tuple[TestBooks, Demo]]:
    async with test_books(database_url, clock) as books:
        yield books, await prepare_demo(books.books, tenants=SHORT)


async def state_of(books: TestBooks) -> dict[str, Any]:
    tables = ("tenant", "agent", "opening", "interview", "call", "message", "fact", "top_up", "credit_grant")
    state: dict[str, Any] = {name: sorted(map(str, await books.rows(name))) for name in tables}
    state["entry"] = await books.rows("entry", "tenant_id", "seq")
    state["usage_day"] = sorted(map(str, await books.rows("usage_day")))
    return state


async def test_preparing_twice_changes_nothing(database_url: str) -> None:
    async with short_demo(database_url, Clock(NOW)) as (books, _):
        before = await state_of(books)
        await prepare_demo(books.books, tenants=SHORT)

        assert await state_of(books) == before


async def test_the_days_on_which_no_server_ran_are_added(database_url: str) -> None:
    async with short_demo(database_url, Clock(NOW)) as (books, _):
        calls = {call.id for call in await books.rows("call")}
        books.clock.now += timedelta(days=3)
        await prepare_demo(books.books, tenants=SHORT)
        added = [call for call in await books.rows("call") if call.id not in calls]

        assert len({call.started_at.date() for call in added}) >= 3
        assert all(call.ended_at > NOW for call in added)
        for tenant in await books.rows("tenant"):
            entries = await books.rows("entry", "seq", tenant_id=tenant.id)
            check_ledger(
                [(entry.seq, entry.credits, entry.balance_after) for entry in entries],
                await books.available(tenant.id),
            )
            async with books.books.reading() as reader:
                assert (await verify(reader, tenant.id)).problems == []


async def test_a_history_that_fails_leaves_nothing_behind(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "give", lambda *given: 1 / 0)
    async with test_books(sqlite_url, Clock(NOW)) as books:
        late_gift = replace(NORTHWIND, history_days=12, gifts=(replace(NORTHWIND.gifts[1], day=6),))
        with pytest.raises(ZeroDivisionError):
            await prepare_demo(books.books, tenants=[late_gift])

        assert await books.rows("tenant") == []
        assert await books.rows("plan") == []


async def test_somebodys_own_books_are_not_filled_with_a_demo(sqlite_url: str) -> None:
    async with test_books(sqlite_url, Clock(NOW)) as books:
        await books.a_tenant()
        with pytest.raises(DatabaseProblem, match="tenants of your own"):
            await prepare_demo(books.books, tenants=SHORT)

        assert len(await books.rows("tenant")) == 1


async def test_tenants_that_were_made_in_the_demo_do_not_end_it(sqlite_url: str) -> None:
    async with short_demo(sqlite_url, Clock(NOW)) as (books, _):
        await books.a_tenant()
        await prepare_demo(books.books, tenants=SHORT)


# ---------------------------------------------------------------- keys and addresses


async def test_each_start_has_keys_of_its_own_for_every_role(sqlite_url: str) -> None:
    async with short_demo(sqlite_url, Clock(NOW)) as (books, first):
        second = await prepare_demo(books.books, tenants=SHORT)
        counting = [key for key in await books.rows("api_key") if key.revoked_at is None]

    assert {(key.role, key.tenant) for key in second.keys} == {
        (Role.OPERATOR, None),
        *((role, tenant.name) for role in (Role.ADMIN, Role.MEMBER, Role.RECORDER) for tenant in TENANTS),
    }
    assert len(counting) == len(second.keys)
    assert not {key.secret for key in first.keys} & {key.secret for key in second.keys}


async def test_the_announcement_tells_every_key_and_where_to_look(sqlite_url: str) -> None:
    async with short_demo(sqlite_url, Clock(NOW)) as (_, demo):
        text = announcement(demo, "http://localhost:8000")

    assert all(key.secret in text for key in demo.keys)
    for key in (demo.secret(Role.OPERATOR), *(demo.secret(Role.ADMIN, tenant.name) for tenant in TENANTS)):
        assert f" http://localhost:8000/#key={key}\n" in text
        assert f" http://localhost:8000/graphql#key={key}\n" in text


def test_without_a_database_the_demo_has_one_of_its_own() -> None:
    assert demo_database_url(read_settings()) == DATABASE_URL
    assert demo_database_url(read_settings(database_url="sqlite:///mine.db")) == "sqlite:///mine.db"


# ---------------------------------------------------------------- live traffic


class FastClock(Clock):
    """Runs many times as fast as others."""

    def __init__(self, pace: float) -> None:
        super().__init__(NOW)
        self.pace, self.began = pace, time.monotonic()

    def __call__(self) -> datetime:
        return self.now + timedelta(seconds=(time.monotonic() - self.began) * self.pace)


class FailsFirst(Recorder):
    failed = 0

    async def record(self, submission: Submission) -> list[Outcome]:
        if self.failed < 3:
            self.failed += 1
            raise OSError("The disk is full.")
        return await super().record(submission)


async def test_traffic_goes_on_while_the_server_runs_whatever_fails(database_url: str) -> None:
    async with short_demo(database_url, FastClock(60)) as (books, demo):
        recorder = FailsFirst(books.books)

        async def has_variety() -> bool:
            keys = [row for row in await books.rows("taken_key") if row.key.startswith("live/")]
            return len(keys) >= 20 and {row.kind for row in keys} > {"message"}

        async with traffic_of(books, recorder, demo):
            await until(has_variety)

        assert recorder.failed == 3


async def test_a_server_listens_while_the_demo_is_prepared_and_announced(sqlite_url: str) -> None:
    told: list[str] = []

    async def is_announced() -> bool:
        return "tg_" in told[-1] if told else False

    async with test_books(sqlite_url, Clock(NOW)) as books:
        recorder = Recorder(books.books)
        async with running_demo(books.books, recorder, "", "http://localhost:8000", told.append, SHORT):
            assert told == []
            await until(is_announced)

        assert len(told) == 5
        await recorder.close()


async def test_a_server_that_stops_while_the_demo_is_prepared_leaves_no_half_of_it(database_url: str) -> None:
    told: list[str] = []
    async with test_books(database_url, Clock(NOW)) as books:
        async with running_demo(books.books, Recorder(books.books), "", "http://localhost:8000", told.append):
            await asyncio.sleep(0.4)

        assert len(told) == 1
        assert await books.rows("tenant") == []


async def test_credits_are_bought_when_they_run_low(sqlite_url: str) -> None:
    async with short_demo(sqlite_url, FastClock(60)) as (books, demo):
        (tenant, cast), _ = demo.casts
        poor = replace(tenant, top_ups=replace(tenant.top_ups, below=1_000_000 * MICRO))

        async def has_bought() -> bool:
            return any(row.key.startswith("live/") and row.status == "SETTLED" for row in await books.rows("top_up"))

        async with traffic_of(books, Recorder(books.books), replace(demo, casts=((poor, cast),))):
            await until(has_bought)


@asynccontextmanager
async def traffic_of(books: TestBooks, recorder: Recorder, demo: Demo) -> AsyncIterator[None]:
    traffic = asyncio.create_task(live_traffic(books.books, recorder, demo, pace=60))
    try:
        yield
    finally:
        traffic.cancel()
        with suppress(asyncio.CancelledError):
            await traffic
        await recorder.close()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(8):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.05)
