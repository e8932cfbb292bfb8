"""What is heavy or not known yet is answered by a process of its own, which may fail without anybody else noticing."""

import asyncio
import os
import pickle
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import create_server, socketpair
from typing import Any
from uuid import uuid4

import orjson
import pytest
from graphql import OperationType

from models.rules.viewers import Viewer
from models.rules.words import Role
from models.unit_of_work import Books
from server.answers import Answer, RequestErrors
from server.asked import Unread, asked_in, loaded
from server.database import open_books
from server.engine import Operation, Outline, RequestInfo
from server.errors import BadRequest
from server.operations import Operations
from server.rates import Caller
from server.settings import Settings, read_settings
from server.slow_lane import lane as lanes
from server.slow_lane.lanes import Lanes
from server.slow_lane.messages import Begin, Cancel, Done, Heard, Ready, RunWish, Wish, receive, send
from tests.server import toy_lane
from tests.server.live_server import until
from tests.server.real_server import RealServer, ask

pytestmark = pytest.mark.anyio

CALLER, OPERATOR = Caller("key", None), Viewer(Role.OPERATOR)
REQUEST = RequestInfo("request-1", None, None)
HEAVY = "{ series pid }"
WAIT_SECONDS = 60


@pytest.fixture
async def operations() -> AsyncIterator[Operations]:
    made = with_lane(read_settings())
    made.open()
    await until_open(made)
    yield made
    await made.close()


def with_lane(settings: Settings) -> Operations:
    return Operations(toy_lane.engine(settings), settings, Lanes.of(settings, toy_lane.FACTORY))


async def until_open(operations: Operations) -> None:
    await until(lambda: lanes_in(operations).reading.is_open and lanes_in(operations).writing.is_open)


async def until_told(file: Path, text: str) -> None:
    await until(lambda: file.exists() and file.read_text() == text)


async def answer(operations: Operations, query: str, **more: Any) -> Answer:
    try:
        operation = await operations.prepare(asked_in({"query": query, **more}), CALLER)
    except RequestErrors as refused:
        return refused.answer()
    return await operations.run(operation, OPERATOR, REQUEST)


async def data(operations: Operations, query: str, **more: Any) -> Any:
    return orjson.loads((await answer(operations, query, **more)).body)["data"]


async def test_the_lane_answers_what_is_heavy_and_the_server_what_it_knows(operations: Operations) -> None:
    heavy = [(await data(operations, HEAVY))["pid"] for _ in range(3)]
    light = [(await data(operations, "{ pid }"))["pid"] for _ in range(4)]
    changes = [(await data(operations, "mutation { pid }"))["pid"] for _ in range(2)]

    lane = heavy[0]
    assert lane != os.getpid()
    assert heavy == [lane] * 3
    # It has been read by the lane, and is at hand once it has come again.
    assert light == [lane, os.getpid(), os.getpid(), os.getpid()]
    assert changes == [os.getpid()] * 2


ASKED: tuple[dict[str, Any], ...] = (
    {"query": "{ who series }"},
    {"query": "{ who fail series }"},
    {"query": "{ series", "variables": {"a": 1}},
    {"query": "{ series nonsense }"},
    {"query": "query A { series } query B { series }"},
    {"query": "query A { series: pid } query B { series }", "operationName": "A"},
    {"query": "query($file: String!) { wait(file: $file) series }"},
    {"query": "{ __schema { queryType { name } } }"},
    {"query": "{ series: who }", "extensions": {"cost": True}},
    {"query": "{ " + " ".join(f"a{number}: pid" for number in range(101)) + " }"},
)


async def test_answers_and_refusals_are_those_of_the_server_itself(operations: Operations) -> None:
    alone = Operations(toy_lane.engine(read_settings()), read_settings())

    for given in ASKED:
        answers = [shape(await answer(made, **given)) for made in (operations, operations, alone)]
        assert answers == [answers[2]] * 3

    await alone.close()


