"""Reading what is numbered as it grows: where an account stood at a seq, and what came from one seq to another."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.rules.words import PoolKind
from models.tables import alerts
from models.tables import watching as tables
from models.unit_of_work import Reader, Rows


class Numbered(StrEnum):
    """What of a tenant's is numbered 1, 2, 3 ... and so can be followed."""

    LEDGER = "ledger"
    ALERTS = "alerts"


@dataclass(frozen=True, slots=True)
class Standing:
    """An account after the entry with a seq, by its entries."""

    seq: int
    held: int
    overdrawn: int
    plan_balance: int
    top_up_balance: int

    @property
    def settled(self) -> int:
        return self.plan_balance + self.top_up_balance - self.overdrawn

    @property
    def available(self) -> int:
        return self.settled - self.held

    @property
    def pools(self) -> dict[PoolKind, int]:
        return {PoolKind.PLAN: self.plan_balance, PoolKind.TOP_UP: self.top_up_balance}


BEFORE_THE_FIRST = Standing(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What came after one seq and up to another: entries, with how the account stood then; or alerts."""

    tenant_id: UUID
    after: int
    standing: Standing
    """Of alerts only the seq, which is that of the last one."""
    entries: Rows

    @property
    def until(self) -> int:
        return self.standing.seq


async def standing_now(
    reader: Reader, tenant_id: UUID, of: Numbered = Numbered.LEDGER
) -> tuple[Standing, datetime] | None:
    """How an account stands, or its alerts, and when something is due there; None where there is no such tenant."""
    row = await reader.first(tables.balances(), {"tenant_id": tenant_id})
    if row is None:
        return None
    if of is Numbered.ALERTS:
        return replace(BEFORE_THE_FIRST, seq=row.alert_seq), row.due_at
    return Standing(row.seq, row.held, row.overdrawn, row.plan_balance, row.top_up_balance), row.due_at


async def standing_at(reader: Reader, tenant_id: UUID, seq: int) -> Standing:
    """How an account stood at a seq of the past. Sums what lies before it, or takes off what lies after it."""
    found = await standing_now(reader, tenant_id)
    assert found is not None, "Who asks for a past standing has seen the account."
    now, _ = found
    assert 0 <= seq <= now.seq
    if seq > now.seq // 2:
        return await _moved(reader, tenant_id, now, seq)
    return await _moved(reader, tenant_id, BEFORE_THE_FIRST, seq)


async def stretch_until(
    reader: Reader, tenant_id: UUID, after: int, until: int, known: Standing | None = None
) -> Stretch:
    """What happened between two seqs, as far as whole transactions lie between them.

    A standing that is known already, of whatever seq, saves sums.
    """
    # One more than is wanted, to see whether the last transaction goes on.
    found = await reader.all(tables.entries_between(), {"tenant_id": tenant_id, "after": after, "until": until + 1})
    entries = _whole_transactions(found, until - after)
    seq = after + len(entries)
    assert not entries or entries[-1].seq == seq, "A ledger's numbers have no gaps."
    if known is None:
        known = await standing_at(reader, tenant_id, seq)
    return Stretch(tenant_id, after, await _moved(reader, tenant_id, known, seq), entries)


async def alerts_until(reader: Reader, tenant_id: UUID, after: int, until: int) -> Stretch:
    """The alerts between two seqs."""
    rows = await reader.all(alerts.alerts_between(), {"tenant_id": tenant_id, "after": after, "until": until})
    return Stretch(tenant_id, after, replace(BEFORE_THE_FIRST, seq=until), rows)


def _whole_transactions(entries: Rows, most: int) -> Rows:
    """As many as are wanted, or fewer: nobody else could see the ledger between two entries of one transaction."""
    end = most
    while 0 < end < len(entries) and entries[end - 1].recorded_at == entries[end].recorded_at:
        end -= 1
    # A transaction that is longer than that is told in parts.
    return entries[: end or most]


async def _moved(reader: Reader, tenant_id: UUID, known: Standing, seq: int) -> Standing:
    """The standing at a seq, from that at another one, before or after it."""
    if known.seq == seq:
        return known
    sign = 1 if known.seq < seq else -1
    between = {"tenant_id": tenant_id, "after": min(known.seq, seq), "until": max(known.seq, seq)}
    held = known.held + sign * await reader.value(tables.held_between(), between)
    pooled = await reader.first(tables.pooled_between(), between)
    assert pooled is not None
    plan = known.plan_balance + sign * pooled.PLAN
    top_up = known.top_up_balance + sign * pooled.TOP_UP
    available = await reader.value(tables.available_at(), {"tenant_id": tenant_id, "seq": seq}) if seq else 0
    return replace(
        known, seq=seq, held=held, plan_balance=plan, top_up_balance=top_up, overdrawn=plan + top_up - held - available
    )
