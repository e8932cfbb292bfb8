"""Writing down what changed of some accounts, each table with one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable

from models.actions.accounts import Account
from models.actions.giving_back import count_refund
from models.actions.roll_ups import save_roll_ups
from models.tables import ledger
from models.tables.ledger import ALLOCATION, CHECKPOINT, DEBT, ENTRY, GRANT
from models.tables.recording import CHANGE_CALL
from models.unit_of_work import UnitOfWork


async def save_entries(work: UnitOfWork, accounts: Sequence[Account]) -> None:
    """Write what was appended to the ledgers."""
    entries: list[tuple[Any, ...]] = []
    allocations: list[tuple[Any, ...]] = []
    for account in accounts:
        more_entries, more_allocations = account.take_entries()
        entries += more_entries
        allocations += more_allocations
        if more_entries:
            work.ring(account.tenant_id, account.seq)
    await work.insert(ENTRY, entries)
    await work.insert(ALLOCATION, allocations)


async def save_accounts(work: UnitOfWork, accounts: Sequence[Account]) -> None:
    """Write everything that changed of some accounts, each table once. May be called again when more has changed.

    Whoever changes an account calls `models.actions.finishing.finish`, which ends with this.
    """
    await _count_refunds(work, accounts)
    await save_grants(work, accounts)
    await save_entries(work, accounts)
    await _save_debts(work, accounts)
    await save_checkpoints(work, accounts)
    if accounts:
        await work.run(ledger.change_account(), [account.values() for account in accounts])
    await _save_last_seqs(work, accounts)
    await save_roll_ups(work, [account.rolled for account in accounts])


async def _save_last_seqs(work: UnitOfWork, accounts: Sequence[Account]) -> None:
    """Let calls that were recorded before name the entries that have corrected them."""
    corrected = [
        {"b_tenant": account.tenant_id, "b_id": call_id, "b_last_seq": seq}
        for account in accounts
        for call_id, seq in account.call_seqs.items()
    ]
    await _run_many(work, CHANGE_CALL, corrected)
    for account in accounts:
        account.call_seqs.clear()


async def _count_refunds(work: UnitOfWork, accounts: Sequence[Account]) -> None:
    for account in accounts:
        refunds, account.refunds = account.refunds, []
        for movement, who in refunds:
            await count_refund(work, account.rolled, movement, who)


async def save_grants(work: UnitOfWork, accounts: Sequence[Account]) -> None:
    """Write the new grants and what changed of others."""
    taken = [account.take_grants() for account in accounts]
    await work.insert(GRANT, [row for new, _ in taken for row in new])
    await _run_many(work, ledger.change_grant(), [values for _, changed in taken for values in changed])


async def _save_debts(work: UnitOfWork, accounts: Sequence[Account]) -> None:
    taken = [account.take_debts() for account in accounts]
    await _run_many(work, ledger.forget_debt(), [key for _, _, paid in taken for key in paid])
    await _run_many(work, ledger.lower_debt(), [values for _, lowered, _ in taken for values in lowered])
    await work.insert(DEBT, [row for new, _, _ in taken for row in new])


async def save_checkpoints(work: UnitOfWork, accounts: Sequence[Account]) -> None:
    """Write the states that were kept, in place of all from the first of them on."""
    for account in accounts:
        if checkpoints := account.take_checkpoints():
            await work.run(ledger.forget_checkpoints_from(account.tenant_id, min(checkpoints)))
            await work.insert(CHECKPOINT, [(account.tenant_id, at, text) for at, text in checkpoints.items()])


async def _run_many(work: UnitOfWork, statement: Executable, values: list[dict[str, Any]]) -> None:
    if values:
        await work.run(statement, values)
