"""Clients that go on after they were refused, that say half and wait, or that never read: told why, and let go."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from email.message import Message
from http.client import HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import httpx2
import orjson
import pytest

from server import connections
from tests.server.live_server import OPERATOR, WAIT_SECONDS, Served, served, until
from tests.server.toy import KEY
from tests.server.toy_process import BODY, HEAD, Running, all_of

WHOLE = HEAD + b"content-length: %d\r\n\r\n" % len(BODY) + BODY
ANSWER = b'{"data":{"hello":"hello world"}}'
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
LONG = 20_000_000
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    running = Running(request_seconds=1, max_body_bytes=100_000)
    yield running
    running.end()


@pytest.fixture(scope="module")
def patient() -> Iterator[Running]:
    running = Running(request_seconds=60, max_body_bytes=100_000)
    yield running
    running.end()


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(f"sqlite:///{tmp_path / 'books.db'}") as live:
        yield live


def answer_on(connection: socket.socket) -> tuple[int, bytes, Message]:
    """One whole answer: its status, body and headers."""
    with HTTPResponse(connection) as answer:
        answer.begin()
        return answer.status, answer.read(), answer.headers


def heard(connection: socket.socket) -> tuple[int, str]:
    """The whole answer that a refused client reads: its status and the error's code."""
    status, body, headers = answer_on(connection)
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["connection"] == "close"
    return status, orjson.loads(body)["errors"][0]["extensions"]["code"]


