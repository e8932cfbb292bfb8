"""Statements about activities that are refunded."""

from functools import cache
from typing import Any

from sqlalchemy import Select, Table, Update, bindparam, select, update

from models.rules.words import SubjectKind
from models.tables import recording as tables

TABLES: dict[SubjectKind, Table] = {
    SubjectKind.CALL: tables.CALL,
    SubjectKind.MESSAGE: tables.MESSAGE,
    SubjectKind.INTERVIEW: tables.INTERVIEW,
    SubjectKind.TRANSCRIPT: tables.TRANSCRIPT,
    SubjectKind.FACT: tables.FACT,
    SubjectKind.DOCUMENT: tables.DOCUMENT,
}
"""The tables of what can be refunded."""


@cache
def activity(kind: SubjectKind) -> Select[Any]:
    """The activity :id of :tenant_id; one of an interaction with its agent and member."""
    table = TABLES[kind]
    mine = (table.c.tenant_id == bindparam("tenant_id"), table.c.id == bindparam("id"))
    if "interaction_id" not in table.c:
        return select(*table.c).where(*mine)
    interaction = tables.INTERACTION
    of_piece = (interaction.c.tenant_id == table.c.tenant_id) & (interaction.c.id == table.c.interaction_id)
    who = (interaction.c.agent_id, interaction.c.assigned_member_id.label("member_id"))
    return select(*table.c, *who).join(interaction, of_piece).where(*mine)


@cache
def give_back(table: Table) -> Update:
    """Add :b_credits to what was refunded of the :b_id of :b_tenant."""
    return (
        update(table)
        .where(table.c.tenant_id == bindparam("b_tenant"), table.c.id == bindparam("b_id"))
        .values(refunded=table.c.refunded + bindparam("b_credits"))
    )
