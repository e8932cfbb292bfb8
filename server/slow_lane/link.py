"""What the lane's process tells its server of its own accord, and asks of it: bells, and turns to write."""

import asyncio
from asyncio import Future, StreamWriter
from collections.abc import Mapping
from itertools import count
from uuid import UUID

from server.slow_lane.messages import Bell, Rung, TurnGiven, TurnOver, TurnWish, send


class Turn:
    """The server's line of those who write to one SQLite file. Entered by one at a time."""

    def __init__(self, writer: StreamWriter) -> None:
        self._writer = writer
        self._ids = count(1)
        self._id = 0
        self._given: Future[None] | None = None
        self._is_over = False

    async def __aenter__(self) -> None:
        if self._is_over:
            raise ConnectionError("The server has ended.")
        self._id = next(self._ids)
        self._given = asyncio.get_running_loop().create_future()
        send(self._writer, TurnWish(self._id))
        try:
            await self._given
        except BaseException:
            send(self._writer, TurnOver(self._id))
            raise
        finally:
            self._given = None

    async def __aexit__(self, *_: object) -> None:
        send(self._writer, TurnOver(self._id))

    def give(self, given: TurnGiven) -> None:
        # One that was given up in the same moment is over already.
        if self._given is not None and given.id == self._id and not self._given.done():
            self._given.set_result(None)

    def end(self) -> None:
        """There is no server any more that could give one."""
        self._is_over = True
        if self._given is not None and not self._given.done():
            self._given.set_exception(ConnectionError("The server has ended."))


class Link:
    """The way from the lane's process to its server."""

    def __init__(self, writer: StreamWriter) -> None:
        self._writer = writer
        self.turn = Turn(writer)

    def ring(self, rung: Mapping[UUID, int]) -> None:
        send(self._writer, Rung(Bell.LEDGER, rung))

    def ring_alerts(self, rung: Mapping[UUID, int]) -> None:
        send(self._writer, Rung(Bell.ALERTS, rung))

    def announce(self) -> None:
        send(self._writer, Rung(Bell.OUTBOX, {}))
