"""The one place where the server is wired together."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from importlib import import_module

from starlette.applications import Starlette
from strawberry import Schema

from models.actions.group_commit import Recorder
from models.actions.owners import Owners
from models.rules.viewers import Viewer
from models.unit_of_work import Books
from resolvers.context import Context
from server.app import create_app
from server.collecting import calm_collector, collecting
from server.database import DatabaseProblem, open_books
from server.engine import ContextFor, Engine, RequestInfo
from server.exports.pages import Exports
from server.health import Check
from server.keys import Keyring
from server.logs import start_logging
from server.migrations import pending_on
from server.runaways import RunawayWatch
from server.settings import Settings, read_settings
from server.slow_lane.lanes import Lanes
from server.slow_lane.link import Link
from server.threads import take_short_turns
from server.watching.doorbell import Doorbell
from server.watching.watcher import Watchers
from server.webhooks import Webhooks


def create() -> Starlette:
    """The server of one process, by the settings of its environment."""
    settings = read_settings()
    start_logging(settings)
    take_short_turns()
    return wired(settings, import_module("resolvers.schema").schema)


# Of documents in a lane, where most come once: the server itself keeps those that come again.
KEPT_CHARACTERS = 40_000
# By name, since it is opened in another process.
SLOW_LANE = "server.wiring:slow_lane"

Beside = Callable[[Books, Recorder], AbstractAsyncContextManager[None]]
"""What runs beside a server for as long as it does, on its books."""


def wired(
    settings: Settings, schema: Schema, beside: Beside | None = None, *, watches_agents: bool = True
) -> Starlette:
    """The server that answers a schema from the books that the settings name, and looks out for runaway agents."""
    doorbell = Doorbell(settings.broadcast_url)
    books = open_books(settings.database_url, doorbell.ring)
    books.alert_bell = doorbell.ring_alerts
    keyring = Keyring(books, settings)
    recorder, owners = Recorder(books), Owners(books)
    lanes = Lanes.of(settings, SLOW_LANE, books) if settings.slow_lane else None
    webhooks = webhooks_of(settings, books)
    runaways = RunawayWatch(books) if watches_agents else None

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        calm_collector()
        if webhooks is not None:
            await webhooks.open()
        if runaways is not None:
            await runaways.open()
        try:
            async with collecting(), beside(books, recorder) if beside else nullcontext():
                yield
        finally:
            await recorder.close()
            if runaways is not None:
                await runaways.close()
            if webhooks is not None:
                await webhooks.close()
            await keyring.close()
            await books.close()

    return create_app(
        settings,
        schema,
        authenticate=keyring.viewer_of,
        context_for=contexts(settings, books, recorder, owners),
        checks={"database": has_all_tables(books)},
        lifespan=lifespan,
        watchers=Watchers(books, doorbell),
        lanes=lanes,
        light_at_once=books.reads.at_once,
        routes=[Exports(books, settings).route()],
    )


def contexts(settings: Settings, books: Books, recorder: Recorder, owners: Owners) -> ContextFor:
    """What makes the contexts of operations on some books."""
    pepper = settings.key_pepper.get_secret_value() if settings.key_pepper else ""

    def context_for(viewer: Viewer, request: RequestInfo) -> Context:
        return Context(viewer, books, pepper, recorder=recorder, owners=owners)

    return context_for


@asynccontextmanager
async def slow_lane(settings: Settings, link: Link) -> AsyncIterator[Engine]:
    """What answers in a slow lane: the same graph, on connections of its own. What it commits its server tells."""
    # Few operations run there at once, and PostgreSQL has only so many connections for everybody.
    books = open_books(settings.database_url, link.ring, writers=2, readers=5, turn=link.turn)
    books.alert_bell = link.ring_alerts
    books.outbox = link.announce if settings.webhook_url is not None else None
    recorder, owners = Recorder(books), Owners(books)
    schema = import_module("resolvers.schema").schema
    engine = Engine(schema, settings, contexts(settings, books, recorder, owners), KEPT_CHARACTERS)
    try:
        yield engine
    finally:
        engine.close()
        await recorder.close()
        await books.close()


def webhooks_of(settings: Settings, books: Books) -> Webhooks | None:
    """Who sends the webhooks; nobody where the settings name no address."""
    if settings.webhook_url is None or settings.webhook_secret is None:
        return None
    return Webhooks(books, settings.webhook_url, settings.webhook_secret.get_secret_value())


def has_all_tables(books: Books) -> Check:
    async def check() -> None:
        async with books.reading() as reader:
            if await pending_on(reader):
                raise DatabaseProblem("The database lacks tables of this version.")

    return check
