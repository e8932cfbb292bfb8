"""Accounts under their locks: how they are loaded, and what is appended to their ledgers.

An account is changed in memory while its row is locked, and written once at the end of the transaction.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from models.actions.account_parts import (
    NOTHING_MORE,
    About,
    Grant,
    RaisedAlert,
    Terms,
    debt_key,
    debt_row,
    grant_changes,
    grant_of,
    grant_row,
    terms_in_force,
    terms_of,
)
from models.actions.giving_back import Who
from models.actions.roll_ups import ADDING, RollUps
from models.rules import keeping
from models.rules.burndown import NEVER
from models.rules.facts import Boundary, Debt, Movement, Order
from models.rules.fold import State
from models.rules.ids import new_id
from models.rules.periods import Days, days_in, period
from models.rules.refusals import LimitReached, NotFound
from models.rules.warnings import thresholds_of_text
from models.rules.words import EntryKind, GrantSource, PoolKind, SubjectKind
from models.tables import ledger
from models.unit_of_work import UnitOfWork


@dataclass(slots=True)
class Account:
    """One tenant's account within a transaction that holds its lock."""

    tenant_id: UUID
    zone: ZoneInfo
    anchor_day: date
    now: datetime
    seq: int
    version: int
    available: int
    held: int
    next_boundary: int
    holds_end_at: datetime | None
    facts_since_checkpoint: int
    state: State
    rolled: RollUps
    days: Days
    available_before: int
    """What was available when it was last looked at whether to warn of it."""
    alert_seq: int
    thresholds: tuple[int, ...]
    """Below which amounts the tenant is warned."""
    recharge_below: int | None
    recharge_again_at: datetime | None
    has_budgets: bool
    alerts: list[RaisedAlert] = field(default_factory=list)
    terms: list[Terms] = field(default_factory=list)
    grants: dict[UUID, Grant] = field(default_factory=dict)
    call_seqs: dict[UUID, int] = field(default_factory=dict)
    """The calls that entries of this transaction are about, with the seq of the last one."""
    refunds: list[tuple[Movement, Who]] = field(default_factory=list)
    """The refunds among the entries of this transaction that are yet to be counted."""
    _new_grants: dict[tuple[GrantSource, str], UUID] = field(default_factory=dict)
    _stored_debts: dict[Order, int] = field(default_factory=dict)
    _entries: list[tuple[Any, ...]] = field(default_factory=list)
    _allocations: list[tuple[Any, ...]] = field(default_factory=list)
    _checkpoints: dict[datetime, str] = field(default_factory=dict)

    # ------------------------------------------------------------ time

    def terms_at(self, at: datetime) -> Terms:
        """The plan in force at a moment; the first one also holds for all the past."""
        return terms_in_force(self.terms, at)

    def boundary_at(self, number: int) -> datetime:
        return period(self.anchor_day, number, self.zone).start

    def boundary_fact(self, number: int) -> Boundary:
        """The start of a period: the plan that ends there says what rolls over, the one in force what is granted."""
        at = self.boundary_at(number)
        before = self.terms_at(at - at.resolution)
        return Boundary(
            at=at,
            until=self.boundary_at(number + 1),
            key=f"period/{self.days.day_of(at)}",
            credits=self.terms_at(at).monthly_credits,
            rollover=before.rollover,
            cap=before.rollover_cap,
        )

    def first_boundary_from(self, at: datetime) -> int:
        """The number of the first boundary at a moment or later."""
        months = (at.year - self.anchor_day.year) * 12 + at.month - self.anchor_day.month
        number = max(0, months - 1)
        while self.boundary_at(number) < at:
            number += 1
        return number

    def due_at(self) -> datetime:
        """When something happens by itself next: a boundary, the beginning or end of a grant, the end of a hold, or
        another automatic top-up after one that failed."""
        ahead = [grant.lot.effective_at for grant in self.grants.values() if grant.state == "AHEAD"]
        end = self.state.next_end()
        return min(
            self.boundary_at(self.next_boundary),
            *ahead,
            *([end] if end else []),
            *([self.holds_end_at] if self.holds_end_at else []),
            *([self.recharge_again_at] if self.recharge_again_at else []),
            NEVER,
        )

    # ------------------------------------------------------------ appending

    def append(self, movement: Movement, about: About = NOTHING_MORE) -> int:
        """Number a movement and write it down as an entry; its seq."""
        self.seq += 1
        self.available += movement.credits
        if abs(self.available) > MOST_AVAILABLE:
            raise LimitReached("The account cannot hold that many credits.")
        in_log = about.is_call or (movement.kind in ADDING and movement.credits > 0)
        self._entries.append(
            (
                self.tenant_id,
                self.seq,
                movement.kind,
                movement.credits,
                self.available,
                movement.at,
                self.now,
                movement.subject_kind,
                movement.subject_id,
                movement.key,
                about.agent_id,
                about.opening_id,
                about.member_id,
                about.top_up_status,
                in_log,
                about.remarks,
            )
        )
        day = self.days.day_of(movement.at)
        pools = self._allocate(movement, day) if movement.shares else ()
        self.rolled.count_balance(movement, day, self.seq, pools)
        if movement.subject_kind is SubjectKind.CALL and movement.kind is EntryKind.USAGE:
            self.call_seqs[movement.subject_id] = self.seq
        if movement.kind is EntryKind.REFUND and movement.credits:
            self.refunds.append((movement, (about.agent_id, about.opening_id, about.member_id)))
        if in_log:
            call_of = (about.agent_id, about.member_id) if about.is_call else None
            self.rolled.count_log_row(movement.at, day, movement.credits, call_of)
        return self.seq

    def _allocate(self, movement: Movement, day: date) -> Sequence[PoolKind]:
        """Write down a movement's shares; the pools of their grants."""
        for position, share in enumerate(movement.shares):
            self._allocations.append((self.tenant_id, self.seq, position, *share))
        pools = [self.grants[share.grant_id].lot.pool for share in movement.shares]
        self.rolled.count_pools(movement, day, pools)
        return pools

    def hold(
        self, kind: EntryKind, hold_id: UUID, key: str, credits: int, about: About, at: datetime | None = None
    ) -> int:
        """Write down that credits were set aside (HOLD) or given back (RELEASE): now, or at an earlier moment."""
        sign = -1 if kind is EntryKind.HOLD else 1
        self.held -= sign * credits
        assert self.held >= 0
        return self.append(Movement(at or self.now, kind, SubjectKind.HOLD, hold_id, key, sign * credits, ()), about)

    def seq_of(self, kind: EntryKind, subject_id: UUID, key: str) -> int:
        """The seq of the entry of a kind that was appended last about a subject; it is not written yet."""
        name = (kind, subject_id, key)
        return next(int(row[1]) for row in reversed(self._entries) if (row[2], row[8], row[9]) == name)

    # ------------------------------------------------------------ grants and states

    def take_state(self) -> None:
        """Bring the grants' rows to where the fold has left their lots."""
        for lot in self.state.made:
            if lot.id not in self.grants:
                self.grants[lot.id] = Grant(lot, "BEGUN", is_given=False, recorded_at=self.now)
        for lot in self.state.ended:
            self.grants[lot.id].lot, self.grants[lot.id].state = lot, "ENDED"
        for lot in self.state.lots.values():
            self.grants[lot.id].lot, self.grants[lot.id].state = lot, "BEGUN"
        self.state.made.clear()
        self.state.ended.clear()

    def known_grant(self, source: GrantSource, key: str) -> UUID:
        """The id of a grant that the fold makes: that of its row, if there is one already."""
        for grant in self.grants.values():
            if grant.lot.source is source and grant.lot.key == key:
                return grant.lot.id
        # The fold asks for one and the same grant as often as it likes.
        return self._new_grants.setdefault((source, key), new_id())

    def keep_state(self, at: datetime, state: State) -> None:
        """Keep a state as a checkpoint: all that happened before a moment, and nothing of the moment."""
        self.facts_since_checkpoint = 0
        if len(state.debts) <= MOST_DEBTS_KEPT:
            self._checkpoints[at] = keeping.state_as_text(state)

    def keep_before_edges(self, at: datetime, text: str) -> None:
        """Keep a state of before a moment, if one of a later moment is kept too."""
        if any(later > at for later in self._checkpoints):
            self._checkpoints.setdefault(at, text)

    def keep_state_now(self, state: State) -> None:
        """Keep a state where it stands, between edges; what happened until then is folded on no more."""
        if len(state.debts) > MOST_DEBTS_KEPT:
            self.facts_since_checkpoint = 0
            return
        at = state.order.at + state.order.at.resolution
        self.keep_state(at, state)
        state.pass_moment(at)

    async def load_debts(self, work: UnitOfWork) -> None:
        """Load what is owed, before credits come in."""
        if self.state.debts_are_loaded:
            return
        new, self.state.debts = self.state.debts, []
        for row in await work.all(ledger.debts_of(self.tenant_id)):
            kind = SubjectKind(row.subject_kind)
            debt = Debt(Order.of_usage(row.occurred_at, kind, row.key), kind, row.activity_id, row.owed)
            self._stored_debts[debt.order] = debt.owed
            self.state.debts.append(debt)
        self.state.debts.sort()
        for debt in new:
            insort(self.state.debts, debt)
        self.state.debts_are_loaded = True

    # ------------------------------------------------------------ rows to write

    def take_entries(self) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """What was appended since the last time: the rows of entries and of their allocations."""
        taken = self._entries, self._allocations
        self._entries, self._allocations = [], []
        return taken

    def take_grants(self) -> tuple[list[tuple[Any, ...]], list[dict[str, Any]]]:
        """The rows of new grants, and what changed of others."""
        new, changed = [], []
        for grant in self.grants.values():
            stored = (grant.lot.amount, grant.lot.remaining, grant.state)
            if grant.stored is None:
                new.append(grant_row(self.tenant_id, grant))
            elif grant.stored != stored:
                changed.append(grant_changes(self.tenant_id, grant))
            grant.stored = stored
        return new, changed

    def take_debts(self) -> tuple[list[tuple[Any, ...]], list[dict[str, Any]], list[dict[str, Any]]]:
        """The rows of new debts, those of which less is owed now, and those that are paid."""
        owed = {debt.order: debt for debt in self.state.debts}
        new = [debt_row(self.tenant_id, debt) for order, debt in owed.items() if order not in self._stored_debts]
        lowered = [
            {**debt_key(self.tenant_id, order), "b_owed": owed[order].owed}
            for order, stored in self._stored_debts.items()
            if order in owed and owed[order].owed != stored
        ]
        paid = [debt_key(self.tenant_id, order) for order in self._stored_debts if order not in owed]
        self._stored_debts = {order: debt.owed for order, debt in owed.items()}
        if not self.state.debts_are_loaded:
            self.state.debts, self._stored_debts = [], {}
        return new, lowered, paid

    def take_checkpoints(self) -> dict[datetime, str]:
        taken, self._checkpoints = self._checkpoints, {}
        return taken

    def values(self) -> dict[str, Any]:
        """Its row as it is now."""
        balances = dict.fromkeys(PoolKind, 0)
        for lot in self.state.lots.values():
            balances[lot.pool] += lot.remaining
        assert self.available == sum(balances.values()) - self.state.overdrawn - self.held
        self.version += 1
        return {
            "b_tenant": self.tenant_id,
            "b_seq": self.seq,
            "b_version": self.version,
            "b_plan_balance": balances[PoolKind.PLAN],
            "b_top_up_balance": balances[PoolKind.TOP_UP],
            "b_overdrawn": self.state.overdrawn,
            "b_held": self.held,
            "b_next_boundary": self.next_boundary,
            "b_holds_end_at": self.holds_end_at,
            "b_due_at": self.due_at(),
            "b_frontier": keeping.frontier_as_text(self.state, self.facts_since_checkpoint),
            "b_alert_seq": self.alert_seq,
            "b_recharge_again_at": self.recharge_again_at,
        }


