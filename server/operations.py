"""From an operation as it is asked for to its answer, the same for requests, sockets and streams of events.

Whatever is to hold for all of them stands here: points, turns, trusted documents, and which process does the work.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial

from graphql import DocumentNode, OperationType

from models.rules.viewers import Viewer
from server.answers import Answer, given_up, overtime
from server.asked import Asked, Unread
from server.documents import Spend
from server.engine import Engine, Operation, Outline, RequestInfo
from server.places import Places
from server.rate_sharing import sharing_of
from server.rates import Caller, Rates
from server.settings import Settings
from server.slow_lane.lane import LaneEnded, SlowLane
from server.slow_lane.lanes import Lanes

BYTES_LIKE_A_POINT = 1_000
"""Of what is too long to be looked into at once."""
OPERATION_POINTS = 10
"""What every operation takes, however little it asks for: to hear it and to answer is work too."""
# More would only be slower each, and hold more memory at once.
HEAVY_AT_ONCE = 4
BULK_AT_ONCE = 8
FIRST_AT_ONCE = 8
LIGHT_AT_ONCE = 16


class Operations:
    """Prepares and runs the operations of one server."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        lanes: Lanes | None = None,
        *,
        light_at_once: int = LIGHT_AT_ONCE,
    ) -> None:
        self.rates = Rates(settings)
        self._sharing = sharing_of(self.rates, settings)
        self._seconds = settings.operation_seconds
        self._engine, self._lanes = engine, lanes
        self._reading, self._heavy, self._bulk = Places(1), Places(HEAVY_AT_ONCE), Places(BULK_AT_ONCE)
        self._first, self._light = Places(FIRST_AT_ONCE), Places(light_at_once)
        self._pushing = Places(HEAVY_AT_ONCE)

    def open(self) -> None:
        if self._sharing is not None:
            self._sharing.open()
        if self._lanes is not None:
            self._lanes.reading.open(self.rates.take_for_time)
            self._lanes.writing.open(self.rates.take_for_time)

    async def close(self) -> None:
        self._engine.close()
        if self._lanes is not None:
            await asyncio.gather(self._lanes.reading.close(), self._lanes.writing.close())
        if self._sharing is not None:
            await self._sharing.close()

    async def prepare(self, asked: Asked | Unread, caller: Caller) -> Operation:
        """Read and check an operation, and take its points. Raises RequestErrors and BadRequest."""
        if isinstance(asked, Unread):
            self.rates.take(caller, len(asked.body) // BYTES_LIKE_A_POINT)
            if self._is_open():
                self.rates.take(caller, OPERATION_POINTS)
                return await self._prepare_unread(asked, caller)
            asked = asked.read()
        asked = self._engine.resolved(asked)
        read = self._engine.kept(asked.query)
        if read is None:
            # Who cannot pay is not read at all.
            self.rates.take(caller, OPERATION_POINTS)
            outline, document = await self._read(asked, caller)
            return self._operation(asked, outline, caller, document)
        outline = self._engine.outline(read, asked)
        self.rates.take(caller, OPERATION_POINTS)
        return self._operation(asked, outline, caller, read[0])

    async def _prepare_unread(self, unread: Unread, caller: Caller) -> Operation:
        """Have another process look into what is long, and run it there if that can be."""
        assert self._lanes is not None
        async with self._in_time(), self._reading.of(caller.who):
            outline, _ = await self._outlined(unread, caller)
        is_there = {OperationType.QUERY: True, OperationType.MUTATION: self._lanes.writing.is_open}
        if is_there.get(outline.kind):
            return self._operation(unread, outline, caller, None)
        asked = self._engine.resolved(unread.read())
        read = await self._engine.read(asked.query, self._spend(caller), is_valid=True)
        return self._operation(asked, outline, caller, read[0])

    def _operation(
        self, asked: Asked | Unread, outline: Outline, caller: Caller, document: DocumentNode | None
    ) -> Operation:
        """An operation that can be run, once its work is paid."""
        self.rates.take(caller, outline.work)
        return Operation(asked, outline, caller, OPERATION_POINTS + outline.work, document)

    async def subscribe(self, operation: Operation, viewer: Viewer, request: RequestInfo) -> object:
        """What a subscription's field answers: the source of its events. Raises RequestErrors."""
        async with self._light.of(operation.caller.who):
            return await self._engine.subscribe(operation, viewer, request)

    async def run(self, operation: Operation, viewer: Viewer, request: RequestInfo, event: object = None) -> Answer:
        """Execute a query or a mutation; or a subscription, for one event of its source. Raises BadRequest."""
        async with self._turn_of(operation):
            lane = self._lane_for(operation)
            if lane is None:
                # What is pushed is paid for by the points of its subscription, however much happens.
                spend = self._spend(operation.caller) if event is None else _spend_nothing
                return await self._engine.run(operation, viewer, request, spend, event)
            try:
                return await lane.run(operation, viewer, request)
            except LaneEnded:
                raise given_up() from None

    def _lane_for(self, operation: Operation) -> SlowLane | None:
        """Where an operation is run; None for here."""
        outline = operation.outline
        if self._lanes is None or (operation.document is not None and outline.kind is not OperationType.QUERY):
            return None
        if outline.kind is OperationType.MUTATION:
            return self._lanes.writing
        if operation.document is None or ((outline.is_heavy or outline.is_introspection) and self._is_open()):
            return self._lanes.reading
        return None

    def _is_open(self) -> bool:
        return self._lanes is not None and self._lanes.reading.is_open

    async def _read(self, asked: Asked, caller: Caller) -> tuple[Outline, DocumentNode | None]:
        """What a document that is not at hand says. A lane reads it; one that comes again moves up."""
        text, spend = asked.query, self._spend(caller)
        async with self._in_time(), self._reading.of(caller.who):
            if not self._is_open():
                read = await self._engine.read(text, spend)
                self._engine.keep(text, read)
                return self._engine.outline(read, asked), read[0]
            outline, comes_again = await self._outlined(asked, caller)
        if outline.kind is OperationType.QUERY and not comes_again:
            return outline, None
        read = await self._engine.read(text, spend, is_valid=True)
        if comes_again:
            self._engine.keep(text, read)
        return outline, read[0]

    async def _outlined(self, asked: Asked | Unread, caller: Caller) -> tuple[Outline, bool]:
        assert self._lanes is not None
        try:
            return await self._lanes.reading.outline(asked, caller)
        except LaneEnded:
            raise given_up() from None

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError:
            raise overtime(self._seconds) from None

    def _turn_of(self, operation: Operation) -> AbstractAsyncContextManager[None]:
        """Who asks for much waits behind itself: each tenant has its turn."""
        if operation.kind is OperationType.MUTATION and operation.document is None:
            return self._bulk.of(operation.caller.who)
        if operation.kind is OperationType.MUTATION and not operation.outline.is_heavy:
            # What is recorded at once is stored together.
            return nullcontext()
        if operation.outline.is_introspection:
            places = self._reading
        elif operation.outline.is_heavy:
            # A change is pushed at once, whatever its tenant asks for meanwhile.
            places = self._pushing if operation.kind is OperationType.SUBSCRIPTION else self._heavy
        else:
            places = self._first if operation.document is None else self._light
        return places.of(operation.caller.who)

    def _spend(self, caller: Caller) -> Spend:
        return partial(self.rates.take_for_time, caller)


def _spend_nothing(_seconds: float) -> None:
    pass
