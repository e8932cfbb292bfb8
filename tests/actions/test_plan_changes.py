"""Tenants go over to other plans."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from models.actions.plan_changes import change_plan
from models.rules.ids import new_id
from models.rules.refusals import NotFound
from models.rules.words import ChangeWhen
from tests.books import NOON, TestBooks, micro

DAY = timedelta(days=1)


async def change(books: TestBooks, tenant: UUID, plan: UUID, when: ChangeWhen) -> None:
    async with books.books.work() as work:
        await change_plan(work, tenant, plan, when)


async def test_the_next_period_begins_with_the_new_plan(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="10")
    plan = await books.a_plan("25")

    await change(books, tenant, plan, ChangeWhen.NEXT_PERIOD)
    assert await books.available(tenant) == micro("10")
    books.clock.now += timedelta(days=40)
    await books.settle(tenant)

    assert await books.entries(tenant) == [("GRANT", 10), ("EXPIRY", -10), ("GRANT", 25)]
    await books.must_be_whole(tenant)


async def test_a_change_at_once_grants_the_difference_for_the_days_that_are_left(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="10", anchor=date(2026, 3, 1))
    plan = await books.a_plan("20")

    await change(books, tenant, plan, ChangeWhen.NOW)

    # 22 of 31 days are left.
    assert await books.available(tenant) == micro("17.096774")
    (grant,) = await books.rows("credit_grant", tenant_id=tenant, amount=micro("7.096774"))
    assert (grant.pool, grant.source, grant.effective_at) == ("PLAN", "PLAN", NOON)
    assert grant.expires_at.date() == date(2026, 4, 1)
    books.clock.now += timedelta(days=30)
    await books.settle(tenant)
    assert await books.available(tenant) == micro("20")
    await books.must_be_whole(tenant)


async def test_a_smaller_plan_at_once_takes_nothing_away(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="10")

    await change(books, tenant, await books.a_plan("1"), ChangeWhen.NOW)

    assert await books.entries(tenant) == [("GRANT", 10)]
    await books.must_be_whole(tenant)


async def test_rates_change_at_once_and_not_for_what_was_before(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")
    await change(books, tenant, await books.a_plan(first_seconds=30, next_seconds=30), ChangeWhen.NOW)

    books.clock.now += timedelta(hours=1)
    half = timedelta(seconds=30)
    await books.call(tenant, ended_at=NOON - DAY + half, at=NOON - DAY)
    assert await books.available(tenant) == micro("9")
    await books.call(tenant, ended_at=NOON + half, at=NOON)
    assert await books.available(tenant) == micro("8.5")


async def test_a_later_wish_replaces_one_that_has_not_begun(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="10")
    (first,) = await books.rows("tenant_plan", tenant_id=tenant)

    await change(books, tenant, await books.a_plan("1"), ChangeWhen.NEXT_PERIOD)
    await change(books, tenant, await books.a_plan("2"), ChangeWhen.NEXT_PERIOD)
    assert len(await books.rows("tenant_plan", tenant_id=tenant)) == 2
    await change(books, tenant, first.plan_id, ChangeWhen.NEXT_PERIOD)
    assert await books.rows("tenant_plan", tenant_id=tenant) == [first]


async def test_changing_there_and_back_within_one_moment_grants_once(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="10")
    (first,) = await books.rows("tenant_plan", tenant_id=tenant)
    larger = await books.a_plan("20")

    for plan in (larger, first.plan_id, larger):
        await change(books, tenant, plan, ChangeWhen.NOW)

    assert await books.available(tenant) == micro("20")
    await books.must_be_whole(tenant)


@pytest.mark.parametrize(("monthly", "available"), [("20", "20"), ("4", "4")])
async def test_a_period_that_begins_at_this_very_moment_is_the_new_plans(
    books: TestBooks, monthly: str, available: str
) -> None:
    tenant = await books.a_tenant(monthly="10")
    books.clock.now = NOON + timedelta(days=30, hours=12)
    await books.settle(tenant)

    await change(books, tenant, await books.a_plan(monthly), ChangeWhen.NOW)

    assert await books.available(tenant) == micro(available)
    await books.must_be_whole(tenant)


async def test_a_boundary_that_was_settled_ahead_is_settled_by_the_new_plan(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="10")
    books.clock.now = NOON + timedelta(days=30, hours=11, minutes=58)
    await books.call(tenant, minutes=0, at=books.clock.now + timedelta(minutes=3))

    await change(books, tenant, await books.a_plan("4"), ChangeWhen.NOW)

    assert await books.available(tenant) == micro("4")
    await books.must_be_whole(tenant)


async def test_only_tenants_and_plans_that_exist_are_changed(books: TestBooks) -> None:
    tenant = await books.a_tenant()

    with pytest.raises(NotFound, match="plan"):
        await change(books, tenant, new_id(), ChangeWhen.NOW)
    with pytest.raises(NotFound, match="tenant"):
        await change(books, new_id(), await books.a_plan(), ChangeWhen.NOW)
