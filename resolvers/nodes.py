"""Things with an id: how rows become objects of the graph, and how an id finds its object again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self, TypeVar
from uuid import UUID

import strawberry

from models.rules.ids import parse_type_id, type_id
from models.rules.refusals import Forbidden, Invalid
from models.rules.viewers import Permission
from resolvers.context import Context, Info
from resolvers.permissions import query

MOST_IDS = 100


class FromRow:
    """An object of the graph that stands for a row: its plain fields are the row's columns."""

    row: Any
    own = False
    """Whether the viewer itself has just recorded it, and so may see its amounts."""

    @classmethod
    def of(cls, row: Any, *, own: bool = False) -> Self:
        made = cls.__new__(cls)
        made.row = row
        if own:
            made.own = True
        return made

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # What libraries look for in any object is no column.
            raise AttributeError(name)
        return getattr(self.row, name)


@strawberry.interface(description="Anything with an id of its own, which node(id:) finds again.")
class Node(FromRow):
    kind: ClassVar[str]
    """The type's name in snake case, with which its ids begin."""

    id: strawberry.ID = strawberry.field(
        description='The id: the type\'s name and a time-ordered number, such as "call_01jd...".'
    )

    @classmethod
    def of(cls, row: Any, *, own: bool = False) -> Self:
        made = super().of(row, own=own)
        made.id = strawberry.ID(type_id(cls.kind, row.id))
        return made


AnyNode = TypeVar("AnyNode", bound=type[Node])
Load = Callable[[Context, UUID], Awaitable[Node | None]]


@dataclass(frozen=True, slots=True)
class _Kind:
    load: Load
    needs: Permission


_KINDS: dict[str, _Kind] = {}


def register(kind: str, load: Load, needs: Permission = Permission.READ_TENANT) -> None:
    """Let node(id:) find things whose ids begin with a kind."""
    assert kind not in _KINDS, f"{kind} is registered twice."
    _KINDS[kind] = _Kind(load, needs)


def found_by_id(needs: Permission = Permission.READ_TENANT) -> Callable[[AnyNode], AnyNode]:
    """Decorates a type whose rows lie in the tenant's table of its kind."""

    def decorate(cls: AnyNode) -> AnyNode:
        async def load(context: Context, id: UUID) -> Node | None:
            row = await context.loaders.find(cls.kind, id)
            return cls.of(row) if row else None

        register(cls.kind, load, needs)
        return cls

    return decorate


async def load_node(context: Context, text: str) -> Node | None:
    """What an id stands for; None where it is unknown, nonsense, or another tenant's."""
    try:
        name, id = parse_type_id(text)
    except (ValueError, IndexError):
        return None
    kind = _KINDS.get(name)
    if kind is None:
        return None
    if kind.needs not in context.permissions:
        raise Forbidden(f"This key's role may not look at a {name.replace('_', ' ')}.", ("id",))
    return await kind.load(context, id)


@strawberry.type
class NodeQueries:
    @query(
        needs=Permission.SIGNED_IN,
        description="The object with an id, of whatever type. Null where it is unknown, or another tenant's.",
    )
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="An id of any type.")]
    ) -> Node | None:
        return await load_node(info.context, id)

    @query(
        needs=Permission.SIGNED_IN,
        description="The objects with up to 100 ids, in the order of the ids; null where node(id:) would be.",
    )
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Ids of any types.")]
    ) -> list[Node | None]:
        if len(ids) > MOST_IDS:
            raise Invalid(f"At most {MOST_IDS} ids can be asked for at once.", ("ids",))
        return await _gathered([load_node(info.context, id) for id in ids])


async def _gathered(loads: Sequence[Awaitable[Node | None]]) -> list[Node | None]:
    return list(await asyncio.gather(*loads))
