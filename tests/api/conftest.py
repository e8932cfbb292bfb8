"""The graph without a server: documents run against the schema, on both databases, for whoever a test says."""

from collections.abc import AsyncIterator

import pytest

from tests.api.running import Api
from tests.books import Clock, test_books


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    async with test_books(database_url, Clock()) as books:
        yield Api(books)
