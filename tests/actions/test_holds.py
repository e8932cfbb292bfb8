"""Credits set aside for calls that are under way."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from models.actions.holds import CallWish, Hold, authorize_call, extend_hold, release_hold
from models.actions.recording import Recorded
from models.rules.refusals import Conflict, Expired, Invalid, NotFound, Refusal, TooFewCredits
from models.rules.reports import CallReport
from models.rules.words import Activity, CallDirection, HoldStatus
from server.database import open_books
from tests.books import NOON, TestBooks, micro


async def authorize(books: TestBooks, tenant: UUID, key: str = "call-1", seconds: int | None = None) -> Hold:
    async with books.books.work() as work:
        return await authorize_call(work, CallWish(tenant, books.agents[tenant], key, CallDirection.OUTBOUND, seconds))


async def extend(books: TestBooks, hold: Hold, seconds: int) -> Hold:
    async with books.books.work() as work:
        return await extend_hold(work, hold.tenant_id, hold.id, seconds)


async def release(books: TestBooks, hold: Hold) -> Hold:
    async with books.books.work() as work:
        return await release_hold(work, hold.tenant_id, hold.id)


async def held(books: TestBooks, tenant: UUID) -> int:
    return int((await books.account(tenant)).held)


async def test_the_price_of_the_first_step_is_held(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5", first_seconds=30, next_seconds=30)

    hold = await authorize(books, tenant)

    assert (hold.credits, hold.seconds, hold.longest_seconds) == (micro("0.5"), 30, 300)
    assert hold.expires_at == NOON + timedelta(minutes=15)
    assert (await books.available(tenant), await held(books, tenant)) == (micro("4.5"), micro("0.5"))
    assert await books.entries(tenant) == [("TOP_UP", 5), ("HOLD", -0.5)]


async def test_the_seconds_that_a_call_is_expected_to_last_are_held(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")

    hold = await authorize(books, tenant, seconds=61)

    assert (hold.credits, hold.seconds, hold.longest_seconds) == (micro("2"), 61, 300)


async def test_the_same_key_holds_once(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")

    first, again = await authorize(books, tenant), await authorize(books, tenant)

    assert first == again
    assert await held(books, tenant) == micro("1")
    with pytest.raises(Conflict):
        await authorize(books, tenant, seconds=120)


async def test_a_call_that_cannot_be_paid_is_refused_with_the_day_of_the_next_credits(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="0.5", zone="Asia/Tokyo")

    with pytest.raises(TooFewCredits) as refused:
        await authorize(books, tenant)

    assert (refused.value.needed, refused.value.available) == (micro("1"), micro("0.5"))
    assert str(refused.value.next_credits_on) == "2026-04-10"
    assert await books.rows("taken_key", tenant_id=tenant) == []


async def test_a_grant_that_lies_ahead_is_the_next_credits(books: TestBooks) -> None:
    tenant = await books.a_tenant()
    await books.grant(tenant, "5", effective_at=NOON + timedelta(days=3))

    with pytest.raises(TooFewCredits) as refused:
        await authorize(books, tenant)

    assert str(refused.value.next_credits_on) == "2026-03-13"


async def test_nobody_knows_the_next_credits_of_a_plan_that_grants_none(books: TestBooks) -> None:
    tenant = await books.a_tenant()

    with pytest.raises(TooFewCredits) as refused:
        await authorize(books, tenant)

    assert refused.value.next_credits_on is None


async def test_an_overdrawn_account_authorizes_no_call(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="1")
    await books.call(tenant, minutes=3)

    with pytest.raises(TooFewCredits) as refused:
        await authorize(books, tenant)

    assert refused.value.available == micro("-2")


async def test_a_call_that_costs_nothing_may_always_start(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="1")
    await books.call(tenant, minutes=3)
    await books.set_price(tenant, Activity.CALL, "0")

    hold = await authorize(books, tenant)

    assert (hold.credits, hold.longest_seconds) == (0, None)


async def test_an_agent_that_is_not_live_may_not_call(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="1")
    agent = await books.an_agent(tenant, is_live=False)
    other = await books.a_tenant()

    async with books.books.work() as work:
        with pytest.raises(Invalid, match="not live"):
            await authorize_call(work, CallWish(tenant, agent, "call-1", CallDirection.INBOUND))
    async with books.books.work() as work:
        with pytest.raises(NotFound):
            await authorize_call(work, CallWish(tenant, books.agents[other], "call-1", CallDirection.INBOUND))


@pytest.mark.parametrize("seconds", [0, -1, 31 * 86_400 + 1])
async def test_a_call_lasts_a_sensible_time(books: TestBooks, seconds: int) -> None:
    tenant = await books.a_tenant(top_up="1")

    with pytest.raises(Invalid):
        await authorize(books, tenant, seconds=seconds)


# ---------------------------------------------------------------- extending


async def test_a_hold_is_extended_to_cover_seconds_in_all(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    hold = await authorize(books, tenant)
    books.clock.now += timedelta(minutes=10)

    longer = await extend(books, hold, 150)

    assert (longer.credits, longer.seconds, longer.longest_seconds) == (micro("3"), 150, 300)
    assert longer.expires_at == NOON + timedelta(minutes=25)
    assert await books.entries(tenant) == [("TOP_UP", 5), ("HOLD", -1), ("HOLD", -2)]


async def test_what_is_covered_already_is_never_lowered(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    hold = await authorize(books, tenant, seconds=180)
    books.clock.now += timedelta(minutes=1)

    same = await extend(books, hold, 60)

    assert (same.credits, same.seconds) == (micro("3"), 180)
    assert same.expires_at == NOON + timedelta(minutes=16)
    assert await books.entries(tenant) == [("TOP_UP", 5), ("HOLD", -3)]


async def test_a_hold_is_not_extended_beyond_what_is_available(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="2")
    hold = await authorize(books, tenant)

    with pytest.raises(TooFewCredits) as refused:
        await extend(books, hold, 150)

    assert (refused.value.needed, refused.value.available) == (micro("2"), micro("1"))
    assert await held(books, tenant) == micro("1")


async def test_a_hold_that_has_ended_is_not_extended(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    expired, released = await authorize(books, tenant, "call-1"), await authorize(books, tenant, "call-2")
    await release(books, released)
    books.clock.now += timedelta(minutes=15)

    for hold in (expired, released):
        with pytest.raises(Expired):
            await extend(books, hold, 60)


# ---------------------------------------------------------------- ending


async def test_a_hold_that_is_released_twice_is_given_back_once(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    hold = await authorize(books, tenant)

    first, again = await release(books, hold), await release(books, hold)

    assert first == again
    assert first.status is HoldStatus.RELEASED
    assert await books.available(tenant) == micro("5")
    assert await books.entries(tenant) == [("TOP_UP", 5), ("HOLD", -1), ("RELEASE", 1)]


async def test_a_hold_ends_on_time_though_nobody_was_there(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await authorize(books, tenant)
    later = await authorize(books, tenant, "call-2")
    await extend(books, later, 60)
    due = (await books.account(tenant)).due_at
    assert due == NOON + timedelta(minutes=15)

    books.clock.now += timedelta(days=2)
    await books.settle(tenant)
    await books.settle(tenant)

    assert await books.available(tenant) == micro("5")
    *_, first, second = await books.rows("entry", "seq", tenant_id=tenant)
    assert [(row.kind, row.occurred_at, row.recorded_at) for row in (first, second)] == [
        ("RELEASE", due, books.clock.now)
    ] * 2
    assert {row.status for row in await books.rows("hold", tenant_id=tenant)} == {"EXPIRED"}
    assert (await books.account(tenant)).holds_end_at is None


async def test_the_call_takes_its_price_and_gives_back_the_rest(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")
    hold = await authorize(books, tenant, seconds=300)

    await books.call(tenant, minutes=2, hold_id=hold.id)

    assert (await books.available(tenant), await held(books, tenant)) == (micro("8"), 0)
    assert (await books.rows("hold", tenant_id=tenant))[0].status == "SETTLED"
    assert (await books.account(tenant)).holds_end_at is None
    assert (await release(books, hold)).status is HoldStatus.SETTLED


async def test_a_second_call_with_the_same_hold_is_a_plain_charge(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")
    hold = await authorize(books, tenant)

    await books.call(tenant, hold_id=hold.id)
    await books.call(tenant, hold_id=hold.id)

    assert (await books.available(tenant), await held(books, tenant)) == (micro("8"), 0)


async def test_a_call_that_comes_after_its_hold_has_ended_is_a_plain_charge(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")
    hold = await authorize(books, tenant)
    books.clock.now += timedelta(minutes=16)

    await books.call(tenant, at=NOON, hold_id=hold.id)

    assert await books.entries(tenant) == [("TOP_UP", 10), ("HOLD", -1), ("RELEASE", 1), ("USAGE", -1)]
    assert (await books.rows("hold", tenant_id=tenant))[0].status == "EXPIRED"


async def test_a_call_may_not_take_the_hold_of_another_agent(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")
    hold = await authorize(books, tenant)
    report = CallReport(
        await books.an_agent(tenant), "call", CallDirection.INBOUND, NOON, NOON + timedelta(minutes=1), hold_id=hold.id
    )

    (outcome,) = await books.record(tenant, report)

    assert isinstance(outcome, Invalid)
    assert outcome.path == ("hold_id",)
    assert not isinstance(outcome, Recorded)


async def test_a_hold_stays_over_a_boundary(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="10")
    books.clock.now = NOON + timedelta(days=30, hours=11, minutes=50)
    hold = await authorize(books, tenant, seconds=600)
    books.clock.now += timedelta(minutes=14)

    await books.settle(tenant)

    account = await books.account(tenant)
    assert (account.plan_balance, account.held) == (micro("10"), micro("10"))
    await books.call(tenant, minutes=12, at=books.clock.now - timedelta(minutes=14), hold_id=hold.id)
    account = await books.account(tenant)
    assert (account.plan_balance, account.overdrawn, account.held) == (micro("8"), 0, 0)


async def test_200_calls_that_start_together_on_credits_for_6_are_6(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="6.9")

    async def one(number: int) -> Hold | Refusal:
        try:
            return await authorize(books, tenant, f"call-{number}")
        except Refusal as refusal:
            return refusal

    outcomes = await asyncio.gather(*(one(number) for number in range(200)))

    assert sum(isinstance(outcome, Hold) for outcome in outcomes) == 6
    assert sum(isinstance(outcome, TooFewCredits) for outcome in outcomes) == 194
    assert (await books.available(tenant), await held(books, tenant)) == (micro("0.9"), micro("6"))
    assert len(await books.rows("hold", tenant_id=tenant)) == 6


async def test_many_who_find_a_hold_due_give_it_back_once(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await authorize(books, tenant)
    books.clock.now += timedelta(minutes=15)

    await asyncio.gather(*(books.settle(tenant) for _ in range(20)))

    assert await books.entries(tenant) == [("TOP_UP", 5), ("HOLD", -1), ("RELEASE", 1)]


async def test_nor_do_several_servers_hold_a_credit_twice(books: TestBooks, database_url: str) -> None:
    tenant = await books.a_tenant(top_up="6.9")
    servers = [open_books(database_url, clock=books.clock) for _ in range(3)]

    async def one(number: int) -> bool:
        wish = CallWish(tenant, books.agents[tenant], f"call-{number}", CallDirection.INBOUND)
        try:
            async with servers[number % 3].work() as work:
                await authorize_call(work, wish)
        except TooFewCredits:
            return False
        return True

    assert sum(await asyncio.gather(*(one(number) for number in range(60)))) == 6
    assert (await books.available(tenant), await held(books, tenant)) == (micro("0.9"), micro("6"))
    await books.must_be_whole(tenant)
    for server in servers:
        await server.close()
