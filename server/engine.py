"""Reads documents and executes what they say, in the process that it is in. Whose turn it is, others decide."""

from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Protocol

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

from models.rules.viewers import Viewer
from resolvers.limits import Limits
from resolvers.pacing import PACE, InSlices, Pace, Pacer
from server.answers import Answer, RequestErrors, answer_of, raise_if
from server.asked import Asked, Unread
from server.documents import KEPT_CHARACTERS, Aside, Documents, Read, Spend
from server.errors import masked, shown
from server.rates import POINT_SECONDS, Caller
from server.settings import Settings
from server.trusted_documents import trusted_by


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """What an operation's context may need to know of its request."""

    request_id: str
    address: str | None
    operation_name: str | None


class ContextFor(Protocol):
    """Builds the context of one operation: never shared between two."""

    def __call__(self, viewer: Viewer, request: RequestInfo) -> object: ...


@dataclass(frozen=True, slots=True)
class Outline:
    """What an operation turned out to be when it was read, measured and found valid."""

    kind: OperationType
    name: str | None
    cost: int
    work: int
    """What it asks of the server, in objects of an answer."""
    is_heavy: bool
    """Whether others would be held up by it."""
    is_introspection: bool
    """Whether nothing but the schema itself is asked for."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What was asked for, and by whom."""

    asked: Asked | Unread
    outline: Outline
    caller: Caller
    points: int
    """What was taken for it."""
    document: DocumentNode | None
    """None where it was read in another process: then it is run in one too."""

    @property
    def paid(self) -> float:
        """The seconds of a processor that its points stand for."""
        return self.points * POINT_SECONDS

    @property
    def read(self) -> Asked:
        assert isinstance(self.asked, Asked), "What is run has been read."
        return self.asked

    @property
    def kind(self) -> OperationType:
        return self.outline.kind

    @property
    def name(self) -> str | None:
        return self.outline.name


class Engine:
    """Reads and runs the operations of one schema."""

    def __init__(
        self,
        schema: Schema,
        settings: Settings,
        context_for: ContextFor,
        kept_characters: int = KEPT_CHARACTERS,
    ) -> None:
        assert not schema.extensions, "operations are run without Strawberry's extensions"
        self.limits = limits_of(settings)
        self._context_for = context_for
        self._schema = schema._schema
        self._executor_class = schema.execution_context_class
        self._aside = Aside()
        self._documents = Documents(self._schema, self.limits, settings.max_tokens, self._aside, kept_characters)
        self.kept, self.read, self.keep = self._documents.kept, self._documents.read, self._documents.keep
        self.resolved = trusted_by(settings).resolved
        self._pacer = Pacer()

    def close(self) -> None:
        self._aside.close()

    def outline(self, read: Read, asked: Asked) -> Outline:
        """What is to be run of a document. Raises RequestErrors."""
        document, limits = read
        definition = chosen_operation(document, asked.operation_name)
        checked = limits.check(asked.variables, asked.operation_name)
        raise_if(checked.errors)
        measure = checked.measure
        name = definition.name.value if definition.name else None
        return Outline(
            definition.operation, name, measure.cost, checked.work, measure.is_heavy, measure.is_introspection
        )

    async def subscribe(self, operation: Operation, viewer: Viewer, request: RequestInfo) -> object:
        """What a subscription's field answers: the source of its events. Raises RequestErrors."""
        assert operation.document is not None
        asked = operation.read
        executor = self._executor_class.build(
            self._schema,
            operation.document,
            context_value=self._context_for(viewer, request),
            raw_variable_values=asked.variables,
            operation_name=asked.operation_name,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
            hide_suggestions=True,
            operation_extensions=asked.extensions,
        )
        if not isinstance(executor, Executor):
            raise RequestErrors(shown(executor))
        source = create_source_event_stream(executor)
        if isawaitable(source):
            source = await source
        if isinstance(source, ExecutionResult):
            raise RequestErrors(shown(source.errors or []))
        return source

    async def run(
        self, operation: Operation, viewer: Viewer, request: RequestInfo, spend: Spend, event: object = None
    ) -> Answer:
        """Execute a query or a mutation; or a subscription, for one event of its source."""
        outline = operation.outline
        try:
            if outline.is_introspection:
                result = await self._introspect(operation, spend)
            elif outline.is_heavy:
                result = await self._run_heavy(operation, self._context_for(viewer, request), event, spend)
            else:
                result = await self._run_light(operation, self._context_for(viewer, request), event)
        except Exception as error:  # Whatever escapes is a slip of ours, and must not reach the client.
            return Answer.of({"errors": [masked(error)]}, 500)
        cost = {"cost": {"requested": outline.cost, "limit": self.limits.max_cost}}
        return answer_of(result, cost if operation.read.wants_cost else {})

    async def _run_light(self, operation: Operation, context: object, event: object) -> ExecutionResult:
        self._pacer.enter_light()
        try:
            result = self._execute(operation, context, event, self._executor_class)
            return await result if isawaitable(result) else result
        finally:
            self._pacer.leave_light()

    async def _run_heavy(self, operation: Operation, context: object, event: object, spend: Spend) -> ExecutionResult:
        """In slices; and what it took beyond its points is spent afterwards."""
        pace = Pace(self._pacer)
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
            spend(max(pace.seconds - operation.paid, 0))

    async def _introspect(self, operation: Operation, spend: Spend) -> ExecutionResult:
        """What is asked of the schema alone runs no resolver, so it may run beside the loop."""

        def run() -> AwaitableOrValue[ExecutionResult]:
            return self._execute(operation, None, None, self._executor_class)

        result = await self._aside.run(run, lambda seconds: spend(max(seconds - operation.paid, 0)))
        assert isinstance(result, ExecutionResult), "The schema is known without waiting."
        return result

    def _execute(
        self, operation: Operation, context: object, event: object, executor: type[Executor[Any]]
    ) -> AwaitableOrValue[ExecutionResult]:
        assert operation.document is not None
        asked = operation.read
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
            raise _refused("The document holds no operation of that name.")
    if not operations:
        raise _refused("The document holds no operation.")
    if len(operations) > 1:
        raise _refused("The document holds several operations: say operationName.")
    return operations[0]


def _refused(message: str) -> RequestErrors:
    return RequestErrors(shown([GraphQLError(message)]))
