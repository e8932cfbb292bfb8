"""The order in which the books learn of things never changes where an account ends up: through the database."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.actions import accounts, refolding
from models.actions.credits import GrantWish, TopUpWish, grant_credits, top_up
from models.actions.recording import Recorded, Submission, record
from models.actions.refunds import RefundWish, refund_usage, void_grant
from models.rules.reports import CallReport, DocumentReport, InterviewReport, MessageReport, Report
from models.rules.words import CallDirection, EntryKind, GrantSource, InterviewStatus, PoolKind, SubjectKind
from tests.actions.lives_of_accounts import BEGINNING, END, Happening, Life, lives
from tests.books import Clock, TestBooks, micro, test_books
from tests.rules.model_of_the_account import History, account_after

pytestmark = pytest.mark.anyio

REPORTED = ("call", "message", "interview", "document")


@pytest.fixture
async def on_sqlite(tmp_path: Path) -> AsyncIterator[TestBooks]:
    async with test_books(f"sqlite:///{tmp_path / 'books.db'}", Clock(BEGINNING)) as books:
        yield books


@pytest.fixture
async def on_postgresql(postgres_url: str) -> AsyncIterator[TestBooks]:
    async with test_books(postgres_url, Clock(BEGINNING)) as books:
        yield books


# ---------------------------------------------------------------- living it


@dataclass
class Lived:
    """An account to which everything of a life is happening, one transaction after the other."""

    books: TestBooks
    life: Life
    tenant: UUID
    opening: UUID
    interaction: UUID
    ids: dict[str, UUID] = field(default_factory=dict)

    @classmethod
    async def begin(cls, books: TestBooks, life: Life) -> "Lived":
        books.clock.now = BEGINNING
        plan: dict[str, Any] = {"rollover": life.rollover, "rollover_cap": life.cap}
        tenant = await books.a_tenant(str(life.monthly / micro("1")), life.anchor, life.zone, **plan)
        return cls(books, life, tenant, await books.an_opening(tenant), await books.an_interaction(tenant))

    async def live(self, happenings: Sequence[tuple[datetime, Happening]]) -> None:
        """What the books learn, with the moment at which they do."""
        sizes = iter(self.life.batches * 50)
        waiting: list[Happening] = []
        room = next(sizes)
        for learnt_at, one in happenings:
            if waiting and (one.kind not in REPORTED or learnt_at > self.books.clock.now or len(waiting) >= room):
                await self.report(waiting)
                waiting, room = [], next(sizes)
            self.books.clock.now = max(self.books.clock.now, learnt_at)
            if one.kind in REPORTED:
                waiting.append(one)
            else:
                await self.do(one)
        if waiting:
            await self.report(waiting)
        self.books.clock.now = END
        await self.books.settle(self.tenant)

    async def report(self, happenings: list[Happening]) -> None:
        outcomes = await self.books.record(self.tenant, *(self._report_of(one) for one in happenings))
        for one, outcome in zip(happenings, outcomes, strict=True):
            assert isinstance(outcome, Recorded), outcome
            self.ids[one.key] = outcome.id

    def _report_of(self, one: Happening) -> Report:
        agent, values = self.books.agents[self.tenant], one.values
        match one.kind:
            case "call":
                # Their last minute has just begun: ends must not lie far ahead either.
                end = one.at + timedelta(seconds=max(0, values["minutes"] * 60 - 59))
                return CallReport(agent, one.key, CallDirection.INBOUND, one.at, end)
            case "message":
                return MessageReport(agent, one.key, one.at)
            case "document":
                return DocumentReport(self.interaction, one.key, one.at, credits_consumed=values["credits"])
        status = InterviewStatus(values["status"])
        return InterviewReport(
            self.opening, one.key, values["candidate"], status, one.at, agent, progress=values["progress"]
        )

    async def do(self, one: Happening) -> None:
        values = one.values
        if one.kind == "top_up":
            credits, ends = values["credits"], values["ends"]
            self.ids[one.key] = await self.books.top_up(self.tenant, as_text(credits), one.key, expires_at=ends)
        elif one.kind == "grant":
            self.ids[one.key] = await self.books.grant(
                self.tenant,
                as_text(values["credits"]),
                one.key,
                pool=PoolKind(values["pool"]),
                source=GrantSource(values["source"]),
                priority=values["priority"],
                effective_at=one.at,
                expires_at=values["ends"],
            )
        elif one.kind == "refund":
            wish = RefundWish(
                self.tenant, SubjectKind.CALL, self.ids[values["call"]], one.key, "Sorry.", values["credits"]
            )
            async with self.books.books.work() as work:
                await refund_usage(work, wish)
        else:
            async with self.books.books.work() as work:
                await void_grant(work, self.tenant, self.ids[values["grant"]], "A mistake.")

    # ------------------------------------------------------------ how it ended

    async def standing(self) -> dict[str, Any]:
        """Where the account ended up, by keys and not by ids."""
        account = await self.books.account(self.tenant)
        grants = {row.id: row for row in await self.books.rows("credit_grant", tenant_id=self.tenant)}
        debts = await self.books.rows("debt", tenant_id=self.tenant)
        return {
            "available": await self.books.available(self.tenant),
            "overdrawn": account.overdrawn,
            "left": {(row.source, row.key): row.remaining for row in grants.values() if row.remaining},
            "owed": {(row.occurred_at, row.subject_kind, row.key): row.owed for row in debts},
            "paid": await self._paid(grants),
        }

    async def _paid(self, grants: dict[UUID, Any]) -> dict[tuple[str, str], dict[tuple[str, str], int]]:
        names = await self._names()
        entries = {row.seq: row for row in await self.books.rows("entry", tenant_id=self.tenant)}
        paid: dict[tuple[str, str], dict[tuple[str, str], int]] = {}
        for row in await self.books.rows("entry_allocation", tenant_id=self.tenant):
            entry = entries[row.seq]
            is_given_back = entry.kind == EntryKind.REFUND and entry.subject_id == row.activity_id
            if row.activity_id is not None and not is_given_back:
                by = (grants[row.grant_id].source, grants[row.grant_id].key)
                sums = paid.setdefault(names[row.activity_id], {})
                sums[by] = sums.get(by, 0) - row.credits
        return without_nothing(paid)

    async def _names(self) -> dict[UUID, tuple[str, str]]:
        names = {}
        for kind in ("call", "message", "document"):
            for row in await self.books.rows(kind, tenant_id=self.tenant):
                names[row.id] = (kind, row.external_id)
        for row in await self.books.rows("interview", tenant_id=self.tenant):
            names[row.id] = ("interview", row.candidate)
        return names

    async def as_of(self, at: datetime) -> int:
        """What the entries about all until a moment sum up to."""
        entries = await self.books.rows("entry", tenant_id=self.tenant)
        return sum(row.credits for row in entries if row.occurred_at <= at)


def as_text(credits: int) -> str:
    return f"{credits // 1_000_000}.{credits % 1_000_000:06d}"


def without_nothing(paid: dict[Any, dict[Any, int]]) -> dict[Any, dict[Any, int]]:
    found = {name: {by: part for by, part in parts.items() if part} for name, parts in paid.items()}
    return {name: parts for name, parts in found.items() if parts}


def expected(history: History) -> dict[str, Any]:
    account = account_after(history, END)
    return {
        "available": account.available,
        "overdrawn": account.overdrawn,
        "left": {name: left for name, left in account.remaining.items() if left},
        "owed": {(debt.at, debt.kind, debt.key): debt.credits for debt in account.owed},
        "paid": without_nothing(account.ever_paid),
    }


# ---------------------------------------------------------------- what is promised

ORDERS = {"call": 0, "message": 1, "interview": 2, "document": 3, "refund": 4, "void": 5, "grant": -2, "top_up": -1}


def in_time(life: Life) -> list[tuple[datetime, Happening]]:
    return [(one.at, one) for one in sorted(life.happenings, key=lambda one: (one.at, ORDERS[one.kind], one.key))]


def as_learnt(life: Life, places: list[int]) -> list[tuple[datetime, Happening]]:
    """In the order in which the books learn of them. What depends on others comes after those."""

    def order(pair: tuple[int, Happening]) -> tuple[datetime, bool, int, int]:
        place, one = pair
        return one.learnt_at or one.at, one.kind in ("refund", "void"), places[place % len(places)], place

    in_order = sorted(enumerate(life.happenings), key=order)
    return [(one.learnt_at or one.at, one) for _, one in in_order]


async def check_life(books: TestBooks, life: Life, places: list[int]) -> None:
    history = life.history()
    should = expected(history)
    for happenings in (in_time(life), as_learnt(life, places)):
        lived = await Lived.begin(books, life)
        await lived.live(happenings)
        assert await lived.standing() == should
        for at in {one.at for one in life.happenings}:
            assert await lived.as_of(at) == account_after(history, at).available, f"As of {at}."
        await books.must_be_whole(lived.tenant)


@given(life=lives(), places=st.lists(st.integers(0, 99), min_size=7, max_size=7))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_the_order_of_arrival_never_changes_where_an_account_ends_up_on_sqlite(
    on_sqlite: TestBooks, life: Life, places: list[int]
) -> None:
    await check_life(on_sqlite, life, places)


@given(life=lives(), places=st.lists(st.integers(0, 99), min_size=7, max_size=7))
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_the_order_of_arrival_never_changes_where_an_account_ends_up_on_postgresql(
    on_postgresql: TestBooks, life: Life, places: list[int]
) -> None:
    await check_life(on_postgresql, life, places)


@given(life=lives(most=30), places=st.lists(st.integers(0, 99), min_size=7, max_size=7), facts=st.integers(1, 5))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_states_kept_between_edges_change_nothing(
    on_sqlite: TestBooks, monkeypatch: pytest.MonkeyPatch, life: Life, places: list[int], facts: int
) -> None:
    monkeypatch.setattr(accounts, "FACTS_BETWEEN_CHECKPOINTS", facts)
    await check_life(on_sqlite, life, places)


# ---------------------------------------------------------------- by example


async def test_usage_at_the_moment_of_a_kept_state_is_not_lost_to_it(
    on_sqlite: TestBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "FACTS_BETWEEN_CHECKPOINTS", 1)
    on_sqlite.clock.now = BEGINNING
    tenant = await on_sqlite.a_tenant(top_up="9")
    on_sqlite.clock.now += timedelta(hours=1)
    hour_ago = BEGINNING

    for minute, key in ((10, "a"), (10, "b"), (20, "d"), (15, "c")):
        await on_sqlite.call(tenant, 1, hour_ago + timedelta(minutes=minute), key=key)

    assert await on_sqlite.available(tenant) == micro("5")
    await on_sqlite.must_be_whole(tenant)


async def test_two_top_ups_at_one_moment_are_both_there_when_the_account_is_folded_again(books: TestBooks) -> None:
    tenant = await books.a_tenant()
    await books.top_up(tenant, "2", "one")
    await books.top_up(tenant, "3", "two")
    await books.call(tenant, 1, books.clock.now - timedelta(minutes=1))

    assert await books.available(tenant) == micro("4")
    await books.must_be_whole(tenant)


async def test_a_call_names_the_entry_that_corrected_it_last_whoever_wrote_it(books: TestBooks) -> None:
    tenant = await books.a_tenant()
    call = await books.call(tenant, 2, books.clock.now - timedelta(hours=1))
    await books.grant(tenant, "5", effective_at=books.clock.now - timedelta(hours=2))

    (row,) = await books.rows("call", tenant_id=tenant, id=call)
    last = max(entry.seq for entry in await books.rows("entry", tenant_id=tenant, subject_id=call))
    assert (row.last_seq, last) == (3, 3)
    assert await books.available(tenant) == micro("3")


async def test_late_calls_that_cost_nothing_have_their_entries_too(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    start = books.clock.now - timedelta(hours=1)
    call = await books.call(tenant, 0, start)
    other = await books.call(tenant, 1, start - timedelta(minutes=1))

    kinds = {entry.subject_id: entry.kind for entry in await books.rows("entry", tenant_id=tenant)}
    assert kinds[call] == kinds[other] == EntryKind.USAGE
    await books.must_be_whole(tenant)


async def test_the_past_brought_in_in_order_is_not_folded_again_from_its_beginning(
    on_sqlite: TestBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded: list[int] = []

    def counting(account: Any, state: Any, facts: Sequence[Any], last_late: Any) -> Any:
        folded.append(len(facts))
        return fold(account, state, facts, last_late)

    fold = refolding._fold
    monkeypatch.setattr(refolding, "_fold", counting)
    on_sqlite.clock.now = END
    tenant = await on_sqlite.a_tenant("5", anchor=BEGINNING.date())
    for day in range(20):
        await on_sqlite.call(tenant, 1, BEGINNING + timedelta(days=day))

    # The call, and the boundaries since.
    assert max(folded[1:]) <= 4
    await on_sqlite.must_be_whole(tenant)


async def test_a_call_that_lies_a_little_ahead_can_be_refunded_at_once(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    call = await books.call(tenant, 2, books.clock.now + timedelta(minutes=2))

    async with books.books.work() as work:
        await refund_usage(work, RefundWish(tenant, SubjectKind.CALL, call, "refund", "", micro("1")))

    assert await books.available(tenant) == micro("4")
    await books.must_be_whole(tenant)


async def test_many_actions_may_share_a_transaction(books: TestBooks) -> None:
    tenant = await books.a_tenant("3", date(2026, 1, 31), rollover="UNLIMITED")
    now = books.clock.now
    call = await books.call(tenant, 4, now - timedelta(days=3))
    late = [
        CallReport(books.agents[tenant], f"late-{n}", CallDirection.INBOUND, start, start + timedelta(minutes=1))
        for n, start in enumerate([now - timedelta(days=20), now - timedelta(days=25), now])
    ]
    async with books.books.work() as work:
        await top_up(work, TopUpWish(tenant, "one", micro("2")))
        await record(work, [Submission(tenant, late[:1])])
        await grant_credits(work, GrantWish(tenant, "past", micro("1"), effective_at=now - timedelta(days=30)))
        await refund_usage(work, RefundWish(tenant, SubjectKind.CALL, call, "refund", "", micro("1")))
        await record(work, [Submission(tenant, late[1:])])
        await refund_usage(work, RefundWish(tenant, SubjectKind.CALL, call, "again", ""))

    # Twice 3 of the plan, 2 and 1 came in; 3 late calls cost 1 each, and the first nothing any more.
    assert await books.available(tenant) == micro("6")
    await books.must_be_whole(tenant)