def is_cut_off(connection: socket.socket, sent: bytes) -> bool:
    """Whether the server is gone in the end for a client that goes on sending."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            connection.sendall(sent)
            connection.settimeout(0.02)
            connection.recv(65_536)
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


# ------------------------------------------------------------------ refused, and not done yet


@pytest.mark.parametrize(
    ("begun", "part", "told"),
    [
        (HEAD + b"content-length: %d\r\n\r\n" % LONG, b" " * 100_000, (413, "LIMIT_REACHED")),
        (CHUNKED, b"186a0\r\n" + b" " * 100_000 + b"\r\n", (413, "LIMIT_REACHED")),
        (CHUNKED, b"1\r\n \r\n" * 20_000, (400, "INVALID")),
        (CHUNKED + b"0\r\n", b"x: y\r\n" * 20_000, (431, "LIMIT_REACHED")),
        (CHUNKED + b"0\r\nx-long: ", b"x" * 100_000, (431, "LIMIT_REACHED")),
        (b"GET / HTTP/1.1\r\nx-long: ", b"x" * 100_000, (431, "LIMIT_REACHED")),
        (b"this is no HTTP\r\n\r\n", b"x" * 100_000, (400, "INVALID")),
        (CHUNKED + b"none\r\n", b"x" * 100_000, (400, "INVALID")),
    ],
    ids=["said", "chunked", "tiny chunks", "trailers", "trailer", "head", "broken head", "broken chunk"],
)
def test_who_goes_on_sending_reads_why_it_was_refused(
    patient: Running, begun: bytes, part: bytes, told: tuple[int, str]
) -> None:
    with patient.connect() as connection:
        connection.sendall(begun)
        for _ in range(LONG // 100_000):
            connection.sendall(part)

        assert heard(connection) == told


def test_who_goes_on_after_its_time_reads_why_it_was_refused(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(HEAD + b"content-length: 90000\r\n\r\n")
        assert connection.recv(1, socket.MSG_PEEK) == b"H"
        connection.sendall(b" " * (LONG // 10))

        assert heard(connection) == (408, "LIMIT_REACHED")


def test_common_clients_are_told_that_a_body_is_too_long(patient: Running) -> None:
    url, headers = f"{patient.client.base_url}/graphql", {"authorization": KEY, "content-type": "application/json"}
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(url, b" " * LONG, headers), timeout=10)
    with refused.value as error:
        assert error.code == 413
    for content in (b" " * LONG, (b" " * 100_000 for _ in range(LONG // 100_000))):
        assert httpx2.post(url, content=content, headers=headers, timeout=10).status_code == 413


@pytest.mark.parametrize(
    ("begun", "then", "part"),
    [
        (HEAD + b"content-length: 10000000000\r\n\r\n", b" ", b" " * 100_000),
        (CHUNKED.replace(b"right-key", b"wrong-key"), b"0\r\n", b"x: y\r\n" * 20_000),
    ],
    ids=["body", "trailers"],
)
def test_who_never_stops_sending_is_cut_off_and_costs_no_memory(
    patient: Running, begun: bytes, then: bytes, part: bytes
) -> None:
    sent, most = 0, patient.memory() + LONG
    with patient.connect() as connection, suppress(ConnectionError):
        connection.sendall(begun)
        assert connection.recv(1, socket.MSG_PEEK) == b"H"
        connection.sendall(then)
        while sent < 10 * connections.MOST_PASSED_OVER:
            sent += connection.send(part)
            assert patient.memory() < most

    assert sent < 2 * connections.MOST_PASSED_OVER


def test_who_never_leaves_is_cut_off(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % LONG)
        assert heard(connection) == (413, "LIMIT_REACHED")

        assert is_cut_off(connection, b" ")


def test_who_never_leaves_counts_as_a_connection_and_does_not_hold_up_a_stop() -> None:
    running = Running(request_seconds=60, max_connections=4)
    try:
        with running.connect() as refused, running.connect() as broken:
            refused.sendall(HEAD + b"content-length: %d\r\n\r\n" % LONG)
            assert heard(refused) == (413, "LIMIT_REACHED")
            broken.sendall(CHUNKED + b"none\r\n")
            assert heard(broken) == (400, "INVALID")
            with running.connect() as another:
                another.sendall(WHOLE)
                assert heard(another) == (503, "LIMIT_REACHED")
            with running.connect() as another:
                another.sendall(HANDSHAKE + b"\r\n")
                assert heard(another) == (503, "LIMIT_REACHED")
            seconds, status, log = running.stop()
    finally:
        running.end()

    assert (seconds < 2, status) == (True, 0)
    assert "Traceback" not in log


# ------------------------------------------------------------------ between requests


@pytest.mark.parametrize("kept", [b"", b"{"])
def test_a_body_that_nobody_waits_for_is_given_up(server: Running, kept: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n")
        assert answer_on(connection)[0] == 404
        connection.sendall(kept)

        assert all_of(connection) == b""


def test_a_body_that_comes_after_its_answer_leaves_the_connection_of_use(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: 90000\r\n\r\n")
        assert answer_on(connection)[0] == 404
        connection.sendall(b" " * 90_000 + WHOLE)

        assert answer_on(connection)[1] == ANSWER


def test_who_may_have_kept_its_body_back_is_asked_to_come_again(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(
            b"POST /nowhere HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 90\r\n\r\n"
        )

        assert all_of(connection).startswith(b"HTTP/1.1 404 ")


def test_what_is_sent_ahead_is_answered_though_much_came_before_it(server: Running) -> None:
    body = b'{"query":"{hello}","variables":{"x":"%b"}}' % (b"x" * 90_000)
    with server.connect() as connection:
        connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body + HEAD)
        assert answer_on(connection)[1] == ANSWER
        connection.sendall(WHOLE.removeprefix(HEAD))

        assert answer_on(connection)[1] == ANSWER


def test_only_so_much_is_sent_ahead(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n" * 1_000)
        answered = all_of(connection)

    assert 1 <= answered.count(b"HTTP/1.1 404 ") < 1_000
    assert answered.endswith(b"}]}")


def test_what_follows_a_body_is_no_header_of_its_request(server: Running) -> None:
    with server.connect() as connection:
        chunk = b"%x\r\n%b\r\n" % (len(BODY), BODY)
        connection.sendall(CHUNKED + chunk + b"0\r\nauthorization: Bearer wrong-key\r\n\r\n")

        assert answer_on(connection)[1] == ANSWER


def test_what_came_before_broken_bytes_is_answered(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(WHOLE + b"this is no HTTP\r\n\r\n")
        answered = all_of(connection)

    assert ANSWER in answered
    assert answered.count(b"HTTP/1.1 ") == 1


@pytest.mark.anyio
async def test_empty_lines_keep_a_connection_no_longer_than_silence(live: Served) -> None:
    live.server.config.timeout_keep_alive = 1
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.write(b"\r\n")

    async with asyncio.timeout(WAIT_SECONDS):
        await reader.read()
    writer.close()


# ------------------------------------------------------------------ other protocols


def test_who_offers_http_2_is_answered_by_http_1(server: Running) -> None:
    offer = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n"
    with server.connect() as connection:
        for _ in range(2):
            connection.sendall(HEAD + offer + WHOLE.removeprefix(HEAD))

            assert answer_on(connection)[1] == ANSWER


@pytest.mark.parametrize("rest", [b"content-length: 100\r\n\r\n", b"cookie: %b\r\n\r\n" % (b"x" * 20_000)])
def test_a_handshake_that_cannot_be_read_is_refused(server: Running, rest: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(HANDSHAKE + rest)

        assert heard(connection) == (400, "INVALID")


# ------------------------------------------------------------------ answers that nobody reads


@pytest.mark.anyio
@pytest.mark.parametrize("last", [b"", b"connection: close\r\n"], ids=["kept", "closed"])
async def test_who_does_not_read_its_answers_is_given_up(
    live: Served, monkeypatch: pytest.MonkeyPatch, last: bytes
) -> None:
    monkeypatch.setattr(connections, "READS_WITHIN_SECONDS", 0.2)
    body = orjson.dumps({"query": "{ __schema { types { name description fields { name description } } } }"})
    request = (
        b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n%bauthorization: %b\r\n"
        b"content-length: %d\r\n\r\n%b"
    )
    with socket.create_connection(("127.0.0.1", live.port)) as silent:
        silent.setblocking(False)
        asked = [b""] * 100 + [last]
        sent = b"".join(request % (line, OPERATOR.encode(), len(body), body) for line in asked)
        await asyncio.get_running_loop().sock_sendall(silent, sent)
        await until(lambda: bool(live.server.server_state.connections))

        await until(lambda: not live.server.server_state.connections)
