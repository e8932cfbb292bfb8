"""Keys that people and programs show, and the keys of things that were recorded once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.rules.words import Role
from models.tables.base import text_of


class ApiKey(SQLModel, table=True):
    """A key in an Authorization header. Only its hash is stored; the secret is shown once."""

    __tablename__ = "api_key"
    __table_args__ = (
        UniqueConstraint("hash"),
        Index(None, "tenant_id", "created_at", "id"),
        CheckConstraint("(role = 'OPERATOR') = (tenant_id IS NULL)", name="only_operators_have_no_tenant"),
        text_of(Role, "role"),
    )

    id: UUID = Field(primary_key=True)
    tenant_id: UUID | None = Field(default=None, foreign_key="tenant.id", ondelete="RESTRICT")
    name: str
    role: str
    hash: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class TakenKey(SQLModel, table=True):
    """A caller's key that was acted on: what was asked then, and what came of it.

    Kept apart from what it made, so that those tables can be split by time while a key stays unique.
    """

    __tablename__ = "taken_key"
    __table_args__ = {"sqlite_with_rowid": False}

    tenant_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    digest: bytes
    """Of the whole content: the same key with other content is refused."""
    subject_id: UUID
