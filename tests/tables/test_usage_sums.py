"""Sums of one agent, opening or member are found by an index, however many others the tenant has."""

from collections.abc import AsyncIterator
from datetime import date

import pytest
from sqlalchemy import text

from models.tables.usage_sums import Question
from tests.books import NOON, Clock, TestBooks, test_books

pytestmark = pytest.mark.anyio

DAYS = date(2026, 3, 1), date(2026, 3, 31)


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[TestBooks]:
    async with test_books(database_url, Clock()) as books:
        yield books


async def test_one_agent_alone_and_among_others_used_the_same(books: TestBooks) -> None:
    tenant = await books.a_tenant()
    agents = [books.agents[tenant], await books.an_agent(tenant)]
    for minutes, agent in ((1, agents[0]), (2, agents[1]), (4, agents[0])):
        await books.call(tenant, minutes, agent_id=agent)
    question = Question("agent_id", tenant, *DAYS, by=("day",), filters=(("activities", ("CALL", "MESSAGE")),))
    async with books.books.reading() as reader:
        among = await reader.all(question.statement(), question.values(agents))
        alone = [await reader.all(question.statement(alone=True), question.values([agent])) for agent in agents]

    assert sorted(row for rows in alone for row in rows) == sorted(among)
    assert [[(row.day, row.credits) for row in rows] for rows in alone] == [
        [(NOON.date(), 5_000_000)],
        [(NOON.date(), 2_000_000)],
    ]


@pytest.mark.parametrize("kind", ["agent", "opening", "member"])
async def test_sqlite_finds_the_days_of_one_by_their_index(sqlite_url: str, kind: str) -> None:
    async with test_books(sqlite_url, Clock()) as books:
        tenant = await books.a_tenant()
        question = Question(f"{kind}_id", tenant, *DAYS)
        statement = question.statement(alone=True).params(question.values([tenant]))
        async with books.books.reading() as reader:
            asked = await reader.session.call(
                lambda connection: str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
            )
            plan = " ".join(row.detail for row in await reader.all(text(f"EXPLAIN QUERY PLAN {asked}")))

    assert f"USING INDEX ix_usage_day_tenant_id_{kind}_id_day (tenant_id=? AND {kind}_id=? AND day>? AND day<?)" in plan
