"""All that can happen to an account, mixed: whole after every step, and where a plain, slow model puts it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.actions.credits import Settlement, settle_top_up
from models.actions.refunds import RefundWish, refund_usage, void_grant
from models.rules.refusals import Expired, Invalid, TooFewCredits
from models.rules.reports import DocumentReport
from models.rules.words import BudgetAction, ChangeWhen, GrantSource, Interval, PoolKind, SubjectKind, TopUpStatus
from tests.actions.spending import budget, recharge, warn_at
from tests.actions.test_hold_properties import PICK, Lived
from tests.books import NOON, Clock, TestBooks, micro, test_books
from tests.rules.model_of_the_account import Given, GivenBack, History, ModelAccount, Period, Used, account_after

DAY = timedelta(days=1)
ANCHOR, ZONE = date(2026, 1, 31), "Europe/Berlin"
MAY_BE_REFUSED = ("authorize", "extend", "refund", "settle_payment")

STEPS = st.one_of(
    st.tuples(st.just("authorize"), st.none() | st.integers(1, 400)),
    st.tuples(st.just("extend"), PICK, st.integers(1, 900)),
    st.tuples(st.just("release"), PICK),
    st.tuples(st.just("call"), PICK, st.integers(0, 8)),
    st.tuples(st.just("call"), PICK, st.integers(5, 9)),
    st.tuples(st.just("late_call"), st.integers(0, 60), st.integers(0, 6)),
    st.tuples(st.just("document"), st.integers(0, 40), st.integers(1, 5_000_000)),
    st.tuples(st.just("refund"), PICK, st.integers(1, 4)),
    st.tuples(st.just("give"), st.sampled_from(PoolKind), st.integers(-30, 20), st.integers(1, 40)),
    st.tuples(st.just("top_up"), st.integers(1, 5)),
    st.tuples(st.just("ask"), st.integers(1, 5)),
    st.tuples(st.just("settle_payment"), PICK, st.booleans()),
    st.tuples(st.just("settle_payment"), PICK, st.booleans()),
    st.tuples(st.just("rule"), st.integers(1, 9), st.integers(1, 9), st.none() | st.integers(5, 30), st.booleans()),
    st.tuples(st.just("thresholds"), st.lists(st.integers(0, 20), max_size=3)),
    st.tuples(
        st.just("budget"), st.none() | st.integers(1, 9), st.sampled_from([Interval.DAY, Interval.WEEK, Interval.MONTH])
    ),
    st.tuples(st.just("void"), PICK),
    st.tuples(st.just("change_plan"), st.sampled_from(ChangeWhen), st.integers(0, 2)),
    st.tuples(st.just("wait"), st.sampled_from([1, 15, 60 * 5, 60 * 24 * 9, 60 * 24 * 31, 60 * 24 * 45])),
)


@dataclass
class MixedLife(Lived):
    """An account to which all kinds of steps happen; those that the rules refuse change nothing."""

    interaction: UUID = field(default_factory=lambda: UUID(int=0))
    given_back: list[GivenBack] = field(default_factory=list)

    async def take(self, step: tuple[Any, ...]) -> None:
        self.made += 1
        try:
            await getattr(self, step[0])(*step[1:])
        except (TooFewCredits, Expired, Invalid):
            assert step[0] in MAY_BE_REFUSED
        await self.check()
        await self.books.must_be_whole(self.tenant)

    # ------------------------------------------------------------ more that happens

    async def document(self, days: int, credits: int) -> None:
        key, at = f"document-{self.made}", self.now - days * DAY
        await self.books.record(self.tenant, DocumentReport(self.interaction, key, at, credits_consumed=credits))

    async def refund(self, pick: int, credits: int) -> None:
        if not self.calls:
            return
        call = self.calls[pick % len(self.calls)]
        key = f"refund-{self.made}"
        wish = RefundWish(self.tenant, SubjectKind.CALL, call, key, "", credits * micro("1"))
        async with self.books.books.work() as work:
            await refund_usage(work, wish)
        (row,) = await self.books.rows("call", tenant_id=self.tenant, id=call)
        self.given_back.append(GivenBack(self.now, "call", key, credits * micro("1"), ("call", row.external_id)))

    async def give(self, pool: PoolKind, days: int, lasts: int) -> None:
        since = self.now + days * DAY
        more: dict[str, Any] = {"pool": pool, "source": GrantSource.ADJUSTMENT, "effective_at": since}
        await self.books.grant(self.tenant, "2.5", expires_at=since + lasts * DAY, **more)

    async def void(self, pick: int) -> None:
        """Of what was given or bought: the plain model knows of no others that are taken back."""
        of = {"tenant_id": self.tenant, "is_given": True}
        grants = await self.books.rows("credit_grant", "effective_at", "id", **of)
        if grants:
            async with self.books.books.work() as work:
                await void_grant(work, self.tenant, grants[pick % len(grants)].id, "")

    async def ask(self, credits: int) -> None:
        await self.books.top_up(self.tenant, str(credits), settled=False)

    async def settle_payment(self, pick: int, is_paid: bool) -> None:
        pending = await self.books.rows("top_up", "requested_at", "id", tenant_id=self.tenant, status="PENDING")
        if pending:
            outcome = TopUpStatus.SETTLED if is_paid else TopUpStatus.FAILED
            async with self.books.books.work() as work:
                await settle_top_up(work, Settlement(self.tenant, pending[pick % len(pending)].id, outcome))

    async def rule(self, threshold: int, amount: int, cap: int | None, enabled: bool) -> None:
        limit = None if cap is None else str(cap)
        await recharge(self.books, self.tenant, str(threshold), str(amount), cap=limit, enabled=enabled)

    async def thresholds(self, credits: list[int]) -> None:
        await warn_at(self.books, self.tenant, *map(str, sorted(set(credits))))

    async def budget(self, credits: int | None, every: Interval) -> None:
        amount = None if credits is None else str(credits)
        await budget(self.books, self.tenant, amount, every, BudgetAction.WARN)

    # ------------------------------------------------------------ what holds in between

    async def check(self) -> None:
        await super().check()
        account = await self.books.account(self.tenant)
        top_ups = await self.books.rows("top_up", tenant_id=self.tenant, status="PENDING")
        rules = await self.books.rows("auto_recharge", tenant_id=self.tenant, enabled=True)
        if rules and rules[0].monthly_cap is None and account.recharge_again_at is None:
            available, pending = await self.books.available(self.tenant), sum(row.credits for row in top_ups)
            assert available >= rules[0].threshold or available + pending > rules[0].threshold
        raised = await self.books.rows("alert", "seq", tenant_id=self.tenant)
        assert [row.seq for row in raised] == list(range(1, account.alert_seq + 1))

    # ------------------------------------------------------------ what the plain model makes of it

    async def history(self) -> History:
        """What was given, used and given back, and the periods of the plans that the tenant was on."""
        rows = self.books.rows
        plans = {row.id: row for row in await rows("plan")}
        terms = [(row.effective_at, plans[row.plan_id]) for row in await rows("tenant_plan", tenant_id=self.tenant)]
        grants = await rows("credit_grant", tenant_id=self.tenant, is_given=True)
        calls = [(row.started_at, "call", row) for row in await rows("call", tenant_id=self.tenant)]
        documents = [(row.created_at, "document", row) for row in await rows("document", tenant_id=self.tenant)]
        return History(
            [_given(row) for row in grants if row.voided_at is None or row.voided_at >= row.effective_at],
            [_period(n, terms) for n in range(60) if _boundary(n) <= self.now],
            [Used(at, kind, row.external_id, row.credits) for at, kind, row in (*calls, *documents) if row.credits],
            self.given_back,
        )

    async def must_stand_as(self, model: ModelAccount) -> None:
        account = await self.books.account(self.tenant)
        grants = await self.books.rows("credit_grant", tenant_id=self.tenant)
        debts = await self.books.rows("debt", tenant_id=self.tenant)
        assert await self.books.available(self.tenant) + account.held == model.available
        assert account.overdrawn == model.overdrawn
        left = {(row.source, row.key): row.remaining for row in grants if row.remaining and row.state != "AHEAD"}
        assert left == {name: credits for name, credits in model.remaining.items() if credits}
        assert {(row.occurred_at, row.key): row.owed for row in debts} == {
            (debt.at, debt.key): debt.credits for debt in model.owed
        }


def _given(row: Any) -> Given:
    voided_at = row.voided_at
    if voided_at is not None and row.expires_at is not None and voided_at >= row.expires_at:
        voided_at = None
    since, until = row.effective_at, row.expires_at
    return Given(row.source, row.key, row.pool, row.amount, since, until, row.priority, voided_at)


def _boundary(n: int) -> datetime:
    return datetime.combine(ANCHOR + relativedelta(months=n), datetime.min.time(), ZoneInfo(ZONE)).astimezone(UTC)


def _period(n: int, terms: list[tuple[datetime, Any]]) -> Period:
    begins = _boundary(n)
    new = max((term for term in terms if term[0] <= begins), key=lambda term: term[0])[1]
    before = max((term for term in terms if term[0] < begins), key=lambda term: term[0])[1]
    key = f"period/{ANCHOR + relativedelta(months=n)}"
    return Period(key, begins, _boundary(n + 1), new.monthly_credits, before.rollover, before.rollover_cap)


# ---------------------------------------------------------------- living it


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
    tenant = await books.a_tenant("7", ANCHOR, ZONE, rollover="UNLIMITED")
    (first,) = await books.rows("tenant_plan", tenant_id=tenant)
    plans = [
        first.plan_id,
        await books.a_plan("15", first_seconds=30, next_seconds=6),
        await books.a_plan("3", rollover="CAPPED", rollover_cap=micro("2")),
    ]
    life = MixedLife(books, tenant, plans, interaction=await books.an_interaction(tenant, books.agents[tenant]))
    for step in steps:
        await life.take(step)
        # Two of a kind at one moment have an order of their own; that is tried elsewhere.
        books.clock.now += timedelta(seconds=1)
    await books.settle(tenant)
    await life.must_stand_as(account_after(await life.history(), life.now))
    books.clock.now += 400 * DAY
    await books.settle(tenant)
    await life.check()
    await books.must_be_whole(tenant)
    await life.must_stand_as(account_after(await life.history(), life.now))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=6, max_size=18))
async def test_whatever_happens_the_books_are_whole_after_every_step(
    on_sqlite: TestBooks, steps: list[tuple[Any, ...]]
) -> None:
    await live(on_sqlite, steps)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=6, max_size=18))
async def test_so_they_are_on_postgresql(on_postgresql: TestBooks, steps: list[tuple[Any, ...]]) -> None:
    await live(on_postgresql, steps)
