"""Processes that are killed between any two statements, and many that do the same at once: once, and whole."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from models.tables.base import metadata
from tests.actions.deeds import DEEDS, LATER, Scene, a_scene
from tests.actions.mortals import BEFORE_COMMIT, Mortals
from tests.books import TestBooks

MOST_STATEMENTS = 200
OF_TENANTS = sorted(table.name for table in metadata.tables.values() if "tenant_id" in table.columns)


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    mortals = Mortals()
    yield mortals
    mortals.stop()


@pytest.fixture
async def scene(books: TestBooks) -> Scene:
    return await a_scene(books)


def at_its_time(scene: Scene, deed: str) -> Scene:
    """The scene when a deed is to be done."""
    later = LATER.get(deed)
    return Scene(**{**vars(scene), "now": scene.now + later}) if later else scene


async def all_of(books: TestBooks, tenant: UUID) -> dict[str, list[str]]:
    """All that the database holds of a tenant, but how often its account was written."""
    held = {}
    for name in OF_TENANTS:
        rows = [row._asdict() for row in await books.rows(name, tenant_id=tenant)]
        held[name] = sorted(repr({**row, "version": None}) for row in rows)
    return held


@pytest.mark.parametrize("deed", DEEDS)
async def test_whoever_is_killed_has_done_all_or_nothing_and_can_do_it_again(
    books: TestBooks, database_url: str, mortals: Mortals, scene: Scene, deed: str
) -> None:
    scene = at_its_time(scene, deed)
    before = await all_of(books, scene.tenant)
    await books.must_be_whole(scene.tenant)

    # Those that die before they have said what they did have not done it.
    assert mortals.do(database_url, deed, scene, BEFORE_COMMIT)[0]
    statements, said = 0, ""
    while not said:
        assert await all_of(books, scene.tenant) == before
        was_killed, said = mortals.do(database_url, deed, scene, statements)
        assert was_killed
        statements += 1

    assert statements > 5
    after = await all_of(books, scene.tenant)
    assert after != before
    await books.must_be_whole(scene.tenant)
    assert mortals.do(database_url, deed, scene) == (False, said)
    assert await all_of(books, scene.tenant) == after
    await books.must_be_whole(scene.tenant)


# ---------------------------------------------------------------- many at once

ONCE = {
    "a period has ended": ("GRANT", "EXPIRY", "RELEASE", "RELEASE"),
}


@pytest.mark.parametrize("count", [2, 10, 50])
async def test_many_processes_do_it_once(books: TestBooks, database_url: str, mortals: Mortals, count: int) -> None:
    for deed in ("a period has ended", "pay", "buy", "authorize", "release", "a hold has ended"):
        scene = await a_scene(books)
        scene = at_its_time(scene, deed)
        alone = await what_one_does(books, database_url, mortals, deed)
        before = len(await books.rows("entry", tenant_id=scene.tenant))

        said = mortals.do_together(database_url, deed, scene, count)

        assert len(set(said)) == 1
        entries = await books.rows("entry", "seq", tenant_id=scene.tenant)
        assert [(row.kind, row.credits) for row in entries[before:]] == alone
        await books.must_be_whole(scene.tenant)


async def what_one_does(books: TestBooks, database_url: str, mortals: Mortals, deed: str) -> list[tuple[str, int]]:
    """The entries of a deed that is done by one process."""
    scene = at_its_time(await a_scene(books), deed)
    before = len(await books.rows("entry", tenant_id=scene.tenant))
    mortals.do(database_url, deed, scene)
    entries = await books.rows("entry", "seq", tenant_id=scene.tenant)
    return [(row.kind, row.credits) for row in entries[before:]]
