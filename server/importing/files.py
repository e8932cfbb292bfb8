"""Rows of a file, one after the other: CSV with a header, or JSON Lines. Only one row is held at a time.

Bytes that are not UTF-8 do not end the reading: they are kept as they are, and refused where a field needs them.
"""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

LONGEST_CELL = 1_000_000
LONGEST_LINE = 16_000_000
LINE_COLUMN, REASON_COLUMN = "refused_line", "refused_reason"
"""What the file of refused rows has before the columns of the input; they are not part of a row's content."""

Cell = str | list[Any] | dict[str, Any]
"""What a row holds at a column. Numbers stay as they are written; what is null or missing is empty text."""

Getter = Callable[[Any], Cell]
"""Takes a column's cell out of a row's cells."""


class BadFile(Exception):
    """A file that cannot be read as what it is said to be. The message is for whoever named it."""


class Row(NamedTuple):
    line: int
    """Where it begins, from 1 on."""
    cells: Any
    text: str
    """As it stands in the file, with its line ends."""
    fault: str = ""
    """Why it is no row, where it is none; it has no cells then."""


class Lines:
    """The lines of a text file with their numbers, and those that were read since the last look."""

    def __init__(self, file: BinaryIO) -> None:
        self._text = io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
        self.number = 0
        self.read: list[str] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == LONGEST_LINE:
            raise BadFile(f"Line {self.number} is longer than {LONGEST_LINE} characters.")
        self.read.append(line)
        return line


class RowFile(ABC):
    """An open file of rows. To be read once."""

    suffix: str

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open(path, "rb")  # noqa: SIM115 - closed by __exit__
        try:
            self.bytes = path.stat().st_size
            if self._file.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise BadFile("The file is UTF-16: save it as UTF-8.")
            self.lines = Lines(self._file)
            self._begin()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    @property
    def bytes_read(self) -> int:
        return self._file.tell()

    @abstractmethod
    def __iter__(self) -> Iterator[Row]: ...

    @abstractmethod
    def getter(self, column: str) -> Getter | None:
        """How to take a column out of a row's cells; None where it is known that there is no such column."""

    @abstractmethod
    def content(self, cells: Any) -> str:
        """What a row says: the same for equal rows, however they are quoted and whatever the order of columns."""

    @property
    @abstractmethod
    def refused_header(self) -> str: ...

    @abstractmethod
    def refused(self, row: Row, reason: str) -> str:
        """A row as it goes into the file of refused rows."""

    def _begin(self) -> None:  # noqa: B027 - only CSV has something to do here
        """Read what comes before the rows."""


class CsvFile(RowFile):
    suffix = ".csv"

    def _begin(self) -> None:
        csv.field_size_limit(LONGEST_CELL)
        self._rows = csv.reader(self.lines, strict=True)
        try:
            self.columns = [name.strip() for name in next(self._rows)]
        except StopIteration:
            raise BadFile("The file is empty: it has no header.") from None
        except csv.Error as error:
            raise BadFile(f"The file has no header of CSV: {error}.") from None
        self._header = "".join(self.lines.read)
        own = (at for at, name in enumerate(self.columns) if name not in (LINE_COLUMN, REASON_COLUMN))
        self._content_order = sorted(own, key=self.columns.__getitem__)

    def __iter__(self) -> Iterator[Row]:
        while True:
            line = self.lines.number + 1
            self.lines.read.clear()
            try:
                cells = next(self._rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line, None, "".join(self.lines.read), f"This is no row of CSV: {error}.")
                continue
            if any(cells):
                yield Row(line, cells, "".join(self.lines.read), self._fault(cells))

    def _fault(self, cells: Sequence[str]) -> str:
        if len(cells) == len(self.columns):
            return ""
        return f"The row has {len(cells)} values, the header {len(self.columns)} columns."

    def getter(self, column: str) -> Getter | None:
        places = [at for at, name in enumerate(self.columns) if name == column]
        if len(places) > 1:
            raise BadFile(f"The file has {len(places)} columns that are named {column!r}.")
        if not places:
            return None
        (at,) = places
        return lambda cells: str(cells[at].strip())

    def content(self, cells: Any) -> str:
        return json.dumps([(self.columns[at], cells[at]) for at in self._content_order if cells[at]])

    @property
    def refused_header(self) -> str:
        return f"{LINE_COLUMN},{REASON_COLUMN},{_ended(self._header)}"

    def refused(self, row: Row, reason: str) -> str:
        quoted = reason.replace('"', '""')
        return f'{row.line},"{quoted}",{_ended(row.text)}'


class JsonLinesFile(RowFile):
    suffix = ".jsonl"

    def __iter__(self) -> Iterator[Row]:
        for text in self.lines:
            self.lines.read.clear()
            if text.isspace():
                continue
            try:
                cells = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
            except (ValueError, RecursionError):
                yield Row(self.lines.number, None, text, "This is no JSON.")
                continue
            fault = "" if isinstance(cells, dict) else "This is no JSON object."
            yield Row(self.lines.number, cells, text, fault)

    def getter(self, column: str) -> Getter:
        path = column.split(".")

        def get(cells: Any) -> Cell:
            found = cells.get(column)
            if found is None and len(path) > 1:
                found = _descend(cells, path)
            return _as_cell(found)

        return get

    def content(self, cells: Any) -> str:
        own = {name: value for name, value in cells.items() if name not in (LINE_COLUMN, REASON_COLUMN)}
        return json.dumps(own, sort_keys=True)

    @property
    def refused_header(self) -> str:
        return ""

    def refused(self, row: Row, reason: str) -> str:
        first = f'{{"{LINE_COLUMN}": {row.line}, "{REASON_COLUMN}": {json.dumps(reason)}'
        if not isinstance(row.cells, dict):
            return f'{first}, "text": {json.dumps(row.text)}}}\n'
        # The rest as it stands: reading and writing it again could change its numbers.
        rest = row.text.strip().removeprefix("{").lstrip()
        return f"{first}{'' if rest == '}' else ', '}{rest}\n"


def paths_of(cells: Any, prefix: str = "") -> Iterator[str]:
    """Every dotted path that leads to a value of a JSON object."""
    for name, value in cells.items():
        if isinstance(value, dict):
            yield from paths_of(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def opened(path: Path, suffix: str | None = None) -> RowFile:
    """A file of rows, by its suffix or by one that is given instead. Raises BadFile."""
    kind = _FILES[suffix_of(path, suffix)]
    try:
        return kind(path)
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from None


def suffix_of(path: Path, suffix: str | None = None) -> str:
    """What kind of file it is: .csv or .jsonl."""
    known = suffix or path.suffix.lower().replace(".ndjson", ".jsonl")
    if known not in _FILES:
        raise BadFile(f"{path.name} ends neither in .csv nor in .jsonl: say what it is with --format.")
    return known


_FILES: dict[str, type[RowFile]] = {kind.suffix: kind for kind in (CsvFile, JsonLinesFile)}


def _descend(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _as_cell(value: Any) -> Cell:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (dict, list)):
        return value
    return "" if value is None else str(value).lower()


def _ended(line: str) -> str:
    return line if line.endswith(("\n", "\r")) else f"{line}\n"
