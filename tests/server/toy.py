"""A small graph of the tests' own, with everything in it that can go wrong at the edge."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import NewType
from uuid import UUID

import strawberry
from strawberry.schema.config import StrawberryConfig

from models.rules.refusals import Invalid, NotFound
from models.rules.viewers import Viewer
from models.rules.words import Role
from server.engine import RequestInfo
from server.errors import Unauthenticated

TENANT = UUID(int=7)
KEY = "Bearer right-key"

Level = NewType("Level", int)


def level_in(value: object) -> Level:
    if value == "broken":
        raise RuntimeError("password=hunter2")
    if not isinstance(value, int):
        raise ValueError("A level is a whole number.")
    return Level(value)


@dataclass
class Context:
    """What one operation may use, and what became of it."""

    viewer: Viewer
    request: RequestInfo


@dataclass
class Diary:
    """What the slow resolver went through, for tests that cancel it."""

    started: int = 0
    finished: int = 0
    cancelled: int = 0
    put: int = 0


DIARY = Diary()


@strawberry.type
class Thing:
    name: str

    @strawberry.field
    def thing(self) -> "Thing":
        return self

    @strawberry.field
    def things(self, first: int | None = None) -> "Things":
        return Things(nodes=[Thing(name="inner")])


@strawberry.type
class Things:
    nodes: list[Thing]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"hello {name}"

    @strawberry.field
    def whoami(self, info: strawberry.Info[Context, None]) -> str:
        return f"{info.context.viewer.role} {info.context.request.operation_name}"

    @strawberry.field
    def level(self, of: Level) -> int:
        return int(of)

    @strawberry.field
    def thing(self) -> Thing:
        return Thing(name="outer")

    @strawberry.field
    def things(self, first: int | None = None, ids: list[strawberry.ID] | None = None) -> Things:
        return Things(nodes=[Thing(name="first"), Thing(name="second")])

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("SELECT secret FROM keys; password=hunter2")

    @strawberry.field
    def broken_root(self) -> str:
        raise RuntimeError("password=hunter2")

    @strawberry.field
    def refused(self) -> str | None:
        raise NotFound("There is no such agent.", path=("agent_id",))

    @strawberry.field
    def refused_list(self) -> list[str] | None:
        raise Invalid("first must be at most 100.", path=("first",))

    @strawberry.field
    async def slow(self, seconds: float = 60) -> int:
        DIARY.started += 1
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            DIARY.cancelled += 1
            raise
        DIARY.finished += 1
        return 1


@strawberry.type
class Mutation:
    @strawberry.mutation
    def put(self, values: list[int] | None = None) -> int:
        DIARY.put += 1
        return len(values or ())


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self) -> AsyncGenerator[int, None]:
        yield 1


schema = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    config=StrawberryConfig(scalar_map={Level: strawberry.scalar(name="Level", parse_value=level_in)}),
)


async def authenticate(authorization: str | None, address: str | None) -> Viewer:
    if authorization == "Bearer broken":
        raise RuntimeError("password=hunter2")
    if authorization == "Bearer tenant-key":
        return Viewer(Role.ADMIN, TENANT)
    if authorization != KEY:
        raise Unauthenticated
    return Viewer(Role.OPERATOR)


def context_for(viewer: Viewer, request: RequestInfo) -> Context:
    return Context(viewer, request)
