"""GraphQL over HTTP: from a request's bytes to an operation, and from its answer back to bytes."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Protocol

from graphql import OperationType
from starlette.types import ASGIApp, Receive, Scope, Send

from models.rules.viewers import Viewer
from server.answers import Answer, RequestErrors, overtime
from server.asked import LARGE_BYTES, Asked, Unread, asked_in_query
from server.edge import Headers, Reply, headers_of, visit_of
from server.engine import Operation, RequestInfo
from server.errors import INVALID, LIMIT_REACHED, UNAUTHENTICATED, BadRequest, Unauthenticated
from server.operations import Operations
from server.rates import Caller
from server.settings import Settings
from server.trusted_documents import NOT_TRUSTED

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"

# A client that leaves is looked for only once its operation has run this long: most never need it.
WATCH_AFTER_SECONDS = 0.1

# What pages of allowed sites may read of an answer's head.
EXPOSED = "RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
HEADER_NAMES = re.compile(r"[A-Za-z0-9\-, ]{0,1000}")


NO_PAGE = Reply.of_refused(BadRequest(403, NOT_TRUSTED, "Only trusted documents are answered: there is no GraphiQL."))


class Authenticate(Protocol):
    """Finds out who sends a key, or raises Unauthenticated; BadRequest for an address that sends too many."""

    async def __call__(self, authorization: str | None, address: str | None) -> Viewer: ...


class ClientLeft(Exception):
    """Nobody waits for the answer any more."""


class Stream(Protocol):
    """Answers one operation, or says why it cannot be run, as a stream of events."""

    async def __call__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        viewer: Viewer,
        caller: Caller,
        operation: Operation | RequestErrors,
        headers: Headers,
        told: Mapping[str, str],
    ) -> None: ...


class GraphQLEndpoint:
    """POST and GET of operations, GraphiQL for browsers that just look, and browsers' preflights."""

    def __init__(
        self,
        operations: Operations,
        authenticate: Authenticate,
        settings: Settings,
        page: ASGIApp,
        stream: Stream | None = None,
    ) -> None:
        self._operations = operations
        self._authenticate = authenticate
        self._settings = settings
        self._page = page
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        if scope["method"] == "GET" and not scope["query_string"] and prefers_html(headers):
            await (NO_PAGE.send(send) if self._settings.only_trusted_documents else self._page(scope, receive, send))
            return
        cross_origin = self._cross_origin_headers(headers)
        try:
            reply = await self._reply(scope, receive, send, headers, cross_origin)
        except BadRequest as refused:
            reply = Reply.of_refused(refused, negotiated(headers.get(b"accept", b"")) or JSON)
        except ClientLeft:
            visit_of(scope).left = True
            return
        if reply is not None:
            await reply.send(send, cross_origin)

    async def _reply(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, cross_origin: Mapping[str, str]
    ) -> Reply | None:
        """The answer; None where it was streamed."""
        if scope["method"] == "OPTIONS":
            return Reply(204, b"", None, {"Allow": "GET, POST, OPTIONS"})
        if scope["method"] not in ("GET", "POST"):
            raise BadRequest(405, INVALID, "Send POST or GET.", {"Allow": "GET, POST, OPTIONS"})
        accept = headers.get(b"accept", b"")
        media = negotiated(accept)
        may_stream = self._stream is not None and takes_events(accept)
        if media is None and not may_stream:
            raise BadRequest(406, INVALID, f"Accept {GRAPHQL_JSON}, {JSON} or {EVENT_STREAM}.")
        if scope["method"] == "POST":
            check_content(headers)
        viewer = await self._viewer(scope, headers)
        asked = await self._asked(scope, receive, headers)
        caller = Caller.of(headers[b"authorization"].decode("latin-1"), visit_of(scope).address, viewer.tenant_id)
        operation = await self._prepared(asked, caller, scope)
        rates = self._operations.rates.headers(caller)
        is_subscription = isinstance(operation, Operation) and operation.kind is OperationType.SUBSCRIPTION
        if self._stream is not None and may_stream and (media is None or is_subscription):
            if isinstance(operation, Operation):
                check_kind(operation, scope["method"], may_stream=True)
            await self._stream(
                scope,
                receive,
                send,
                viewer=viewer,
                caller=caller,
                operation=operation,
                headers=headers,
                told={**cross_origin, **rates},
            )
            return None
        assert media is not None
        return reply_of(await self._answer(operation, viewer, scope, receive), media, rates)

    async def _viewer(self, scope: Scope, headers: Headers) -> Viewer:
        authorization = headers.get(b"authorization")
        visit = visit_of(scope)
        try:
            given = authorization.decode("latin-1") if authorization is not None else None
            viewer = await self._authenticate(given, visit.address)
        except Unauthenticated as refused:
            raise BadRequest(401, UNAUTHENTICATED, str(refused), {"WWW-Authenticate": "Bearer"}) from None
        visit.tenant_id = viewer.tenant_id
        return viewer

    async def _asked(self, scope: Scope, receive: Receive, headers: Headers) -> Asked | Unread:
        wants_cost = headers.get(b"x-graphql-cost") == b"include"
        if scope["method"] == "GET":
            asked = asked_in_query(scope["query_string"])
            return replace(asked, wants_cost=asked.wants_cost or wants_cost)
        try:
            async with asyncio.timeout(self._settings.request_seconds):
                body = await read_body(receive, headers, self._settings.max_body_bytes)
        except TimeoutError:
            message = f"The request was not complete after {self._settings.request_seconds:g} seconds."
            raise BadRequest(408, LIMIT_REACHED, message, {"Connection": "close"}) from None
        unread = Unread(body, wants_cost)
        return unread.read() if len(body) <= LARGE_BYTES else unread

    async def _prepared(self, asked: Asked | Unread, caller: Caller, scope: Scope) -> Operation | RequestErrors:
        try:
            operation = await self._operations.prepare(asked, caller)
        except RequestErrors as refused:
            # With its traceback it would hold what was asked until the collector comes.
            return refused.with_traceback(None)
        visit = visit_of(scope)
        visit.operation, visit.kind = operation.name, operation.kind.value
        return operation

    async def _answer(
        self, operation: Operation | RequestErrors, viewer: Viewer, scope: Scope, receive: Receive
    ) -> Answer:
        if isinstance(operation, RequestErrors):
            return operation.answer()
        check_kind(operation, scope["method"])
        visit = visit_of(scope)
        request = RequestInfo(visit.request_id, visit.address, operation.name)
        running = self._operations.run(operation, viewer, request)
        return await while_client_waits(running, receive, self._settings.operation_seconds)

    def _cross_origin_headers(self, headers: Headers) -> Mapping[str, str]:
        """What a page of another, allowed site needs to read the answer. Other sites are refused before."""
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        if origin not in self._settings.allowed_origins:
            return {}
        allowed = {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED}
        if b"access-control-request-method" in headers:
            asked = headers.get(b"access-control-request-headers", b"").decode("latin-1")
            allowed["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
            allowed["Access-Control-Allow-Headers"] = asked if HEADER_NAMES.fullmatch(asked) else "Authorization"
            allowed["Access-Control-Max-Age"] = "600"
        return allowed


# ------------------------------------------------------------------ reading a request


def check_content(headers: Headers) -> None:
    """Only plain JSON: forms, which other sites' pages may send without asking, are refused with the rest."""
    essence, _, parameters = headers.get(b"content-type", b"").decode("latin-1").lower().partition(";")
    if essence.strip() != JSON:
        raise BadRequest(415, INVALID, f"Send Content-Type: {JSON}.", {"Accept-Post": JSON})
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]*)", parameters)
    if charset and charset[1] not in ("utf-8", "utf8"):
        raise BadRequest(415, INVALID, "Send JSON as UTF-8.", {"Accept-Post": JSON})
    if headers.get(b"content-encoding", b"identity").lower() not in (b"identity", b""):
        raise BadRequest(415, INVALID, "Send the body as it is, without Content-Encoding.")


