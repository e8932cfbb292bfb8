"""Who is let in by which key, how soon a revoked key stops counting, and what wrong ones cost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.actions import keys
from models.actions.keys import KeyWish
from models.rules.viewers import Viewer
from models.rules.words import Role
from models.unit_of_work import Books
from server.database import open_books
from server.keys import FREE_FAILURES, Keyring, TooManyFailures
from server.settings import read_settings
from tests.server.callers import Watch, add_tenant, refusal_of

pytestmark = pytest.mark.anyio

OPERATOR_KEY = "the operator's key, which stands in the settings"
PEPPER = "a pepper that makes hashes useless elsewhere"
OPERATOR = Viewer(Role.OPERATOR)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def books(database_url: str, watch: Watch) -> AsyncIterator[Books]:
    books = open_books(database_url, clock=watch.now)
    yield books
    await books.close()


@pytest.fixture
async def keyring(books: Books, watch: Watch) -> AsyncIterator[Keyring]:
    settings = read_settings(operator_key=OPERATOR_KEY, key_pepper=PEPPER)
    keyring = Keyring(books, settings, ticks=watch.ticks)
    yield keyring
    await keyring.close()


@pytest.fixture
async def tenant_id(books: Books) -> UUID:
    return await add_tenant(books, "acme")


async def a_key(books: Books, **wish: Any) -> tuple[UUID, str]:
    async with books.work() as work:
        made = {"name": "k", "role": Role.OPERATOR} | wish
        key, secret = await keys.create_key(work, OPERATOR, KeyWish(**made), PEPPER)
    return key.id, f"Bearer {secret}"


async def revoke(books: Books, key_id: UUID) -> None:
    async with books.work() as work:
        await keys.revoke_key(work, OPERATOR, key_id)


# ------------------------------------------------------------------ keys


async def test_a_key_tells_its_role_tenant_and_name(keyring: Keyring, books: Books, tenant_id: UUID) -> None:
    key_id, authorization = await a_key(books, name="Dashboard", role=Role.ADMIN, tenant_id=tenant_id)

    assert await keyring.viewer_of(authorization) == Viewer(Role.ADMIN, tenant_id, "Dashboard", key_id)


async def test_the_scheme_is_read_in_any_case(keyring: Keyring) -> None:
    for scheme in ("Bearer", "bearer", "BEARER", "  Bearer  "):
        assert (await keyring.viewer_of(f"{scheme} {OPERATOR_KEY}")).role is Role.OPERATOR


async def test_what_is_no_key_is_refused(keyring: Keyring) -> None:
    for nothing in (None, "", "Bearer", "Bearer ", f"Basic {OPERATOR_KEY}", OPERATOR_KEY):
        assert "Send a key" in await refusal_of(keyring, nothing)
    wrong = ["tg_short", "tg_" + "x" * 43, f"{OPERATOR_KEY}x", OPERATOR_KEY[:-1], "\udcff", "x" * 10_000, "é", "\0"]
    for key in wrong:
        await refusal_of(keyring, f"Bearer {key}")


async def test_without_an_operator_key_in_the_settings_none_works(books: Books) -> None:
    keyring = Keyring(books, read_settings())
    for key in (OPERATOR_KEY, "None", "tg_"):
        await refusal_of(keyring, f"Bearer {key}")
    await keyring.close()


async def test_a_revoked_key_stops_counting_within_two_seconds(keyring: Keyring, books: Books, watch: Watch) -> None:
    key_id, authorization = await a_key(books)
    await keyring.viewer_of(authorization)
    await revoke(books, key_id)
    watch.seconds += 2

    assert await refusal_of(keyring, authorization) == "This key was revoked."


async def test_a_key_stops_counting_the_moment_it_expires(keyring: Keyring, books: Books, watch: Watch) -> None:
    _, authorization = await a_key(books, expires_at=watch.now() + timedelta(seconds=0.5))
    await keyring.viewer_of(authorization)
    watch.seconds += 0.5

    assert await refusal_of(keyring, authorization) == "This key has expired."


async def test_a_busy_key_is_looked_up_once_a_second(
    keyring: Keyring, books: Books, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, authorization = await a_key(books)
    looked_up = 0
    reading = books.reading

    def counted() -> Any:
        nonlocal looked_up
        looked_up += 1
        return reading()

    monkeypatch.setattr(books, "reading", counted)
    for tenths in range(30):
        watch.seconds = tenths / 10
        await asyncio.gather(*(keyring.viewer_of(authorization) for _ in range(1 + 20 * (tenths > 0))))

    assert looked_up == 3


async def test_a_wrong_key_is_not_looked_up_again_and_again(
    keyring: Keyring, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    await refusal_of(keyring, "Bearer tg_" + "x" * 43)
    monkeypatch.setattr(books, "reading", None)

    assert await refusal_of(keyring, "Bearer tg_" + "x" * 43) == "There is no such key."


async def test_the_last_use_is_written_down_without_holding_up_the_request(keyring: Keyring, books: Books) -> None:
    key_id, authorization = await a_key(books)
    async with books.work() as work:
        # On SQLite this is the only writer: the request must not wait for it.
        async with asyncio.timeout(5):
            await keyring.viewer_of(authorization)
        now = work.now
    await keyring.close()

    async with books.reading() as reader:
        used = {key.id: key.last_used_at for key in await keys.keys_of(reader, OPERATOR)}
    assert used == {key_id: now}


async def test_a_use_that_cannot_be_written_down_is_no_failure_of_the_request(
    keyring: Keyring, books: Books, sqlite_url: str
) -> None:
    _, authorization = await a_key(books)
    elsewhere = open_books(sqlite_url.replace("tallygraph.db", "empty.db"))
    keyring._uses._books = elsewhere
    await keyring.viewer_of(authorization)
    await keyring.close()
    await elsewhere.close()


# ------------------------------------------------------------------ wrong keys


async def fail(keyring: Keyring, address: str | None, times: int = FREE_FAILURES) -> None:
    for _ in range(times):
        await refusal_of(keyring, "Bearer tg_" + "x" * 43, address)


async def test_an_address_that_sends_wrong_keys_is_told_to_wait(keyring: Keyring, books: Books, watch: Watch) -> None:
    _, authorization = await a_key(books)
    await fail(keyring, "192.0.2.1")
    watch.seconds += 20

    with pytest.raises(TooManyFailures) as refused:
        await keyring.viewer_of("Bearer tg_" + "y" * 43, "192.0.2.1")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "40"})

    assert await keyring.viewer_of(authorization, "192.0.2.2")
    watch.seconds += 40
    assert await keyring.viewer_of(authorization, "192.0.2.1")


async def test_keys_that_were_right_before_are_not_held_up(keyring: Keyring, books: Books, watch: Watch) -> None:
    _, authorization = await a_key(books)
    await keyring.viewer_of(authorization, "192.0.2.1")
    await fail(keyring, "192.0.2.1")
    watch.seconds += 30

    assert await keyring.viewer_of(authorization, "192.0.2.1")
    assert await keyring.viewer_of(f"Bearer {OPERATOR_KEY}", "192.0.2.1")


async def test_the_addresses_of_one_ipv6_network_count_together(keyring: Keyring) -> None:
    for host in range(FREE_FAILURES):
        await fail(keyring, f"2001:db8:1:2::{host:x}", times=1)

    with pytest.raises(TooManyFailures):
        await keyring.viewer_of("Bearer tg_" + "y" * 43, "2001:db8:1:2:ffff::1")
    await fail(keyring, "2001:db8:1:3::1", times=1)


async def test_expired_and_revoked_keys_and_missing_ones_are_no_guesses(keyring: Keyring, books: Books) -> None:
    key_id, authorization = await a_key(books)
    await revoke(books, key_id)
    for _ in range(2 * FREE_FAILURES):
        await refusal_of(keyring, authorization, "192.0.2.1")
        await refusal_of(keyring, None, "192.0.2.1")


async def test_without_an_address_nobody_is_held_up(keyring: Keyring) -> None:
    await fail(keyring, None, times=2 * FREE_FAILURES)
