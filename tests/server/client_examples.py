"""The programs of client_examples/ under way: started as a person starts them, and read line by line."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from server.front_end import installed_npm, packaged_npm

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "client_examples"
# What pages are built with: set-up installs it for the dashboard.
LIBRARIES = EXAMPLES / "dashboard" / "node_modules"
COMPILER = ROOT / "server" / "graphiql" / "node_modules" / "typescript" / "bin" / "tsc"
STRICT = ["--target", "es2022", "--module", "nodenext", "--strict", "--lib", "es2022,dom", "--skipLibCheck"]


class Example:
    """A program that goes on until it is ended."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            return (await self._process.stdout.readline()).decode().strip()


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[Example]:
    # A session of its own, so that what it starts ends with it.
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield Example(process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


async def output_of(*command: str, cwd: Path = ROOT, status: int = 0) -> str:
    """What a program prints that ends by itself, and well, unless another status is awaited."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    async with asyncio.timeout(60):
        printed, complaints = await process.communicate()
    assert process.returncode == status, (printed, complaints)
    return (printed if status == 0 else printed + complaints).decode()


def python(name: str) -> list[str]:
    return [sys.executable, str(EXAMPLES / name)]


def shell(name: str, folder: Path) -> list[str]:
    """With the machine's curl, or as much of one as the examples use."""
    path = os.environ["PATH"]
    if shutil.which("curl") is None:
        curl = folder / "curl"
        curl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("plain_curl.py")}" "$@"\n')
        curl.chmod(0o755)
        path = f"{folder}:{path}"
    return ["env", f"PATH={path}", "sh", str(EXAMPLES / name)]


async def typescript(name: str, folder: Path) -> list[str]:
    """Compiled strictly, with the libraries that the dashboard is built with."""
    _, folder_of_node = installed_npm() or packaged_npm()
    node = str(folder_of_node / "node")
    lay_out(name, folder)
    await output_of(node, str(COMPILER), *STRICT, name, cwd=folder)
    # Before Node 22 its WebSocket had to be asked for.
    return [node, "--experimental-websocket", str(folder / name.replace(".ts", ".js"))]


def lay_out(name: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "node_modules").symlink_to(LIBRARIES)
    (folder / "package.json").write_text('{"type": "module"}')
    shutil.copy(EXAMPLES / name, folder)
