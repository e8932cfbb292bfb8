"""Forecasting what is used, beside simpler methods, on published files, the demo's year and a made three years.

python -m benchmarks.forecasting

Each method looks ahead from many days of each past and knows only what came before them. Holt and Winters' method is
among them where statsmodels is installed, which the project does not need. The published files are read where they lie
beside the project.
"""

import asyncio
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import pi, sin
from random import Random
from statistics import mean, median
from uuid import UUID

from benchmarks.measuring import a_directory, show
from models.actions.forecasting import ForecastWish, forecast
from models.rules.backtesting import Tried
from models.rules.ids import new_id
from models.rules.seasons import FIRST_WEEK, WEEK, Method, Weeks
from models.rules.words import Activity, CallDirection
from models.tables.base import NOBODY
from models.tables.usage_sums import CREDITS_BY_DAY, TENANT, USAGE_DAY
from server.database import open_books
from server.demo.cast import TENANTS
from server.demo.history import write_history
from server.migrations import migrate
from tests.books import Clock, test_books
from tests.data.daily import Daily, published

ROWS_A_DAY = 20
NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
FOUR_WEEKS, TWELVE_WEEKS = 28, 84

Days = Sequence[int]
Look = Callable[[Days, int], Sequence[float]]
"""A past and a number of days: what is expected of each of them."""


# ---------------------------------------------------------------- methods


def same_weekdays(weeks: int) -> Look:
    """The mean of the same weekday in the last weeks; of one week it is the seasonal naive forecast."""

    def look(past: Days, days: int) -> Sequence[float]:
        recent = past[-weeks * WEEK :]
        recent = recent[len(recent) % WEEK :]
        week = [mean(recent[number::WEEK]) for number in range(WEEK)]
        return [week[number % WEEK] for number in range(days)]

    return look


def last_days(count: int) -> Look:
    return lambda past, days: [mean(past[-count:])] * days


