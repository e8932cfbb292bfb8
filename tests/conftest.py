"""What every test can ask for: databases and a Redis that are empty, real and its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.services import PostgresServer, RedisServer

# The same examples in every run, and no deadline that a busy machine would miss.
settings.register_profile("tallygraph", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("tallygraph")

# The settings of a server that runs on this machine are not the tests'.
for name in [name for name in os.environ if name.startswith("TALLYGRAPH_")]:
    if not name.startswith("TALLYGRAPH_TEST_"):
        del os.environ[name]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer(os.environ.get("TALLYGRAPH_TEST_POSTGRES_URL"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database."""
    url = postgres_server.make_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'tallygraph.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database; a test that asks for it runs on each kind."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(fixture)
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
