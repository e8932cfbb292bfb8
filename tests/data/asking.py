"""The graph asked about the usage of a tenant that files were imported for, in the words of the recount."""

import asyncio
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import select

from models.rules.ids import type_id
from models.tables.base import metadata
from server.database import open_books
from tests.api.running import Api
from tests.books import Clock, TestBooks
from tests.data.recount import NOTHING, Used
from tests.house import House

_TOTALS = "totals { credits calls callSeconds billedSeconds messages }"
_OWNED = "... on Agent { externalId } ... on Member { externalId }"
_DIMENSIONS = ("AGENT", "MEMBER", "MODEL", "ACTIVITY", "DIRECTION")
MOST_SLICES = 100


class Slices(NamedTuple):
    """A breakdown: its parts by the names in the file, and what the rest comes to."""

    parts: dict[str, Used]
    rest: Used
    rest_count: int


class Asked(NamedTuple):
    """All that was asked of a tenant's usage in a range of days."""

    totals: Used
    by_day: dict[date, Used]
    """Days without usage too."""
    slices: dict[str, Slices]
    """Breakdowns by dimension."""
    of_each: dict[str, dict[str, Used]]
    """By AGENT and MEMBER: what each of them says of its own usage, where it used anything."""


def ask(house: House, tenant: str, first: date, last: date) -> Asked:
    return asyncio.run(_ask(house, tenant, first, last))


async def _ask(house: House, tenant: str, first: date, last: date) -> Asked:
    books = open_books(house.url)
    api = Api(TestBooks(books, Clock()))
    tenants = metadata.tables["tenant"].c
    async with books.reading() as reader:
        id = type_id("tenant", await reader.value(select(tenants.id).where(tenants.external_id == tenant)))
    usage = f'usage(range: {{days: {{from: "{first}", to: "{last}"}}}})'
    parts = f"slices {{ key node {{ {_OWNED} }} {_TOTALS} }} other {{ {_TOTALS[9:-2]} }} otherCount"
    by = " ".join(f"{one}: breakdown(by: {one}, first: {MOST_SLICES}) {{ {parts} }}" for one in _DIMENSIONS)
    asked = f"query ($id: ID!) {{ tenant(id: $id) {{ {usage} {{ {_TOTALS} series {{ day {_TOTALS} }} {by} }} }} }}"
    seen = (await api.ask(asked, id=id))["tenant"]["usage"]
    each = {one: await _each(api, id, f"{one.lower()}s", usage) for one in ("AGENT", "MEMBER")}
    await books.close()
    return Asked(
        _used(seen["totals"]),
        {date.fromisoformat(point["day"]): _used(point["totals"]) for point in seen["series"]},
        {one: _slices(seen[one]) for one in _DIMENSIONS},
        each,
    )


async def _each(api: Api, id: str, kind: str, usage: str) -> dict[str, Used]:
    """What all agents or members say, page by page."""
    nodes = f"nodes {{ externalId {usage} {{ {_TOTALS} }} }} pageInfo {{ hasNextPage endCursor }}"
    listed = f"{kind}(first: 100, after: $after) {{ {nodes} }}"
    document = f"query ($id: ID!, $after: String) {{ tenant(id: $id) {{ {listed} }} }}"
    found: dict[str, Used] = {}
    after, more = None, True
    while more:
        page = (await api.ask(document, id=id, after=after))["tenant"][kind]
        found |= {node["externalId"]: _used(node["usage"]["totals"]) for node in page["nodes"]}
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    return {name: used for name, used in found.items() if used != NOTHING}


def _slices(breakdown: Any) -> Slices:
    parts = {_name(one): _used(one["totals"]) for one in breakdown["slices"]}
    return Slices(parts, _used(breakdown["other"]), breakdown["otherCount"])


def _name(slice: Any) -> str:
    node = slice["node"]
    return str(node["externalId"] if node and "externalId" in node else slice["key"])


def _used(totals: Any) -> Used:
    counts = (totals[name] for name in ("calls", "callSeconds", "billedSeconds", "messages"))
    return Used(Fraction(totals["credits"]), *counts)