MOST_AVAILABLE = 2**62
"""Far from where a sum of credits would no longer fit its column."""
FACTS_BETWEEN_CHECKPOINTS = 10_000
MOST_DEBTS_KEPT = 10_000
"""A state with more debts is not kept: it would be slower to keep than to fold again."""


async def lock_accounts(work: UnitOfWork, tenant_ids: Iterable[UUID]) -> dict[UUID, Account]:
    """Load accounts and hold their locks until the transaction ends. Unknown tenants are left out.

    The locks are taken in the order of the ids, so that no two transactions wait for each other.
    """
    wanted = {"tenants": sorted(set(tenant_ids))}
    accounts = {row.tenant_id: account_of(row, work.now) for row in await work.all(ledger.locked_accounts(), wanted)}
    for row in await work.all(ledger.open_grants(), wanted):
        _take_grant(accounts[row.tenant_id], row)
    for row in await work.all(ledger.plans_of(), wanted):
        accounts[row.tenant_id].terms.append(terms_of(row))
    return accounts


async def lock_account(work: UnitOfWork, tenant_id: UUID) -> Account:
    """Load one account and hold its lock; an unknown tenant is NOT_FOUND."""
    found = await lock_accounts(work, [tenant_id])
    if tenant_id not in found:
        raise NotFound("There is no such tenant.", ("tenant_id",))
    return found[tenant_id]


