"""The server's end of its slow lane: starts the process, asks it, and starts it anew when it ends."""

import asyncio
import os
import sys
from asyncio import Future, StreamReader, StreamWriter
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from itertools import count
from socket import socket, socketpair

import structlog

from models.rules.viewers import Viewer
from server.answers import Answer, RequestErrors
from server.asked import Asked
from server.engine import Operation, Outline, RequestInfo
from server.rates import Caller
from server.settings import Settings
from server.slow_lane.messages import (
    Begin,
    Cancel,
    Done,
    Outlined,
    OutlineWish,
    Ready,
    RunWish,
    Spent,
    Wish,
    receive,
    send,
)

BEGIN_AGAIN_SECONDS = 1.0
END_SECONDS = 2.0
HANGS_AFTER_SECONDS = 5.0
"""A wish that nobody waits for any more is given up at once; a process that does not even do that is ended."""
READ_AHEAD_BYTES = 1_000_000

SpendOf = Callable[[Caller, float], None]
"""Told the seconds of a processor that a caller took beyond its points."""

log = structlog.get_logger(source="slow lane")


class LaneEnded(Exception):
    """There is no process that could answer, or it has ended meanwhile."""


class SlowLane:
    """Opened and closed with the server. Until its process is ready, and while there is none, it `is_open` not."""

    def __init__(self, settings: Settings, factory: str) -> None:
        self._begin = Begin(factory, settings)
        self._ids = count(1)
        self._waiting: dict[int, Future[Outlined | Answer]] = {}
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

    async def outline(self, asked: Asked, caller: Caller) -> tuple[Outline, bool]:
        """What a document says, and whether it comes again. Raises RequestErrors and LaneEnded."""
        outlined = await self._ask(OutlineWish(asked, caller))
        assert isinstance(outlined, Outlined)
        return outlined.outline, outlined.comes_again

    async def run(self, operation: Operation, viewer: Viewer, request: RequestInfo) -> Answer:
        """Run a query. Raises LaneEnded."""
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
        answer: Future[Outlined | Answer] = asyncio.get_running_loop().create_future()
        self._waiting[id] = answer
        send(self._writer, Wish(id, wish))
        try:
            return await answer
        except asyncio.CancelledError:
            if id in self._waiting and self._writer is not None:
                send(self._writer, Cancel(id))
                asyncio.get_running_loop().call_later(HANGS_AFTER_SECONDS, self._end_if_it_hangs, id)
            raise

    def _end_if_it_hangs(self, id: int) -> None:
        if id in self._waiting and self._process is not None:
            log.error("does not answer any more", advice="it is ended and begins anew")
            _kill(self._process)

    # ------------------------------------------------------------ the process

    async def _keep(self, spend: SpendOf) -> None:
        """Have a process, and another one after it."""
        while True:
            try:
                await self._have_one(spend)
            except (OSError, asyncio.IncompleteReadError) as error:
                advice = "heavy queries are answered by the server itself until it is back"
                log.warning("has ended", reason=str(error), advice=advice)
            await asyncio.sleep(BEGIN_AGAIN_SECONDS)

    async def _have_one(self, spend: SpendOf) -> None:
        """Start a process, and hear it. Raises OSError or IncompleteReadError when it ends."""
        ours, theirs = socketpair()
        with ours:
            with theirs:
                process = self._process = await _started(theirs)
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
                    self._writer = writer
                    log.info("is open")
                case Spent(caller, seconds):
                    spend(caller, seconds)
                case Done(id, result):
                    self._settle(self._waiting.pop(id), result)

    def _settle(self, answer: Future[Outlined | Answer], result: Outlined | Answer | RequestErrors | None) -> None:
        if answer.done():
            return  # Nobody waits for it.
        if isinstance(result, RequestErrors):
            answer.set_exception(result)
        elif result is None:
            answer.set_exception(LaneEnded())
        else:
            answer.set_result(result)

    def _give_up_waiting(self) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(LaneEnded())
        self._waiting.clear()


async def _started(connection: socket) -> Process:
    """The process, with a connection to us."""
    number = connection.fileno()
    return await create_subprocess_exec(
        *(sys.executable, "-P", "-m", "server.slow_lane", str(number)),
        pass_fds=[number],
        stdin=DEVNULL,
        # What we find it finds too.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        # It is told of the end by its connection, so a terminal's interrupt is not for it.
        start_new_session=True,
    )


async def _ended(process: Process) -> None:
    """Wait for its end; it has been told, and has little time."""
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
    finally:
        if process.returncode is None:
            _kill(process)
            await process.wait()


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):  # It has ended just now.
        process.kill()
