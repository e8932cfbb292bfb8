"""An action that is cut off between any two of its statements has not happened; tried again, it does whole."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.actions.credits import Settlement, settle_top_up
from models.actions.holds import CallWish, authorize_call, extend_hold, release_hold
from models.actions.plan_changes import change_plan
from models.actions.refunds import RefundWish, refund_usage, void_grant
from models.actions.settling import settle_if_due
from models.rules.facts import LONG_AGO
from models.rules.reports import CallReport
from models.rules.words import CallDirection, ChangeWhen, SubjectKind, TopUpStatus
from models.sessions import Session, Sessions
from models.unit_of_work import Books, UnitOfWork
from tests.books import NOON, TestBooks, micro

DAY = timedelta(days=1)


class CutOff(Exception):
    """The power went out."""


class Weak:
    """Sessions that break after so many statements."""

    turn = None

    def __init__(self, sessions: Sessions, statements: int) -> None:
        self._sessions, self.left = sessions, statements

    @asynccontextmanager
    async def open(self, *, long: bool = False) -> AsyncIterator[Any]:
        async with self._sessions.open(long=long) as session:
            yield WeakSession(session, self)

    async def close(self) -> None:
        raise AssertionError("What is under it is closed by itself.")


class WeakSession:
    def __init__(self, session: Session, weak: Weak) -> None:
        self._session, self._weak, self.dialect = session, weak, session.dialect

    def __getattr__(self, name: str) -> Any:
        if self._weak.left == 0:
            raise CutOff
        self._weak.left -= 1
        return getattr(self._session, name)


@dataclass
class Scene:
    """A tenant to whose books something is about to happen."""

    books: TestBooks
    tenant: UUID
    calls: list[UUID]
    holds: list[UUID]
    top_up: UUID

    @property
    def agent(self) -> UUID:
        return self.books.agents[self.tenant]


@pytest.fixture
async def scene(books: TestBooks) -> Scene:
    tenant = await books.a_tenant("9", anchor=date(2026, 2, 28), rollover="UNLIMITED", top_up="20")
    calls = [await books.call(tenant, minutes, NOON - minutes * DAY) for minutes in (6, 3, 8)]
    pending = await books.top_up(tenant, "7", settled=False)
    holds = []
    for key in ("first", "second"):
        async with books.books.work() as work:
            wish = CallWish(tenant, books.agents[tenant], key, CallDirection.INBOUND)
            holds.append((await authorize_call(work, wish)).id)
    books.clock.now += timedelta(minutes=2)
    return Scene(books, tenant, calls, holds, pending)


Act = Callable[[UnitOfWork, Scene], Awaitable[Any]]


async def authorize(work: UnitOfWork, scene: Scene) -> Any:
    return await authorize_call(work, CallWish(scene.tenant, scene.agent, "third", CallDirection.INBOUND, 120))


async def extend(work: UnitOfWork, scene: Scene) -> Any:
    return await extend_hold(work, scene.tenant, scene.holds[0], 300)


async def release(work: UnitOfWork, scene: Scene) -> Any:
    return await release_hold(work, scene.tenant, scene.holds[0])


async def refund(work: UnitOfWork, scene: Scene) -> Any:
    return await refund_usage(work, RefundWish(scene.tenant, SubjectKind.CALL, scene.calls[2], "refund", "Sorry."))


async def void(work: UnitOfWork, scene: Scene) -> Any:
    grants = await scene.books.rows("credit_grant", "id", tenant_id=scene.tenant, source="TOP_UP")
    return await void_grant(work, scene.tenant, grants[0].id, "By mistake.")


async def change(work: UnitOfWork, scene: Scene) -> Any:
    plans = await scene.books.rows("plan", "created_at", monthly_credits=micro("30"))
    return await change_plan(work, scene.tenant, plans[0].id, ChangeWhen.NOW)


async def pay(work: UnitOfWork, scene: Scene) -> Any:
    return await settle_top_up(work, Settlement(scene.tenant, scene.top_up, TopUpStatus.SETTLED))


ACTS: list[Act] = [authorize, extend, release, refund, void, change, pay]


async def state_of(scene: Scene) -> list[Any]:
    """All that the database holds of the tenant."""
    tables = ("account", "entry", "entry_allocation", "hold", "credit_grant", "top_up", "usage_day", "pool_day")
    more = ("log_count", "balance_day", "taken_key", "debt", "checkpoint", "tenant_plan", "call")
    return [sorted(map(repr, await scene.books.rows(name, tenant_id=scene.tenant))) for name in (*tables, *more)]


async def must_not_matter(scene: Scene, act: Callable[[Books], Awaitable[Any]]) -> None:
    """Cut an action off after each number of statements, until there are enough for all of it."""
    before = await state_of(scene)
    whole = scene.books.books
    for statements in range(200):
        weak = Books(Weak(whole.writes, statements), whole.reads, clock=whole.clock)
        try:
            await act(weak)
        except CutOff:
            assert await state_of(scene) == before
            continue
        assert statements > 3
        break
    assert await state_of(scene) != before
    await scene.books.must_be_whole(scene.tenant)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
async def test_an_action_happens_whole_or_not_at_all(scene: Scene, act: Act) -> None:
    await scene.books.a_plan("30")

    async def in_one(books: Books) -> None:
        async with books.work() as work:
            await act(work, scene)

    await must_not_matter(scene, in_one)


async def test_so_does_what_is_due(scene: Scene) -> None:
    scene.books.clock.now += 40 * DAY

    async def settle(books: Books) -> None:
        await settle_if_due(books, scene.tenant, LONG_AGO)

    await must_not_matter(scene, settle)


async def test_so_does_late_usage_that_is_folded_again(scene: Scene) -> None:
    start = NOON - 7 * DAY
    report = CallReport(
        scene.agent, "late", CallDirection.INBOUND, start, start + timedelta(minutes=4), hold_id=scene.holds[1]
    )

    async def record(books: Books) -> None:
        await replace(scene.books, books=books).record(scene.tenant, report)

    await must_not_matter(scene, record)
