"""Whose something is. That never changes, so it is looked up once in a process."""

from uuid import UUID

from models.tables import standings
from models.unit_of_work import Books

_MOST_KEPT = 100_000


class Owners:
    """The tenants of agents, openings and interactions, which operators name without their tenant."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._known: dict[tuple[str, UUID], UUID] = {}

    async def tenant_of(self, kind: str, id: UUID) -> UUID | None:
        """The tenant of what has this id; None where nothing has it."""
        known = self._known.get((kind, id))
        if known is not None:
            return known
        async with self._books.reading() as reader:
            found: UUID | None = await reader.value(standings.owner(kind), {"id": id})
        if found is not None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[kind, id] = found
        return found
