"""`tallygraph migrate`"""

import asyncio

import typer

from server import migrations
from server.settings import read_settings


def migrate() -> None:
    """Bring the database to the tables of this version. Safe to run at any time, by several at once."""
    changed = asyncio.run(migrations.migrate(read_settings().database_url))
    typer.echo("The database is up to date now." if changed else "The database was up to date.")
