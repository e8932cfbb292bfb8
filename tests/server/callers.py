"""Those who send keys: what the tests of keys and of tokens have in common."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from models.actions import keys
from models.rules.ids import new_id
from models.unit_of_work import Books
from server.errors import Unauthenticated
from server.keys import Keyring


class Watch:
    """A clock and a stop watch that a test moves on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def ticks(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=self.seconds)


async def add_tenant(books: Books, external_id: str) -> UUID:
    tenant_id = new_id()
    row: dict[str, Any] = {"id": tenant_id, "name": "Acme", "external_id": external_id, "time_zone": "UTC"}
    async with books.work() as work:
        await work.run(insert(keys.TENANTS), [row | {"created_at": work.now, "anchor_day": work.now.date()}])
    return tenant_id


async def refusal_of(keyring: Keyring, authorization: str | None, address: str | None = None) -> str:
    with pytest.raises(Unauthenticated) as refused:
        await keyring.viewer_of(authorization, address)
    return str(refused.value)
