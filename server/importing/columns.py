"""Which column of a file is which field: as it was said, or where a column is named as a field is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from server.importing.files import Cell, CsvFile, Getter, RowFile, opened, paths_of
from server.importing.kinds import Shape, camel, snake

MOST_LISTED = 60
ROWS_LISTED = 1_000


class BadMapping(Exception):
    """Fields or columns that there are not, or that nothing was said of. The message lists what there is."""


@dataclass(frozen=True)
class Wishes:
    """What was said of a file: columns by field, constants by field, and what the rows to take have in a column."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, str] = field(default_factory=dict)


class Columns:
    """Finds each field of a kind in the rows of one open file."""

    def __init__(self, rows: RowFile, shape: Shape, wishes: Wishes, never: Collection[str] = ()) -> None:
        self.constants = {_known(name, shape): value for name, value in wishes.constants.items()}
        self._only = [(_getter(rows, column), value) for column, value in wishes.only.items()]
        columns = {_known(name, shape): column for name, column in wishes.columns.items()}
        self._getters = {name: _getter(rows, column) for name, column in columns.items()}
        for name in shape.fields:
            if name in self._getters or name in self.constants or name in never:
                continue
            if getter := _by_name(rows, name):
                self._getters[name] = getter
        self.fields: Mapping[str, str] = dict.fromkeys((*self.constants, *self._getters), "") | columns
        """The fields that something says, with the columns that they were mapped to; "" where they were not."""
        _check_needs(rows, shape, self.fields)

    def takes(self, cells: Any) -> bool:
        return all(get(cells) == value for get, value in self._only)

    def of(self, cells: Any) -> dict[str, Cell]:
        """What a row says, by field; a constant stands where its column is empty."""
        said: dict[str, Cell] = dict(self.constants)
        for name, get in self._getters.items():
            if cell := get(cells):
                said[name] = cell
        return said


def check_columns(path: Path, suffix: str | None, wishes: Wishes) -> None:
    """Refuse columns that no row has, where only the rows can tell: in JSON, each has its own."""
    missing = {*wishes.columns.values(), *wishes.only}
    found: dict[str, None] = {}
    with opened(path, suffix) as rows:
        if isinstance(rows, CsvFile):
            return
        for row in rows:
            if not missing:
                return
            if not row.fault:
                paths = dict.fromkeys(paths_of(row.cells))
                if row.line <= ROWS_LISTED:
                    found |= paths
                missing = {column for column in missing if not _getter(rows, column)(row.cells)}
    if missing:
        raise BadMapping(_no_column(min(missing), found))


def never_there(path: Path, suffix: str | None, shape: Shape) -> Collection[str]:
    """Of the fields without which rows are read otherwise, those that no row has: in JSON only the rows can tell."""
    missing = set(shape.telling)
    with opened(path, suffix) as rows:
        if isinstance(rows, CsvFile):
            return ()
        for row in rows:
            if not missing:
                break
            if not row.fault:
                missing = {name for name in missing if row.cells.keys().isdisjoint((name, snake(name)))}
    return missing


def _known(name: str, shape: Shape) -> str:
    known = camel(name)
    if known in shape.fields:
        return known
    raise BadMapping(f"There is no field {name!r}.{_meant(known, shape.fields)} The fields: {', '.join(shape.fields)}.")


def _getter(rows: RowFile, column: str) -> Getter:
    getter = rows.getter(column)
    if getter is None:
        assert isinstance(rows, CsvFile)
        raise BadMapping(_no_column(column, rows.columns))
    return getter


def _by_name(rows: RowFile, name: str) -> Getter | None:
    getters = [getter for known in (name, snake(name)) if (getter := rows.getter(known))]
    if len(getters) == 2 and isinstance(rows, CsvFile) and name != snake(name):
        raise BadMapping(f"The file has a column {name!r} and a column {snake(name)!r}: say which with --map.")
    if len(getters) < 2:
        return getters[0] if getters else None
    first, second = getters
    return lambda cells: first(cells) or second(cells)


def _check_needs(rows: RowFile, shape: Shape, fields: Collection[str]) -> None:
    for needed in shape.needs:
        if not any(name in fields for name in needed):
            listed = f" {_listed(rows.columns)}" if isinstance(rows, CsvFile) else ""
            name = needed[0]
            raise BadMapping(
                f"Nothing says {' or '.join(needed)}: add --map {name}=COLUMN or --set {name}=VALUE.{listed}"
            )


def _no_column(column: str, columns: Iterable[str]) -> str:
    known = list(columns)
    return f"There is no column {column!r}.{_meant(column, known)} {_listed(known)}"


def _listed(columns: Sequence[str]) -> str:
    more = len(columns) - MOST_LISTED
    shown = ", ".join(islice(columns, MOST_LISTED))
    return f"The file's columns: {shown}{f', and {more} more' if more > 0 else ''}."


def _meant(name: str, names: Sequence[str]) -> str:
    close = get_close_matches(name, names, n=1)
    return f" Is it {close[0]!r}?" if close else ""
