"""Processes that are killed between any two of their writes, and many that do the same at once: once, and whole."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import bindparam, select

from models.tables.base import metadata
from tests.actions.deeds import DEEDS, LATER, Scene, a_scene
from tests.actions.mortals import BEFORE_COMMIT, Mortals
from tests.books import TestBooks

OF_TENANT = {
    table.name: select(*table.columns).where(table.c.tenant_id == bindparam("tenant_id"))
    for table in metadata.tables.values()
    if "tenant_id" in table.columns
}


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    mortals = Mortals()
    yield mortals
    mortals.stop()


def at_its_time(scene: Scene, deed: str) -> Scene:
    """The scene when a deed is to be done."""
    later = LATER.get(deed)
    return Scene(**{**vars(scene), "now": scene.now + later}) if later else scene


async def all_of(books: TestBooks, tenant: UUID) -> dict[str, list[str]]:
    """All that the database holds of a tenant, but how often its account was written."""
    held = {}
    async with books.books.reading() as reader:
        for name, statement in OF_TENANT.items():
            rows = [row._asdict() for row in await reader.all(statement, {"tenant_id": tenant})]
            held[name] = sorted(repr({**row, "version": None}) for row in rows)
    return held


async def test_whoever_is_killed_has_done_all_or_nothing_and_can_do_it_again(
    books: TestBooks, database_url: str, mortals: Mortals
) -> None:
    for deed in DEEDS:
        scene = at_its_time(await a_scene(books), deed)
        await books.must_be_whole(scene.tenant)
        before = await all_of(books, scene.tenant)

        said = await killed_everywhere(books, mortals, database_url, deed, scene)

        after = await all_of(books, scene.tenant)
        assert after != before, deed
        await books.must_be_whole(scene.tenant)
        assert mortals.do(database_url, deed, scene) == (False, said)
        assert await all_of(books, scene.tenant) == after, deed
        await books.must_be_whole(scene.tenant)


async def killed_everywhere(books: TestBooks, mortals: Mortals, url: str, deed: str, scene: Scene) -> str:
    """Kill a process before each write of a deed, before its commit, and at last after it; what that one said."""
    before = await all_of(books, scene.tenant)
    assert mortals.do(url, deed, scene, BEFORE_COMMIT)[0]
    statements, said = 0, ""
    # Those that die before they have said what they did have not done it.
    while not said:
        assert await all_of(books, scene.tenant) == before, f"{deed}, killed before statement {statements}"
        was_killed, said = mortals.do(url, deed, scene, statements)
        assert was_killed
        statements += 1
    assert statements > 1
    return said


# ---------------------------------------------------------------- many at once


@pytest.mark.parametrize("deed", ["a period has ended", "pay", "authorize", "a hold has ended"])
async def test_many_processes_do_it_once(books: TestBooks, database_url: str, mortals: Mortals, deed: str) -> None:
    alone = await new_entries(books, mortals, database_url, deed, 1)
    assert alone
    # More processes than a few have no business with one SQLite file: a server keeps it to itself.
    for count in (2, 10) if database_url.startswith("sqlite") else (2, 25):
        assert await new_entries(books, mortals, database_url, deed, count) == alone


async def new_entries(books: TestBooks, mortals: Mortals, url: str, deed: str, count: int) -> list[tuple[str, int]]:
    """The entries that so many processes make when they do the same at the same time."""
    scene = at_its_time(await a_scene(books), deed)
    before = (await books.account(scene.tenant)).seq

    said = mortals.do_together(url, deed, scene, count)

    assert len(set(said)) == 1, "All are told of the same."
    await books.must_be_whole(scene.tenant)
    entries = await books.rows("entry", "seq", tenant_id=scene.tenant)
    return [(row.kind, row.credits) for row in entries if row.seq > before]
