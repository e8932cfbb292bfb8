"""Whether a server can listen where it is to, asked before it touches the books or says that it serves."""

import socket
from contextlib import closing
from errno import EADDRINUSE
from typing import Any

from server.settings import Settings


class PortProblem(Exception):
    """The server cannot listen at its address. The message is for the person who named it."""


def check_port(settings: Settings) -> None:
    """Take the port for a moment, at each address that the host means; PortProblem says why it cannot be had."""
    host, port = settings.host, settings.port
    failures = []
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise PortProblem(f"There is no address {host} to listen on: {error.strerror}.") from error
    for family, kind, protocol, _, address in places:
        try:
            _take(family, kind, protocol, address)
        except OSError as error:
            if error.errno == EADDRINUSE:
                raise PortProblem(f"Port {port} is in use; choose another with --port.") from error
            failures.append(error)
    # A name may mean addresses of kinds that a machine lacks.
    if len(failures) == len(places):
        raise PortProblem(f"Nothing can listen on port {port} of {host}: {failures[0].strerror}.")


def _take(family: int, kind: int, protocol: int, address: Any) -> None:
    with closing(socket.socket(family, kind, protocol)) as taken:
        # As the server will: connections of one that has ended do not keep the port.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind(address)
