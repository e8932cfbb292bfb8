"""The graph keeps the names, arguments and nullability that were agreed with its first clients.

What was agreed lies beside the repository where the project is developed; elsewhere there is nothing to compare.
"""

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    DefinitionNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    Undefined,
    ast_from_value,
    parse,
    print_ast,
)

from resolvers.schema import schema

CONTRACT = Path(__file__).resolve().parents[3] / "shared" / "contract.graphql"
GRAPH = schema._schema

# What is agreed and not served yet. Each of these goes once it is.
NAMES_TO_COME = ""
LATER = set(NAMES_TO_COME.split())

Typed = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | InputObjectTypeDefinitionNode
HasFields = GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType


def agreed() -> tuple[DefinitionNode, ...]:
    return tuple(parse(CONTRACT.read_text()).definitions) if CONTRACT.exists() else ()


def broken(definition: DefinitionNode) -> Iterator[str]:
    """What of a definition the graph does not keep, by name."""
    assert isinstance(definition, Typed | EnumTypeDefinitionNode | ScalarTypeDefinitionNode)
    served = GRAPH.type_map.get(definition.name.value)
    if served is None:
        yield definition.name.value
    elif isinstance(definition, EnumTypeDefinitionNode):
        yield from broken_enum(definition, served)
    elif isinstance(definition, ScalarTypeDefinitionNode):
        assert isinstance(served, GraphQLScalarType)
    else:
        yield from broken_fields(definition, served)


def broken_enum(definition: EnumTypeDefinitionNode, served: GraphQLNamedType) -> Iterator[str]:
    assert isinstance(served, GraphQLEnumType)
    for value in definition.values or ():
        if value.name.value not in served.values:
            yield f"{served.name}.{value.name.value}"


def broken_fields(definition: Typed, served: GraphQLNamedType) -> Iterator[str]:
    assert isinstance(served, HasFields)
    if not isinstance(definition, InputObjectTypeDefinitionNode):
        assert not isinstance(served, GraphQLInputObjectType)
        kept = {interface.name for interface in served.interfaces}
        yield from (f"{served.name}: {i.name.value}" for i in definition.interfaces or () if i.name.value not in kept)
    for field in definition.fields or ():
        name = f"{served.name}.{field.name.value}"
        found = served.fields.get(field.name.value)
        if found is None:
            yield name
            continue
        if str(found.type) != print_ast(field.type):
            yield f"{name} is {found.type}"
        if isinstance(field, FieldDefinitionNode):
            yield from (f"{name}({problem})" for problem in broken_arguments(field, getattr(found, "args", {})))
        elif default_of(found) != promised_default(field):
            yield f"{name} = {default_of(found)}"


def broken_arguments(field: FieldDefinitionNode, served: dict[str, object]) -> Iterator[str]:
    for argument in field.arguments or ():
        found = served.get(argument.name.value)
        if found is None:
            yield argument.name.value
        elif (str(found.type), default_of(found)) != (print_ast(argument.type), promised_default(argument)):  # type: ignore[attr-defined]
            yield f"{argument.name.value}: {found.type} = {default_of(found)}"  # type: ignore[attr-defined]


def promised_default(node: InputValueDefinitionNode) -> str | None:
    return print_ast(node.default_value) if node.default_value else None


def default_of(served: object) -> str | None:
    value, type = served.default_value, served.type  # type: ignore[attr-defined]
    node = None if value is Undefined else ast_from_value(value, type)
    return print_ast(node) if node else None


def test_the_graph_keeps_what_was_agreed() -> None:
    missing = {name for definition in agreed() for name in broken(definition)}
    assert missing - LATER == set()


def test_nothing_waits_that_is_served() -> None:
    missing = {name for definition in agreed() for name in broken(definition)}
    assert not CONTRACT.exists() or LATER - missing == set()
