"""Heavy operations give way to all others: in slices, in places, paid by the time that they take."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
import strawberry

from models.rules.viewers import Viewer
from models.rules.words import Role
from resolvers import limits, pacing
from resolvers.pacing import Pacer
from server.answers import Answer
from server.asked import Asked
from server.engine import Engine, RequestInfo
from server.operations import HEAVY_AT_ONCE, Operations
from server.places import Places
from server.rates import Caller
from server.settings import read_settings

pytestmark = pytest.mark.anyio

CALLER = Caller("key", None)
OPERATOR, REQUEST = Viewer(Role.OPERATOR), RequestInfo("request", None, None)
HEAVY = "{ things(first: 60) { nodes { name slow { name } parts { name } } } }"
LIGHT = "{ things(first: 2) { nodes { name } } }"

ORDER: list[int] = []


@strawberry.type
class Part:
    name: str


@strawberry.type
class Thing:
    name: str

    @strawberry.field
    async def slow(self) -> Part:
        await asyncio.sleep(0)
        return Part(name="slow")

    @strawberry.field
    def parts(self) -> list[Part]:
        return [Part(name="one"), Part(name="two")]

    @strawberry.field
    def wrong(self) -> str:
        if self.name == "7":
            raise ValueError("wrong")
        return self.name

    @strawberry.field
    async def bad(self) -> Part | None:
        if self.name in ("7", "40"):
            raise ValueError("bad")
        return None


@strawberry.type
class Things:
    nodes: list[Thing]


@strawberry.type
class Query:
    @strawberry.field
    async def things(self, first: int) -> Things:
        return Things(nodes=[Thing(name=str(number)) for number in range(first)])

    @strawberry.field
    def series(self) -> list[Part]:
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass
        return [Part(name="point")]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def add(self, number: int) -> Things:
        for _ in range(10 - number):
            await asyncio.sleep(0)
        ORDER.append(number)
        return Things(nodes=[Thing(name=str(number))] * 60)


class Clock:
    """A slice is over at every look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
async def operations() -> AsyncIterator[Operations]:
    settings = read_settings()
    made = Operations(Engine(strawberry.Schema(Query, Mutation), settings, lambda *_: None), settings)
    yield made
    await made.close()


async def run(operations: Operations, text: str, caller: Caller = CALLER) -> Answer:
    return await operations.run(await operations.prepare(Asked(text), caller), OPERATOR, REQUEST)


async def turns_during(running: "asyncio.Task[Any]") -> int:
    """How often others have a turn until something is done."""
    turns = 0
    while not running.done():
        turns += 1
        await asyncio.sleep(0)
    return turns


async def test_others_run_between_the_slices_of_a_heavy_operation(operations: Operations) -> None:
    operations._engine._pacer = Pacer(Clock())

    turns = await turns_during(running := asyncio.create_task(run(operations, HEAVY)))

    nodes = orjson.loads((await running).body)["data"]["things"]["nodes"]
    part = {"name": "slow"}
    assert nodes[59] == {"name": "59", "slow": part, "parts": [{"name": "one"}, {"name": "two"}]}
    assert len(nodes) == 60
    assert turns > 60


async def test_light_operations_never_wait_for_a_slice(operations: Operations) -> None:
    class Closed(Pacer):
        def is_over(self) -> bool:
            raise AssertionError

    operations._engine._pacer = Closed()

    assert (await run(operations, LIGHT)).status == 200
    assert (await run(operations, HEAVY)).status == 500


