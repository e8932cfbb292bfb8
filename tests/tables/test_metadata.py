"""What every table keeps to, so that the books can be spread over several databases by tenant."""

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Integer,
    Numeric,
    Table,
    UniqueConstraint,
)

from server.migrations import tables

# They belong to no tenant, or also to operators.
WITHOUT_TENANT = {"plan", "rate_list", "rate", "tenant", "api_key", "export_secret"}

TABLES = sorted(tables().tables.values(), key=lambda table: table.name)


def every_table() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@pytest.mark.parametrize("table", [table for table in TABLES if table.name not in WITHOUT_TENANT], ids=str)
def test_the_tenant_comes_first_in_every_key(table: Table) -> None:
    keys = [
        constraint
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint | ForeignKeyConstraint) and not _names_a_plan(constraint)
    ]

    assert _first(table.primary_key.columns) == "tenant_id"
    for key in keys:
        assert _first(key.columns) == "tenant_id", f"{key.name} of {table.name}"
    for index in table.indexes:
        assert not index.unique or _first(index.columns) == "tenant_id", f"{index.name} of {table.name}"


@every_table()
def test_a_reference_never_deletes_what_refers(table: Table) -> None:
    assert {key.ondelete for key in table.foreign_key_constraints} <= {"RESTRICT"}


@every_table()
def test_every_constraint_has_a_name(table: Table) -> None:
    assert [constraint for constraint in table.constraints if not constraint.name] == []


@every_table()
def test_no_column_holds_what_a_database_would_round(table: Table) -> None:
    assert [column.name for column in table.columns if isinstance(column.type, Float | Numeric)] == []


@every_table()
def test_every_instant_carries_its_zone(table: Table) -> None:
    kinds = [getattr(column.type, "impl", column.type) for column in table.columns]

    assert all(kind.timezone for kind in kinds if isinstance(kind, DateTime))


@every_table()
def test_credits_have_room_for_a_billion_credits_in_millionths(table: Table) -> None:
    amounts = {"credits", "refunded", "amount", "remaining", "held", "overdrawn", "owed", "seq", "price"}
    small = [c.name for c in table.columns if c.name in amounts and type(c.type) is Integer]

    assert small == []


@every_table()
def test_words_are_checked_by_the_database(table: Table) -> None:
    checks = " ".join(str(c.sqltext) for c in table.constraints if isinstance(c, CheckConstraint))
    words = [column.name for column in table.columns if column.name in {"status", "role", "direction", "pool"}]

    assert [word for word in words if f"{word} IN (" not in checks] == []


def _names_a_plan(key: UniqueConstraint | ForeignKeyConstraint) -> bool:
    return isinstance(key, ForeignKeyConstraint) and key.referred_table.name in WITHOUT_TENANT - {"tenant"}


def _first(columns: Iterable[Column[Any]]) -> str:
    return next(iter(columns)).name
