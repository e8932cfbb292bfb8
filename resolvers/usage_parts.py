"""The parts that usage is broken down into, now and in the ranges that it is compared with."""

from collections import defaultdict
from collections.abc import Awaitable
from functools import partial
from typing import Any

from strawberry.dataloader import DataLoader

from models.rules.ids import type_id
from models.rules.ranges import range_against
from models.rules.usage import NOTHING, Used
from models.rules.words import Against, UsageDimension
from models.tables.base import NOBODY
from models.tables.usage_sums import COLUMN_OF
from resolvers.context import Context
from resolvers.loaders import loader_of
from resolvers.usage_scopes import Scope, part_of

THINGS = {
    UsageDimension.TENANT: "tenant",
    UsageDimension.AGENT: "agent",
    UsageDimension.OPENING: "opening",
    UsageDimension.MEMBER: "member",
}
"""The dimensions whose slices are things with an id, by the kind of the id."""

Thing = tuple[Any, Any]
"""What a part is of: whose it is, and its value in the column."""


async def parts_of(context: Context, scope: Scope, by: UsageDimension) -> tuple[dict[str, Used], dict[str, Thing]]:
    """What was used of each part, and what each is of, by their keys."""
    column, kind = COLUMN_OF[by], THINGS.get(by)
    # Across tenants the rows say whose things they are, so that they are found with them.
    across = not scope.of and kind is not None and kind != "tenant"
    parts, things = defaultdict(list), {}
    for row in await scope.rows(context, *(("tenant_id", column) if across else (column,))):
        value = getattr(row, column)
        key = key_of(kind, value)
        parts[key].append(part_of(row))
        things[key] = (row.tenant_id if across else scope.tenant_id, value)
    return {key: Used.together(some) for key, some in parts.items()}, things


class PartsThen:
    """The parts of a breakdown as they were in other ranges, each range read once for all parts that ask."""

    def __init__(self, context: Context, scope: Scope, by: UsageDimension) -> None:
        self._context, self._scope, self._by = context, scope, by
        self._loaders: dict[Against, DataLoader[str, Used]] = {}

    def part(self, against: Against, key: str) -> Awaitable[Used]:
        loader = self._loaders.get(against)
        if loader is None:
            loader = self._loaders[against] = loader_of(partial(self._read, against))
        return loader.load(key)

    async def _read(self, against: Against, keys: list[str]) -> list[Used]:
        scope = self._scope.at(range_against(self._scope.days, against))
        sums, _ = await parts_of(self._context, scope, self._by)
        return [sums.get(key, NOTHING) for key in keys]


def key_of(kind: str | None, value: Any) -> str:
    if kind is None:
        return str(value)
    return "" if value == NOBODY else type_id(kind, value)
