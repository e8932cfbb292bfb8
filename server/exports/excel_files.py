"""Lines of usage as an Excel workbook, one row in memory at a time: typed cells, and more sheets where one is full."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from models.rules.amounts import in_credits
from models.rules.export_lines import COLUMNS, Cell, Kind, Line

MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_576
"""Of one sheet, its header among them."""

EXACT_DIGITS = 15
"""A number of Excel's keeps no more: longer amounts are written as text."""

_MOST_EXACT = 10**EXACT_DIGITS
_DAY_ZERO = date(1899, 12, 30).toordinal()  # Excel's count of days; right from March 1900 on.
_FIRST_DAY = date(1900, 3, 1)
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_PLACES = [(xl_col_to_name(place), column.kind) for place, column in enumerate(COLUMNS)]


class PlainSheet(Worksheet):  # type: ignore[misc]
    """A sheet whose lines go straight into the file that its rows wait in.

    That is several times as fast as cell by cell, and text is nothing but text: the library itself takes what begins
    with <r> and ends with </r> for markup of its own making, and leaves it unescaped.
    """

    def write_line(self, row: int, cells: str) -> None:
        """Write a row, counted from 1, below all that were written so far."""
        if self.previous_row < row:
            self._write_single_row(row)  # The header, which is still in memory.
        self.fh.write(f'<row r="{row}">{cells}</row>')

    def end(self, rows: int, columns: int) -> None:
        """Let the library know how far the lines went."""
        self._check_dimensions(rows - 1, columns - 1)

    def as_text(self, text: str) -> str:
        escaped = self._escape_data(self._escape_control_characters(text))
        return f'<is><t xml:space="preserve">{escaped}</t></is>'


class Look:
    """How the cells of one kind of row are written."""

    def __init__(self, book: Workbook, *, bold: bool) -> None:
        def style(**more: Any) -> str:
            format = book.add_format({"bold": bold, "top": 1 if bold else 0, **more})
            return f' s="{format._get_xf_index()}"'

        self._day, self._count = style(num_format="yyyy-mm-dd"), style(num_format="#,##0")
        self._credits, self._text = style(num_format="#,##0.000000"), style(num_format="@")
        self._long_number = style(num_format="@", align="right")

    def cell(self, kind: Kind, cell: Cell, as_text: Callable[[str], str]) -> str:
        """What follows a cell's place, to the end of its content."""
        if isinstance(cell, int):
            if kind is Kind.COUNT:
                return f"{self._count}><v>{cell}</v>"
            if abs(cell) < _MOST_EXACT:
                return f"{self._credits}><v>{in_credits(cell)}</v>"
            return f'{self._long_number} t="inlineStr">{as_text(in_credits(cell))}'
        if isinstance(cell, date) and cell >= _FIRST_DAY:
            return f"{self._day}><v>{cell.toordinal() - _DAY_ZERO}</v>"
        return f'{self._text} t="inlineStr">{as_text(str(cell))}'


class Output:
    """A file to write to until it is stopped: then the next write fails. Once it is over, all goes nowhere.

    A workbook that was given up holds on to its output, and writes to it again when it is cleared away.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.is_stopped = False
        self.is_over = False

    def write(self, data: bytes) -> int:
        if self.is_over:
            return len(data)
        if self.is_stopped:
            self.is_over = True
            raise OSError("Nobody waits for this file any more.")
        return self._file.write(data)

    def tell(self) -> int:
        return 0 if self.is_over else self._file.tell()

    def seek(self, place: int, whence: int = 0) -> int:
        return 0 if self.is_over else self._file.seek(place, whence)

    def flush(self) -> None:
        if not self.is_over:
            self._file.flush()


class ExcelFile:
    """Writes one workbook. Its rows wait in a temporary file in `folder`; `finish` puts it all together."""

    def __init__(self, file: IO[bytes], folder: Path, most_rows: int = MOST_ROWS) -> None:
        options = {"constant_memory": True, "tmpdir": str(folder), **_OPTIONS}
        self._output = Output(file)
        self._book = Workbook(self._output, options)
        self._book.use_zip64()
        self._most_rows = most_rows
        self._look, self._bold = Look(self._book, bold=False), Look(self._book, bold=True)
        self._header = self._book.add_format({"bold": True, "bottom": 1})
        self._sheets = 0
        self._start_sheet()
        self._as_text = lru_cache(maxsize=10_000)(self._sheet.as_text)

    def add(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self._write(line, self._look)

    def finish(self, totals: Line) -> None:
        """Write the totals below the lines, and the workbook into its file."""
        self._write(totals, self._bold)
        self._end_sheet(self._rows - 1)
        try:
            self._book.close()
        except FileCreateError as error:
            # It stands for the error of the file system that is its one argument.
            raise error.args[0] from None

    def stop(self) -> None:
        """Let `finish`, which may be under way in another thread, fail soon."""
        self._output.is_stopped = True

    def close(self) -> None:
        """Let go of the temporary files, whether the workbook was finished or not."""
        self._output.is_over = True
        for sheet in self._book.worksheets():
            sheet._opt_close()

    def _start_sheet(self) -> None:
        self._sheets += 1
        name = "Usage" if self._sheets == 1 else f"Usage {self._sheets}"
        self._sheet = self._book.add_worksheet(name, PlainSheet)
        for place, column in enumerate(COLUMNS):
            self._sheet.set_column(place, place, column.width)
            self._sheet.write_string(0, place, column.name, self._header)
        self._sheet.freeze_panes(1, 0)
        self._rows = 1

    def _end_sheet(self, last_line: int) -> None:
        """`last_line`: the last row that is no header and no totals."""
        self._sheet.end(self._rows, len(COLUMNS))
        self._sheet.autofilter(0, 0, max(last_line, 2) - 1, len(COLUMNS) - 1)

    def _write(self, line: Line, look: Look) -> None:
        if self._rows == self._most_rows:
            self._end_sheet(self._rows)
            self._start_sheet()
        self._rows += 1
        row, as_text = self._rows, self._as_text
        cells = [
            f'<c r="{letter}{row}"{look.cell(kind, cell, as_text)}</c>'
            for (letter, kind), cell in zip(_PLACES, line, strict=True)
            if cell is not None and cell != ""
        ]
        self._sheet.write_line(row, "".join(cells))
