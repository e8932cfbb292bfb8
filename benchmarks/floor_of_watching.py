"""The floors of watching: ready bytes sent by bare Starlette, and stock Strawberry with broadcaster.

python -m benchmarks.floor_of_watching bare|stock PORT LENGTH
"""

import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import strawberry
import uvicorn
from broadcaster import Broadcast
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

PROTOCOL = "graphql-transport-ws"
ACK = '{"type":"connection_ack"}'


def bare(length: int) -> Starlette:
    """Speaks just enough of the protocol to be subscribed to, and sends everybody the same text."""
    sockets: dict[WebSocket, None] = {}
    text = '{"id":"1","type":"next","payload":{"data":{"seq":1,"x":"'
    text += "x" * (length - len(text) - 5) + '"}}}'

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept(PROTOCOL)
        await websocket.receive_text()
        await websocket.send_text(ACK)
        await websocket.receive_text()
        sockets[websocket] = None
        await websocket.send_text(text)
        try:
            while (await websocket.receive())["type"] != "websocket.disconnect":
                pass
        finally:
            del sockets[websocket]

    async def ring(request: Request) -> Response:
        for websocket in list(sockets):
            await websocket.send_text(text)
        return PlainTextResponse("rung")

    return Starlette(routes=[WebSocketRoute("/graphql", socket), Route("/ring", ring, methods=["POST"])])


def stock(length: int) -> Starlette:
    """What one would write first: each subscriber listens and is executed for by itself."""
    broadcast = Broadcast("memory://")
    text = "x" * (length - 60)

    @strawberry.type
    class Change:
        seq: int
        x: str

    @strawberry.type
    class Query:
        hello: str = "world"

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def changed(self) -> AsyncGenerator[Change, None]:
            yield Change(seq=1, x=text)
            async with broadcast.subscribe("changes") as bells:
                async for _ in bells:  # type: ignore[union-attr]
                    yield Change(seq=1, x=text)

    async def ring(request: Request) -> Response:
        await broadcast.publish("changes", "rung")
        return PlainTextResponse("rung")

    @asynccontextmanager
    async def connected(app: Starlette) -> AsyncIterator[None]:
        async with broadcast:
            yield

    schema = strawberry.Schema(Query, subscription=Subscription)
    graph: GraphQL[None, None] = GraphQL(schema, subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL])
    routes = [WebSocketRoute("/graphql", graph), Route("/ring", ring, methods=["POST"])]
    return Starlette(routes=routes, lifespan=connected)


if __name__ == "__main__":
    kind, port, length = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    uvicorn.run(
        {"bare": bare, "stock": stock}[kind](length),
        host="127.0.0.1",
        port=port,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        loop="uvloop",
        log_level="warning",
        access_log=False,
    )
