"""Folding an account again from before a late fact, and writing the differences as corrections.

Nothing that was recorded is changed: what the fold now says of the past, less what the ledger says, is appended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from models.actions import accounts
from models.actions.account_parts import NOTHING_MORE, About, grant_of
from models.actions.accounts import Account
from models.actions.saving import save_checkpoints, save_entries, save_grants
from models.rules import keeping
from models.rules.corrections import differences
from models.rules.facts import LONG_AGO, CreditsIn, Fact, Movement, Name, Order, Payment, Refund, Share, Usage, Void
from models.rules.fold import State, undo_payments
from models.rules.words import EntryKind, SubjectKind
from models.tables import ledger
from models.unit_of_work import UnitOfWork


async def fold_again(
    work: UnitOfWork, account: Account, facts: Sequence[Fact], abouts: Mapping[Name, About], horizon: datetime
) -> None:
    """Fold the account from the checkpoint before the earliest of the facts, with them in their places."""
    await account.load_debts(work)
    await save_entries(work, [account])
    await save_checkpoints(work, [account])
    state, since = await _state_before(work, account, facts[0].order.at)
    await work.run(ledger.forget_checkpoints_from(account.tenant_id, since + since.resolution))
    recorded, told = await _recorded_since(work, account.tenant_id, since)
    await _load_grants(work, account, since)
    horizon = max(horizon, account.state.order.at)
    known = [*_facts_recorded(recorded, account), *_given_facts(account, since), *_boundaries(account, since, horizon)]
    in_order = _merged([*known, *facts])
    state.payments = await load_payments(work, account, in_order, since)
    last_late = max((fact.order for fact in facts if account.state.is_late(fact)), default=facts[0].order)
    movements = _fold(account, state, in_order, last_late)
    movements += state.fold((), until=horizon)
    _take(account, state, since)
    account.next_boundary = account.first_boundary_from(horizon + horizon.resolution)
    for movement in differences(recorded, movements):
        account.append(movement, abouts.get(movement.name) or told.get(movement.name, NOTHING_MORE))


def _fold(account: Account, state: State, facts: Sequence[Fact], last_late: Order) -> list[Movement]:
    """Fold facts in order, and keep the state between them as often as when they are folded one by one.

    Who brings in the past in order goes on after the last late fact, so the state after it is kept too. Where no edge
    follows it is not: late facts could then no longer be folded on.
    """
    movements: list[Movement] = []
    after_late: tuple[datetime, str] | None = None
    for fact in facts:
        if fact.order.at > state.order.at:
            if account.facts_since_checkpoint >= accounts.FACTS_BETWEEN_CHECKPOINTS:
                account.keep_state_now(state)
            if after_late is None and state.order >= last_late and len(state.debts) <= accounts.MOST_DEBTS_KEPT:
                after_late = state.order.at + state.order.at.resolution, keeping.state_as_text(state)
        state.fold_one(fact, movements)
        account.facts_since_checkpoint += 1
    if after_late is not None:
        account.keep_before_edges(*after_late)
    return movements


async def _state_before(work: UnitOfWork, account: Account, at: datetime) -> tuple[State, datetime]:
    kept = await work.first(ledger.last_checkpoint(account.tenant_id, at))
    if kept is None:
        state, since = State(identify=account.known_grant), LONG_AGO
    else:
        state, since = keeping.state_of_text(kept.state, account.known_grant), kept.at
    state.before_edge = account.keep_state
    account.facts_since_checkpoint = 0
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
    """The voids of grants from a moment on, and the beginnings of those given or bought. New ones are AHEAD."""
    facts: list[Fact] = []
    for grant in account.grants.values():
        if grant.voided_at is not None and grant.voided_at >= since:
            facts.append(Void.of(grant.lot, grant.voided_at))
        if grant.begins and grant.state != "AHEAD" and grant.lot.effective_at >= since:
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
        # Credits of two sources may come in with one key at one moment.
        place = (fact.order, fact.lot.source if isinstance(fact, CreditsIn) else "")
        before = found.get(place)
        if isinstance(fact, (Usage, Refund)) and isinstance(before, type(fact)):
            fact = fact._replace(credits=before.credits + fact.credits)
        found[place] = fact
    return [found[place] for place in sorted(found)]


async def load_payments(
    work: UnitOfWork, account: Account, facts: Sequence[Fact], before: datetime | None = None
) -> dict[UUID, list[Payment]]:
    """Who had paid the activities that are refunded, as the ledger knows it, less what was given back of it."""
    refunded = {fact.activity_id for fact in facts if isinstance(fact, Refund)}
    if not refunded:
        return {}
    await save_grants(work, [account])
    await save_entries(work, [account])
    parts: dict[UUID, dict[Any, tuple[Payment, int]]] = {id: {} for id in refunded}
    for row in await work.all(ledger.payments_before(account.tenant_id, sorted(refunded), before)):
        kind = EntryKind(row.entry_kind)
        is_back = kind is EntryKind.REFUND and row.subject_id == row.activity_id
        payment = Payment.by(row, row.occurred_at, kind, 0)
        place = (*payment[:3], is_back)
        _, paid = parts[row.activity_id].get(place, (payment, 0))
        parts[row.activity_id][place] = payment, paid - row.credits
    return {id: _left_of(those) for id, those in parts.items()}


def _left_of(parts: Mapping[Any, tuple[Payment, int]]) -> list[Payment]:
    """Payments in order, less those that were given back; each place says last whether it was."""
    left: list[Payment] = []
    for place in sorted(parts, key=lambda place: (*place[:2], place[-1], place[2])):
        payment, credits = parts[place]
        if credits > 0:
            left.append(payment._replace(credits=credits))
        else:
            undo_payments(left, -credits)
    return left


def _take(account: Account, state: State, since: datetime) -> None:
    """Let the account stand where the new fold stands. A grant that the fold no longer makes is empty."""
    made = {*state.lots, *(lot.id for lot in state.ended)}
    account.state = state
    account.take_state()
    for grant in account.grants.values():
        if not grant.is_given and grant.lot.id not in made and grant.lot.effective_at >= since:
            grant.lot = replace(grant.lot, amount=0, remaining=0)
            grant.state = "ENDED"
