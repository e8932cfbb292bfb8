"""The few statements that the two databases want in different words. No other module names a database."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Executable, String, Table, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from models.tables.base import REPLACED

POSTGRESQL = "postgresql"

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
