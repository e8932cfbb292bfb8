"""Which grants pay for a spend, and how much each of them pays."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from models.rules.words import GrantSource, PoolKind

NEVER = datetime.max.replace(tzinfo=UTC)

_POOLS = {pool: rank for rank, pool in enumerate(PoolKind)}

BurnOrder = tuple[int, datetime, int, datetime, bool, str, str]


class Grant(Protocol):
    """What these rules need to know of a grant. A row of its table fits."""

    @property
    def id(self) -> UUID: ...
    @property
    def key(self) -> str: ...
    @property
    def pool(self) -> PoolKind: ...
    @property
    def source(self) -> GrantSource: ...
    @property
    def remaining(self) -> int: ...
    @property
    def priority(self) -> int: ...
    @property
    def effective_at(self) -> datetime: ...
    @property
    def expires_at(self) -> datetime | None: ...


G = TypeVar("G", bound=Grant)


class Draw(NamedTuple, Generic[G]):
    """How a spend was split; shortfall is what no grant could pay."""

    shares: list[tuple[G, int]]
    shortfall: int


def draw(grants: Iterable[G], amount: int, at: datetime) -> Draw[G]:
    """Split a spend over the grants usable at a moment, in burn order. Nothing is changed."""
    assert amount >= 0
    shares = []
    for grant in sorted((g for g in grants if is_usable(g, at)), key=burn_order):
        share = min(grant.remaining, amount)
        if share > 0:
            shares.append((grant, share))
            amount -= share
    return Draw(shares, shortfall=amount)


def is_usable(grant: Grant, at: datetime) -> bool:
    return grant.effective_at <= at < (grant.expires_at or NEVER)


def burn_order(grant: Grant) -> BurnOrder:
    """Sorts grants by who pays first; equal for none that a tenant can have."""
    return (
        grant.priority,
        grant.expires_at or NEVER,
        _POOLS[grant.pool],
        grant.effective_at,
        grant.source != GrantSource.ROLLOVER,
        # The key and not the id, which tells the order of arrival. Actions of different kinds
        # may share a key, and differ in the source.
        grant.key,
        str(grant.source),
    )
