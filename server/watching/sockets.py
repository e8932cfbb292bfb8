"""The protocol graphql-transport-ws, as one socket speaks it: operations of every type, told apart by their ids."""

import asyncio
import time
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from graphql import OperationType
from starlette.websockets import WebSocket

from models.rules.refusals import Refusal
from models.rules.viewers import Viewer
from resolvers.watching import Feed
from server.answers import Answer, RequestErrors, overtime
from server.asked import LARGE_BYTES, Asked, Unread, asked_in, loaded
from server.edge import visit_of
from server.engine import Operation, RequestInfo
from server.errors import (
    LIMIT_REACHED,
    UNAUTHENTICATED,
    BadRequest,
    ShownError,
    Unauthenticated,
    bad_request_shown,
    error_of,
    masked,
    refusal_shown,
)
from server.rates import Caller
from server.watching.live import Live
from server.watching.sharing import Subscriber
from server.watching.wires import TRY_AGAIN_LATER, PlainSocketWire, socket_wire

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
LONGEST_ID = 1_000
LONGEST_REASON = 123
"""What a frame that closes a socket has room for, in bytes."""

BAD_REQUEST = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
WRONG_PROTOCOL = 4406
INIT_TIMEOUT = 4408
DOUBLE_ID = 4409
DOUBLE_INIT = 4429

log = structlog.get_logger(source="access")


