"""What happens to an account, and what that does to it: facts, in an order of their own, and movements.

A fact is what happened: a billing boundary, credits that come in, usage, a refund, a void. A movement is what it did to
the account: an entry of the ledger with its shares on grants. Amounts are whole millionths of a credit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from models.rules.burndown import BurnOrder, Grant, burn_order
from models.rules.words import EntryKind, GrantSource, PoolKind, RolloverPolicy, SubjectKind

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
GRANT_PRIORITY = 100
"""Of the grants that the server makes."""

# At one moment: ends and boundaries, credits in, usage, refunds, voids.
_EDGE, _CREDITS_IN, _USAGE, _REFUND, _VOID = range(5)
_KINDS = {kind: position for position, kind in enumerate(SubjectKind)}
_SUBJECTS = tuple(SubjectKind)
_CREDITS_IN_KINDS = {EntryKind.GRANT: 0, EntryKind.TOP_UP: 1}
_PAYING = {EntryKind.USAGE: _USAGE, EntryKind.REFUND: _REFUND}


class Order(NamedTuple):
    """Where a fact stands among all facts of its tenant. Nothing in it depends on when it became known."""

    at: datetime
    rank: int = _EDGE
    kind: int = 0
    key: str = ""

    @classmethod
    def of_usage(cls, at: datetime, subject_kind: SubjectKind, key: str) -> "Order":
        return cls(at, _USAGE, _KINDS[subject_kind], key)

    @property
    def subject_kind(self) -> SubjectKind:
        """The kind of activity, of usage and refunds."""
        assert self.rank in (_USAGE, _REFUND)
        return _SUBJECTS[self.kind]


BEGINNING = Order(LONG_AGO)


Name = tuple[EntryKind, UUID, str]
"""What tells movements at one moment apart: kind, subject and key."""


@dataclass(slots=True)
class Lot:
    """A grant, as the fold sees it."""

    id: UUID
    key: str
    pool: PoolKind
    source: GrantSource
    amount: int
    remaining: int
    priority: int
    effective_at: datetime
    expires_at: datetime | None


@dataclass(slots=True, frozen=True)
class Boundary:
    """A billing period ends and the next begins, with the plan's new credits."""

    at: datetime
    until: datetime
    key: str
    credits: int
    rollover: RolloverPolicy = RolloverPolicy.NONE
    cap: int | None = None

    @property
    def order(self) -> Order:
        return Order(self.at)


@dataclass(slots=True, frozen=True)
class CreditsIn:
    """A grant that somebody gave or bought becomes effective."""

    lot: Lot
    kind: EntryKind
    subject_kind: SubjectKind
    subject_id: UUID

    @property
    def name(self) -> Name:
        """That of the movement which it makes."""
        return self.kind, self.subject_id, grant_key(self.lot)

    @property
    def order(self) -> Order:
        return Order(self.lot.effective_at, _CREDITS_IN, _CREDITS_IN_KINDS[self.kind], self.lot.key)


class Usage(NamedTuple):
    """An activity that costs credits. One with negative credits amends one that was folded before."""

    at: datetime
    subject_kind: SubjectKind
    activity_id: UUID
    key: str
    credits: int

    @property
    def order(self) -> Order:
        return Order.of_usage(self.at, self.subject_kind, self.key)


class Refund(NamedTuple):
    """Credits of an activity are given back."""

    at: datetime
    subject_kind: SubjectKind
    activity_id: UUID
    key: str
    credits: int
    until: datetime
    """The next boundary: where credits for an ended grant of the plan end."""

    @property
    def order(self) -> Order:
        return Order(self.at, _REFUND, _KINDS[self.subject_kind], self.key)


class Void(NamedTuple):
    """What is left of a grant is taken back."""

    at: datetime
    grant_id: UUID
    key: str

    @classmethod
    def of(cls, lot: Lot, at: datetime) -> "Void":
        return cls(at, lot.id, f"void/{grant_key(lot)}")

    @property
    def order(self) -> Order:
        return Order(self.at, _VOID, 0, self.key)


Fact = Boundary | CreditsIn | Usage | Refund | Void


class Share(NamedTuple):
    """A part of a movement: into a grant (positive) or out of it, for the activity that it pays, if any.

    What a refund gives back is positive and names the activity that had been paid.
    """

    grant_id: UUID
    activity_id: UUID | None
    credits: int


class Movement(NamedTuple):
    """What a fact did to the account. The part that no share shows changed what is overdrawn."""

    at: datetime
    kind: EntryKind
    subject_kind: SubjectKind
    subject_id: UUID
    key: str
    credits: int
    shares: tuple[Share, ...]

    @property
    def name(self) -> Name:
        return self.kind, self.subject_id, self.key


class Debt(NamedTuple):
    """Usage that no grant has paid yet."""

    order: Order
    subject_kind: SubjectKind
    activity_id: UUID
    owed: int


class Payment(NamedTuple):
    """What a grant paid of an activity.

    They sort by when they were paid, those of one moment in burn order: in the fold and in the ledger alike.
    """

    at: datetime
    rank: int
    burn_order: BurnOrder
    grant_id: UUID
    pool: PoolKind
    credits: int

    @classmethod
    def by(cls, grant: Grant, at: datetime, kind: EntryKind, credits: int) -> "Payment":
        """What a grant paid by a movement of some kind."""
        return cls(at, _PAYING.get(kind, _CREDITS_IN), burn_order(grant), grant.id, PoolKind(grant.pool), credits)


def grant_key(lot: Lot) -> str:
    """What movements about a grant have as their key: unlike its id, it is the same whenever the fold runs."""
    return f"{lot.source}/{lot.key}"
