"""Tenants, the plans they are on, the dated prices of those plans, and members."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.rules.words import Activity, RateUnit, Role, RolloverPolicy
from models.tables.base import TenantRow, never_negative, text_of


class Plan(SQLModel, table=True):
    """What a tenant may use and gets every month. Only its prices ever change, by a new rate list."""

    __table_args__ = (
        *never_negative("monthly_credits", "rollover_cap", "agent_slots", "seats"),
        CheckConstraint("first_seconds > 0 AND next_seconds > 0", name="increments_are_positive"),
        CheckConstraint("(rollover = 'CAPPED') = (rollover_cap IS NOT NULL)", name="cap_belongs_to_capped"),
        text_of(RolloverPolicy, "rollover"),
    )

    id: UUID = Field(primary_key=True)
    name: str
    monthly_credits: int = Field(sa_type=BigInteger)
    first_seconds: int
    next_seconds: int
    rollover: str = RolloverPolicy.NONE
    rollover_cap: int | None = Field(default=None, sa_type=BigInteger)
    agent_slots: int | None = None
    seats: int | None = None
    created_at: datetime


class RateList(SQLModel, table=True):
    """All prices of a plan from a moment on. A list never changes; a later one takes its place."""

    __tablename__ = "rate_list"
    __table_args__ = (Index(None, "plan_id", "effective_from"),)

    id: UUID = Field(primary_key=True)
    plan_id: UUID = Field(foreign_key="plan.id", ondelete="RESTRICT")
    effective_from: datetime
    recorded_at: datetime


class Rate(SQLModel, table=True):
    """The price of one unit of an activity in a rate list; model is empty where it is for any model."""

    __table_args__ = (
        *never_negative("credits"),
        text_of(Activity, "activity"),
        text_of(RateUnit, "unit"),
    )

    list_id: UUID = Field(primary_key=True, foreign_key="rate_list.id", ondelete="RESTRICT")
    activity: str = Field(primary_key=True)
    model: str = Field(primary_key=True)
    unit: str
    credits: int = Field(sa_type=BigInteger)


class Tenant(SQLModel, table=True):
    """A customer organisation. Its id is the tenant_id of everything it owns."""

    __table_args__ = (UniqueConstraint("external_id"), Index(None, "created_at", "id"))

    id: UUID = Field(primary_key=True)
    name: str
    external_id: str | None = None
    time_zone: str
    created_at: datetime
    anchor_day: date
    """The day, in the tenant's zone, from whose midnight billing periods are counted."""


class TenantPlan(SQLModel, table=True):
    """Which plan a tenant is on from a moment on; the first one also holds for all its past."""

    __tablename__ = "tenant_plan"

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    effective_at: datetime = Field(primary_key=True)
    plan_id: UUID = Field(foreign_key="plan.id", ondelete="RESTRICT")
    recorded_at: datetime


class Member(TenantRow, table=True):
    """A person who has a seat. One who was removed keeps their past."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint(f"role <> '{Role.OPERATOR}'", name="member_is_no_operator"),
        text_of(Role, "role"),
    )

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    name: str
    email: str
    role: str
    external_id: str | None = None
    created_at: datetime
    removed_at: datetime | None = None
