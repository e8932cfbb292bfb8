"""States of an account as text: to go on from the last fact, or to fold again from a moment in the past."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from models.rules.facts import Debt, Lot, Order
from models.rules.fold import Identify, State
from models.rules.words import GrantSource, PoolKind, SubjectKind


def frontier_as_text(state: State, facts_since_checkpoint: int) -> str:
    """Where a state stands: its order, who has paid since when, and how many facts ago it was last kept."""
    payer = state.payer.hex if state.payer else None
    return json.dumps([_plain(state.order), payer, _plain(state.steady_since), facts_since_checkpoint])


def frontier_of_text(text: str) -> tuple[Order, UUID | None, Order, int]:
    order, payer, steady_since, facts = json.loads(text)
    return _order(order), UUID(payer) if payer else None, _order(steady_since), facts


def state_as_text(state: State) -> str:
    """A whole state, debts among it, which must be loaded."""
    assert state.debts_are_loaded or not state.overdrawn
    return json.dumps(
        {
            "order": _plain(state.order),
            "lots": [_plain_lot(lot) for lot in state.lots.values()],
            "debts": [[_plain(debt.order), debt.subject_kind, debt.activity_id.hex, debt.owed] for debt in state.debts],
        },
        separators=(",", ":"),
    )


def state_of_text(text: str, identify: Identify) -> State:
    kept = json.loads(text)
    order = _order(kept["order"])
    debts = [
        Debt(_order(order), SubjectKind(kind), UUID(activity), owed) for order, kind, activity, owed in kept["debts"]
    ]
    lots = [_lot(plain) for plain in kept["lots"]]
    return State(
        identify=identify,
        order=order,
        lots={lot.id: lot for lot in lots},
        debts=debts,
        overdrawn=sum(debt.owed for debt in debts),
        steady_since=order,
    )


def _plain(order: Order) -> list[Any]:
    return [order.at.isoformat(), order.rank, order.kind, order.key]


def _order(plain: list[Any]) -> Order:
    at, rank, kind, key = plain
    return Order(datetime.fromisoformat(at), rank, kind, key)


def _plain_lot(lot: Lot) -> list[Any]:
    until = lot.expires_at.isoformat() if lot.expires_at else None
    return [
        lot.id.hex,
        lot.key,
        lot.pool,
        lot.source,
        lot.amount,
        lot.remaining,
        lot.priority,
        lot.effective_at.isoformat(),
        until,
    ]


def _lot(plain: list[Any]) -> Lot:
    id, key, pool, source, amount, remaining, priority, since, until = plain
    return Lot(
        UUID(id),
        key,
        PoolKind(pool),
        GrantSource(source),
        amount,
        remaining,
        priority,
        datetime.fromisoformat(since),
        datetime.fromisoformat(until) if until else None,
    )
