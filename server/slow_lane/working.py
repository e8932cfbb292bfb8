"""The process's end of the slow lane: takes the server's wishes, and does them."""

import asyncio
import os
import select
import time
from asyncio import StreamReader, StreamWriter
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from socket import socket
from threading import Thread

import structlog

from server.answers import Answer, RequestErrors
from server.asked import Asked, Unread
from server.collecting import ALL, OFTEN, calm_collector, collecting
from server.documents import Read, Spend
from server.engine import Engine
from server.errors import BadRequest, masked
from server.logs import start_logging
from server.rates import Caller
from server.settings import Settings
from server.slow_lane.link import Link
from server.slow_lane.messages import (
    Begin,
    Cancel,
    Done,
    Heard,
    Outlined,
    OutlineWish,
    Ready,
    RunWish,
    Spent,
    TurnGiven,
    Wish,
    receive,
    send,
)

END_SECONDS = 3.0
MOST_SEEN = 10_000

Serving = Callable[[Settings, Link], AbstractAsyncContextManager[Engine]]
"""Opens what reads and runs operations by the settings, and closes it."""


async def work(connection: socket) -> None:
    """Serve the other end of a connection until it is closed."""
    Thread(target=_end_with_server, args=(connection.fileno(),), daemon=True).start()
    reader, writer = await asyncio.open_unix_connection(sock=connection)
    begin = await receive(reader)
    assert isinstance(begin, Begin)
    start_logging(begin.settings)
    link = Link(writer)
    async with factory_of(begin.factory)(begin.settings, link) as engine, collecting(ALL):
        calm_collector(OFTEN)
        worker = Worker(engine, writer, link)
        send(writer, Ready())
        try:
            await worker.take_all(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The server has ended, or needs us no more.
        finally:
            link.turn.end()
            await worker.close()


class SharedTime:
    """The processor's time of this thread, in equal parts for all that is under way at a moment."""

    def __init__(self) -> None:
        self._under_way = 0
        self._at = self._each = 0.0

    @contextmanager
    def taken(self, tell: Spend) -> Iterator[None]:
        """Tells at the end what one had of it, however it ends."""
        self._go_on()
        self._under_way += 1
        before = self._each
        try:
            yield
        finally:
            self._go_on()
            self._under_way -= 1
            tell(self._each - before)

    def _go_on(self) -> None:
        now = time.thread_time()
        if self._under_way:
            self._each += (now - self._at) / self._under_way
        self._at = now


def _count_nothing(_seconds: float) -> None:
    pass


def _end_with_server(connection: int) -> None:
    """End once the other end of the connection is gone, even if the loop is too busy to notice."""
    waiting = select.poll()
    waiting.register(connection, 0)
    waiting.poll()
    time.sleep(END_SECONDS)
    os._exit(1)


def factory_of(name: str) -> Serving:
    module, _, function = name.partition(":")
    factory: Serving = getattr(import_module(module), function)
    return factory


class Worker:
    """Does the wishes of one server, several at once."""

    def __init__(self, engine: Engine, writer: StreamWriter, link: Link) -> None:
        self._engine, self._writer, self._link = engine, writer, link
        self._time = SharedTime()
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._under_way: dict[int, asyncio.Task[None]] = {}

    async def take_all(self, reader: StreamReader) -> None:
        while True:
            match await receive(reader):
                case Wish(id, wish):
                    self._under_way[id] = asyncio.create_task(self._answer(id, wish), name="wish")
                    # Cancelled before it has begun it would never be answered.
                    await asyncio.sleep(0)
                case Cancel(id):
                    send(self._writer, Heard(id))
                    if (task := self._under_way.get(id)) is not None:
                        task.cancel()
                case TurnGiven() as given:
                    self._link.turn.give(given)

    async def close(self) -> None:
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, id: int, wish: OutlineWish | RunWish) -> None:
        result: Outlined | Answer | RequestErrors | BadRequest | None = None
        try:
            result = await (self._outline(wish) if isinstance(wish, OutlineWish) else self._run(wish))
        except (RequestErrors, BadRequest) as refused:
            # With its traceback it would hold what was asked until the collector comes.
            result = refused.with_traceback(None)
        except Exception as error:  # Our slip: the client is told no more than its number in the log.
            result = RequestErrors([masked(error)], 500)
        finally:
            del self._under_way[id]
            send(self._writer, Done(id, result))

    async def _outline(self, wish: OutlineWish) -> Outlined:
        asked = self._asked(wish.asked)
        read, comes_again = await self._read(asked.query, wish.caller)
        return Outlined(self._engine.outline(read, asked), comes_again)

    async def _run(self, wish: RunWish) -> Answer:
        structlog.contextvars.bind_contextvars(request_id=wish.request.request_id)
        caller, asked = wish.operation.caller, self._asked(wish.operation.asked)
        (document, _), _ = await self._read(asked.query, caller)
        operation = replace(wish.operation, asked=asked, document=document)
        with self._time.taken(lambda seconds: self._tell_spent(caller, max(seconds - operation.paid, 0))):
            # What a statement of SQLite takes is not seen by the engine, which counts for itself elsewhere.
            return await self._engine.run(operation, wish.viewer, wish.request, _count_nothing)

    def _asked(self, asked: Asked | Unread) -> Asked:
        return asked if isinstance(asked, Asked) else self._engine.resolved(asked.read())

    async def _read(self, text: str, caller: Caller) -> tuple[Read, bool]:
        """A document, and whether it comes again."""
        if (kept := self._engine.kept(text)) is not None:
            return kept, True
        read = await self._engine.read(text, self._spend(caller))
        self._engine.keep(text, read)
        return read, self._has_come(text)

    def _has_come(self, text: str) -> bool:
        """Whether a document has come before, kept or not. From now on it has."""
        mark = hash(text)
        comes_again = mark in self._seen
        self._seen[mark] = None
        if len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)
        return comes_again

    def _spend(self, caller: Caller) -> Spend:
        return partial(self._tell_spent, caller)

    def _tell_spent(self, caller: Caller, seconds: float) -> None:
        send(self._writer, Spent(caller, seconds))
