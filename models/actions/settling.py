"""Folding facts into an account, together with everything that has become due by itself.

Boundaries, beginnings and ends of grants, and ends of holds are settled by whoever first touches the account after
their time.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from models.actions import accounts
from models.actions.account_parts import NOTHING_MORE, About
from models.actions.accounts import Account, lock_account
from models.actions.finishing import finish
from models.actions.refolding import fold_again, load_payments
from models.rules.facts import CreditsIn, Fact, Movement, Name, Refund, Usage
from models.rules.words import EntryKind
from models.tables import holds, ledger
from models.unit_of_work import Books, UnitOfWork

Abouts = Mapping[Name, About]


async def fold_in(work: UnitOfWork, account: Account, facts: Sequence[Fact] = (), abouts: Abouts | None = None) -> None:
    """Fold facts, late ones too, and all that is due; what they did is appended to the ledger."""
    await _end_holds(work, account)
    horizon = max(account.now, *(fact.order.at for fact in facts)) if facts else account.now
    due = _take_due(account, horizon)
    told = {**_abouts_of(due, account), **(abouts or {})}
    in_order = sorted([*due, *facts], key=_order_of) if due else sorted(facts, key=_order_of)
    if account.state.overdrawn and _may_repay(account, in_order, horizon):
        await account.load_debts(work)
    if any(isinstance(fact, Refund) for fact in facts):
        account.state.payments = await load_payments(work, account, in_order)
    movements = _fold_on(account, in_order, horizon)
    if movements is None:
        await fold_again(work, account, in_order, told, horizon)
    else:
        account.take_state()
        for movement in movements:
            account.append(movement, told.get(movement.name, NOTHING_MORE))
    await _count_facts(work, account, len(facts))


async def _end_holds(work: UnitOfWork, account: Account) -> None:
    """Give back what is still held by holds whose time is over, each at its end."""
    if account.holds_end_at is None or account.holds_end_at > account.now:
        return
    ended = await work.all(holds.EXPIRE, {"b_tenant": account.tenant_id, "b_now": account.now})
    for hold in sorted(ended, key=lambda row: (row.expires_at, row.id)):
        about = About(agent_id=hold.agent_id)
        account.hold(EntryKind.RELEASE, hold.id, hold.key, hold.credits, about, at=hold.expires_at)
    account.holds_end_at = await work.value(holds.NEXT_END, {"b_tenant": account.tenant_id})


def _fold_on(account: Account, facts: Sequence[Fact], horizon: datetime) -> list[Movement] | None:
    """Fold facts onto the state as it stands; None where a late one would have changed what came after it."""
    state = account.state
    movements: list[Movement] = []
    position = 0
    for fact in facts:
        if not state.is_late(fact):
            break
        if not (isinstance(fact, Usage) and state.commutes(fact)):
            return None
        movements.append(state.use(fact))
        position += 1
    movements += state.fold(facts[position:], until=horizon)
    return movements


def _take_due(account: Account, horizon: datetime) -> list[Fact]:
    due: list[Fact] = []
    while account.boundary_at(account.next_boundary) <= horizon:
        due.append(account.boundary_fact(account.next_boundary))
        account.next_boundary += 1
    due += [
        grant.fact()
        for grant in account.grants.values()
        if grant.state == "AHEAD" and grant.begins and grant.lot.effective_at <= horizon
    ]
    return due


def _abouts_of(due: Sequence[Fact], account: Account) -> dict[Name, About]:
    return {fact.name: account.grants[fact.lot.id].about() for fact in due if isinstance(fact, CreditsIn)}


def _order_of(fact: Fact) -> tuple[object, ...]:
    return fact.order


def _may_repay(account: Account, facts: Sequence[Fact], horizon: datetime) -> bool:
    end = account.state.next_end()
    return (end is not None and end <= horizon) or any(not isinstance(fact, Usage) for fact in facts)


async def _count_facts(work: UnitOfWork, account: Account, facts: int) -> None:
    account.facts_since_checkpoint += facts
    if account.facts_since_checkpoint < accounts.FACTS_BETWEEN_CHECKPOINTS:
        return
    if account.state.debts_are_loaded or await _few_debts(work, account):
        await account.load_debts(work)
        account.keep_state_now(account.state)
    else:
        account.facts_since_checkpoint = 0


async def _few_debts(work: UnitOfWork, account: Account) -> bool:
    debts = await work.value(ledger.number_of_debts(), {"tenant_id": account.tenant_id})
    return int(debts) <= accounts.MOST_DEBTS_KEPT


async def settle(work: UnitOfWork, tenant_id: UUID) -> Account:
    """Bring an account to the present: its lock is held, and all that was due is in its ledger."""
    account = await lock_account(work, tenant_id)
    await fold_in(work, account)
    return account


async def settle_if_due(books: Books, tenant_id: UUID, due_at: datetime) -> bool:
    """Settle an account that a reader found to be due; whether it was."""
    if due_at > books.clock():
        return False
    async with books.work() as work:
        account = await settle(work, tenant_id)
        await finish(work, [account])
    return True
