"""What the operator's own systems are to be told by webhook, written down in the transaction that makes it true."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from models.rules.ids import new_id
from models.tables.webhooks import WEBHOOK_DELIVERY
from models.unit_of_work import UnitOfWork


class EventType(StrEnum):
    """What is told of."""

    TOP_UP_REQUESTED = "topup.requested"
    ALERT_RAISED = "alert.raised"


class Event(NamedTuple):
    """Something to tell. Names and values of its data are as in the graph."""

    tenant_id: UUID
    type: EventType
    data: Mapping[str, Any]


async def announce(work: UnitOfWork, events: Sequence[Event]) -> None:
    """Have events told once this is committed, where somebody wants to be told."""
    if not events or not work.announces:
        return
    rows = [(event.tenant_id, new_id(), _body(event, work.now), work.now, 0, None) for event in events]
    await work.insert(WEBHOOK_DELIVERY, rows)
    work.has_announced = True


def as_instant(at: datetime) -> str:
    """An instant as the graph shows it, to the second or finer."""
    text = at.replace(tzinfo=None).isoformat()
    return f"{text.rstrip('0') if at.microsecond else text}Z"


def _body(event: Event, now: datetime) -> str:
    return orjson.dumps({"type": event.type, "timestamp": as_instant(now), "data": event.data}).decode()
