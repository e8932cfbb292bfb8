"""Where a server listens: at every address that its host means, at one port, from before it says so."""

import socket

import pytest

from server.ports import PortProblem, listening
from server.settings import read_settings


@pytest.fixture
def two_families(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means an address of each family."""

    def found(host: str, port: int, **_: object) -> list[object]:
        kind = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(socket.AF_INET6, *kind, ("::1", port, 0, 0)), (socket.AF_INET, *kind, ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.mark.usefixtures("two_families")
def test_a_port_left_to_chance_is_the_same_at_every_address() -> None:
    with listening(read_settings(host="both", port=0)) as sockets:
        assert sockets
        assert len({one.getsockname()[1] for one in sockets}) == 1
        for one in sockets:
            assert one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1


@pytest.mark.usefixtures("two_families")
def test_an_address_that_the_machine_lacks_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = socket.create_server

    def without_ipv6(address: tuple[str, int], **more: int) -> socket.socket:
        if more["family"] == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return opened(address, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "create_server", without_ipv6)
    with listening(read_settings(host="both", port=0)) as sockets:
        assert [one.family for one in sockets] == [socket.AF_INET]


def test_two_that_start_at_once_cannot_have_one_port() -> None:
    with listening(read_settings(port=0)) as sockets:
        port = sockets[0].getsockname()[1]
        with pytest.raises(PortProblem, match=f"Port {port} is in use"), listening(read_settings(port=port)):
            pass


def test_what_it_listened_on_is_free_again() -> None:
    with listening(read_settings(port=0)) as sockets:
        port = sockets[0].getsockname()[1]
    with listening(read_settings(port=port)) as again:
        assert again[0].getsockname()[1] == port
