"""The server's end of its slow lane: starts the process, asks it, and starts it anew when it ends."""

import asyncio
import os
import subprocess
import sys
from asyncio import Future, StreamReader, StreamWriter
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from itertools import count
from socket import socket, socketpair
from uuid import UUID

import structlog

from models.rules.viewers import Viewer
from models.unit_of_work import Books
from server.answers import Answer, RequestErrors
from server.asked import Asked, Unread
from server.engine import Operation, Outline, RequestInfo
from server.rates import Caller
from server.settings import Settings
from server.slow_lane.messages import (
    Begin,
    Bell,
    Cancel,
    Done,
    Heard,
    Outlined,
    OutlineWish,
    Ready,
    Rung,
    RunWish,
    Spent,
    TurnGiven,
    TurnOver,
    TurnWish,
    Wish,
    receive,
    send,
)

BEGIN_AGAIN_SECONDS = 1.0
END_SECONDS = 2.0
HANGS_AFTER_SECONDS, LOOKS_AGAIN_SECONDS = 5.0, 0.5
"""That nobody waits for a wish any more is heard at once; a process that does not even do that is ended."""
LONGEST_TURN_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 60.0
READ_AHEAD_BYTES = 1_000_000

Process = subprocess.Popen[bytes]

SpendOf = Callable[[Caller, float], None]
"""Told the seconds of a processor that a caller took beyond its points."""


class LaneEnded(Exception):
    """There is no process that could answer, or it has ended meanwhile."""


