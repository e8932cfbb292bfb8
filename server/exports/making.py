"""Makes a file of usage as its lines are read: CSV as it goes, Excel in one piece at the end.

What takes time runs in threads, a piece at a time, so that the process goes on answering others meanwhile.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import IO, Any, TypeVar

from models.actions.exports import lines_of
from models.rules.export_lines import Totals
from models.rules.exports import ExportFormat, ExportWish
from models.unit_of_work import Books
from server.exports import csv_files, excel_files
from server.exports.csv_files import CsvFile
from server.exports.excel_files import ExcelFile

T = TypeVar("T")
Told = Callable[[int], None]
"""Is told how many lines have been written."""

MEDIA = {ExportFormat.CSV: csv_files.MEDIA, ExportFormat.XLSX: excel_files.MEDIA}


def _tell_nobody(_lines: int) -> None:
    pass


async def csv_of(books: Books, wish: ExportWish, tell: Told = _tell_nobody) -> AsyncGenerator[bytes]:
    """The bytes of a CSV file, as they come about."""
    file, totals = CsvFile(), Totals()
    async with books.reading(long=True) as reader, aclosing(lines_of(reader, wish)) as pieces:
        yield file.header()
        async for lines in pieces:
            yield await in_thread(file.lines, totals.passing(lines))
            tell(totals.lines)
    yield file.lines([totals.line()])


async def write_excel(books: Books, wish: ExportWish, target: IO[bytes], tell: Told = _tell_nobody) -> None:
    """Write an Excel file. Cancelled, it stops soon, and leaves `target` unfinished."""
    totals = Totals()
    with tempfile.TemporaryDirectory(prefix="tallygraph-export-") as folder:
        file = ExcelFile(target, Path(folder))
        try:
            async with books.reading(long=True) as reader, aclosing(lines_of(reader, wish)) as pieces:
                async for lines in pieces:
                    await in_thread(file.add, totals.passing(lines))
                    tell(totals.lines)
            await in_thread(file.finish, totals.line(), on_cancel=file.stop)
        finally:
            file.close()


async def in_thread(function: Callable[..., T], *arguments: Any, on_cancel: Callable[[], None] | None = None) -> T:
    """What a function answers, run in a thread. Cancelled, it is waited for: it works on what others clear away."""
    done = asyncio.get_running_loop().run_in_executor(None, function, *arguments)
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        if on_cancel is not None:
            on_cancel()
        await asyncio.wait([done])
        done.exception()  # Whatever it was, nobody is there to be told.
        raise
