"""Statements about holds: which of them end, and when the next one does."""

from typing import Any

from sqlalchemy import ColumnElement, Select, Table, Update, UpdateBase, bindparam, literal_column, select, update

from models.rules.words import HoldStatus
from models.tables import credits
from models.tables.base import metadata

assert credits, "Importing it fills the metadata."

HOLD: Table = metadata.tables["hold"]

# Written out, since the index of the open ones is for this very text.
_IS_OPEN: ColumnElement[bool] = literal_column("status = 'OPEN'")
_OF_TENANT = HOLD.c.tenant_id == bindparam("b_tenant")

EXPIRE: UpdateBase = (
    update(HOLD)
    .where(_OF_TENANT, _IS_OPEN, HOLD.c.expires_at <= bindparam("b_now", type_=HOLD.c.expires_at.type))
    .values(status=HoldStatus.EXPIRED)
    .returning(*HOLD.c)
)
"""End the open holds of :b_tenant whose time is over :b_now, and answer them."""

NEXT_END: Select[Any] = (
    select(HOLD.c.expires_at).where(_OF_TENANT, _IS_OPEN).order_by(HOLD.c.expires_at, HOLD.c.id).limit(1)
)
"""When the first open hold of :b_tenant ends."""

CHANGE: Update = (
    update(HOLD)
    .where(HOLD.c.tenant_id == bindparam("b_tenant"), HOLD.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in ("credits", "seconds", "status", "expires_at")})
)
"""Set :b_credits, :b_seconds, :b_status and :b_expires_at of the hold :b_id of :b_tenant."""
