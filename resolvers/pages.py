"""Relay connections over keys, in both directions.

A page begins where a key ends, so that rows which come in meanwhile shift nothing, and a page deep in a list costs
what the first one costs. Cursors are those keys, packed.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import strawberry

from models.rules.refusals import Invalid
from models.tables.listing import Key, Listing, bound_values
from resolvers.context import Context
from resolvers.permissions import field

USUAL = 10
MOST = 100

_LONGEST_CURSOR = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

T = TypeVar("T")

First = Annotated[
    int | None,
    strawberry.argument(description="How many to answer from the beginning, at most 100; 10 where last is not given."),
]
After = Annotated[
    str | None, strawberry.argument(description="A cursor: only what comes after it in the list, which is older.")
]
Last = Annotated[
    int | None,
    strawberry.argument(description="How many to answer from the end, at most 100. Not together with first."),
]
Before = Annotated[
    str | None, strawberry.argument(description="A cursor: only what comes before it in the list, which is newer.")
]


@dataclass(frozen=True, slots=True)
class Wish:
    """The arguments of a page as they were given."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def size(self) -> int:
        if self.first is not None and self.last is not None:
            raise Invalid("Ask for the first or for the last ones, not for both.", ("last",))
        for name, size in (("first", self.first), ("last", self.last)):
            if size is not None and not 0 <= size <= MOST:
                raise Invalid(f"A page holds 0 to {MOST}.", (name,))
        if self.first is not None:
            return self.first
        return USUAL if self.last is None else self.last


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page that was read, and how to learn what it does not hold."""

    items: Sequence[T]
    keys: Sequence[Key]
    more: bool
    """Whether there was one more in the direction of reading, up to the other cursor."""
    backwards: bool
    reaches: Callable[[str], Awaitable[bool]]
    count: Callable[[], Awaitable[int]]

    async def has_next(self) -> bool:
        return (self.more and not self.backwards) or await self.reaches("before")

    async def has_previous(self) -> bool:
        return (self.more and self.backwards) or await self.reaches("after")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    page: strawberry.Private[Page[Any]]

    @field(description="Whether more comes after this page: older ones.")
    async def has_next_page(self) -> bool:
        return await self.page.has_next()

    @field(description="Whether something comes before this page: newer ones.")
    async def has_previous_page(self) -> bool:
        return await self.page.has_previous()

    @field(description="The cursor of the first one of the page; null where the page is empty.")
    def start_cursor(self) -> str | None:
        return cursor_of(self.page.keys[0]) if self.page.keys else None

    @field(description="The cursor of the last one of the page; null where the page is empty.")
    def end_cursor(self) -> str | None:
        return cursor_of(self.page.keys[-1]) if self.page.keys else None


@strawberry.type(description="One item of a page, with its place in the list.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="The item's place in the list, for after and before.")
    node: T = strawberry.field(description="The item itself.")


@strawberry.type(description="A page of a list, the newest first.")
class Connection(Generic[T]):
    page: strawberry.Private[Page[T]]

    @field(description="The items of the page, each with its cursor.")
    def edges(self) -> list[Edge[T]]:
        pairs = zip(self.page.keys, self.page.items, strict=True)
        return [Edge(cursor=cursor_of(key), node=item) for key, item in pairs]

    @field(description="The items of the page.")
    def nodes(self) -> list[T]:
        return list(self.page.items)

    @field(description="Where this page lies in the list.")
    def page_info(self) -> PageInfo:
        return PageInfo(page=self.page)

    @field(description="How many there are in the whole list. Counted only when it is asked for.")
    async def total_count(self) -> int:
        return await self.page.count()


async def read_page(
    context: Context,
    listing: Listing,
    values: Mapping[str, Any],
    wish: Wish,
    make: Callable[[Any], T],
    count: Callable[[], Awaitable[int]] | None = None,
) -> Connection[T]:
    """A page of a listing; count where there is a cheaper way than counting its rows."""
    size = wish.size()
    after = parse_cursor(wish.after, listing, "after")
    before = parse_cursor(wish.before, listing, "before")
    backwards = wish.last is not None
    bounds = {"after": after, "before": before}

    async def reaches(bound: str) -> bool:
        if bounds[bound] is None:
            return False
        given = {**values, **bound_values(bound, bounds[bound])}
        return await context.value(listing.reaches(bound), given) is not None

    async def count_rows() -> int:
        return int(await context.value(listing.count, values))

    statement = listing.page(after=after is not None, before=before is not None, backwards=backwards)
    given = {**values, **bound_values("after", after), **bound_values("before", before), "page_size": size + 1}
    rows = list(await context.all(statement, given))
    more = len(rows) > size
    del rows[size:]
    if backwards:
        rows.reverse()
    keys = [listing.key_of(row) for row in rows]
    items = [make(row) for row in rows]
    return Connection(page=Page(items, keys, more, backwards, reaches, count or count_rows))


def empty_page(wish: Wish) -> Connection[Any]:
    """A page of a list that has nothing in it, whatever its rows may be."""
    wish.size()

    async def reaches(_: str) -> bool:
        return False

    async def count() -> int:
        return 0

    return Connection(page=Page([], [], False, False, reaches, count))


def cursor_of(key: Key) -> str:
    """A key as text that clients keep and send back."""
    return urlsafe_b64encode(".".join(_packed(part) for part in key).encode()).decode().rstrip("=")


def parse_cursor(cursor: str | None, listing: Listing, name: str) -> Key | None:
    """The key that a cursor holds; what cursor_of() would not have made is refused."""
    if cursor is None:
        return None
    try:
        key = _unpacked(cursor, listing.key_types)
        if cursor_of(key) == cursor:
            return key
    except (ValueError, OverflowError, binascii.Error):
        pass
    raise Invalid("This is not a cursor of this list.", (name,))


def _packed(part: Any) -> str:
    if isinstance(part, datetime):
        return str((part - _EPOCH) // _MICROSECOND)
    return part.hex if isinstance(part, UUID) else str(part)


def _unpacked(cursor: str, types: Sequence[type]) -> Key:
    if len(cursor) > _LONGEST_CURSOR or not cursor.isascii():
        raise ValueError
    parts = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(".")
    return tuple(_part(text, type) for text, type in zip(parts, types, strict=True))


def _part(text: str, type: type) -> Any:
    if type is UUID:
        return UUID(hex=text)
    number = int(text)
    if abs(number) >= 2**63:
        raise ValueError
    return _EPOCH + timedelta(microseconds=number) if type is datetime else number
