from datetime import timedelta

from models.actions.recording import Recorded
from models.rules.reports import CallReport, MessageReport
from models.rules.words import CallDirection
from tests.books import NOON, TestBooks, micro


async def test_a_call_takes_its_credits_from_the_account(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")

    await books.call(tenant, minutes=3)

    assert await books.available(tenant) == micro("7")
    assert await books.entries(tenant) == [("TOP_UP", 10), ("USAGE", -3)]


async def test_the_same_key_never_charges_twice(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")
    report = CallReport(books.agents[tenant], "call-1", CallDirection.INBOUND, NOON, NOON + timedelta(minutes=1))

    first, again = await books.record(tenant, report), await books.record(tenant, report)

    assert isinstance(first[0], Recorded)
    assert isinstance(again[0], Recorded)
    assert (first[0].id, again[0].is_duplicate) == (again[0].id, True)
    assert await books.available(tenant) == micro("9")


async def test_usage_beyond_all_grants_is_recorded_and_owed(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="1")

    await books.call(tenant, minutes=4)
    assert (await books.account(tenant)).overdrawn == micro("3")

    books.clock.now += timedelta(minutes=5)
    await books.top_up(tenant, "5")
    account = await books.account(tenant)
    assert (account.overdrawn, account.top_up_balance) == (0, micro("2"))
    assert await books.entries(tenant) == [("TOP_UP", 1), ("USAGE", -4), ("TOP_UP", 5)]


async def test_a_message_of_a_playground_costs_nothing_and_is_no_usage(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="1")

    (outcome,) = await books.record(tenant, MessageReport(books.agents[tenant], "m", NOON, is_playground=True))

    assert isinstance(outcome, Recorded)
    assert await books.available(tenant) == micro("1")
    assert await books.rows("usage_day", tenant_id=tenant) == []
