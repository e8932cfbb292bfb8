"""Places for what is heavy: so many at once, and among those who wait each key in its turn."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

Turn = asyncio.Future[None]


class Places:
    """Who sends a hundred heavy operations waits behind itself, not everybody else behind it."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: OrderedDict[str, deque[Turn]] = OrderedDict()

    @asynccontextmanager
    async def of(self, who: str) -> AsyncIterator[None]:
        """Wait for a place, and have it."""
        await self._come(who)
        try:
            yield
        finally:
            self._leave()

    async def _come(self, who: str) -> None:
        if self._free:
            self._free -= 1
            return
        turn: Turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(who, turn)
            else:
                # The place was given in the same moment.
                self._leave()
            raise

    def _leave(self) -> None:
        """Give the place to the next one."""
        while self._waiting:
            who, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[who] = turns
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _forget(self, who: str, turn: Turn) -> None:
        turns = self._waiting.get(who)
        if turns is not None and turn in turns:
            turns.remove(turn)
            if not turns:
                del self._waiting[who]
