"""Processes that do a deed each and may be killed at it.

They start quickly: what they need is imported, and their statements are compiled, before they part from one another.
Run as `python -m tests.actions.mortals` it is the process that they part from: it reads what to do line by line.
"""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from models.sessions import Rows, Session, Sessions, SqliteWriter
from models.unit_of_work import Books
from server.database import open_books
from tests.actions.deeds import DEEDS, Scene

ROOT = Path(__file__).resolve().parents[2]
BEFORE_COMMIT = "before commit"
READY = b"."
Death = int | str | None
"""Before which of its writes a process dies, counted from 0, after its commit at the latest; None where it lives."""


class Mortals:
    """Forks processes on demand."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.actions.mortals"]
        self._parent = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def do(self, database_url: str, deed: str, scene: Scene, death: Death = None) -> tuple[bool, str]:
        """Let one process do a deed; whether it was killed, and what it had to say until then."""
        ((status, said),) = self._ask(database_url, deed, scene, death, 1)
        assert status in (0, -signal.SIGKILL), said
        return status != 0, said

    def do_together(self, database_url: str, deed: str, scene: Scene, count: int) -> list[str]:
        """Let many processes do the same at the same time; what each had to say."""
        done = self._ask(database_url, deed, scene, None, count)
        assert [status for status, _ in done] == [0] * count, done
        return [said for _, said in done]

    def _ask(self, database_url: str, deed: str, scene: Scene, death: Death, count: int) -> list[tuple[int, str]]:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        case = {"url": database_url, "deed": deed, "scene": scene.as_text(), "death": death, "count": count}
        self._parent.stdin.write(json.dumps(case) + "\n")
        self._parent.stdin.flush()
        return [(status, said) for status, said in json.loads(self._parent.stdout.readline())]

    def stop(self) -> None:
        self._parent.communicate(timeout=20)


# ---------------------------------------------------------------- in the processes


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class MortalSessions:
    """Sessions whose process dies at one of their statements."""

    turn = None

    def __init__(self, sessions: Sessions, death: Death) -> None:
        self._sessions, self.death, self.made = sessions, death, 0

    @asynccontextmanager
    async def open(self, *, long: bool = False) -> AsyncIterator[Any]:
        async with self._sessions.open(long=long) as session:
            yield MortalSession(session, self)
            if self.death == BEFORE_COMMIT:
                _die()
        if self.death is not None:
            _die()

    async def close(self) -> None:
        await self._sessions.close()


class MortalSession:
    def __init__(self, session: Session, mortal: MortalSessions) -> None:
        self._session, self._mortal, self.dialect = session, mortal, session.dialect

    async def rows(self, statement: Any, values: Any) -> Rows:
        # Whoever only reads leaves nothing: to die before it is to die before what is written next.
        if statement.is_dml or not statement.is_select:
            self._live_or_die()
        return await self._session.rows(statement, values)

    def __getattr__(self, name: str) -> Any:
        self._live_or_die()
        return getattr(self._session, name)

    def _live_or_die(self) -> None:
        if self._mortal.made == self._mortal.death:
            _die()
        self._mortal.made += 1


class NotNow(Exception):
    """Ends a rehearsal."""


@cache
def _books_at(url: str) -> Books:
    return open_books(url, writers=1, readers=1)


@cache
def _rehearsed(url: str, deed: str, scene: str) -> Books:
    """Books in which a deed was done once, and taken back. They have nothing open; the statements stay compiled."""
    books = _fresh(_books_at(url))
    asyncio.run(_rehearse(books, deed, Scene.of_text(json.loads(scene))))
    return books


async def _rehearse(books: Books, deed: str, scene: Scene) -> None:
    books.clock, books.outbox = lambda: scene.now, lambda: None
    with suppress(NotNow):
        async with books.work() as work:
            await DEEDS[deed](work, scene)
            raise NotNow
    await books.close()


def _books_for(case: dict[str, Any]) -> Books:
    return _fresh(_rehearsed(case["url"], case["deed"], json.dumps(case["scene"])))


def _fresh(books: Books) -> Books:
    """The same books after they were closed."""
    if isinstance(books.writes, SqliteWriter):
        # Its thread ended when it was closed.
        books.writes = SqliteWriter(books.writes._engine)
    return books


async def _do(books: Books, case: dict[str, Any], says: int, starts: int) -> None:
    scene = Scene.of_text(case["scene"])
    if case["count"] > 1:
        # All are connected when they begin.
        async with books.writes.open():
            pass
    os.write(says, READY)
    os.read(starts, 1)
    books.writes = MortalSessions(books.writes, case["death"])
    async with books.work() as work:
        os.write(says, repr(await DEEDS[case["deed"]](work, scene)).encode())
    await books.close()


def _forked(case: dict[str, Any], starts: tuple[int, int]) -> tuple[int, int]:
    """A new process that does a deed, and where to read what it says."""
    books = _books_for(case)
    hears, says = os.pipe()
    process = os.fork()
    if process:
        os.close(says)
        return process, hears
    status = 1
    try:
        os.close(starts[1])
        asyncio.run(_do(books, case, says, starts[0]))
        status = 0
    except BaseException as error:
        os.write(says, f"{error!r}".encode())
    finally:
        os._exit(status)


def _status_of(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main() -> None:
    # Forked processes end before there is anything to collect, and share all memory until then.
    gc.disable()
    for line in sys.stdin:
        case = json.loads(line)
        starts = os.pipe()
        forked = [_forked(case, starts) for _ in range(case["count"])]
        for _, hears in forked:
            os.read(hears, len(READY))
        # They wait for a byte, and go on when nobody can send one any more.
        os.close(starts[1])
        done = []
        for process, hears in forked:
            with os.fdopen(hears) as said:
                done.append((said.read(), _status_of(process)))
        os.close(starts[0])
        print(json.dumps([(status, said) for said, status in done]), flush=True)


if __name__ == "__main__":
    main()
