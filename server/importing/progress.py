"""Tells on standard error how far an import is: a bar for people at a terminal, a line now and then for a log."""

from time import monotonic
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from server.importing.report import Tally

SECONDS_BETWEEN_LINES = 5


class Teller(Protocol):
    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...

    def tell(self, tally: Tally, bytes_read: int) -> None: ...


class Bar:
    def __init__(self, console: Console, name: str, bytes: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, TextColumn("{task.fields[counts]}"), console=console)
        self._task = self._progress.add_task(name, total=bytes, counts="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def tell(self, tally: Tally, bytes_read: int) -> None:
        self._progress.update(self._task, completed=bytes_read, counts=tally.counts)


class Lines:
    def __init__(self, console: Console, bytes: int) -> None:
        self._console, self._bytes = console, bytes
        self._next = monotonic() + SECONDS_BETWEEN_LINES

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def tell(self, tally: Tally, bytes_read: int) -> None:
        if monotonic() < self._next:
            return
        self._next = monotonic() + SECONDS_BETWEEN_LINES
        percent = 100 * bytes_read // max(self._bytes, 1)
        self._console.print(f"{percent} % of the file: {tally.counts}", markup=False, highlight=False, soft_wrap=True)


def teller(name: str, bytes: int) -> Teller:
    console = Console(stderr=True)
    return Bar(console, name, bytes) if console.is_terminal else Lines(console, bytes)
