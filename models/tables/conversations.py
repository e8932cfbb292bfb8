"""Calls and messages."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field

from models.rules.words import CallDirection
from models.tables.base import TenantRow, belongs_to, never_negative, text_of


class Call(TenantRow, table=True):
    """One conversation by voice."""

    __table_args__ = (
        Index(None, "tenant_id", "started_at", "id"),
        Index(None, "tenant_id", "agent_id", "started_at", "id"),
        Index(
            "ix_call_member",
            *("tenant_id", "member_id", "started_at", "id"),
            sqlite_where=text("member_id IS NOT NULL"),
            postgresql_where=text("member_id IS NOT NULL"),
        ),
        belongs_to("agent", "agent_id"),
        belongs_to("member", "member_id"),
        text_of(CallDirection, "direction"),
        CheckConstraint("ended_at >= started_at", name="ends_after_its_start"),
        CheckConstraint("refunded <= credits", name="refunds_at_most_the_charge"),
        *never_negative("duration_seconds", "billed_seconds", "translation_seconds", "credits", "refunded"),
    )

    external_id: str
    agent_id: UUID
    member_id: UUID | None = None
    direction: str
    started_at: datetime
    connected_at: datetime | None = None
    ended_at: datetime
    duration_seconds: int
    billed_seconds: int
    translation_seconds: int
    credits: int = Field(sa_type=BigInteger)
    refunded: int = Field(sa_type=BigInteger)
    lines: str
    """How the charge came about, as stored by models.rules.rating."""
    last_seq: int = Field(sa_type=BigInteger)
    """The seq of its last USAGE entry, whose balance the log shows."""
    remarks: str


class Message(TenantRow, table=True):
    """One message of a chat agent."""

    __table_args__ = (
        Index(None, "tenant_id", "sent_at", "id"),
        belongs_to("agent", "agent_id"),
        belongs_to("member", "member_id"),
        CheckConstraint("refunded <= credits", name="refunds_at_most_the_charge"),
        *never_negative("input_tokens", "output_tokens", "credits", "refunded"),
    )

    external_id: str
    agent_id: UUID
    member_id: UUID | None = None
    model: str
    sent_at: datetime
    is_playground: bool
    input_tokens: int | None = Field(default=None, sa_type=BigInteger)
    output_tokens: int | None = Field(default=None, sa_type=BigInteger)
    credits: int = Field(sa_type=BigInteger)
    refunded: int = Field(sa_type=BigInteger)
    lines: str
