"""Shared execution: who asks for the same with the same rights gets the same bytes, made once.

A group is one operation with one set of rights. It runs each event once; its subscribers differ only in how the bytes
are wrapped for them. A subscriber has no queue: it has a place in the ledger, and whoever falls behind is given what
happened since as soon as its client takes it, merged where changes can be.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import orjson
from graphql import FieldNode, VariableNode

from models.actions.watching import Standing, Stretch
from models.rules.viewers import Viewer
from models.rules.words import Role
from resolvers.limits import MOST_LIGHT
from resolvers.watching import AFTER, Feed
from server.answers import overtime
from server.engine import Operation, RequestInfo, chosen_operation
from server.errors import INTERNAL, ShownError
from server.operations import Operations
from server.watching.metrics import WatchingMetrics
from server.watching.watcher import MOST_ENTRIES, Watcher, Watchers

SLICE = 200
"""After so many sockets a fan-out lets others run."""
MOST_KEPT = 16
SNAPSHOT = -1
ATTEMPTS = 4
RETRY_SECONDS = 0.5

Payloads = tuple[bytes, ...]


class Made(NamedTuple):
    """What a group's subscribers are sent for a part of the ledger, and the standing at its end."""

    payloads: Payloads
    standing: Standing


class Wire(Protocol):
    """What carries messages to one client."""

    is_free: bool
    """Whether the client has taken what was sent. Who does not read is sent nothing more."""

    def write(self, message: bytes) -> None:
        """Never waits. Once the wire is closed, nothing happens."""

    def hold(self, subscriber: "Subscriber") -> None:
        """Have a subscriber catch up once the wire is free."""


class Rights(NamedTuple):
    """What two viewers must have in common to be shown the same."""

    role: Role
    tenant_id: UUID | None

    @classmethod
    def of(cls, viewer: Viewer) -> "Rights":
        return cls(viewer.role, viewer.tenant_id)

    def viewer(self) -> Viewer:
        """Somebody with these rights, and nothing that tells their holders apart."""
        return Viewer(self.role, self.tenant_id)


class Sameness(NamedTuple):
    """What makes two subscriptions the same."""

    query: str
    operation_name: str | None
    variables: bytes
    rights: Rights
    tenant_id: UUID


class Subscriber:
    """One subscription of one client: its place in the ledger, and how its messages are wrapped."""

    __slots__ = ("catching_up", "group", "head", "is_over", "seq", "tail", "wire")

    def __init__(self, wire: Wire, head: bytes, tail: bytes) -> None:
        self.wire, self.head, self.tail = wire, head, tail
        self.group: Group | None = None
        self.seq = 0
        self.catching_up: asyncio.Task[None] | None = None
        self.is_over = False

    def send(self, payloads: Sequence[bytes], seq: int) -> None:
        for payload in payloads:
            self.wire.write(b"%b%b%b" % (self.head, payload, self.tail))
        self.seq = seq

    def leave(self) -> None:
        self.is_over = True
        if self.catching_up is not None:
            self.catching_up.cancel()
        if self.group is not None:
            self.group.remove(self)

    def go_on(self) -> None:
        """Catch up with what was missed, if anything was."""
        if self.is_over or self.catching_up is not None or self.group is None or self.seq >= self.group.head.seq:
            return
        self.catching_up = asyncio.create_task(self.group.catch_up(self), name="catch up")


@dataclass(frozen=True, slots=True)
class Runner:
    """How events are run: the same for all groups."""

    operations: Operations
    seconds: float
    metrics: WatchingMetrics


