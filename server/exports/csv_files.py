"""Lines of usage as CSV: RFC 4180, UTF-8 with a byte order mark, without which Excel takes it for another encoding."""

import csv
from codecs import BOM_UTF8
from collections.abc import Iterable
from datetime import date
from io import StringIO
from typing import Any

from models.rules.amounts import in_credits
from models.rules.export_lines import COLUMNS, HEADER, Kind, Line, harmless

MEDIA = "text/csv; charset=utf-8; header=present"

_TEXTS = [place for place, column in enumerate(COLUMNS) if column.kind is Kind.TEXT]
_CREDITS = [place for place, column in enumerate(COLUMNS) if column.kind is Kind.CREDITS]


class CsvFile:
    """Makes the bytes of one file, a piece at a time."""

    def __init__(self) -> None:
        self._text = StringIO(newline="")
        self._writer = csv.writer(self._text, dialect="excel")

    def header(self) -> bytes:
        self._writer.writerow(HEADER)
        return BOM_UTF8 + self._taken()

    def lines(self, lines: Iterable[Line]) -> bytes:
        self._writer.writerows(map(_written, lines))
        return self._taken()

    def _taken(self) -> bytes:
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text.encode()


def _written(line: Line) -> list[Any]:
    cells: list[Any] = list(line)
    if isinstance(cells[0], date):
        cells[0] = cells[0].isoformat()
    for place in _TEXTS:
        cells[place] = harmless(cells[place]) if cells[place] else ""
    for place in _CREDITS:
        cells[place] = in_credits(cells[place])
    return cells
