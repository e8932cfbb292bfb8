"""Statements that are made once and asked often, on SQLite.

SQLAlchemy works out for every run of a statement how its values are bound and its rows are read; for a small answer
that takes several times as long as SQLite itself. Here it is worked out once for each statement that is seen again:
the text, the order of its values, and how each column is read. What this does not cover goes the ordinary way.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Executable, Row, Select
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler

Rows = Sequence[Row[Any]]

_MISSING = object()


class _Value(NamedTuple):
    """One value that a statement binds: its name, what it is where none is given, and how it is written."""

    name: str
    default: Any
    write: Callable[[Any], Any] | None


class Prepared:
    """A query as text, with its values in order and readers for its columns."""

    def __init__(self, compiled: SQLCompiler) -> None:
        self._text = str(compiled)
        binds = {compiled.bind_names[bind]: bind for bind in compiled.bind_names}
        assert compiled.positiontup is not None
        self._values = [
            _Value(bind.key, _MISSING if bind.required else bind.value, compiled._bind_processors.get(name))  # type: ignore[arg-type]
            for name, bind in ((name, binds[name]) for name in compiled.positiontup)
        ]
        columns = compiled._result_columns
        self._read = [column.type._cached_result_processor(compiled.dialect, None) for column in columns]
        self._names = SimpleResultMetaData([column.keyname for column in columns])

    def rows(self, driver: Any, values: Mapping[str, Any] | None) -> Rows:
        given = values or {}
        bound = []
        for name, default, write in self._values:
            value = given.get(name, default)
            if value is _MISSING:
                raise KeyError(f"The statement needs a value for {name}.")
            bound.append(value if write is None else write(value))
        if not driver.in_transaction:
            driver.execute("BEGIN")
        names, read, places = self._names, self._read, self._names._key_to_index
        return [Row(names, read, places, row) for row in driver.execute(self._text, bound).fetchall()]


# Statements that were seen once are counted; those that come again are prepared, or known not to be for it (None).
_SEEN: WeakKeyDictionary[Executable, Prepared | int | None] = WeakKeyDictionary()


def rows_of(connection: Connection, statement: Executable, values: Mapping[str, Any] | None) -> Rows:
    """The rows of a query, in the quickest way that there is for it."""
    prepared = _SEEN.get(statement, 0)
    if prepared == 0:
        _SEEN[statement] = 1
    elif prepared == 1:
        prepared = _SEEN[statement] = _prepare(statement, connection.dialect)
    if isinstance(prepared, Prepared):
        return prepared.rows(connection.connection.driver_connection, values)
    return connection.execute(statement, values).all()


def _prepare(statement: Executable, dialect: Dialect) -> Prepared | None:
    if not isinstance(statement, Select):
        return None
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    # Lists of values become more or fewer marks in the text with every run.
    if compiled.post_compile_params or compiled.literal_execute_params or not compiled._ordered_columns:
        return None
    return Prepared(compiled)
