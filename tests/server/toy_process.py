"""The toy graph in a process of its own, and what clients that are none say to it byte by byte."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2

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

    def memory(self) -> int:
        """The bytes that the process holds."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

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


def all_of(connection: socket.socket) -> bytes:
    """What the server says until it closes the connection."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)
