"""Wrong keys are answered late, by the address that they come from, so that trying many is slow.

Right keys are never held up, also not from an address that sent wrong ones.
"""

import asyncio
import time
from collections import OrderedDict

FREE_ATTEMPTS = 10
FORGIVEN_AFTER_SECONDS = 60.0
FIRST_DELAY_SECONDS = 0.05
LONGEST_DELAY_SECONDS = 2.0
MOST_ADDRESSES = 10_000


class WrongKeys:
    """How many wrong keys each address has sent of late. Holds a bounded number of addresses."""

    def __init__(self) -> None:
        self._attempts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def slow_down(self, address: str | None) -> None:
        await asyncio.sleep(self.delay_for(address or "unknown", time.monotonic()))

    def delay_for(self, address: str, now: float) -> float:
        """Count one more wrong key, and say how long its answer is to wait."""
        count, last = self._attempts.pop(address, (0, now))
        count = 1 if now - last > FORGIVEN_AFTER_SECONDS else count + 1
        self._attempts[address] = (count, now)
        if len(self._attempts) > MOST_ADDRESSES:
            self._attempts.popitem(last=False)
        beyond = min(count - FREE_ATTEMPTS, 10)
        return min(FIRST_DELAY_SECONDS * 2 ** (beyond - 1), LONGEST_DELAY_SECONDS) if beyond > 0 else 0.0
