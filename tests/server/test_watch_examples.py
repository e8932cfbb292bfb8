"""The examples that people copy: each is run against a real server, and goes on after its connection was lost."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.graphiql.build import installed_npm, packaged_npm
from tests.server.live_server import OPERATOR_KEY, Served, served

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "client_examples"
GRAPHIQL = ROOT / "server" / "graphiql"


@pytest.fixture
async def live(sqlite_url: str) -> AsyncIterator[Served]:
    async with served(sqlite_url) as live:
        yield live


class Example:
    """An example under way."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            return (await self._process.stdout.readline()).decode().strip()


async def shows_every_change(live: Served, command: list[str], socket_scheme: bool = True) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    url = f"{live.url}/graphql"
    if socket_scheme:
        url = url.replace("http:", "ws:")
    # A session of its own, so that what it starts ends with it.
    process = await asyncio.create_subprocess_exec(
        *command, url, OPERATOR_KEY, id, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    example = Example(process)
    try:
        assert "10" in await example.line()
        await live.books.call(tenant, 2)
        first = await example.line()
        for connection in list(live.server.server_state.connections):
            connection.transport.abort()
        await live.books.call(tenant, 3)
        second = await example.line()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()

    assert all(part in first for part in ("2", "USAGE", "-2", "8")), first
    assert all(part in second for part in ("3", "USAGE", "-3", "5")), second


async def test_the_watcher_in_python(live: Served) -> None:
    await shows_every_change(live, [sys.executable, str(EXAMPLES / "watch.py")])


async def test_the_watcher_in_typescript(live: Served, tmp_path: Path) -> None:
    _, folder = installed_npm() or packaged_npm()
    node = str(folder / "node")
    # The libraries that the explorer's page was built with.
    (tmp_path / "node_modules").symlink_to(GRAPHIQL / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(EXAMPLES / "watch.ts", tmp_path)
    options = ["--target", "es2022", "--module", "nodenext", "--strict", "--lib", "es2022,dom", "--skipLibCheck"]
    compiler = GRAPHIQL / "node_modules" / "typescript" / "bin" / "tsc"
    await asyncio.to_thread(subprocess.run, [node, str(compiler), *options, "watch.ts"], cwd=tmp_path, check=True)

    # Before Node 22 its WebSocket had to be asked for.
    await shows_every_change(live, [node, "--experimental-websocket", str(tmp_path / "watch.js")])


async def test_the_watcher_with_curl(live: Served, tmp_path: Path) -> None:
    path = os.environ["PATH"]
    if shutil.which("curl") is None:
        curl = tmp_path / "curl"
        curl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("plain_curl.py")}" "$@"\n')
        curl.chmod(0o755)
        path = f"{tmp_path}:{path}"
    await shows_every_change(live, ["env", f"PATH={path}", "sh", str(EXAMPLES / "watch.sh")], socket_scheme=False)
