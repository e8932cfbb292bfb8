"""Several processes that serve, and one over them that starts anew whichever ends.

uvicorn's own supervisor takes a process for hung that has not answered for five seconds, and so kills those that are
still importing on a busy machine, again and again; and when it is killed itself, what it started goes on serving for
ever.
"""

import os
import signal
import threading
import time
from collections.abc import Sequence
from multiprocessing import connection, parent_process
from socket import socket

from uvicorn import Config
from uvicorn.supervisors import Multiprocess, multiprocess
from uvicorn.supervisors.multiprocess import Process

STARTS_WITHIN_SECONDS = 120.0


class Worker(Process):
    """One process. It may take its time to begin, and ends with the one that started it."""

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        self._has_begun = False
        self._started_at = 0.0

    def start(self) -> None:
        super().start()
        self._started_at = time.monotonic()
        # One question is enough: it is answered as soon as there is somebody to answer.
        self.parent_conn.send(b"ping")

    def is_alive(self, timeout: float = 5) -> bool:
        if self._begins():
            return self.process.is_alive()
        return super().is_alive(timeout)

    def wait_until_ready(self, timeout: float, should_exit: threading.Event | None = None) -> bool:
        while self._begins() and self.process.is_alive() and not (should_exit and should_exit.is_set()):
            self.parent_conn.poll(0.1)
        return super().wait_until_ready(timeout, should_exit)

    def target(self, sockets: list[socket] | None = None) -> None:
        threading.Thread(target=_end_with_parent, daemon=True).start()
        super().target(sockets)

    def _begins(self) -> bool:
        """Whether it has not answered yet, and there is still time."""
        if not self._has_begun and self.parent_conn.poll(0):
            self._has_begun = True
            self.parent_conn.recv()
        return not self._has_begun and time.monotonic() - self._started_at < STARTS_WITHIN_SECONDS


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "Workers are started by another process."
    connection.wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)


def serve_by_several(config: Config, sockets: Sequence[socket]) -> None:
    """Until a signal says stop."""
    # Which class it makes processes of is the one thing that it cannot be told.
    multiprocess.Process = Worker  # type: ignore[misc]
    Multiprocess(config, list(sockets)).run()
