"""Operations answered as streams of server-sent events, for those who prefer plain HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from models.actions.keys import revoke_key
from models.rules.viewers import Viewer
from models.rules.words import Role
from server.connections import BoundedProtocol
from server.watching import events, wires
from tests.server.live_server import BALANCE, OPERATOR, WAIT_SECONDS, Served, served, until

pytestmark = pytest.mark.anyio

WHO = "{ viewer { role } }"


@pytest.fixture(scope="module")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(f"sqlite:///{tmp_path_factory.mktemp('events') / 'books.db'}", max_streams_per_key=5) as live:
        yield live


class Events:
    """What a client reads of a stream."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> dict[str, str]:
        """The fields of the next event; comments are passed over."""
        found: dict[str, str] = {}
        async with asyncio.timeout(WAIT_SECONDS):
            async for line in self._lines:
                if not line and found:
                    return found
                if line and not line.startswith(":"):
                    name, _, value = line.partition(":")
                    found[name] = value.removeprefix(" ")
        raise EOFError("The stream has ended.")

    async def data(self) -> Any:
        event = await self.next()
        assert event["event"] == "next", event
        return orjson.loads(event["data"])


@asynccontextmanager
async def streamed(
    live: Served,
    query: str,
    variables: dict[str, Any] | None = None,
    method: str = "POST",
    **headers: str,
) -> AsyncIterator[Events]:
    accept = {"accept": "text/event-stream", "authorization": OPERATOR}
    sent = {**accept, **{name.replace("_", "-"): value for name, value in headers.items()}}
    asked = {"query": query, "variables": variables or {}}
    body: dict[str, Any] = {"json": asked} if method == "POST" else {}
    if method == "GET":
        body["params"] = {"query": query, "variables": orjson.dumps(variables or {}).decode()}
    async with (
        httpx2.AsyncClient(timeout=WAIT_SECONDS) as client,
        client.stream(method, f"{live.url}/graphql", headers=sent, **body) as response,
    ):
        yield Events(response)


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_subscription_streams_the_account_and_its_changes(live: Served, method: str) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    async with streamed(live, BALANCE, {"tenant": id}, method) as stream:
        first = await stream.data()
        await live.books.call(tenant)
        second = await stream.data()

    assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert first["data"]["balanceChanged"]["available"] == "10"
    assert second["data"]["balanceChanged"]["available"] == "9"


async def test_a_query_is_one_event_and_then_complete(live: Served) -> None:
    async with streamed(live, WHO) as stream:
        assert await stream.data() == {"data": {"viewer": {"role": "OPERATOR"}}}
        assert await stream.next() == {"event": "complete", "data": ""}
        with pytest.raises(EOFError):
            await stream.next()


@pytest.mark.parametrize("query", ["{", "{ nonsense }", 'subscription { balanceChanged(tenantId: "x") { seq } }'])
async def test_what_cannot_be_run_is_told_in_the_stream(live: Served, query: str) -> None:
    async with streamed(live, query) as stream:
        (error,) = (await stream.data())["errors"]
        assert await stream.next() == {"event": "complete", "data": ""}

    assert (stream.response.status_code, error["extensions"]["code"]) == (200, "INVALID")


async def test_a_client_that_comes_back_goes_on_behind_the_last_event_it_saw(live: Served) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    async with streamed(live, BALANCE, {"tenant": id}) as stream:
        last = (await stream.next())["id"]
    await live.books.call(tenant)
    async with streamed(live, BALANCE, {"tenant": id}, last_event_id=last) as stream:
        event = await stream.next()

    entries = orjson.loads(event["data"])["data"]["balanceChanged"]["entries"]
    assert ([entry["seq"] for entry in entries], event["id"]) == ([2], "2")


async def test_who_takes_json_too_is_streamed_only_subscriptions(live: Served) -> None:
    _, id = await live.a_tenant()
    both = "application/json, text/event-stream"
    async with streamed(live, BALANCE, {"tenant": id}, accept=both) as stream:
        await stream.data()
    async with httpx2.AsyncClient() as client:
        headers = {"accept": both, "authorization": OPERATOR}
        answer = await client.post(f"{live.url}/graphql", json={"query": WHO}, headers=headers)

    assert answer.json() == {"data": {"viewer": {"role": "OPERATOR"}}}


