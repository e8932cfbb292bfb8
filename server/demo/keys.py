"""A key for each role of the demo, made anew at each start: their secrets are shown, and never stored."""

from collections.abc import Iterable
from dataclasses import dataclass

from models.actions.keys import KeyWish, create_key, keys_of, revoke_key
from models.rules.viewers import Viewer
from models.rules.words import Role
from models.unit_of_work import UnitOfWork
from server.demo.cast import Cast, TenantPart

_OPERATOR = Viewer(Role.OPERATOR)
_OF_TENANTS = (Role.ADMIN, Role.MEMBER, Role.RECORDER)


@dataclass(frozen=True, slots=True)
class DemoKey:
    """A key, and whom it is for; the operator's is for every tenant."""

    role: Role
    tenant: str | None
    secret: str


async def new_keys(work: UnitOfWork, casts: Iterable[tuple[TenantPart, Cast]], pepper: str) -> list[DemoKey]:
    """The keys of this start. Those of earlier ones count no more."""
    for key in await keys_of(work, _OPERATOR):
        if key.revoked_at is None and key.name in _NAMES:
            await revoke_key(work, _OPERATOR, key.id)
    _, secret = await create_key(work, _OPERATOR, KeyWish(_name(Role.OPERATOR), Role.OPERATOR), pepper)
    made = [DemoKey(Role.OPERATOR, None, secret)]
    for tenant, cast in casts:
        for role in _OF_TENANTS:
            _, secret = await create_key(work, _OPERATOR, KeyWish(_name(role), role, cast.tenant_id), pepper)
            made.append(DemoKey(role, tenant.name, secret))
    return made


def _name(role: Role) -> str:
    return f"demo {role.lower()}"


_NAMES = {_name(role) for role in Role}
