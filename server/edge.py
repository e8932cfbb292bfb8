"""The outermost layer: who may address the server, ids and log lines of requests, headers that protect browsers.

Whatever fails below ends here as a masked answer; nothing escapes to the server's own error pages.
"""

import asyncio
import ipaddress
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.addresses import Proxies
from server.errors import FORBIDDEN, INVALID, LIMIT_REACHED, BadRequest, bad_request_shown, masked
from server.settings import Settings

Headers = Mapping[bytes, bytes]

REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")
# The trace that a request is part of, as W3C's Trace Context writes it; a version, the trace, its caller, flags.
TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
VISIT = "tallygraph.visit"
# What is told of where a request went; the rest of an address may be a person's, a signature, or made up.
PATHS = frozenset({"/", "/graphql", "/health/live", "/health/ready", "/metrics"})
FOLDERS = frozenset({"/assets/", "/exports/"})
# What a proxy writes into its log for a client that did not wait for the answer.
CLIENT_LEFT = 499

# For what is cancelled because the server stops and cannot wait any longer.
STOPPING = BadRequest(503, LIMIT_REACHED, "The server is stopping: ask again.", {"Connection": "close"})

# For everything that is no page of ours.
STRICT_POLICY = "default-src 'none'; frame-ancestors 'none'"
SECURITY_HEADERS = {
    "content-security-policy": STRICT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(slots=True)
class Visit:
    """One request as its log line will tell it."""

    request_id: str
    address: str | None
    operation: str | None = None
    kind: str | None = None
    tenant_id: UUID | None = None
    left: bool = False
    status: int = 0
    started_at: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, ready to be sent."""

    status: int
    body: bytes
    media: str | None = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_refused(cls, refused: BadRequest, media: str = "application/json") -> Self:
        body = orjson.dumps({"errors": [bad_request_shown(refused)]})
        return cls(refused.status, body, media, refused.headers)

    async def send(self, send: Send, headers: Mapping[str, str] | None = None) -> None:
        lines = [(b"content-length", str(len(self.body)).encode())] if self.status != 204 else []
        if self.media:
            lines.append((b"content-type", self.media.encode() + b"; charset=utf-8"))
            lines.append((b"vary", b"Accept, Origin"))
        for given in (self.headers, headers or {}):
            lines += [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": lines})
        await send({"type": "http.response.body", "body": self.body})


class Edge:
    """Middleware around the whole application."""

    def __init__(self, app: ASGIApp, settings: Settings, observe: Callable[[Scope, Visit, float], None]) -> None:
        self._app = app
        self._settings = settings
        self._observe = observe
        self._proxies = Proxies(settings.trusted_proxies)
        self._log = structlog.get_logger(source="access").bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = headers_of(scope)
        visit = scope[VISIT] = Visit(request_id_of(headers), self._proxies.address_of(scope))
        # Never unbound: each request has a task, and so a context, of its own.
        structlog.contextvars.bind_contextvars(request_id=visit.request_id)
        if scope["type"] == "websocket":
            await self._open_socket(scope, receive, send, headers)
        else:
            await self._serve(scope, receive, send, headers, visit)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, headers: Headers, visit: Visit) -> None:
        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                visit.status = message["status"]
                protect(message, visit.request_id)
            await send(message)

        try:
            self._check(scope, headers)
            await self._app(scope, receive, send_protected)
        except BadRequest as refused:
            await Reply.of_refused(refused).send(send_protected)
        except asyncio.CancelledError:
            if not visit.status:
                await Reply.of_refused(STOPPING).send(send_protected)
            raise
        except Exception as error:
            body = orjson.dumps({"errors": [masked(error)]})
            if visit.status:
                raise  # The answer is half sent: only the connection can still be closed.
            await Reply(500, body).send(send_protected)
        finally:
            self._tell(scope, visit)

    async def _open_socket(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        try:
            self._check(scope, headers)
        except BadRequest as refused:
            self._log.info("socket refused", path=shown_path(scope["path"]), reason=refused.message)
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            masked(error)
            await send({"type": "websocket.close", "code": 1011})

    def _check(self, scope: Scope, headers: Headers) -> None:
        most = self._settings.max_header_bytes
        if sum(len(name) + len(value) + 4 for name, value in scope["headers"]) + head_line(scope) > most:
            message = f"The head of the request is longer than {most} bytes."
            raise BadRequest(431, LIMIT_REACHED, message, {"Connection": "close"})
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not is_allowed_host(host, self._settings.allowed_hosts):
            raise BadRequest(400, INVALID, "The server is not known by this Host. See TALLYGRAPH_ALLOWED_HOSTS.")
        origin = headers.get(b"origin")
        if origin is not None and not is_allowed_origin(
            origin.decode("latin-1").lower(), host, self._settings.allowed_origins
        ):
            raise BadRequest(403, FORBIDDEN, "Pages of this origin may not ask. See TALLYGRAPH_ALLOWED_ORIGINS.")

    def _tell(self, scope: Scope, visit: Visit) -> None:
        seconds = time.perf_counter() - visit.started_at
        self._observe(scope, visit, seconds)
        said = {
            "method": scope["method"],
            "path": shown_path(scope["path"]),
            "status": CLIENT_LEFT if visit.left else visit.status,
            "ms": round(seconds * 1000, 2),
        }
        if visit.operation:
            said["operation"] = visit.operation[:100]
        if visit.kind:
            said["kind"] = visit.kind
        if visit.tenant_id:
            said["tenant"] = str(visit.tenant_id)
        self._log.info("request", **said)


def visit_of(scope: Scope) -> Visit:
    visit: Visit = scope[VISIT]
    return visit


def headers_of(scope: Scope) -> Headers:
    """The request's headers by name. Where one comes twice, the last counts."""
    return dict(scope["headers"])


def request_id_of(headers: Headers) -> str:
    """The caller's own id of its request or its trace, if it is harmless to log and to send back; else a new one."""
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    if REQUEST_ID.fullmatch(given):
        return given
    trace = TRACE.fullmatch(headers[b"traceparent"].decode("latin-1")) if b"traceparent" in headers else None
    return trace[1] if trace else secrets.token_hex(8)


def shown_path(path: str) -> str:
    """A path as the log tells it: one of ours, or only that it was another, since clients may put anything there."""
    if path in PATHS:
        return path
    folder = path[: path.find("/", 1) + 1]
    return f"{folder}..." if folder in FOLDERS else "other"


def head_line(scope: Scope) -> int:
    return len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")


def protect(message: Message, request_id: str) -> None:
    """Add what protects browsers, where the answer does not say otherwise itself."""
    given = list(message.get("headers", ()))
    names = {name for name, _ in given}
    message["headers"] = [
        *given,
        *(line for line in PROTECTION if line[0] not in names),
        (b"x-request-id", request_id.encode()),
    ]


PROTECTION = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())


@lru_cache(maxsize=1024)
def is_allowed_host(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether a Host header names this server. A plain IP address cannot be somebody else's name for it."""
    name = _name_in(host)
    if name is None:
        return "*" in allowed
    return any(_matches(name, pattern) for pattern in allowed) or _is_ip_address(name)


@lru_cache(maxsize=1024)
def is_allowed_origin(origin: str, host: str, allowed: tuple[str, ...]) -> bool:
    """Whether a page of this origin may ask: one of our own, or of an allowed site."""
    # Only hosts are compared: before a proxy that ends TLS, our own scheme is not known here.
    return origin in allowed or origin in (f"http://{host}", f"https://{host}")


def _name_in(host: str) -> str | None:
    """The name or address in a Host header, without its port."""
    try:
        parts = urlsplit(f"//{host}")
    except ValueError:
        return None
    return parts.hostname if parts.netloc == host and parts.username is None else None


def _matches(name: str, pattern: str) -> bool:
    return pattern == "*" or name == pattern or (pattern.startswith("*.") and name.endswith(pattern[1:]))


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