class Closing(Exception):
    """The client broke the protocol, or has no right to go on: its socket is closed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(slots=True, eq=False)
class Running:
    """An operation of a socket that is not over."""

    task: asyncio.Task[None] | None = None
    subscriber: Subscriber | None = None

    def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            # One that had not begun yet holds what it was to work on, this too, until the collector comes.
            self.task = None
        if self.subscriber is not None:
            self.subscriber.leave()


async def serve_socket(live: Live, websocket: WebSocket) -> None:
    """Answer one socket until it is closed."""
    if PROTOCOL not in websocket.scope["subprotocols"]:
        await websocket.accept()
        await websocket.close(WRONG_PROTOCOL, "Subprotocol not acceptable")
        return
    await websocket.accept(PROTOCOL)
    socket = Socket(live, websocket)
    try:
        await socket.serve()
    finally:
        await socket.finish()


class Socket:
    """One client's socket."""

    __slots__ = (
        "_asgi",
        "_caller",
        "_init_timer",
        "_is_initialised",
        "_live",
        "_opened_at",
        "_operations",
        "_viewer",
        "_wire",
        "code",
    )

    def __init__(self, live: Live, websocket: WebSocket) -> None:
        self._live, self._asgi = live, websocket
        self._wire = socket_wire(websocket.scope, websocket.send, self._give_up)
        self._operations: dict[str, Running] = {}
        self._viewer: Viewer | None = None
        self._caller = Caller("", None)
        self._is_initialised = False
        self._opened_at = time.monotonic()
        self.code = 1005
        loop = asyncio.get_running_loop()
        self._init_timer = loop.call_later(INIT_SECONDS, self._end, INIT_TIMEOUT, "Connection initialisation timeout")

    async def serve(self) -> None:
        try:
            while True:
                message = await self._asgi.receive()
                if message["type"] == "websocket.disconnect":
                    self.code = message.get("code") or 1005
                    return
                await self._take(*read_message(message.get("text")))
                if not self._wire.is_free:
                    # Who does not read what it is sent need not be heard either.
                    await self._wire.drained()
        except Closing as closing:
            self._end(closing.code, closing.reason)

    async def finish(self) -> None:
        self._init_timer.cancel()
        for running in list(self._operations.values()):
            running.stop()
        self._operations.clear()
        if self._viewer is not None:
            self._live.rights.let_go(self._caller.authorization, self)
        if isinstance(self._wire, PlainSocketWire):
            await self._wire.closed()
        self._wire.finish()
        seconds = round(time.monotonic() - self._opened_at, 3)
        log.info("socket closed", code=self.code, seconds=seconds)

    def refuse(self, message: str) -> None:
        """The key counts no more: every operation is told so, and the socket is closed."""
        error = [error_of(message, UNAUTHENTICATED)]
        for id in list(self._operations):
            self._fail(id, error)
        self._end(FORBIDDEN, message)

    # ------------------------------------------------------------ messages from the client

    async def _take(self, message: Mapping[str, Any], is_large: bool) -> None:
        match message["type"]:
            case "connection_init":
                await self._initialise(_object_or_none(message, "payload"))
            case "ping":
                answer: dict[str, Any] = {"type": "pong"}
                if (payload := _object_or_none(message, "payload")) is not None:
                    answer["payload"] = payload
                self._wire.write(orjson.dumps(answer))
            case "pong":
                _object_or_none(message, "payload")
            case "subscribe":
                self._subscribe(_id_of(message), message.get("payload"), is_large)
            case "complete":
                if running := self._operations.pop(_id_of(message), None):
                    running.stop()
            case _:
                raise Closing(BAD_REQUEST, "Invalid message type")

    async def _initialise(self, payload: Mapping[str, Any] | None) -> None:
        if self._is_initialised:
            raise Closing(DOUBLE_INIT, "Too many initialisation requests")
        self._is_initialised = True
        self._init_timer.cancel()
        authorization = authorization_in(payload or {}) or self._asgi.headers.get("authorization")
        viewer = await self._authenticated(authorization)
        assert authorization is not None, "Nobody is let in without a key."
        caller = Caller.of(authorization, visit_of(self._asgi.scope).address, viewer.tenant_id)
        if not self._live.rights.hold(caller.authorization, viewer, self):
            raise Closing(TRY_AGAIN_LATER, "Too many sockets are open with this key")
        self._viewer, self._caller = viewer, caller
        self._wire.write(b'{"type":"connection_ack"}')

    async def _authenticated(self, authorization: str | None) -> Viewer:
        try:
            return await self._live.authenticate(authorization, visit_of(self._asgi.scope).address)
        except Unauthenticated as refused:
            raise Closing(FORBIDDEN, f"Forbidden: {refused}") from None
        except BadRequest as refused:
            raise Closing(FORBIDDEN, f"Forbidden: {refused.message}") from None
        except Exception as error:
            # What is broken here may be well again when the client comes back.
            raise Closing(TRY_AGAIN_LATER, masked(error)["message"]) from None

    def _subscribe(self, id: str, payload: object, is_large: bool) -> None:
        if self._viewer is None:
            raise Closing(UNAUTHORIZED, "Unauthorized")
        if not isinstance(payload, dict):
            raise Closing(BAD_REQUEST, "A subscribe message needs a payload that is an object")
        try:
            asked: Asked | Unread = asked_in(payload)
        except BadRequest as refused:
            raise Closing(BAD_REQUEST, refused.message) from None
        if id in self._operations:
            raise Closing(DOUBLE_ID, f"Subscriber for {id} already exists")
        most = self._live.settings.max_operations_per_socket
        if len(self._operations) >= most:
            self._fail(id, [error_of(f"A socket has at most {most} operations at once.", LIMIT_REACHED)])
            return
        if is_large:
            asked = Unread(orjson.dumps(payload))
        running = self._operations[id] = Running()
        running.task = asyncio.create_task(self._run(id, running, asked, self._viewer), name="operation")

    # ------------------------------------------------------------ operations

    async def _run(self, id: str, running: Running, asked: Asked | Unread, viewer: Viewer) -> None:
        try:
            operation = await self._live.operations.prepare(asked, self._caller)
            if operation.kind is OperationType.SUBSCRIPTION:
                await self._follow(id, running, operation, viewer)
            else:
                self._answer(id, await self._answer_of(operation, viewer))
        except RequestErrors as refused:
            self._fail(id, refused.errors)
        except BadRequest as refused:
            self._fail(id, [bad_request_shown(refused)])
        except Refusal as refused:
            self._fail(id, [refusal_shown(refused)])
        except TimeoutError:
            self._fail(id, overtime(self._live.settings.operation_seconds).errors)
        except Exception as error:  # Our slip: the client is told no more than its number in the log.
            self._fail(id, [masked(error)])
        finally:
            running.task = None

    async def _answer_of(self, operation: Operation, viewer: Viewer) -> Answer:
        async with asyncio.timeout(self._live.settings.operation_seconds):
            return await self._live.operations.run(operation, viewer, self._request(operation))

    async def _follow(self, id: str, running: Running, operation: Operation, viewer: Viewer) -> None:
        operations, request = self._live.operations, self._request(operation)
        async with asyncio.timeout(self._live.settings.operation_seconds):
            source = await operations.subscribe(operation, viewer, request)
        if isinstance(source, Feed):
            running.subscriber = Subscriber(self._wire, next_head(id), b"}")
            await self._live.sharing.join(operation, source, viewer, running.subscriber)
        elif isinstance(source, AsyncIterable):
            async for event in source:
                answer = await operations.run(operation, viewer, request, event)
                self._wire.write(next_head(id) + answer.body + b"}")
                if not self._wire.is_free:
                    await self._wire.drained()
            self._complete(id)

    def _request(self, operation: Operation) -> RequestInfo:
        visit = visit_of(self._asgi.scope)
        return RequestInfo(visit.request_id, visit.address, operation.name)

    # ------------------------------------------------------------ messages to the client

    def _answer(self, id: str, answer: Answer) -> None:
        if not answer.has_data:
            self._fail(id, answer.errors)
            return
        self._wire.write(next_head(id) + answer.body + b"}")
        self._complete(id)

    def _complete(self, id: str) -> None:
        if self._operations.pop(id, None) is not None:
            self._wire.write(orjson.dumps({"id": id, "type": "complete"}))

    def _fail(self, id: str, errors: list[ShownError]) -> None:
        if running := self._operations.pop(id, None):
            running.task = running.task if running.task is not asyncio.current_task() else None
            running.stop()
        self._wire.write(orjson.dumps({"id": id, "type": "error", "payload": errors}))

    def _give_up(self) -> None:
        self._end(TRY_AGAIN_LATER, "The client does not read what it is sent")

    def _end(self, code: int, reason: str) -> None:
        self.code = code
        self._live.metrics.closed.labels(code).inc()
        self._wire.end(code, cut_reason(reason))


