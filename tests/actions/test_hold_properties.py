"""Whatever happens to holds, and in between, no credit is held twice and none is stranded."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.actions.holds import CallWish, Hold, authorize_call, extend_hold, release_hold
from models.actions.plan_changes import change_plan
from models.actions.refunds import RefundWish, refund_usage, void_grant
from models.rules.refusals import Expired, Invalid, TooFewCredits
from models.rules.words import CallDirection, ChangeWhen, HoldStatus, SubjectKind
from tests.books import NOON, Clock, TestBooks, micro, test_books

PICK = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("authorize"), st.none() | st.integers(1, 400)),
    st.tuples(st.just("extend"), PICK, st.integers(1, 900)),
    st.tuples(st.just("release"), PICK),
    st.tuples(st.just("call"), PICK, st.integers(0, 8)),
    st.tuples(st.just("late_call"), st.integers(0, 60), st.integers(0, 4)),
    st.tuples(st.just("refund"), PICK, st.integers(1, 4)),
    st.tuples(st.just("top_up"), st.integers(1, 5)),
    st.tuples(st.just("void"), PICK),
    st.tuples(st.just("change_plan"), st.sampled_from(ChangeWhen), st.integers(0, 1)),
    st.tuples(st.just("wait"), st.sampled_from([1, 8, 15, 60, 60 * 24 * 9])),
)


@dataclass
class Lived:
    """An account to which steps happen; those that the rules refuse change nothing."""

    books: TestBooks
    tenant: UUID
    plans: list[UUID]
    holds: list[Hold] = field(default_factory=list)
    calls: list[UUID] = field(default_factory=list)
    made: int = 0

    @property
    def now(self) -> datetime:
        return self.books.clock.now

    async def take(self, step: tuple[Any, ...]) -> None:
        self.made += 1
        try:
            await getattr(self, step[0])(*step[1:])
        except (TooFewCredits, Expired, Invalid):
            assert step[0] in ("authorize", "extend", "refund")
        await self.check()

    async def authorize(self, seconds: int | None) -> None:
        wish = CallWish(
            self.tenant, self.books.agents[self.tenant], f"hold-{self.made}", CallDirection.INBOUND, seconds
        )
        async with self.books.books.work() as work:
            self.holds.append(await authorize_call(work, wish))
        assert await self.books.available(self.tenant) >= 0

    async def extend(self, pick: int, seconds: int) -> None:
        if self.holds:
            before = self.holds[pick % len(self.holds)]
            async with self.books.books.work() as work:
                hold = await extend_hold(work, self.tenant, before.id, seconds)
            assert hold.status is HoldStatus.OPEN
            assert hold.seconds >= seconds
            assert await self.books.available(self.tenant) >= 0 or hold.credits == before.credits

    async def release(self, pick: int) -> None:
        if self.holds:
            async with self.books.books.work() as work:
                hold = await release_hold(work, self.tenant, self.holds[pick % len(self.holds)].id)
            assert hold.status is not HoldStatus.OPEN

    async def call(self, pick: int, minutes: int) -> None:
        hold = self.holds[pick % len(self.holds)].id if self.holds else None
        self.calls.append(await self.books.call(self.tenant, minutes, self.now - timedelta(minutes=9), hold_id=hold))

    async def late_call(self, days: int, minutes: int) -> None:
        self.calls.append(await self.books.call(self.tenant, minutes, self.now - timedelta(days=days, minutes=9)))

    async def refund(self, pick: int, credits: int) -> None:
        if self.calls:
            call = self.calls[pick % len(self.calls)]
            wish = RefundWish(self.tenant, SubjectKind.CALL, call, f"refund-{self.made}", "", credits * micro("1"))
            async with self.books.books.work() as work:
                await refund_usage(work, wish)

    async def top_up(self, credits: int) -> None:
        await self.books.top_up(self.tenant, str(credits), expires_at=self.now + timedelta(days=20))

    async def void(self, pick: int) -> None:
        grants = await self.books.rows("credit_grant", "effective_at", "id", tenant_id=self.tenant)
        if grants:
            async with self.books.books.work() as work:
                await void_grant(work, self.tenant, grants[pick % len(grants)].id, "")

    async def change_plan(self, when: ChangeWhen, pick: int) -> None:
        async with self.books.books.work() as work:
            await change_plan(work, self.tenant, self.plans[pick], when)

    async def wait(self, minutes: int) -> None:
        self.books.clock.now += timedelta(minutes=minutes)
        await self.books.settle(self.tenant)

    async def check(self) -> None:
        account = await self.books.account(self.tenant)
        holds = await self.books.rows("hold", "expires_at", tenant_id=self.tenant, status="OPEN")
        entries = await self.books.rows("entry", "seq", tenant_id=self.tenant)
        held = -sum(entry.credits for entry in entries if entry.kind in ("HOLD", "RELEASE"))
        assert account.held == sum(hold.credits for hold in holds) == held
        assert account.holds_end_at == (holds[0].expires_at if holds else None)
        assert await self.books.available(self.tenant) == sum(entry.credits for entry in entries)


@pytest.fixture
async def on_sqlite(tmp_path: Path) -> AsyncIterator[TestBooks]:
    async with test_books(f"sqlite:///{tmp_path / 'books.db'}", Clock()) as books:
        yield books


@pytest.fixture
async def on_postgresql(postgres_url: str) -> AsyncIterator[TestBooks]:
    async with test_books(postgres_url, Clock()) as books:
        yield books


async def live(books: TestBooks, steps: list[tuple[Any, ...]]) -> None:
    books.clock.now = NOON
    tenant = await books.a_tenant("7", anchor=date(2026, 1, 31), zone="Europe/Berlin", rollover="UNLIMITED")
    (first,) = await books.rows("tenant_plan", tenant_id=tenant)
    lived = Lived(books, tenant, [first.plan_id, await books.a_plan("15", first_seconds=30, next_seconds=6)])
    for step in steps:
        await lived.take(step)
    books.clock.now += timedelta(days=70)
    await books.settle(tenant)
    await lived.check()
    assert (await books.account(tenant)).held == 0
    await books.must_be_whole(tenant)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=5, max_size=16))
async def test_no_credit_is_held_twice_or_stranded(on_sqlite: TestBooks, steps: list[tuple[Any, ...]]) -> None:
    await live(on_sqlite, steps)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=5, max_size=16))
async def test_nor_is_any_on_postgresql(on_postgresql: TestBooks, steps: list[tuple[Any, ...]]) -> None:
    await live(on_postgresql, steps)
