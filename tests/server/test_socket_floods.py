"""Clients of sockets that send without end: told why they are closed, and held in no memory."""

import socket
from collections.abc import Iterator

import pytest

from tests.server.real_server import RealServer

HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-protocol: graphql-transport-ws\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
MASK = b"\0\0\0\0"
MANY = 20_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    running = RealServer(f"sqlite:///{tmp_path_factory.mktemp('floods') / 'books.db'}")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def opened(server: RealServer) -> Iterator[socket.socket]:
    """A socket after its handshake."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(HANDSHAKE)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        yield connection


@pytest.mark.parametrize(
    ("frame", "code"),
    [(b"\x81\xff" + MANY.to_bytes(8, "big") + MASK, 1009), (b"\x83\x80" + MASK, 1002), (b"\x81\x05hello", 1002)],
    ids=["long", "unknown", "unmasked"],
)
def test_who_goes_on_sending_reads_why_it_was_closed(opened: socket.socket, frame: bytes, code: int) -> None:
    opened.sendall(frame + b" " * MANY)
    kind, length = opened.recv(2)

    assert kind == 0x88
    assert length > 2
    assert int.from_bytes(opened.recv(2), "big") == code


def test_pings_whose_answers_nobody_reads_cost_no_memory(server: RealServer, opened: socket.socket) -> None:
    before = server.memory()
    for _ in range(3 * MANY // 131_000):
        opened.sendall((b"\x89\xfd" + MASK + b"x" * 125) * 1_000)

    assert server.memory() - before < MANY
