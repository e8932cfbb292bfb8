"""A server on a real socket in the tests' own loop, around books that the test changes; and clients of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from strawberry import Schema
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from models.actions import keys
from models.actions.keys import KeyWish
from models.rules.ids import type_id
from models.rules.viewers import Viewer
from models.rules.words import Role
from models.unit_of_work import utc_now
from resolvers.context import Context
from resolvers.schema import schema
from server.app import create_app
from server.database import open_books
from server.engine import RequestInfo
from server.exports.pages import Exports
from server.keys import Keyring
from server.running import Config, Server
from server.settings import Settings, read_settings
from server.watching.doorbell import Doorbell
from server.watching.watcher import Watchers
from tests.books import Clock, TestBooks, make_tables

OPERATOR_KEY = "an operator's key of the tests"
OPERATOR = f"Bearer {OPERATOR_KEY}"
WAIT_SECONDS = 30.0

BALANCE = """
subscription Balance($tenant: ID!, $after: BigInt) {
  balanceChanged(tenantId: $tenant, after: $after) {
    seq available settled held overdrawn pools { kind balance } entries { seq kind credits balanceAfter }
  }
}
"""


class Socket:
    """One client's socket. What it does not wait for, it fails on."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, type: str, **rest: object) -> None:
        await self.connection.send(orjson.dumps({"type": type, **rest}).decode())

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(WAIT_SECONDS):
            text = await self.connection.recv()
        assert isinstance(text, str), "Clients take no binary frames."
        message: dict[str, Any] = orjson.loads(text)
        return message

    async def subscribe(self, query: str, id: str = "1", **payload: object) -> None:
        await self.send("subscribe", id=id, payload={"query": query, **payload})

    async def next(self, id: str = "1") -> Any:
        """The data of the next message, which must be of an operation and without errors."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", id), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def watch(self, tenant: str, after: int | None = None, id: str = "1") -> None:
        await self.subscribe(BALANCE, id, variables={"tenant": tenant, "after": after})

    async def balance(self, id: str = "1") -> Any:
        return (await self.next(id))["balanceChanged"]

    async def ask(self, query: str, id: str = "asked", **variables: object) -> Any:
        await self.subscribe(query, id, variables=variables)
        data = await self.next(id)
        assert await self.receive() == {"id": id, "type": "complete"}
        return data

    async def closed(self) -> tuple[int, str]:
        """The code and reason that the server closes with; what it says before is passed over."""
        async with asyncio.timeout(WAIT_SECONDS):
            with suppress(ConnectionClosed):
                while True:
                    await self.connection.recv()
        assert self.connection.close_code is not None
        return self.connection.close_code, self.connection.close_reason or ""


@dataclass
class Served:
    """A running server, its books, and ways to ask it."""

    books: TestBooks
    server: Server
    watchers: Watchers
    doorbell: Doorbell
    settings: Settings
    _opened: list[ClientConnection] = field(default_factory=list)

    @property
    def port(self) -> int:
        port: int = self.server.servers[0].sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def connect(self, headers: Mapping[str, str] | None = None, **more: Any) -> Socket:
        """A socket on which nothing was said yet."""
        more = {"subprotocols": [Subprotocol("graphql-transport-ws")], "compression": None, **more}
        address = f"ws://127.0.0.1:{self.port}/graphql"
        connection = await connect(address, additional_headers=headers, **more)
        self._opened.append(connection)
        return Socket(connection)

    async def socket(self, key: str = OPERATOR) -> Socket:
        """A socket that is let in."""
        socket = await self.connect()
        await socket.send("connection_init", payload={"authorization": key})
        assert await socket.receive() == {"type": "connection_ack"}
        return socket

    async def a_key(self, role: Role, tenant: UUID | None = None) -> tuple[UUID, str]:
        """A new key: its id, and the header that it is sent in."""
        async with self.books.books.work() as work:
            wish = KeyWish("A key", role, tenant)
            key, secret = await keys.create_key(work, Viewer(Role.OPERATOR), wish, "")
        return key.id, f"Bearer {secret}"

    async def a_tenant(self, **more: Any) -> tuple[UUID, str]:
        """A tenant: its id inside, and as the graph shows it."""
        tenant = await self.books.a_tenant(**more)
        return tenant, type_id("tenant", tenant)

    async def followed(self, followers: int = 1) -> None:
        """Until so many follow what happens: who subscribes is told of nothing that came before that."""
        await until(lambda: sum(len(one.followers) for one in self.watchers._watchers.values()) >= followers)

    async def end_clients(self) -> None:
        await asyncio.gather(*(connection.close() for connection in self._opened), return_exceptions=True)
        self._opened.clear()


async def until(holds: Callable[[], bool]) -> None:
    """Until something has come true, which must be soon."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not holds():  # noqa: ASYNC110 What is waited for rings no bell.
            await asyncio.sleep(0.01)


@asynccontextmanager
async def served(
    database_url: str,
    graph: Schema = schema,
    broadcast_url: str = "memory://",
    clock: Callable[[], datetime] | None = None,
    **settings: Any,
) -> AsyncIterator[Served]:
    """Time stands still, unless there is a clock: tests move it on."""
    given = read_settings(
        database_url=database_url, broadcast_url=broadcast_url, operator_key=OPERATOR_KEY, port=0, **settings
    )
    doorbell, still = Doorbell(broadcast_url), Clock(utc_now())
    books = open_books(database_url, doorbell.ring, clock=clock or still)
    books.alert_bell = doorbell.ring_alerts
    await make_tables(books)
    watchers, keyring = Watchers(books, doorbell), Keyring(books, given)

    def context_for(viewer: Viewer, request: RequestInfo) -> Context:
        return Context(viewer, books)

    app = create_app(
        given,
        graph,
        authenticate=keyring.viewer_of,
        context_for=context_for,
        watchers=watchers,
        routes=[Exports(books, given).route()],
    )
    server = Server(Config(app, given))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done(), "The server did not start."
        await asyncio.sleep(0.005)
    running = Served(TestBooks(books, still), server, watchers, doorbell, given)
    try:
        yield running
    finally:
        await running.end_clients()
        server.should_exit = True
        await serving
        await keyring.close()
        await books.close()
