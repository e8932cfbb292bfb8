"""One who asks for a balance at moments that do not wait for answers, and how long each answer took from its moment on.

So an answer that keeps others waiting makes them late too, as it does with people, and being late counts.
"""

import asyncio
import selectors
import time
from collections import deque
from dataclasses import dataclass
from random import Random

from benchmarks.hostile import Streams, answer, asked, head_from

BALANCE = (
    "query($id: ID!) { tenant(id: $id) { credits { seq available settled held overdrawn pools { kind balance } } } }"
)
ASKS_A_SECOND = 50
# More than come in a second, so that nobody waits for one; used in turn, so that none is closed for its silence.
CONNECTIONS = 64
GIVES_UP_AFTER_SECONDS = 20.0


@dataclass(frozen=True)
class Bystander:
    """Who asks, and from where."""

    port: int
    tenant: str
    key: str
    address: str

    def request(self) -> bytes:
        body = asked(BALANCE, {"id": self.tenant})
        return head_from(self.key, self.address, len(body)) + body


@dataclass
class Waits:
    """How long the answers took, in milliseconds."""

    milliseconds: list[float]
    unanswered: int = 0
    """How many were refused, wrong or given up; these count as waits too, as long as they took."""

    def __add__(self, other: "Waits") -> "Waits":
        return Waits(self.milliseconds + other.milliseconds, self.unanswered + other.unanswered)

    def at(self, share: float) -> float:
        return sorted(self.milliseconds)[min(int(len(self.milliseconds) * share), len(self.milliseconds) - 1)]


def waits_of(bystander: Bystander, begin: float, count: int, seed: int) -> Waits:
    """So many asked from a moment of time.monotonic() on. To be called in a process that does nothing else."""
    # The loops of asyncio and uvloop sleep by whole milliseconds: as long as a balance takes. select() does not.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        return runner.run(_Asking(bystander).waits(begin, moments(count, seed)))


def moments(count: int, seed: int) -> list[float]:
    """Seconds from the beginning: as they come from many who do not know each other."""
    random = Random(seed)
    return sorted(random.uniform(0, count / ASKS_A_SECOND) for _ in range(count))


class _Asking:
    def __init__(self, bystander: Bystander) -> None:
        self._port, self._request = bystander.port, bystander.request()
        self._free: deque[Streams] = deque()
        self._waits = Waits([])

    async def waits(self, begin: float, moments: list[float]) -> Waits:
        for _ in range(CONNECTIONS):
            self._free.append(await self._connection())
        async with asyncio.TaskGroup() as asks:
            for moment in moments:
                await asyncio.sleep(begin + moment - time.monotonic())
                asks.create_task(self._ask(begin + moment))
        for _, writer in self._free:
            writer.transport.abort()
        return self._waits

    async def _ask(self, due: float) -> None:
        is_right = False
        try:
            async with asyncio.timeout(GIVES_UP_AFTER_SECONDS):
                reader, writer = self._free.popleft() if self._free else await self._connection()
                writer.write(self._request)
                status, body = await answer(reader)
                is_right = status == "200" and b'"available"' in body and b'"errors"' not in body
                self._free.append((reader, writer))
        except (OSError, EOFError):  # Timeouts are of the first kind.
            pass
        self._waits.milliseconds.append((time.monotonic() - due) * 1000)
        self._waits.unanswered += not is_right

    async def _connection(self) -> Streams:
        return await asyncio.open_connection("127.0.0.1", self._port)
