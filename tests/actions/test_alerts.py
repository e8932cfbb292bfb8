"""Alerts: once for each crossing, numbered by themselves, in the transaction that gives the reason."""

from datetime import timedelta

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.actions.holds import CallWish, authorize_call, release_hold
from models.rules.ids import type_id
from models.rules.words import CallDirection
from tests.actions.spending import alerts, warn_at
from tests.books import NOON, TestBooks, micro

LOW, OUT = "LOW_BALANCE", "OUT_OF_CREDITS"


async def test_a_threshold_warns_once_until_it_was_reached_again(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="12")
    await warn_at(books, tenant, "10")

    await books.call(tenant, minutes=2)
    assert await alerts(books, tenant) == []
    await books.call(tenant)
    await books.call(tenant)
    assert await alerts(books, tenant) == [(LOW, micro("10"))]

    await books.top_up(tenant, "2")
    await books.call(tenant)
    assert await alerts(books, tenant) == [(LOW, micro("10")), (LOW, micro("10"))]


async def test_one_batch_warns_of_every_threshold_that_it_crosses(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await warn_at(books, tenant, "2", "50", "3", "0")

    await books.call(tenant, minutes=5)
    await books.call(tenant)

    assert await alerts(books, tenant) == [(LOW, micro("3")), (LOW, micro("2")), (OUT, 0), (LOW, 0)]


async def test_credits_run_out_once(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="2")
    for _ in range(3):
        await books.call(tenant)
    assert await alerts(books, tenant) == [(OUT, 0)]

    await books.top_up(tenant, "2")
    await books.call(tenant, minutes=3)
    assert await alerts(books, tenant) == [(OUT, 0), (OUT, micro("-2"))]


async def test_what_is_set_aside_counts_as_gone(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="2")
    await warn_at(books, tenant, "2")
    wish = CallWish(tenant, books.agents[tenant], "call", CallDirection.INBOUND)

    async with books.books.work() as work:
        hold = await authorize_call(work, wish)
    async with books.books.work() as work:
        await release_hold(work, tenant, hold.id)

    assert await alerts(books, tenant) == [(LOW, micro("2"))]


async def test_new_thresholds_warn_of_what_happens_after_them(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await warn_at(books, tenant, "10")
    assert await alerts(books, tenant) == []

    await warn_at(books, tenant)
    await books.call(tenant)
    assert await alerts(books, tenant) == []


async def test_credits_that_expire_unseen_are_told_of_by_the_old_thresholds(books: TestBooks) -> None:
    tenant = await books.a_tenant()
    await books.grant(tenant, "5", expires_at=NOON + timedelta(days=1))
    await warn_at(books, tenant, "4")
    books.clock.now += timedelta(days=2)
    await warn_at(books, tenant, "1")
    assert await alerts(books, tenant) == [(LOW, micro("4")), (OUT, 0)]


async def test_alerts_are_numbered_and_rung_for_themselves_and_told_by_webhook(books: TestBooks) -> None:
    rung: list[dict[str, int]] = []
    books.books.alert_bell = lambda seqs: rung.append({str(id): seq for id, seq in seqs.items()})
    books.books.outbox = lambda: None
    tenant = await books.a_tenant(top_up="3")
    await warn_at(books, tenant, "2")
    await books.call(tenant, minutes=2)
    await books.call(tenant)

    rows = await books.rows("alert", "seq", tenant_id=tenant)
    assert [row.seq for row in rows] == [1, 2]
    assert rung == [{str(tenant): 1}, {str(tenant): 2}]
    assert rows[0].message == "Less than 2 credits are available: 1."
    first = (await books.rows("webhook_delivery", "id", tenant_id=tenant))[0]
    assert orjson.loads(first.body) == {
        "type": "alert.raised",
        "timestamp": "2026-03-10T12:00:00Z",
        "data": {
            "id": type_id("alert", rows[0].id),
            "tenantId": type_id("tenant", tenant),
            "seq": 1,
            "kind": "LOW_BALANCE",
            "raisedAt": "2026-03-10T12:00:00Z",
            "message": "Less than 2 credits are available: 1.",
            "agentId": None,
            "credits": "2",
        },
    }


STEPS = st.lists(st.tuples(st.sampled_from(["use", "buy"]), st.integers(1, 4)), max_size=8)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.integers(0, 6), max_size=3), STEPS)
async def test_every_crossing_and_nothing_else_is_told(
    books: TestBooks, thresholds: set[int], steps: list[tuple[str, int]]
) -> None:
    tenant = await books.a_tenant()
    await warn_at(books, tenant, *map(str, thresholds))
    expected, available = [], 0
    for step, credits in steps:
        before = available
        if step == "use":
            available -= credits
            await books.call(tenant, minutes=credits)
        else:
            available += credits
            await books.top_up(tenant, str(credits))
        crossed = sorted((t for t in thresholds if available < t <= before), reverse=True)
        expected += [(LOW, micro(str(threshold))) for threshold in crossed]
        expected += [(OUT, micro(str(available)))] if available <= 0 < before else []
    assert await alerts(books, tenant) == expected
