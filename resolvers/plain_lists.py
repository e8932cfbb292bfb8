"""Lists of objects that show nothing but attributes: they go past the general way, which costs ten times as much.

A year by days is thousands of fields. Only what is plainly right is shown here. Where anything is not, a null or an
error among a thousand values, the whole list goes the general way, so that every error is GraphQL's own, with its path.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from inspect import iscoroutinefunction
from operator import attrgetter
from typing import Any, cast

from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    Undefined,
    is_leaf_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

from models.rules.viewers import Permission
from resolvers.permissions import Needs

FEWEST = 5
"""To get ready costs as much as to show some objects."""

_ATTRIBUTE = "attribute"
"""Under this name a field's extensions hold how it is read."""

Get = Callable[[Any], Any]


class _Unusual(Exception):
    """A value that the general way has to judge."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field that is read from its object and from nothing else, by viewers with a permission, where it needs one."""

    get: Get
    permission: Permission | None = None


def mark_attribute(field: GraphQLField, definition: StrawberryField, needs: Needs | None) -> None:
    """Note how a field is read, if it is a plain attribute or a method that wants nothing but its object."""
    resolver, permission = definition.base_resolver, needs.permission if needs else None
    if definition.extensions or field.args or field.subscribe:
        return
    if resolver is None:
        field.extensions[_ATTRIBUTE] = Attribute(attrgetter(definition.python_name), permission)
    elif not resolver.info_parameter and not iscoroutinefunction(resolver.wrapped_func):
        field.extensions[_ATTRIBUTE] = Attribute(cast(Get, resolver.wrapped_func), permission)


class ShowsPlainLists(StrawberryGraphQLCoreExecutionContext):
    """Runs an operation, and shows lists of plain objects here."""

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: Any,
        info: Any,
        path: Any,
        items: Iterable[Any],
        *more: Any,
    ) -> Any:
        shown = None
        if isinstance(items, Sequence) and len(items) >= FEWEST:
            shown = _all_shown(items, self._shower(item_type, field_details_list))
        if shown is None:
            return super().complete_iterable_value(item_type, field_details_list, info, path, items, *more)
        return shown

    def _shower(self, type: GraphQLOutputType, field_details_list: Any) -> Get | None:
        """What makes a value as answers show it; None where it is not all plain."""
        is_required = isinstance(type, GraphQLNonNull)
        bare = type.of_type if isinstance(type, GraphQLNonNull) else type
        if is_leaf_type(bare):
            return _shower_of_leaf(bare.coerce_output_value, is_required)
        if isinstance(bare, GraphQLList):
            show_item = self._shower(bare.of_type, field_details_list)
            return None if show_item is None else _shower_of_list(show_item, is_required)
        if not isinstance(bare, GraphQLObjectType) or bare.is_type_of:
            return None
        parts = self._parts(bare, field_details_list)
        return None if parts is None else _shower_of_object(parts, is_required)

    def _parts(self, type: GraphQLObjectType, field_details_list: Any) -> list[tuple[str, Get, Get]] | None:
        parts: list[tuple[str, Get, Get]] = []
        for name, details in self.collect_subfields(type, field_details_list).grouped_field_set.items():
            if details[0].node.name.value == "__typename":
                parts.append((name, _itself, _always(type.name)))
                continue
            field = type.fields.get(details[0].node.name.value)
            attribute: Attribute | None = field.extensions.get(_ATTRIBUTE) if field else None
            if field is None or attribute is None or not self._may_see(attribute):
                return None
            show = self._shower(field.type, details)
            if show is None:
                return None
            parts.append((name, attribute.get, show))
        return parts

    def _may_see(self, attribute: Attribute) -> bool:
        return attribute.permission is None or attribute.permission in self.context_value.permissions


def _itself(source: Any) -> Any:
    return source


def _always(name: str) -> Get:
    return lambda _: name


def _all_shown(items: Sequence[Any], show: Get | None) -> list[Any] | None:
    if show is None:
        return None
    try:
        return [show(item) for item in items]
    except Exception:
        # The general way meets it again, and says what and where it is.
        return None


def _shower_of_leaf(coerce: Get, is_required: bool) -> Get:
    def show(value: Any) -> Any:
        if value is None and not is_required:
            return None
        shown = coerce(value)
        if shown is None or shown is Undefined:
            raise _Unusual
        return shown

    return show


def _shower_of_list(show_item: Get, is_required: bool) -> Get:
    def show(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [show_item(item) for item in value]
        if value is None and not is_required:
            return None
        raise _Unusual

    return show


def _shower_of_object(parts: list[tuple[str, Get, Get]], is_required: bool) -> Get:
    def show(value: Any) -> Any:
        if value is None:
            if is_required:
                raise _Unusual
            return None
        return {name: show_part(get(value)) for name, get, show_part in parts}

    return show
