"""Keys are made by those who may, shown once, and count until they are revoked or expire."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from models.actions import keys
from models.actions.keys import KeyWish
from models.rules.ids import new_id, type_id
from models.rules.refusals import Forbidden, Invalid, NotFound, Refusal
from models.rules.viewers import Viewer
from models.rules.words import Role
from models.unit_of_work import Books
from server.database import open_books

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPERATOR = Viewer(Role.OPERATOR)
PEPPER = "pepper"


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[Books]:
    books = open_books(database_url, clock=lambda: NOON)
    yield books
    await books.close()


async def a_tenant(books: Books, external_id: str) -> UUID:
    row: dict[str, Any] = {
        "id": new_id(),
        "name": external_id.title(),
        "external_id": external_id,
        "time_zone": "UTC",
        "created_at": NOON,
        "anchor_day": NOON.date(),
    }
    async with books.work() as work:
        await work.run(insert(keys.TENANTS), [row])
    return UUID(str(row["id"]))


async def create(books: Books, viewer: Viewer, **wish: Any) -> tuple[keys.Key, str]:
    async with books.work() as work:
        return await keys.create_key(work, viewer, KeyWish(**wish), PEPPER)


async def refusal_of(books: Books, viewer: Viewer, **wish: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await create(books, viewer, **wish)
    return refused.value


async def test_a_new_key_is_found_by_the_hash_of_its_secret_only(books: Books) -> None:
    tenant_id = await a_tenant(books, "acme")
    key, secret = await create(books, OPERATOR, name=" Back end ", role=Role.RECORDER, tenant_id=tenant_id)

    async with books.reading() as reader:
        found = await keys.key_with_hash(reader, keys.hash_of(secret, PEPPER))
        by_other_pepper = await keys.key_with_hash(reader, keys.hash_of(secret, "salt"))

    assert found is not None
    assert (found.id, found.name, found.role, found.tenant_id) == (key.id, "Back end", "RECORDER", tenant_id)
    assert (key.created_at, key.revoked_at, key.last_used_at) == (NOON, None, None)
    assert by_other_pepper is None
    assert secret not in str(tuple(found))


async def test_secrets_are_long_and_never_the_same(books: Books) -> None:
    made = [(await create(books, OPERATOR, name="k", role=Role.OPERATOR))[1] for _ in range(3)]

    assert len(set(made)) == 3
    assert all(secret.startswith("tg_") and len(secret) == 46 for secret in made)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "two\nlines", "zero\0", "half \ud800"])
async def test_a_name_that_cannot_be_shown_is_refused(books: Books, name: str) -> None:
    refused = await refusal_of(books, OPERATOR, name=name, role=Role.OPERATOR)

    assert (type(refused), refused.path) == (Invalid, ("name",))


async def test_a_key_cannot_expire_before_it_is_made(books: Books) -> None:
    for expires_at in (NOON, NOON - timedelta(days=1)):
        refused = await refusal_of(books, OPERATOR, name="k", role=Role.OPERATOR, expires_at=expires_at)
        assert (type(refused), refused.path) == (Invalid, ("expires_at",))


async def test_only_operators_have_no_tenant(books: Books) -> None:
    tenant_id = await a_tenant(books, "acme")
    without = await refusal_of(books, OPERATOR, name="k", role=Role.ADMIN)
    with_one = await refusal_of(books, OPERATOR, name="k", role=Role.OPERATOR, tenant_id=tenant_id)

    assert [(type(refused), refused.path) for refused in (without, with_one)] == [(Invalid, ("tenant_id",))] * 2


async def test_an_admin_makes_keys_of_its_own_tenant_only(books: Books) -> None:
    own, other = await a_tenant(books, "acme"), await a_tenant(books, "other")
    admin = Viewer(Role.ADMIN, own)
    key, _ = await create(books, admin, name="k", role=Role.ADMIN, tenant_id=own)
    elsewhere = await refusal_of(books, admin, name="k", role=Role.ADMIN, tenant_id=other)
    above = await refusal_of(books, admin, name="k", role=Role.OPERATOR)

    assert key.tenant_id == own
    assert (type(elsewhere), elsewhere.path) == (NotFound, ("tenant_id",))
    assert (type(above), above.path) == (Forbidden, ("role",))


async def test_a_key_of_an_unknown_tenant_is_refused(books: Books) -> None:
    refused = await refusal_of(books, OPERATOR, name="k", role=Role.ADMIN, tenant_id=new_id())

    assert (type(refused), refused.path) == (NotFound, ("tenant_id",))


async def test_revoking_a_key_twice_answers_the_same(books: Books) -> None:
    key, _ = await create(books, OPERATOR, name="k", role=Role.OPERATOR)
    async with books.work() as work:
        once = await keys.revoke_key(work, OPERATOR, key.id)
    books.clock = lambda: NOON + timedelta(hours=1)
    async with books.work() as work:
        twice = await keys.revoke_key(work, OPERATOR, key.id)

    assert once == twice
    assert once.revoked_at == NOON


async def test_an_admin_revokes_and_sees_no_key_but_those_of_its_tenant(books: Books) -> None:
    own, other = await a_tenant(books, "acme"), await a_tenant(books, "other")
    mine, _ = await create(books, OPERATOR, name="mine", role=Role.MEMBER, tenant_id=own)
    theirs, _ = await create(books, OPERATOR, name="theirs", role=Role.MEMBER, tenant_id=other)
    operators, _ = await create(books, OPERATOR, name="operator's", role=Role.OPERATOR)
    admin = Viewer(Role.ADMIN, own)

    for key in (theirs, operators):
        with pytest.raises(NotFound) as refused:
            async with books.work() as work:
                await keys.revoke_key(work, admin, key.id)
        assert refused.value.path == ("id",)
    async with books.reading() as reader:
        assert await keys.keys_of(reader, admin) == [mine]
        assert await keys.keys_of(reader, OPERATOR, other) == [theirs]
        assert await keys.keys_of(reader, OPERATOR) == [operators, theirs, mine]


async def test_a_use_is_noted_once_a_minute(books: Books) -> None:
    key, secret = await create(books, OPERATOR, name="k", role=Role.OPERATOR)
    noted = []
    for seconds in (0, 59, 61):
        async with books.work() as work:
            await keys.note_uses(work, {key.id: NOON + timedelta(seconds=seconds)})
        async with books.reading() as reader:
            found = await keys.key_with_hash(reader, keys.hash_of(secret, PEPPER))
        assert found is not None
        noted.append((found.last_used_at - NOON).seconds)

    assert noted == [0, 0, 61]


async def test_a_tenant_is_named_by_either_of_its_ids(books: Books) -> None:
    tenant_id = await a_tenant(books, "acme")
    names = [type_id("tenant", tenant_id), "acme", "other", type_id("tenant", new_id()), type_id("agent", tenant_id)]
    async with books.reading() as reader:
        found = [await keys.tenant_named(reader, name) for name in [*names, "zero\0", "half \ud800", ""]]

    assert found == [tenant_id, tenant_id, None, None, None, None, None, None]
