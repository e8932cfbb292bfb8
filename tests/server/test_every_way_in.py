"""What is promised holds for requests, streams of events and sockets alike: limits, deadlines, masked failures."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from graphql import DocumentNode, GraphQLError, GraphQLSchema, get_introspection_query, validate

from tests.server.conftest import GRAPHQL_JSON, Lines
from tests.server.live_server import OPERATOR, WAIT_SECONDS, Served, served, until
from tests.server.toy import DIARY
from tests.server.toy import schema as toy_graph

pytestmark = pytest.mark.anyio

Way = Callable[..., Awaitable[dict[str, Any]]]
WAYS = ["request", "stream", "socket"]


@pytest.fixture(scope="module")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(f"sqlite:///{tmp_path_factory.mktemp('ways') / 'books.db'}") as live:
        yield live


@pytest.fixture
async def toy(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(f"sqlite:///{tmp_path / 'books.db'}", graph=toy_graph, operation_seconds=0.2) as toy:
        yield toy


async def answer_by(way: str, server: Served, query: str, **more: Any) -> dict[str, Any]:
    """What a client is answered: `data`, `errors` and `extensions`, whichever way they come."""
    payload = {"query": query, **more}
    if way == "socket":
        socket = await server.socket()
        await socket.send("subscribe", id="1", payload=payload)
        message = await socket.receive()
        return {"errors": message["payload"]} if message["type"] == "error" else message["payload"]
    accept = GRAPHQL_JSON if way == "request" else "text/event-stream"
    headers = {"authorization": OPERATOR, "accept": accept}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=20) as client:
        response = await client.post("/graphql", json=payload)
    if way == "request":
        return dict(response.json())
    (event,) = [line for line in response.text.splitlines() if line.startswith("data: {")]
    return dict(orjson.loads(event.removeprefix("data: ")))


def code_of(answer: dict[str, Any]) -> str:
    assert answer.get("data") is None
    return str(answer["errors"][0]["extensions"]["code"])


def nested(levels: int) -> str:
    inner = "{ agents(first: 100) { nodes { calls(first: 100) { nodes { agent " * levels
    return "{ tenants(first: 100) { nodes " + inner + "{ id }" + "} } } } }" * levels + " } }"


def bomb(levels: int) -> str:
    parts = [f"fragment f{n} on Viewer {{ ...f{n + 1} ...f{n + 1} }}" for n in range(levels)]
    return "{ viewer { ...f0 } } " + " ".join(parts) + f" fragment f{levels} on Viewer {{ role }}"


LIST = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
MUTATION = 'm{n}: updateTenant(input: {{id: "x", name: "y"}}) {{ errors {{ message }} }}'

HOSTILE: dict[str, dict[str, Any]] = {
    "nested 50 deep": {"query": nested(50 // 4)},
    "levels": {"query": nested(3)},
    "a bomb of fragments": {"query": bomb(60)},
    "fields": {"query": "{ " + "viewer { role } " * 300 + "}"},
    "aliases": {"query": "{ " + " ".join(f"a{n}: viewer {{ role }}" for n in range(101)) + " }"},
    "cost": {"query": "{ tenants(first: 100) { nodes { agents(first: 100) { nodes { id } } } } }"},
    "cost in variables": {
        "query": "query ($n: Int) { tenants(first: $n) { nodes { agents(first: $n) { nodes { id } } } } }",
        "variables": {"n": 100},
    },
    "mutations": {"query": "mutation { " + " ".join(MUTATION.format(n=n) for n in range(6)) + " }"},
    "operations": {
        "query": " ".join(f"query Q{n} {{ viewer {{ role }} }}" for n in range(21)),
        "operationName": "Q0",
    },
    "a list": {"query": "{ nodes(ids: [" + '"x" ' * 1_001 + "]) { id } }"},
    "a list in variables": {"query": LIST, "variables": {"ids": ["x"] * 1_001}},
    "the schema beside other things": {
        "query": get_introspection_query().replace("__schema", "viewer { role } __schema")
    },
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", HOSTILE)
async def test_what_is_over_a_limit_is_refused(live: Served, way: str, what: str) -> None:
    assert code_of(await answer_by(way, live, **HOSTILE[what])) == "LIMIT_REACHED"


@pytest.mark.parametrize("way", WAYS)
async def test_too_many_tokens_are_refused(live: Served, way: str) -> None:
    answer = await answer_by(way, live, "{ viewer { " + "role " * 6_000 + "} }")

    assert code_of(answer) == "INVALID"
    assert "5000 tokens" in answer["errors"][0]["message"]


@pytest.mark.parametrize("way", WAYS)
async def test_the_schema_is_told(live: Served, way: str) -> None:
    answer = await answer_by(way, live, get_introspection_query())

    assert "errors" not in answer
    assert len(answer["data"]["__schema"]["types"]) > 100


@pytest.mark.parametrize("way", WAYS)
async def test_the_cost_is_told_to_who_asks_for_it(live: Served, way: str) -> None:
    answer = await answer_by(way, live, "{ viewer { role } }", extensions={"cost": True})

    assert answer["extensions"] == {"cost": {"requested": 1, "limit": 5_000}}


@pytest.mark.parametrize("way", WAYS)
async def test_two_operations_without_a_name_are_refused(live: Served, way: str) -> None:
    assert code_of(await answer_by(way, live, "query A { viewer { role } } query B { viewer { role } }")) == "INVALID"


@pytest.mark.parametrize("way", WAYS)
async def test_wrong_keys_are_slowed_down_whichever_way_they_come(way: str, tmp_path: Path) -> None:
    async with served(f"sqlite:///{tmp_path / 'books.db'}") as live:
        refused = [await refusal_of_key(way, live, f"Bearer tg_{number:043}") for number in range(12)]

    assert "Too many wrong keys" not in refused[0]
    assert "Too many wrong keys" in refused[-1]


async def refusal_of_key(way: str, live: Served, key: str) -> str:
    if way == "socket":
        socket = await live.connect()
        await socket.send("connection_init", payload={"authorization": key})
        code, reason = await socket.closed()
        assert code == 4403
        return reason
    headers = {"authorization": key, "accept": GRAPHQL_JSON if way == "request" else "text/event-stream"}
    async with httpx2.AsyncClient(base_url=live.url, headers=headers) as client:
        response = await client.post("/graphql", json={"query": "{ viewer { role } }"})
    assert response.status_code in (401, 429)
    return response.text


@pytest.mark.parametrize("way", WAYS)
async def test_strangers_are_given_no_suggestions(live: Served, way: str) -> None:
    assert "Did you mean" not in str(await answer_by(way, live, "{ viewr { role } viewer { rol } }"))


@pytest.mark.parametrize("way", WAYS)
async def test_a_long_name_is_not_repeated_whole(live: Served, way: str) -> None:
    assert len(str(await answer_by(way, live, "{ " + "x" * 300_000 + " }"))) < 2_000


@pytest.mark.parametrize("way", WAYS)
async def test_a_failure_of_ours_is_masked(toy: Served, way: str, log_lines: Lines) -> None:
    answer = await answer_by(way, toy, "{ hello broken }")

    (error,) = answer["errors"]
    assert (error["extensions"]["code"], answer["data"]["hello"]) == ("INTERNAL", "hello world")
    assert "hunter2" not in str(answer)
    assert error["extensions"]["errorId"] in {line.get("error_id") for line in log_lines}


@pytest.mark.parametrize("way", WAYS)
async def test_an_operation_that_takes_too_long_is_given_up(toy: Served, way: str) -> None:
    before = DIARY.cancelled

    assert code_of(await answer_by(way, toy, "{ slow }")) == "LIMIT_REACHED"
    assert DIARY.cancelled == before + 1


@pytest.mark.parametrize("way", WAYS)
async def test_an_operation_is_cancelled_when_its_client_leaves(live: Served, way: str, tmp_path: Path) -> None:
    started, cancelled = DIARY.started, DIARY.cancelled
    async with served(f"sqlite:///{tmp_path / 'books.db'}", graph=toy_graph) as server:
        asking = asyncio.create_task(answer_by(way, server, "{ slow }"))
        await until(lambda: DIARY.started == started + 1)
        for connection in list(server.server.server_state.connections):
            connection.transport.abort()
        await until(lambda: DIARY.cancelled == cancelled + 1)
        await asyncio.gather(asking, return_exceptions=True)


async def test_an_operation_is_cancelled_when_a_socket_completes_it(tmp_path: Path) -> None:
    started, cancelled = DIARY.started, DIARY.cancelled
    async with served(f"sqlite:///{tmp_path / 'books.db'}", graph=toy_graph) as server:
        socket = await server.socket()
        await socket.subscribe("{ slow }", "left")
        await until(lambda: DIARY.started == started + 1)
        await socket.send("complete", id="left")
        await until(lambda: DIARY.cancelled == cancelled + 1)

        assert await socket.ask("{ hello }") == {"hello": "hello world"}


async def test_a_frame_of_nearly_a_megabyte_is_taken(live: Served) -> None:
    socket = await live.socket()
    await socket.subscribe("{ viewer { role } } #" + "x" * 990_000)

    assert (await socket.next())["viewer"] == {"role": "OPERATOR"}


@pytest.mark.parametrize("way", WAYS)
async def test_others_are_answered_while_a_document_that_is_made_to_be_slow_is_read(
    live: Served, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_on = threading.Event()

    def slow(schema: GraphQLSchema, document: DocumentNode, **more: Any) -> list[GraphQLError]:
        if len(document.definitions) > 100:
            read_on.wait(WAIT_SECONDS)
        return validate(schema, document, **more)

    monkeypatch.setattr("server.documents.validate", slow)
    spreads = " ".join(f"fragment f{n} on Query {{ viewer {{ role }} ...f{n + 1} }}" for n in range(110))
    document = f"# by {way}\n{{ ...f0 }} {spreads} fragment f110 on Query {{ viewer {{ role }} }}"
    hostile = asyncio.create_task(answer_by(way, live, document))
    for _ in range(5):
        assert (await answer_by("request", live, "{ viewer { role } }"))["data"]
    assert not hostile.done()
    read_on.set()

    assert (await hostile)["data"] == {"viewer": {"role": "OPERATOR"}}
