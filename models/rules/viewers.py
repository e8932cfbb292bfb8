"""Who asks, and what their role lets them do."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from models.rules.words import Role


class Permission(StrEnum):
    """What a field of the graph may need."""

    SIGNED_IN = "SIGNED_IN"  # any key at all
    READ_TENANT = "READ_TENANT"  # names of agents, openings, members, and what was recorded, without amounts
    READ_BOOKS = "READ_BOOKS"  # credits, usage, charges and every amount
    REPORT_USAGE = "REPORT_USAGE"  # record what happened, and authorize calls
    MANAGE_TENANT = "MANAGE_TENANT"  # agents, openings, members, keys, names, alerts and budgets
    ASK_FOR_CREDITS = "ASK_FOR_CREDITS"  # ask for a top-up that is yet to be paid; rules for automatic ones
    MANAGE_CREDITS = "MANAGE_CREDITS"  # grants, settled top-ups, refunds, voids, plans of a tenant
    OPERATE = "OPERATE"  # every tenant: tenants, plans, prices


_READS = {Permission.SIGNED_IN, Permission.READ_TENANT}
_ADMINISTERS = _READS | {
    Permission.READ_BOOKS,
    Permission.REPORT_USAGE,
    Permission.MANAGE_TENANT,
    Permission.ASK_FOR_CREDITS,
}

ROLES: dict[Role, frozenset[Permission]] = {
    Role.OPERATOR: frozenset(Permission),
    Role.ADMIN: frozenset(_ADMINISTERS),
    Role.MEMBER: frozenset(_READS),
    Role.RECORDER: frozenset(_READS | {Permission.REPORT_USAGE}),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """The holder of a key or token. Only an operator has no tenant."""

    role: Role
    tenant_id: UUID | None = None
    key_name: str | None = None
    key_id: UUID | None = None

    def __post_init__(self) -> None:
        assert (self.role is Role.OPERATOR) == (self.tenant_id is None)

    def may(self, permission: Permission) -> bool:
        return permission in ROLES[self.role]

    def sees(self, tenant_id: UUID) -> bool:
        """Whether the tenant exists at all for this viewer."""
        return self.tenant_id is None or self.tenant_id == tenant_id
