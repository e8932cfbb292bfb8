"""What is promised of every field of the graph."""

from collections.abc import Iterator

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
)

from models.rules.viewers import Permission
from resolvers.permissions import Needs
from resolvers.schema import build_schema, fields_of, needs_of, schema

GRAPH = schema._schema
OURS = [type for type in GRAPH.type_map.values() if not type.name.startswith("__")]

# Whoever holds one of these may read the books, or has the credits' role for it.
SHOWS_AMOUNTS = {"Credits", "CreditAccount", "Usage", "Forecast", "CallLogPage", "AlertConnection", "Charge", "Budget"}

# An operator's rights hold those of all others.
READ_THE_BOOKS = {Permission.READ_BOOKS, Permission.OPERATE}


def undescribed(type: GraphQLNamedType) -> Iterator[str]:
    """The names of what has no description in a type, the type's own among them."""
    if not type.description:
        yield type.name
    if isinstance(type, GraphQLEnumType):
        yield from (f"{type.name}.{name}" for name, value in type.values.items() if not value.description)
    if isinstance(type, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        yield from (f"{type.name}.{name}" for name, field in type.fields.items() if not field.description)
    if isinstance(type, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in type.fields.items():
            yield from (f"{type.name}.{name}({arg})" for arg, a in field.args.items() if not a.description)


def test_every_type_field_argument_and_word_is_described() -> None:
    assert [name for type in OURS for name in undescribed(type)] == []


def test_every_field_of_a_root_names_its_permission() -> None:
    roots = {"Query", "Mutation", "Subscription"}
    fields = [(name, field) for name, field in fields_of(GRAPH) if name.split(".")[0] in roots]
    assert len(fields) > 10
    assert [name for name, field in fields if needs_of(field) is None] == []


def test_every_field_that_shows_amounts_is_for_those_who_read_the_books() -> None:
    open_fields = [
        name
        for name, field in fields_of(GRAPH)
        if get_named_type(field.type).name in SHOWS_AMOUNTS
        and not name.endswith("Payload.account")
        and not name.startswith("TooFewCredits.")
        and (needs_of(field) or Needs(Permission.SIGNED_IN)).permission not in READ_THE_BOOKS
    ]
    assert open_fields == []


def test_a_root_field_without_a_permission_is_never_served() -> None:
    @strawberry.type
    class Careless:
        @strawberry.field
        def secret(self) -> str:
            return "everything"

    Careless.__strawberry_definition__.name = "Query"  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match="secret does not say what it needs"):
        build_schema(Careless, None)


def test_no_argument_shows_null_as_its_default() -> None:
    assert " = null" not in schema.as_str()


def test_the_printed_schema_says_which_inputs_take_one_field() -> None:
    assert "input RangeInput @oneOf {" in schema.as_str()
