"""Tells on standard error how far a file is: a bar for people at a terminal, a line now and then for a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 5

Tell = Callable[[int], None]
"""Is told how many rows have been written."""


@contextmanager
def progress(console: Console, name: str, rows: int) -> Iterator[Tell]:
    if not console.is_terminal:
        yield _lines(console, rows)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.completed:,} rows"), console=console) as bar:
        task = bar.add_task(name, total=rows)
        yield lambda done: bar.update(task, completed=done)


def _lines(console: Console, rows: int) -> Tell:
    last = monotonic()

    def tell(done: int) -> None:
        nonlocal last
        if monotonic() >= last + SECONDS_BETWEEN_LINES:
            last = monotonic()
            percent = 100 * done // max(rows, 1)
            console.print(f"{percent} %: {done:,} rows", markup=False, highlight=False, soft_wrap=True)

    return tell
