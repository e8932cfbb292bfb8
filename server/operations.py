"""From an operation as it is asked for to its answer, the same for requests, sockets and streams of events.

Whatever is to hold for all of them stands here: limits, points, trusted documents, masked failures.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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
)
from graphql.pyutils import AwaitableOrValue
from strawberry import Schema
from strawberry.execution import optimized_is_awaitable

from resolvers.limits import Limits, Measure
from resolvers.pacing import PACE, InSlices, Pace, Pacer
from server.answers import Answer, RequestErrors, answer_of, overtime, raise_if
from server.asked import Asked
from server.documents import Aside, Documents, Read
from server.errors import masked
from server.places import Places
from server.rate_sharing import sharing_of
from server.rates import POINT_SECONDS, Caller, Rates
from server.settings import Settings
from server.trusted_documents import trusted_by

# More would only be slower each, and hold more memory at once.
HEAVY_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Operation:
    """What was asked for, read, measured and found valid."""

    asked: Asked
    document: DocumentNode
    kind: OperationType
    name: str | None
    measure: Measure
    caller: Caller
    points: int
    """What was taken for it."""


class Operations:
    """Prepares and runs the operations of one schema."""

    def __init__(self, schema: Schema, settings: Settings) -> None:
        assert not schema.extensions, "operations are run without Strawberry's extensions"
        self.limits = limits_of(settings)
        self.rates = Rates(settings)
        self._sharing = sharing_of(self.rates, settings)
        self._seconds = settings.operation_seconds
        self._schema = schema._schema
        self._executor_class = schema.execution_context_class
        self._aside = Aside()
        self._documents = Documents(self._schema, self.limits, settings.max_tokens, self._aside)
        self._trusted = trusted_by(settings)
        self._pacer = Pacer()
        self._places = Places(HEAVY_AT_ONCE)

    def open(self) -> None:
        if self._sharing is not None:
            self._sharing.open()

    async def close(self) -> None:
        self._aside.close()
        if self._sharing is not None:
            await self._sharing.close()

    async def prepare(self, asked: Asked, caller: Caller) -> Operation:
        """Read and check an operation, and take its points. Raises RequestErrors, or TooMuchAsked."""
        asked = self._trusted.resolved(asked)
        read = self._documents.kept(asked.query)
        if read is None:
            # Who is in debt is not read at all.
            self.rates.take(caller, 0)
            read = await self._read(asked.query, caller)
        document, limits = read
        definition = chosen_operation(document, asked.operation_name)
        checked = limits.check(asked.variables, asked.operation_name)
        raise_if(checked.errors)
        points = 1 + checked.work
        self.rates.take(caller, points)
        name = definition.name.value if definition.name else None
        return Operation(asked, document, definition.operation, name, checked.measure, caller, points)

    async def _read(self, text: str, caller: Caller) -> Read:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._documents.read(text, self._spend(caller), caller.key)
        except TimeoutError:
            raise RequestErrors([overtime(self._seconds)]) from None

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
        try:
            if operation.measure.is_introspection:
                return await self._introspect(operation)
            if operation.measure.is_heavy:
                result = await self._run_heavy(operation, context, event)
            else:
                result = await self._run_light(operation, context, event)
        except Exception as error:  # Whatever escapes is a slip of ours, and must not reach the client.
            return Answer({"errors": [masked(error)]}, 500)
        return answer_of(result)

    async def _run_light(self, operation: Operation, context: object, event: object) -> ExecutionResult:
        self._pacer.enter_light()
        try:
            result = self._execute(operation, context, event, self._executor_class)
            return await result if isawaitable(result) else result
        finally:
            self._pacer.leave_light()

    async def _run_heavy(self, operation: Operation, context: object, event: object) -> ExecutionResult:
        """In slices; and what it took beyond its points is taken afterwards."""
        caller, pace = operation.caller, Pace(self._pacer)
        async with self._places.of(caller.key):
            before = PACE.set(pace)
            try:
                result = self._execute(operation, context, event, InSlices)
                return await result if isawaitable(result) else result
            finally:
                PACE.reset(before)
                pace.close()
                # Its loaders know it, and hold thousands of rows: left alone, they would wait for the collector.
                forget = getattr(context, "forget", None)
                if forget is not None:
                    forget()
                paid = operation.points * POINT_SECONDS
                self.rates.take_for_time(caller, max(pace.seconds - paid, 0))

    def _execute(
        self, operation: Operation, context: object, event: object, executor: type[Executor[Any]]
    ) -> AwaitableOrValue[ExecutionResult]:
        asked = operation.asked
        return execute(
            self._schema,
            operation.document,
            root_value=event,
            context_value=context,
            variable_values=asked.variables,
            operation_name=asked.operation_name,
            executor_class=executor,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            hide_suggestions=True,
            operation_extensions=asked.extensions,
        )

    async def _introspect(self, operation: Operation) -> Answer:
        """Answer what is asked of the schema alone. That runs no resolver, so it may run beside the loop."""
        result = await self._aside.run(
            lambda: self._execute(operation, None, None, self._executor_class), self._spend(operation.caller)
        )
        assert isinstance(result, ExecutionResult), "The schema is known without waiting."
        return answer_of(result)

    def _spend(self, caller: Caller) -> Callable[[float], None]:
        return partial(self.rates.take_for_time, caller)

    def cost_of(self, operation: Operation) -> dict[str, int]:
        return {"requested": operation.measure.cost, "limit": self.limits.max_cost}


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