def shape(answer: Answer) -> object:
    """All of an answer but what differs from process to process, and from error to error."""
    payload = orjson.loads(answer.body)
    if payload.get("data"):
        payload["data"] = {name: type(value) if name == "series" else value for name, value in payload["data"].items()}
    for error in payload.get("errors", ()):
        if error["extensions"].pop("errorId", None):
            error["message"] = error["message"].rpartition(" ")[0]
    return answer.status, answer.has_data, payload


async def test_what_is_long_is_read_and_run_elsewhere(operations: Operations) -> None:
    reading = (await data(operations, HEAVY))["pid"]
    asked = [await long_answer(operations, "query($text: String!) { pid(text: $text) }", **LONG) for _ in range(3)]
    refused = await long_answer(operations, "{ nonsense }", **LONG)
    changed = await long_answer(operations, LONG_CHANGE, **LONG)

    assert [pid_in(one) for one in asked] == [reading] * 3
    assert [error["extensions"]["code"] for error in refused.errors] == ["INVALID"]
    assert pid_in(changed) not in (reading, os.getpid())


async def test_what_is_long_and_no_operation_is_refused_as_what_is_short(operations: Operations) -> None:
    for text in ("x", "[1]", '{"query": 1}', '{"query": "{ pid }", "variables": [1]}'):
        unread = Unread(text.encode() + b" " * 30_000)
        with pytest.raises(BadRequest) as here:
            unread.read()
        with pytest.raises(BadRequest) as there:
            await operations.prepare(unread, CALLER)
        assert vars(there.value) == vars(here.value)


async def test_what_a_lane_commits_is_told_by_the_server(sqlite_url: str) -> None:
    rung: list[tuple[str, object]] = []
    books = open_books(sqlite_url, lambda told: rung.append(("ledger", dict(told))))
    books.alert_bell = lambda told: rung.append(("alerts", dict(told)))
    books.outbox = lambda: rung.append(("outbox", None))
    tenant = uuid4()

    async with writing(books) as operations:
        await long_answer(operations, f'mutation($text: String!) {{ ring(text: $text, tenant: "{tenant}") }}', **LONG)

    # All of it before the answer.
    assert rung == [("ledger", {tenant: 7}), ("alerts", {tenant: 8}), ("outbox", None)]
    await books.close()


async def test_a_lane_writes_in_its_turn(sqlite_url: str, tmp_path: Path) -> None:
    books, file = open_books(sqlite_url), tmp_path / "writing"
    change = f'mutation($text: String!) {{ write(text: $text, file: "{file}") }}'

    async with writing(books) as operations:
        async with books.work():
            waiting = asyncio.create_task(long_answer(operations, change, **LONG))
            await until(lambda: len(lanes_in(operations).writing._turns) == 1)
            assert not file.exists()
        await until_told(file, "begun")
        turn = asyncio.create_task(written(books))
        await asyncio.sleep(0)
        assert not turn.done()
        toy_lane.tell(f"{file}.over", "")
        assert (await waiting).has_data
        await turn
    await books.close()


async def test_the_server_writes_itself_until_the_lane_is_back(operations: Operations) -> None:
    process = lanes_in(operations).writing._process
    assert process is not None
    process.kill()
    await until(lambda: not lanes_in(operations).writing.is_open)

    assert pid_in(await long_answer(operations, LONG_CHANGE, **LONG)) == os.getpid()


async def test_a_turn_is_over_when_its_lane_has_ended(sqlite_url: str, tmp_path: Path) -> None:
    books, file = open_books(sqlite_url), tmp_path / "writing"
    change = f'mutation($text: String!) {{ write(text: $text, file: "{file}") }}'

    async with writing(books) as operations:
        waiting = asyncio.create_task(long_answer(operations, change, **LONG))
        await until_told(file, "begun")
        process = lanes_in(operations).writing._process
        assert process is not None
        process.kill()

        with pytest.raises(BadRequest):
            await waiting
        await written(books)
    await books.close()


