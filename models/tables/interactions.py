"""Interactions, and the transcripts, facts and documents that are made from them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models.tables.base import TenantRow, belongs_to, never_negative


class Interaction(TenantRow, table=True):
    """One encounter of a member."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "id"),
        belongs_to("agent", "agent_id"),
        belongs_to("member", "assigned_member_id"),
        *never_negative("credits", "refunded"),
    )

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    external_id: str
    agent_id: UUID | None = None
    assigned_member_id: UUID | None = None
    created_at: datetime
    credits: int = Field(sa_type=BigInteger)
    """What its transcripts, facts and documents were charged."""
    refunded: int = Field(sa_type=BigInteger)


class Piece(TenantRow):
    """What a transcript, a fact and a document have in common."""

    interaction_id: UUID
    external_id: str
    created_at: datetime
    credits: int = Field(sa_type=BigInteger)
    refunded: int = Field(sa_type=BigInteger)
    lines: str


def _piece_args() -> tuple[object, ...]:
    return (
        Index(None, "tenant_id", "interaction_id", "created_at", "id"),
        Index(None, "tenant_id", "created_at"),  # Sums of hours find what was made in them.
        belongs_to("interaction", "interaction_id"),
        CheckConstraint("refunded <= credits", name="refunds_at_most_the_charge"),
        *never_negative("credits", "refunded"),
    )


class Transcript(Piece, table=True):
    """What was said, written down."""

    __table_args__ = (*_piece_args(), *never_negative("audio_seconds"))

    audio_seconds: int | None = None


class Fact(Piece, table=True):
    """One thing that was found in what was said."""

    __table_args__ = _piece_args()

    text: str | None = None


class Document(Piece, table=True):
    """A text written from the encounter."""

    __table_args__ = _piece_args()

    name: str | None = None