class Group:
    """The subscribers of one operation with one set of rights."""

    def __init__(
        self, runner: Runner, watchers: Watchers, watcher: Watcher, feed: Feed, operation: Operation, rights: Rights
    ) -> None:
        self._runner, self._watchers, self._watcher, self._feed = runner, watchers, watcher, feed
        self._operation, self._rights = operation, rights
        self._at_leisure = replace(operation, outline=replace(operation.outline, is_heavy=True))
        """The same, run as what is heavy: for events that hold much."""
        self._kept: OrderedDict[tuple[int, int], asyncio.Task[Made]] = OrderedDict()
        self._subscribers: dict[Subscriber, None] = {}
        self.head = watcher.head
        self.on_empty: Callable[[], None] = _nothing
        watcher.followers.add(self)

    # ------------------------------------------------------------ coming and going

    async def join(self, subscriber: Subscriber, after: int | None) -> None:
        """Begin with a snapshot, or behind a seq. Raises Invalid for one that the ledger has not reached."""
        subscriber.group = self
        self._subscribers[subscriber] = None
        subscriber.seq = self.head.seq if after is None else after
        # Before it has begun it is sent nothing else.
        subscriber.catching_up = asyncio.current_task()
        try:
            if after is None:
                await self._show(subscriber, self.head)
            elif after > self.head.seq:
                await self._watchers.check_reached(self._feed.watched, after)
        finally:
            subscriber.catching_up = None
        subscriber.go_on()

    async def _show(self, subscriber: Subscriber, standing: Standing) -> None:
        """Send the snapshot, where there is anything to see."""
        if (snapshot := self._feed.snapshot) is None:
            return

        async def make() -> Made:
            return Made(await self._run_all([snapshot(standing)], "snapshot", self._operation), standing)

        made = await self._shared((SNAPSHOT, standing.seq), make)
        subscriber.send(made.payloads, standing.seq)

    def remove(self, subscriber: Subscriber) -> None:
        self._subscribers.pop(subscriber, None)
        if not self._subscribers:
            self._watcher.followers.discard(self)
            self.on_empty()

    # ------------------------------------------------------------ going on

    async def advance(self, stretch: Stretch) -> None:
        """Run what has happened, and send it to everybody who has all that came before."""
        payloads = await self._run_stretch(stretch, "change")
        # What was made for those who came before this change is of no more use.
        self._kept.clear()
        self.head = stretch.standing
        sent = 0
        for position, subscriber in enumerate(tuple(self._subscribers), 1):
            if not subscriber.wire.is_free:
                subscriber.wire.hold(subscriber)
            elif subscriber.seq != stretch.after or subscriber.catching_up is not None:
                subscriber.go_on()
            elif not subscriber.is_over:
                subscriber.send(payloads, stretch.until)
                sent += 1
            if position % SLICE == 0:
                await asyncio.sleep(0)
        self._runner.metrics.pushes.inc(sent * len(payloads))

    async def catch_up(self, subscriber: Subscriber) -> None:
        """Send what was missed, in slices, for as long as the client takes it."""
        standing: Standing | None = None
        try:
            while subscriber.seq < self.head.seq and not subscriber.is_over:
                if not subscriber.wire.is_free:
                    subscriber.wire.hold(subscriber)
                    break
                after, until = subscriber.seq, min(subscriber.seq + MOST_ENTRIES, self.head.seq)
                made = await self._shared((after, until), partial(self._past, after, until, standing))
                subscriber.send(made.payloads, made.standing.seq)
                standing = made.standing
                self._runner.metrics.pushes.inc(len(made.payloads))
        finally:
            subscriber.catching_up = None

    # ------------------------------------------------------------ running

    async def _past(self, after: int, until: int, known: Standing | None) -> "Made":
        if known is None and until == self.head.seq:
            known = self.head
        stretch = await self._watchers.past(self._feed.watched, after, until, known)
        return Made(await self._run_stretch(stretch, "catch_up"), stretch.standing)

    async def _shared(self, key: tuple[int, int], make: "Callable[[], Coroutine[Any, Any, Made]]") -> "Made":
        """What others have asked for already, or ask for at the same time, is made once."""
        task = self._kept.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._kept[key] = asyncio.create_task(make(), name="shared execution")
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        # Who leaves does not take it away from the others.
        return await asyncio.shield(task)

    async def _run_stretch(self, stretch: Stretch, kind: str) -> Payloads:
        operation = self._at_leisure if len(stretch.entries) > MOST_LIGHT else self._operation
        return await self._run_all(self._feed.events(stretch), kind, operation)

    async def _run_all(self, events: Iterable[object], kind: str, operation: Operation) -> Payloads:
        return tuple([await self._run(event, kind, operation) for event in events])

    async def _run(self, event: object, kind: str, operation: Operation) -> bytes:
        """One event's payload. What fails for reasons of ours is tried again, since nothing may be left out."""
        for attempt in range(1, ATTEMPTS + 1):
            self._runner.metrics.executions.labels(kind).inc()
            try:
                async with asyncio.timeout(self._runner.seconds):
                    # What is shared belongs to no request.
                    request = RequestInfo("shared", None, operation.name)
                    viewer = self._rights.viewer()
                    answer = await self._runner.operations.run(operation, viewer, request, event)
            except TimeoutError:
                answer = overtime(self._runner.seconds).answer()
            if attempt == ATTEMPTS or not _is_internal(answer.errors):
                break
            await asyncio.sleep(RETRY_SECONDS)
        return answer.body


class Sharing:
    """All groups of a process."""

    def __init__(self, runner: Runner, watchers: Watchers) -> None:
        self._runner, self._watchers = runner, watchers
        self._groups: dict[Sameness, Group] = {}

    def __len__(self) -> int:
        return len(self._groups)

    async def join(self, operation: Operation, feed: Feed, viewer: Viewer, subscriber: Subscriber) -> None:
        """Have a subscriber sent what a feed tells from now on, or from where it says. Raises Invalid."""
        watcher = await self._watchers.watch(*feed.watched)
        key = sameness(operation, feed, viewer)
        group = self._groups.get(key)
        if group is None:
            group = Group(self._runner, self._watchers, watcher, feed, operation, key.rights)
            group.on_empty = lambda: self._forget(key, group)
            self._groups[key] = group
        try:
            await group.join(subscriber, feed.after)
        except BaseException:
            group.remove(subscriber)
            raise

    def _forget(self, key: Sameness, group: Group) -> None:
        if self._groups.get(key) is group:
            del self._groups[key]


def sameness(operation: Operation, feed: Feed, viewer: Viewer) -> Sameness:
    """What must be equal for two subscriptions to be sent the same. Where they begin is not part of it."""
    asked = operation.read
    variables = dict(asked.variables)
    name = variable_of_after(operation)
    if name is not None:
        variables.pop(name, None)
    text = orjson.dumps(variables, option=orjson.OPT_SORT_KEYS)
    return Sameness(asked.query, asked.operation_name, text, Rights.of(viewer), feed.tenant_id)


def variable_of_after(operation: Operation) -> str | None:
    """The variable that says where to begin, if it says nothing else."""
    assert operation.document is not None
    definition = chosen_operation(operation.document, operation.read.operation_name)
    (field, *_) = definition.selection_set.selections
    for argument in (field.arguments or ()) if isinstance(field, FieldNode) else ():
        if argument.name.value == AFTER and isinstance(argument.value, VariableNode):
            name = argument.value.name.value
            # Where it is declared, and here.
            return name if len(re.findall(rf"\${name}\b", operation.read.query)) == 2 else None
    return None


def _is_internal(errors: list[ShownError]) -> bool:
    return any(error["extensions"]["code"] == INTERNAL for error in errors)


def _nothing() -> None:
    pass
