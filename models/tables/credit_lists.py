"""The lists of an account: its grants, its top-ups and its ledger."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Table, bindparam, cast, literal_column, select

from models.tables import credits, tenants
from models.tables.base import metadata
from models.tables.listing import Listing

_FILL_THE_METADATA = (credits, tenants)

TENANT: Table = metadata.tables["tenant"]
GRANT: Table = metadata.tables["credit_grant"]
TOP_UP: Table = metadata.tables["top_up"]
ENTRY: Table = metadata.tables["entry"]
ALLOCATION: Table = metadata.tables["entry_allocation"]


@cache
def grants(*, spent: bool, of_pool: bool) -> Listing:
    """The grants of :tenant_id, those of a :pool; without those that are spent or have ended, unless asked for."""
    rows = select(*GRANT.c).where(GRANT.c.tenant_id == bindparam("tenant_id"))
    if of_pool:
        rows = rows.where(GRANT.c.pool == bindparam("pool"))
    if not spent:
        # Written out, since the index of the open ones is for this very text.
        rows = rows.where(literal_column("state <> 'ENDED'"), GRANT.c.remaining > 0)
    return Listing(rows, GRANT.c.effective_at, GRANT.c.id)


@cache
def top_ups() -> Listing:
    """The top-ups of :tenant_id."""
    rows = select(*TOP_UP.c).where(TOP_UP.c.tenant_id == bindparam("tenant_id"))
    return Listing(rows, TOP_UP.c.requested_at, TOP_UP.c.id)


@cache
def entries(*, used: frozenset[str]) -> Listing:
    """The entries of :tenant_id up to :last_seq, narrowed by the filters that are used: range, kinds."""
    at = ENTRY.c.occurred_at
    rows = select(*ENTRY.c).where(
        ENTRY.c.tenant_id == bindparam("tenant_id"), ENTRY.c.seq <= bindparam("last_seq", type_=ENTRY.c.seq.type)
    )
    filters: dict[str, tuple[ColumnElement[bool], ...]] = {
        "range": (at >= bindparam("starts_at", type_=at.type), at < bindparam("ends_at", type_=at.type)),
        "kinds": (ENTRY.c.kind.in_(bindparam("kinds", expanding=True)),),
    }
    return Listing(rows.where(*(part for name in sorted(used) for part in filters[name])), ENTRY.c.seq)


ENTRY_OF_TENANT: Select[Any] = select(*ENTRY.c).where(
    ENTRY.c.tenant_id == bindparam("tenant_id"), ENTRY.c.seq == bindparam("seq", type_=ENTRY.c.seq.type)
)
"""The entry :seq of :tenant_id."""

ENTRY_OF_TENANTS: Select[Any] = select(*ENTRY.c).where(
    ENTRY.c.tenant_id.in_(
        select(TENANT.c.id).where(cast(TENANT.c.id, String).like(bindparam("ending", type_=String())))
    ),
    ENTRY.c.seq == bindparam("seq", type_=ENTRY.c.seq.type),
)
"""The entries :seq of all tenants whose ids end in a way."""

SHARES: Select[Any] = (
    select(ALLOCATION.c.seq, ALLOCATION.c.grant_id, ALLOCATION.c.credits)
    .where(ALLOCATION.c.tenant_id == bindparam("tenant_id"), ALLOCATION.c.seq.in_(bindparam("ids", expanding=True)))
    .order_by(ALLOCATION.c.seq, ALLOCATION.c.position)
)
"""What the entries :ids of :tenant_id moved on each grant."""
