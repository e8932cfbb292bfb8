"""A fault of every kind is planted in whole books, found, and named with its figures."""

from contextlib import suppress
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import text

from models.actions.holds import CallWish, authorize_call
from models.actions.recording import Recorded
from models.actions.refunds import RefundWish, refund_usage
from models.actions.verification import Verification, verify
from models.rules.ids import new_id, type_id
from models.rules.refusals import NotFound
from models.rules.reports import DocumentReport, InterviewReport, MessageReport
from models.rules.words import CallDirection, InterviewStatus, SubjectKind
from tests.books import NOON, TestBooks

pytestmark = pytest.mark.anyio

ENTRY = "tenant_id, seq, kind, credits, balance_after, occurred_at, recorded_at, subject_kind, subject_id, key"
ENTRY_REST = "agent_id, opening_id, member_id, top_up_status, in_log, remarks"


async def busy_books(books: TestBooks) -> UUID:
    """A tenant of whom every table holds something; its entries are numbered as they are listed here."""
    books.clock.now = NOON
    tenant = await books.a_tenant("10", date(2026, 3, 1))  # 1: the plan's credits
    await books.top_up(tenant, "5", "top-up")  # 2
    books.clock.now += timedelta(hours=1)
    now = books.clock.now
    call = await books.call(tenant, 3, key="call", ended_at=now + timedelta(minutes=3))  # 3
    opening, interaction = await books.an_opening(tenant), await books.an_interaction(tenant)
    outcomes = await books.record(  # 4, 5, 6
        tenant,
        MessageReport(books.agents[tenant], "message", now),
        DocumentReport(interaction, "document", now),
        InterviewReport(opening, "report", "Ann", InterviewStatus.COMPLETED, now),
    )
    assert all(isinstance(outcome, Recorded) for outcome in outcomes)
    books.clock.now += timedelta(minutes=1)
    async with books.books.work() as work:
        await authorize_call(work, CallWish(tenant, books.agents[tenant], "hold", CallDirection.OUTBOUND))  # 7
    async with books.books.work() as work:
        await refund_usage(work, RefundWish(tenant, SubjectKind.CALL, call, "refund", "Sorry.", 1_000_000))  # 8
    await books.grant(tenant, "4", "gift", effective_at=NOON + timedelta(days=2))
    books.clock.now += timedelta(minutes=13)
    await books.call(tenant, 12, books.clock.now - timedelta(minutes=12), key="long")  # 9
    return tenant


class Fault(NamedTuple):
    what: str
    statements: tuple[str, ...]
    problem: str


def fault(what: str, *statements: str, problem: str) -> Fault:
    return Fault(what, statements, problem)


