"""What something would cost, and which credits it would take. Nothing is taken."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from models.actions.pricing import price_of_seconds, terms_of_tenant
from models.rules.burndown import Draw, draw
from models.rules.rating import billed_seconds
from models.rules.refusals import Invalid
from models.rules.reports import LONGEST_CALL
from models.rules.words import Activity
from models.tables import ledger
from models.unit_of_work import Reader

_LONGEST_SECONDS = LONGEST_CALL // timedelta(seconds=1)


class Estimate(NamedTuple):
    """What a call would cost that starts now."""

    billed_seconds: int
    credits: int
    balance_after: int
    longest_seconds: int | None

    @property
    def would_overdraw(self) -> bool:
        return self.credits > 0 > self.balance_after


async def would_spend(reader: Reader, tenant_id: UUID, credits: int, at: datetime) -> Draw[Any]:
    """Which grants a spend would take, in burn order. What is held belongs to no grant, and so counts as theirs."""
    if credits < 0:
        raise Invalid("A spend is 0 credits or more.", ("credits",))
    return draw(await reader.all(ledger.open_grants(), {"tenants": [tenant_id]}), credits, at)


async def estimate_call(
    reader: Reader, tenant_id: UUID, seconds: int, translation_seconds: int, at: datetime, available: int
) -> Estimate:
    """What a call of so many billable seconds would cost, and the longest one with that much translation."""
    _check(seconds, "seconds")
    _check(translation_seconds, "translation_seconds")
    if translation_seconds > seconds:
        raise Invalid("A call's translation cannot last longer than the call.", ("translation_seconds",))
    terms = await terms_of_tenant(reader, tenant_id)
    call = await price_of_seconds(reader, terms, at)
    translation = 0
    if translation_seconds:
        translation = (await price_of_seconds(reader, terms, at, Activity.TRANSLATION)).of(translation_seconds)
    credits = call.of(seconds) + translation
    billed = billed_seconds(seconds, call.increment)
    return Estimate(billed, credits, available - credits, call.longest(available - translation))


def _check(seconds: int, field: str) -> None:
    if not 0 <= seconds <= _LONGEST_SECONDS:
        raise Invalid(f"A call lasts 0 to {_LONGEST_SECONDS} seconds.", (field,))
