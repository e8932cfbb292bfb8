"""What verification reads: whole tables of one tenant, in the order in which they are checked.

Ids come as the database holds them, text or UUID: they are only compared, and there are millions.
"""

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    func,
    literal,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.types import NullType

from models.tables import conversations, credits, hiring, interactions, keys, tenants, usage
from models.tables.base import metadata
from models.tables.recording import (
    CALL,
    DOCUMENT,
    FACT,
    HOLD,
    INTERACTION,
    INTERVIEW,
    INTERVIEW_REPORT,
    MESSAGE,
    TRANSCRIPT,
)
from models.tables.recording import TAKEN_KEY as KEY

_FILL_THE_METADATA = (conversations, credits, hiring, interactions, keys, tenants, usage)

ACCOUNT: Table = metadata.tables["account"]
ALLOCATION: Table = metadata.tables["entry_allocation"]
DEBT: Table = metadata.tables["debt"]
ENTRY: Table = metadata.tables["entry"]
GRANT: Table = metadata.tables["credit_grant"]
PLAN: Table = metadata.tables["plan"]
TENANT: Table = metadata.tables["tenant"]
TENANT_PLAN: Table = metadata.tables["tenant_plan"]

PIECES = {"transcript": TRANSCRIPT, "fact": FACT, "document": DOCUMENT}
KEYED = {"call": CALL, "message": MESSAGE, **PIECES}
"""The tables whose rows have a key of their caller's, by kind."""


def _raw(column: Column[Any]) -> ColumnElement[Any]:
    return type_coerce(column, NullType()).label(column.name)


def _columns(table: Table, names: str) -> list[ColumnElement[Any]]:
    """Columns by name; ids as they are stored."""
    found = [table.c[name] for name in names.split()]
    return [_raw(column) if column.name.endswith("id") and column.name != "external_id" else column for column in found]


def _of(table: Table) -> ColumnElement[bool]:
    return table.c.tenant_id == bindparam("tenant_id")


def _all(table: Table, names: str) -> Select[Any]:
    return select(*_columns(table, names)).where(_of(table))


ACCOUNTS = (
    select(*ACCOUNT.c, TENANT.c.time_zone, TENANT.c.anchor_day)
    .join(TENANT, TENANT.c.id == ACCOUNT.c.tenant_id)
    .where(_of(ACCOUNT))
)
TERMS = (
    select(TENANT_PLAN.c.effective_at, *PLAN.c, literal(0).label("rate_lists"))
    .join(PLAN, PLAN.c.id == TENANT_PLAN.c.plan_id)
    .where(_of(TENANT_PLAN))
    .order_by(TENANT_PLAN.c.effective_at)
)
GRANTS = _all(
    GRANT,
    "id key pool source amount remaining priority effective_at expires_at is_given voided_at state recorded_at remarks",
)
DEBTS = _all(DEBT, "occurred_at subject_kind key activity_id owed")
HOLDS = _all(HOLD, "id credits expires_at").where(HOLD.c.status == "OPEN")

LINES = select(ENTRY.c.seq, ENTRY.c.credits, ENTRY.c.balance_after).where(_of(ENTRY)).order_by(ENTRY.c.seq)
"""The ledger in the order of its numbers."""

_ENTRY = "seq kind credits occurred_at subject_kind subject_id key agent_id opening_id member_id in_log"
_SHARE = "grant_id activity_id"
ENTRIES = (
    select(*_columns(ENTRY, _ENTRY), *_columns(ALLOCATION, _SHARE), ALLOCATION.c.credits.label("share"))
    .join(
        ALLOCATION,
        and_(ALLOCATION.c.tenant_id == ENTRY.c.tenant_id, ALLOCATION.c.seq == ENTRY.c.seq),
        isouter=True,
    )
    .where(_of(ENTRY))
    .order_by(ENTRY.c.occurred_at, ENTRY.c.seq, ALLOCATION.c.position)
)
"""The ledger in the order in which things happened, a row for each share of an entry."""

REFUNDED = select(*_columns(ENTRY, "subject_id subject_kind")).where(_of(ENTRY), ENTRY.c.kind == "REFUND").distinct()
"""The activities that credits of were given back."""

STRAY_ALLOCATIONS = (
    select(func.count())
    .select_from(
        ALLOCATION.join(
            ENTRY, and_(ALLOCATION.c.tenant_id == ENTRY.c.tenant_id, ALLOCATION.c.seq == ENTRY.c.seq), isouter=True
        )
    )
    .where(_of(ALLOCATION), ENTRY.c.seq.is_(None))
)

