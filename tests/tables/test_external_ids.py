"""What has an external id is found by an index that begins with its tenant, however much there is."""

import pytest
from sqlalchemy import text

from models.tables.base import NOBODY
from models.tables.external_ids import INTERVIEWS, with_external_ids
from tests.books import Clock, TestBooks, test_books

pytestmark = pytest.mark.anyio

UNIQUE = ("agent", "opening", "member", "interaction")
RECORDED = ("call", "message", "transcript", "fact", "document")


async def plan(books: TestBooks, statement: object, **values: object) -> list[str]:
    tenant = await books.a_tenant()
    bound = statement.params(tenant_id=tenant, **values)  # type: ignore[attr-defined]
    async with books.books.reading() as reader:
        asked = await reader.session.call(
            lambda connection: str(bound.compile(connection, compile_kwargs={"literal_binds": True}))
        )
        return [row.detail for row in await reader.all(text(f"EXPLAIN QUERY PLAN {asked}"))]


async def test_sqlite_searches_by_tenant_and_name_and_reads_no_table_through(sqlite_url: str) -> None:
    async with test_books(sqlite_url, Clock()) as books:
        for kind in UNIQUE:
            (step,) = await plan(books, with_external_ids(kind), ids=["a", "b"])
            assert f"SEARCH {kind} USING INDEX" in step
            assert "(tenant_id=? AND external_id=?)" in step
        for kind in RECORDED:
            first, then, *_ = await plan(books, with_external_ids(kind), ids=["a", "b"])
            assert "SEARCH taken_key USING PRIMARY KEY (tenant_id=? AND kind=? AND key=?)" in first
            assert f"SEARCH {kind} USING INDEX" in then
            assert "(tenant_id=? AND id=?)" in then
        (step,) = await plan(books, INTERVIEWS, opening_ids=[NOBODY], candidates=["a"])
        assert "(tenant_id=? AND opening_id=? AND candidate=?)" in step