async def test_who_takes_no_events_is_told_how_to_subscribe(live: Served) -> None:
    async with httpx2.AsyncClient() as client:
        headers = {"accept": "application/json", "authorization": OPERATOR}
        answer = await client.post(f"{live.url}/graphql", json={"query": BALANCE}, headers=headers)

    assert answer.status_code == 400
    assert "text/event-stream" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Bearer wrong"}, 401),
        ({"content_type": "text/plain"}, 415),
        ({"origin": "https://evil.example"}, 403),
    ],
)
async def test_a_request_that_is_refused_is_no_stream(live: Served, headers: dict[str, str], status: int) -> None:
    async with streamed(live, WHO, None, "POST", **headers) as stream:
        assert stream.response.status_code == status


async def test_a_mutation_by_get_is_refused(live: Served) -> None:
    mutation = 'mutation { revokeApiKey(id: "x") { errors { code } } }'
    async with streamed(live, mutation, method="GET") as stream:
        assert stream.response.status_code == 405


async def test_a_revoked_key_ends_its_stream_and_says_so(live: Served) -> None:
    tenant, id = await live.a_tenant()
    key_id, key = await live.a_key(Role.ADMIN, tenant)
    async with streamed(live, BALANCE, {"tenant": id}, authorization=key) as stream:
        await stream.data()
        async with live.books.books.work() as work:
            await revoke_key(work, Viewer(Role.OPERATOR), key_id)
        (error,) = (await stream.data())["errors"]

        assert error == {"message": "This key was revoked.", "extensions": {"code": "UNAUTHENTICATED"}}
        assert (await stream.next())["event"] == "complete"


async def test_silent_streams_are_kept_alive(live: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    _, id = await live.a_tenant()
    async with streamed(live, BALANCE, {"tenant": id}) as stream:
        await stream.data()
        async with asyncio.timeout(WAIT_SECONDS):
            assert await anext(stream._lines) == ":"


async def test_no_more_streams_are_open_with_a_key_than_may_be(live: Served) -> None:
    tenant, id = await live.a_tenant()
    _, key = await live.a_key(Role.ADMIN, tenant)
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(streamed(live, BALANCE, {"tenant": id}, authorization=key))
            for _ in range(6)
        ]
        answers = [await stream.data() for stream in opened]
    *_, (error,) = (answer.get("errors", [None]) for answer in answers)

    assert error["extensions"]["code"] == "LIMIT_REACHED"


async def test_who_does_not_read_for_too_long_is_cut_off(live: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "SLOW_SECONDS", 0.2)
    monkeypatch.setattr(wires, "MOST_BUFFERED", 10)
    tenant, id = await live.a_tenant(top_up="1000")
    watcher = await live.watchers.watch(tenant)
    body = orjson.dumps({"query": BALANCE, "variables": {"tenant": id}})
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port, limit=1_000)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n"
        b"content-type: application/json\r\nauthorization: %b\r\ncontent-length: %d\r\n\r\n%b"
        % (OPERATOR.encode(), len(body), body)
    )
    await reader.readline()
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await until(lambda: bool(watcher.followers))
    for connection in live.server.server_state.connections:
        assert isinstance(connection, BoundedProtocol)
        connection.flow.pause_writing()
    async with asyncio.timeout(WAIT_SECONDS):
        while watcher.followers:
            await live.books.call(tenant)
            await asyncio.sleep(0.01)
    writer.close()


async def test_a_stop_ends_streams(tmp_path: Path) -> None:
    async with served(f"sqlite:///{tmp_path / 'books.db'}", stop_seconds=30) as live:
        _, id = await live.a_tenant()
        async with streamed(live, BALANCE, {"tenant": id}) as stream:
            await stream.data()
            live.server.should_exit = True
            with pytest.raises((EOFError, httpx2.RemoteProtocolError)):
                await stream.next()
