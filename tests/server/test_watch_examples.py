"""The examples that people copy: each is run against a real server, and goes on after its connection was lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.client_examples import python, running, shell, typescript
from tests.server.live_server import OPERATOR_KEY, Served, served

pytestmark = pytest.mark.anyio


@pytest.fixture
async def live(sqlite_url: str) -> AsyncIterator[Served]:
    async with served(sqlite_url) as live:
        yield live


async def shows_every_change(live: Served, command: list[str], scheme: str = "ws") -> None:
    tenant, id = await live.a_tenant(top_up="10")
    async with running(*command, f"{scheme}://127.0.0.1:{live.port}/graphql", OPERATOR_KEY, id) as example:
        assert "10" in await example.line()
        await live.books.call(tenant, 2)
        first = await example.line()
        for connection in list(live.server.server_state.connections):
            connection.transport.abort()
        await live.books.call(tenant, 3)
        second = await example.line()

    assert all(part in first for part in ("2", "USAGE", "-2", "8")), first
    assert all(part in second for part in ("3", "USAGE", "-3", "5")), second


async def test_the_watcher_in_python(live: Served) -> None:
    await shows_every_change(live, python("watch.py"))


async def test_the_watcher_in_typescript(live: Served, tmp_path: Path) -> None:
    await shows_every_change(live, await typescript("watch.ts", tmp_path))


async def test_the_watcher_with_curl(live: Served, tmp_path: Path) -> None:
    await shows_every_change(live, shell("watch.sh", tmp_path), scheme="http")
