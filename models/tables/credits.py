"""The ledger: accounts, pools, grants, entries and their allocations, top-ups and holds.

Entries and allocations have no foreign keys: they are only ever written beneath the lock of their account, by one
function, and `tallygraph verify` proves them whole. A check of each row by the database doubles the cost of recording.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Select, UniqueConstraint, bindparam, select, text
from sqlmodel import Field, SQLModel

from models.rules.words import CallDirection, EntryKind, GrantSource, HoldStatus, PoolKind, TopUpStatus
from models.tables.base import TenantRow, belongs_to, never_negative, text_of


class Account(SQLModel, table=True):
    """One tenant's credits as they stand: the end of its ledger, kept so that a balance is one row."""

    __table_args__ = never_negative(
        "seq", "version", "overdrawn", "held", "plan_balance", "top_up_balance", "alert_seq", "recharge_below"
    )

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    seq: int = Field(default=0, sa_type=BigInteger)
    version: int = Field(default=0, sa_type=BigInteger)
    """Grows with every change, those without an entry too: what was kept in memory at it is still true at it."""
    plan_balance: int = Field(default=0, sa_type=BigInteger)
    top_up_balance: int = Field(default=0, sa_type=BigInteger)
    overdrawn: int = Field(default=0, sa_type=BigInteger)
    held: int = Field(default=0, sa_type=BigInteger)
    next_boundary: int = 0
    """The number of the next billing boundary that is to be settled."""
    holds_end_at: datetime | None = None
    """When the first of its open holds ends."""
    due_at: datetime
    """When the next boundary, beginning or end of a grant, or end of a hold is to be settled."""
    frontier: str
    """Where the fold of the account stands, as stored by models.rules.fold."""
    alert_seq: int = Field(default=0, sa_type=BigInteger)
    """The number of its last alert. Alerts are numbered by themselves."""
    low_balance_thresholds: str = ""
    """Below which amounts the tenant is warned, in order, separated by commas."""
    recharge_below: int | None = Field(default=None, sa_type=BigInteger)
    """The threshold of its rule for automatic top-ups, where that is enabled: kept here, since the lock of this row
    shows it as it is, and most accounts need not look further."""
    recharge_again_at: datetime | None = None
    """Until when the rule buys nothing, after a failure."""
    has_budgets: bool = False
    """Whether any of its agents has a budget."""


class CreditPool(TenantRow, table=True):
    """A pool of credits; its balance is that of its grants."""

    __tablename__ = "credit_pool"
    __table_args__ = (UniqueConstraint("tenant_id", "kind"), text_of(PoolKind, "kind"))

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    kind: str
    name: str


class CreditGrant(TenantRow, table=True):
    """One lot of credits. What is left of it falls; how it fell stands in the allocations."""

    __tablename__ = "credit_grant"
    __table_args__ = (
        UniqueConstraint("tenant_id", "source", "key"),
        Index(None, "tenant_id", "effective_at", "id"),
        Index(
            "ix_credit_grant_open",
            "tenant_id",
            "state",
            sqlite_where=text("state <> 'ENDED'"),
            postgresql_where=text("state <> 'ENDED'"),
        ),
        text_of(PoolKind, "pool"),
        text_of(GrantSource, "source"),
        CheckConstraint("state IN ('AHEAD', 'BEGUN', 'ENDED')", name="state_is_known"),
        CheckConstraint("remaining BETWEEN 0 AND amount", name="remaining_is_part_of_amount"),
        CheckConstraint("expires_at > effective_at", name="ends_after_its_beginning"),
    )

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    key: str
    pool: str
    source: str
    amount: int = Field(sa_type=BigInteger)
    remaining: int = Field(sa_type=BigInteger)
    priority: int
    effective_at: datetime
    expires_at: datetime | None = None
    remarks: str
    is_given: bool
    """Whether it is a fact of its own: given or bought. Others are made by the fold: the plan's, rollovers, refunds."""
    voided_at: datetime | None = None
    state: str
    """AHEAD until its beginning is settled, BEGUN while it can pay, ENDED once its end is settled."""
    recorded_at: datetime