class SlowLane:
    """Opened and closed with the server. Until its process is ready, and while there is none, it is not open."""

    def __init__(self, settings: Settings, factory: str, books: Books | None = None, name: str = "slow lane") -> None:
        self._begin, self._books = Begin(factory, settings), books
        self._log = structlog.get_logger(source=name)
        self._ids = count(1)
        self._waiting: dict[int, Future[Outlined | Answer]] = {}
        self._unheard: set[int] = set()
        self._turns: dict[int, asyncio.Task[None]] = {}
        self._pause = BEGIN_AGAIN_SECONDS
        self._process: Process | None = None
        self._writer: StreamWriter | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        return self._writer is not None

    def open(self, spend: SpendOf) -> None:
        """Begin; `spend` is told what callers took of the processor beyond their points."""
        self._keeping = asyncio.create_task(self._keep(spend), name="slow lane")

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping

    async def outline(self, asked: Asked | Unread, caller: Caller) -> tuple[Outline, bool]:
        """What a document says, and whether it comes again. Raises RequestErrors, BadRequest and LaneEnded."""
        outlined = await self._ask(OutlineWish(asked, caller))
        assert isinstance(outlined, Outlined)
        return outlined.outline, outlined.comes_again

    async def run(self, operation: Operation, viewer: Viewer, request: RequestInfo) -> Answer:
        """Run an operation. Raises LaneEnded."""
        try:
            answer = await self._ask(RunWish(replace(operation, document=None), viewer, request))
        except RequestErrors as refused:
            return refused.answer()
        assert isinstance(answer, Answer)
        return answer

    async def _ask(self, wish: OutlineWish | RunWish) -> Outlined | Answer:
        if self._writer is None:
            raise LaneEnded
        id = next(self._ids)
        send(self._writer, Wish(id, wish))
        answer: Future[Outlined | Answer] = asyncio.get_running_loop().create_future()
        self._waiting[id] = answer
        try:
            return await answer
        except asyncio.CancelledError:
            if id in self._waiting and self._writer is not None:
                send(self._writer, Cancel(id))
                self._unheard.add(id)
                asyncio.get_running_loop().call_later(HANGS_AFTER_SECONDS, self._look_if_it_hangs, id)
            raise
        finally:
            # Its error would hold this frame, and what was asked, until the collector comes.
            del answer

    def _look_if_it_hangs(self, id: int) -> None:
        # Where we were held up ourselves, its word may have come and not been heard yet.
        asyncio.get_running_loop().call_later(LOOKS_AGAIN_SECONDS, self._end_if_it_hangs, id)

    def _end_if_it_hangs(self, id: int) -> None:
        if id in self._unheard:
            self._end("does not answer any more")

    def _end(self, reason: str) -> None:
        if self._process is not None:
            self._log.error(reason, advice="it is ended and begins anew")
            self._process.kill()

    # ------------------------------------------------------------ the process

    async def _keep(self, spend: SpendOf) -> None:
        """Have a process, and another one after it."""
        while True:
            try:
                await self._have_one(spend)
            except Exception as error:  # Whatever it is, the server goes on.
                advice = "what it is for is done by the server itself until it is back"
                self._log.warning("has ended", reason=f"{type(error).__name__}: {error}", advice=advice)
            await asyncio.sleep(self._pause)
            # One that never begins is not tried all the time.
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    async def _have_one(self, spend: SpendOf) -> None:
        """Start a process, and hear it. Raises when it ends."""
        ours, theirs = socketpair()
        with ours:
            with theirs:
                process = self._process = _started(theirs)
            try:
                reader, writer = await asyncio.open_unix_connection(sock=ours, limit=READ_AHEAD_BYTES)
                with closing(writer):
                    send(writer, self._begin)
                    await self._hear(reader, writer, spend)
            finally:
                self._writer = self._process = None
                self._give_up_waiting()
                await _ended(process)

    async def _hear(self, reader: StreamReader, writer: StreamWriter, spend: SpendOf) -> None:
        while True:
            match await receive(reader):
                case Ready():
                    self._writer, self._pause = writer, BEGIN_AGAIN_SECONDS
                    self._log.info("is open")
                case Heard(id):
                    self._unheard.discard(id)
                case Spent(caller, seconds):
                    spend(caller, seconds)
                case Done(id, result):
                    self._settle(self._waiting.pop(id), result)
                case Rung(bell, rung):
                    self._ring(bell, rung)
                case TurnWish(id):
                    self._turns[id] = asyncio.create_task(self._give_turn(writer, id), name="turn of the slow lane")
                case TurnOver(id):
                    self._turns.pop(id).cancel()

    def _ring(self, bell: Bell, rung: Mapping[UUID, int]) -> None:
        """Tell those who watch, as after a commit of our own."""
        assert self._books is not None, "Only who has books rings their bells."
        if bell is Bell.LEDGER:
            self._books.doorbell(rung)
        elif bell is Bell.ALERTS:
            self._books.alert_bell(rung)
        elif self._books.outbox is not None:
            self._books.outbox()

    async def _give_turn(self, writer: StreamWriter, id: int) -> None:
        """Let the process write in its turn, until it says that it is over, or has ended."""
        assert self._books is not None
        assert self._books.writes.turn is not None, "Only where writers wait for each other there is a line."
        async with self._books.writes.turn:
            send(writer, TurnGiven(id))
            await asyncio.sleep(LONGEST_TURN_SECONDS)
        self._end("keeps others from writing")

    def _settle(self, answer: Future[Outlined | Answer], result: Outlined | Answer | Exception | None) -> None:
        if answer.done():
            return  # Nobody waits for it.
        if isinstance(result, Exception):
            answer.set_exception(result)
        elif result is None:
            answer.set_exception(LaneEnded())
        else:
            answer.set_result(result)

    def _give_up_waiting(self) -> None:
        for turn in self._turns.values():
            turn.cancel()
        self._turns.clear()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(LaneEnded())
        self._waiting.clear()
        self._unheard.clear()


def _started(connection: socket) -> Process:
    """The process, with a connection to us and nothing else of ours."""
    number = connection.fileno()
    # Not by the loop: uvloop's children inherit more, among it the socket on which a worker listens.
    return subprocess.Popen(
        (sys.executable, "-P", "-m", "server.slow_lane", str(number)),
        pass_fds=[number],
        stdin=subprocess.DEVNULL,
        # What we find it finds too.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        # It is told of the end by its connection, so a terminal's interrupt is not for it.
        start_new_session=True,
    )


async def _ended(process: Process) -> None:
    """Wait for its end; it has been told, and has little time."""
    ended = asyncio.ensure_future(asyncio.to_thread(process.wait))
    try:
        await asyncio.wait([ended], timeout=END_SECONDS)
    finally:
        if not ended.done():
            process.kill()
            await ended
