"""A tenant's things by the ids that other systems know them by."""

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select

from models.tables import lookups
from models.tables.base import metadata

assert lookups, "It fills the metadata."


@cache
def named(kind: str) -> Select[Any]:
    """Of :tenant_id, what has one of :ids or of :external_ids, of the table that is named as the kind is."""
    table = metadata.tables[kind]
    return select(table.c.id, table.c.external_id).where(
        table.c.tenant_id == bindparam("tenant_id"),
        or_(
            table.c.id.in_(bindparam("ids", expanding=True)),
            table.c.external_id.in_(bindparam("external_ids", expanding=True)),
        ),
    )
