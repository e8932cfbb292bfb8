"""A real server on a real socket: clients that send half a request, or too much, and a stop that is prompt."""

import time
from collections.abc import Callable, Iterator

import orjson
import pytest

from tests.server.toy_process import BODY, HEAD, Running, all_of


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    running = Running(request_seconds=1, max_body_bytes=100_000)
    yield running
    running.end()


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    started = []

    def new(**settings: object) -> Running:
        started.append(Running(**settings))
        return started[-1]

    yield new
    for running in started:
        running.end()


def test_the_server_does_not_say_what_it_is_made_of(server: Running) -> None:
    answer = server.client.post("/graphql", json={"query": "{hello}"})

    assert answer.json() == {"data": {"hello": "hello world"}}
    assert "server" not in answer.headers


def test_one_connection_serves_many_requests(server: Running) -> None:
    request = HEAD + b"content-length: %d\r\n\r\n" % len(BODY) + BODY
    with server.connect() as connection:
        connection.sendall(request * 3)
        connection.sendall(request.replace(b"\r\nhost", b"\r\nconnection: close\r\nhost", 1))

        assert all_of(connection).count(b"hello world") == 4


@pytest.mark.parametrize("sent", [b"", b"POST /gra", HEAD, HEAD + b"x-slow: "])
def test_half_a_head_is_given_up(server: Running, sent: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(sent)

        assert all_of(connection) == b""


def test_half_a_body_is_given_up_with_408(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(HEAD + b"content-length: 100\r\n\r\n" + BODY)

        assert all_of(connection).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_drips_is_given_up_too(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(HEAD + b"content-length: 100\r\n\r\n")
        started_at = time.monotonic()
        connection.settimeout(0.2)
        answer = b""
        while not answer and time.monotonic() - started_at < 5:
            try:
                connection.sendall(b" ")
                answer = connection.recv(65_536)
            except TimeoutError:
                continue

        assert answer.startswith(b"HTTP/1.1 408 ")


def test_many_half_requests_keep_nobody_else_waiting(server: Running) -> None:
    connections = [server.connect() for _ in range(200)]
    for number, connection in enumerate(connections):
        connection.sendall(HEAD if number % 2 else HEAD + b"content-length: 100\r\n\r\n{")

    assert server.ask("{ hello }") == {"data": {"hello": "hello world"}}
    for connection in connections:
        all_of(connection)
        connection.close()


def test_a_head_without_end_is_refused(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nx-long: " + b"x" * 40_000)

        assert all_of(connection).startswith(b"HTTP/1.1 431 ")


def test_an_operation_whose_client_left_is_cancelled(server: Running) -> None:
    body = orjson.dumps({"query": "{ slow }"})
    before = server.diary()
    with server.connect() as connection:
        connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
        time.sleep(0.3)
    deadline = time.monotonic() + 5
    while server.diary()["cancelled"] == before["cancelled"] and time.monotonic() < deadline:
        time.sleep(0.05)

    assert server.diary()["started"] == before["started"] + 1
    assert server.diary()["cancelled"] == before["cancelled"] + 1


def test_a_socket_is_refused_before_the_handshake(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(
            b"GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
        )

        assert connection.recv(65_536).startswith(b"HTTP/1.1 403 ")


def test_a_stop_is_prompt_with_idle_connections(start: Callable[..., Running]) -> None:
    running = start()
    with running.connect(), running.connect() as half:
        half.sendall(HEAD)
        seconds, status, log = running.stop()

    assert seconds < 2
    assert status == 0
    assert "Traceback" not in log


def test_a_stop_waits_for_what_runs(start: Callable[..., Running]) -> None:
    running = start(stop_seconds=5)
    body = orjson.dumps({"query": "{ slow(seconds: 0.7) }"})
    with running.connect() as connection:
        connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
        time.sleep(0.2)
        _, status, _ = running.stop()

        assert b'{"data":{"slow":1}}' in all_of(connection)
        assert status == 0


def test_a_stop_ends_streams_that_never_end(start: Callable[..., Running]) -> None:
    running = start(stop_seconds=30)
    with running.connect() as connection:
        connection.sendall(b"GET /endless HTTP/1.1\r\nhost: localhost\r\n\r\n")
        connection.recv(1_000)
        seconds, status, log = running.stop()

    assert seconds < 2
    assert status == 0
    assert "Traceback" not in log


def test_a_stop_gives_up_what_takes_too_long_and_says_so(start: Callable[..., Running]) -> None:
    running = start(stop_seconds=1, operation_seconds=60)
    body = orjson.dumps({"query": "{ slow }"})
    with running.connect() as connection:
        connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
        time.sleep(0.2)
        seconds, status, log = running.stop()

        assert all_of(connection).startswith(b"HTTP/1.1 503 ")
    assert seconds < 3
    assert status == 0
    assert "Traceback" not in log


def test_two_processes_share_one_address(start: Callable[..., Running]) -> None:
    running = start(workers=2, database_url="postgresql://host/name", broadcast_url="redis://host")

    assert running.ask("{ hello }") == {"data": {"hello": "hello world"}}
    seconds, _, log = running.stop()
    assert seconds < 5
    assert "Traceback" not in log
