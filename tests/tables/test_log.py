"""The log of one agent or member is found by an index, however many calls of others there are."""

import pytest
from sqlalchemy import text

from models.tables.base import NOBODY
from models.tables.log import page_of_calls
from tests.books import NOON, Clock, test_books

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("agent", "member", "found_by"),
    [
        (True, False, "(tenant_id=? AND agent_id=? AND started_at>? AND started_at<?)"),
        (False, True, "(tenant_id=? AND member_id=? AND started_at>? AND started_at<?)"),
        (True, True, "_id=? AND started_at>? AND started_at<?)"),
    ],
)
async def test_sqlite_finds_the_calls_of_one_in_their_order(
    sqlite_url: str, agent: bool, member: bool, found_by: str
) -> None:
    whose = ({"agent_id": NOBODY} if agent else {}) | ({"member_id": NOBODY} if member else {})
    values = {"tenant_id": NOBODY, "starts_at": NOON, "ends_at": NOON, "passed": 0, **whose}
    async with test_books(sqlite_url, Clock()) as books, books.books.reading() as reader:
        statement = page_of_calls(agent=agent, member=member).params(values)
        asked = await reader.session.call(
            lambda connection: str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
        )
        plan = [row.detail for row in await reader.all(text(f"EXPLAIN QUERY PLAN {asked}"))]

    (calls,) = [step for step in plan if step.startswith("SEARCH call USING") and "started_at" in step]
    assert found_by in calls
    # Only the ten rows of the page are put in order, not all that were found.
    assert [step for step in plan if "TEMP B-TREE" in step] == plan[-1:]
