"""Writes a migration: what the tables of the models have and the migrations so far do not make."""

import asyncio
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from alembic import command
from sqlalchemy import Connection

from server.database import migration_engine
from server.migrations import HERE, alembic_config, migrate

VERSIONS = HERE / "versions"


def main(
    message: Annotated[str, typer.Argument(help="What the migration does, in a few words.")] = "first tables",
    first: Annotated[bool, typer.Option("--first", help="Write the first migration anew.")] = False,
) -> None:
    """Write the next migration."""
    if first:
        for old in _versions():
            old.unlink()
    before = set(_versions())
    asyncio.run(_write(message, f"{len(before) + 1:04}"))
    for new in sorted(set(_versions()) - before):
        new.write_text("".join(line for line in new.open() if "# ###" not in line))
        for tool in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
            subprocess.run([sys.executable, "-m", "ruff", *tool, new], check=True)
        typer.echo(new)


def _versions() -> list[Path]:
    return sorted(VERSIONS.glob("[0-9]*.py"))


async def _write(message: str, revision: str) -> None:
    with TemporaryDirectory() as directory:
        database_url = f"sqlite:///{directory}/empty.db"
        if _versions():
            await migrate(database_url)
        engine = migration_engine(database_url)
        async with engine.begin() as connection:
            await connection.run_sync(_revise, message, revision)
        await engine.dispose()


def _revise(connection: Connection, message: str, revision: str) -> None:
    config = alembic_config(connection)
    config.attributes["first"] = not _versions()
    command.revision(config, message, autogenerate=True, rev_id=revision)


if __name__ == "__main__":
    typer.run(main)
