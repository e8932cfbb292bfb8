"""What tests of the fold share: facts made from the model's words, and what a fold came to, in the same words."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from models.rules.facts import Boundary, CreditsIn, Fact, Lot, Movement, Refund, Usage, Void
from models.rules.fold import State
from models.rules.words import EntryKind, GrantSource, PoolKind, RolloverPolicy, SubjectKind
from tests.rules.model_of_the_account import Given, GivenBack, GrantName, History, Period, Subject, Used

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def minute(n: int) -> datetime:
    return NOON + timedelta(minutes=n)


def grant_id(source: str, key: str) -> UUID:
    return uuid5(NAMESPACE_OID, f"{source}/{key}")


def activity_id(subject: Subject) -> UUID:
    return uuid5(NAMESPACE_OID, "/".join(subject))


def a_state(**values: Any) -> State:
    return State(identify=grant_id, **values)


def facts_of(history: History) -> list[Fact]:
    """All facts of a history in the order of the fold."""
    facts: list[Fact] = [boundary(period) for period in history.periods]
    for given in history.given:
        if given.voided_at is None or given.voided_at >= given.begins:
            facts.append(credits_in(given))
            if given.voided_at is not None:
                facts.append(Void.of(_lot(given), given.voided_at))
    facts += [usage(used) for used in history.used]
    facts += [refund(back, history) for back in history.given_back]
    return in_order(facts)


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: tuple(fact.order))


def boundary(period: Period) -> Boundary:
    return Boundary(
        period.begins,
        period.ends,
        period.key,
        period.credits,
        RolloverPolicy(period.rollover),
        period.cap,
    )


def credits_in(given: Given) -> CreditsIn:
    lot = _lot(given)
    if given.source in ("TOP_UP", "AUTO_RECHARGE"):
        return CreditsIn(lot, EntryKind.TOP_UP, SubjectKind.TOP_UP, lot.id)
    return CreditsIn(lot, EntryKind.GRANT, SubjectKind.CREDIT_GRANT, lot.id)


def _lot(given: Given) -> Lot:
    return Lot(
        grant_id(given.source, given.key),
        given.key,
        PoolKind(given.pool),
        GrantSource(given.source),
        given.credits,
        given.credits,
        given.priority,
        given.begins,
        given.ends,
    )


def usage(used: Used) -> Usage:
    return Usage(used.at, SubjectKind(used.kind), activity_id(used.activity), used.key, used.credits)


def refund(back: GivenBack, history: History) -> Refund:
    until = min((period.begins for period in history.periods if period.begins > back.at), default=None)
    assert until is not None, "There is always a next boundary."
    return Refund(back.at, SubjectKind(back.kind), activity_id(back.subject), back.key, back.credits, until)


# ---------------------------------------------------------------- what a fold came to


def standing(state: State) -> dict[str, Any]:
    """All that a state holds of the account, by names and not by ids."""
    return {
        "left": {(lot.source.value, lot.key): lot.remaining for lot in state.lots.values()},
        "owed": {(debt.order.at, debt.subject_kind.value, debt.order.key): debt.owed for debt in state.debts},
        "overdrawn": state.overdrawn,
    }


def sums(movements: Iterable[Movement]) -> dict[Any, tuple[int, dict[Any, int]]]:
    """Movements added up by what they are about: their credits, and their shares by grant and activity."""
    found: dict[Any, tuple[int, dict[Any, int]]] = {}
    for movement in movements:
        credits, shares = found.get((movement.at, movement.name), (0, {}))
        for share in movement.shares:
            place = share.grant_id, share.activity_id
            shares[place] = shares.get(place, 0) + share.credits
        found[movement.at, movement.name] = credits + movement.credits, shares
    return {name: (credits, {k: v for k, v in shares.items() if v}) for name, (credits, shares) in found.items()}


def moving(summed: dict[Any, tuple[int, dict[Any, int]]]) -> dict[Any, tuple[int, dict[Any, int]]]:
    """Sums without those that move nothing."""
    return {name: (credits, shares) for name, (credits, shares) in summed.items() if credits or shares}


def payments(movements: Iterable[Movement], names: dict[UUID, GrantName]) -> dict[UUID, dict[GrantName, int]]:
    """What each grant ever paid for each activity, refunds not taken off."""
    found: dict[UUID, dict[GrantName, int]] = {}
    for movement in movements:
        for share in movement.shares:
            if share.activity_id is not None and share.credits < 0:
                paid = found.setdefault(share.activity_id, {})
                name = names[share.grant_id]
                paid[name] = paid.get(name, 0) - share.credits
    return found
