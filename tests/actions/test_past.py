"""Accounts as they stood, and what something would cost."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from models.actions.holds import CallWish, authorize_call
from models.actions.past import Past, Point, Standing
from models.actions.previews import Estimate, estimate_call, would_spend
from models.actions.refunds import RefundWish, refund_usage
from models.rules.periods import days_in
from models.rules.ranges import DayRange
from models.rules.refusals import Invalid
from models.rules.words import Activity, CallDirection, Interval, SubjectKind
from tests.books import NOON, TestBooks, micro

DAY, MOMENT = timedelta(days=1), timedelta(microseconds=1)
ZONE = "America/Sao_Paulo"


async def as_of(books: TestBooks, tenant: UUID, at: datetime) -> Standing:
    async with books.books.reading() as reader:
        return await Past(reader, tenant, days_in(ZONE), books.clock.now).standing(at)


async def history(
    books: TestBooks, tenant: UUID, first: date | None, last: date, every: Interval = Interval.DAY
) -> list[Point]:
    async with books.books.reading() as reader:
        past = Past(reader, tenant, days_in(ZONE), books.clock.now)
        return await past.history(DayRange(first, last) if first else None, every)


async def a_lively_tenant(books: TestBooks) -> UUID:
    """With periods, top-ups, calls in and out of order, a refund, and holds."""
    tenant = await books.a_tenant(monthly="20", anchor=date(2026, 1, 31), zone=ZONE, rollover="CAPPED", rollover_cap=5)
    await books.top_up(tenant, "30")
    call = await books.call(tenant, minutes=25, at=NOON - 8 * DAY)
    for days in (40, 3, 17, 1):
        await books.call(tenant, minutes=days, at=NOON - days * DAY)
    books.clock.now += timedelta(hours=3)
    async with books.books.work() as work:
        await refund_usage(work, RefundWish(tenant, SubjectKind.CALL, call, "refund", "", micro("7")))
    books.clock.now += DAY
    await books.top_up(tenant, "50", expires_at=NOON + 3 * DAY)
    async with books.books.work() as work:
        await authorize_call(work, CallWish(tenant, books.agents[tenant], "hold", CallDirection.INBOUND, 300))
    books.clock.now += 4 * DAY
    await books.call(tenant, minutes=2, at=NOON - timedelta(hours=1))
    await books.settle(tenant)
    return tenant


async def test_the_account_stood_where_the_entries_of_what_had_happened_leave_it(books: TestBooks) -> None:
    tenant = await a_lively_tenant(books)
    entries = await books.rows("entry", "seq", tenant_id=tenant)
    pools = {row.id: row.pool for row in await books.rows("credit_grant", tenant_id=tenant)}
    shares = await books.rows("entry_allocation", "seq", tenant_id=tenant)

    moments = {entry.occurred_at + shift for entry in entries for shift in (-MOMENT, timedelta(0), timedelta(hours=5))}
    for at in sorted(moment for moment in moments if moment <= books.clock.now):
        known = {entry.seq: entry for entry in entries if entry.occurred_at <= at}
        held = -sum(entry.credits for entry in known.values() if entry.kind in ("HOLD", "RELEASE"))
        balances = {"PLAN": 0, "TOP_UP": 0}
        for share in shares:
            if share.seq in known:
                balances[pools[share.grant_id]] += share.credits
        available = sum(entry.credits for entry in known.values())
        standing = await as_of(books, tenant, at)
        assert standing == Standing(at, max(known, default=0), available, held, balances["PLAN"], balances["TOP_UP"])
        assert standing.overdrawn >= 0
        assert standing.settled == standing.available + standing.held

    account = await books.account(tenant)
    now = await as_of(books, tenant, books.clock.now)
    assert (now.seq, now.available, now.overdrawn) == (account.seq, await books.available(tenant), account.overdrawn)
    await books.must_be_whole(tenant)


async def test_the_future_is_not_known_and_long_ago_there_was_nothing(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="5", zone=ZONE)

    with pytest.raises(Invalid) as refused:
        await as_of(books, tenant, NOON + MOMENT)
    assert refused.value.path == ("at",)
    long_ago = datetime(1, 1, 1, tzinfo=UTC)
    assert await as_of(books, tenant, long_ago) == Standing(long_ago, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("every", list(Interval))
async def test_each_point_of_history_is_the_standing_at_its_moment(books: TestBooks, every: Interval) -> None:
    tenant = await a_lively_tenant(books)
    today = books.clock.now.date()
    first = today - timedelta(days=7 if every is Interval.HOUR else 50)

    points = await history(books, tenant, first, today + DAY, every)

    assert points[-1].at == books.clock.now
    for point in points[:: 5 if every is Interval.HOUR else 1]:
        assert point.available == (await as_of(books, tenant, point.at)).available
    local = [point.at.astimezone(ZoneInfo(ZONE)) + MOMENT for point in points[:-1]]
    assert all((at.minute, at.second) == (0, 0) for at in local)
    if every is not Interval.HOUR:
        assert all(at.hour == 0 for at in local)
    if every is Interval.WEEK:
        assert all(at.weekday() == 0 for at in local)


async def test_history_of_all_time_begins_with_the_first_day_of_the_account(books: TestBooks) -> None:
    tenant = await a_lively_tenant(books)

    points = await history(books, tenant, None, NOON.date())

    assert points[0].at.astimezone(ZoneInfo(ZONE)).date() == date(2026, 1, 29)
    assert len(points) == (books.clock.now.date() - date(2026, 1, 29)).days + 1
    assert await history(books, tenant, books.clock.now.date() + DAY, books.clock.now.date() + 3 * DAY) == []


async def test_history_has_a_sensible_number_of_points(books: TestBooks) -> None:
    tenant = await books.a_tenant(zone=ZONE)

    with pytest.raises(Invalid):
        await history(books, tenant, date(1, 1, 1), date(9999, 12, 31))
    with pytest.raises(Invalid):
        await history(books, tenant, NOON.date() - 31 * DAY, NOON.date(), Interval.HOUR)
    assert len(await history(books, tenant, date(1, 1, 1), date(9999, 12, 31), Interval.YEAR)) == 57


# ---------------------------------------------------------------- previews


async def test_a_spend_would_take_the_grants_in_burn_order(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="3", top_up="4")
    await books.grant(tenant, "9", effective_at=NOON + DAY)

    async with books.books.reading() as reader:
        drawn = await would_spend(reader, tenant, micro("9"), NOON)
        with pytest.raises(Invalid):
            await would_spend(reader, tenant, -1, NOON)

    assert [(row.pool, part) for row, part in drawn.shares] == [("PLAN", micro("3")), ("TOP_UP", micro("4"))]
    assert drawn.shortfall == micro("2")
    assert await books.available(tenant) == micro("7")


async def estimate(books: TestBooks, tenant: UUID, seconds: int, translation: int = 0) -> Estimate:
    async with books.books.reading() as reader:
        available = await books.available(tenant)
        return await estimate_call(reader, tenant, seconds, translation, books.clock.now, available)


async def test_what_a_call_would_cost_is_what_it_costs(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")

    assert await estimate(books, tenant, 61) == Estimate(120, micro("2"), micro("8"), 600)
    assert await estimate(books, tenant, 61, 30) == Estimate(120, micro("2.5"), micro("7.5"), 540)
    beyond = await estimate(books, tenant, 601)
    assert (beyond.balance_after, beyond.would_overdraw) == (micro("-1"), True)


async def test_a_call_that_costs_nothing_may_last_for_ever(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="1")
    await books.call(tenant, minutes=3)
    await books.set_price(tenant, Activity.CALL, "0")

    free = await estimate(books, tenant, 61)

    assert (free.credits, free.would_overdraw, free.longest_seconds) == (0, False, None)


async def test_the_longest_call_fits_the_graphs_numbers(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="1000000")
    await books.set_price(tenant, Activity.CALL, "0.000001")

    assert (await estimate(books, tenant, 1)).longest_seconds == 2**31 - 1


@pytest.mark.parametrize(("seconds", "translation"), [(-1, 0), (2**31, 0), (60, 61), (60, -1)])
async def test_a_call_that_cannot_be_is_not_estimated(books: TestBooks, seconds: int, translation: int) -> None:
    tenant = await books.a_tenant()

    with pytest.raises(Invalid):
        await estimate(books, tenant, seconds, translation)