CALLS = _all(
    CALL,
    "id external_id started_at agent_id member_id direction duration_seconds billed_seconds credits refunded lines"
    " last_seq",
).order_by(CALL.c.started_at, CALL.c.id)
MESSAGES = (
    _all(MESSAGE, "id external_id sent_at agent_id member_id model credits refunded lines")
    .where(MESSAGE.c.is_playground.is_(False))
    .order_by(MESSAGE.c.sent_at, MESSAGE.c.id)
)
PLAYGROUND_CREDITS = _all(MESSAGE, "id credits").where(MESSAGE.c.is_playground, MESSAGE.c.credits != 0)
REPORTS = (
    select(
        *_columns(INTERVIEW_REPORT, "interview_id key at agent_id credits"), *_columns(INTERVIEW, "opening_id refunded")
    )
    .join(
        INTERVIEW,
        and_(INTERVIEW.c.tenant_id == INTERVIEW_REPORT.c.tenant_id, INTERVIEW.c.id == INTERVIEW_REPORT.c.interview_id),
    )
    .where(_of(INTERVIEW_REPORT))
    .order_by(INTERVIEW_REPORT.c.at)
)
INTERVIEWS = _all(INTERVIEW, "id opening_id agent_id is_simulation status invited_at furthest_at credits refunded")
REPORTS_BY_INTERVIEW = (
    select(
        *INTERVIEW_REPORT.c, *(INTERVIEW.c[name] for name in ("opening_id", "candidate", "is_simulation", "refunded"))
    )
    .join(
        INTERVIEW,
        and_(INTERVIEW.c.tenant_id == INTERVIEW_REPORT.c.tenant_id, INTERVIEW.c.id == INTERVIEW_REPORT.c.interview_id),
    )
    .where(_of(INTERVIEW_REPORT))
    .order_by(INTERVIEW_REPORT.c.interview_id)
)
INTERVIEWS_BY_ID = select(*INTERVIEW.c).where(_of(INTERVIEW)).order_by(INTERVIEW.c.id)
INTERACTIONS = _all(INTERACTION, "id agent_id assigned_member_id created_at credits refunded")

_PIECES = union_all(
    *(select(table.c.tenant_id, table.c.interaction_id, table.c.credits) for table in PIECES.values())
).subquery("piece")
_OF_PIECES = (
    select(func.coalesce(func.sum(_PIECES.c.credits), 0))
    .where(_PIECES.c.tenant_id == INTERACTION.c.tenant_id, _PIECES.c.interaction_id == INTERACTION.c.id)
    .scalar_subquery()
)
INTERACTIONS_OUT = select(*_columns(INTERACTION, "id credits"), _OF_PIECES.label("of_pieces")).where(
    _of(INTERACTION), INTERACTION.c.credits != _OF_PIECES
)
"""Interactions that cost something else than what was made of them."""


def pieces(kind: str) -> Select[Any]:
    """The transcripts, facts or documents, with who their interaction is of."""
    table = PIECES[kind]
    return (
        select(
            *_columns(table, "id external_id created_at interaction_id credits refunded lines"),
            *_columns(INTERACTION, "agent_id assigned_member_id"),
        )
        .join(
            INTERACTION, and_(INTERACTION.c.tenant_id == table.c.tenant_id, INTERACTION.c.id == table.c.interaction_id)
        )
        .where(_of(table))
        .order_by(table.c.created_at)
    )


def keys_used_twice(kind: str) -> Select[Any]:
    """The keys of a kind that more than one row has."""
    key = KEYED[kind].c.external_id
    return select(key, func.count().label("times")).where(_of(KEYED[kind])).group_by(key).having(func.count() > 1)


def keys_not_taken(kind: str) -> Select[Any]:
    """Rows whose key is not marked as taken, or as taken by another."""
    table = KEYED[kind]
    taken = and_(
        KEY.c.tenant_id == table.c.tenant_id,
        KEY.c.kind == kind,
        KEY.c.key == table.c.external_id,
        KEY.c.subject_id == table.c.id,
    )
    rows = select(table.c.external_id).select_from(table.join(KEY, taken, isouter=True))
    return rows.where(_of(table), KEY.c.key.is_(None))


def roll_up(name: str) -> Select[Any]:
    """All rows of a roll-up."""
    table = metadata.tables[name]
    return _all(table, " ".join(column.name for column in table.c if column.name != "tenant_id"))
