"""A graph that tells which process answers, and can be made to misbehave: for tests of the slow lane."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import strawberry

from models.rules.viewers import Viewer
from server.engine import Engine, RequestInfo
from server.settings import Settings
from server.slow_lane.link import Link
from tests.server.live_server import until

FACTORY = "tests.server.toy_lane:lane"


@dataclass
class Context:
    viewer: Viewer
    request: RequestInfo


Info = strawberry.Info[Context, None]


@strawberry.type
class Query:
    @strawberry.field
    def pid(self, text: str = "") -> int:
        return os.getpid()

    @strawberry.field
    def series(self) -> int:
        """Heavy, by its name."""
        return os.getpid()

    @strawberry.field
    def who(self, info: Info) -> str:
        return f"{info.context.viewer.role} {info.context.request.request_id}"

    @strawberry.field
    def fail(self) -> int | None:
        raise RuntimeError("password=hunter2")

    @strawberry.field
    def crash(self) -> int:
        os._exit(1)

    @strawberry.field
    def hang(self, file: str) -> int:
        """Does not even let go when it is told to."""
        tell(file, "begun")
        time.sleep(600)
        return 1

    @strawberry.field
    async def wait(self, file: str) -> int:
        """Writes into a file that it has begun, and that it was given up."""
        tell(file, "begun")
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            tell(file, "given up")
            raise
        return 1

    @strawberry.field
    def work(self) -> int:
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass
        return 1


@strawberry.type
class Mutation:
    @strawberry.mutation
    def pid(self, text: str = "") -> int:
        return os.getpid()

    @strawberry.mutation
    def ring(self, text: str, tenant: UUID) -> int:
        link = LINKS[0]
        link.ring({tenant: 7})
        link.ring_alerts({tenant: 8})
        link.announce()
        return os.getpid()

    @strawberry.mutation
    async def write(self, text: str, file: str) -> int:
        """Writes into a file that it has its turn, and stays until there is another file."""
        async with LINKS[0].turn:
            tell(file, "begun")
            await until(Path(f"{file}.over").exists)
        return os.getpid()


def tell(file: str, text: str) -> None:
    Path(file).write_text(text)


LINKS: list[Link] = []
"""The one that this process has, where it is a lane."""

schema = strawberry.Schema(Query, Mutation)


def engine(settings: Settings) -> Engine:
    return Engine(schema, settings, Context)


@asynccontextmanager
async def lane(settings: Settings, link: Link) -> AsyncIterator[Engine]:
    LINKS.append(link)
    made = engine(settings)
    yield made
    made.close()
