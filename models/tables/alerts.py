"""Alerts: what a tenant was warned of, numbered by itself."""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Select, Table, UniqueConstraint, bindparam, select
from sqlmodel import Field

from models.rules.words import AlertKind
from models.tables import credits, hiring, tenants
from models.tables.base import TenantRow, belongs_to, metadata, text_of
from models.tables.listing import Listing


class Alert(TenantRow, table=True):
    """One warning. Never changed, never deleted."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "seq"),
        belongs_to("agent", "agent_id"),
        text_of(AlertKind, "kind"),
        CheckConstraint("seq > 0", name="seq_begins_at_one"),
    )

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    seq: int = Field(sa_type=BigInteger)
    kind: str
    raised_at: datetime
    message: str
    agent_id: UUID | None = None
    credits: int | None = Field(default=None, sa_type=BigInteger)


_FILL_THE_METADATA = (credits, hiring, tenants)
ALERT: Table = metadata.tables["alert"]


@cache
def alerts() -> Listing:
    """The alerts of :tenant_id."""
    return Listing(select(*ALERT.c).where(ALERT.c.tenant_id == bindparam("tenant_id")), ALERT.c.seq)


def alerts_between() -> Select[Any]:
    """The alerts of :tenant_id after seq :after and up to :until, in order."""
    return _BETWEEN


_BETWEEN = (
    select(*ALERT.c)
    .where(
        ALERT.c.tenant_id == bindparam("tenant_id"),
        ALERT.c.seq > bindparam("after", type_=BigInteger()),
        ALERT.c.seq <= bindparam("until", type_=BigInteger()),
    )
    .order_by(ALERT.c.seq)
)
