"""No roll-up can be wrong unnoticed: whatever column is damaged, whatever row is missing or too many."""

from collections.abc import Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, and_, delete, insert, select, update

from models.actions.verification import verify
from models.rules.ids import new_id
from models.rules.reports import InterviewReport
from models.rules.words import InterviewStatus
from models.tables.base import metadata
from models.unit_of_work import UnitOfWork
from tests.actions.test_verification import Undone, busy_books
from tests.books import TestBooks

pytestmark = pytest.mark.anyio

ROLL_UPS = ("usage_day", "pool_day", "balance_day", "log_count")


async def with_a_partial_interview(books: TestBooks) -> UUID:
    """A tenant of whom every roll-up knows something."""
    tenant = await busy_books(books)
    opening, agent, now = await books.an_opening(tenant), books.agents[tenant], books.clock.now
    await books.record(tenant, InterviewReport(opening, "part", "Bo", InterviewStatus.PARTIAL, now, agent, 500_000))
    await books.must_be_whole(tenant)
    return tenant


def this(table: Table, row: Any) -> Any:
    return and_(*(column == getattr(row, column.name) for column in table.primary_key))


async def problems_after(books: TestBooks, tenant: UUID, change: Any) -> list[str]:
    """What is found wrong after a change, which is then taken back."""
    found: list[str] = []
    with suppress(Undone):
        async with books.books.work() as work:
            assert await work.run(change) == 1
            found = await problems(work, tenant)
            raise Undone
    return found


async def problems(work: UnitOfWork, tenant: UUID) -> list[str]:
    return (await verify(work, tenant)).problems


def sums_of(table: Table) -> list[str]:
    return [column.name for column in table.columns if not column.primary_key]


async def test_any_damaged_column_is_found_and_named(books: TestBooks) -> None:
    tenant = await with_a_partial_interview(books)
    for name in ROLL_UPS:
        table = metadata.tables[name]
        rows = await books.rows(name, tenant_id=tenant)
        for column in sums_of(table):
            row = max(rows, key=attrgetter(column))
            damage = update(table).where(this(table, row)).values({column: getattr(row, column) + 1})
            (problem,) = await problems_after(books, tenant, damage)
            assert f"{name} of" in problem
            assert f"{column} is {getattr(row, column) + 1}, but {getattr(row, column)} by what happened" in problem


async def test_any_missing_row_is_found(books: TestBooks) -> None:
    tenant = await with_a_partial_interview(books)
    for name in ROLL_UPS:
        table = metadata.tables[name]
        for row in await books.rows(name, tenant_id=tenant):
            assert any(getattr(row, column) for column in sums_of(table)), "It would not be missed."
            found = await problems_after(books, tenant, delete(table).where(this(table, row)))
            assert found, f"{row} of {name}"
            assert all(f"{name} of" in problem for problem in found)


async def test_any_row_too_many_is_found(books: TestBooks) -> None:
    tenant = await with_a_partial_interview(books)
    for name in ROLL_UPS:
        table = metadata.tables[name]
        row = (await books.rows(name, tenant_id=tenant))[0]
        for column, other in (await others(books, tenant, table)).items():
            found = await problems_after(books, tenant, insert(table).values({**row._mapping, column: other}))
            assert found, f"{name}, other {column}"
            assert all(f"{name} of" in problem for problem in found)


async def others(books: TestBooks, tenant: UUID, table: Table) -> dict[str, Any]:
    """By column of the key, a value that no row has."""
    rows: Sequence[Any] = await books.rows(table.name, tenant_id=tenant)
    free = {"day": books.clock.now.date().replace(year=2020), "hour": 17, "model": "unheard of"}
    free |= {name: new_id() for name in ("agent_id", "opening_id", "member_id")}
    words = {"activity": "TRANSLATION", "direction": "OUTBOUND"}
    assert not {row.activity for row in rows if "activity" in row._mapping} & set(words.values())
    return {name: value for name, value in (free | words).items() if name in table.primary_key.columns}


async def test_a_row_of_another_tenant_is_not_looked_at(books: TestBooks) -> None:
    tenant, other = await with_a_partial_interview(books), await books.a_tenant()
    table = metadata.tables["usage_day"]
    async with books.books.work() as work:
        (row, *_) = await work.all(select(*table.c).where(table.c.tenant_id == tenant))
        await work.run(insert(table).values({**row._mapping, "tenant_id": other}))
    await books.must_be_whole(tenant)
    async with books.books.reading(long=True) as reader:
        assert not (await verify(reader, other)).ok
