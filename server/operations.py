"""From the text of a document to an answer, the same for every way in: requests, sockets and streams of events.

Documents that passed validation are kept, parsed, under their text: the same few are asked again and again, and
reading them costs far more than running them.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from inspect import isawaitable
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
    execute,
    parse,
    validate,
)
from strawberry import Schema
from strawberry.execution import optimized_is_awaitable

from resolvers.limits import DocumentLimits, Limits, Measure, limit_reached, refused_shape
from server.errors import ShownError, masked, shown
from server.settings import Settings

KEPT_DOCUMENTS = 1_000
# Longer documents are read anew each time, so that what is kept stays small.
LONGEST_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation as a client asks for it."""

    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    extensions: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """What was asked for, read, measured and found valid."""

    asked: Asked
    document: DocumentNode
    kind: OperationType
    name: str | None
    measure: Measure


# The status of an operation that cannot be run, for clients that understand it. A later draft of GraphQL over
# HTTP prefers 422.
REQUEST_ERROR_STATUS = 400


@dataclass(slots=True)
class Answer:
    """What the client gets, and the status that says how it went. There is no `data` where nothing ran."""

    payload: dict[str, Any]
    status: int = 200


class RequestErrors(Exception):
    """The operation cannot be run. Nothing was executed."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors)
        self.errors = errors

    def answer(self) -> Answer:
        return Answer({"errors": shown(self.errors)}, REQUEST_ERROR_STATUS)


class Operations:
    """Prepares and runs the operations of one schema."""

    def __init__(self, schema: Schema, settings: Settings) -> None:
        assert not schema.extensions, "operations are run without Strawberry's extensions"
        self.limits = limits_of(settings)
        self._schema = schema._schema
        self._executor_class = schema.execution_context_class
        self._max_tokens = settings.max_tokens
        self._kept = lru_cache(maxsize=KEPT_DOCUMENTS)(self._read)

    def prepare(self, asked: Asked) -> Operation:
        """Read and check an operation. Raises RequestErrors."""
        short = len(asked.query) <= LONGEST_KEPT
        document, limits = self._kept(asked.query) if short else self._read(asked.query)
        definition = chosen_operation(document, asked.operation_name)
        _raise_if(limits.errors(asked.variables, asked.operation_name))
        measure = limits.measure(asked.variables, asked.operation_name)
        name = definition.name.value if definition.name else None
        return Operation(asked, document, definition.operation, name, measure)

    async def subscribe(self, operation: Operation, context: object) -> object:
        """What a subscription's field answers: the source of its events. Raises RequestErrors."""
        asked = operation.asked
        executor = self._executor_class.build(
            self._schema,
            operation.document,
            context_value=context,
            raw_variable_values=asked.variables,
            operation_name=asked.operation_name,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            hide_suggestions=True,
            operation_extensions=asked.extensions,
        )
        if not isinstance(executor, Executor):
            raise RequestErrors(executor)
        source = create_source_event_stream(executor)
        if isawaitable(source):
            source = await source
        if isinstance(source, ExecutionResult):
            raise RequestErrors(source.errors or [])
        return source

    async def run(self, operation: Operation, context: object, event: object = None) -> Answer:
        """Execute a query or a mutation; or a subscription, for one event of its source."""
        asked = operation.asked
        try:
            result = execute(
                self._schema,
                operation.document,
                root_value=event,
                context_value=context,
                variable_values=asked.variables,
                operation_name=asked.operation_name,
                executor_class=self._executor_class,
                is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
                hide_suggestions=True,
                operation_extensions=asked.extensions,
            )
            if isawaitable(result):
                result = await result
        except Exception as error:  # Whatever escapes is a slip of ours, and must not reach the client.
            return Answer({"errors": [masked(error)]}, 500)
        return answer_of(result)

    def cost_of(self, operation: Operation) -> dict[str, int]:
        return {"requested": operation.measure.cost, "limit": self.limits.max_cost}

    def _read(self, text: str) -> tuple[DocumentNode, DocumentLimits]:
        try:
            document = parse(text, max_lexical_tokens=self._max_tokens, max_comments=self._max_tokens)
        except GraphQLError as error:
            raise RequestErrors([error]) from None
        limits = DocumentLimits(document, self.limits)
        # Before validation, which is slow on documents that are made to be.
        _raise_if(refused_shape(limits.measure({}, None), self.limits))
        _raise_if(validate(self._schema, document, max_errors=20, hide_suggestions=True))
        return document, limits


def limits_of(settings: Settings) -> Limits:
    return Limits(
        max_depth=settings.max_depth,
        max_fields=settings.max_fields,
        max_aliases=settings.max_aliases,
        max_cost=settings.max_cost,
        max_root_mutations=settings.max_root_mutations,
        max_operations=settings.max_operations,
        max_list=settings.max_list,
    )


def chosen_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation that is meant. A document with several must be told which: a mutation could hide in it."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is not None:
        operations = [node for node in operations if node.name and node.name.value == name]
        if not operations:
            raise RequestErrors([GraphQLError("The document holds no operation of that name.")])
    if not operations:
        raise RequestErrors([GraphQLError("The document holds no operation.")])
    if len(operations) > 1:
        raise RequestErrors([GraphQLError("The document holds several operations: say operationName.")])
    return operations[0]


def answer_of(result: ExecutionResult) -> Answer:
    errors: list[ShownError] = shown(result.errors or [])
    if result.data is None and all("path" not in error for error in errors):
        # Only a field's error can leave no data once something ran: these are the variables'.
        return Answer({"errors": errors}, REQUEST_ERROR_STATUS)
    payload: dict[str, Any] = {"errors": errors} if errors else {}
    payload["data"] = result.data
    return Answer(payload)


def overtime_answer(seconds: float) -> Answer:
    error = limit_reached(f"The operation took longer than {seconds:g} seconds and was given up.")
    return Answer({"errors": shown([error])}, 503)


def _raise_if(errors: list[GraphQLError]) -> None:
    if errors:
        raise RequestErrors(errors)