FAULTS = (
    fault(
        "an entry's credits changed",
        "UPDATE entry SET credits = credits - 1000000 WHERE seq = 3",
        problem="Entry 3: the balance after it is 12, but 11 by what was before, 15, and its -4.",
    ),
    fault(
        "an entry's balance changed",
        "UPDATE entry SET balance_after = 1 WHERE seq = 4",
        problem="Entry 4: the balance after it is 0.000001, but 11.9 by what was before, 12, and its -0.1.",
    ),
    fault(
        "an entry's time changed",
        "UPDATE entry SET occurred_at = (SELECT occurred_at FROM entry WHERE seq = 2) WHERE seq = 3",
        problem="Entry 3, USAGE with key call: -3 credits, but 0 by what happened; nothing explains it.",
    ),
    fault(
        "an entry's kind changed",
        "UPDATE entry SET kind = 'ADJUSTMENT' WHERE seq = 3",
        problem="Entry 3, ADJUSTMENT with key call: -3 credits, but 0 by what happened; nothing explains it.",
    ),
    fault(
        "an entry's key changed",
        "UPDATE entry SET key = 'other' WHERE seq = 4",
        problem="No entry says USAGE of -0.1 at 2026-03-10 13:00:00, key message.",
    ),
    fault(
        "an entry's agent changed",
        "UPDATE entry SET agent_id = NULL WHERE seq = 3",
        problem="Entry 3 is about another agent, opening or member than the call call.",
    ),
    fault(
        "an entry left out of the log",
        "UPDATE entry SET in_log = (1 = 0) WHERE seq = 3",
        problem="The call call has 0 rows in the log, but should have 1.",
    ),
    fault(
        "credits in left out of the log",
        "UPDATE entry SET in_log = (1 = 0) WHERE seq = 2",
        problem="Entry 2, TOP_UP, is not a row of the log.",
    ),
    fault(
        "an entry deleted",
        "DELETE FROM entry WHERE seq = 4",
        problem="Entry 5 comes after entry 3: 1 are missing.",
    ),
    fault(
        "the last entry deleted",
        "DELETE FROM entry WHERE seq = 9",
        "DELETE FROM entry_allocation WHERE seq = 9",
        problem="The account stands at seq 9, the ledger at 8.",
    ),
    fault(
        "an entry doubled, and the account made to fit",
        f"INSERT INTO entry ({ENTRY}, {ENTRY_REST}) SELECT tenant_id, 10, kind, credits,"
        " (SELECT balance_after FROM entry WHERE seq = 9) + credits, occurred_at, recorded_at, subject_kind,"
        f" subject_id, key, {ENTRY_REST} FROM entry WHERE seq = 4",
        "UPDATE account SET seq = 10, overdrawn = overdrawn + 100000",
        problem="Entries 4, 10, USAGE with key message: -0.2 credits, but -0.1 by what happened.",
    ),
    fault(
        "a part of an entry moved to another grant",
        "UPDATE entry_allocation SET grant_id = (SELECT id FROM credit_grant WHERE source = 'TOP_UP')"
        " WHERE seq = 4 AND position = 0",
        problem="Entry 4, USAGE with key message: its parts are on the wrong grants, by -0.1, 0.1.",
    ),
    fault(
        "a part of an entry deleted",
        "DELETE FROM entry_allocation WHERE seq = 4",
        problem="Grant PLAN period/2026-03-01: 0 is left, but 0.1 by its entries.",
    ),
    fault(
        "a part of no entry",
        "UPDATE entry_allocation SET seq = 99 WHERE seq = 4",
        problem="1 allocations belong to no entry.",
    ),
    fault(
        "the rest of a grant wrong",
        "UPDATE credit_grant SET remaining = 1000000 WHERE source = 'PLAN'",
        problem="Grant PLAN period/2026-03-01: 1 is left, but 0 by its entries.",
    ),
    fault(
        "a grant ended that can pay",
        "UPDATE credit_grant SET state = 'ENDED' WHERE source = 'PLAN'",
        problem="Grant PLAN period/2026-03-01 is ENDED, and can pay by its dates.",
    ),
    fault(
        "a grant drawn from before its time",
        "UPDATE credit_grant SET remaining = 1000000 WHERE key = 'gift'",
        problem="Grant PROMOTION gift has not begun, but 1 of it is left.",
    ),
    fault(
        "a pool wrong",
        "UPDATE account SET plan_balance = 1000000",
        problem="The pool PLAN holds 1, but its grants 0.",
    ),
    fault(
        "what is overdrawn wrong",
        "UPDATE account SET overdrawn = 1000000",
        problem="The account is overdrawn by 1, but 3.1 is owed.",
    ),
    fault(
        "a debt wrong",
        "UPDATE debt SET owed = 1000000",
        problem="The call with key long at 2026-03-10 13:02:00 owes 1, but 3.1 by a new fold.",
    ),
    fault(
        "what is held wrong",
        "UPDATE account SET held = 2000000",
        problem="The account has 2 held, but 1 by its open holds.",
    ),
    fault(
        "a hold wrong",
        "UPDATE hold SET credits = 3000000",
        problem="3 is set aside, but 1 by its entries.",
    ),
    fault(
        "a hold closed and not given back",
        "UPDATE hold SET status = 'EXPIRED'",
        problem="0 is set aside, but 1 by its entries.",
    ),
    fault(
        "what is due next wrong",
        "UPDATE account SET next_boundary = next_boundary + 1",
        problem="No entry says GRANT of 10 at 2026-04-01 00:00:00, key PLAN/period/2026-04-01.",
    ),
    fault(
        "a price changed",
        "UPDATE call SET credits = 2000000 WHERE external_id = 'call'",
        problem="Entry 3, USAGE with key call: -3 credits, but -2 by what happened.",
    ),
    fault(
        "an activity deleted",
        "DELETE FROM message",
        problem="Entry 4, USAGE with key message: -0.1 credits, but 0 by what happened; nothing explains it.",
    ),
    fault(
        "a call with the wrong last entry",
        "UPDATE call SET last_seq = 8 WHERE external_id = 'call'",
        problem="The call call names entry 8 as its last, but that is 3.",
    ),
    fault(
        "a refund of which no entry says",
        "UPDATE call SET refunded = 2000000 WHERE external_id = 'call'",
        problem="1 more was refunded than its entries say.",
    ),
    fault(
        "an interview that its reports did not make",
        "UPDATE interview SET credits = 500000",
        problem="credits is 500000, but 1000000 by its reports.",
    ),
    fault(
        "an interaction that cost something else than what was made of it",
        "UPDATE interaction SET credits = 1",
        problem="0.000001 was charged, but 3 by what was made of it.",
    ),
    fault(
        "a key used twice",
        "UPDATE call SET external_id = 'call' WHERE external_id = 'long'",
        problem="The key call was used for 2 of kind call.",
    ),
    fault(
        "a key not taken",
        "DELETE FROM taken_key WHERE key = 'message'",
        problem="The key message, of kind message, is not marked as taken.",
    ),
    fault(
        "a day's usage wrong",
        "UPDATE usage_day SET credits = credits + 1 WHERE activity = 'MESSAGE'",
        problem="MESSAGE: credits is 100001, but 100000 by what happened.",
    ),
    fault(
        "a day of usage deleted",
        "DELETE FROM usage_day WHERE activity = 'DOCUMENT'",
        problem="DOCUMENT: activities is 0, but 1 by what happened.",
    ),
    fault(
        "a day of a pool wrong",
        "UPDATE pool_day SET used = used + 1 WHERE pool = 'TOP_UP'",
        problem="pool_day of 2026-03-10 TOP_UP: used is 5000001, but 5000000 by what happened.",
    ),
    fault(
        "a day's balance wrong",
        "UPDATE balance_day SET available = available + 1 WHERE last_seq = 9",
        problem="balance_day of 2026-03-10: available is",
    ),
    fault(
        "a count of the log wrong",
        "UPDATE log_count SET rows = rows + 1",
        problem="log_count of",
    ),
)


