"""API keys: made, revoked, found by their hash. A secret is shown once, and never stored."""

import hmac
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, func, insert, or_, select, true, update

from models.rules.ids import new_id, parse_type_id
from models.rules.refusals import Forbidden, Invalid, NotFound
from models.rules.viewers import Viewer
from models.rules.words import Role
from models.tables.base import metadata
from models.tables.keys import ApiKey
from models.tables.tenants import Tenant
from models.unit_of_work import Reader, Rows, UnitOfWork

SECRET_PREFIX = "tg_"
SECRET_BYTES = 32
LONGEST_NAME = 200
USES_ARE_NOTED_EVERY = timedelta(minutes=1)

KEYS = metadata.tables[str(ApiKey.__tablename__)]
TENANTS = metadata.tables[str(Tenant.__tablename__)]

Key = Row[Any]
"""A row of the table of keys."""


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What a new key is to be."""

    name: str
    role: Role
    tenant_id: UUID | None = None
    expires_at: datetime | None = None


def hash_of(secret: str, pepper: str) -> str:
    """What is stored of a secret. It has 256 random bits, so a quick hash is as good as a slow one.

    The pepper stands in the settings, not in the database: who can write rows cannot make keys.
    """
    return hmac.digest(pepper.encode(), secret.encode(), "sha256").hex()


async def create_key(work: UnitOfWork, viewer: Viewer, wish: KeyWish, pepper: str) -> tuple[Key, str]:
    """A new key and its secret, which nobody can be told again."""
    _check_role(viewer, wish)
    name = _checked_name(wish.name)
    if wish.expires_at is not None and wish.expires_at <= work.now:
        raise Invalid("A key cannot expire in the past.", ("expires_at",))
    await _check_tenant(work, viewer, wish.tenant_id)
    secret = SECRET_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    values = {
        "id": new_id(),
        "tenant_id": wish.tenant_id,
        "name": name,
        "role": wish.role.value,
        "hash": hash_of(secret, pepper),
        "created_at": work.now,
        "expires_at": wish.expires_at,
    }
    key = await work.first(insert(KEYS).values(values).returning(*KEYS.c))
    assert key is not None
    return key, secret


async def revoke_key(work: UnitOfWork, viewer: Viewer, key_id: UUID) -> Key:
    """The key, which counts no more. Revoking it again answers the same."""
    revoke = (
        update(KEYS)
        .where(KEYS.c.id == key_id, _visible_to(viewer))
        .values(revoked_at=func.coalesce(KEYS.c.revoked_at, bindparam("now", type_=KEYS.c.revoked_at.type)))
    )
    key = await work.first(revoke.returning(*KEYS.c), {"now": work.now})
    if key is None:
        raise NotFound("There is no such key.", ("id",))
    return key


async def key_with_hash(reader: Reader, hash: str) -> Key | None:
    return await reader.first(select(KEYS).where(KEYS.c.hash == hash))


async def key_with_id(reader: Reader, viewer: Viewer, id: UUID) -> Key | None:
    return await reader.first(select(KEYS).where(KEYS.c.id == id, _visible_to(viewer)))


async def keys_of(reader: Reader, viewer: Viewer, tenant_id: UUID | None = None) -> Rows:
    """The keys that the viewer may see, the newest first; of one tenant, if one is named."""
    keys = select(KEYS).where(_visible_to(viewer)).order_by(KEYS.c.created_at.desc(), KEYS.c.id.desc())
    return await reader.all(keys if tenant_id is None else keys.where(KEYS.c.tenant_id == tenant_id))


async def note_uses(work: UnitOfWork, uses: Mapping[UUID, datetime]) -> None:
    """Remember when keys were used last, to the minute: else every request would write a row."""
    column = KEYS.c.last_used_at
    note = (
        update(KEYS)
        .where(
            KEYS.c.id == bindparam("key_id"),
            or_(column.is_(None), column < bindparam("before", type_=column.type)),
        )
        .values(last_used_at=bindparam("used_at", type_=column.type))
    )
    rows = [
        {"key_id": key_id, "used_at": at, "before": at - USES_ARE_NOTED_EVERY} for key_id, at in sorted(uses.items())
    ]
    await work.run(note, rows)


async def tenant_named(reader: Reader, name: str) -> UUID | None:
    """The tenant that a token or a command names, by its id or by its external id."""
    if not _can_be_stored(name):
        return None
    try:
        kind, tenant_id = parse_type_id(name)
    except ValueError:
        kind, tenant_id = "", None
    if kind == "tenant" and await _exists(reader, tenant_id):
        return tenant_id
    found: UUID | None = await reader.value(select(TENANTS.c.id).where(TENANTS.c.external_id == name))
    return found


def _check_role(viewer: Viewer, wish: KeyWish) -> None:
    if wish.role is Role.OPERATOR and viewer.role is not Role.OPERATOR:
        raise Forbidden("Only an operator makes keys for operators.", ("role",))
    if wish.role is Role.OPERATOR and wish.tenant_id is not None:
        raise Invalid("An operator's key is for every tenant: leave the tenant out.", ("tenant_id",))
    if wish.role is not Role.OPERATOR and wish.tenant_id is None:
        raise Invalid(f"A key with the role {wish.role} belongs to a tenant: say which.", ("tenant_id",))


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(f"A key's name has 1 to {LONGEST_NAME} characters.", ("name",))
    if not _can_be_stored(name):
        raise Invalid("A key's name has no control characters.", ("name",))
    return name


def _can_be_stored(text: str) -> bool:
    # No database takes lone halves of surrogate pairs, and PostgreSQL no zero.
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


async def _check_tenant(work: UnitOfWork, viewer: Viewer, tenant_id: UUID | None) -> None:
    if tenant_id is not None and not (viewer.sees(tenant_id) and await _exists(work, tenant_id)):
        raise NotFound("There is no such tenant.", ("tenant_id",))


async def _exists(reader: Reader, tenant_id: UUID | None) -> bool:
    return await reader.value(select(TENANTS.c.id).where(TENANTS.c.id == tenant_id)) is not None


def _visible_to(viewer: Viewer) -> ColumnElement[bool]:
    return true() if viewer.tenant_id is None else KEYS.c.tenant_id == viewer.tenant_id
