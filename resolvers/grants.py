"""Grants as the graph shows them."""

from datetime import datetime
from uuid import UUID

import strawberry

from models.rules.viewers import Permission
from models.rules.words import GrantSource, PoolKind
from models.tables import lookups
from resolvers.context import Context
from resolvers.nodes import Node, register
from resolvers.permissions import an_amount
from resolvers.scalars import Credits
from resolvers.standings import settled


@strawberry.type(description="One lot of credits, which usage burns in a fixed order.")
class CreditGrant(Node):
    kind = "credit_grant"

    pool: PoolKind = strawberry.field(description="The pool that it belongs to.")
    source: GrantSource = strawberry.field(description="Where it came from.")
    amount: Credits = an_amount(description="How many credits it was.")
    remaining: Credits = an_amount(description="How many of them are left.")
    priority: int = strawberry.field(description="Grants with a lower number pay first; 100 is usual.")
    effective_at: datetime = strawberry.field(description="From when on it pays, that instant included.")
    expires_at: datetime | None = strawberry.field(
        description="Until when it pays, that instant excluded; null where it has no end."
    )
    remarks: str = strawberry.field(description="What was noted when it was given.")


async def _load(context: Context, id: UUID) -> CreditGrant | None:
    row = await context.loaders.find(CreditGrant.kind, id)
    if row is None:
        return None
    # What is left of it is told as of now, and its end may have come.
    async with settled(context, {"tenant_id": row.tenant_id}) as (reader, _):
        row = await reader.first(lookups.of_tenant(CreditGrant.kind), {"tenant_id": row.tenant_id, "ids": [id]})
    return CreditGrant.of(row)


register(CreditGrant.kind, _load, needs=Permission.READ_BOOKS)
