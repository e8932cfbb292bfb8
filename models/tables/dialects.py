"""The few statements that the two databases want in different words. No other module names a database."""

from collections.abc import Sequence
from functools import cache, reduce
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Dialect,
    Executable,
    Numeric,
    Select,
    String,
    Table,
    TextClause,
    Uuid,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from models.rules.amounts import MICRO
from models.tables.base import REPLACED

POSTGRESQL = "postgresql"
_DIALECTS: dict[str, Dialect] = {POSTGRESQL: postgresql.dialect(paramstyle="named"), "sqlite": sqlite.dialect()}  # type: ignore[no-untyped-call]

_KEYS_ON_SQLITE = text(
    """
    SELECT t.tenant_id, t.kind, t.key, t.digest, t.subject_id
    FROM json_each(:wanted) AS w
    CROSS JOIN taken_key AS t
    WHERE t.tenant_id = json_extract(w.value, '$[0]')
      AND t.kind = json_extract(w.value, '$[1]')
      AND t.key = json_extract(w.value, '$[2]')
    """
).columns(tenant_id=Uuid(), kind=String(), key=String(), subject_id=Uuid())

_KEYS_ON_POSTGRESQL = (
    text(
        """
        SELECT t.tenant_id, t.kind, t.key, t.digest, t.subject_id
        FROM unnest(:tenants, :kinds, :keys) AS w (tenant_id, kind, key)
        CROSS JOIN LATERAL (
            SELECT * FROM taken_key AS k
            WHERE k.tenant_id = w.tenant_id AND k.kind = w.kind AND k.key = w.key LIMIT 1
        ) AS t
        """
    )
    .bindparams(
        bindparam("tenants", type_=ARRAY(Uuid())),
        bindparam("kinds", type_=ARRAY(String())),
        bindparam("keys", type_=ARRAY(String())),
    )
    .columns(tenant_id=Uuid(), kind=String(), key=String(), subject_id=Uuid())
)


def taken_keys(dialect: str, wanted: Sequence[tuple[UUID, str, str]]) -> tuple[Executable, dict[str, Any]]:
    """Which of the (tenant, kind, key) were acted on before. One index look-up for each, whatever their number."""
    if dialect == POSTGRESQL:
        tenants, kinds, keys = (list(column) for column in zip(*wanted, strict=True))
        return _KEYS_ON_POSTGRESQL, {"tenants": tenants, "kinds": [str(kind) for kind in kinds], "keys": keys}
    rows = [[tenant.hex, kind, key] for tenant, kind, key in wanted]
    return _KEYS_ON_SQLITE, {"wanted": orjson.dumps(rows).decode()}


@cache
def insert_text(dialect: str, table: Table) -> str:
    """An insert of whole rows for the driver's executemany."""
    columns = ", ".join(column.name for column in table.columns)
    return f'INSERT INTO "{table.name}" ({columns}) VALUES ({_places(dialect, len(table.columns))})'


@cache
def add_up_text(dialect: str, table: Table) -> str:
    """An insert of whole rows that adds to the row with the same key, where there is one."""
    keys = ", ".join(column.name for column in table.primary_key)
    sums = ", ".join(
        f"{column.name} = excluded.{column.name}"
        if REPLACED in column.info
        else f'{column.name} = "{table.name}".{column.name} + excluded.{column.name}'
        for column in table.columns
        if not column.primary_key
    )
    return f"{insert_text(dialect, table)} ON CONFLICT ({keys}) DO UPDATE SET {sums}"


def stored_id(dialect: str, id: UUID) -> Any:
    """An id as the database holds it."""
    return id if dialect == POSTGRESQL else id.hex


def _places(dialect: str, count: int) -> str:
    if dialect == POSTGRESQL:
        return ", ".join(f"${position}" for position in range(1, count + 1))
    return ", ".join("?" * count)


def through_index(dialect: str, table: Table, index: str) -> TextClause:
    """A table to select from, read through an index of its rows. SQLite would prefer one that has them all."""
    return text(table.name if dialect == POSTGRESQL else f"{table.name} INDEXED BY {index}")


class ThroughIndex(TextClause):
    """The same for statements that are made before it is known which database will run them."""

    inherit_cache = True

    def __init__(self, table: Table, index: str) -> None:
        super().__init__(f"{table.name}{_INDEXED_BY}{index}")


_INDEXED_BY = " INDEXED BY "


@compiles(ThroughIndex)
def _without_index(element: ThroughIndex, _compiler: SQLCompiler, **_: Any) -> str:
    return element.text.partition(_INDEXED_BY)[0]


@compiles(ThroughIndex, "sqlite")
def _with_index(element: ThroughIndex, _compiler: SQLCompiler, **_: Any) -> str:
    return element.text


# ---------------------------------------------------------------- views


def view_texts(dialect: str, name: str, query: Select[Any]) -> tuple[str, ...]:
    """Statements that make a view, or make it anew; on PostgreSQL it stays the same, with what was granted on it."""
    compiled = query.compile(dialect=_DIALECTS[dialect], compile_kwargs={"literal_binds": True})
    if dialect == POSTGRESQL:
        return (f"CREATE OR REPLACE VIEW {name} AS {compiled}",)
    return f"DROP VIEW IF EXISTS {name}", f"CREATE VIEW {name} AS {compiled}"


def shown_id(dialect: str, id: ColumnElement[Any]) -> ColumnElement[Any]:
    """An id as people write it, with hyphens. PostgreSQL shows its own that way, and finds them by their index."""
    if dialect == POSTGRESQL:
        return id
    bare = type_coerce(id, String)
    parts = [func.substr(bare, first, length) for first, length in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))]
    return reduce(lambda text, part: text + "-" + part, parts[1:], parts[0])


def exact_credits(dialect: str, millionths: ColumnElement[int]) -> ColumnElement[Any]:
    """An amount as an exact decimal with six places: a number where there are such numbers, else text."""
    if dialect == POSTGRESQL:
        return cast(cast(millionths, Numeric) * literal_column("0.000001"), Numeric(38, 6))
    sign, size = case((millionths < 0, "-"), else_=""), func.abs(millionths, type_=BigInteger)
    return func.printf("%s%d.%06d", sign, size // MICRO, size % MICRO)
