"""A real server on a real socket: clients that send half a request, or too much, and a stop that is prompt."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from tests.server.toy import KEY

ROOT = Path(__file__).resolve().parents[2]
BODY = b'{"query":"{hello}"}'
HEAD = (
    b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    b"authorization: " + KEY.encode() + b"\r\n"
)


class Running:
    """A server process, and how to talk to it."""

    def __init__(self, **settings: object) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        given = {f"TALLYGRAPH_{name.upper()}": str(value) for name, value in settings.items()}
        environment = {**os.environ, **given, "TALLYGRAPH_PORT": str(self.port)}
        environment.pop("WEB_CONCURRENCY", None)
        command = [sys.executable, "-m", "tests.server.toy_server"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, start_new_session=True
        )
        self.client = httpx2.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers={"authorization": KEY}, timeout=10
        )
        self._wait()

    def _wait(self) -> None:
        for _ in range(1200):
            try:
                self.client.get("/health/live")
            except httpx2.TransportError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the server did not start")

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, query: str) -> Any:
        return self.client.post("/graphql", json={"query": query}).json()

    def diary(self) -> dict[str, int]:
        found: dict[str, int] = self.client.get("/diary").json()
        return found

    def stop(self) -> tuple[float, int, str]:
        """How long the stop took, the exit status, and what was logged."""
        started_at = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=15)
        return time.monotonic() - started_at, self.process.returncode, log.decode()

    def end(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


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


def all_of(connection: socket.socket) -> bytes:
    """What the server says until it closes the connection."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


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


def test_a_body_in_chunks_without_end_is_refused(server: Running) -> None:
    with server.connect() as connection:
        connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        chunk = b"2710\r\n" + b" " * 10_000 + b"\r\n"
        sent = 0
        try:
            while sent < 1_000:
                connection.sendall(chunk)
                sent += 1
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert sent < 1_000


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
