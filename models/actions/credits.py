"""Credits that come in: top-ups and grants."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from models.actions.account_parts import About, Grant
from models.actions.accounts import Account, lock_account
from models.actions.finishing import finish
from models.actions.once import made_before, take_key
from models.actions.recharging import announce_request, take_outcome
from models.actions.settling import fold_in
from models.rules import keeping
from models.rules.amounts import LARGEST
from models.rules.burndown import NEVER
from models.rules.facts import GRANT_PRIORITY, LONG_AGO, Lot, Movement
from models.rules.fold import State
from models.rules.ids import new_id
from models.rules.refusals import Conflict, Invalid, NotFound
from models.rules.reports import EARLIEST, LONGEST_KEY, LONGEST_REMARKS, check_lines, check_name
from models.rules.words import EntryKind, GrantSource, PoolKind, SubjectKind, TopUpStatus
from models.tables import credits as tables
from models.tables.base import metadata
from models.tables.ledger import ACCOUNT
from models.unit_of_work import UnitOfWork

TOP_UP = metadata.tables["top_up"]
_POOL = metadata.tables["credit_pool"]
_POOL_NAMES = {PoolKind.PLAN: "Plan credits", PoolKind.TOP_UP: "Top-up credits"}
_GIVEN = (GrantSource.PROMOTION, GrantSource.ADJUSTMENT)
LONGEST_REFERENCE = 300
LARGEST_PRIORITY = 1_000


async def open_account(work: UnitOfWork, tenant_id: UUID) -> None:
    """Give a new tenant its account and pools, with the plan's grants of all periods since its anchor."""
    await work.insert(_POOL, [(tenant_id, new_id(), kind, name) for kind, name in _POOL_NAMES.items()])
    await work.run(
        insert(ACCOUNT).values(
            tenant_id=tenant_id,
            due_at=LONG_AGO,
            frontier=keeping.frontier_as_text(State(identify=_makes_nothing), 0),
        )
    )
    account = await lock_account(work, tenant_id)
    await fold_in(work, account)
    await finish(work, [account])


def _makes_nothing(source: GrantSource, key: str) -> UUID:
    raise AssertionError("A new account has folded nothing.")


@dataclass(frozen=True, slots=True)
class TopUpWish:
    """A purchase of credits, paid already or yet to be paid."""

    tenant_id: UUID
    key: str
    credits: int
    payment_reference: str | None = None
    settled: bool = True
    expires_at: datetime | None = None
    remarks: str = ""


@dataclass(frozen=True, slots=True)
class GrantWish:
    """Credits that an operator gives."""

    tenant_id: UUID
    key: str
    credits: int
    pool: PoolKind = PoolKind.TOP_UP
    source: GrantSource = GrantSource.PROMOTION
    priority: int = GRANT_PRIORITY
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    remarks: str = ""


async def top_up(work: UnitOfWork, wish: TopUpWish) -> UUID:
    """Buy credits: the id of the top-up. The same key again answers the top-up that there is."""
    _check_credits_in(wish.key, wish.credits, wish.remarks)
    if wish.payment_reference is not None:
        check_name(wish.payment_reference, "payment_reference", LONGEST_REFERENCE)
    account = await lock_account(work, wish.tenant_id)
    known = await made_before(work, wish.tenant_id, "top_up", wish.key, wish)
    if known is not None:
        return known
    if wish.expires_at is not None and wish.expires_at <= work.now:
        raise Invalid("Credits that are bought now cannot have ended already.", ("expires_at",))
    id = new_id()
    await fold_in(work, account)
    status = TopUpStatus.SETTLED if wish.settled else TopUpStatus.PENDING
    await work.run(insert(TOP_UP).values(_top_up_row(work, wish, id, status)))
    if wish.settled:
        await _bring_in(work, account, _bought(work, wish, id))
    else:
        about = About(remarks=wish.remarks, top_up_status=status)
        account.append(Movement(work.now, EntryKind.TOP_UP, SubjectKind.TOP_UP, id, wish.key, 0, ()), about)
        await announce_request(work, wish.tenant_id, id, wish.credits, automatic=False)
    await take_key(work, wish.tenant_id, "top_up", wish.key, wish, id)
    await finish(work, [account])
    return id


async def grant_credits(work: UnitOfWork, wish: GrantWish) -> UUID:
    """Give credits: the id of the grant. One that begins later waits for its time; one in the past counts there."""
    _check_credits_in(wish.key, wish.credits, wish.remarks)
    _check_grant(wish)
    account = await lock_account(work, wish.tenant_id)
    known = await made_before(work, wish.tenant_id, "grant", wish.key, wish)
    if known is not None:
        return known
    await fold_in(work, account)
    since = wish.effective_at or work.now
    until = wish.expires_at
    if until is None and wish.pool is PoolKind.PLAN:
        until = account.boundary_at(account.first_boundary_from(since + since.resolution))
    if until is not None and until <= since:
        raise Invalid("A grant ends after it begins.", ("expires_at",))
    lot = Lot(new_id(), wish.key, wish.pool, wish.source, wish.credits, wish.credits, wish.priority, since, until)
    await _bring_in(work, account, Grant(lot, "AHEAD", is_given=True, recorded_at=work.now, remarks=wish.remarks))
    await take_key(work, wish.tenant_id, "grant", wish.key, wish, lot.id)
    await finish(work, [account])
    return lot.id


