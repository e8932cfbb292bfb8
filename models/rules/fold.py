"""The account as a fold: state + facts in order of time -> state + movements.

A fact is what happened: a billing boundary, credits that come in, usage, a refund, a void. A movement is what it did to
the account: an entry of the ledger with its shares on grants. Facts are folded in order of time, whatever the order in
which they became known. One that becomes known late is folded on where that changes nothing else (`commutes`);
otherwise the fold runs again from before it and `differences` tells what to correct.

Amounts are whole millionths of a credit. Nothing here knows a clock or a database.
"""

from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from models.rules.burndown import burn_order
from models.rules.facts import (
    BEGINNING,
    GRANT_PRIORITY,
    LONG_AGO,
    Boundary,
    CreditsIn,
    Debt,
    Fact,
    Lot,
    Movement,
    Order,
    Payment,
    Refund,
    Share,
    Usage,
    Void,
    grant_key,
)
from models.rules.words import EntryKind, GrantSource, PoolKind, RolloverPolicy, SubjectKind

Identify = Callable[[GrantSource, str], UUID]
"""The id of a grant that the fold makes: the same for the same source and key, however often the fold runs."""


@dataclass(slots=True)
class State:
    """An account between two facts.

    `debts` may be left unloaded while nothing comes in that could repay them: then it holds new ones only.
    """

    identify: Identify
    order: Order = BEGINNING
    lots: dict[UUID, Lot] = field(default_factory=dict)
    debts: list[Debt] = field(default_factory=list)
    overdrawn: int = 0
    debts_are_loaded: bool = True
    payer: UUID | None = None
    """The one grant that has paid all usage since `steady_since`; None where there was none, or nobody could pay."""
    steady_since: Order = BEGINNING
    """Since this fact nothing happened but usage that one grant paid, or that nothing could pay."""
    payments: dict[UUID, list[Payment]] = field(default_factory=dict)
    """Who paid the activities whose refunds are folded, before the next fact. Others need not be here."""
    follows_payments: bool = False
    """Whether the payments of all activities are kept."""
    ended: list[Lot] = field(default_factory=list)
    made: list[Lot] = field(default_factory=list)
    before_edge: Callable[[datetime, "State"], None] | None = None
    """Told of every moment at which grants begin or end, before anything of that moment is folded."""
    _edge: datetime = LONG_AGO
    """The last moment that `before_edge` was told of, or that something of was folded: it is past being told."""
    _burning: list[Lot] | None = None
    _ends: list[tuple[datetime, str, UUID]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._edge = self.order.at
        for lot in list(self.lots.values()):
            self.keep(lot)

    # ------------------------------------------------------------ folding

    def fold(self, facts: Iterable[Fact], until: datetime | None = None) -> list[Movement]:
        """Fold facts that are in order and none earlier than those before; then let grants end up to a moment."""
        movements: list[Movement] = []
        for fact in facts:
            self.fold_one(fact, movements)
        if until is not None:
            self._end_grants(until, movements)
        return movements

    def fold_one(self, fact: Fact, movements: list[Movement]) -> None:
        if isinstance(fact, Usage):
            if self._ends:
                self._end_grants(fact.at, movements)
            movements.append(self.use(fact))
            return
        order = fact.order
        if isinstance(fact, Boundary):
            self._pass_boundary(fact, movements)
        else:
            self._end_grants(order.at, movements)
            if isinstance(fact, CreditsIn):
                self._begin(fact, movements)
            elif isinstance(fact, Refund):
                self._refund(fact, movements)
            else:
                self._void(fact, movements)
            self._unsettle(order)

    def is_late(self, fact: Fact) -> bool:
        order = fact.order
        # Usage in the very place of other usage amends it.
        return order < self.order or (order == self.order and isinstance(fact, Usage))

    def commutes(self, fact: Usage) -> bool:
        """Whether late usage can be folded on as if it came last, because in its place it would do the same.

        So it is where since then no grant began or ended, nothing came in, and one and the same grant paid, or would
        pay, every usage.
        """
        if not fact.credits:
            return True
        if fact.credits < 0:
            # It amends what was folded.
            return False
        if fact.order <= self.steady_since:
            return False
        if self.payer is not None:
            return self.lots[self.payer].remaining >= fact.credits
        # Without a payer nothing was spent since, or there was nobody to pay: both are so now as they were then.
        # Interviews alone can be amended, and what is owed for one place is one debt.
        return fact.subject_kind is not SubjectKind.INTERVIEW or self._left() >= fact.credits

    def _left(self) -> int:
        return sum(lot.remaining for lot in self.burning)

    @property
    def burning(self) -> list[Lot]:
        """The grants with credits left, in burn order."""
        if self._burning is None:
            self._burning = sorted((lot for lot in self.lots.values() if lot.remaining), key=burn_order)
        return self._burning

    def next_end(self) -> datetime | None:
        return self._ends[0][0] if self._ends else None

    # ------------------------------------------------------------ usage

    def use(self, fact: Usage) -> Movement:
        """Draw usage from the grants in burn order; what none can pay is owed."""
        order = fact.order
        if order > self.order:
            self.order = order
        shares, owed = self._draw(fact)
        if owed:
            self._owe(Debt(order, fact.subject_kind, fact.activity_id, owed))
        self._keep_steady(fact.credits, fact.credits - owed, shares)
        return Movement(
            fact.at, EntryKind.USAGE, fact.subject_kind, fact.activity_id, fact.key, -fact.credits, tuple(shares)
        )

    def _draw(self, fact: Usage) -> tuple[list[Share], int]:
        """Take from the grants what usage costs: their shares, and what none could pay."""
        shares: list[Share] = []
        burning, amount = self.burning, fact.credits
        while amount and burning:
            lot = burning[0]
            part = min(lot.remaining, amount)
            lot.remaining -= part
            amount -= part
            shares.append(Share(lot.id, fact.activity_id, -part))
            if self.payments or self.follows_payments:
                self._note_payment(fact.activity_id, lot, fact.at, EntryKind.USAGE, part)
            if not lot.remaining:
                del burning[0]
        return shares, amount

    def _owe(self, debt: Debt) -> None:
        self.overdrawn += debt.owed
        if self.debts and debt.order < self.debts[-1].order:
            insort(self.debts, debt)
        else:
            self.debts.append(debt)

    def _keep_steady(self, credits: int, paid: int, shares: list[Share]) -> None:
        if not credits or (not paid and self.payer is None):
            return
        if len(shares) == 1 and paid == credits and self.payer in (None, shares[0].grant_id):
            self.payer = shares[0].grant_id
        else:
            self.payer, self.steady_since = None, self.order

    def _unsettle(self, order: Order) -> None:
        self.order = max(self.order, order)
        self.be_unsteady()

    def be_unsteady(self) -> None:
        """Let no usage before this moment be folded on: something depends on what came before it."""
        self.payer, self.steady_since = None, self.order

    def pass_moment(self, at: datetime) -> None:
        """Take nothing as folded on from before a moment: how the account stood there was kept."""
        self.order = max(self.order, Order(at))
        self._edge = max(self._edge, at)
        self.be_unsteady()

    def _note_payment(self, activity_id: UUID, lot: Lot, at: datetime, kind: EntryKind, credits: int) -> None:
        if self.follows_payments or activity_id in self.payments:
            self.payments.setdefault(activity_id, []).append(Payment.by(lot, at, kind, credits))

    # ------------------------------------------------------------ credits in

    def _begin(self, fact: CreditsIn, movements: list[Movement]) -> None:
        lot = fact.lot
        self._reach_edge(lot.effective_at)
        movements.append(self._add(lot, lot.effective_at, fact.kind, fact.subject_kind, fact.subject_id))

    def _add(self, lot: Lot, at: datetime, kind: EntryKind, subject_kind: SubjectKind, subject_id: UUID) -> Movement:
        lot.remaining = lot.amount
        self.keep(lot)
        shares = (Share(lot.id, None, lot.amount), *self._repay(lot, lot.amount, at, kind))
        return Movement(at, kind, subject_kind, subject_id, grant_key(lot), lot.amount, shares)

    def _repay(self, lot: Lot, most: int, at: datetime, kind: EntryKind) -> list[Share]:
        """Pay what is owed from credits that came in, oldest usage first."""
        if not self.overdrawn:
            return []
        assert self.debts_are_loaded, "Credits came in to an account whose debts were not loaded."
        shares: list[Share] = []
        repaid = 0
        while most and repaid < len(self.debts):
            debt = self.debts[repaid]
            part = min(debt.owed, most)
            most -= part
            lot.remaining -= part
            self.overdrawn -= part
            shares.append(Share(lot.id, debt.activity_id, -part))
            self._note_payment(debt.activity_id, lot, at, kind, part)
            if part < debt.owed:
                self.debts[repaid] = debt._replace(owed=debt.owed - part)
                break
            repaid += 1
        del self.debts[:repaid]
        self._burning = None
        return shares

    # ------------------------------------------------------------ boundaries and ends

    def _pass_boundary(self, fact: Boundary, movements: list[Movement]) -> None:
        self._end_grants(fact.at, movements, at_it=False)
        if not fact.credits and not (self._ends and self._ends[0][0] == fact.at):
            # Nothing ends and nothing comes in: usage from before it can still be folded on.
            self.order = max(self.order, fact.order)
            return
        self._reach_edge(fact.at)
        rolled = self._rolled_over(fact)
        self._end_grants(fact.at, movements)
        for source, kind, amount in (
            (GrantSource.ROLLOVER, EntryKind.ROLLOVER, rolled),
            (GrantSource.PLAN, EntryKind.GRANT, fact.credits),
        ):
            if amount:
                lot = self._made(source, fact.key, PoolKind.PLAN, amount, fact.at, fact.until)
                movements.append(self._add(lot, fact.at, kind, SubjectKind.CREDIT_GRANT, lot.id))
        self._unsettle(fact.order)

    def _rolled_over(self, fact: Boundary) -> int:
        if fact.rollover is RolloverPolicy.NONE:
            return 0
        ending = [lot for lot in self.lots.values() if lot.expires_at == fact.at]
        left = sum(lot.remaining for lot in ending if lot.source is GrantSource.PLAN)
        if fact.rollover is RolloverPolicy.CAPPED:
            assert fact.cap is not None
            return min(left, fact.cap)
        return left + sum(lot.remaining for lot in ending if lot.source is GrantSource.ROLLOVER)

    def _made(
        self, source: GrantSource, key: str, pool: PoolKind, amount: int, at: datetime, until: datetime | None
    ) -> Lot:
        lot = Lot(self.identify(source, key), key, pool, source, amount, amount, GRANT_PRIORITY, at, until)
        self.made.append(lot)
        return lot

    def _end_grants(self, moment: datetime, movements: list[Movement], *, at_it: bool = True) -> None:
        """End the grants whose time is over, those that end at the very moment too if `at_it`."""
        while self._ends and (self._ends[0][0] < moment or (at_it and self._ends[0][0] == moment)):
            end, _, lot_id = self._ends[0]
            self._reach_edge(end)
            lot = self.lots[lot_id]
            if lot.remaining:
                movements.append(self._take_back(lot, end, EntryKind.EXPIRY, grant_key(lot)))
            self._drop(lot)
            self._unsettle(Order(end))

    def _reach_edge(self, at: datetime) -> None:
        if self.before_edge is not None and at > self._edge:
            self._edge = at
            self.before_edge(at, self)

    def _take_back(self, lot: Lot, at: datetime, kind: EntryKind, key: str) -> Movement:
        left, lot.remaining = lot.remaining, 0
        share = Share(lot.id, None, -left)
        return Movement(at, kind, SubjectKind.CREDIT_GRANT, lot.id, key, -left, (share,))

    def keep(self, lot: Lot) -> None:
        """Let a grant that has begun pay."""
        self.lots[lot.id] = lot
        self._burning = None
        if lot.expires_at is not None:
            insort(self._ends, (lot.expires_at, grant_key(lot), lot.id))

    def _drop(self, lot: Lot) -> None:
        del self.lots[lot.id]
        if lot.expires_at is not None:
            self._ends.remove((lot.expires_at, grant_key(lot), lot.id))
        self.ended.append(lot)
        self._burning = None

    # ------------------------------------------------------------ corrections

    def _refund(self, fact: Refund, movements: list[Movement]) -> None:
        """Lower what is owed of the activity, then give to the grants that paid, the last first.

        At most what it costs by now: late reports may have made an interview cheaper than what was given back.
        """
        given = self._forgive(fact.activity_id, fact.credits)
        shares: list[Share] = []
        for payment in self._unpay(fact.activity_id, fact.credits - given):
            lot = self.lots.get(payment.grant_id) or self._lot_for_refund(fact, payment)
            lot.remaining += payment.credits
            given += payment.credits
            self._burning = None
            shares.append(Share(lot.id, fact.activity_id, payment.credits))
            shares += self._repay(lot, payment.credits, fact.at, EntryKind.REFUND)
        movements.append(
            Movement(
                fact.at,
                EntryKind.REFUND,
                fact.subject_kind,
                fact.activity_id,
                fact.key,
                given,
                tuple(shares),
            )
        )

    def _unpay(self, activity_id: UUID, amount: int) -> list[Payment]:
        payments = self.payments.get(activity_id, [])
        payments.sort()
        return undo_payments(payments, amount)

    def _forgive(self, activity_id: UUID, most: int) -> int:
        """Lower what is owed of an activity, the newest debt first; how much it was lowered."""
        if not self.overdrawn:
            return 0
        assert self.debts_are_loaded, "A refund came to an account whose debts were not loaded."
        forgiven = 0
        for position in reversed(range(len(self.debts))):
            debt = self.debts[position]
            if debt.activity_id == activity_id and forgiven < most:
                part = min(debt.owed, most - forgiven)
                forgiven += part
                self.overdrawn -= part
                self.debts[position] = debt._replace(owed=debt.owed - part)
        self.debts = [debt for debt in self.debts if debt.owed]
        return forgiven

    def _lot_for_refund(self, fact: Refund, payment: Payment) -> Lot:
        """A usable grant in place of one that has ended: one for each refund and pool."""
        key = f"{fact.key}/{payment.pool}"
        lot_id = self.identify(GrantSource.REFUND, key)
        if lot_id not in self.lots:
            until = fact.until if payment.pool is PoolKind.PLAN else None
            lot = self._made(GrantSource.REFUND, key, payment.pool, 0, fact.at, until)
            self.keep(lot)
        lot = self.lots[lot_id]
        lot.amount += payment.credits
        return lot

    def _void(self, fact: Void, movements: list[Movement]) -> None:
        lot = self.lots.get(fact.grant_id)
        if lot is not None:
            movements.append(self._take_back(lot, fact.at, EntryKind.ADJUSTMENT, fact.key))
            self._drop(lot)


def undo_payments(payments: list[Payment], amount: int) -> list[Payment]:
    """The parts of payments in order, the last first, that add up to an amount; they count no longer."""
    undone = []
    while amount and payments:
        payment = payments.pop()
        part = min(payment.credits, amount)
        amount -= part
        if part < payment.credits:
            payments.append(payment._replace(credits=payment.credits - part))
        undone.append(payment._replace(credits=part))
    return undone
