"""Files of usage, read from the books piece by piece, and the key that their links are signed with."""

import hmac
import secrets
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Executable

from models.rules.export_lines import NO_THING, Line, Named, Waiting, WhereWaiting, line_of
from models.rules.exports import ExportWish
from models.rules.ids import type_id
from models.rules.periods import parse_zone
from models.rules.ranges import DayRange
from models.rules.words import InterviewStatus
from models.tables import exports as tables
from models.tables.base import NOBODY
from models.tables.lookups import tenants_by_id
from models.unit_of_work import Books, Reader, Rows

PIECE = 1_000
"""Rows that are read at once."""

_MOST_NAMES = 20_000
_SECRET_BYTES = 32


async def signing_key(books: Books, pepper: str) -> bytes:
    """The key of all processes on these books. Whoever steals the database alone lacks the pepper, if there is one."""
    async with books.reading() as reader:
        secret = await reader.value(tables.SECRET)
    if secret is None:
        async with books.work() as work:
            await work.run(tables.KEEP_SECRET, {"secret": secrets.token_bytes(_SECRET_BYTES)})
            secret = await work.value(tables.SECRET)
    return hmac.digest(secret, pepper.encode(), "sha256")


async def count_rows(reader: Reader, wish: ExportWish) -> int:
    """How many rows a file has."""
    return int(await reader.value(tables.row_count(tables.used_by(wish)), tables.values_of(wish)))


async def lines_of(reader: Reader, wish: ExportWish) -> AsyncGenerator[Iterator[Line]]:
    """The lines of a file, oldest first, in pieces; all from one state of the books.

    A piece's lines are worked out by whoever goes through them, in any thread, before the next piece is asked for.
    """
    tenant = await reader.first(tenants_by_id(), {"ids": [wish.tenant_id]})
    assert tenant is not None, "Tenants stay, and the link to this one is our own."
    known = _Known(reader, wish.tenant_id, parse_zone(tenant.time_zone))
    statement, values = tables.rows(tables.used_by(wish)), tables.values_of(wish)
    async with aclosing(_in_pieces(reader, statement, values)) as pieces:
        async for rows in pieces:
            await known.learn(rows)
            yield known.lines(rows)


async def _in_pieces(reader: Reader, statement: Executable, values: Mapping[str, Any]) -> AsyncGenerator[Rows]:
    """The rows of one statement, as many at once as a piece has."""

    def ask(connection: Connection) -> Any:
        return connection.execute(
            statement, values, execution_options={"stream_results": True, "max_row_buffer": PIECE}
        )

    result = await reader.session.call(ask)
    try:
        while rows := await reader.session.call(lambda _: result.fetchmany(PIECE)):
            yield rows
    finally:
        await reader.session.call(lambda _: result.close())


class _Known:
    """What rows do not say themselves: what things are called, and who has not been interviewed yet."""

    def __init__(self, reader: Reader, tenant_id: UUID, zone: ZoneInfo) -> None:
        self._reader, self._tenant_id, self._zone = reader, tenant_id, zone
        self._named: dict[UUID, Named] = {}
        self._waiting: dict[WhereWaiting, Waiting] = {}
        self._last_day: date | None = None
        """The last day of which it is known who waits."""

    def lines(self, rows: Rows) -> Iterator[Line]:
        return (line_of(tuple(row), self._named, self._waiting) for row in rows)

    async def learn(self, rows: Rows) -> None:
        if len(self._named) > _MOST_NAMES:
            self._named.clear()
        self._named[NOBODY] = NO_THING
        for column in tables.NAMES:
            await self._learn_names(column, {getattr(row, column) for row in rows}.difference(self._named))
        await self._learn_who_waits(sorted({row.day for row in rows if row.interviews_invited}))

    async def _learn_names(self, column: str, ids: set[UUID]) -> None:
        if not ids:
            return
        kind = column.removesuffix("_id")
        for row in await self._reader.all(tables.NAMES[column], {"tenant_id": self._tenant_id, "ids": sorted(ids)}):
            self._named[row.id] = Named(row.name, type_id(kind, row.id))

    async def _learn_who_waits(self, days: Sequence[date]) -> None:
        if not days:
            return
        # The first of them may have begun in the piece before; what is known of earlier ones is not needed any more.
        self._waiting = {where: waiting for where, waiting in self._waiting.items() if where[0] == days[0]}
        for day in days:
            if day != self._last_day:
                self._last_day = day
                await self._ask_who_waits(day)

    async def _ask_who_waits(self, day: date) -> None:
        start, end = DayRange(day, day).instants(self._zone)
        values = {"tenant_id": self._tenant_id, "starts_at": start, "ends_at": end}
        for row in await self._reader.all(tables.WAITING, values):
            where = (day, row.agent_id, row.opening_id)
            waiting = self._waiting.get(where, Waiting())
            field = "invited" if row.status == InterviewStatus.INVITED else "started"
            self._waiting[where] = waiting._replace(**{field: row.candidates})
