"""What must hold of a tenant's books: small checks by name, each told in figures where it fails.

They take what is kept and what its entries come to, one line or one moment after the other, so that a ledger of any
length fits. Ids are whatever the database holds: they are only compared.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from models.rules.amounts import in_credits
from models.rules.burndown import NEVER
from models.rules.ids import type_id

Id = Any
Problem = str


def named(kind: str, id: Id) -> str:
    """An id, as whatever database holds it, as people know it."""
    return type_id(kind, UUID(str(id)))


# ---------------------------------------------------------------- line after line


class Line(NamedTuple):
    """An entry in the order of its numbers."""

    seq: int
    credits: int
    balance_after: int


BEFORE_ALL = Line(0, 0, 0)


def seq_has_no_gap(before: Line, line: Line) -> Problem | None:
    if line.seq == before.seq + 1:
        return None
    return f"Entry {line.seq} comes after entry {before.seq}: {line.seq - before.seq - 1} are missing."


def balance_chains(before: Line, line: Line) -> Problem | None:
    if line.balance_after == before.balance_after + line.credits:
        return None
    should = in_credits(before.balance_after + line.credits)
    return (
        f"Entry {line.seq}: the balance after it is {in_credits(line.balance_after)}, but {should} by what was before,"
        f" {in_credits(before.balance_after)}, and its {in_credits(line.credits)}."
    )


LINE_CHECKS: tuple[Callable[[Line, Line], Problem | None], ...] = (seq_has_no_gap, balance_chains)


class Chain:
    """Entries as they pass, each checked against the one before."""

    def __init__(self) -> None:
        self.last, self.count = BEFORE_ALL, 0

    def problems(self, lines: Iterable[tuple[int, int, int]]) -> Iterator[Problem]:
        for before, line in pairwise(self._kept(lines)):
            for check in LINE_CHECKS:
                problem = check(before, line)
                if problem is not None:
                    yield problem

    def _kept(self, lines: Iterable[tuple[int, int, int]]) -> Iterator[Line]:
        yield self.last
        for line in lines:
            self.last = Line._make(line)
            self.count += 1
            yield self.last


# ---------------------------------------------------------------- moment after moment

Name = tuple[str, Id, str]
"""What tells the movements of one moment apart: kind, subject, key."""


@dataclass(slots=True)
class Sum:
    """What the movements of one name and moment come to: credits, and shares by grant and activity."""

    credits: int = 0
    shares: dict[tuple[Id, Id], int] = field(default_factory=dict)
    seqs: list[int] = field(default_factory=list)

    def add_share(self, grant_id: Id, activity_id: Id, credits: int) -> None:
        place = grant_id, activity_id
        self.shares[place] = self.shares.get(place, 0) + credits

    def moves(self, other: "Sum") -> bool:
        """Whether it comes to something else than another."""
        return self.credits != other.credits or (
            self.shares != other.shares and _without_zeros(self.shares) != _without_zeros(other.shares)
        )


def recorded_as_folded(at: datetime, recorded: dict[Name, Sum], folded: dict[Name, Sum]) -> Iterator[Problem]:
    """The entries about one moment say what the account's facts come to when they are folded anew."""
    for name, should in folded.items():
        found = recorded.get(name)
        if found is None:
            yield f"No entry says {name[0]} of {in_credits(should.credits)} at {at:%Y-%m-%d %H:%M:%S}, key {name[2]}."
        elif found.moves(should):
            yield f"{_entries(found)}, {name[0]} with key {name[2]}: {_figures(found, should)}."
    for name, found in recorded.items():
        if name not in folded and found.moves(Sum()):
            yield f"{_entries(found)}, {name[0]} with key {name[2]}: {_figures(found, Sum())}; nothing explains it."


def _entries(found: Sum) -> str:
    listed = ", ".join(map(str, sorted(set(found.seqs))))
    return f"Entry {listed}" if len(set(found.seqs)) == 1 else f"Entries {listed}"


def _figures(found: Sum, should: Sum) -> str:
    if found.credits != should.credits:
        return f"{in_credits(found.credits)} credits, but {in_credits(should.credits)} by what happened"
    moved = sorted(
        in_credits(found.shares.get(place, 0) - should.shares.get(place, 0))
        for place in {*found.shares, *should.shares}
        if found.shares.get(place, 0) != should.shares.get(place, 0)
    )
    return f"its parts are on the wrong grants, by {', '.join(moved)}"


# ---------------------------------------------------------------- the account as it is kept


class KeptGrant(NamedTuple):
    id: Id
    name: str
    pool: str
    amount: int
    remaining: int
    state: str


@dataclass(slots=True)
class Kept:
    """What the account's row, its grants, debts and open holds say."""

    seq: int
    plan_balance: int
    top_up_balance: int
    overdrawn: int
    held: int
    due_at: datetime
    grants: list[KeptGrant]
    debts: dict[tuple[datetime, str, str], int]
    holds: dict[Id, int]


@dataclass(slots=True)
class Found:
    """What the entries come to."""

    last: Line = BEFORE_ALL
    by_grant: dict[Id, int] = field(default_factory=dict)
    by_hold: dict[Id, int] = field(default_factory=dict)
    """Of holds that were given back whole there is nothing."""
    stray_allocations: int = 0
    folded: dict[Id, int] = field(default_factory=dict)
    """What is left of the grants that can pay, by folding all facts anew."""
    debts: dict[tuple[datetime, str, str], int] = field(default_factory=dict)
    due_at: datetime = NEVER


def the_account_stands_at_the_last_entry(kept: Kept, found: Found) -> Iterator[Problem]:
    if kept.seq != found.last.seq:
        yield f"The account stands at seq {kept.seq}, the ledger at {found.last.seq}."


