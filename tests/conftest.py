"""What every test can ask for: databases and a Redis that are empty, real and its own."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from server.migrations import migrate
from tests.services import PostgresServer, RedisServer

# The same examples in every run, and no deadline that a busy machine would miss.
settings.register_profile("tallygraph", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("tallygraph")

# The settings of a server that runs on this machine are not the tests'.
for name in [name for name in os.environ if name.startswith("TALLYGRAPH_")]:
    if not name.startswith("TALLYGRAPH_TEST_"):
        del os.environ[name]
# A process more for each server, which few tests are about.
os.environ["TALLYGRAPH_SLOW_LANE"] = "false"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer(os.environ.get("TALLYGRAPH_TEST_POSTGRES_URL"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with every table: to copy it is quicker than to make the tables again."""
    file = tmp_path_factory.mktemp("tables") / "tallygraph.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgres_tables(postgres_server: PostgresServer) -> Iterator[str]:
    """A database with every table, and nobody connected: to copy it is quicker than to make the tables again."""
    url = postgres_server.make_database()
    asyncio.run(migrate(url))
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def sqlite_url(sqlite_tables: Path, tmp_path: Path) -> str:
    """An SQLite database with every table, and nothing in them."""
    file = tmp_path / "tallygraph.db"
    shutil.copyfile(sqlite_tables, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_tables: str) -> Iterator[str]:
    """A PostgreSQL database with every table, and nothing in them."""
    url = postgres_server.make_database(like=postgres_tables)
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    url = postgres_server.make_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with every table, and nothing in them; a test that asks for it runs on each kind."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, which on SQLite is a file that is not there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tallygraph.db'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    server = RedisServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(shared_redis: RedisServer) -> str:
    """A Redis for all tests that leave it running; choose channels of your own."""
    return shared_redis.url


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis to stop, kill and freeze."""
    server = RedisServer()
    server.start()
    yield server
    server.kill()