def ours(method: Method | None) -> Look:
    """One of our methods, or the one that is chosen by the past itself."""

    def look(past: Days, days: int) -> Sequence[float]:
        weeks = Weeks.of(past)
        found = method or Tried(weeks).method
        if len(weeks) < FIRST_WEEK[found]:
            found = Method.STEADY
        return weeks.outlook(found, len(weeks)).by_day(-(-days // WEEK))[:days]

    return look


def holt_winters() -> dict[str, Look]:
    with suppress(ImportError):
        from statsmodels.tsa.holtwinters import ExponentialSmoothing

        def look(past: Days, days: int) -> Sequence[float]:
            if len(past) < 2 * WEEK:
                return last_days(WEEK)(past, days)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = ExponentialSmoothing(
                    [float(one) for one in past], trend="add", damped_trend=True, seasonal="add", seasonal_periods=WEEK
                )
                return [max(float(one), 0.0) for one in model.fit().forecast(days)]

        return {"Holt-Winters, damped": look}
    return {}


METHODS: dict[str, Look] = {
    "seasonal naive": same_weekdays(1),
    "same weekdays, 4 weeks": same_weekdays(4),
    "same weekdays, 8 weeks": same_weekdays(8),
    "mean of 28 days": last_days(FOUR_WEEKS),
    **holt_winters(),
    "ours, steady": ours(Method.STEADY),
    "ours, growing": ours(Method.GROWING),
    "ours, yearly": ours(Method.YEARLY),
    "**ours, chosen by its own past**": ours(None),
}


# ---------------------------------------------------------------- pasts


async def demo_years() -> list[Daily]:
    """The demo's history up to a fixed day, today left out."""
    url = f"sqlite:///{a_directory() / 'demo.db'}"
    await migrate(url)
    books = open_books(url, clock=lambda: NOW)
    for tenant in TENANTS:
        await write_history(books, tenant)
    found = []
    async with books.reading() as reader:
        for row in await reader.all(TENANT.select().order_by(TENANT.c.external_id)):
            used = {one.day: one.credits for one in await reader.all(CREDITS_BY_DAY, {"tenant_id": row.id})}
            first, count = min(used), (NOW.date() - min(used)).days
            credits = [used.get(first + timedelta(days=number), 0) for number in range(count)]
            found.append(Daily(row.external_id, first, credits))
    await books.close()
    return found


def three_years() -> Daily:
    """Made: a weekly and a strong yearly season, and noise."""
    random, first = Random("three years"), date(2023, 11, 1)
    credits = []
    for number in range(3 * 365):
        weekday = (1.3, 1.2, 1.2, 1.1, 1.1, 0.7, 0.4)[(first.weekday() + number) % WEEK]
        credits.append(int(10**8 * weekday * (1 + 0.6 * sin(2 * pi * number / 365.25)) * random.lognormvariate(0, 0.3)))
    return Daily("made, 3 years", first, credits)


# ---------------------------------------------------------------- measuring


def origins(past: Daily, days: int) -> range:
    """The days from which is looked ahead: weekly from the fourth week on, of a short past from the first on."""
    first = FOUR_WEEKS if len(past.credits) > 2 * FOUR_WEEKS else WEEK
    return range(first, len(past.credits) - days + 1, WEEK)


def errors(past: Daily, look: Look, days: int) -> str:
    """The absolute errors of days and those of their sums, each by what was used."""
    missed_days = missed_sums = used = 0.0
    for origin in origins(past, days):
        expected, happened = look(past.credits[:origin], days), past.credits[origin : origin + days]
        missed_days += sum(abs(one - other) for one, other in zip(expected, happened, strict=True))
        missed_sums += abs(sum(expected) - sum(happened))
        used += sum(happened)
    return f"{missed_days / used:.2f} / {missed_sums / used:.2f}" if used else "-"


def held(past: Daily, start: int, length: int) -> tuple[int, int]:
    """How many intervals of 80 % held what happened, and how many there were. The first six weeks have none."""
    hits = tries = 0
    for origin in range(6 * WEEK, len(past.credits) - start - length + 1, WEEK):
        tried = Tried(Weeks.of(past.credits[:origin]))
        margin = tried.margin(start, length)
        assert margin is not None
        expected = tried.weeks.outlook(tried.method, len(tried.weeks)).between(start, length)
        off = margin * (expected + tried.usual(length))
        happened = sum(past.credits[origin + start : origin + start + length])
        hits += expected - off <= happened <= expected + off
        tries += 1
    return hits, tries


async def cpu_of_a_forecast(days: int) -> tuple[float, float]:
    """Processor milliseconds for all of a forecast, and for reading its days alone, on an SQLite file."""
    async with test_books(f"sqlite:///{a_directory() / 'days.db'}", Clock(NOW)) as books:
        tenant = await books.a_tenant(top_up="1000000")
        async with books.books.work() as work:
            await work.insert(USAGE_DAY, list(rows_of_days(tenant, days)))
        (row,) = await books.rows("tenant", id=tenant)
        wish, rounds, reading = ForecastWish(3, 20.0), [], []
        async with books.books.reading(long=True) as reader:
            for _ in range(10):
                began = time.process_time()
                await reader.all(CREDITS_BY_DAY, {"tenant_id": tenant})
                reading.append((time.process_time() - began) * 1e3)
                began = time.process_time()
                await forecast(reader, row, wish, NOW)
                rounds.append((time.process_time() - began) * 1e3)
    return median(rounds), median(reading)


def rows_of_days(tenant: UUID, days: int) -> Iterator[tuple[object, ...]]:
    random, agents = Random(days), [new_id() for _ in range(ROWS_A_DAY)]
    for number in range(days):
        values = {"tenant_id": tenant, "day": NOW.date() - timedelta(days=number), "activity": Activity.CALL}
        values |= {"opening_id": NOBODY, "member_id": NOBODY, "model": "", "direction": CallDirection.INBOUND}
        for agent in agents:
            values |= {"agent_id": agent, "credits": random.randrange(10**7)}
            yield tuple(values.get(column.name, 1) for column in USAGE_DAY.columns)


async def main() -> None:
    pasts = [*published(), *await demo_years(), three_years()]
    for days in (FOUR_WEEKS, TWELVE_WEEKS):
        shown = [past for past in pasts if origins(past, days)] if days > FOUR_WEEKS else pasts
        rows = [("error of days / of their sum", *(past.name for past in shown))]
        for name, look in METHODS.items():
            rows.append((name, *(errors(past, look, days if origins(past, days) else WEEK) for past in shown)))
        show(f"{days} days ahead", rows)
    rows = [("intervals that held", *(past.name for past in pasts if len(past.credits) > FOUR_WEEKS))]
    for start, end in pairwise((0, 9, 39, 69)):
        counts = [held(past, start, end - start) for past in pasts if len(past.credits) > FOUR_WEEKS]
        rows.append((f"days {start + 1} to {end}", *(f"{hits} of {tries}" for hits, tries in counts)))
    show("Of the 80 % intervals", rows)
    rows = [("days of past", "a forecast", "of it reading the days")]
    for days in (10, 100, 365, 3 * 365):
        whole, reading = await cpu_of_a_forecast(days)
        rows.append((f"{days:,}", f"{whole:.1f} ms", f"{reading:.1f} ms"))
    show(f"Cpu of a forecast of three months, {ROWS_A_DAY} agents on every day", rows)


if __name__ == "__main__":
    asyncio.run(main())
