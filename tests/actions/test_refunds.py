"""Credits of something that was used are given back, and grants are taken back."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from models.actions.recording import Recorded
from models.actions.refunds import RefundWish, refund_usage, void_grant
from models.rules.refusals import Conflict, Invalid, NotFound
from models.rules.reports import CallReport, DocumentReport, InterviewReport, MessageReport, Report
from models.rules.words import Activity, CallDirection, InterviewStatus, PoolKind, SubjectKind
from tests.books import NOON, TestBooks, micro

DAY = timedelta(days=1)


async def refund(
    books: TestBooks,
    tenant: UUID,
    id: UUID,
    credits: str | None = None,
    key: str | None = None,
    kind: SubjectKind = SubjectKind.CALL,
) -> int:
    books.made += 1
    amount = None if credits is None else micro(credits)
    wish = RefundWish(tenant, kind, id, key or f"refund-{books.made}", "We are sorry.", amount)
    async with books.books.work() as work:
        return await refund_usage(work, wish)


async def void(books: TestBooks, tenant: UUID, grant: UUID) -> None:
    async with books.books.work() as work:
        await void_grant(work, tenant, grant, "Given by mistake.")


async def taken(books: TestBooks, tenant: UUID, report: Report) -> UUID:
    (outcome,) = await books.record(tenant, report)
    assert isinstance(outcome, Recorded), outcome
    return outcome.id


async def remaining(books: TestBooks, grant: UUID) -> int:
    (row,) = await books.rows("credit_grant", id=grant)
    return int(row.remaining)


async def used(books: TestBooks, tenant: UUID) -> dict[tuple[date, str], int]:
    """What roll-ups say was used, by day and activity."""
    sums: dict[tuple[date, str], int] = {}
    for row in await books.rows("usage_day", tenant_id=tenant):
        sums[row.day, row.activity] = sums.get((row.day, row.activity), 0) + row.credits
    return sums


async def test_all_that_was_charged_is_given_back_to_the_grant_that_paid(books: TestBooks) -> None:
    tenant = await books.a_tenant()
    grant = await books.top_up(tenant, "10")
    call = await books.call(tenant, minutes=4)
    books.clock.now += DAY

    seq = await refund(books, tenant, call)

    assert await books.available(tenant) == micro("10")
    assert await remaining(books, grant) == micro("10")
    assert await books.entries(tenant) == [("TOP_UP", 10), ("USAGE", -4), ("REFUND", 4)]
    (entry,) = await books.rows("entry", tenant_id=tenant, seq=seq)
    assert (entry.kind, entry.subject_id, entry.remarks) == ("REFUND", call, "We are sorry.")
    assert (entry.agent_id, entry.in_log) == (books.agents[tenant], True)
    assert (await books.rows("call", id=call))[0].refunded == micro("4")
    assert await used(books, tenant) == {
        (NOON.date(), "CALL"): micro("4"),
        ((NOON + DAY).date(), "CALL"): micro("-4"),
    }
    await books.must_be_whole(tenant)


async def test_the_same_key_gives_back_once(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")
    call = await books.call(tenant, minutes=4)

    first, again = await refund(books, tenant, call, "1", "key"), await refund(books, tenant, call, "1", "key")

    assert first == again
    assert await books.available(tenant) == micro("7")
    with pytest.raises(Conflict):
        await refund(books, tenant, call, "2", "key")


async def test_no_more_is_given_back_than_was_charged(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")
    call = await books.call(tenant, minutes=4)
    await refund(books, tenant, call, "3")

    for credits in ("1.000001", "0", "-1"):
        with pytest.raises(Invalid) as refused:
            await refund(books, tenant, call, credits)
        assert refused.value.path == ("credits",)
    await refund(books, tenant, call)
    with pytest.raises(Invalid, match="Nothing"):
        await refund(books, tenant, call)

    assert await books.available(tenant) == micro("10")


async def test_what_does_not_exist_is_not_refunded(books: TestBooks) -> None:
    tenant, other = await books.a_tenant(top_up="10"), await books.a_tenant(top_up="10")
    call = await books.call(other)

    with pytest.raises(NotFound):
        await refund(books, tenant, call)
    with pytest.raises(NotFound):
        await refund(books, other, call, kind=SubjectKind.MESSAGE)


async def test_grants_get_back_what_they_paid_in_reverse_order(books: TestBooks) -> None:
    tenant = await books.a_tenant()
    soon = await books.grant(tenant, "3", expires_at=NOON + 2 * DAY)
    later = await books.grant(tenant, "3", expires_at=NOON + 3 * DAY)
    call = await books.call(tenant, minutes=5)

    await refund(books, tenant, call, "2.5")

    assert (await remaining(books, soon), await remaining(books, later)) == (micro("0.5"), micro("3"))
    await books.must_be_whole(tenant)


async def test_what_is_owed_of_it_is_lowered_first(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="3")
    call = await books.call(tenant, minutes=5)

    await refund(books, tenant, call, "2.5")

    account = await books.account(tenant)
    assert (account.overdrawn, account.top_up_balance) == (0, micro("0.5"))
    await books.must_be_whole(tenant)


async def test_what_is_given_back_repays_other_debts(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="3")
    paid = await books.call(tenant, minutes=3)
    books.clock.now += timedelta(minutes=1)
    await books.call(tenant, minutes=2)

    await refund(books, tenant, paid)

    account = await books.account(tenant)
    assert (account.overdrawn, account.top_up_balance) == (0, micro("1"))
    await books.must_be_whole(tenant)


async def test_what_would_go_to_an_ended_grant_becomes_a_grant_of_its_pool(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="2", anchor=NOON.date())
    await books.grant(tenant, "3", expires_at=NOON + DAY)
    call = await books.call(tenant, minutes=5)
    books.clock.now = NOON + timedelta(days=40)

    await refund(books, tenant, call)

    given = {row.pool: row for row in await books.rows("credit_grant", tenant_id=tenant, source="REFUND")}
    assert {pool: row.remaining for pool, row in given.items()} == {"PLAN": micro("2"), "TOP_UP": micro("3")}
    assert given["PLAN"].expires_at.date() == date(2026, 5, 10)
    assert given["TOP_UP"].expires_at is None
    await books.must_be_whole(tenant)


async def test_a_translated_call_is_given_back_line_by_line(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")
    report = CallReport(
        books.agents[tenant], "call", CallDirection.INBOUND, NOON, NOON + timedelta(minutes=4), translation_seconds=120
    )
    call = await taken(books, tenant, report)
    books.clock.now += DAY
    tomorrow = books.clock.now.date()

    await refund(books, tenant, call, "4.3")
    assert await used(books, tenant) == {
        (NOON.date(), "CALL"): micro("4"),
        (NOON.date(), "TRANSLATION"): micro("1"),
        (tomorrow, "CALL"): micro("-4"),
        (tomorrow, "TRANSLATION"): micro("-0.3"),
    }

    await refund(books, tenant, call)
    assert sum((await used(books, tenant)).values()) == 0
    await books.must_be_whole(tenant)


async def test_the_log_shows_a_refund_with_its_call_and_as_a_row(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")
    call = await books.call(tenant, minutes=4)
    books.clock.now += DAY
    await refund(books, tenant, call, "1.5")

    counts = {
        (row.day, row.agent_id == books.agents[tenant]): (row.rows, row.credits_used, row.credits_added)
        for row in await books.rows("log_count", tenant_id=tenant, hour=-1)
    }

    assert counts == {
        (NOON.date(), False): (2, micro("2.5"), micro("10")),
        (NOON.date(), True): (1, micro("2.5"), 0),
        ((NOON + DAY).date(), False): (1, 0, micro("1.5")),
    }


async def test_every_kind_of_activity_is_refunded_where_it_was_counted(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="100")
    agent, opening = books.agents[tenant], await books.an_opening(tenant)
    interaction = await books.an_interaction(tenant, agent)
    done = InterviewStatus.COMPLETED
    made: dict[SubjectKind, Report] = {
        SubjectKind.MESSAGE: MessageReport(agent, "m", NOON, model="large", input_tokens=500),
        SubjectKind.INTERVIEW: InterviewReport(opening, "i", "Bo", done, NOON, agent),
        SubjectKind.DOCUMENT: DocumentReport(interaction, "d", NOON),
    }
    before = await books.available(tenant)
    for kind, report in made.items():
        await refund(books, tenant, await taken(books, tenant, report), kind=kind)

    assert await books.available(tenant) == before
    assert {row.credits for row in await books.rows("usage_day", tenant_id=tenant)} == {0}
    (row,) = await books.rows("interaction", tenant_id=tenant)
    assert (row.credits, row.refunded) == (micro("3"), micro("3"))
    await books.must_be_whole(tenant)


async def test_an_interview_that_gets_cheaper_keeps_no_more_than_it_cost(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="10")
    opening = await books.an_opening(tenant)

    def report(key: str, status: InterviewStatus, at: timedelta, progress: int | None = None) -> InterviewReport:
        return InterviewReport(opening, key, "Bo", status, NOON + at, books.agents[tenant], progress)

    books.clock.now += DAY
    interview = await taken(books, tenant, report("late", InterviewStatus.COMPLETED, timedelta(hours=2)))
    await refund(books, tenant, interview, kind=SubjectKind.INTERVIEW)
    books.clock.now += DAY
    await books.set_price(tenant, Activity.INTERVIEW, "0.4", since=NOON)
    await taken(books, tenant, report("early", InterviewStatus.COMPLETED, timedelta(hours=1)))

    (row,) = await books.rows("interview", tenant_id=tenant)
    assert (row.credits, row.refunded) == (micro("0.4"), micro("0.4"))
    assert await books.available(tenant) == micro("10")
    assert sum((await used(books, tenant)).values()) == 0
    await books.must_be_whole(tenant)


async def test_an_interview_that_several_agents_held_is_refunded_for_the_one_of_its_furthest_state(
    books: TestBooks,
) -> None:
    tenant = await books.a_tenant(top_up="10")
    opening, second = await books.an_opening(tenant), await books.an_agent(tenant)
    for key, agent, progress in (("a", books.agents[tenant], 300_000), ("b", second, 800_000)):
        report = InterviewReport(opening, key, "Bo", InterviewStatus.PARTIAL, NOON, agent, progress)
        interview = await taken(books, tenant, report)

    seq = await refund(books, tenant, interview, "0.6", kind=SubjectKind.INTERVIEW)

    (entry,) = await books.rows("entry", tenant_id=tenant, seq=seq)
    assert (entry.agent_id, entry.opening_id) == (second, opening)
    by_agent = {row.agent_id: row.credits for row in await books.rows("usage_day", tenant_id=tenant) if row.credits}
    assert by_agent == {books.agents[tenant]: micro("0.3"), second: micro("-0.1")}
    await books.must_be_whole(tenant)


async def test_late_usage_refunds_and_holds_leave_whole_books(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="5", anchor=date(2026, 1, 31), rollover="UNLIMITED", zone="Europe/Berlin")
    await books.top_up(tenant, "4")
    first = await books.call(tenant, minutes=12, at=NOON - 5 * DAY)
    await refund(books, tenant, first, "2")
    second = await books.call(tenant, minutes=3, at=NOON - 40 * DAY)
    await books.must_be_whole(tenant)

    await refund(books, tenant, second)
    books.clock.now += 25 * DAY
    await books.call(tenant, minutes=1, at=NOON - 4 * DAY)
    await refund(books, tenant, first)

    await books.must_be_whole(tenant)


# ---------------------------------------------------------------- voids


async def test_what_is_left_of_a_grant_is_taken_back(books: TestBooks) -> None:
    tenant = await books.a_tenant(top_up="2")
    grant = await books.grant(tenant, "5", priority=1)
    await books.call(tenant, minutes=2)

    await void(books, tenant, grant)
    await void(books, tenant, grant)

    assert await books.available(tenant) == micro("2")
    assert await books.entries(tenant) == [("TOP_UP", 2), ("GRANT", 5), ("USAGE", -2), ("ADJUSTMENT", -3)]
    (row,) = await books.rows("credit_grant", id=grant)
    assert (row.state, row.remaining, row.voided_at) == ("ENDED", 0, NOON)
    assert (await books.rows("entry", "seq", tenant_id=tenant))[-1].remarks == "Given by mistake."
    await books.must_be_whole(tenant)


async def test_a_grant_that_lies_ahead_never_begins_once_it_is_taken_back(books: TestBooks) -> None:
    tenant = await books.a_tenant(monthly="1")
    grant = await books.grant(tenant, "5", effective_at=NOON + DAY)

    await void(books, tenant, grant)
    books.clock.now += 2 * DAY
    await books.settle(tenant)

    assert await books.entries(tenant) == [("GRANT", 1)]
    assert await remaining(books, grant) == 0
    await books.must_be_whole(tenant)


async def test_a_grant_that_has_ended_stays_as_it_is(books: TestBooks) -> None:
    tenant = await books.a_tenant()
    grant = await books.grant(tenant, "5", pool=PoolKind.TOP_UP, expires_at=NOON + DAY)
    books.clock.now += 2 * DAY

    await void(books, tenant, grant)

    assert await books.entries(tenant) == [("GRANT", 5), ("EXPIRY", -5)]
    with pytest.raises(NotFound):
        await void(books, await books.a_tenant(), grant)


async def test_late_usage_of_a_grant_that_was_taken_back_is_still_its(books: TestBooks) -> None:
    tenant = await books.a_tenant()
    grant = await books.grant(tenant, "5")
    books.clock.now += DAY
    await void(books, tenant, grant)

    await books.call(tenant, minutes=2, at=NOON + timedelta(hours=1))

    assert await books.available(tenant) == 0
    assert await books.entries(tenant) == [("GRANT", 5), ("ADJUSTMENT", -5), ("USAGE", -2), ("ADJUSTMENT", 2)]
    await books.must_be_whole(tenant)
