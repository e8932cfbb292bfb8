"""Holds: credits set aside for a call that is under way, so that no two calls count on the same ones.

What is held is given back when its call is recorded, when it is released, or when its time is over: then by whoever
next touches the account.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from models.actions.account_parts import About
from models.actions.accounts import Account, lock_account
from models.actions.budgets import refuse_stopped_agent
from models.actions.finishing import finish
from models.actions.once import made_before, take_key
from models.actions.pricing import SecondsPrice, price_of_seconds, terms_of_tenant
from models.actions.settling import fold_in
from models.rules.ids import new_id
from models.rules.refusals import Expired, Invalid, NotFound, TooFewCredits
from models.rules.reports import LONGEST_CALL, LONGEST_KEY, check_name
from models.rules.words import CallDirection, EntryKind, HoldStatus
from models.tables import holds as tables
from models.tables import lookups
from models.unit_of_work import Reader, UnitOfWork

HOLD_LASTS = timedelta(minutes=15)
_KEY = "hold"
_LONGEST_SECONDS = LONGEST_CALL // timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class CallWish:
    """A call that is about to start."""

    tenant_id: UUID
    agent_id: UUID
    key: str
    direction: CallDirection
    expected_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold as it is now; for how long a call would last that takes all available credits, this hold's among them."""

    tenant_id: UUID
    id: UUID
    key: str
    agent_id: UUID
    direction: CallDirection
    credits: int
    seconds: int
    status: HoldStatus
    created_at: datetime
    expires_at: datetime
    longest_seconds: int | None


Check = Callable[[UnitOfWork, Account, Any], Awaitable[None]]
"""Refuses a call that may not start; it is given the row of the agent."""


async def _check_is_live(work: UnitOfWork, account: Account, agent: Any) -> None:
    if not agent.is_live:
        raise Invalid("This agent is not live.", ("agent_id",))


async def _check_budget(work: UnitOfWork, account: Account, agent: Any) -> None:
    await refuse_stopped_agent(work, account, agent.id)


CHECKS: tuple[Check, ...] = (_check_is_live, _check_budget)


async def authorize_call(work: UnitOfWork, wish: CallWish) -> Hold:
    """Set aside what a call costs: its first step, or the seconds it is expected to last. The same key, the same hold.

    A call that costs nothing may always start.
    """
    check_name(wish.key, "key", LONGEST_KEY)
    _check_seconds(wish.expected_seconds, "expected_seconds")
    account = await lock_account(work, wish.tenant_id)
    await fold_in(work, account)
    made = await made_before(work, wish.tenant_id, _KEY, wish.key, wish)
    hold = await _make(work, account, wish) if made is None else await _row(work, wish.tenant_id, made)
    await finish(work, [account])
    return await _as_it_is(work, account, hold)


async def extend_hold(work: UnitOfWork, tenant_id: UUID, id: UUID, seconds: int) -> Hold:
    """Cover so many seconds in all, from the call's start, and keep the hold open for another 15 minutes.

    What is covered already is never lowered.
    """
    _check_seconds(seconds, "seconds")
    account, hold = await _settled(work, tenant_id, id)
    if hold.status != HoldStatus.OPEN:
        raise Expired(f"This hold has ended: it is {hold.status}.", ("id",))
    more = max(0, (await price_of_seconds(work, account.terms, hold.created_at)).of(seconds) - hold.credits)
    if more:
        _set_aside(account, hold.id, hold.key, hold.agent_id, more)
    changes = {
        "credits": hold.credits + more,
        "seconds": max(seconds, hold.seconds),
        "status": HoldStatus.OPEN,
        "expires_at": work.now + HOLD_LASTS,
    }
    return await _changed(work, account, hold, changes)


async def release_hold(work: UnitOfWork, tenant_id: UUID, id: UUID) -> Hold:
    """Give back what is held. A hold that has ended already is answered as it is."""
    account, hold = await _settled(work, tenant_id, id)
    if hold.status != HoldStatus.OPEN:
        await finish(work, [account])
        return await _as_it_is(work, account, hold)
    account.hold(EntryKind.RELEASE, hold.id, hold.key, hold.credits, About(agent_id=hold.agent_id))
    changes = {name: getattr(hold, name) for name in ("credits", "seconds", "expires_at")}
    return await _changed(work, account, hold, {**changes, "status": HoldStatus.RELEASED})


