"""What all tables share: column types, the tenant first in every key, and names for constraints."""

from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, MetaData
from sqlmodel import Field, SQLModel

NOBODY = UUID(int=0)
"""Stands in the keys of roll-ups where there is no agent, opening or member: a key's column cannot be null."""

REPLACED = "is_replaced"
"""A column of a roll-up whose info has this holds the newest value, and not a sum."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

SQLModel.metadata.naming_convention = NAMING
metadata: MetaData = SQLModel.metadata


class TenantRow(SQLModel):
    """A row that belongs to one tenant, which comes first in its key."""

    __table_args__: ClassVar[Any] = ()

    tenant_id: UUID = Field(primary_key=True)
    id: UUID = Field(primary_key=True)


def text_of(words: type[StrEnum], column: str, *, or_empty: bool = False) -> CheckConstraint:
    """A constraint that a text column holds one of the words."""
    allowed = [*words, ""] if or_empty else list(words)
    listed = ", ".join(f"'{word}'" for word in allowed)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")


def never_negative(*columns: str) -> tuple[CheckConstraint, ...]:
    return tuple(CheckConstraint(f"{column} >= 0", name=f"{column}_is_not_negative") for column in columns)


def belongs_to(table: str, column: str) -> ForeignKeyConstraint:
    """A reference to a row of the same tenant."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete="RESTRICT")
