"""Several server processes that start quickly: what they need is imported once, before they part.

Run as `python -m tests.server.forked_servers PORT ...` it is the processes; settings come from the environment.
"""

import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import httpx2

from server.logs import start_logging
from server.running import serve
from server.settings import read_settings
from server.wiring import wired
from tests.services import free_port

KEY = "an operator's key of the tests"
ROOT = Path(__file__).resolve().parents[2]


class ForkedServers:
    """Each at a port of its own; each can be killed."""

    def __init__(self, count: int, **settings: object) -> None:
        self.ports = [free_port() for _ in range(count)]
        given = {"operator_key": KEY, "log_level": "ERROR", **settings}
        environment = {**os.environ, **{f"TALLYGRAPH_{name.upper()}": str(value) for name, value in given.items()}}
        command = [sys.executable, "-m", "tests.server.forked_servers", *map(str, self.ports)]
        self._parent = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        assert self._parent.stdout is not None
        self._processes = [int(self._parent.stdout.readline()) for _ in self.ports]

    def wait_until_ready(self) -> None:
        for port in self.ports:
            until = time.monotonic() + 30
            while not _is_ready(port):
                assert time.monotonic() < until, "A server did not become ready."
                time.sleep(0.02)

    def kill(self, number: int) -> None:
        os.kill(self._processes.pop(number), signal.SIGKILL)

    def stop(self) -> None:
        for process in self._processes:
            os.kill(process, signal.SIGTERM)
        self._parent.communicate(timeout=20)


def _is_ready(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def main(ports: list[int]) -> None:
    schema = import_module("resolvers.schema").schema
    for port in ports:
        process = os.fork()
        if process == 0:
            settings = read_settings(port=port)
            start_logging(settings)
            serve(wired(settings, schema), settings)
            os._exit(0)
        print(process, flush=True)
    for _ in ports:
        os.wait()


if __name__ == "__main__":
    main([int(port) for port in sys.argv[1:]])
