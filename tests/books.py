"""Books for tests: a database with tables, a clock that tests set, and short ways to make what they need."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, inspect, select

from models.actions.credits import GrantWish, TopUpWish, grant_credits, open_account, top_up
from models.actions.finishing import finish
from models.actions.interactions import InteractionWish, create_interaction
from models.actions.recording import Outcome, Recorded, Submission, record
from models.actions.settling import settle
from models.actions.tenants import set_plan_rates
from models.actions.verification import verify
from models.rules.amounts import MICRO
from models.rules.facts import LONG_AGO
from models.rules.ids import new_id
from models.rules.rating import Rate
from models.rules.reports import CallReport, Report
from models.rules.words import Activity, AgentChannel, CallDirection, RateUnit
from models.tables.base import metadata
from models.unit_of_work import Books
from server.database import open_books

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

RATES: tuple[tuple[str, str, str, str], ...] = (
    ("CALL", "", "MINUTE", "1"),
    ("TRANSLATION", "", "MINUTE", "0.5"),
    ("MESSAGE", "", "MESSAGE", "0.1"),
    ("MESSAGE", "large", "THOUSAND_TOKENS", "2"),
    ("INTERVIEW", "", "INTERVIEW", "1"),
    ("TRANSCRIPT", "", "MINUTE", "0.2"),
    ("FACT", "", "FACT", "0.05"),
    ("DOCUMENT", "", "DOCUMENT", "3"),
)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class TestBooks:
    """Books with shortcuts. Credits are given as text, as people write them."""

    __test__ = False

    books: Books
    clock: Clock
    made: int = 0
    agents: dict[UUID, UUID] = field(default_factory=dict, repr=False)

    def table(self, name: str) -> Any:
        return metadata.tables[name]

    async def add(self, table: str, **values: Any) -> UUID:
        values.setdefault("id", new_id())
        async with self.books.work() as work:
            await work.run(insert(self.table(table)).values(**values))
        id: UUID = values["id"]
        return id

    async def rows(self, table: str, *order: str, **where: Any) -> Sequence[Any]:
        columns = self.table(table).c
        statement = select(*columns).where(*(columns[name] == value for name, value in where.items()))
        async with self.books.reading() as reader:
            return await reader.all(statement.order_by(*(columns[name] for name in order)))

    async def a_plan(self, monthly: str = "0", **values: Any) -> UUID:
        values = {"name": "Base", "first_seconds": 60, "next_seconds": 60, "rollover": "NONE", **values}
        plan = await self.add("plan", monthly_credits=micro(monthly), created_at=self.clock.now, **values)
        rates = await self.add("rate_list", plan_id=plan, effective_from=LONG_AGO, recorded_at=self.clock.now)
        async with self.books.work() as work:
            for activity, model, unit, price in RATES:
                await work.run(
                    insert(self.table("rate")).values(
                        list_id=rates, activity=activity, model=model, unit=unit, credits=micro(price)
                    )
                )
        return plan

    async def a_tenant(
        self, monthly: str = "0", anchor: date | None = None, zone: str = "UTC", top_up: str = "0", **plan: Any
    ) -> UUID:
        """A tenant on a plan of its own, with an agent."""
        plan_id = await self.a_plan(monthly, **plan)
        tenant = new_id()
        async with self.books.work() as work:
            await work.run(
                insert(self.table("tenant")).values(
                    id=tenant,
                    name="Acme",
                    time_zone=zone,
                    created_at=self.clock.now,
                    anchor_day=anchor or self.clock.now.date(),
                )
            )
            await work.run(
                insert(self.table("tenant_plan")).values(
                    tenant_id=tenant, effective_at=LONG_AGO, plan_id=plan_id, recorded_at=self.clock.now
                )
            )
            await open_account(work, tenant)
        self.agents[tenant] = await self.an_agent(tenant)
        if micro(top_up):
            await self.top_up(tenant, top_up)
        return tenant

    async def an_agent(self, tenant: UUID, model: str | None = None, is_live: bool = True) -> UUID:
        return await self.add(
            "agent",
            tenant_id=tenant,
            name="Ada",
            channel=AgentChannel.VOICE,
            model=model,
            is_live=is_live,
            created_at=self.clock.now,
        )

    async def set_price(self, tenant: UUID, activity: Activity, credits: str, since: datetime | None = None) -> None:
        """From now or another moment on, this is the one price that the tenant's plan has."""
        (row,) = await self.rows("tenant_plan", tenant_id=tenant)
        unit = RateUnit.MINUTE if activity is Activity.CALL else RateUnit(activity)
        async with self.books.work() as work:
            rates = [Rate(activity, None, unit, micro(credits))]
            await set_plan_rates(work, row.plan_id, since or self.clock.now, rates)

    async def an_opening(self, tenant: UUID) -> UUID:
        return await self.add("opening", tenant_id=tenant, job_title="Baker", status="OPEN", created_at=self.clock.now)

    async def an_interaction(self, tenant: UUID, agent: UUID | None = None) -> UUID:
        self.made += 1
        async with self.books.work() as work:
            wish = InteractionWish(f"interaction-{self.made}", agent, None, self.clock.now)
            id: UUID = (await create_interaction(work, tenant, wish)).id
        return id

    async def top_up(self, tenant: UUID, credits: str, key: str | None = None, **more: Any) -> UUID:
        self.made += 1
        wish = TopUpWish(tenant, key or f"top-up-{self.made}", micro(credits), **more)
        async with self.books.work() as work:
            return await top_up(work, wish)

    async def grant(self, tenant: UUID, credits: str, key: str | None = None, **more: Any) -> UUID:
        self.made += 1
        wish = GrantWish(tenant, key or f"grant-{self.made}", micro(credits), **more)
        async with self.books.work() as work:
            return await grant_credits(work, wish)

    async def record(self, tenant: UUID, *reports: Report, all_or_none: bool = False) -> list[Outcome]:
        async with self.books.work() as work:
            return (await record(work, [Submission(tenant, reports, all_or_none)]))[0]

    async def call(self, tenant: UUID, minutes: int = 1, at: datetime | None = None, **more: Any) -> UUID:
        """Record a call that must be taken; its id."""
        self.made += 1
        start = at or self.clock.now
        report = CallReport(
            agent_id=more.pop("agent_id", self.agents.get(tenant)),
            key=more.pop("key", f"call-{self.made}"),
            direction=CallDirection.INBOUND,
            started_at=start,
            ended_at=more.pop("ended_at", start + timedelta(minutes=minutes)),
            **more,
        )
        (outcome,) = await self.record(tenant, report)
        assert isinstance(outcome, Recorded), outcome
        return outcome.id

    async def settle(self, tenant: UUID) -> None:
        async with self.books.work() as work:
            account = await settle(work, tenant)
            await finish(work, [account])

    async def account(self, tenant: UUID) -> Any:
        (row,) = await self.rows("account", tenant_id=tenant)
        return row

    async def available(self, tenant: UUID) -> int:
        row = await self.account(tenant)
        return int(row.plan_balance + row.top_up_balance - row.overdrawn - row.held)

    async def must_be_whole(self, tenant: UUID) -> None:
        """Prove the tenant's books."""
        async with self.books.reading(long=True) as reader:
            found = await verify(reader, tenant)
        assert found.ok, found.problems

    async def entries(self, tenant: UUID) -> list[tuple[str, int]]:
        """Kind and credits of each entry, in whole credits where they are whole."""
        return [(row.kind, row.credits / MICRO) for row in await self.rows("entry", "seq", tenant_id=tenant)]


def micro(credits: str) -> int:
    from models.rules.amounts import parse_credits

    return parse_credits(credits)


@asynccontextmanager
async def test_books(database_url: str, clock: Clock) -> AsyncIterator[TestBooks]:
    books = open_books(database_url, clock=clock)
    await make_tables(books)
    try:
        yield TestBooks(books, clock)
    finally:
        await books.close()


async def make_tables(books: Books) -> None:
    """Every table, where there is none yet."""
    async with books.writes.open() as session:
        if not await session.call(lambda connection: inspect(connection).has_table("tenant")):
            await session.call(metadata.create_all)


test_books.__test__ = False  # type: ignore[attr-defined]
