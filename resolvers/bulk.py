"""Reading many events at once: they go past the general way of reading variables, which costs more than storing them.

Only what is plainly right is read here. Whatever is not, one event among a thousand, sends all of them the general way,
so that every error is GraphQL's own, with its path.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLLeafType,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    is_leaf_type,
    is_required_input_field,
    print_ast,
)
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.utils.str_converters import to_camel_case

from resolvers.plain_lists import ShowsPlainLists

Read = Callable[[Any], Any]
Variables = Mapping[str, Any]

_EVENT = "UsageEventInput"
_EVENTS = f"[{_EVENT}!]!"


class _Unusual(Exception):
    """An input that the general way has to judge."""


class ReadsInBulk(ShowsPlainLists):
    """Runs an operation whose events, if it has any, are read here."""

    @classmethod
    def build(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        root_value: Any = None,
        context_value: Any = None,
        raw_variable_values: dict[str, Any] | None = None,
        *more: Any,
        **named: Any,
    ) -> Any:
        variables = raw_variable_values or {}
        events = _read_events(schema, document, variables)
        others = {**variables, **dict.fromkeys(events, ())}
        executor = super().build(schema, document, root_value, context_value, others, *more, **named)
        if events and not isinstance(executor, list):
            executor.variable_values.coerced.update(events)
        return executor


def _read_events(schema: GraphQLSchema, document: DocumentNode, variables: Variables) -> dict[str, list[Any]]:
    """The variables of a document that are events, as far as they are plainly right."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or not any(isinstance(value, list) for value in variables.values()):
        return {}
    found = {}
    for variable in operations[0].variable_definitions or ():
        name = variable.variable.name.value
        given = variables.get(name)
        if isinstance(given, list) and print_ast(variable.type) == _EVENTS:
            try:
                found[name] = list(map(_reader_of_events(schema), given))
            except (_Unusual, GraphQLError):
                continue
    return found


def _reader_of_events(schema: GraphQLSchema) -> Read:
    read: Read | None = schema.extensions.get(_EVENT)
    if read is None:
        type = schema.type_map[_EVENT]
        assert isinstance(type, GraphQLInputObjectType)
        read = schema.extensions[_EVENT] = _reader_of_object(type)
    return read


def _reader(type: GraphQLInputType) -> Read:
    if isinstance(type, GraphQLNonNull):
        return _reader(type.of_type)
    if isinstance(type, GraphQLInputObjectType):
        return _reader_of_object(type)
    assert is_leaf_type(type), "An event holds no lists."
    leaf: GraphQLLeafType = type
    return leaf.coerce_input_value


def _reader_of_object(type: GraphQLInputObjectType) -> Read:
    """Makes objects of an input's own class. They are what the general way would have made."""
    definition: StrawberryObjectDefinition = type.extensions["strawberry-definition"]
    attributes = {to_camel_case(field.python_name): field.python_name for field in definition.fields}
    fields = {
        name: (attributes[name], _reader(field.type), not isinstance(field.type, GraphQLNonNull))
        for name, field in type.fields.items()
    }
    required = frozenset(name for name, field in type.fields.items() if is_required_input_field(field))
    left_out = {attributes[name]: _default(field.default_value) for name, field in type.fields.items()}
    cls, is_one_of = definition.origin, type.is_one_of

    def read(given: Any) -> Any:
        if given.__class__ is not dict or not required <= given.keys() or (is_one_of and len(given) != 1):
            raise _Unusual
        values = left_out.copy()
        for name, value in given.items():
            if name not in fields:
                raise _Unusual
            attribute, read_field, may_be_null = fields[name]
            if value is not None:
                values[attribute] = read_field(value)
            elif may_be_null and not is_one_of:
                values[attribute] = None
            else:
                raise _Unusual
        return cls(**values)

    return read


def _default(value: Any) -> Any:
    return None if value is Undefined else value


def read_in_bulk(cls: Any) -> Any:
    """Decorates the input that is read here: what was read already is taken as it is."""
    definition: StrawberryObjectDefinition = cls.__strawberry_definition__

    def made(_type: type, given: Any, context: Any) -> Any:
        if given.__class__ is cls:
            return given
        names = {to_camel_case(field.python_name): field for field in definition.fields}
        values = {
            field.python_name: context.convert(given[name], field.resolve_type(), name) if name in given else None
            for name, field in names.items()
        }
        return cls(**values)

    definition.from_input = made
    return cls
