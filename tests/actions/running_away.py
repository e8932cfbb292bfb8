"""Agents that run away, for tests: a past that is the same every day, and then far more."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from models.rules.reports import MessageReport
from models.rules.words import AlertKind
from tests.books import TestBooks

ZONE = ZoneInfo("Asia/Kolkata")
"""Five and a half hours ahead: its hours end at half past."""
TUESDAY = date(2026, 3, 10)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MORNING = datetime(2026, 3, 10, 10, tzinfo=ZONE).astimezone(UTC)


async def a_busy_tenant(books: TestBooks, *, weeks: int = 5, a_day: int = 10, zone: ZoneInfo = ZONE) -> UUID:
    """A tenant whose agent has written so many messages, from 10 o'clock on, every day for some weeks until today."""
    books.clock.now = MORNING - weeks * 7 * DAY
    tenant = await books.a_tenant(top_up="100000", zone=zone.key)
    books.clock.now = MORNING
    agent = books.agents[tenant]
    days = range(weeks * 7, 0, -1)
    await books.record(tenant, *(report for n in days for report in messages(books, agent, MORNING - n * DAY, a_day)))
    return tenant


async def write(
    books: TestBooks, tenant: UUID, at: datetime, count: int, model: str | None = None, agent: UUID | None = None
) -> None:
    """Messages within an hour from a moment on: a tenth of a credit each, 2 credits with the large model."""
    books.clock.now = max(books.clock.now, at + HOUR)
    await books.record(tenant, *messages(books, agent or books.agents[tenant], at, count, model))


def messages(books: TestBooks, agent: UUID, at: datetime, count: int, model: str | None = None) -> list[MessageReport]:
    tokens = 1000 if model else None
    made = []
    for number in range(count):
        books.made += 1
        sent = at + number * HOUR / count
        made.append(MessageReport(agent, f"message-{books.made}", sent, model, None, tokens, 0 if tokens else None))
    return made


async def told(books: TestBooks, tenant: UUID) -> list[Any]:
    """The alerts that tell of runaway agents."""
    return list(await books.rows("alert", "seq", tenant_id=tenant, kind=AlertKind.RUNAWAY_AGENT))
