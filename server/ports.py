"""The sockets that a server listens on, taken before it touches the books or says that it serves."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from errno import EADDRINUSE

from server.settings import Settings

BACKLOG = 2048
"""So many may wait to be let in. They are not sent away while the server still starts."""


class PortProblem(Exception):
    """The server cannot listen at its address. The message is for the person who named it."""


@contextmanager
def listening(settings: Settings) -> Iterator[list[socket.socket]]:
    """A socket at each address that the host means; PortProblem says why there is none."""
    with ExitStack() as taken:
        yield [taken.enter_context(one) for one in _taken(settings.host, settings.port)]


def _taken(host: str, port: int) -> Iterator[socket.socket]:
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise PortProblem(f"There is no address {host} to listen on: {error.strerror}.") from error
    failures = []
    for family, _, _, _, address in places:
        try:
            # For IPv6 alone: what a host means in IPv4 is taken beside it.
            one = socket.create_server((address[0], port, *address[2:]), family=family, backlog=BACKLOG)
        except OSError as error:
            if error.errno == EADDRINUSE:
                raise PortProblem(f"Port {port} is in use; choose another with --port.") from error
            failures.append(error)
        else:
            # Where any will do, it is the same at every address.
            port = one.getsockname()[1]
            yield one
    # A name may mean addresses of kinds that a machine lacks.
    if len(failures) == len(places):
        reason = os.strerror(failures[0].errno or 0)
        raise PortProblem(f"Nothing can listen on port {port} of {host}: {reason}.")