def _bought(work: UnitOfWork, wish: TopUpWish, id: UUID, source: GrantSource = GrantSource.TOP_UP) -> Grant:
    """The grant of a top-up that is paid; it has the top-up's id."""
    lot = Lot(
        id,
        wish.key,
        PoolKind.TOP_UP,
        source,
        wish.credits,
        wish.credits,
        GRANT_PRIORITY,
        work.now,
        wish.expires_at,
    )
    return Grant(lot, "AHEAD", is_given=True, recorded_at=work.now, remarks=wish.remarks)


async def _bring_in(work: UnitOfWork, account: Account, grant: Grant) -> None:
    """Add a grant; it is folded in at once where its time has come."""
    account.grants[grant.lot.id] = grant
    await fold_in(work, account)


def _check_credits_in(key: str, amount: int, remarks: str) -> None:
    check_name(key, "key", LONGEST_KEY)
    check_lines(remarks, "remarks", LONGEST_REMARKS)
    if not 0 < amount <= LARGEST:
        raise Invalid("This takes more than 0 credits.", ("credits",))


def _check_grant(wish: GrantWish) -> None:
    if wish.source not in _GIVEN:
        raise Invalid(f"Credits are given as {' or '.join(_GIVEN)}; others come about by themselves.", ("source",))
    if not 0 <= wish.priority <= LARGEST_PRIORITY:
        raise Invalid(f"A priority lies between 0 and {LARGEST_PRIORITY}.", ("priority",))
    for field, at in (("effective_at", wish.effective_at), ("expires_at", wish.expires_at)):
        if at is not None and not EARLIEST <= at < NEVER:
            raise Invalid("This lies between the years 1970 and 9999.", (field,))


def _top_up_row(work: UnitOfWork, wish: TopUpWish, id: UUID, status: TopUpStatus) -> dict[str, Any]:
    return {
        "tenant_id": wish.tenant_id,
        "id": id,
        "key": wish.key,
        "credits": wish.credits,
        "status": status,
        "automatic": False,
        "requested_at": work.now,
        "settled_at": work.now if wish.settled else None,
        "payment_reference": wish.payment_reference,
        "expires_at": wish.expires_at,
        "remarks": wish.remarks,
    }


# ---------------------------------------------------------------- settling what is pending


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of the payment of a top-up."""

    tenant_id: UUID
    id: UUID
    outcome: TopUpStatus
    payment_reference: str | None = None
    failure: str | None = None


async def settle_top_up(work: UnitOfWork, settlement: Settlement) -> UUID:
    """Say that a top-up was paid, or failed. The same outcome again answers the same, another one is CONFLICT."""
    if settlement.outcome is TopUpStatus.PENDING:
        raise Invalid("A top-up becomes settled or failed.", ("outcome",))
    if settlement.payment_reference is not None:
        check_name(settlement.payment_reference, "payment_reference", LONGEST_REFERENCE)
    check_lines(settlement.failure, "failure", LONGEST_REMARKS)
    account = await lock_account(work, settlement.tenant_id)
    row = await work.first(tables.top_up(), {"tenant_id": settlement.tenant_id, "id": settlement.id})
    if row is None:
        raise NotFound("There is no such top-up.", ("id",))
    if row.status == settlement.outcome:
        return settlement.id
    if row.status != TopUpStatus.PENDING:
        raise Conflict(f"This top-up is {row.status} already.", ("outcome",))
    await fold_in(work, account)
    await _settle(work, account, row, settlement)
    await finish(work, [account])
    return settlement.id


async def _settle(work: UnitOfWork, account: Account, row: Any, settlement: Settlement) -> None:
    is_paid = settlement.outcome is TopUpStatus.SETTLED
    await work.run(
        update(TOP_UP)
        .where(TOP_UP.c.tenant_id == settlement.tenant_id, TOP_UP.c.id == settlement.id)
        .values(
            status=settlement.outcome,
            settled_at=work.now if is_paid else None,
            payment_reference=settlement.payment_reference or row.payment_reference,
            failure=settlement.failure,
        )
    )
    await take_outcome(work, account, row, settlement.outcome, settlement.failure)
    if is_paid:
        source = GrantSource.AUTO_RECHARGE if row.automatic else GrantSource.TOP_UP
        wish = TopUpWish(
            row.tenant_id, row.key, row.credits, expires_at=_still_ahead(row.expires_at, work), remarks=row.remarks
        )
        await _bring_in(work, account, _bought(work, wish, row.id, source))
        return
    about = About(remarks=settlement.failure or "", top_up_status=settlement.outcome)
    account.append(Movement(work.now, EntryKind.TOP_UP, SubjectKind.TOP_UP, row.id, row.key, 0, ()), about)


def _still_ahead(expires_at: datetime | None, work: UnitOfWork) -> datetime | None:
    if expires_at is not None and expires_at <= work.now:
        raise Invalid("These credits would have ended before they were paid.", ("id",))
    return expires_at
