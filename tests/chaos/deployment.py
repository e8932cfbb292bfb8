"""What is going to be struck: server processes, each at an address of its own as behind a load balancer, and what
they keep their books in."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol

import httpx2

from server.migrations import migrate
from tests.chaos.forked import ROOT
from tests.services import PostgresServer, RedisServer, free_port

OPERATOR_KEY = "an operator's key of the chaos"
READY_WITHIN_SECONDS = 180.0
ENDS_WITHIN_SECONDS = 20.0
STOP_SECONDS = 1


class Process(Protocol):
    """A running process, whoever started it."""

    pid: int

    def send_signal(self, number: signal.Signals, /) -> None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float) -> int: ...


Start = Callable[[Mapping[str, str], Path], Process]
"""Starts a server by the settings in an environment; it writes into a log."""


def as_a_user_starts_it(environment: Mapping[str, str], log: Path) -> Process:
    command = [sys.executable, "-c", "from server.commands import main; main()", "serve"]
    with log.open("ab") as lines:
        # In a group of its own: Ctrl-C of whoever watches is not meant for it.
        return subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=lines, stderr=lines, start_new_session=True
        )


class Server:
    """One process that serves. Its address stays the same from start to start."""

    def __init__(self, start: Start, settings: Mapping[str, object], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._start, self._log = start, log
        self._environment = {f"TALLYGRAPH_{name.upper()}": str(value) for name, value in settings.items()}
        self._environment["TALLYGRAPH_PORT"] = str(self.port)
        self._process: Process | None = None

    def start(self) -> None:
        assert self._process is None, "It runs already."
        self._process = self._start(self._environment, self._log)
        until = time.monotonic() + READY_WITHIN_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, f"The server ended before it was ready, see {self._log}."
            assert time.monotonic() < until, "The server did not become ready."
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        assert self._process is not None, "It does not run."
        return self._process.pid

    def kill(self) -> None:
        """Ends it at once, frozen or not."""
        self._end(signal.SIGKILL)

    def end(self) -> None:
        """Ends all that it is."""
        self.kill()

    def stop(self) -> None:
        """Asks it to end."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Connections stay open, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill_lane(self, rng: Random) -> None:
        """Ends one of the processes that answer what is heavy or long, if it has begun one yet."""
        if lanes := [lane for one in self._serving() for lane in _children(one, "server.slow_lane")]:
            with suppress(ProcessLookupError):
                os.kill(rng.choice(lanes), signal.SIGKILL)

    def _serving(self) -> list[int]:
        return [self.pid]

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(ENDS_WITHIN_SECONDS)
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "It does not run."
        self._process.send_signal(number)

    def _is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx2.TransportError:
            return False


class Supervised(Server):
    """One address with several processes behind it, and one over them that starts them anew."""

    def __init__(self, start: Start, settings: Mapping[str, object], log: Path, rng: Random) -> None:
        super().__init__(start, settings, log)
        self._rng = rng
        self._frozen: int | None = None

    def start(self) -> None:
        if self._process is None:
            super().start()

    def kill(self) -> None:
        """Ends one of the processes, which the one over them replaces; or all, as when a container is killed."""
        if self._process is None:
            return
        workers = self._workers()
        if workers and self._rng.random() < 0.7:
            os.kill(self._rng.choice(workers), signal.SIGKILL)
        else:
            self.end()

    def end(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(ENDS_WITHIN_SECONDS)
            self._process = None

    def freeze(self) -> None:
        if workers := self._workers():
            self._frozen = self._rng.choice(workers)
            os.kill(self._frozen, signal.SIGSTOP)

    def thaw(self) -> None:
        if self._frozen is not None:
            with suppress(ProcessLookupError):
                os.kill(self._frozen, signal.SIGCONT)
            self._frozen = None

    def _serving(self) -> list[int]:
        return self._workers()

    def _workers(self) -> list[int]:
        return _children(self.pid, "spawn_main") if self._process is not None else []


def _children(process: int, command: str) -> list[int]:
    """The processes that another one has started by a command."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in children if command in _command_of(child)]


def _command_of(process: str) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


@dataclass
class Deployment:
    """All that runs."""

    name: str
    database_url: str
    servers: list[Server]
    log: Path
    has_lanes: bool
    postgres: PostgresServer | None = None
    redis: RedisServer | None = None


@asynccontextmanager
async def deployed(
    folder: Path,
    processes: int,
    postgres: PostgresServer | None,
    start: Start,
    supervised_by: Random | None = None,
    *,
    has_lanes: bool = True,
) -> AsyncIterator[Deployment]:
    """So many processes on a new database: on PostgreSQL where there is one, else in a file of SQLite's. They stand
    beside one another; or are one server's workers, which a dice strikes."""
    database_url = postgres.make_database() if postgres else f"sqlite:///{folder / 'tallygraph.db'}"
    redis = RedisServer() if processes > 1 else None
    settings = {
        "database_url": database_url,
        "broadcast_url": redis.url if redis else "memory://",
        "operator_key": OPERATOR_KEY,
        "stop_seconds": STOP_SECONDS,
        "log_level": "WARNING",
        "slow_lane": has_lanes,
    }
    log = folder / "servers.log"
    name = f"{'PostgreSQL' if postgres else 'SQLite'}, {processes} process{'es' if processes > 1 else ''}"
    if supervised_by is None:
        servers = [Server(start, settings, log) for _ in range(processes)]
    else:
        name += " of one server"
        servers = [Supervised(start, {**settings, "workers": processes}, log, supervised_by)]
    try:
        if redis is not None:
            redis.start()
        await migrate(database_url)
        await start_all(servers)
        yield Deployment(name, database_url, servers, log, has_lanes, postgres, redis)
    finally:
        for server in servers:
            server.end()
        if redis is not None:
            redis.kill()
        if postgres is not None:
            postgres.drop_database(database_url)


async def start_all(servers: Sequence[Server]) -> None:
    await asyncio.gather(*(asyncio.to_thread(server.start) for server in servers))