def available_is_the_last_balance(kept: Kept, found: Found) -> Iterator[Problem]:
    available = kept.plan_balance + kept.top_up_balance - kept.overdrawn - kept.held
    if available != found.last.balance_after:
        yield (
            f"The account has {in_credits(available)} available, and {in_credits(found.last.balance_after)} after its"
            f" last entry, {found.last.seq}."
        )


def what_is_left_of_grants_is_the_sum_of_their_entries(kept: Kept, found: Found) -> Iterator[Problem]:
    for grant in kept.grants:
        moved = found.by_grant.get(grant.id, 0)
        remaining = 0 if grant.state == "AHEAD" else grant.remaining
        if moved != remaining:
            yield f"Grant {grant.name}: {in_credits(remaining)} is left, but {in_credits(moved)} by its entries."
        if moved < 0:
            yield f"Grant {grant.name}: its entries take {in_credits(-moved)} more than it had."
        if grant.state == "AHEAD" and grant.remaining != grant.amount:
            yield f"Grant {grant.name} has not begun, but {in_credits(grant.remaining)} of it is left."


def entries_move_grants_that_there_are(kept: Kept, found: Found) -> Iterator[Problem]:
    known = {grant.id for grant in kept.grants}
    for grant_id, credits in found.by_grant.items():
        if grant_id not in known:
            yield f"Entries move {in_credits(credits)} on a grant that is not there, {named('credit_grant', grant_id)}."
    if found.stray_allocations:
        yield f"{found.stray_allocations} allocations belong to no entry."


def grants_are_as_a_new_fold_leaves_them(kept: Kept, found: Found) -> Iterator[Problem]:
    for grant in kept.grants:
        left = found.folded.get(grant.id)
        if (left is not None) != (grant.state == "BEGUN"):
            yield f"Grant {grant.name} is {grant.state}, and can{'' if left is not None else 'not'} pay by its dates."
        if grant.state != "AHEAD" and (left or 0) != grant.remaining:
            remaining, should = in_credits(grant.remaining), in_credits(left or 0)
            yield f"Grant {grant.name}: {remaining} is left, but {should} by a new fold."


def pools_are_the_sums_of_their_grants(kept: Kept, _: Found) -> Iterator[Problem]:
    for pool, balance in (("PLAN", kept.plan_balance), ("TOP_UP", kept.top_up_balance)):
        grants = sum(grant.remaining for grant in kept.grants if grant.pool == pool and grant.state == "BEGUN")
        if grants != balance:
            yield f"The pool {pool} holds {in_credits(balance)}, but its grants {in_credits(grants)}."


def held_is_the_sum_of_open_holds(kept: Kept, found: Found) -> Iterator[Problem]:
    held = sum(kept.holds.values())
    if held != kept.held:
        yield f"The account has {in_credits(kept.held)} held, but {in_credits(held)} by its open holds."
    for hold_id in {*kept.holds, *found.by_hold}:
        should, moved = kept.holds.get(hold_id, 0), -found.by_hold.get(hold_id, 0)
        if should != moved:
            name = named("hold", hold_id)
            yield f"{name}: {in_credits(should)} is set aside, but {in_credits(moved)} by its entries."


def overdrawn_is_the_sum_of_debts(kept: Kept, found: Found) -> Iterator[Problem]:
    owed = sum(kept.debts.values())
    if owed != kept.overdrawn:
        yield f"The account is overdrawn by {in_credits(kept.overdrawn)}, but {in_credits(owed)} is owed."
    for place in sorted({*kept.debts, *found.debts}):
        kept_owed, should = kept.debts.get(place, 0), found.debts.get(place, 0)
        if kept_owed != should:
            at, kind, key = place
            yield (
                f"The {kind} with key {key} at {at:%Y-%m-%d %H:%M:%S} owes {in_credits(kept_owed)},"
                f" but {in_credits(should)} by a new fold."
            )


def what_is_due_next_is_known(kept: Kept, found: Found) -> Iterator[Problem]:
    if kept.due_at != found.due_at:
        due, should = (f"{at:%Y-%m-%d %H:%M:%S}" for at in (kept.due_at, found.due_at))
        yield f"The account is due at {due}, but should be at {should}."


CHECKS: tuple[Callable[[Kept, Found], Iterator[Problem]], ...] = (
    the_account_stands_at_the_last_entry,
    available_is_the_last_balance,
    what_is_left_of_grants_is_the_sum_of_their_entries,
    entries_move_grants_that_there_are,
    grants_are_as_a_new_fold_leaves_them,
    pools_are_the_sums_of_their_grants,
    held_is_the_sum_of_open_holds,
    overdrawn_is_the_sum_of_debts,
    what_is_due_next_is_known,
)


# ---------------------------------------------------------------- roll-ups

Counts = dict[str, int]


def sums_are_equal(name: str, kept: Mapping[Any, Counts], counted: Mapping[Any, Counts]) -> Iterator[Problem]:
    """A roll-up says what the activities and entries come to."""
    for place in {*kept, *counted}:
        has, should = kept.get(place, {}), counted.get(place, {})
        for column in {*has, *should}:
            if has.get(column, 0) != should.get(column, 0):
                where = " ".join(str(part) for part in place if part not in ("", None))
                figures = f"{column} is {has.get(column, 0)}, but {should.get(column, 0)} by what happened"
                yield f"{name} of {where}: {figures}."


def _without_zeros(shares: dict[Any, int]) -> dict[Any, int]:
    return {place: credits for place, credits in shares.items() if credits}
