"""Statements that recording needs, for many tenants and things at once."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, Update, bindparam, select, tuple_, update

from models.tables import conversations, credits, hiring, interactions, keys, tenants
from models.tables.base import metadata

_FILL_THE_METADATA = (conversations, credits, hiring, interactions, keys, tenants)

CALL: Table = metadata.tables["call"]
MESSAGE: Table = metadata.tables["message"]
INTERVIEW: Table = metadata.tables["interview"]
INTERVIEW_REPORT: Table = metadata.tables["interview_report"]
INTERACTION: Table = metadata.tables["interaction"]
TRANSCRIPT: Table = metadata.tables["transcript"]
FACT: Table = metadata.tables["fact"]
DOCUMENT: Table = metadata.tables["document"]
TAKEN_KEY: Table = metadata.tables["taken_key"]
HOLD: Table = metadata.tables["hold"]
_AGENT = metadata.tables["agent"]
_MEMBER = metadata.tables["member"]
_OPENING = metadata.tables["opening"]


def _among(table: Table, *columns: str) -> Select[Any]:
    return select(table.c.tenant_id, table.c.id, *(table.c[column] for column in columns)).where(
        table.c.tenant_id.in_(bindparam("tenants", expanding=True)),
        table.c.id.in_(bindparam("ids", expanding=True)),
    )


AGENTS = _among(_AGENT, "model")
MEMBERS = _among(_MEMBER)
OPENINGS = _among(_OPENING)
INTERACTIONS = _among(INTERACTION, "agent_id", "assigned_member_id")
HOLDS = _among(HOLD, "key", "agent_id", "credits", "status", "expires_at")
"""Which of :ids, among those of :tenants, there are."""

Candidate = tuple[UUID, UUID, str, bool]
"""What tells interviews apart: tenant, opening, candidate, simulation or not."""


def interviews_of(candidates: list[Candidate]) -> Select[Any]:
    columns = (INTERVIEW.c.tenant_id, INTERVIEW.c.opening_id, INTERVIEW.c.candidate, INTERVIEW.c.is_simulation)
    return select(*INTERVIEW.c).where(tuple_(*columns).in_(candidates))


def reports_of(tenants: list[UUID], interview_ids: list[UUID]) -> Select[Any]:
    return select(*INTERVIEW_REPORT.c).where(
        INTERVIEW_REPORT.c.tenant_id.in_(tenants), INTERVIEW_REPORT.c.interview_id.in_(interview_ids)
    )


INTERVIEW_CHANGES = ("status", "progress", "agent_id", "invited_at", "furthest_at", "ended_at", "credits")


def _change(table: Table, *columns: str) -> Update:
    return (
        update(table)
        .where(table.c.tenant_id == bindparam("b_tenant"), table.c.id == bindparam("b_id"))
        .values({column: bindparam(f"b_{column}") for column in columns})
    )


CHANGE_INTERVIEW = _change(INTERVIEW, *INTERVIEW_CHANGES)
CHANGE_REPORT = _change(INTERVIEW_REPORT, "credits", "line")
CHANGE_CALL = _change(CALL, "last_seq")
CHANGE_HOLD = _change(HOLD, "status")
CHARGE_INTERACTION = (
    update(INTERACTION)
    .where(INTERACTION.c.tenant_id == bindparam("b_tenant"), INTERACTION.c.id == bindparam("b_id"))
    .values(credits=INTERACTION.c.credits + bindparam("b_credits"))
)
