"""Views for tools that read the database themselves: what was used, in names that people know, and exact amounts.

They stand on the roll-ups, so that they say what the graph says: by the tenant's days, net of refunds, without
simulations and the playground. docs/bi.md tells what their columns mean; whoever changes them changes it too.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    MetaData,
    Select,
    Subquery,
    Table,
    and_,
    case,
    cast,
    event,
    func,
    literal,
    select,
)

from models.rules.words import Activity
from models.tables import hiring, interactions, tenants, usage
from models.tables.base import metadata
from models.tables.dialects import exact_credits, shown_id, view_texts

_FILL_THE_METADATA = (hiring, interactions, tenants, usage)

TENANT: Table = metadata.tables["tenant"]
AGENT: Table = metadata.tables["agent"]
OPENING: Table = metadata.tables["opening"]
MEMBER: Table = metadata.tables["member"]
INTERACTION: Table = metadata.tables["interaction"]
USAGE_DAY: Table = metadata.tables["usage_day"]

PIECES = {"transcripts": "transcript", "facts": "fact", "documents": "document"}

_ACTIVITIES = {
    "calls": Activity.CALL,
    "messages": Activity.MESSAGE,
    "interviews": Activity.INTERVIEW,
    "transcripts": Activity.TRANSCRIPT,
    "facts": Activity.FACT,
    "documents": Activity.DOCUMENT,
}
_SUMMED = (
    "call_seconds",
    "billed_seconds",
    "interviews_invited",
    "interviews_completed",
    "interviews_partial",
    "interactions",
)

Columns = list[ColumnElement[Any]]


class Owner:
    """What usage can be of, beside its tenant: a table with names."""

    def __init__(self, kind: str, table: Table, name: str) -> None:
        self.kind, self.table, self.name = kind, table, name

    def joined(self, to: FromClause, rows: FromClause, column: str) -> FromClause:
        there = and_(self.table.c.tenant_id == rows.c.tenant_id, self.table.c.id == rows.c[column])
        return to.join(self.table, there, isouter=True)

    def shown(self, dialect: str) -> Columns:
        """Null for usage that has no such owner."""
        return [
            shown_id(dialect, self.table.c.id).label(f"{self.kind}_id"),
            self.table.c.external_id.label(f"{self.kind}_external_id"),
            self.table.c[self.name].label(self.name if self.name != "name" else f"{self.kind}_name"),
        ]


_AGENT, _OPENING, _MEMBER = (
    Owner("agent", AGENT, "name"),
    Owner("opening", OPENING, "job_title"),
    Owner("member", MEMBER, "name"),
)


# ---------------------------------------------------------------- usage


def usage_rows(dialect: str) -> Select[Any]:
    """The roll-ups themselves: a row for each day and whatever usage is told apart by."""
    rows, joined = USAGE_DAY.c, USAGE_DAY.join(TENANT, TENANT.c.id == USAGE_DAY.c.tenant_id)
    for owner in (_AGENT, _OPENING, _MEMBER):
        joined = owner.joined(joined, USAGE_DAY, f"{owner.kind}_id")  # type: ignore[assignment]
    shown = [column for owner in (_AGENT, _OPENING, _MEMBER) for column in owner.shown(dialect)]
    words = [func.nullif(rows[name], "").label(name) for name in ("activity", "model", "direction")]
    counts = [rows[name] for name in ("activities", *_SUMMED)]
    columns = (*_tenant(dialect, USAGE_DAY), rows.day, *shown, *words, *_credits(dialect, rows.credits), *counts)
    return select(*columns).select_from(joined)


def by_tenant(dialect: str) -> Select[Any]:
    sums = _sums(edges=True)
    edges = [sums.c.first_day, sums.c.last_day]
    return select(*_tenant(dialect, sums), *edges, *_totals(dialect, sums)).join_from(sums, TENANT, _is_of(sums))


def by_day(dialect: str) -> Select[Any]:
    sums = _sums("day")
    return select(*_tenant(dialect, sums), sums.c.day, *_totals(dialect, sums)).join_from(sums, TENANT, _is_of(sums))


def by_owner(owner: Owner) -> Callable[[str], Select[Any]]:
    """By tenant, day and one of its agents, openings or members; usage without one has a row of its own."""

    def view(dialect: str) -> Select[Any]:
        column = f"{owner.kind}_id"
        sums = _sums("day", column)
        joined = owner.joined(sums.join(TENANT, _is_of(sums)), sums, column)
        return select(*_tenant(dialect, sums), sums.c.day, *owner.shown(dialect), *_totals(dialect, sums)).select_from(
            joined
        )

    return view


def by_interaction(dialect: str) -> Select[Any]:
    """What was made of each interaction, and what is left of its price after refunds."""
    joined = INTERACTION.join(TENANT, TENANT.c.id == INTERACTION.c.tenant_id)
    joined = _AGENT.joined(joined, INTERACTION, "agent_id")  # type: ignore[assignment]
    joined = _MEMBER.joined(joined, INTERACTION, "assigned_member_id")  # type: ignore[assignment]
    return select(
        *_tenant(dialect, INTERACTION),
        shown_id(dialect, INTERACTION.c.id).label("interaction_id"),
        INTERACTION.c.external_id.label("interaction_external_id"),
        INTERACTION.c.created_at,
        *_AGENT.shown(dialect),
        *_MEMBER.shown(dialect),
        *_credits(dialect, INTERACTION.c.credits - INTERACTION.c.refunded),
        *(_pieces(metadata.tables[table]).label(name) for name, table in PIECES.items()),
    ).select_from(joined)


VIEWS: dict[str, Callable[[str], Select[Any]]] = {
    "bi_usage": usage_rows,
    "bi_credits_by_tenant": by_tenant,
    "bi_credits_by_day": by_day,
    "bi_credits_by_agent": by_owner(_AGENT),
    "bi_credits_by_opening": by_owner(_OPENING),
    "bi_credits_by_member": by_owner(_MEMBER),
    "bi_credits_by_interaction": by_interaction,
}


# ---------------------------------------------------------------- columns


def _sums(*by: str, edges: bool = False) -> Subquery:
    """The sums of a tenant's days, apart by columns."""
    keys = [USAGE_DAY.c[name] for name in ("tenant_id", *by)]
    days = (func.min(USAGE_DAY.c.day).label("first_day"), func.max(USAGE_DAY.c.day).label("last_day"))
    counts = {
        "credits": USAGE_DAY.c.credits,
        **{name: _of(activity) for name, activity in _ACTIVITIES.items()},
        **{name: USAGE_DAY.c[name] for name in _SUMMED},
    }
    added = [cast(func.sum(column), BigInteger).label(name) for name, column in counts.items()]
    return select(*keys, *(days if edges else ()), *added).group_by(*keys).subquery("sums")


