"""Agents, members and openings as a file names them: by their ids, or by their external ids."""

import re
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import quote
from uuid import UUID

from models.actions.hiring import NewAgent, NewOpening, create_agent, create_opening
from models.actions.storing import LONGEST_EXTERNAL_ID
from models.actions.tenants import NewMember, add_member
from models.rules.ids import parse_type_id
from models.rules.refusals import NotFound, Refusal
from models.rules.reports import check_name
from models.rules.words import AgentChannel
from models.tables.external_ids import named
from models.unit_of_work import Books, Reader, UnitOfWork
from server.importing.kinds import path_of

MOST_REMEMBERED = 50_000

KINDS = {"agentId": "agent", "memberId": "member", "assignedMemberId": "member", "openingId": "opening"}
"""What each field names."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

Name = tuple[str, str]
"""Kind, and how the file names it."""


class Unknown(NotFound):
    """Nothing is called so. What a report says of all such rows is `in_general`, since each may name another."""

    def __init__(self, kind: str, name: str, path: tuple[str, ...]) -> None:
        super().__init__(f"There is no {kind} {name!r}: add it, or let --create-{kind}s make it.", path)
        self.name = name
        self.in_general = NotFound(f"There is no such {kind}: add it, or let --create-{kind}s make it.", path)


class Names:
    """Finds a tenant's things by their names, and makes those that are to be made where they are missing."""

    def __init__(self, tenant_id: UUID, channel: AgentChannel, makes: Collection[str] = ()) -> None:
        self.made = dict.fromkeys(sorted(makes), 0)
        """How many were made, by kind."""
        self._tenant_id, self._channel = tenant_id, channel
        self._known: dict[Name, UUID] = {}
        self._refused: dict[Name, Refusal] = {}

    async def look_up(self, books: Books, named_by_rows: Iterable[Mapping[str, str]]) -> None:
        """Learn what the fields of some rows name."""
        wanted = {(KINDS[field], name) for names in named_by_rows for field, name in names.items()}
        self._refused.clear()
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()
        missing = {name for name in wanted - self._known.keys() if self._is_sound(name)}
        if not missing:
            return
        async with books.reading() as reader:
            missing -= await self._find(reader, missing)
        to_make = sorted(name for name in missing if name[0] in self.made)
        if to_make:
            async with books.work() as work:
                for name in to_make:
                    await self._make(work, *name)

    def ids_of(self, names: Mapping[str, str]) -> dict[str, UUID]:
        """By field, the ids of what a row names. Refuses what there is not."""
        ids = {}
        for field, text in names.items():
            name = (KINDS[field], text)
            if refusal := self._refused.get(name):
                raise type(refusal)(refusal.message, path_of(field))
            if name not in self._known:
                raise Unknown(*name, path_of(field))
            ids[field] = self._known[name]
        return ids

    def _is_sound(self, name: Name) -> bool:
        try:
            check_name(name[1], "external_id", LONGEST_EXTERNAL_ID)
        except Refusal as refusal:
            self._refused[name] = refusal
        return name not in self._refused

    async def _find(self, reader: Reader, names: Collection[Name]) -> set[Name]:
        found = set()
        for kind in {kind for kind, _ in names}:
            texts = {text for of, text in names if of == kind}
            ids = {id: text for text in texts if (id := _as_id(kind, text))}
            values = {"tenant_id": self._tenant_id, "ids": sorted(ids), "external_ids": sorted(texts)}
            for row in await reader.all(named(kind), values):
                for text in texts & {row.external_id, ids.get(row.id)}:
                    self._known[kind, text] = plain(row.id)
                    found.add((kind, text))
        return found

    async def _make(self, work: UnitOfWork, kind: str, name: str) -> None:
        try:
            match kind:
                case "agent":
                    made = await create_agent(work, NewAgent(self._tenant_id, name, self._channel, external_id=name))
                case "opening":
                    made = await create_opening(work, NewOpening(self._tenant_id, name, name))
                case _:
                    email = name if _EMAIL.fullmatch(name) else f"{quote(name, safe='')}@members.invalid"
                    made = await add_member(work, NewMember(self._tenant_id, name, email, external_id=name))
        except Refusal as refusal:
            self._refused[kind, name] = refusal
            return
        self._known[kind, name] = plain(made.id)
        self.made[kind] += 1


def plain(id: UUID) -> UUID:
    """An id that was read from the books, for use in a report: PostgreSQL's driver has ids of its own making."""
    return UUID(int=id.int)


def _as_id(kind: str, text: str) -> UUID | None:
    try:
        of, id = parse_type_id(text)
    except ValueError:
        return None
    return id if of == kind else None
