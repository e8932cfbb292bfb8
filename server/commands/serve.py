"""`tallygraph serve`"""

import asyncio
from typing import Annotated, Any

import typer

from server.migrations import migrate
from server.settings import read_settings

Option = typer.Option

# By name, since every process makes its own.
APPLICATION = "server.wiring:create"


def serve_(
    host: Annotated[str | None, Option(help="Address to listen on.", show_default=False)] = None,
    port: Annotated[int | None, Option(help="Port to listen on.", show_default=False)] = None,
    workers: Annotated[int | None, Option(help="Processes that serve.", show_default=False)] = None,
) -> None:
    """Serve the graph. What is left out is taken from the settings. Migrates the database first."""
    # Only here: what a server needs takes longer to import than other commands take in all.
    from server.logs import start_logging
    from server.running import serve

    given: dict[str, Any] = {"host": host, "port": port, "workers": workers}
    settings = read_settings(**{name: value for name, value in given.items() if value is not None})
    start_logging(settings)
    asyncio.run(migrate(settings.database_url))
    address = f"[{settings.host}]" if ":" in settings.host else settings.host
    typer.echo(f"Tallygraph serves http://{address}:{settings.port}/graphql", err=True)
    serve(APPLICATION, settings)
