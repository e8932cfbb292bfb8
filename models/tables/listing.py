"""Lists that are read in pages by key, in both directions: no page costs more than the first."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, TypeDecorator, and_, bindparam, func, literal_column, tuple_
from sqlalchemy.types import TypeEngine

Key = tuple[Any, ...]


def _plain(type: TypeEngine[Any]) -> TypeEngine[Any]:
    # A type that decorates another one does not say which type of Python's it stands for.
    return type.impl_instance if isinstance(type, TypeDecorator) else type


class Listing:
    """The rows of a statement, newest first by their keys, which no two rows share.

    Statements are made once; what differs from one page to the next are the values of :after_0, :before_0 ... and
    of :page_size, beside those of the list itself.
    """

    def __init__(self, rows: Select[Any], *keys: Column[Any]) -> None:
        self.rows, self.keys = rows, keys
        self.key_types: tuple[type, ...] = tuple(_plain(key.type).python_type for key in keys)
        self.page = lru_cache(self._page)
        self.reaches = lru_cache(self._reaches)
        self.count = rows.with_only_columns(func.count(), maintain_column_froms=True)

    def key_of(self, row: Any) -> Key:
        return tuple(getattr(row, key.name) for key in self.keys)

    def _page(self, *, after: bool, before: bool, backwards: bool) -> Select[Any]:
        """The first :page_size rows between two keys; the last ones, in their reversed order, if backwards."""
        order = [key.asc() if backwards else key.desc() for key in self.keys]
        bounds = self._bounds(after=after, before=before)
        return self.rows.where(*bounds).order_by(*order).limit(bindparam("page_size"))

    def _reaches(self, bound: str) -> Select[Any]:
        """Whether there is a row at a key or on its far side, seen from the page that it bounds."""
        mine, given = tuple_(*self.keys), self._given(bound)
        at_or_beyond = mine >= given if bound == "after" else mine <= given
        one: Select[Any] = self.rows.with_only_columns(literal_column("1"), maintain_column_froms=True)
        return one.where(at_or_beyond).limit(1)

    def _bounds(self, *, after: bool, before: bool) -> Sequence[ColumnElement[bool]]:
        mine = tuple_(*self.keys)
        bounds = []
        # The newest is first, so what comes after a key is older.
        if after:
            bounds.append(mine < self._given("after"))
        if before:
            bounds.append(mine > self._given("before"))
        return bounds or [and_(True)]

    def _given(self, bound: str) -> Any:
        return tuple_(*(bindparam(f"{bound}_{position}", type_=key.type) for position, key in enumerate(self.keys)))


def bound_values(bound: str, key: Key | None) -> dict[str, Any]:
    """The values that a statement of a listing wants for a key."""
    return {f"{bound}_{position}": part for position, part in enumerate(key or ())}
