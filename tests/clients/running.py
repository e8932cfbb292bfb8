"""Runs the programs of the clients: with the Node that is found, or the one that comes as a package."""

import asyncio
import subprocess
from functools import cache
from pathlib import Path

from server.front_end import installed_npm, packaged_npm

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODULES = HERE / "node_modules"


@cache
def node() -> str:
    _, folder = installed_npm() or packaged_npm()
    return str(folder / "node")


async def run(*command: str | Path, cwd: Path = HERE) -> str:
    """What a program of Node's prints; it must end well."""
    assert MODULES.exists(), "The clients are not installed: run `make test`, or `python -m tests.clients.install`."
    process = await asyncio.create_subprocess_exec(
        node(), *map(str, command), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(120):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode()
    return output.decode()
