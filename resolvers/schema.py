"""The graph, put together from its subjects; and what holds for all of its fields, made sure of in one place."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField

from resolvers import words
from resolvers.bulk import ReadsInBulk
from resolvers.exports import ExportMutations
from resolvers.hiring import HiringMutations
from resolvers.holds import HoldMutations
from resolvers.keys import KeyMutations, KeyQueries
from resolvers.nodes import NodeQueries
from resolvers.permissions import NEEDS, Needs, guarded
from resolvers.plain_lists import mark_attribute
from resolvers.plan_changes import PlanChangeMutations
from resolvers.recording import RecordingMutations
from resolvers.refunds import RefundMutations
from resolvers.refusals import Refused, TooFewCredits
from resolvers.scalars import SCALARS
from resolvers.spending_rules import SpendingRuleMutations
from resolvers.tenants import TenantMutations, TenantQueries
from resolvers.top_ups import TopUpMutations
from resolvers.usage import UsageQueries
from resolvers.watching import Subscription

assert words, "Importing them makes enums of them."


@strawberry.type(description="What can be asked.")
class Query(NodeQueries, TenantQueries, KeyQueries, UsageQueries):
    pass


@strawberry.type(description="What can be changed. Each answers with the result, or with why it was refused.")
class Mutation(
    TenantMutations,
    HiringMutations,
    KeyMutations,
    RecordingMutations,
    TopUpMutations,
    HoldMutations,
    RefundMutations,
    SpendingRuleMutations,
    PlanChangeMutations,
    ExportMutations,
):
    pass


def build_schema(query: type, mutation: type | None = None, subscription: type | None = None) -> strawberry.Schema:
    schema = strawberry.Schema(
        query,
        mutation,
        subscription,
        types=[Refused, TooFewCredits],
        execution_context_class=ReadsInBulk,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    graph = schema._schema
    for name, field in fields_of(graph):
        _forget_null_defaults(field)
        mark_attribute(field, definition_of(field), needs_of(field))
        _resolve_directly(field)
        _guard(name, field, is_root=name.split(".")[0] in ("Query", "Mutation", "Subscription"))
    for type in graph.type_map.values():
        if isinstance(type, GraphQLObjectType):
            # Types are known by the classes of their objects; to check each object again takes as long as its fields.
            type.is_type_of = None
        if isinstance(type, GraphQLInputObjectType) and type.extensions["strawberry-definition"].is_one_of:
            # Left to graphql-core, whose errors say where the input is wrong.
            type.is_one_of = True
            type.out_type = _as_it_is  # type: ignore[method-assign]
    return schema


def fields_of(graph: GraphQLSchema) -> Iterator[tuple[str, GraphQLField]]:
    """Every field of every object type, with its name: "Call.agent"."""
    for type in graph.type_map.values():
        if isinstance(type, GraphQLObjectType) and not type.name.startswith("__"):
            yield from ((f"{type.name}.{name}", field) for name, field in type.fields.items())


def needs_of(field: GraphQLField) -> Needs | None:
    needs: Needs | None = definition_of(field).metadata.get(NEEDS)
    return needs


def definition_of(field: GraphQLField) -> StrawberryField:
    definition: StrawberryField = field.extensions["strawberry-definition"]
    return definition


def _guard(name: str, field: GraphQLField, *, is_root: bool) -> None:
    """Ask for what a field needs, before anything of it runs."""
    needs = needs_of(field)
    assert needs or not is_root, f"{name} does not say what it needs."
    if needs and field.subscribe:
        field.subscribe = guarded(field.subscribe, needs)
    elif needs and field.resolve:
        field.resolve = guarded(field.resolve, needs)


def _forget_null_defaults(field: GraphQLField) -> None:
    # An argument that may be left out is None in Python; that is no default worth showing.
    for argument in field.args.values():
        if argument.default_value is None:
            argument.default_value = Undefined


def _resolve_directly(field: GraphQLField) -> None:
    """Methods that want nothing but their object are called as they are, which is several times faster."""
    definition = definition_of(field)
    resolver = definition.base_resolver
    if resolver is None or definition.extensions or field.args or resolver.info_parameter or field.subscribe:
        return
    field.resolve = _only_self(cast(Callable[[Any], Any], resolver.wrapped_func))


def _only_self(method: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda source, info: method(source)


def _as_it_is(value: dict[str, Any]) -> dict[str, Any]:
    return value


schema = build_schema(Query, Mutation, Subscription)
