"""Agents, openings, and the interviews of candidates for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from models.rules.words import AgentChannel, InterviewStatus, OpeningStatus
from models.tables.base import TenantRow, belongs_to, never_negative, text_of


class Agent(TenantRow, table=True):
    """What does the work."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "id"),  # An operator names an agent without its tenant.
        text_of(AgentChannel, "channel"),
    )

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    name: str
    channel: str
    model: str | None = None
    is_live: bool = True
    external_id: str | None = None
    created_at: datetime


class Opening(TenantRow, table=True):
    """A job that candidates are interviewed for."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "created_at", "id"),
        Index(None, "id"),
        text_of(OpeningStatus, "status"),
    )

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    job_title: str
    status: str = OpeningStatus.OPEN
    external_id: str | None = None
    created_at: datetime


class Interview(TenantRow, table=True):
    """One candidate's interview for an opening, at its furthest state."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "opening_id", "candidate", "is_simulation"),
        Index(None, "tenant_id", "opening_id", "invited_at", "id"),
        Index(None, "tenant_id", "invited_at"),  # Sums of hours find what happened in them.
        Index(None, "tenant_id", "furthest_at"),
        belongs_to("opening", "opening_id"),
        belongs_to("agent", "agent_id"),
        text_of(InterviewStatus, "status"),
        CheckConstraint("progress BETWEEN 0 AND 1000000", name="progress_is_a_part"),
        *never_negative("credits", "refunded"),
    )

    opening_id: UUID
    candidate: str
    is_simulation: bool
    status: str
    progress: int
    """In millionths."""
    agent_id: UUID | None = None
    invited_at: datetime
    furthest_at: datetime
    """When its furthest state was reached; the day it is counted on."""
    ended_at: datetime | None = None
    credits: int = Field(sa_type=BigInteger)
    refunded: int = Field(default=0, sa_type=BigInteger)


class InterviewReport(TenantRow, table=True):
    """One report about an interview, kept so that the order in which reports arrive does not matter."""

    __tablename__ = "interview_report"
    __table_args__ = (
        Index(None, "tenant_id", "interview_id"),
        Index(None, "tenant_id", "at"),
        belongs_to("interview", "interview_id"),
        text_of(InterviewStatus, "status"),
        *never_negative("price", "credits"),
    )

    interview_id: UUID
    key: str
    status: str
    progress: int
    at: datetime
    agent_id: UUID | None = None
    price: int = Field(sa_type=BigInteger)
    """The whole interview's price in this state, by the rate in force at the time."""
    rate: int = Field(sa_type=BigInteger)
    credits: int = Field(sa_type=BigInteger)
    """What this report was charged: its price less what earlier ones were charged."""
    line: str
    """How the price came about, as stored lines of a charge."""
