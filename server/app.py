"""The application: every path, what answers there, and what stands around all of them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import Lifespan
from starlette.websockets import WebSocket
from strawberry import Schema

from server.edge import Edge
from server.engine import ContextFor, Engine
from server.errors import INVALID, NOT_FOUND, BadRequest
from server.health import Check, Readiness
from server.health import live as is_alive
from server.http import Authenticate, GraphQLEndpoint
from server.metrics import Metrics
from server.operations import LIGHT_AT_ONCE, Operations
from server.pages import (
    DASHBOARD,
    DASHBOARD_ASSETS,
    DASHBOARD_POLICY,
    GRAPHIQL,
    GRAPHIQL_ASSETS,
    GRAPHIQL_POLICY,
    BuiltAssets,
    dashboard_page,
    graphiql_page,
)
from server.settings import Settings
from server.slow_lane.lanes import Lanes
from server.watching.events import serve_events
from server.watching.live import Live
from server.watching.sockets import serve_socket
from server.watching.watcher import Watchers

Socket = Callable[[WebSocket], Awaitable[None]]


async def refuse_socket(socket: WebSocket) -> None:
    """Nothing is pushed. Refused before the handshake, which clients see as a plain 403."""
    await socket.close(1008)


def create_app(
    settings: Settings,
    schema: Schema,
    *,
    authenticate: Authenticate,
    context_for: ContextFor,
    checks: Mapping[str, Check] | None = None,
    lifespan: Lifespan[Starlette] | None = None,
    socket: Socket = refuse_socket,
    watchers: Watchers | None = None,
    lanes: Lanes | None = None,
    light_at_once: int = LIGHT_AT_ONCE,
    routes: Sequence[BaseRoute] = (),
    graphiql: Path = GRAPHIQL,
    dashboard: Path = DASHBOARD,
) -> Starlette:
    """Put the server together. What needs opening and closing is the lifespan's. With `watchers` it pushes, and
    sockets are answered; without them, `socket` answers. With `lanes` what is heavy
    is run there."""
    engine = Engine(schema, settings, context_for)
    operations = Operations(engine, settings, lanes, light_at_once=light_at_once)
    metrics = Metrics(settings.metrics_key)
    if lanes is not None:
        for name, lane in (("reading", lanes.reading), ("writing", lanes.writing)):
            meaning = f"Whether the slow lane for {name} answers: 1 or 0."
            metrics.gauge(f"tallygraph_{name}_lane_open", meaning, partial(getattr, lane, "is_open"))
    live = stream = None
    if watchers is not None:
        live = Live(operations, settings, metrics, watchers, authenticate)
        socket, stream = partial(serve_socket, live), partial(serve_events, live)
    endpoint = GraphQLEndpoint(operations, authenticate, settings, graphiql_page(graphiql), stream)
    app = Starlette(
        routes=[
            Route("/graphql", endpoint),
            WebSocketRoute("/graphql", socket),
            Route("/health/live", is_alive),
            Route("/health/ready", Readiness(checks or {}).__call__),
            Route("/metrics", metrics.__call__),
            *routes,
            Mount(GRAPHIQL_ASSETS, BuiltAssets(graphiql, GRAPHIQL_POLICY)),
            Mount(DASHBOARD_ASSETS, BuiltAssets(dashboard, DASHBOARD_POLICY)),
            Route("/", dashboard_page(dashboard), methods=["GET"]),
        ],
        middleware=[Middleware(Edge, settings=settings, observe=metrics.observe)],
        exception_handlers={HTTPException: as_bad_request},
        lifespan=opening(operations, live, lifespan),
    )
    # It would send a client, and its key with it, from a proxy's https to http.
    app.router.redirect_slashes = False
    return app


def opening(operations: Operations, live: Live | None, lifespan: Lifespan[Starlette] | None) -> Lifespan[Starlette]:
    """Answer, and watch, for as long as what is read from is open."""

    @asynccontextmanager
    async def opened(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if lifespan is not None:
                await stack.enter_async_context(lifespan(app))
            stack.push_async_callback(operations.close)
            operations.open()
            if live is not None:
                stack.push_async_callback(live.close)
                await live.open()
            yield

    return opened


async def as_bad_request(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, such as an unknown path, in the shape of all others."""
    assert isinstance(error, HTTPException)
    code = NOT_FOUND if error.status_code == 404 else INVALID
    raise BadRequest(error.status_code, code, error.detail, dict(error.headers or {}))