LONG_CHANGE = "mutation($text: String!) { pid(text: $text) }"
LONG = {"variables": {"text": "x" * 30_000}}


@asynccontextmanager
async def writing(books: Books) -> AsyncIterator[Operations]:
    """Operations on some books, whose lane for writing is open."""
    settings = read_settings()
    operations = Operations(toy_lane.engine(settings), settings, Lanes.of(settings, toy_lane.FACTORY, books))
    operations.open()
    await until_open(operations)
    yield operations
    await operations.close()


async def written(books: Books) -> None:
    async with books.work():
        pass


async def long_answer(operations: Operations, query: str, **more: Any) -> Answer:
    try:
        operation = await operations.prepare(Unread(orjson.dumps({"query": query, **more})), CALLER)
    except RequestErrors as refused:
        return refused.answer()
    return await operations.run(operation, OPERATOR, REQUEST)


def pid_in(answer: Answer) -> int:
    pid: int = orjson.loads(answer.body)["data"]["pid"]
    return pid


def lanes_in(operations: Operations) -> Lanes:
    assert operations._lanes is not None
    return operations._lanes


async def test_it_knows_who_asks_and_in_which_request(operations: Operations) -> None:
    assert (await data(operations, "{ who series }"))["who"] == "OPERATOR request-1"


async def test_what_it_took_is_taken_from_the_points_of_who_asked(operations: Operations) -> None:
    await data(operations, "{ work series }")

    bucket = operations.rates.keys.bucket_of("key", time.monotonic())
    assert bucket.quota.most - bucket.left > 0.03 / 0.000_02


async def test_an_operation_that_nobody_waits_for_is_given_up(operations: Operations, tmp_path: Path) -> None:
    file = tmp_path / "waiting"
    query = f'{{ series wait(file: "{file}") }}'
    waiting = asyncio.create_task(answer(operations, query))
    await until_told(file, "begun")

    waiting.cancel()

    await until_told(file, "given up")
    assert (await answer(operations, HEAVY)).has_data


async def test_what_ends_the_process_ends_nothing_else(operations: Operations, tmp_path: Path) -> None:
    file = tmp_path / "waiting"
    beside = asyncio.create_task(answer(operations, f'{{ series wait(file: "{file}") }}'))
    await until_told(file, "begun")
    before = (await data(operations, HEAVY))["pid"]

    for lost in (answer(operations, "{ series crash }"), beside):
        with pytest.raises(BadRequest) as refused:
            await lost
        assert (refused.value.status, refused.value.code) == (503, "LIMIT_REACHED")
    # Until it is back the server answers by itself.
    assert (await data(operations, HEAVY))["pid"] == os.getpid()
    await until_open(operations)
    assert (await data(operations, HEAVY))["pid"] not in (before, os.getpid())


async def test_a_process_that_hangs_is_ended(
    operations: Operations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "HANGS_AFTER_SECONDS", 0.1)
    before = (await data(operations, HEAVY))["pid"]
    file = tmp_path / "hanging"
    waiting = asyncio.create_task(answer(operations, f'{{ series hang(file: "{file}") }}'))
    await until_told(file, "begun")

    waiting.cancel()

    await until(lambda: not lanes_in(operations).reading.is_open)
    await until_open(operations)
    assert (await data(operations, HEAVY))["pid"] != before


async def test_it_ends_with_the_server() -> None:
    operations = with_lane(read_settings())
    operations.open()
    await until_open(operations)
    pid = (await data(operations, HEAVY))["pid"]

    await operations.close()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    assert not lanes_in(operations).reading.is_open


async def test_a_process_that_does_not_end_holds_up_no_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "END_SECONDS", 0.1)
    operations = with_lane(read_settings())
    operations.open()
    await until_open(operations)
    pid = (await data(operations, HEAVY))["pid"]
    os.kill(pid, signal.SIGSTOP)

    async with asyncio.timeout(WAIT_SECONDS):
        await operations.close()

    await until(lambda: not Path(f"/proc/{pid}").exists())