async def read_hold(reader: Reader, tenant_id: UUID, id: UUID, available: int) -> Hold:
    """A hold as a reader finds it, in an account of which nothing is due."""
    row = await _row(reader, tenant_id, id)
    price = await price_of_seconds(reader, await terms_of_tenant(reader, tenant_id), row.created_at)
    return _hold(row, price, available)


def next_credits_on(account: Account) -> date | None:
    """The day on which credits come in next, where that is known: the plan's, or those of a grant that lies ahead."""
    moments = [grant.lot.effective_at for grant in account.grants.values() if grant.state == "AHEAD"]
    boundary = account.boundary_at(account.next_boundary)
    if account.terms_at(boundary).monthly_credits:
        moments.append(boundary)
    return account.days.day_of(min(moments)) if moments else None


# ---------------------------------------------------------------- steps


def _check_seconds(seconds: int | None, field: str) -> None:
    if seconds is not None and not 1 <= seconds <= _LONGEST_SECONDS:
        raise Invalid(f"A call lasts 1 to {_LONGEST_SECONDS} seconds.", (field,))


async def _make(work: UnitOfWork, account: Account, wish: CallWish) -> Any:
    agent = await work.first(lookups.of_tenant("agent"), {"tenant_id": wish.tenant_id, "ids": [wish.agent_id]})
    if agent is None:
        raise NotFound("There is no such agent.", ("agent_id",))
    for check in CHECKS:
        await check(work, account, agent)
    price = await price_of_seconds(work, account.terms, work.now)
    id, until = new_id(), work.now + HOLD_LASTS
    credits = price.of(wish.expected_seconds or 1)
    _set_aside(account, id, wish.key, wish.agent_id, credits)
    account.holds_end_at = min(until, account.holds_end_at or until)
    values = {
        "tenant_id": wish.tenant_id,
        "id": id,
        "key": wish.key,
        "agent_id": wish.agent_id,
        "direction": wish.direction,
        "credits": credits,
        "seconds": wish.expected_seconds or price.increment.first_seconds,
        "status": HoldStatus.OPEN,
        "created_at": work.now,
        "expires_at": until,
    }
    await take_key(work, wish.tenant_id, _KEY, wish.key, wish, id)
    return await work.first(insert(tables.HOLD).values(values).returning(*tables.HOLD.c))


def _set_aside(account: Account, id: UUID, key: str, agent_id: UUID, credits: int) -> None:
    if credits > max(account.available, 0):
        raise TooFewCredits(credits, account.available, next_credits_on(account))
    account.hold(EntryKind.HOLD, id, key, credits, About(agent_id=agent_id))


async def _row(reader: Reader, tenant_id: UUID, id: UUID) -> Any:
    row = await reader.first(lookups.of_tenant("hold"), {"tenant_id": tenant_id, "ids": [id]})
    if row is None:
        raise NotFound("There is no such hold.", ("id",))
    return row


async def _settled(work: UnitOfWork, tenant_id: UUID, id: UUID) -> tuple[Account, Any]:
    """The account up to now, and the hold as that has left it."""
    account = await lock_account(work, tenant_id)
    await fold_in(work, account)
    return account, await _row(work, tenant_id, id)


async def _changed(work: UnitOfWork, account: Account, hold: Any, changes: dict[str, Any]) -> Hold:
    told = {f"b_{name}": value for name, value in changes.items()}
    await work.run(tables.CHANGE, {"b_tenant": hold.tenant_id, "b_id": hold.id, **told})
    account.holds_end_at = await work.value(tables.NEXT_END, {"b_tenant": hold.tenant_id})
    await finish(work, [account])
    return await _as_it_is(work, account, await _row(work, hold.tenant_id, hold.id))


async def _as_it_is(work: UnitOfWork, account: Account, row: Any) -> Hold:
    return _hold(row, await price_of_seconds(work, account.terms, row.created_at), account.available)


def _hold(row: Any, price: SecondsPrice, available: int) -> Hold:
    status = HoldStatus(row.status)
    own = row.credits if status is HoldStatus.OPEN else 0
    return Hold(
        row.tenant_id,
        row.id,
        row.key,
        row.agent_id,
        CallDirection(row.direction),
        row.credits,
        row.seconds,
        status,
        row.created_at,
        row.expires_at,
        price.longest(available + own),
    )
