"""What is yet to be told by webhook. Written in the transaction that makes it true, deleted once it was answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Delete, Index, Select, Table, Update, bindparam, delete, select, tuple_, update
from sqlmodel import Field

from models.tables import tenants
from models.tables.base import TenantRow, metadata, never_negative


class WebhookDelivery(TenantRow, table=True):
    """One message to the operator's own systems, as it is sent again and again until it is answered."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (Index(None, "due_at"), *never_negative("attempts"))

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    body: str
    """What is sent, to the byte the same every time."""
    due_at: datetime
    """When it is to be sent next."""
    attempts: int = 0
    last_failure: str | None = None


_FILL_THE_METADATA = (tenants,)
WEBHOOK_DELIVERY: Table = metadata.tables["webhook_delivery"]

_DUE_AT = WEBHOOK_DELIVERY.c.due_at
_THIS = (WEBHOOK_DELIVERY.c.tenant_id == bindparam("b_tenant"), WEBHOOK_DELIVERY.c.id == bindparam("b_id"))


def next_due() -> Select[Any]:
    """When the first delivery is due."""
    return _NEXT


def claim() -> Update:
    """Take up to :most deliveries that are due :now, for nobody else to take before :until."""
    return _CLAIM


def delivered() -> Delete:
    """Forget the delivery :b_id of :b_tenant."""
    return _DELIVERED


def failed() -> Update:
    """Say why the delivery :b_id of :b_tenant failed, and when it is due again."""
    return _FAILED


_NEXT = select(_DUE_AT).order_by(_DUE_AT).limit(1)
_due = (
    select(WEBHOOK_DELIVERY.c.tenant_id, WEBHOOK_DELIVERY.c.id)
    .where(bindparam("now", type_=_DUE_AT.type) >= _DUE_AT)
    .order_by(_DUE_AT)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(WEBHOOK_DELIVERY)
    .where(tuple_(WEBHOOK_DELIVERY.c.tenant_id, WEBHOOK_DELIVERY.c.id).in_(_due))
    .values(due_at=bindparam("until", type_=_DUE_AT.type), attempts=WEBHOOK_DELIVERY.c.attempts + 1)
    .returning(*WEBHOOK_DELIVERY.c)
)
_DELIVERED = delete(WEBHOOK_DELIVERY).where(*_THIS)
_FAILED = (
    update(WEBHOOK_DELIVERY)
    .where(*_THIS)
    .values(due_at=bindparam("b_due_at", type_=_DUE_AT.type), last_failure=bindparam("b_failure"))
)
