"""Automatic top-ups: asked for once, in the transaction that made them necessary; paid, failed, capped."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.actions.credits import Settlement, settle_top_up
from models.actions.recharging import try_out
from models.actions.recording import Submission, record
from models.actions.spending_rules import set_auto_recharge
from models.rules.ids import new_id, type_id
from models.rules.periods import days_in
from models.rules.recharging import RechargeRule
from models.rules.refusals import Invalid, NotFound
from models.rules.reports import CallReport
from models.rules.words import CallDirection, TopUpStatus
from tests.actions.spending import Interrupted, alerts, automatic, bought, broken_off, failed, paid, recharge
from tests.books import NOON, TestBooks, micro

MINUTE = timedelta(minutes=1)
STEPS = st.lists(st.tuples(st.sampled_from(["use", "use", "wait", "pay", "fail"]), st.integers(1, 9)), max_size=10)


async def talk(books: TestBooks, tenant: UUID, minutes: int) -> None:
    """A call that has just ended."""
    start = books.clock.now
    books.clock.now += minutes * MINUTE
    await books.call(tenant, minutes, start)


async def test_credits_are_asked_for_once_less_than_the_threshold_is_available(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="12")
    await recharge(books, tenant, "10", "50")

    await books.call(tenant, minutes=2)
    assert await bought(books, tenant) == []
    await books.call(tenant, minutes=1)

    (top_up,) = await automatic(books, tenant)
    assert (top_up.credits, top_up.status, top_up.key) == (micro("50"), TopUpStatus.PENDING, "auto/4")
    entry = (await books.rows("entry", "seq", tenant_id=tenant))[-1]
    assert (entry.kind, entry.credits, entry.top_up_status, entry.subject_id) == ("TOP_UP", 0, "PENDING", top_up.id)
    assert await books.available(tenant) == micro("9")


async def test_a_batch_makes_one_purchase_after_all_of_it(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="12")
    await recharge(books, tenant, "10", "50")

    agent = books.agents[tenant]
    books.clock.now += 30 * MINUTE
    reports = [CallReport(agent, f"call-{n}", CallDirection.INBOUND, NOON, books.clock.now) for n in range(4)]
    await books.record(tenant, *reports)

    assert await bought(books, tenant) == [150]


async def test_what_is_pending_is_not_asked_for_again(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")
    await recharge(books, tenant, "10", "50")

    for _ in range(3):
        await books.call(tenant, minutes=5)
    assert await bought(books, tenant) == [50]

    await talk(books, tenant, minutes=60)
    assert await bought(books, tenant) == [50, 50]


async def test_a_purchase_that_was_asked_for_by_hand_counts_too(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await books.top_up(tenant, "30", settled=False)
    await recharge(books, tenant, "10", "50")

    assert await bought(books, tenant) == []


async def test_a_rule_buys_at_once_where_too_little_is_available_already(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await recharge(books, tenant, "10", "50", target="100")
    assert await bought(books, tenant) == [95]


async def test_a_rule_that_is_not_enabled_buys_nothing(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await recharge(books, tenant, "10", "50", enabled=False)
    await books.call(tenant)
    assert await bought(books, tenant) == []


async def test_a_paid_purchase_is_a_grant_that_says_where_it_came_from(books: TestBooks) -> None:
    tenant = await books.a_tenant()
    await books.call(tenant, minutes=5)
    await recharge(books, tenant, "10", "50")
    await paid(books, tenant)

    (grant,) = await books.rows("credit_grant", tenant_id=tenant, source="AUTO_RECHARGE")
    (top_up,) = await automatic(books, tenant)
    assert (grant.id, grant.amount, grant.remaining) == (top_up.id, micro("50"), micro("45"))
    assert await books.available(tenant) == micro("45")
    assert await bought(books, tenant) == [50]


async def test_a_boundary_that_nobody_saw_triggers_the_rule_for_who_comes_next(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="0", top_up="0")
    await books.grant(tenant, "20", expires_at=NOON + timedelta(days=2))
    await recharge(books, tenant, "10", "50")
    assert await bought(books, tenant) == []

    books.clock.now += timedelta(days=3)
    await books.settle(tenant)
    assert await bought(books, tenant) == [50]


# ---------------------------------------------------------------- failures


async def test_a_failure_raises_an_alert_and_pauses_the_rule(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await recharge(books, tenant, "10", "50")
    await failed(books, tenant)

    await books.call(tenant)
    assert await bought(books, tenant) == [50]
    assert (await alerts(books, tenant))[0] == ("TOP_UP_FAILED", micro("50"))
    (rule,) = await books.rows("auto_recharge", tenant_id=tenant)
    assert (rule.failures, rule.last_failure) == (1, "card declined")
    assert (await books.account(tenant)).recharge_again_at == NOON + 15 * MINUTE


async def test_after_the_pause_whoever_comes_next_asks_again(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await recharge(books, tenant, "10", "50")
    await failed(books, tenant)
    assert (await books.account(tenant)).due_at == NOON + 15 * MINUTE

    books.clock.now += 15 * MINUTE
    await books.settle(tenant)
    assert await bought(books, tenant) == [50, 50]
    assert (await books.account(tenant)).due_at > books.clock.now


async def test_pauses_grow_until_a_purchase_is_paid(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await recharge(books, tenant, "10", "50")
    pauses = []
    for _ in range(3):
        await failed(books, tenant)
        again_at = (await books.account(tenant)).recharge_again_at
        pauses.append((again_at - books.clock.now) // MINUTE)
        # Setting the rule anew is no success.
        await recharge(books, tenant, "10", "50")
        books.clock.now = again_at
        await books.settle(tenant)
    await paid(books, tenant)
    (rule,) = await books.rows("auto_recharge", tenant_id=tenant)
    assert (pauses, rule.failures, rule.last_failure) == ([15, 30, 60], 0, None)

    await talk(books, tenant, minutes=50)
    await failed(books, tenant)
    assert (await books.account(tenant)).recharge_again_at == books.clock.now + 15 * MINUTE


async def test_a_top_up_by_hand_that_fails_warns_but_does_not_pause(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="15")
    await recharge(books, tenant, "10", "50")
    id = await books.top_up(tenant, "7", settled=False)
    async with books.books.work() as work:
        await settle_top_up(work, Settlement(tenant, id, TopUpStatus.FAILED))

    assert await alerts(books, tenant) == [("TOP_UP_FAILED", micro("7"))]
    assert (await books.account(tenant)).recharge_again_at is None


# ---------------------------------------------------------------- the cap


async def test_the_cap_holds_for_each_period_and_is_told_once(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5", anchor=date(2026, 3, 1))
    await recharge(books, tenant, "10", "20", cap="50")
    for _ in range(4):
        await talk(books, tenant, minutes=20)
    assert await bought(books, tenant) == [20, 20]
    assert [kind for kind, _ in await alerts(books, tenant)].count("TOP_UP_FAILED") == 1

    books.clock.now = NOON + timedelta(days=25)
    await books.settle(tenant)
    assert await bought(books, tenant) == [20, 20, 40]


async def test_a_purchase_that_failed_does_not_use_up_the_cap(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await recharge(books, tenant, "10", "50", cap="50")
    await failed(books, tenant)
    books.clock.now += timedelta(hours=1)
    await books.settle(tenant)
    assert await bought(books, tenant) == [50, 50]


# ---------------------------------------------------------------- once, whole, or not at all


async def test_two_at_once_buy_once(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="12")
    await recharge(books, tenant, "10", "50")

    await asyncio.gather(*(books.call(tenant, minutes=3) for _ in range(10)))

    assert await bought(books, tenant) == [50]
    assert await books.available(tenant) == micro("-18")


async def test_many_who_find_the_pause_over_buy_once(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await recharge(books, tenant, "10", "50")
    await failed(books, tenant)
    books.clock.now += 15 * MINUTE

    await asyncio.gather(*(books.settle(tenant) for _ in range(10)))
    assert await bought(books, tenant) == [50, 50]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([None, "60", "200"]), st.sampled_from([None, "40"]), STEPS)
async def test_whatever_happens_a_rule_keeps_enough_on_its_way_and_to_its_cap(
    books: TestBooks, cap: str | None, target: str | None, steps: list[tuple[str, int]]
) -> None:
    tenant = await books.a_tenant(top_up="20")
    await recharge(books, tenant, "10", "15", target, cap)
    for step, amount in steps:
        await do(books, tenant, step, amount)
        account, top_ups = await books.account(tenant), await automatic(books, tenant)
        available = await books.available(tenant)
        pending = sum(row.credits for row in top_ups if row.status == TopUpStatus.PENDING)
        spent = sum(row.credits for row in top_ups if row.status != TopUpStatus.FAILED)
        if cap is None and account.recharge_again_at is None:
            assert available >= micro("10") or available + pending > micro("10")
        assert cap is None or spent <= micro(cap)
        assert len({row.key for row in top_ups}) == len(top_ups)


async def do(books: TestBooks, tenant: UUID, step: str, amount: int) -> None:
    has_pending = any(row.status == TopUpStatus.PENDING for row in (await automatic(books, tenant))[-1:])
    if step == "use":
        await talk(books, tenant, amount)
    elif step == "wait":
        books.clock.now += amount * 10 * MINUTE
        await books.settle(tenant)
    elif has_pending:
        await (paid if step == "pay" else failed)(books, tenant)


@pytest.mark.parametrize("outcome", [TopUpStatus.SETTLED, TopUpStatus.FAILED])
async def test_an_outcome_that_is_broken_off_anywhere_is_taken_once_in_the_end(
    books: TestBooks, outcome: TopUpStatus
) -> None:
    tenant = await books.a_tenant(top_up="5")
    await recharge(books, tenant, "10", "50")
    (top_up,) = await automatic(books, tenant)
    settlement = Settlement(tenant, top_up.id, outcome, failure="declined")
    before = await everything(books, tenant)

    for after in range(100):
        try:
            async with broken_off(books.books, after) as work:
                await settle_top_up(work, settlement)
            break
        except Interrupted:
            assert await everything(books, tenant) == before
    done = await everything(books, tenant)
    async with books.books.work() as work:
        await settle_top_up(work, settlement)

    assert after > 5
    assert await everything(books, tenant) == done
    is_paid = outcome is TopUpStatus.SETTLED
    assert await books.available(tenant) == micro("55" if is_paid else "5")
    assert len(await alerts(books, tenant)) == (0 if is_paid else 1)
    (rule,) = await books.rows("auto_recharge", tenant_id=tenant)
    assert rule.failures == (0 if is_paid else 1)


async def test_a_transaction_that_is_broken_off_anywhere_leaves_nothing_and_can_be_repeated(books: TestBooks) -> None:
    books.books.outbox = lambda: None
    tenant = await books.a_tenant(top_up="12")
    await recharge(books, tenant, "10", "50")
    before = await everything(books, tenant)
    books.clock.now += 20 * MINUTE
    report = CallReport(books.agents[tenant], "call", CallDirection.INBOUND, NOON, books.clock.now)

    for after in range(100):
        try:
            async with broken_off(books.books, after) as work:
                await record(work, [Submission(tenant, [report])])
            break
        except Interrupted:
            assert await everything(books, tenant) == before
    assert after > 10
    assert await bought(books, tenant) == [50]
    assert await alerts(books, tenant) == [("OUT_OF_CREDITS", micro("-8"))]
    assert len(await books.rows("webhook_delivery", tenant_id=tenant)) == 2


async def everything(books: TestBooks, tenant: UUID) -> list[object]:
    names = ("account", "entry", "entry_allocation", "credit_grant", "top_up", "call", "usage_day", "alert", "debt")
    return [sorted(map(repr, await books.rows(name, tenant_id=tenant))) for name in (*names, "webhook_delivery")]


# ---------------------------------------------------------------- webhooks


async def test_the_payment_system_is_asked_for_the_money(books: TestBooks) -> None:
    rung: list[bool] = []
    books.books.outbox = lambda: rung.append(True)
    tenant = await books.a_tenant(top_up="5")
    await recharge(books, tenant, "10", "50")

    (delivery,) = await books.rows("webhook_delivery", tenant_id=tenant)
    (top_up,) = await automatic(books, tenant)
    assert rung == [True]
    assert orjson.loads(delivery.body) == {
        "type": "topup.requested",
        "timestamp": "2026-03-10T12:00:00Z",
        "data": {
            "id": type_id("top_up", top_up.id),
            "tenantId": type_id("tenant", tenant),
            "credits": "50",
            "automatic": True,
            "requestedAt": "2026-03-10T12:00:00Z",
        },
    }


async def test_nothing_is_written_down_for_nobody(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5")
    await recharge(books, tenant, "10", "50")
    assert await books.rows("webhook_delivery", tenant_id=tenant) == []


# ---------------------------------------------------------------- trials


async def tried(books: TestBooks, tenant: UUID, rule: RechargeRule, first: date, last: date) -> list[tuple[int, int]]:
    """Credits bought and available before, in whole credits."""
    (row,) = await books.rows("tenant", id=tenant)
    days = days_in(row.time_zone)
    start, end = days.start_of(first), days.start_of(last + timedelta(days=1))
    async with books.books.reading(long=True) as reader:
        purchases = await try_out(reader, row, rule, start, end)
    return [(bought.credits // micro("1"), bought.available_before // micro("1")) for bought in purchases]


async def test_a_trial_tells_what_would_have_been_bought_and_buys_nothing(books: TestBooks) -> None:
    tenant = await books.a_tenant(anchor=date(2026, 1, 1))
    await books.grant(tenant, "30", effective_at=NOON - timedelta(days=40))
    for day in range(20):
        await books.call(tenant, minutes=5, at=NOON - timedelta(days=20 - day))
    entries = await books.entries(tenant)

    rule = RechargeRule(micro("10"), micro("25"))
    assert await tried(books, tenant, rule, date(2026, 1, 1), date(2026, 3, 31)) == [(25, 5)] * 4
    # A range that begins later begins with what was available then.
    assert await tried(books, tenant, rule, date(2026, 2, 26), date(2026, 2, 26)) == [(50, -15)]
    assert await books.entries(tenant) == entries
    assert await bought(books, tenant) == []


async def test_a_trial_of_a_rule_without_sense_is_refused(books: TestBooks) -> None:
    tenant = await books.a_tenant()
    with pytest.raises(Invalid):
        await tried(books, tenant, RechargeRule(0, 0), date(2026, 1, 1), date(2026, 2, 1))


async def test_a_rule_of_an_unknown_tenant_is_not_found(books: TestBooks) -> None:
    with pytest.raises(NotFound):
        async with books.books.work() as work:
            await set_auto_recharge(work, new_id(), RechargeRule(1, 1), enabled=True)
