"""Folding an account again from before a late fact, and writing the differences as corrections.

Nothing that was recorded is changed: what the fold now says of the past, less what the ledger says, is appended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from models.actions.accounts import NOTHING_MORE, About, Account, grant_of, save_entries
from models.rules import keeping
from models.rules.fold import (
    LONG_AGO,
    Fact,
    Movement,
    Name,
    Payment,
    Refund,
    Share,
    State,
    Usage,
    Void,
    differences,
)
from models.rules.words import EntryKind, PoolKind, SubjectKind
from models.tables import ledger
from models.unit_of_work import UnitOfWork


async def fold_again(
    work: UnitOfWork, account: Account, facts: Sequence[Fact], abouts: Mapping[Name, About], horizon: datetime
) -> None:
    """Fold the account from the checkpoint before the earliest of the facts, with them in their places."""
    await account.load_debts(work)
    await save_entries(work, [account])
    state, since = await _state_before(work, account, facts[0].order.at)
    await work.run(ledger.forget_checkpoints_from(account.tenant_id, since + since.resolution))
    recorded, told = await _recorded_since(work, account.tenant_id, since)
    await _load_grants(work, account, since)
    horizon = max(horizon, account.state.order.at)
    known = [*_facts_recorded(recorded, account), *_given_facts(account, since), *_boundaries(account, since, horizon)]
    in_order = _merged([*known, *facts])
    state.payments = await _payments(work, account.tenant_id, in_order, since)
    state.follows_payments = bool(state.payments)
    movements = state.fold(in_order, until=horizon)
    _take(account, state, since)
    account.next_boundary = account.first_boundary_from(horizon + horizon.resolution)
    for movement in differences(recorded, movements):
        account.append(movement, abouts.get(movement.name) or told.get(movement.name, NOTHING_MORE))


async def _state_before(work: UnitOfWork, account: Account, at: datetime) -> tuple[State, datetime]:
    kept = await work.first(ledger.last_checkpoint(account.tenant_id, at))
    if kept is None:
        state, since = State(identify=account.known_grant), LONG_AGO
    else:
        state, since = keeping.state_of_text(kept.state, account.known_grant), kept.at
    state.before_edge = account.keep_state
    return state, since


async def _recorded_since(
    work: UnitOfWork, tenant_id: UUID, since: datetime
) -> tuple[list[Movement], dict[Name, About]]:
    """The movements that the ledger holds, and what their entries say of their subjects."""
    shares: dict[int, list[Share]] = {}
    for row in await work.all(ledger.allocations_since(tenant_id, since)):
        shares.setdefault(row.seq, []).append(Share(row.grant_id, row.activity_id, row.credits))
    movements: list[Movement] = []
    abouts: dict[Name, About] = {}
    for row in await work.all(ledger.folded_entries_since(tenant_id, since)):
        movement = _movement(row, tuple(shares.get(row.seq, ())))
        movements.append(movement)
        abouts.setdefault(
            movement.name, About(row.agent_id, row.opening_id, row.member_id, row.remarks, row.top_up_status)
        )
    return movements, abouts


def _movement(row: Any, shares: tuple[Share, ...]) -> Movement:
    return Movement(
        row.occurred_at,
        EntryKind(row.kind),
        SubjectKind(row.subject_kind),
        row.subject_id,
        row.key,
        row.credits,
        shares,
    )


async def _load_grants(work: UnitOfWork, account: Account, since: datetime) -> None:
    for row in await work.all(ledger.grants_since(account.tenant_id, since)):
        if row.id not in account.grants:
            account.grants[row.id] = grant_of(row)


def _facts_recorded(recorded: Sequence[Movement], account: Account) -> list[Fact]:
    """The usage and refunds that the ledger knows. Corrections of 0 credits add nothing to their facts."""
    facts: list[Fact] = []
    for movement in recorded:
        if not movement.credits:
            continue
        if movement.kind is EntryKind.USAGE:
            facts.append(
                Usage(movement.at, movement.subject_kind, movement.subject_id, movement.key, -movement.credits)
            )
        elif movement.kind is EntryKind.REFUND:
            until = account.boundary_at(account.first_boundary_from(movement.at + movement.at.resolution))
            facts.append(
                Refund(movement.at, movement.subject_kind, movement.subject_id, movement.key, movement.credits, until)
            )
    return facts


def _given_facts(account: Account, since: datetime) -> list[Fact]:
    """The beginnings and voids, from a moment on, of the grants that were given or bought."""
    facts: list[Fact] = []
    for grant in account.grants.values():
        if grant.voided_at is not None and grant.voided_at >= since:
            facts.append(Void(grant.voided_at, grant.lot.id, f"void/{grant.lot.key}"))
        if grant.is_given and grant.stored is not None and grant.lot.effective_at >= since and grant.state != "AHEAD":
            grant.lot = replace(grant.lot, remaining=grant.lot.amount)
            facts.append(grant.fact())
    return facts


def _boundaries(account: Account, since: datetime, horizon: datetime) -> list[Fact]:
    facts: list[Fact] = []
    number = 0 if since == LONG_AGO else account.first_boundary_from(since)
    while account.boundary_at(number) <= horizon:
        facts.append(account.boundary_fact(number))
        number += 1
    return facts


def _merged(facts: Sequence[Fact]) -> list[Fact]:
    """Facts in order; each once, usage that was amended with the sum of its parts."""
    found: dict[Any, Fact] = {}
    for fact in facts:
        order = fact.order
        before = found.get(order)
        if isinstance(fact, Usage) and isinstance(before, Usage):
            fact = fact._replace(credits=before.credits + fact.credits)
        found[order] = fact
    return [found[order] for order in sorted(found)]


async def _payments(
    work: UnitOfWork, tenant_id: UUID, facts: Sequence[Fact], since: datetime
) -> dict[UUID, list[Payment]]:
    """Who had paid the activities that are refunded, before the fold begins."""
    refunded = {fact.activity_id for fact in facts if isinstance(fact, Refund)}
    payments: dict[UUID, list[Payment]] = {activity: [] for activity in refunded}
    if refunded:
        for row in await work.all(ledger.payments_before(tenant_id, sorted(refunded), since)):
            payments[row.activity_id].append(Payment(row.grant_id, PoolKind(row.pool), -row.credits))
    return payments


def _take(account: Account, state: State, since: datetime) -> None:
    """Let the account stand where the new fold stands. A grant that the fold no longer makes is empty."""
    made = {*state.lots, *(lot.id for lot in state.ended)}
    account.state = state
    account.take_state()
    for grant in account.grants.values():
        if not grant.is_given and grant.lot.id not in made and grant.lot.effective_at >= since:
            grant.lot = replace(grant.lot, amount=0, remaining=0)
            grant.state = "ENDED"
    state.be_unsteady()