def _of(activity: Activity) -> ColumnElement[int]:
    return case((USAGE_DAY.c.activity == activity.value, USAGE_DAY.c.activities), else_=literal(0))


def _tenant(dialect: str, rows: FromClause) -> Columns:
    # The id of the rows and not of the tenant: a tool that asks for one tenant reads that one's rows only.
    id = shown_id(dialect, rows.c.tenant_id).label("tenant_id")
    return [id, TENANT.c.external_id.label("tenant_external_id"), TENANT.c.name.label("tenant_name")]


def _is_of(sums: Subquery) -> ColumnElement[bool]:
    return TENANT.c.id == sums.c.tenant_id


def _credits(dialect: str, millionths: ColumnElement[int]) -> Columns:
    return [exact_credits(dialect, millionths).label("credits"), millionths.label("credits_millionths")]


def _totals(dialect: str, sums: Subquery) -> Columns:
    return [*_credits(dialect, sums.c.credits), *(sums.c[name] for name in (*_ACTIVITIES, *_SUMMED))]


def _pieces(table: Table) -> ColumnElement[int]:
    of = and_(table.c.tenant_id == INTERACTION.c.tenant_id, table.c.interaction_id == INTERACTION.c.id)
    return select(func.count()).select_from(table).where(of).correlate(INTERACTION).scalar_subquery()


# ---------------------------------------------------------------- making them


def make_views(connection: Connection) -> None:
    """Make all views, or make them anew as they are now."""
    for name, query in VIEWS.items():
        for statement in view_texts(connection.dialect.name, name, query(connection.dialect.name)):
            connection.exec_driver_sql(statement)


def drop_views(connection: Connection) -> None:
    for name in VIEWS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


@event.listens_for(metadata, "after_create")
def _with_the_tables(_target: MetaData, connection: Connection, **_: Any) -> None:
    make_views(connection)
