"""Books for the tests of actions, on both databases."""

from collections.abc import AsyncIterator

import pytest

from tests.books import Clock, TestBooks, test_books


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[TestBooks]:
    async with test_books(database_url, Clock()) as books:
        yield books
