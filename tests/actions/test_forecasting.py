"""Forecasts from the books, on both databases."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.actions.forecasting import Forecast, ForecastWish, forecast
from models.actions.plan_changes import change_plan
from models.actions.recording import Recorded
from models.actions.refunds import RefundWish, refund_usage
from models.actions.settling import settle_if_due
from models.rules.amounts import MICRO
from models.rules.refusals import Invalid
from models.rules.reports import CallReport
from models.rules.words import CallDirection, ChangeWhen, SubjectKind
from tests.books import NOON, TestBooks

DAY = timedelta(days=1)


async def foreseen(books: TestBooks, tenant: UUID, months: int = 3, buffer_percent: float = 20.0) -> Forecast:
    await settle_if_due(books.books, tenant, (await books.account(tenant)).due_at)
    row: Any
    (row,) = await books.rows("tenant", id=tenant)
    async with books.books.reading(long=True) as reader:
        return await forecast(reader, row, ForecastWish(months, buffer_percent), books.clock.now)


async def used_daily(books: TestBooks, tenant: UUID, days: int, minutes: int = 10) -> list[UUID]:
    """A call of so many minutes on each of the days before today, at the present time of day."""
    length = timedelta(minutes=minutes)
    starts = [books.clock.now - number * DAY for number in range(days, 0, -1)]
    calls = [
        CallReport(
            books.agents[tenant], f"day {start}", CallDirection.INBOUND, started_at=start, ended_at=start + length
        )
        for start in starts
    ]
    outcomes = await books.record(tenant, *calls)
    return [outcome.id for outcome in outcomes if isinstance(outcome, Recorded)]


def shown(forecast: Forecast) -> list[tuple[str | float, ...]]:
    return [(str(month.month), *(credits / MICRO for credits in month[1:])) for month in forecast.months]


async def test_a_forecast_is_made_of_what_the_books_say(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="1000")
    await used_daily(books, tenant, 70)
    await books.call(tenant, 4)
    await books.must_be_whole(tenant)
    seen = await foreseen(books, tenant)

    # The 10th of March: nine days of 10, 4 so far today and 6 to come, and 21 days of 10.
    assert shown(seen) == [
        ("2026-03-01", 310, 310, 310, 372),
        ("2026-04-01", 300, 300, 300, 360),
        ("2026-05-01", 310, 310, 310, 372),
    ]
    assert seen.backtest_error == 0
    assert seen.method.startswith("70 days of past: the mean of the weeks so far")
    # 1000 - 704 are left: 6 today, and 29 days of 10.
    assert await books.available(tenant) == 296 * MICRO
    assert [str(day) for day in seen[1:4]] == ["2026-04-08"] * 3


async def test_a_forecast_changes_nothing(books: TestBooks) -> None:
    tenant = await books.a_tenant("100", top_up="50")
    await used_daily(books, tenant, 20)
    before = [await books.rows(table, tenant_id=tenant) for table in ("account", "credit_grant", "entry", "usage_day")]
    seen = await foreseen(books, tenant)

    assert await foreseen(books, tenant) == seen
    assert before == [
        await books.rows(table, tenant_id=tenant) for table in ("account", "credit_grant", "entry", "usage_day")
    ]


async def test_what_was_refunded_was_not_used(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="1000")
    calls = await used_daily(books, tenant, 9)
    async with books.books.work() as work:
        await refund_usage(work, RefundWish(tenant, SubjectKind.CALL, calls[-1], "refund", "", None))
    seen = await foreseen(books, tenant, 1)

    # Nine days of 10 of which one is back, which is today's; each day is expected to be as before.
    assert [month.expected for month in seen.months] == [(90 - 10 + 22 * 10) * MICRO]


async def test_days_are_those_of_the_tenant(books: TestBooks) -> None:
    # In Honolulu it is still the last of February.
    books.clock.now = datetime(2028, 3, 1, 8, tzinfo=UTC)
    zones = ("Pacific/Honolulu", "UTC", "Pacific/Kiritimati")
    tenants = [await books.a_tenant(zone=zone, anchor=date(2028, 1, 1), top_up="1000") for zone in zones]
    for tenant in tenants:
        await used_daily(books, tenant, 3)
    seen = [shown(await foreseen(books, tenant, 1))[0] for tenant in tenants]

    assert [month[:2] for month in seen] == [("2028-02-01", 40), ("2028-03-01", 310), ("2028-03-01", 310)]


async def test_the_plans_credits_and_grants_to_come_are_counted(books: TestBooks) -> None:
    tenant = await books.a_tenant("155", anchor=date(2026, 2, 15))
    await used_daily(books, tenant, 20, minutes=4)
    # 75 are left of the period that ends with the 14th, and 155 pay for any month of 4 a day.
    assert (await foreseen(books, tenant)).runs_out_on is None

    await books.call(tenant, 60, at=NOON - timedelta(hours=2))
    assert str((await foreseen(books, tenant)).runs_out_on) == "2026-03-14"

    await books.grant(tenant, "1", effective_at=NOON + 4 * DAY, expires_at=NOON + 40 * DAY)
    assert str((await foreseen(books, tenant)).runs_out_on) == "2026-03-14"
    await books.grant(tenant, "1", effective_at=NOON + 3 * DAY)
    assert (await foreseen(books, tenant)).runs_out_on is None


async def test_a_change_of_plans_that_is_to_come_is_counted(books: TestBooks) -> None:
    tenant = await books.a_tenant("311", anchor=date(2026, 3, 1))
    await used_daily(books, tenant, 9)
    smaller = await books.a_plan("100")
    assert (await foreseen(books, tenant)).runs_out_on is None
    async with books.books.work() as work:
        await change_plan(work, tenant, smaller, ChangeWhen.NEXT_PERIOD)

    assert str((await foreseen(books, tenant)).runs_out_on) == "2026-04-10"


async def test_boundaries_that_nobody_has_looked_at_are_counted_once(books: TestBooks) -> None:
    tenant = await books.a_tenant("100", anchor=date(2026, 3, 1))
    await used_daily(books, tenant, 9)
    books.clock.now += 60 * DAY
    seen = await foreseen(books, tenant)

    assert await books.available(tenant) == 100 * MICRO
    assert [str(month.month) for month in seen.months] == ["2026-05-01", "2026-06-01", "2026-07-01"]


async def test_an_overdrawn_account_has_run_out_today(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="15")
    await used_daily(books, tenant, 2)
    seen = await foreseen(books, tenant)

    assert [str(day) for day in seen[1:4]] == ["2026-03-10"] * 3


@pytest.mark.parametrize(("months", "buffer", "name"), [(0, 20.0, "months"), (3, 1e300, "buffer_percent")])
async def test_a_refused_wish_is_refused_before_anything_is_read(
    books: TestBooks, months: int, buffer: float, name: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await foreseen(books, await books.a_tenant(), months, buffer)
    assert refused.value.path == (name,)
