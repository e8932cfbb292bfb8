"""Budgets of agents: warned of once an interval, and stopping what has not begun, never what has happened."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from models.actions.holds import CallWish, authorize_call
from models.rules.ids import new_id
from models.rules.refusals import BudgetReached, Invalid, NotFound
from models.rules.words import BudgetAction, CallDirection, Interval
from tests.actions.spending import alerts, budget
from tests.books import NOON, TestBooks, micro

REACHED = "BUDGET_REACHED"


async def authorize(books: TestBooks, tenant: UUID, agent: UUID | None = None) -> None:
    books.made += 1
    wish = CallWish(tenant, agent or books.agents[tenant], f"hold-{books.made}", CallDirection.INBOUND)
    async with books.books.work() as work:
        await authorize_call(work, wish)


async def test_a_budget_that_is_reached_is_told_once_an_interval(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="100")
    await budget(books, tenant, "3", Interval.DAY)

    await books.call(tenant, minutes=2)
    assert await alerts(books, tenant) == []
    await books.call(tenant)
    await books.call(tenant)
    (alert,) = await books.rows("alert", tenant_id=tenant)
    assert (alert.kind, alert.credits, alert.agent_id) == (REACHED, micro("3"), books.agents[tenant])
    assert alert.message == '"Ada" has used 3 credits of its budget of 3 for this day.'

    books.clock.now += timedelta(days=1)
    await books.call(tenant, minutes=2)
    assert len(await alerts(books, tenant)) == 1
    await books.call(tenant)
    assert len(await alerts(books, tenant)) == 2


async def test_only_the_usage_of_the_interval_and_of_the_agent_counts(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="100")
    other = await books.an_agent(tenant)
    await budget(books, tenant, "5", Interval.WEEK)

    # NOON is a Tuesday: the Sunday before lies in another week.
    await books.call(tenant, minutes=4, at=NOON - timedelta(days=2))
    await books.call(tenant, minutes=4, agent_id=other)
    await books.call(tenant, minutes=4, at=NOON - timedelta(days=1))
    assert await alerts(books, tenant) == []

    await books.call(tenant)
    assert await alerts(books, tenant) == [(REACHED, micro("5"))]


async def test_intervals_are_those_of_the_tenants_time_zone(books: TestBooks) -> None:
    books.clock.now = datetime(2026, 3, 1, 3, tzinfo=UTC)
    tenant = await books.a_tenant(top_up="100", zone="America/New_York")
    await budget(books, tenant, "2", Interval.MONTH)

    # In New York it is still February.
    await books.call(tenant)
    books.clock.now += timedelta(hours=3)
    await books.call(tenant)
    assert await alerts(books, tenant) == []
    await books.call(tenant)
    assert await alerts(books, tenant) == [(REACHED, micro("2"))]


async def test_one_that_stops_refuses_the_next_call_but_records_what_happened(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="100")
    await budget(books, tenant, "2", Interval.DAY, BudgetAction.STOP)

    await authorize(books, tenant)
    await books.call(tenant, minutes=5)
    with pytest.raises(BudgetReached):
        await authorize(books, tenant)
    await books.call(tenant, minutes=5)
    await authorize(books, tenant, await books.an_agent(tenant))

    books.clock.now += timedelta(days=1)
    await authorize(books, tenant)


async def test_one_that_warns_stops_nothing(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="100")
    await budget(books, tenant, "2", Interval.DAY)
    await books.call(tenant, minutes=5)
    await authorize(books, tenant)


async def test_a_budget_that_is_used_up_already_is_told_of_at_once(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="100")
    await books.call(tenant, minutes=5)
    await budget(books, tenant, "2", Interval.DAY)
    assert await alerts(books, tenant) == [(REACHED, micro("2"))]

    # To stop instead of to warn is no news; a larger budget is reached anew.
    await budget(books, tenant, "2", Interval.DAY, BudgetAction.STOP)
    assert len(await alerts(books, tenant)) == 1
    await budget(books, tenant, "6", Interval.DAY)
    await books.call(tenant)
    assert len(await alerts(books, tenant)) == 2


async def test_a_budget_can_be_taken_away(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="100")
    await budget(books, tenant, "2", action=BudgetAction.STOP)
    assert (await books.account(tenant)).has_budgets
    await budget(books, tenant, None)

    await books.call(tenant, minutes=5)
    await authorize(books, tenant)
    assert await alerts(books, tenant) == []
    assert not (await books.account(tenant)).has_budgets


async def test_budgets_of_what_is_not_there_or_makes_no_sense_are_refused(books: TestBooks) -> None:
    tenant, other = await books.a_tenant(), await books.a_tenant()
    with pytest.raises(NotFound):
        await budget(books, tenant, "1", agent=new_id())
    with pytest.raises(NotFound):
        await budget(books, tenant, "1", agent=books.agents[other])
    with pytest.raises(Invalid):
        await budget(books, tenant, "1", Interval.YEAR)
