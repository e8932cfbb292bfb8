"""What the resolvers of one operation share: who asks, and the way to the books. Made anew for every operation."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import strawberry

from models.actions.group_commit import Recorder
from models.actions.owners import Owners
from models.actions.recording import Outcome, Submission
from models.rules.ids import parse_type_id
from models.rules.refusals import Invalid, NotFound
from models.rules.viewers import ROLES, Viewer
from models.unit_of_work import Books, Rows, UnitOfWork
from resolvers.loaders import Found, Loaders
from resolvers.pacing import PACE


class Context:
    """One operation's. It holds no connection: siblings run at the same time, so each reading opens its own."""

    def __init__(
        self,
        viewer: Viewer,
        books: Books,
        key_pepper: str = "",
        *,
        recorder: Recorder | None = None,
        owners: Owners | None = None,
    ) -> None:
        self.viewer, self.books = viewer, books
        # A process has one of each, so that what arrives together is stored together.
        self.recorder, self.owners = recorder or Recorder(books), owners or Owners(books)
        self.key_pepper = key_pepper
        """What is mixed into the hashes of keys."""
        self.permissions = ROLES[viewer.role]

    @cached_property
    def now(self) -> datetime:
        """The same instant for all that the operation reads."""
        return self.books.clock()

    @cached_property
    def loaders(self) -> Loaders:
        return Loaders(self)

    async def all(self, statement: Any, values: Mapping[str, Any] | None = None, *, long: bool = False) -> Rows:
        if (pace := PACE.get()) is not None:
            await pace.go_on()
        async with self.books.reading(long=long) as reader:
            return await reader.all(statement, values)

    async def first(self, statement: Any, values: Mapping[str, Any] | None = None) -> Found:
        async with self.books.reading() as reader:
            return await reader.first(statement, values)

    async def value(self, statement: Any, values: Mapping[str, Any] | None = None) -> Any:
        async with self.books.reading() as reader:
            return await reader.value(statement, values)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[UnitOfWork]:
        """One transaction, for a mutation."""
        async with self.books.work() as work:
            yield work
        self.forget()

    async def record(self, submission: Submission) -> list[Outcome]:
        """What became of reports, once they are stored together with those of others."""
        outcomes = await self.recorder.record(submission)
        self.forget()
        return outcomes

    def forget(self) -> None:
        """After a change: what was read before it does not hold for the mutations that follow."""
        self.__dict__.pop("loaders", None)
        self.__dict__.pop("now", None)

    def tenant_id(self, text: str, *path: str) -> UUID:
        """The tenant that an input names, if the viewer may know that it exists."""
        id = parse_id(text, "tenant", *path)
        if not self.viewer.sees(id):
            raise NotFound("There is no such tenant.", path)
        return id

    async def owner_of(self, kind: str, id: UUID, *path: str) -> UUID:
        """The tenant of what an input names, if the viewer may know that it exists."""
        row = await self.loaders.find(kind, id)
        if row is None:
            raise NotFound(f"There is no such {kind.replace('_', ' ')}.", path)
        tenant_id: UUID = row.tenant_id
        return tenant_id


Info = strawberry.Info[Context, None]


def parse_id(text: str, kind: str, *path: str) -> UUID:
    """The id of a thing of one kind, as an input names it.

    Nonsense is INVALID; an id of another kind is a well-formed one that names nothing here.
    """
    found, id = parse_any_id(text, *path, example=kind)
    if found != kind:
        raise NotFound(f"This is the id of another type: here one that begins with {kind}_ is needed.", path)
    return id


def parse_any_id(text: str, *path: str, example: str = "agent") -> tuple[str, UUID]:
    """The kind and the id that an input names, whatever kind it is; an example is what nonsense is answered with."""
    try:
        return parse_type_id(text)
    except (ValueError, IndexError):
        raise Invalid(f'This is not an id: those look like "{example}_01jd...".', path) from None
