"""The lists of the graph, each narrowed to a tenant and by what was asked for.

A list's statement depends on which of its filters are used, not on their values, so that it is made once.
"""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Table, bindparam, exists, func, or_, select

from models.rules.words import Activity
from models.tables import conversations, hiring, interactions, keys, tenants, usage
from models.tables.base import metadata
from models.tables.listing import Listing

_FILL_THE_METADATA = (conversations, hiring, interactions, keys, tenants, usage)

TENANT: Table = metadata.tables["tenant"]
MEMBER: Table = metadata.tables["member"]
AGENT: Table = metadata.tables["agent"]
OPENING: Table = metadata.tables["opening"]
INTERVIEW: Table = metadata.tables["interview"]
CALL: Table = metadata.tables["call"]
MESSAGE: Table = metadata.tables["message"]
INTERACTION: Table = metadata.tables["interaction"]
API_KEY: Table = metadata.tables["api_key"]
USAGE_DAY: Table = metadata.tables["usage_day"]

PIECES: dict[Activity, Table] = {
    Activity.TRANSCRIPT: metadata.tables["transcript"],
    Activity.FACT: metadata.tables["fact"],
    Activity.DOCUMENT: metadata.tables["document"],
}


@cache
def tenants_list(*, search: bool) -> Listing:
    """All tenants; those that :search is found in."""
    rows = select(*TENANT.c)
    if search:
        rows = rows.where(or_(_holds(TENANT.c.name), _holds(TENANT.c.external_id)))
    return Listing(rows, TENANT.c.created_at, TENANT.c.id)


@cache
def members() -> Listing:
    """The members of :tenant_id who have a seat."""
    rows = _of_tenant(MEMBER).where(MEMBER.c.removed_at.is_(None))
    return Listing(rows, MEMBER.c.created_at, MEMBER.c.id)


@cache
def api_keys(*, operators: bool, is_revoked: bool | None) -> Listing:
    """The keys of :tenant_id, or of operators; all, or only those that were revoked, or were not. Without hashes."""
    rows = select(*(column for column in API_KEY.c if column.name != "hash"))
    whose = API_KEY.c.tenant_id.is_(None) if operators else API_KEY.c.tenant_id == bindparam("tenant_id")
    if is_revoked is not None:
        rows = rows.where(API_KEY.c.revoked_at.is_not(None) if is_revoked else API_KEY.c.revoked_at.is_(None))
    return Listing(rows.where(whose), API_KEY.c.created_at, API_KEY.c.id)


@cache
def agents(*, search: bool) -> Listing:
    """The agents of :tenant_id; those with :search in their names."""
    rows = _of_tenant(AGENT)
    return Listing(rows.where(_holds(AGENT.c.name)) if search else rows, AGENT.c.created_at, AGENT.c.id)


@cache
def openings(*, search: bool, status: bool) -> Listing:
    """The openings of :tenant_id; those with :search in their titles, or with a :status."""
    rows = _of_tenant(OPENING)
    if search:
        rows = rows.where(_holds(OPENING.c.job_title))
    if status:
        rows = rows.where(OPENING.c.status == bindparam("status"))
    return Listing(rows, OPENING.c.created_at, OPENING.c.id)


@cache
def interviews(*, status: bool) -> Listing:
    """The interviews for :opening_id of :tenant_id; those with a :status."""
    rows = _of_tenant(INTERVIEW).where(INTERVIEW.c.opening_id == bindparam("opening_id"))
    if status:
        rows = rows.where(INTERVIEW.c.status == bindparam("status"))
    return Listing(rows, INTERVIEW.c.invited_at, INTERVIEW.c.id)


@cache
def calls(*, used: frozenset[str]) -> Listing:
    """The calls of :tenant_id, narrowed by the filters that are used: range, agent_ids, member_ids, direction,
    translated."""
    filters: dict[str, tuple[ColumnElement[bool], ...]] = {
        "range": _within(CALL.c.started_at),
        "agent_ids": (_one_of(CALL.c.agent_id, "agent_ids"),),
        "member_ids": (_one_of(CALL.c.member_id, "member_ids"),),
        "direction": (CALL.c.direction == bindparam("direction"),),
        "translated": (CALL.c.translation_seconds > 0,),
    }
    return Listing(_narrowed(_of_tenant(CALL), filters, used), CALL.c.started_at, CALL.c.id)


