"""From an operation as it is asked for to its answer, the same for requests, sockets and streams of events.

Whatever is to hold for all of them stands here: points, turns, trusted documents, and which process does the work.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial

from graphql import DocumentNode, OperationType

from models.rules.viewers import Viewer
from server.answers import Answer, given_up, overtime
from server.asked import Asked
from server.documents import Spend
from server.engine import Engine, Operation, Outline, RequestInfo
from server.places import Places
from server.rate_sharing import sharing_of
from server.rates import Caller, Rates
from server.settings import Settings
from server.slow_lane.lane import LaneEnded, SlowLane
from server.trusted_documents import trusted_by

OPERATION_POINTS = 10
"""What every operation takes, however little it asks for: to hear it and to answer is work too."""
# More would only be slower each, and hold more memory at once.
HEAVY_AT_ONCE = 4
FIRST_AT_ONCE = 8
LIGHT_AT_ONCE = 16


class Operations:
    """Prepares and runs the operations of one server."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        lane: SlowLane | None = None,
        *,
        light_at_once: int = LIGHT_AT_ONCE,
    ) -> None:
        self.rates = Rates(settings)
        self._sharing = sharing_of(self.rates, settings)
        self._seconds = settings.operation_seconds
        self._engine, self._lane = engine, lane
        self._trusted = trusted_by(settings)
        self._reading, self._heavy = Places(1), Places(HEAVY_AT_ONCE)
        self._first, self._light = Places(FIRST_AT_ONCE), Places(light_at_once)

    def open(self) -> None:
        if self._sharing is not None:
            self._sharing.open()
        if self._lane is not None:
            self._lane.open(self.rates.take_for_time)

    async def close(self) -> None:
        self._engine.close()
        if self._lane is not None:
            await self._lane.close()
        if self._sharing is not None:
            await self._sharing.close()

    async def prepare(self, asked: Asked, caller: Caller) -> Operation:
        """Read and check an operation, and take its points. Raises RequestErrors, or TooMuchAsked."""
        asked = self._trusted.resolved(asked)
        read = self._engine.kept(asked.query)
        if read is None:
            # Who is in debt is not read at all.
            self.rates.take(caller, 0)
            outline, document = await self._read(asked, caller)
        else:
            outline, document = self._engine.outline(read, asked), read[0]
        points = OPERATION_POINTS + outline.work
        self.rates.take(caller, points)
        return Operation(asked, outline, caller, points, document)

    async def subscribe(self, operation: Operation, viewer: Viewer, request: RequestInfo) -> object:
        """What a subscription's field answers: the source of its events. Raises RequestErrors."""
        return await self._engine.subscribe(operation, viewer, request)

    async def run(self, operation: Operation, viewer: Viewer, request: RequestInfo, event: object = None) -> Answer:
        """Execute a query or a mutation; or a subscription, for one event of its source."""
        lane = self._lane if operation.kind is OperationType.QUERY else None
        if operation.document is not None and not (operation.outline.is_heavy or operation.outline.is_introspection):
            lane = None
        async with self._turn_of(operation):
            try:
                if lane is not None and lane.is_open:
                    return await lane.run(operation, viewer, request)
                if operation.document is None:
                    raise LaneEnded
            except LaneEnded:
                return given_up().answer()
            return await self._engine.run(operation, viewer, request, self._spend(operation.caller), event)

    async def _read(self, asked: Asked, caller: Caller) -> tuple[Outline, DocumentNode | None]:
        """What a document that is not at hand says. The slow lane reads it; one that comes again moves up."""
        text, spend = asked.query, self._spend(caller)
        try:
            async with asyncio.timeout(self._seconds), self._reading.of(caller.who):
                if self._lane is None or not self._lane.is_open:
                    read, comes_again = await self._engine.read(text, spend), True
                    outline = self._engine.outline(read, asked)
                else:
                    outline, comes_again = await self._lane.outline(asked, caller)
                    if outline.kind is OperationType.QUERY and not comes_again:
                        return outline, None
                    read = await self._engine.read(text, spend, is_valid=True)
        except TimeoutError:
            raise overtime(self._seconds) from None
        except LaneEnded:
            raise given_up() from None
        if comes_again:
            self._engine.keep(text, read)
        return outline, read[0]

    def _turn_of(self, operation: Operation) -> AbstractAsyncContextManager[None]:
        """Who asks for much waits behind itself: each tenant has its turn."""
        if operation.kind is OperationType.MUTATION and not operation.outline.is_heavy:
            # What is recorded at once is stored together.
            return nullcontext()
        if operation.outline.is_introspection:
            places = self._reading
        elif operation.outline.is_heavy:
            places = self._heavy
        else:
            places = self._first if operation.document is None else self._light
        return places.of(operation.caller.who)

    def _spend(self, caller: Caller) -> Spend:
        return partial(self.rates.take_for_time, caller)
