"""What most changes of a tenant's things share: its lock, rows put in or changed, names that are taken once."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from models.rules.refusals import Conflict, Invalid, NotFound
from models.rules.reports import check_name
from models.tables import lookups
from models.tables.ledger import ACCOUNT
from models.unit_of_work import UnitOfWork

LONGEST_NAME = 200
LONGEST_EXTERNAL_ID = 200

Stored = Row[Any]
Values = Mapping[str, Any]

_LOCK = select(ACCOUNT.c.tenant_id).where(ACCOUNT.c.tenant_id == bindparam("tenant_id")).with_for_update()


async def lock_tenant(work: UnitOfWork, tenant_id: UUID, *path: str) -> None:
    """Change a tenant's things one transaction after the other, so that no two pass one limit together."""
    if await work.value(_LOCK, {"tenant_id": tenant_id}) is None:
        raise NotFound("There is no such tenant.", path)


async def plan_in_force(work: UnitOfWork, tenant_id: UUID) -> Stored:
    plan = await work.first(lookups.plans_in_force(), {"ids": [tenant_id], "at": work.now})
    assert plan is not None, "A tenant is always on a plan."
    return plan


async def taken(work: UnitOfWork, count: Select[Any], tenant_id: UUID) -> int:
    """How much of a limit a tenant uses."""
    row = await work.first(count, {"ids": [tenant_id]})
    return row.taken if row else 0


async def put(work: UnitOfWork, table: Table, values: Values) -> Stored:
    """A new row. Where another transaction has just taken its external id, it is refused as any taken one is."""
    try:
        row = await work.first(insert(table).values(values).returning(*table.c))
    except IntegrityError:
        if values.get("external_id") is None:
            raise
        raise _taken() from None
    assert row is not None
    return row


async def change(work: UnitOfWork, row: Stored, table: Table, values: Values) -> Stored:
    """The row with some of its values replaced."""
    if not values:
        return row
    keys = [column == getattr(row, column.name) for column in table.primary_key]
    try:
        changed = await work.first(update(table).where(*keys).values(values).returning(*table.c))
    except IntegrityError:
        if values.get("external_id") is None:
            raise
        raise _taken() from None
    assert changed is not None
    return changed


async def row_of(work: UnitOfWork, kind: str, tenant_id: UUID, id: UUID) -> Stored:
    """One of a tenant's rows, of the table that is named as the kind is."""
    row = await work.first(lookups.of_tenant(kind), {"tenant_id": tenant_id, "ids": [id]})
    if row is None:
        raise NotFound(f"There is no such {kind.replace('_', ' ')}.", ("id",))
    return row


async def check_external_id(
    work: UnitOfWork, table: Table, external_id: str | None, *, tenant_id: UUID | None = None, but: UUID | None = None
) -> None:
    """Refuses an external id that cannot be stored, or that another row of the tenant's has."""
    if external_id is None:
        return
    check_name(external_id, "external_id", LONGEST_EXTERNAL_ID)
    others = select(table.c.id).where(table.c.external_id == external_id)
    if tenant_id is not None:
        others = others.where(table.c.tenant_id == tenant_id)
    if await work.value(others) not in (None, but):
        raise _taken()


def check_given_name(name: str | None, field: str = "name") -> None:
    if name is None:
        raise Invalid("This cannot be left empty.", (field,))
    check_name(name, field, LONGEST_NAME)


def _taken() -> Conflict:
    return Conflict("This external id is taken.", ("external_id",))
