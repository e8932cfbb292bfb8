"""Alerts: raised within the transaction that gives the reason, numbered by themselves, told by webhook too."""

from collections.abc import Iterable
from uuid import UUID

from models.actions.account_parts import RaisedAlert
from models.actions.accounts import Account
from models.actions.announcing import Event, EventType, announce, as_instant
from models.rules import warnings
from models.rules.amounts import in_credits
from models.rules.ids import new_id, type_id
from models.rules.words import AlertKind
from models.tables.alerts import ALERT
from models.unit_of_work import UnitOfWork


def raise_alert(
    account: Account, kind: AlertKind, message: str, *, credits: int | None = None, agent_id: UUID | None = None
) -> None:
    """Warn a tenant. It is written when the account is."""
    account.alert_seq += 1
    account.alerts.append(
        RaisedAlert(account.tenant_id, new_id(), account.alert_seq, kind, account.now, message, agent_id, credits)
    )


def warn_of_low_balance(account: Account) -> None:
    """Raise an alert for every threshold that this transaction took the available credits below."""
    before, after = account.available_before, account.available
    account.available_before = after
    if after >= before:
        return
    for threshold in warnings.crossed(account.thresholds, before, after):
        message = warnings.low_balance_message(threshold, after)
        raise_alert(account, AlertKind.LOW_BALANCE, message, credits=threshold)
    if warnings.ran_out(before, after):
        raise_alert(account, AlertKind.OUT_OF_CREDITS, warnings.out_of_credits_message(after), credits=after)


async def save_alerts(work: UnitOfWork, accounts: Iterable[Account]) -> None:
    """Write the alerts that were raised, and tell of them."""
    raised: list[RaisedAlert] = []
    for account in accounts:
        if account.alerts:
            raised += account.alerts
            account.alerts = []
            work.ring_alerts(account.tenant_id, account.alert_seq)
    await work.insert(ALERT, raised)
    await announce(work, [_event(alert) for alert in raised])


def _event(alert: RaisedAlert) -> Event:
    data = {
        "id": type_id("alert", alert.id),
        "tenantId": type_id("tenant", alert.tenant_id),
        "seq": alert.seq,
        "kind": alert.kind,
        "raisedAt": as_instant(alert.raised_at),
        "message": alert.message,
        "agentId": type_id("agent", alert.agent_id) if alert.agent_id else None,
        "credits": None if alert.credits is None else in_credits(alert.credits),
    }
    return Event(alert.tenant_id, EventType.ALERT_RAISED, data)
