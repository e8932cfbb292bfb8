"""Two tenants in one database, each with a year of calls, ten agents and keys of its own."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from models.actions.group_commit import Recorder
from models.actions.keys import KeyWish, create_key
from models.actions.recording import Submission
from models.rules.ids import type_id
from models.rules.reports import CallReport
from models.rules.viewers import Viewer
from models.rules.words import CallDirection, Role
from server.migrations import migrate
from tests.books import Clock, TestBooks, test_books

CALLS, BATCH, AGENTS = 20_000, 1_000, 10
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Neighbour:
    """A tenant as its admins know it."""

    tenant: str
    agent: str
    keys: tuple[str, ...]


async def two_neighbours(url: str, keys: int) -> tuple[Neighbour, Neighbour]:
    await migrate(url)
    now = datetime.now(UTC)
    async with test_books(url, Clock(now)) as books:
        return await a_neighbour(books, now, keys), await a_neighbour(books, now, keys)


async def a_neighbour(books: TestBooks, now: datetime, keys: int) -> Neighbour:
    books.clock.now = now - YEAR - timedelta(days=1)
    tenant = await books.a_tenant(monthly="1000", top_up="900000000")
    agents = [books.agents[tenant], *[await books.an_agent(tenant) for _ in range(AGENTS - 1)]]
    books.clock.now = now
    recorder, random = Recorder(books.books), Random(1)
    for first in range(0, CALLS, BATCH):
        reports = [a_call(agents, now, number, random) for number in range(first, first + BATCH)]
        await recorder.record(Submission(tenant, reports))
    secrets = [await a_key(books, tenant) for _ in range(keys)]
    return Neighbour(type_id("tenant", tenant), type_id("agent", agents[0]), tuple(secrets))


def a_call(agents: list[UUID], now: datetime, number: int, random: Random) -> CallReport:
    start = now - YEAR + YEAR * number / CALLS
    end = start + timedelta(seconds=random.randint(1, 600))
    return CallReport(agents[number % AGENTS], f"call-{number}", CallDirection.INBOUND, start, min(end, now))


async def a_key(books: TestBooks, tenant: UUID) -> str:
    async with books.books.work() as work:
        _, secret = await create_key(work, Viewer(Role.OPERATOR), KeyWish("neighbour", Role.ADMIN, tenant), "")
    return secret
