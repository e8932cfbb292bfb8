"""Runaway agents are found when an hour or a day is over, and told of once, whoever looks and however often."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from models.actions.holds import CallWish, authorize_call
from models.actions.refunds import RefundWish, refund_usage
from models.actions.runaways import find_runaways, tell_of_runaways
from models.rules.runaways import Span, a_day, last_full_hour
from models.rules.words import CallDirection, SubjectKind
from models.unit_of_work import Books
from tests.actions.running_away import DAY, HOUR, MORNING, TUESDAY, ZONE, a_busy_tenant, told, write
from tests.actions.test_interrupted import CutOff, Weak
from tests.books import TestBooks, micro, test_books


async def look(books: TestBooks, tenant: UUID, *spans: Span) -> int:
    async with books.books.work() as work:
        return await tell_of_runaways(work, tenant, ZONE, await find_runaways(work, tenant, ZONE, spans))


async def look_at_day(books: TestBooks, tenant: UUID, day: date = TUESDAY) -> int:
    span = a_day(day, ZONE)
    books.clock.now = max(books.clock.now, span.end)
    return await look(books, tenant, span)


async def look_at_hour(books: TestBooks, tenant: UUID, until: datetime) -> int:
    books.clock.now = max(books.clock.now, until)
    return await look(books, tenant, last_full_hour(until, ZONE))


# ---------------------------------------------------------------- found, and what is said


async def test_a_tenfold_day_is_told_with_what_drove_it(books: TestBooks) -> None:
    tenant = await a_busy_tenant(books)
    await write(books, tenant, MORNING, 100)

    assert await look_at_day(books, tenant) == 1

    (alert,) = await told(books, tenant)
    assert alert.message == (
        '"Ada" used 10 credits on Tuesday, 2026-03-10, 10 times the usual 1 of a Tuesday. '
        "More activities drove it (+9 credits), not dearer ones (+0). Mostly messages: 100, usually 10."
    )
    assert (alert.agent_id, alert.credits) == (books.agents[tenant], micro("10"))
    assert alert.raised_at == a_day(TUESDAY, ZONE).end
    await books.must_be_whole(tenant)


async def test_a_dearer_mix_is_told_as_such(books: TestBooks) -> None:
    tenant = await a_busy_tenant(books)
    await write(books, tenant, MORNING, 12, "large")

    assert await look_at_day(books, tenant) == 1
    assert (await told(books, tenant))[0].message == (
        '"Ada" used 24 credits on Tuesday, 2026-03-10, 24 times the usual 1 of a Tuesday. '
        "Dearer activities drove most of it (+22.8 credits); more of them the rest (+0.2). "
        "Mostly messages of large: 12, usually 10."
    )


async def test_an_hour_is_told_of_at_its_end_by_the_clock_of_the_tenant(books: TestBooks) -> None:
    tenant = await a_busy_tenant(books)
    await write(books, tenant, MORNING, 100)

    assert await look_at_hour(books, tenant, MORNING + HOUR - timedelta(seconds=1)) == 0
    assert await look_at_hour(books, tenant, MORNING + HOUR) == 1
    assert (await told(books, tenant))[0].message == (
        '"Ada" used 10 credits on 2026-03-10 from 10:00 to 11:00, 10 times the usual 1 of that hour. '
        "More activities drove it (+9 credits), not dearer ones (+0). Mostly messages: 100, usually 10."
    )


async def test_a_usual_day_is_not_told_of(books: TestBooks) -> None:
    tenant = await a_busy_tenant(books)
    await write(books, tenant, MORNING, 20)

    assert await look_at_day(books, tenant) == 0
    assert await look_at_hour(books, tenant, MORNING + HOUR) == 0
    assert await told(books, tenant) == []


async def test_another_agent_is_judged_by_itself(books: TestBooks) -> None:
    tenant = await a_busy_tenant(books)
    busy = await books.an_agent(tenant)
    for days in range(28, -1, -1):
        await write(books, tenant, MORNING - days * DAY, 100, agent=busy)

    assert await look_at_day(books, tenant) == 0


async def test_an_agent_is_not_judged_before_it_is_known(books: TestBooks) -> None:
    tenant = await a_busy_tenant(books, weeks=1)
    await write(books, tenant, MORNING, 100)
    assert await look_at_day(books, tenant) == 0

    older = await a_busy_tenant(books, weeks=2)
    await write(books, older, MORNING, 100)
    assert await look_at_day(books, older) == 1


async def test_usage_that_arrives_after_its_hour_is_seen_at_the_end_of_the_day(books: TestBooks) -> None:
    tenant = await a_busy_tenant(books)
    assert await look_at_hour(books, tenant, MORNING + HOUR) == 0
    books.clock.now = MORNING + 6 * HOUR
    await write(books, tenant, MORNING, 100)

    assert await look_at_hour(books, tenant, MORNING + 7 * HOUR) == 0
    assert await look_at_day(books, tenant) == 1


async def test_an_hour_counts_what_was_used_and_not_what_was_set_aside_or_given_back(books: TestBooks) -> None:
    tenant = await a_busy_tenant(books)
    wish = CallWish(tenant, books.agents[tenant], "long", CallDirection.INBOUND, expected_seconds=6_000)
    books.clock.now = MORNING + HOUR / 2
    async with books.books.work() as work:
        await authorize_call(work, wish)
    call = await books.call(tenant, 25, MORNING)
    async with books.books.work() as work:
        await refund_usage(work, RefundWish(tenant, SubjectKind.CALL, call, "refund", "It was a test."))

    assert await look_at_hour(books, tenant, MORNING + HOUR) == 0
    await books.call(tenant, 4, MORNING)
    assert await look_at_hour(books, tenant, MORNING + HOUR) == 1
    assert (await told(books, tenant))[0].credits == micro("4")


async def test_a_model_is_named_only_where_most_went_to_it(books: TestBooks) -> None:
    tenant = await a_busy_tenant(books)
    for model, count in (("large", 6), ("small", 70), ("tiny", 70)):
        await write(books, tenant, MORNING, count, model)

    assert await look_at_day(books, tenant) == 1
    assert (await told(books, tenant))[0].message.endswith("Mostly messages: 146, usually 10.")


# ---------------------------------------------------------------- once


async def test_an_agent_is_told_of_once_a_day_by_the_hour_or_by_the_day(books: TestBooks) -> None:
    tenant = await a_busy_tenant(books)
    for hours in range(2):
        await write(books, tenant, MORNING + hours * HOUR, 100)
        await look_at_hour(books, tenant, MORNING + (hours + 1) * HOUR)
    await look_at_day(books, tenant)
    assert len(await told(books, tenant)) == 1

    # It goes on: the next day is another one.
    await write(books, tenant, MORNING + DAY, 100)
    await look_at_day(books, tenant, TUESDAY + DAY)
    assert len(await told(books, tenant)) == 2


async def test_two_who_look_at_once_tell_once(books: TestBooks, database_url: str) -> None:
    tenant = await a_busy_tenant(books)
    await write(books, tenant, MORNING, 100)
    books.clock.now = MORNING + DAY

    async with test_books(database_url, books.clock) as others:
        counts = await asyncio.gather(*(look_at_day(some, tenant) for some in (books, others) for _ in range(3)))

    assert sorted(counts) == [0, 0, 0, 0, 0, 1]
    assert len(await told(books, tenant)) == 1


async def test_who_is_cut_off_has_told_nobody_and_the_next_one_does(books: TestBooks) -> None:
    tenant = await a_busy_tenant(books)
    await write(books, tenant, MORNING, 100)
    books.clock.now = MORNING + DAY
    whole = books.books
    for statements in range(200):
        weak = replace(books, books=Books(Weak(whole.writes, statements), whole.reads, clock=whole.clock))
        try:
            assert await look_at_day(weak, tenant) == 1
        except CutOff:
            assert await told(books, tenant) == []
            assert await books.rows("runaway_day") == []
            continue
        assert statements > 10
        break

    assert await look_at_day(books, tenant) == 0
    assert len(await told(books, tenant)) == 1
    await books.must_be_whole(tenant)
