"""What a rush has left is given back when it is quiet, though nobody asks for anything."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from server import collecting


class Left:
    """Something that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def seldom(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python looks for nothing by itself."""
    monkeypatch.setattr(collecting, "PAUSE_SECONDS", 0.01)
    gc.disable()
    yield
    gc.enable()


async def test_garbage_goes_though_nothing_new_is_made() -> None:
    left = weakref.ref(Left())
    async with collecting.collecting(), asyncio.timeout(10):
        while left() is not None:  # noqa: ASYNC110 What is forgotten rings no bell.
            await asyncio.sleep(0.01)
