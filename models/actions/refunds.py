"""Giving back: credits of something that was used, and grants that are taken back."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.actions.account_parts import About, Grant
from models.actions.accounts import Account, lock_account
from models.actions.finishing import finish
from models.actions.once import made_before, take_key
from models.actions.settling import fold_in
from models.rules.amounts import in_credits
from models.rules.facts import Refund, Void
from models.rules.ids import entry_id, entry_parts
from models.rules.refusals import Invalid, NotFound
from models.rules.reports import LONGEST_KEY, LONGEST_REMARKS, check_lines, check_name
from models.rules.words import EntryKind, SubjectKind
from models.tables import lookups
from models.tables import refunds as tables
from models.unit_of_work import UnitOfWork

REFUNDABLE = frozenset(tables.TABLES)
"""The kinds of activities whose credits can be given back."""
_KEY = "refund"
_HAPPENED_AT = ("started_at", "sent_at", "furthest_at", "created_at")
"""Where activities say when they last cost something."""


@dataclass(frozen=True, slots=True)
class RefundWish:
    """Credits of an activity to be given back; all that are left of it where no amount is named."""

    tenant_id: UUID
    subject_kind: SubjectKind
    subject_id: UUID
    key: str
    remarks: str
    credits: int | None = None


async def refund_usage(work: UnitOfWork, wish: RefundWish) -> int:
    """Give back credits of an activity: the seq of the entry. The same key again answers the same entry."""
    check_name(wish.key, "key", LONGEST_KEY)
    check_lines(wish.remarks, "remarks", LONGEST_REMARKS)
    account = await lock_account(work, wish.tenant_id)
    made = await made_before(work, wish.tenant_id, _KEY, wish.key, wish)
    if made is not None:
        return entry_parts(made)[1]
    values = {"tenant_id": wish.tenant_id, "id": wish.subject_id}
    activity = await work.first(tables.activity(wish.subject_kind), values)
    if activity is None:
        raise NotFound(f"There is no such {wish.subject_kind}.", ("subject_id",))
    seq = await _give_back(work, account, wish, activity)
    await take_key(work, wish.tenant_id, _KEY, wish.key, wish, entry_id(wish.tenant_id, seq, work.now))
    await finish(work, [account])
    return seq


async def _give_back(work: UnitOfWork, account: Account, wish: RefundWish, activity: Any) -> int:
    credits = _checked_credits(wish, activity.credits - activity.refunded)
    told = activity._mapping
    # Usage may lie a few minutes ahead, where clocks differ; nothing of it can be given back before.
    at = max(work.now, next(told[name] for name in _HAPPENED_AT if name in told))
    until = account.boundary_at(account.first_boundary_from(at + at.resolution))
    refund = Refund(at, wish.subject_kind, wish.subject_id, wish.key, credits, until)
    about = About(activity.agent_id, told.get("opening_id"), told.get("member_id"), wish.remarks)
    name = (EntryKind.REFUND, wish.subject_id, wish.key)
    await fold_in(work, account, [refund], {name: about})
    return account.seq_of(*name)


def _checked_credits(wish: RefundWish, left: int) -> int:
    if wish.credits is not None and not 0 < wish.credits <= left:
        given = f"between 0 and {in_credits(left)}" if left > 0 else "no more"
        raise Invalid(f"Of this, {given} credits can be given back.", ("credits",))
    if left <= 0:
        raise Invalid("Nothing that was charged for this is left to be given back.", ("credits",))
    return left if wish.credits is None else wish.credits


async def void_grant(work: UnitOfWork, tenant_id: UUID, id: UUID, remarks: str) -> None:
    """Take back what is left of a grant. One that has ended stays as it is; one that lies ahead never begins."""
    check_lines(remarks, "remarks", LONGEST_REMARKS)
    account = await lock_account(work, tenant_id)
    await fold_in(work, account)
    grant = account.grants.get(id)
    if grant is None:
        if await work.first(lookups.of_tenant("credit_grant"), {"tenant_id": tenant_id, "ids": [id]}) is None:
            raise NotFound("There is no such grant.", ("id",))
    elif grant.state != "ENDED":
        await _void(work, account, grant, remarks)
    await finish(work, [account])


async def _void(work: UnitOfWork, account: Account, grant: Grant, remarks: str) -> None:
    grant.voided_at = work.now
    if grant.state == "AHEAD":
        # Nothing of it was ever in the account, so there is nothing to write down.
        grant.lot.remaining, grant.state = 0, "ENDED"
        return
    void = Void.of(grant.lot, work.now)
    await fold_in(work, account, [void], {(EntryKind.ADJUSTMENT, grant.lot.id, void.key): About(remarks=remarks)})