class Undone(Exception):
    """Takes a planted fault away again."""


async def with_fault(books: TestBooks, tenant: UUID, planted: Fault) -> Verification:
    found: Verification | None = None
    with suppress(Undone):
        async with books.books.work() as work:
            for statement in planted.statements:
                assert await work.run(text(statement)) > 0, f"{planted.what}: nothing was changed."
            found = await verify(work, tenant)
            raise Undone
    assert found is not None
    return found


async def test_every_planted_fault_is_found_and_named(books: TestBooks) -> None:
    tenant = await busy_books(books)
    await books.must_be_whole(tenant)

    for planted in FAULTS:
        found = await with_fault(books, tenant, planted)
        listed = "\n".join(found.problems)
        assert not found.ok, planted.what
        assert planted.problem in listed, f"{planted.what}:\n{listed}"
        assert all(problem.startswith(f"{type_id('tenant', tenant)}: ") for problem in found.problems)

    await books.must_be_whole(tenant)


async def test_whole_books_are_proved_entry_by_entry(books: TestBooks) -> None:
    tenant = await busy_books(books)

    async with books.books.reading(long=True) as reader:
        found = await verify(reader, tenant)

    assert found == Verification(ok=True, entries_checked=9, problems=[])


async def test_a_new_tenant_is_whole(books: TestBooks) -> None:
    await books.must_be_whole(await books.a_tenant())


async def test_one_tenants_faults_are_not_anothers(books: TestBooks) -> None:
    whole = await books.a_tenant("3")
    broken = await books.a_tenant("3")
    async with books.books.work() as work:
        await work.run(text("UPDATE entry SET credits = 1 WHERE tenant_id <> :t").bindparams(t=_stored(books, whole)))

    await books.must_be_whole(whole)
    async with books.books.reading(long=True) as reader:
        assert not (await verify(reader, broken)).ok


async def test_an_unknown_tenant_is_not_found(books: TestBooks) -> None:
    with pytest.raises(NotFound):
        async with books.books.reading(long=True) as reader:
            await verify(reader, new_id())


async def test_what_is_written_meanwhile_does_not_disturb_the_proof(books: TestBooks) -> None:
    tenant = await busy_books(books)
    async with books.books.reading(long=True) as reader:
        before = await verify(reader, tenant)
        await books.call(tenant, key="meanwhile")
        again = await verify(reader, tenant)

    assert before == again, "A reader sees one state of the books."
    await books.must_be_whole(tenant)


def _stored(books: TestBooks, id: UUID) -> UUID | str:
    return id if type(books.books.writes).__name__.startswith("Postgres") else id.hex