async def test_a_process_that_hangs_ends_when_its_server_is_killed(tmp_path: Path) -> None:
    ours, theirs = socketpair()
    with ours:
        with theirs:
            process = lanes._started(theirs)
        _, writer = await asyncio.open_unix_connection(sock=ours)
        send(writer, Begin(toy_lane.FACTORY, read_settings()))
        send(writer, Wish(1, run_wish(f'{{ series hang(file: "{tmp_path}/hanging") }}')))
        await until_told(tmp_path / "hanging", "begun")

        writer.close()

    await until(lambda: process.poll() is not None)
    assert process.returncode == 1


async def test_a_wish_that_is_given_up_at_once_is_answered_too(tmp_path: Path) -> None:
    waiting = run_wish(f'{{ series wait(file: "{tmp_path}/waiting") }}')
    ours, theirs = socketpair()
    with ours:
        with theirs:
            process = lanes._started(theirs)
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        send(writer, Begin(toy_lane.FACTORY, read_settings()))
        assert await receive(reader) == Ready()

        with ours.dup() as at_once:
            messages = [Wish(1, waiting), Cancel(1)]
            texts = [pickle.dumps(message) for message in messages]
            at_once.setblocking(True)
            at_once.sendall(b"".join(len(text).to_bytes(4) + text for text in texts))

        told: list[object] = []
        async with asyncio.timeout(WAIT_SECONDS):
            while Heard(1) not in told or Done(1, None) not in told:
                told.append(await receive(reader))
        writer.close()
    await until(lambda: process.poll() is not None)


async def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(BadRequest):
        loaded(orjson.dumps({"query": HEAVY}).replace(b"}", b',"variables":{"a":' + b"[" * 300 + b"]" * 300 + b"}}"))
    assert loaded(b"[" * 150 + b"]" * 150)


async def test_a_process_holds_nothing_of_its_server_but_their_connection() -> None:
    with create_server(("127.0.0.1", 0)) as listening:
        # As workers have it from the process that has started them.
        listening.set_inheritable(True)
        operations = with_lane(read_settings())
        operations.open()
        await until_open(operations)
        pid = (await data(operations, HEAVY))["pid"]

        held = {os.stat(file.path).st_ino for file in os.scandir(f"/proc/{pid}/fd")}
        assert os.fstat(listening.fileno()).st_ino not in held
        await operations.close()


def run_wish(query: str) -> RunWish:
    outline = Outline(OperationType.QUERY, None, 1, 1, is_heavy=True, is_introspection=False)
    return RunWish(Operation(asked_in({"query": query}), outline, CALLER, 1, None), OPERATOR, REQUEST)


PLAN = """mutation($name: String!) {
    createPlan(input: { name: $name, monthlyCredits: "1", firstSeconds: 60, nextSeconds: 60, rates: [] }) {
        errors { message }
    }
}"""


async def test_a_real_server_reads_in_its_lane_what_it_has_just_written(database_url: str) -> None:
    server = RealServer(database_url, slow_lane=True)
    server.start()
    try:
        async with server.client() as client:
            async with asyncio.timeout(WAIT_SECONDS):
                while "tallygraph_reading_lane_open 1.0" not in (await client.get("/metrics")).text:
                    pass
            for number in range(3):
                assert await ask(client, PLAN, name=f"Plan {number}") == {"createPlan": {"errors": []}}
                found = await ask(client, "{ plans { name } tenants(first: 60) { nodes { name } } }")
                assert len(found["plans"]) == number + 1
        processes = lanes_of(server)
        assert len(processes) == 2
    finally:
        server.kill()

    await until(lambda: not any(Path(f"/proc/{lane}").exists() for lane in processes))


def lanes_of(server: RealServer) -> list[str]:
    """The processes beside a server."""
    pid = server.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [child for child in children if "server.slow_lane" in Path(f"/proc/{child}/cmdline").read_text()]
