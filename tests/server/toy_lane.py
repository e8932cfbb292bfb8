"""A graph that tells which process answers, and can be made to misbehave: for tests of the slow lane."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import strawberry

from models.rules.viewers import Viewer
from server.engine import Engine, RequestInfo
from server.settings import Settings

FACTORY = "tests.server.toy_lane:lane"


@dataclass
class Context:
    viewer: Viewer
    request: RequestInfo


Info = strawberry.Info[Context, None]


@strawberry.type
class Query:
    @strawberry.field
    def pid(self) -> int:
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
    def pid(self) -> int:
        return os.getpid()


def tell(file: str, text: str) -> None:
    Path(file).write_text(text)


schema = strawberry.Schema(Query, Mutation)


def engine(settings: Settings) -> Engine:
    return Engine(schema, settings, Context)


@asynccontextmanager
async def lane(settings: Settings) -> AsyncIterator[Engine]:
    made = engine(settings)
    yield made
    made.close()