@pytest.mark.parametrize("fields", ["wrong", "name bad { name } slow { name }"])
async def test_errors_are_those_of_light_operations(
    operations: Operations, fields: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{{ things(first: 60) {{ nodes {{ {fields} }} }} }}"
    operations._engine._pacer = Pacer(Clock())
    in_slices = await run(operations, text)
    monkeypatch.setattr(limits, "MOST_LIGHT", 10_000)

    at_once = await run(operations, f"{text} ")

    assert shape(in_slices) == shape(at_once)
    assert in_slices.errors


def shape(answer: Answer) -> object:
    return orjson.loads(answer.body)["data"], sorted((error["path"] for error in answer.errors), key=str)


async def test_mutations_stay_one_after_the_other(operations: Operations) -> None:
    operations._engine._pacer = Pacer(Clock())
    ORDER.clear()
    three = " ".join(f"m{number}: add(number: {number}) {{ nodes {{ parts {{ name }} }} }}" for number in range(3))

    answer = await run(operations, f"mutation {{ {three} }}")

    assert not answer.errors
    assert ORDER == [0, 1, 2]


@pytest.mark.parametrize("turns", [1, 2, 5, 20, 70, 100])
async def test_a_heavy_operation_that_is_given_up_leaves_nothing_behind(operations: Operations, turns: int) -> None:
    operations._engine._pacer = Pacer(Clock())
    all_before = asyncio.all_tasks()
    for _ in range(HEAVY_AT_ONCE):
        running = asyncio.create_task(run(operations, HEAVY))
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    # All places are free, and nothing is under way. What was made and not awaited would be a warning.
    assert (await run(operations, HEAVY)).status == 200
    for _ in range(3):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == all_before


async def test_while_a_light_operation_is_under_way_no_slice_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "PATIENCE_SECONDS", 1_000.0)
    pacer = Pacer(Clock())
    await pacer.turn()
    pacer.enter_light()

    waiting = asyncio.create_task(pacer.turn())
    for _ in range(20):
        await asyncio.sleep(0)
    waited = not waiting.done()
    pacer.leave_light()

    await waiting
    assert waited


async def test_patience_with_light_operations_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "PATIENCE_SECONDS", 0.001)
    pacer = Pacer(Clock())
    pacer.enter_light()

    for _ in range(3):
        await pacer.turn()


async def test_one_slice_is_given_in_a_turn_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "MOST_WOKEN", 1)
    pacer = Pacer(Clock())
    went_on: list[int] = []
    turn = 0

    async def go_on() -> None:
        await pacer.turn()
        went_on.append(turn)

    waiting = [asyncio.create_task(go_on()) for _ in range(10)]
    while not all(one.done() for one in waiting):
        turn += 1
        await asyncio.sleep(0)

    assert len(set(went_on)) == 10


async def test_what_takes_longer_than_its_points_is_paid_by_its_time(operations: Operations) -> None:
    await run(operations, "{ series { name } }")

    bucket = operations.rates.keys.bucket_of("key", time.monotonic())
    assert bucket.quota.most - bucket.left > 0.02 / 0.000_02


async def test_keys_that_wait_for_a_place_take_turns() -> None:
    places, came = Places(1), []

    async def come(who: str) -> None:
        async with places.of(who):
            came.append(who)
            await asyncio.sleep(0)

    await asyncio.gather(*(come(who) for who in ("a", "a", "a", "a", "b", "b", "c")))

    assert came == ["a", "a", "b", "c", "a", "b", "a"]


async def test_nobody_has_more_than_half_of_the_places() -> None:
    places, came = Places(4), []
    over = asyncio.Event()

    async def come(who: str) -> None:
        async with places.of(who):
            came.append(who)
            await over.wait()

    all_of_them = asyncio.gather(*(come(who) for who in ("a", "a", "a", "a", "b", "b", "b", "c")))
    for _ in range(3):
        await asyncio.sleep(0)
    at_first = list(came)
    over.set()
    await all_of_them

    assert at_first == ["a", "a", "b", "b"]
    assert sorted(came) == sorted("aaaabbbc")


async def test_a_flood_of_light_operations_waits_behind_itself(operations: Operations) -> None:
    query = "{ things(first: 2) { nodes { slow { name } } } }"
    came: list[str] = []

    async def ask(who: str) -> None:
        assert (await run(operations, query, Caller(who, None))).has_data
        came.append(who)

    flood = [asyncio.create_task(ask("flood")) for _ in range(200)]
    await asyncio.sleep(0)
    await ask("somebody else")

    assert came.count("flood") < 20
    await asyncio.gather(*flood)


async def test_the_keys_of_a_tenant_have_one_turn() -> None:
    tenant, other = uuid4(), uuid4()

    assert Caller("one", None, tenant).who == Caller("two", None, tenant).who
    assert len({Caller("one", None, owner).who for owner in (tenant, other, None)}) == 3


async def test_who_leaves_gives_the_place_to_the_next() -> None:
    places = Places(1)
    gone, given, last = (asyncio.create_task(hold(places, who)) for who in ("a", "b", "c"))
    async with places.of("first"):
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
    # b has just been given the place, and does not know it yet.
    given.cancel()

    async with asyncio.timeout(30):
        await last
    assert gone.cancelled()
    assert given.cancelled()


async def hold(places: Places, who: str) -> None:
    async with places.of(who):
        await asyncio.sleep(0)
