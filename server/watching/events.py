"""Streams of server-sent events for operations that are asked for by plain HTTP: one operation, one stream.

A browser's EventSource that comes back names the last event it saw, and the stream goes on from there.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from dataclasses import replace

import orjson
from graphql import OperationType
from starlette.types import Receive, Scope, Send

from models.rules.refusals import Refusal
from models.rules.viewers import Viewer
from resolvers.watching import Feed
from server.answers import RequestErrors, overtime
from server.edge import Headers, visit_of
from server.engine import Operation, RequestInfo
from server.errors import (
    LIMIT_REACHED,
    UNAUTHENTICATED,
    BadRequest,
    ShownError,
    bad_request_shown,
    error_of,
    masked,
    refusal_shown,
)
from server.http import EVENT_STREAM
from server.rates import Caller
from server.watching.live import Live
from server.watching.sharing import Subscriber, Wire
from server.watching.wires import PlainWire

HEARTBEAT_SECONDS = 15.0
"""Proxies close what is silent for longer."""
ABORT = "tallygraph.abort"
LAST_EVENT_ID = b"last-event-id"

COMPLETE = b"event: complete\ndata: \n\n"
HEARTBEAT = b":\n\n"


class EventSubscriber(Subscriber):
    """A subscriber whose messages say where they stand in the ledger, so that its client can go on from there."""

    __slots__ = ()

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire, b"event: next\ndata: ", b"\n\n")

    def send(self, payloads: Sequence[bytes], seq: int) -> None:
        super().send(payloads[:-1], seq)
        for last in payloads[-1:]:
            # Only behind the last of them has everything up to this seq been told.
            self.wire.write(b"id: %d\n%b%b%b" % (seq, self.head, last, self.tail))


class EventStream:
    """One client's stream. It can be refused once it is open."""

    def __init__(self, live: Live, scope: Scope, send: Send) -> None:
        self._live, self._scope = live, scope
        self._over = asyncio.Event()
        self.subscriber: Subscriber | None = None

        async def send_part(part: bytes) -> None:
            await send({"type": "http.response.body", "body": part, "more_body": True})

        self.wire = PlainWire(send_part, self._give_up)

    def refuse(self, message: str) -> None:
        """The key counts no more."""
        self.fail([error_of(message, UNAUTHENTICATED)])

    def fail(self, errors: list[ShownError]) -> None:
        self.next(orjson.dumps({"errors": errors}))
        self.complete()

    def next(self, payload: bytes) -> None:
        self.wire.write(b"event: next\ndata: %b\n\n" % payload)

    def complete(self) -> None:
        self.wire.write(COMPLETE)
        self._over.set()

    async def beat(self) -> None:
        """Until it is over: keep proxies from closing it."""
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._over.wait()
                return
            if self.wire.is_free:
                self.wire.write(HEARTBEAT)

    def _give_up(self) -> None:
        """The client does not read: only its connection can still be ended. It comes back and resumes."""
        self._over.set()
        self.wire.finish()
        abort: Callable[[], None] | None = self._scope.get("extensions", {}).get(ABORT)
        if abort is not None:
            abort()


async def serve_events(
    live: Live,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    viewer: Viewer,
    caller: Caller,
    operation: Operation | RequestErrors,
    headers: Headers,
    told: Mapping[str, str],
) -> None:
    """Answer one operation as a stream, until it is over or its client leaves. `told` are more of its headers."""
    await send({"type": "http.response.start", "status": 200, "headers": _head(told)})
    stream = EventStream(live, scope, send)
    stream.wire.write(HEARTBEAT)
    leaving = asyncio.create_task(_until_left(receive), name="client leaves")
    running = asyncio.create_task(_run(live, stream, scope, viewer, caller, operation, headers), name="event stream")
    try:
        await asyncio.wait([leaving, running], return_when=asyncio.FIRST_COMPLETED)
        if running.done() and not stream.wire.is_over:
            await stream.wire.drained()
            await send({"type": "http.response.body", "body": b""})
    finally:
        live.rights.let_go(caller.authorization, stream)
        if stream.subscriber is not None:
            stream.subscriber.leave()
        for task in (leaving, running):
            task.cancel()
        await asyncio.gather(leaving, running, return_exceptions=True)
        stream.wire.finish()


async def _run(
    live: Live,
    stream: EventStream,
    scope: Scope,
    viewer: Viewer,
    caller: Caller,
    operation: Operation | RequestErrors,
    headers: Headers,
) -> None:
    try:
        if isinstance(operation, RequestErrors):
            raise operation
        if not live.rights.hold(caller.authorization, viewer, stream):
            stream.fail([error_of("Too many streams are open with this key.", LIMIT_REACHED)])
            return
        visit = visit_of(scope)
        info = RequestInfo(visit.request_id, visit.address, operation.name)
        if operation.kind is OperationType.SUBSCRIPTION:
            await _follow(live, stream, operation, viewer, info, headers)
        else:
            async with asyncio.timeout(live.settings.operation_seconds):
                answer = await live.operations.run(operation, viewer, info)
            stream.next(answer.body)
            stream.complete()
    except BadRequest as refused:
        stream.fail([bad_request_shown(refused)])
    except RequestErrors as refused:
        stream.fail(refused.errors)
    except Refusal as refused:
        stream.fail([refusal_shown(refused)])
    except TimeoutError:
        stream.fail(overtime(live.settings.operation_seconds).errors)
    except Exception as error:  # Our slip: the client is told no more than its number in the log.
        stream.fail([masked(error)])


async def _follow(
    live: Live, stream: EventStream, operation: Operation, viewer: Viewer, info: RequestInfo, headers: Headers
) -> None:
    async with asyncio.timeout(live.settings.operation_seconds):
        source = await live.operations.subscribe(operation, viewer, info)
    if isinstance(source, Feed):
        stream.subscriber = EventSubscriber(stream.wire)
        await live.sharing.join(operation, resumed(source, headers), viewer, stream.subscriber)
        await stream.beat()
    elif isinstance(source, AsyncIterable):
        async for event in source:
            stream.next((await live.operations.run(operation, viewer, info, event)).body)
        stream.complete()


def resumed(feed: Feed, headers: Headers) -> Feed:
    """The feed from behind the last event that the client has seen, where it names one."""
    last = headers.get(LAST_EVENT_ID, b"")
    if not last.isdigit() or len(last) > 15:
        return feed
    return replace(feed, after=max(int(last), feed.after or 0))


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _head(told: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    lines = [
        (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
        (b"x-accel-buffering", b"no"),
        (b"vary", b"Accept, Origin"),
    ]
    return lines + [(name.lower().encode(), value.encode("latin-1")) for name, value in told.items()]
