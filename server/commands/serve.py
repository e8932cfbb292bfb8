"""`tallygraph serve`"""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

import typer

from server.commands.books import has_keys
from server.migrations import migrate
from server.ports import listening
from server.settings import BadSettings, Settings, read_settings

Option = typer.Option

# By name, since every process makes its own.
APPLICATION = "server.wiring:create"
NO_KEY = "No key exists yet: set TALLYGRAPH_OPERATOR_KEY, or run `tallygraph key create --role operator`."


def serve_(
    host: Annotated[str | None, Option(help="Address to listen on.", show_default=False)] = None,
    port: Annotated[int | None, Option(help="Port to listen on.", show_default=False)] = None,
    workers: Annotated[int | None, Option(help="Processes that serve.", show_default=False)] = None,
    demo: Annotated[
        bool, Option("--demo", help="Serve two demo tenants with a year of history and live traffic.")
    ] = False,
) -> None:
    """Serve the graph. What is left out is taken from the settings. Migrates the database first."""
    # Only here: what a server needs takes longer to import than other commands take in all.
    from server.logs import start_logging
    from server.running import serve_on

    given: dict[str, Any] = {"host": host, "port": port, "workers": workers}
    settings = read_settings(**{name: value for name, value in given.items() if value is not None})
    if demo:
        settings = _for_the_demo(settings)
    start_logging(settings)
    with listening(settings) as sockets:
        settings = settings.model_copy(update={"port": sockets[0].getsockname()[1]})
        asyncio.run(migrate(settings.database_url))
        application = _with_the_demo(settings) if demo else APPLICATION
        typer.echo(f"Tallygraph serves {_address(settings)}/graphql", err=True)
        if not (demo or settings.operator_key or settings.jwt_secret or asyncio.run(has_keys(settings))):
            typer.echo(NO_KEY, err=True)
        serve_on(sockets, application, settings)


def _address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _for_the_demo(settings: Settings) -> Settings:
    """Its own database, and a log that leaves the printed keys in sight, where nothing else was asked for."""
    from server.demo import demo_database_url

    if settings.workers > 1:
        raise BadSettings("The demo is served by one process: leave --workers and TALLYGRAPH_WORKERS out.")
    log = {"log_level": "WARNING", "log_format": "text"}
    unset = {name: value for name, value in log.items() if name not in settings.model_fields_set}
    return settings.model_copy(update={"database_url": demo_database_url(settings), **unset})


def _with_the_demo(settings: Settings) -> Any:
    """The application with the demo beside it, once it is sure that the books are the demo's own."""
    from models.actions.group_commit import Recorder
    from models.unit_of_work import Books
    from resolvers.schema import schema
    from server.commands.books import opened
    from server.demo import check_demo_database, running_demo
    from server.wiring import wired

    async def check() -> None:
        async with opened(settings) as books:
            await check_demo_database(books)

    pepper = settings.key_pepper.get_secret_value() if settings.key_pepper else ""

    def beside(books: Books, recorder: Recorder) -> AbstractAsyncContextManager[None]:
        return running_demo(books, recorder, pepper, _address(settings), lambda text: typer.echo(text, err=True))

    asyncio.run(check())
    # Its traffic is far denser than its history: every agent would be one that runs away.
    return wired(settings, schema, beside, watches_agents=False)