def account_of(row: Any, now: datetime) -> Account:
    """An account from its row; its grants and terms are yet to be added."""
    order, payer, steady_since, facts = keeping.frontier_of_text(row.frontier)
    zone, days = ZoneInfo(row.time_zone), days_in(row.time_zone)
    available = row.plan_balance + row.top_up_balance - row.overdrawn - row.held
    account = Account(
        tenant_id=row.tenant_id,
        zone=zone,
        anchor_day=row.anchor_day,
        now=now,
        seq=row.seq,
        version=row.version,
        available=available,
        held=row.held,
        next_boundary=row.next_boundary,
        holds_end_at=row.holds_end_at,
        facts_since_checkpoint=facts,
        state=State(identify=_no_grant, order=order, overdrawn=row.overdrawn, payer=payer, steady_since=steady_since),
        rolled=RollUps(row.tenant_id, days),
        days=days,
        available_before=available,
        alert_seq=row.alert_seq,
        thresholds=thresholds_of_text(row.low_balance_thresholds),
        recharge_below=row.recharge_below,
        recharge_again_at=row.recharge_again_at,
        has_budgets=row.has_budgets,
    )
    account.state.debts_are_loaded = not row.overdrawn
    account.state.identify = account.known_grant
    account.state.before_edge = account.keep_state
    return account


def _no_grant(source: GrantSource, key: str) -> UUID:
    raise AssertionError("A state folds only within its account.")


def _take_grant(account: Account, row: Any) -> None:
    grant = grant_of(row)
    account.grants[row.id] = grant
    if grant.state == "BEGUN":
        account.state.keep(grant.lot)
