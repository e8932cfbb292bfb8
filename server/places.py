"""Places for what takes time: so many at once, and those who wait each in their turn."""

from asyncio import CancelledError, Future, get_running_loop
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

Turn = Future[None]


class Places:
    """Who asks for a hundred things at once waits behind itself, and leaves half of the places to others."""

    def __init__(self, number: int) -> None:
        self._free, self._share = number, max(number // 2, 1)
        self._held: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[Turn]] = OrderedDict()

    @asynccontextmanager
    async def of(self, who: str) -> AsyncIterator[None]:
        """Wait for a place, and have it."""
        await self._come(who)
        try:
            yield
        finally:
            self._leave(who)

    async def _come(self, who: str) -> None:
        if self._free and self._may_have(who):
            self._take(who)
            return
        turn: Turn = get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(turn)
        try:
            await turn
        except CancelledError:
            if turn.cancelled():
                self._forget(who, turn)
            else:
                # The place was given in the same moment.
                self._leave(who)
            raise

    def _leave(self, who: str) -> None:
        self._free += 1
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]
        self._give()

    def _give(self) -> None:
        """Give the free places to the next ones."""
        while self._free and (who := next(filter(self._may_have, self._waiting), None)) is not None:
            turns = self._waiting.pop(who)
            turn = turns.popleft()
            if turns:
                self._waiting[who] = turns
            if not turn.done():
                self._take(who)
                turn.set_result(None)

    def _may_have(self, who: str) -> bool:
        return self._held[who] < self._share

    def _take(self, who: str) -> None:
        self._free -= 1
        self._held[who] += 1

    def _forget(self, who: str, turn: Turn) -> None:
        turns = self._waiting.get(who)
        if turns is not None and turn in turns:
            turns.remove(turn)
            if not turns:
                del self._waiting[who]