class Entry(SQLModel, table=True):
    """One movement in a tenant's ledger. Never changed, never deleted.

    It has no id of its own: its TypeID is made from its tenant, seq and recorded_at, which saves the largest table an
    index.
    """

    __table_args__ = (
        Index(None, "tenant_id", "occurred_at", "seq"),
        Index(
            "ix_entry_log",
            "tenant_id",
            "occurred_at",
            "seq",
            sqlite_where=text("in_log"),
            postgresql_where=text("in_log"),
        ),
        text_of(EntryKind, "kind"),
        CheckConstraint("seq > 0", name="seq_begins_at_one"),
    )

    tenant_id: UUID = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    kind: str
    credits: int = Field(sa_type=BigInteger)
    balance_after: int = Field(sa_type=BigInteger)
    occurred_at: datetime
    recorded_at: datetime
    subject_kind: str
    subject_id: UUID
    key: str
    """The caller's key of what it is about: settles the order of what happened at one moment."""
    agent_id: UUID | None = None
    opening_id: UUID | None = None
    member_id: UUID | None = None
    top_up_status: str | None = None
    """How far the top-up was after this entry."""
    in_log: bool
    """Whether it is a row of the call log: a call, or credits added."""
    remarks: str


class EntryAllocation(SQLModel, table=True):
    """What an entry moved on one grant: positive into it, negative out of it, for the activity that it paid.

    The parts of an entry that touch no grant move what is overdrawn or held.
    """

    __tablename__ = "entry_allocation"
    __table_args__ = (
        Index(
            "ix_entry_allocation_activity",
            "tenant_id",
            "activity_id",
            sqlite_where=text("activity_id IS NOT NULL"),
            postgresql_where=text("activity_id IS NOT NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    tenant_id: UUID = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    position: int = Field(primary_key=True)
    grant_id: UUID
    activity_id: UUID | None = None
    credits: int = Field(sa_type=BigInteger)


class Debt(SQLModel, table=True):
    """Usage that no grant has paid yet. Gone once it is paid."""

    __table_args__ = (
        CheckConstraint("owed > 0", name="something_is_owed"),
        Index(None, "tenant_id", "activity_id"),
    )

    tenant_id: UUID = Field(primary_key=True)
    occurred_at: datetime = Field(primary_key=True)
    subject_kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    activity_id: UUID
    owed: int = Field(sa_type=BigInteger)


class Checkpoint(SQLModel, table=True):
    """How a tenant's fold stood at a moment in the past, so that late facts need not begin at the first."""

    tenant_id: UUID = Field(primary_key=True)
    at: datetime = Field(primary_key=True)
    """It holds all that happened before this moment, and nothing that happened at it."""
    state: str


class TopUp(TenantRow, table=True):
    """A purchase of credits."""

    __tablename__ = "top_up"
    __table_args__ = (
        Index(None, "tenant_id", "requested_at", "id"),
        Index(None, "id"),
        Index(
            "ix_top_up_pending",
            "tenant_id",
            sqlite_where=text("status = 'PENDING'"),
            postgresql_where=text("status = 'PENDING'"),
        ),
        text_of(TopUpStatus, "status"),
        CheckConstraint("credits > 0", name="credits_are_positive"),
        CheckConstraint("(status = 'SETTLED') = (settled_at IS NOT NULL)", name="settled_has_a_time"),
    )

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id", ondelete="RESTRICT")
    key: str
    credits: int = Field(sa_type=BigInteger)
    status: str
    automatic: bool
    requested_at: datetime
    settled_at: datetime | None = None
    payment_reference: str | None = None
    failure: str | None = None
    expires_at: datetime | None = None
    remarks: str = ""


class Hold(TenantRow, table=True):
    """Credits set aside for a call that is under way."""

    __table_args__ = (
        Index(
            "ix_hold_open",
            "tenant_id",
            "expires_at",
            sqlite_where=text("status = 'OPEN'"),
            postgresql_where=text("status = 'OPEN'"),
        ),
        Index(None, "id"),
        belongs_to("agent", "agent_id"),
        text_of(HoldStatus, "status"),
        text_of(CallDirection, "direction"),
        *never_negative("credits", "seconds"),
    )

    key: str
    agent_id: UUID
    direction: str
    credits: int = Field(sa_type=BigInteger)
    seconds: int
    status: str
    created_at: datetime
    expires_at: datetime


def top_up() -> Select[Any]:
    """The top-up :id of :tenant_id."""
    return _TOP_UP


_TOP_UPS = SQLModel.metadata.tables["top_up"]
_TOP_UP = select(*_TOP_UPS.c).where(_TOP_UPS.c.tenant_id == bindparam("tenant_id"), _TOP_UPS.c.id == bindparam("id"))
