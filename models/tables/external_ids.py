"""A tenant's things by the ids that other systems know them by."""

from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, Table, and_, bindparam, or_, select

from models.tables import lookups
from models.tables.base import metadata

assert lookups, "It fills the metadata."

TENANT: Table = metadata.tables["tenant"]
INTERVIEW: Table = metadata.tables["interview"]
TAKEN_KEY: Table = metadata.tables["taken_key"]

_RECORDED = frozenset(("call", "message", "transcript", "fact", "document"))
"""The kinds whose external ids are the keys that they were recorded with, and so are unique where keys are kept."""


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


@cache
def with_external_ids(kind: str) -> Select[Any]:
    """Of :tenant_id, the rows with :ids as their external ids, of the table that is named as the kind is."""
    table = metadata.tables[kind]
    names: BindParameter[Any] = bindparam("ids", expanding=True)
    if kind not in _RECORDED:
        return select(*table.c).where(table.c.tenant_id == bindparam("tenant_id"), table.c.external_id.in_(names))
    is_its_own = and_(table.c.tenant_id == TAKEN_KEY.c.tenant_id, table.c.id == TAKEN_KEY.c.subject_id)
    return (
        select(*table.c)
        .join_from(TAKEN_KEY, table, is_its_own)
        .where(TAKEN_KEY.c.tenant_id == bindparam("tenant_id"), TAKEN_KEY.c.kind == kind, TAKEN_KEY.c.key.in_(names))
    )


TENANTS: Select[Any] = select(*TENANT.c).where(TENANT.c.external_id.in_(bindparam("ids", expanding=True)))
"""The tenants with :ids as their external ids."""

INTERVIEWS: Select[Any] = select(*INTERVIEW.c).where(
    INTERVIEW.c.tenant_id == bindparam("tenant_id"),
    INTERVIEW.c.opening_id.in_(bindparam("opening_ids", expanding=True)),
    INTERVIEW.c.candidate.in_(bindparam("candidates", expanding=True)),
)
"""The interviews of :candidates for :opening_ids of :tenant_id, simulations among them."""
