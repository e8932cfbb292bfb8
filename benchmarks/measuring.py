"""What the benchmarks share: a server in a process of its own, load on loopback, cpu time, tables of figures."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.processes import cpu_seconds_of, memory_bytes_of

ROUNDS = 3
# Points are counted as for everybody, but there are enough of them.
NO_BOUNDS = {f"TALLYGRAPH_RATE_LIMIT_PER_{who}": "1000000000" for who in ("KEY", "ADDRESS")}


@dataclass(frozen=True)
class Figure:
    """One line of a result: what was measured, and how often it went into a second or how much cpu it took."""

    what: str
    value: float
    unit: str

    def against(self, floor: "Figure") -> str:
        return f"{self.value / floor.value:.2f}x"


@dataclass
class Server:
    """A process that serves HTTP on loopback, and those that it starts."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu_seconds(self) -> float:
        """The processor time that it has used so far, with all processes that it has started."""
        return cpu_seconds_of(self.process.pid)

    def memory_bytes(self) -> int:
        return memory_bytes_of(self.process.pid)


@contextmanager
def a_server(*command: str, **settings: str) -> Iterator[Server]:
    """Start `python -m COMMAND...` with settings in its environment; {port} in the command is where it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [word.replace("{port}", str(port)) for word in command]
    environment = {**os.environ, "TALLYGRAPH_LOG_LEVEL": "WARNING", **NO_BOUNDS, **settings}
    process = subprocess.Popen([sys.executable, "-m", *words], env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield Server(process, port)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            print("The server did not end when it was told to, and was killed.", file=sys.stderr)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(900):
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with {process.returncode} before it listened.")
        time.sleep(0.1)
    raise TimeoutError("The server does not listen.")


class Client:
    """One kept connection that sends ready bytes and reads answers; costs next to nothing itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, request: bytes) -> bytes:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        body = await self._reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head.decode()}{body.decode()}")
        return body

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def clients(port: int, count: int) -> AsyncIterator[list[Client]]:
    made = [Client(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)) for _ in range(count)]
    try:
        yield made
    finally:
        for client in made:
            client.close()


def post(path: str, body: bytes, key: str = "") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\n"
    )
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def cpu_of_requests(
    server: Server, request: Callable[[], bytes], count: int, at_once: int, check: Callable[[bytes], None]
) -> float:
    """The server's cpu microseconds for each of some requests that clients send, so many at once: of some rounds the
    median, since machines that are shared move."""
    rounds = []
    async with clients(server.port, at_once) as open_clients:
        check(await open_clients[0].ask(request()))
        for _ in range(ROUNDS):
            numbers = iter(range(count))

            async def work(client: Client, numbers: Iterator[int]) -> None:
                for _ in numbers:
                    check(await client.ask(request()))

            before = server.cpu_seconds()
            await asyncio.gather(*(work(client, numbers) for client in open_clients))
            rounds.append((server.cpu_seconds() - before) / count * 1e6)
    return median(rounds)


def a_directory() -> Path:
    return Path(tempfile.mkdtemp(prefix="tallygraph-bench-"))


def show(title: str, rows: list[tuple[str, ...]]) -> None:
    """A table in Markdown, as benchmarks/README.md keeps it."""
    print(f"\n### {title}\n")
    for number, row in enumerate(rows):
        print("| " + " | ".join(row) + " |")
        if number == 0:
            print("|" + "---|" * len(row))
