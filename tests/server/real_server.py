"""`tallygraph serve` in a process of its own, as a user starts it: to be killed, and started again on its books."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing, nullcontext
from pathlib import Path
from socket import create_server
from typing import Any

import httpx2

KEY = "the-operators-own-key"
ROOT = Path(__file__).resolve().parents[2]


class RealServer:
    """A server on loopback. Its port and its books stay the same from start to start."""

    def __init__(self, database_url: str, **settings: object) -> None:
        with closing(create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        given = {"database_url": database_url, "operator_key": KEY, "port": self.port, "log_level": "ERROR", **settings}
        self._environment = {
            **os.environ,
            **{f"TALLYGRAPH_{name.upper()}": str(value) for name, value in given.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.log: Path | None = None
        """Where what the server says is kept."""

    def start(self) -> None:
        command = [sys.executable, "-c", "from server.commands import main; main()", "serve"]
        with self.log.open("ab") if self.log else nullcontext() as output:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=output, stderr=output)
        for _ in range(1200):
            try:
                if httpx2.get(f"{self.url}/health/ready", timeout=5).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            assert self._process.poll() is None, "The server ended before it was ready."
            time.sleep(0.05)
        raise AssertionError("The server did not become ready.")

    def memory(self) -> int:
        """The bytes that the process holds."""
        assert self._process is not None
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "It has not been started."
        return self._process.pid

    def client(self, key: str = KEY) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.url, headers={"authorization": f"Bearer {key}"}, timeout=20)


async def ask(client: httpx2.AsyncClient, query: str, **variables: Any) -> Any:
    """The data of an answer that must have no errors."""
    answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    assert "errors" not in answer, answer
    return answer["data"]