@cache
def messages(*, used: frozenset[str], played: bool) -> Listing:
    """The messages of :tenant_id, narrowed by the filters that are used: range, agent_ids, member_ids, models. Those of
    the playground are among them where they are `played`."""
    filters: dict[str, tuple[ColumnElement[bool], ...]] = {
        "range": _within(MESSAGE.c.sent_at),
        "agent_ids": (_one_of(MESSAGE.c.agent_id, "agent_ids"),),
        "member_ids": (_one_of(MESSAGE.c.member_id, "member_ids"),),
        "models": (_one_of(MESSAGE.c.model, "models"),),
    }
    rows = _narrowed(_of_tenant(MESSAGE), filters, used)
    return Listing(rows if played else rows.where(~MESSAGE.c.is_playground), MESSAGE.c.sent_at, MESSAGE.c.id)


@cache
def interactions_list(*, used: frozenset[str]) -> Listing:
    """The interactions of :tenant_id, narrowed by the filters that are used: range, agent_ids, member_ids, and the
    names of activities, of which they hold one."""
    held = [_has_piece(piece) for activity, piece in PIECES.items() if activity in used]
    filters: dict[str, tuple[ColumnElement[bool], ...]] = {
        "range": _within(INTERACTION.c.created_at),
        "agent_ids": (_one_of(INTERACTION.c.agent_id, "agent_ids"),),
        "member_ids": (_one_of(INTERACTION.c.assigned_member_id, "member_ids"),),
    }
    rows = _narrowed(_of_tenant(INTERACTION), filters, used - set(PIECES))
    return Listing(rows.where(or_(*held)) if held else rows, INTERACTION.c.created_at, INTERACTION.c.id)


@cache
def pieces(activity: Activity) -> Listing:
    """The transcripts, facts or documents of :interaction_id of :tenant_id."""
    piece = PIECES[activity]
    rows = _of_tenant(piece).where(piece.c.interaction_id == bindparam("interaction_id"))
    return Listing(rows, piece.c.created_at, piece.c.id)


@cache
def activities_counted(*, activity: Activity, used: frozenset[str]) -> Select[Any]:
    """How many calls, translations or messages the roll-ups of :tenant_id know, by filters like those of lists."""
    rows = select(func.coalesce(func.sum(USAGE_DAY.c.activities), 0)).where(USAGE_DAY.c.activity == activity)
    return _rolled_up(rows, used)


@cache
def interactions_counted(*, used: frozenset[str]) -> Select[Any]:
    """How many interactions the roll-ups of :tenant_id know, by filters like those of interactions."""
    rows = select(func.coalesce(func.sum(USAGE_DAY.c.interactions), 0)).where(USAGE_DAY.c.activity == "")
    return _rolled_up(rows, used)


def _rolled_up(rows: Select[Any], used: frozenset[str]) -> Select[Any]:
    day = USAGE_DAY.c.day
    filters: dict[str, tuple[ColumnElement[bool], ...]] = {
        "range": (day >= bindparam("first_day", type_=day.type), day <= bindparam("last_day", type_=day.type)),
        "agent_ids": (_one_of(USAGE_DAY.c.agent_id, "agent_ids"),),
        "member_ids": (_one_of(USAGE_DAY.c.member_id, "member_ids"),),
        "models": (_one_of(USAGE_DAY.c.model, "models"),),
        "direction": (USAGE_DAY.c.direction == bindparam("direction"),),
    }
    return _narrowed(rows.where(USAGE_DAY.c.tenant_id == bindparam("tenant_id")), filters, used)


def _of_tenant(table: Table) -> Select[Any]:
    return select(*table.c).where(table.c.tenant_id == bindparam("tenant_id"))


def _narrowed(
    rows: Select[Any], filters: dict[str, tuple[ColumnElement[bool], ...]], used: frozenset[str]
) -> Select[Any]:
    return rows.where(*(condition for name in sorted(used) for condition in filters[name]))


def _within(at: ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
    return (at >= bindparam("starts_at", type_=at.type), at < bindparam("ends_at", type_=at.type))


def _one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column.in_(bindparam(name, expanding=True))


def _has_piece(piece: Table) -> ColumnElement[bool]:
    return exists().where(piece.c.tenant_id == INTERACTION.c.tenant_id, piece.c.interaction_id == INTERACTION.c.id)


def _holds(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column.ilike(bindparam("search", type_=String()), escape="\\")


def search_pattern(text: str) -> str:
    """The pattern of texts that hold another text, whatever the case of its letters."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"
