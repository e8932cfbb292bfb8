"""The end of every transaction that changed accounts: what follows from the change, then the writing of it all."""

from collections.abc import Sequence

from models.actions.accounts import Account
from models.actions.alerts import save_alerts, warn_of_low_balance
from models.actions.budgets import watch_budgets
from models.actions.recharging import recharge
from models.actions.saving import save_accounts
from models.unit_of_work import UnitOfWork


async def finish(work: UnitOfWork, accounts: Sequence[Account]) -> None:
    """Ask for automatic top-ups, raise alerts, write all that changed. May be called again when more has changed."""
    await recharge(work, accounts)
    await watch_budgets(work, accounts)
    for account in accounts:
        warn_of_low_balance(account)
    await save_alerts(work, accounts)
    await save_accounts(work, accounts)
