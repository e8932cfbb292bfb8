"""The demo: two tenants with a year of generated history, and traffic that goes on while the server runs.

    async with running_demo(books, recorder, pepper, "http://127.0.0.1:8000", tell=print):
        ...  # The server runs.

Preparing takes some seconds the first time; afterwards only what has been missed is added, which is quick. Until a
tenant's history is complete nobody sees anything of it, so a server may listen meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from models.actions.group_commit import Recorder
from models.rules.words import Role
from models.unit_of_work import Books
from server.database import DatabaseProblem
from server.demo.cast import TENANTS, Cast, TenantPart
from server.demo.history import write_history
from server.demo.keys import DemoKey, new_keys
from server.demo.stage import cast_of, has_only_others
from server.demo.traffic import LiveTraffic
from server.settings import Settings

DATABASE_URL = "sqlite:///tallygraph-demo.db"
"""Where the demo is kept if no database is named, so that nobody's own books are filled with it."""

log = structlog.get_logger(source="demo")

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo as it is in the books, with the keys of this start."""

    casts: tuple[tuple[TenantPart, Cast], ...]
    keys: tuple[DemoKey, ...]

    def secret(self, role: Role, tenant: str | None = None) -> str:
        """A role's key; that of the first tenant, unless another is named."""
        return next(key.secret for key in self.keys if key.role is role and (tenant is None or key.tenant == tenant))


@asynccontextmanager
async def running_demo(
    books: Books,
    recorder: Recorder,
    pepper: str,
    address: str,
    tell: Tell,
    tenants: Sequence[TenantPart] = TENANTS,
) -> AsyncIterator[None]:
    """The demo beside a server that listens at once: prepared, announced, and alive until the block ends."""

    async def run() -> None:
        try:
            demo = await prepare_demo(books, pepper, tell, tenants)
            tell(announcement(demo, address))
            await live_traffic(books, recorder, demo)
        except Exception:
            log.exception("demo failed")
            tell("The demo has failed; the log says why.")

    task = asyncio.create_task(run(), name="demo")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def demo_database_url(settings: Settings) -> str:
    """The database for the demo: the one that was named, or else one of its own."""
    return settings.database_url if "database_url" in settings.model_fields_set else DATABASE_URL


async def check_demo_database(books: Books) -> None:
    """Refuses to fill somebody's own books with a demo."""
    async with books.reading() as reader:
        if await has_only_others(reader):
            raise DatabaseProblem(
                "This database holds tenants of your own, so the demo is not put into it. "
                "Leave TALLYGRAPH_DATABASE_URL out, or name another database."
            )


async def prepare_demo(
    books: Books, pepper: str = "", tell: Tell = lambda _: None, tenants: Sequence[TenantPart] = TENANTS
) -> Demo:
    """Bring the tenants' histories up to the present, and make new keys."""
    await check_demo_database(books)
    for tenant in tenants:
        tell(f"Bringing the history of {tenant.name} up to date ...")
        if added := await write_history(books, tenant):
            tell(f"Added {added:,} events of {tenant.name}.")
    async with books.work() as work:
        casts = []
        for tenant in tenants:
            cast = await cast_of(work, tenant, work.now)
            assert cast is not None, "It has just been written."
            casts.append((tenant, cast))
        return Demo(tuple(casts), tuple(await new_keys(work, casts, pepper)))


async def live_traffic(books: Books, recorder: Recorder, demo: Demo, *, pace: float = 1) -> None:
    """Let things happen until this is cancelled. Errors are logged; a pace of 2 is twice as fast."""
    await LiveTraffic(books, recorder, demo.casts, pace).run()


def announcement(demo: Demo, address: str) -> str:
    """What to tell the person who started the demo: where to look, and with which keys."""
    rows = [(key.tenant or "every tenant", key.role.lower(), key.secret) for key in demo.keys]
    wide = max(len(tenant) for tenant, _, _ in rows)
    return "\n".join(
        (
            "The demo is ready. Keys, made anew at each start:",
            "",
            *(f"  {tenant:{wide}}  {role:8}  {secret}" for tenant, role, secret in rows),
            "",
            "Pages to open, with a key filled in:",
            "",
            *(
                f"  {tenant:{wide}}  {page:9}  {address}{path}#key={secret}"
                for tenant, role, secret in rows
                if role in ("operator", "admin")
                for page, path in (("dashboard", "/"), ("GraphiQL", "/graphql"))
            ),
            "",
        )
    )
