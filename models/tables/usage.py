"""Roll-ups: what was used by day in the tenant's time zone, and how many rows its log has.

Written in the transaction that writes the entries, so that a sum costs what its days cost.
"""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from models.rules.words import Activity, CallDirection, PoolKind
from models.tables.base import NOBODY, REPLACED, text_of

COUNTS = (
    "activities",
    "call_seconds",
    "billed_seconds",
    "interviews_invited",
    "interviews_completed",
    "interviews_partial",
    "interactions",
    "credits",
)
"""The columns of a day's usage that are added up."""


class UsageDay(SQLModel, table=True):
    """What one tenant used on one day, by everything that usage can be filtered by."""

    __tablename__ = "usage_day"
    __table_args__ = (
        Index(None, "tenant_id", "agent_id", "day"),
        Index(None, "tenant_id", "opening_id", "day"),
        Index(None, "tenant_id", "member_id", "day"),
        text_of(Activity, "activity", or_empty=True),
        text_of(CallDirection, "direction", or_empty=True),
        {"sqlite_with_rowid": False},
    )

    tenant_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    agent_id: UUID = Field(primary_key=True, default=NOBODY)
    opening_id: UUID = Field(primary_key=True, default=NOBODY)
    member_id: UUID = Field(primary_key=True, default=NOBODY)
    activity: str = Field(primary_key=True)
    """Empty for interactions, which cost nothing by themselves."""
    model: str = Field(primary_key=True, default="")
    direction: str = Field(primary_key=True, default="")
    activities: int = Field(sa_type=BigInteger)
    """How many: calls, translations, messages, conducted interviews, transcripts, facts or documents."""
    call_seconds: int = Field(sa_type=BigInteger)
    billed_seconds: int = Field(sa_type=BigInteger)
    interviews_invited: int = Field(sa_type=BigInteger)
    interviews_completed: int = Field(sa_type=BigInteger)
    interviews_partial: int = Field(sa_type=BigInteger)
    interactions: int = Field(sa_type=BigInteger)
    credits: int = Field(sa_type=BigInteger)
    """Net of refunds, which count on their own day."""


class PoolDay(SQLModel, table=True):
    """What came into a pool and what usage took from it, by day."""

    __tablename__ = "pool_day"
    __table_args__ = (text_of(PoolKind, "pool"), {"sqlite_with_rowid": False})

    tenant_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    pool: str = Field(primary_key=True)
    granted: int = Field(sa_type=BigInteger)
    used: int = Field(sa_type=BigInteger)


class BalanceDay(SQLModel, table=True):
    """How the entries about one day changed the account: all days up to one add up to how it stood at its end."""

    __tablename__ = "balance_day"
    __table_args__ = {"sqlite_with_rowid": False}

    tenant_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    last_seq: int = Field(sa_type=BigInteger, sa_column_kwargs={"info": {REPLACED: True}})
    """The seq of the last entry about the day."""
    available: int = Field(sa_type=BigInteger)
    held: int = Field(sa_type=BigInteger)
    plan_balance: int = Field(sa_type=BigInteger)
    top_up_balance: int = Field(sa_type=BigInteger)


class LogCount(SQLModel, table=True):
    """How many rows of the call log lie in a day and in each of its hours: finds a page without counting rows."""

    __tablename__ = "log_count"
    __table_args__ = {"sqlite_with_rowid": False}

    tenant_id: UUID = Field(primary_key=True)
    agent_id: UUID = Field(primary_key=True, default=NOBODY)
    """NOBODY: the rows of all agents, and credits added."""
    member_id: UUID = Field(primary_key=True, default=NOBODY)
    """NOBODY: the rows of all members and of none, and credits added."""
    hour: int = Field(primary_key=True)
    """Hours since the day's midnight; WHOLE_DAY for the day."""
    day: date = Field(primary_key=True)
    rows: int = Field(sa_type=BigInteger)
    calls: int = Field(sa_type=BigInteger)
    credits_used: int = Field(sa_type=BigInteger)
    """Of its calls, less what was refunded of them."""
    credits_added: int = Field(sa_type=BigInteger)


WHOLE_DAY = -1