def next_head(id: str) -> bytes:
    return b'{"id":%b,"type":"next","payload":' % orjson.dumps(id)


def read_message(text: str | None) -> tuple[Mapping[str, Any], bool]:
    """A message, and whether it is long."""
    if text is None:
        raise Closing(BAD_REQUEST, "Messages are JSON in text frames, not binary ones")
    body = text.encode()
    try:
        message = loaded(body)
    except BadRequest:
        raise Closing(BAD_REQUEST, "Messages are JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise Closing(BAD_REQUEST, "A message is a JSON object with a type")
    return message, len(body) > LARGE_BYTES


def authorization_in(payload: Mapping[str, Any]) -> str | None:
    """The key in an init payload, under that name in any case: explorers send their headers as they were typed."""
    for name, value in payload.items():
        if name.lower() == "authorization" and value is not None:
            return value if isinstance(value, str) else ""
    return None


def cut_reason(reason: str) -> str:
    return reason.encode()[:LONGEST_REASON].decode(errors="ignore")


def _id_of(message: Mapping[str, Any]) -> str:
    id = message.get("id")
    if not isinstance(id, str) or not 0 < len(id) <= LONGEST_ID:
        raise Closing(BAD_REQUEST, f"An id is a text of 1 to {LONGEST_ID} characters")
    return id


def _object_or_none(message: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = message.get(name)
    if value is not None and not isinstance(value, dict):
        raise Closing(BAD_REQUEST, f"{name} must be an object")
    return value
