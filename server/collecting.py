"""When Python looks for garbage: seldom while much is asked, and again when it is quiet."""

import asyncio
import ctypes
import gc
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

PAUSE_SECONDS = 5.0
# All but what has lived long: to look through that takes longer than anybody should wait.
YOUNG = 1
ALL = 2
"""Where nobody waits who asks for little."""
SELDOM, OFTEN = 200, 4


def calm_collector(oldest: int = SELDOM) -> None:
    """Let Python look for garbage less often, and never in what stays for good; `oldest` says how seldom in all of it.

    The schema alone is a hundred thousand objects; walking through them again and again costs a third of a request.
    """
    gc.collect()
    gc.freeze()
    # Often and little: to look through what a rush of requests makes in one go would hold up everybody.
    gc.set_threshold(5_000, 5, oldest)


@asynccontextmanager
async def collecting(generation: int = YOUNG) -> AsyncIterator[None]:
    """Give back what a rush has left, also when nothing comes after it: Python looks only while it makes things."""
    task = asyncio.create_task(_collect(generation), name="collect garbage")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _collect(generation: int) -> None:
    trim = _trim()
    while True:
        await asyncio.sleep(PAUSE_SECONDS)
        gc.collect(generation)
        await asyncio.to_thread(trim, 0)


def _trim() -> Callable[[int], object]:
    """What makes the C library give free memory back to the system, which it else keeps for later; if it can."""
    return getattr(ctypes.CDLL(None), "malloc_trim", lambda _: 0) if sys.platform == "linux" else lambda _: 0
