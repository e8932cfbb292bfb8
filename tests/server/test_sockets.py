"""graphql-transport-ws, as its protocol says: every message, every code that closes a socket, and who is let in."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from models.actions.keys import revoke_key
from models.rules.viewers import Viewer
from models.rules.words import Role
from server.watching import sockets
from tests.server.live_server import BALANCE, OPERATOR, WAIT_SECONDS, Served, served, until

pytestmark = pytest.mark.anyio

WHO = "{ viewer { role } }"


@pytest.fixture(scope="module")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    folder: Path = tmp_path_factory.mktemp("sockets")
    async with served(f"sqlite:///{folder / 'books.db'}", max_operations_per_socket=5, max_streams_per_key=20) as live:
        yield live


@pytest.fixture(autouse=True)
async def sockets_are_closed(live: Served) -> AsyncIterator[None]:
    yield
    await live.end_clients()


# ---------------------------------------------------------------- being let in


async def test_a_key_in_the_init_payload_lets_in(live: Served) -> None:
    socket = await live.socket()

    assert await socket.ask(WHO) == {"viewer": {"role": "OPERATOR"}}


@pytest.mark.parametrize("name", ["Authorization", "AUTHORIZATION", "aUtHoRiZaTiOn"])
async def test_the_names_of_headers_in_the_payload_are_taken_in_any_case(live: Served, name: str) -> None:
    socket = await live.connect()
    await socket.send("connection_init", payload={"X-Other": 1, name: OPERATOR})

    assert await socket.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize("payload", [{}, {"payload": None}, {"payload": {}}])
async def test_a_header_of_the_handshake_lets_in_where_the_payload_holds_no_key(
    live: Served, payload: dict[str, Any]
) -> None:
    socket = await live.connect({"authorization": OPERATOR})
    await socket.send("connection_init", **payload)

    assert await socket.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize("payload", [None, {}, {"authorization": "Bearer wrong"}, {"authorization": 7}])
async def test_who_has_no_right_key_is_closed_with_4403(live: Served, payload: object) -> None:
    socket = await live.connect()
    await socket.send("connection_init", payload=payload)
    code, reason = await socket.closed()

    assert (code, reason.startswith("Forbidden")) == (4403, True)


async def test_a_page_of_another_site_opens_no_socket(live: Served) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await live.connect(origin=Origin("https://evil.example"))

    assert refused.value.response.status_code == 403


async def test_a_page_of_the_servers_own_opens_a_socket(live: Served) -> None:
    socket = await live.connect(origin=Origin(live.url))
    await socket.send("connection_init", payload={"authorization": OPERATOR})

    assert await socket.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize("offered", [None, [Subprotocol("graphql-ws")]])
async def test_other_protocols_are_closed_with_4406(live: Served, offered: list[Subprotocol] | None) -> None:
    assert (await (await live.connect(subprotocols=offered)).closed())[0] == 4406


async def test_no_more_sockets_are_open_with_a_key_than_may_be(live: Served) -> None:
    _, key = await live.a_key(Role.OPERATOR)
    opened = [await live.socket(key) for _ in range(20)]
    one_more = await live.connect()
    await one_more.send("connection_init", payload={"authorization": key})

    assert await one_more.closed() == (1013, "Too many sockets are open with this key")
    await opened[0].connection.close()
    await eventually_let_in(live, key)


async def eventually_let_in(live: Served, key: str) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            socket = await live.connect()
            await socket.send("connection_init", payload={"authorization": key})
            try:
                assert await socket.receive() == {"type": "connection_ack"}
            except Exception:
                continue
            return


# ---------------------------------------------------------------- the order of messages


async def test_nothing_is_asked_before_the_socket_is_let_in(live: Served) -> None:
    socket = await live.connect()
    await socket.subscribe(WHO)

    assert await socket.closed() == (4401, "Unauthorized")


async def test_two_initialisations_are_closed_with_4429(live: Served) -> None:
    socket = await live.socket()
    await socket.send("connection_init", payload={"authorization": OPERATOR})

    assert await socket.closed() == (4429, "Too many initialisation requests")


async def test_who_says_nothing_is_closed_with_4408(live: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "INIT_SECONDS", 0.05)

    assert await (await live.connect()).closed() == (4408, "Connection initialisation timeout")


async def test_an_id_in_use_is_closed_with_4409(live: Served) -> None:
    _, tenant = await live.a_tenant()
    socket = await live.socket()
    await socket.watch(tenant, id="same")
    await socket.balance("same")
    await socket.watch(tenant, id="same")

    assert await socket.closed() == (4409, "Subscriber for same already exists")


async def test_an_id_is_free_again_once_its_operation_is_over(live: Served) -> None:
    socket = await live.socket()

    assert await socket.ask(WHO, id="same") == await socket.ask(WHO, id="same")


# ---------------------------------------------------------------- broken messages


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        '"ping"',
        "[" * 100_000,
        '{"type": ' + "9" * 5_000 + "}",
        '{"type": null}',
        '{"type": {}}',
        "{}",
        '{"type": "start", "id": "1", "payload": {}}',
        '{"type": "ping", "payload": "text"}',
        '{"type": "pong", "payload": []}',
        '{"type": "connection_init", "payload": "text"}',
        '{"type": "complete"}',
        '{"type": "complete", "id": 7}',
        '{"type": "subscribe", "payload": {"query": "{ viewer { role } }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ viewer { role } }"}}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ viewer { role } }"}}',
        '{"type": "subscribe", "id": {}, "payload": {"query": "{ viewer { role } }"}}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": "text"}',
        '{"type": "subscribe", "id": "1", "payload": []}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 7}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { role } }", "variables": []}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ viewer { role } }", "operationName": 7}}',
    ],
    ids=lambda text: text[:60] or "nothing",
)
async def test_a_broken_message_is_closed_with_4400(live: Served, message: str) -> None:
    socket = await live.socket()
    if "connection_init" in message:
        socket = await live.connect()
    await socket.connection.send(message)

    assert (await socket.closed())[0] == 4400


async def test_a_binary_frame_is_closed_with_4400(live: Served) -> None:
    socket = await live.socket()
    await socket.connection.send(orjson.dumps({"type": "ping"}))

    assert (await socket.closed())[0] == 4400


async def test_a_frame_that_is_too_long_closes_the_socket(live: Served) -> None:
    socket = await live.socket()
    await socket.connection.send("x" * 1_000_001)

    assert (await socket.closed())[0] == 1009


# ---------------------------------------------------------------- ping and pong


async def test_a_ping_is_answered_with_its_payload_even_before_the_socket_is_let_in(live: Served) -> None:
    socket = await live.connect()
    await socket.send("ping", payload={"sent": 7})
    await socket.send("ping")

    assert await socket.receive() == {"type": "pong", "payload": {"sent": 7}}
    assert await socket.receive() == {"type": "pong"}


async def test_a_pong_needs_no_answer(live: Served) -> None:
    socket = await live.socket()
    await socket.send("pong")

    assert await socket.ask(WHO) == {"viewer": {"role": "OPERATOR"}}


# ---------------------------------------------------------------- operations


async def test_queries_and_mutations_are_answered_once_and_completed(live: Served) -> None:
    socket = await live.socket()
    _, tenant = await live.a_tenant()
    rename = 'mutation ($tenant: ID!) { updateTenant(input: {id: $tenant, name: "Zenith"}) { tenant { name } } }'

    assert await socket.ask(rename, tenant=tenant) == {"updateTenant": {"tenant": {"name": "Zenith"}}}


async def test_answers_are_told_apart_by_their_ids(live: Served) -> None:
    socket = await live.socket()
    await socket.subscribe("{ a: viewer { role } }", "first")
    await socket.subscribe("{ b: viewer { role } }", 'sec"ond')
    got = [await socket.receive() for _ in range(4)]

    answers = {message["id"]: list(message["payload"]["data"]) for message in got if message["type"] == "next"}
    assert answers == {"first": ["a"], 'sec"ond': ["b"]}


@pytest.mark.parametrize(
    "payload",
    [
        {"query": "{"},
        {"query": "{ nonsense }"},
        {"query": "query A { viewer { role } } query B { viewer { role } }"},
        {"query": WHO, "operationName": "Other"},
        {"query": "query ($n: Int!) { viewer { role } tenants(first: $n) { totalCount } }", "variables": {"n": "x"}},
        {"query": "subscription { balanceChanged { seq } }"},
        {"query": 'subscription { balanceChanged(tenantId: "nonsense") { seq } }'},
    ],
    ids=lambda payload: payload["query"],
)
async def test_an_operation_that_cannot_be_run_fails_alone(live: Served, payload: dict[str, Any]) -> None:
    socket = await live.socket()
    _, tenant = await live.a_tenant()
    await socket.watch(tenant, id="other")
    await socket.balance("other")
    await socket.send("subscribe", id="broken", payload=payload)
    message = await socket.receive()

    assert (message["type"], message["id"]) == ("error", "broken")
    assert message["payload"][0]["extensions"]["code"] == "INVALID"
    assert await socket.ask(WHO) == {"viewer": {"role": "OPERATOR"}}


async def test_an_error_of_a_field_comes_with_the_rest_of_the_answer(live: Served) -> None:
    socket = await live.socket()
    await socket.subscribe(
        '{ viewer { role } node(id: "agent_01jd0000000000000000000000") { id } tenants(first: -1) { totalCount } }'
    )
    message = await socket.receive()

    assert message["type"] == "next"
    assert message["payload"]["errors"][0]["path"] == ["tenants"]


async def test_what_an_operation_costs_is_told_where_it_is_asked_for(live: Served) -> None:
    socket = await live.socket()
    await socket.subscribe(WHO, extensions={"cost": True})

    assert (await socket.receive())["payload"]["extensions"]["cost"]["requested"] == 1


async def test_a_socket_has_no_more_operations_at_once_than_it_may(live: Served) -> None:
    _, tenant = await live.a_tenant()
    socket = await live.socket()
    for number in range(5):
        await socket.watch(tenant, id=str(number))
        await socket.balance(str(number))
    await socket.watch(tenant, id="one more")
    message = await socket.receive()

    assert (message["type"], message["id"]) == ("error", "one more")
    assert message["payload"][0]["extensions"]["code"] == "LIMIT_REACHED"
    await socket.send("complete", id="0")
    await socket.watch(tenant, id="one more")
    assert (await socket.balance("one more"))["seq"] == 0


async def test_what_is_completed_while_it_streams_sends_nothing_more(live: Served) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    socket = await live.socket()
    await socket.watch(id, id="stays")
    await socket.balance("stays")
    await socket.watch(id, id="goes")
    await socket.balance("goes")
    await socket.send("complete", id="goes")
    await socket.send("complete", id="never was")
    await socket.ask(WHO)
    await live.books.call(tenant)

    assert (await socket.balance("stays"))["seq"] == 2
    assert await socket.ask(WHO) == {"viewer": {"role": "OPERATOR"}}


async def test_the_limits_of_requests_hold_over_sockets(live: Served) -> None:
    socket = await live.socket()
    await socket.subscribe("{ " + " ".join(f"a{n}: viewer {{ role }}" for n in range(200)) + " }")
    message = await socket.receive()

    assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "LIMIT_REACHED")


@pytest.mark.parametrize("role", [Role.MEMBER, Role.RECORDER])
async def test_who_may_not_read_the_books_may_not_watch_them(live: Served, role: Role) -> None:
    tenant, id = await live.a_tenant()
    _, key = await live.a_key(role, tenant)
    socket = await live.socket(key)
    await socket.watch(id)
    message = await socket.receive()

    assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")


async def test_another_tenants_ledger_does_not_exist(live: Served) -> None:
    tenant, _ = await live.a_tenant()
    _, other = await live.a_tenant()
    _, key = await live.a_key(Role.ADMIN, tenant)
    socket = await live.socket(key)
    await socket.watch(other)

    assert (await socket.receive())["payload"][0]["extensions"]["code"] == "NOT_FOUND"


# ---------------------------------------------------------------- ends


async def test_a_revoked_key_ends_its_streams_and_says_so(live: Served) -> None:
    tenant, id = await live.a_tenant()
    key_id, key = await live.a_key(Role.ADMIN, tenant)
    socket, other = await live.socket(key), await live.socket()
    for watching in (socket, other):
        await watching.watch(id)
        await watching.balance()
    async with live.books.books.work() as work:
        await revoke_key(work, Viewer(Role.OPERATOR), key_id)
    async with asyncio.timeout(5):
        message = await socket.receive()

    assert message == {
        "id": "1",
        "type": "error",
        "payload": [{"message": "This key was revoked.", "extensions": {"code": "UNAUTHENTICATED"}}],
    }
    assert await socket.closed() == (4403, "This key was revoked.")
    assert await other.ask(WHO) == {"viewer": {"role": "OPERATOR"}}


async def test_a_stop_closes_sockets_with_1012(tmp_path: Path) -> None:
    async with served(f"sqlite:///{tmp_path / 'books.db'}") as live:
        _, id = await live.a_tenant()
        socket = await live.socket()
        await socket.subscribe(BALANCE, variables={"tenant": id})
        await socket.balance()
        live.server.should_exit = True

        assert (await socket.closed())[0] == 1012


async def test_a_client_that_leaves_takes_its_operations_along(live: Served) -> None:
    tenant, id = await live.a_tenant()
    socket = await live.socket()
    await socket.watch(id)
    await socket.balance()
    watcher = await live.watchers.watch(tenant)
    assert len(watcher.followers) == 1
    socket.connection.transport.abort()

    await until(lambda: not watcher.followers)