async def read_body(receive: Receive, headers: Headers, most: int) -> bytes:
    """The whole body, if it is not too long. Stops reading where it is."""
    too_long = BadRequest(413, LIMIT_REACHED, f"The body is longer than {most} bytes.", {"Connection": "close"})
    length = headers.get(b"content-length", b"")
    if length.isdigit() and (len(length) > 15 or int(length) > most):
        raise too_long
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        body += message.get("body", b"")
        if len(body) > most:
            raise too_long
        if not message.get("more_body", False):
            return bytes(body)


def check_kind(operation: Operation, method: str, *, may_stream: bool = False) -> None:
    if operation.kind is OperationType.SUBSCRIPTION:
        if not may_stream:
            message = f"Subscriptions are answered over a socket, or to those who accept {EVENT_STREAM}."
            raise BadRequest(400, INVALID, message)
    elif method == "GET" and operation.kind is not OperationType.QUERY:
        raise BadRequest(405, INVALID, "GET runs queries only: send mutations by POST.", {"Allow": "POST"})


# ------------------------------------------------------------------ running, while somebody waits


async def while_client_waits(running: Awaitable[Answer], receive: Receive, seconds: float) -> Answer:
    """The answer, unless it takes too long or the client leaves: then what runs is cancelled."""
    loop = asyncio.get_running_loop()
    watcher: asyncio.Task[None] | None = None
    left = False

    async def watch() -> None:
        nonlocal left
        while (await receive())["type"] != "http.disconnect":
            pass
        left = True
        deadline.reschedule(loop.time())

    def start() -> None:
        nonlocal watcher
        watcher = loop.create_task(watch())

    timer = loop.call_later(WATCH_AFTER_SECONDS, start)
    try:
        async with asyncio.timeout(seconds) as deadline:
            return await running
    except TimeoutError:
        if left:
            raise ClientLeft from None
        return overtime(seconds).answer()
    finally:
        timer.cancel()
        if watcher is not None:
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher


# ------------------------------------------------------------------ answering


def reply_of(answer: Answer, media: str, headers: Mapping[str, str]) -> Reply:
    # With application/json clients expect to find GraphQL's errors in the body, and look there only under 200.
    return Reply(200 if media == JSON else answer.status, answer.body, media, headers)


@lru_cache(maxsize=256)
def negotiated(accept: bytes) -> str | None:
    """The better of our two media types by an Accept header; None where neither is acceptable."""
    ranges = _ranges(accept)
    if not ranges:
        return JSON
    # Where nothing tells the two apart, old clients are served unless the new type was named.
    strict, plain = _rank(ranges, GRAPHQL_JSON), _rank(ranges, JSON)
    if max(strict, plain)[0] <= 0:
        return None
    return GRAPHQL_JSON if strict > plain or (strict == plain and GRAPHQL_JSON in ranges) else JSON


@lru_cache(maxsize=256)
def takes_events(accept: bytes) -> bool:
    """Whether streams of events were asked for by name."""
    return _ranges(accept).get(EVENT_STREAM, 0) > 0


def prefers_html(headers: Headers) -> bool:
    ranges = _ranges(headers.get(b"accept", b""))
    html = _rank(ranges, "text/html")
    return "text/html" in ranges and html >= max(_rank(ranges, GRAPHQL_JSON), _rank(ranges, JSON))


def _ranges(accept: bytes) -> dict[str, float]:
    """The media ranges of an Accept header and how much each is wanted."""
    ranges = {}
    for part in accept[:2000].decode("latin-1").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        given = dict(parameter.replace(" ", "").partition("=")[::2] for parameter in parameters)
        if name.count("/") != 1 or given.get("charset", "utf-8").strip('"') not in ("utf-8", "utf8"):
            continue
        with contextlib.suppress(ValueError):
            ranges[name] = min(max(float(given.get("q", "1")), 0.0), 1.0)
    return ranges or ({"/": 0.0} if accept.strip() else {})


def _rank(ranges: Mapping[str, float], media: str) -> tuple[float, int]:
    """How much a type is wanted, and how exactly it was named."""
    family = media.partition("/")[0]
    for exactness, name in ((3, media), (2, f"{family}/*"), (1, "*/*")):
        if name in ranges:
            return ranges[name], exactness
    return 0.0, 0
