"""A plain, slow model of the account, written from the rules alone: everything anew, moment by moment.

It shares no code with what it is compared with. Grants go by source and key, activities by kind and key.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

LAST = datetime.max.replace(tzinfo=UTC)
KINDS = ("call", "message", "interview", "transcript", "fact", "document")

GrantName = tuple[str, str]
"""Source and key."""
Subject = tuple[str, str]
"""Kind and key, of an activity."""


@dataclass
class Given:
    """A grant that somebody gave or bought."""

    source: str
    key: str
    pool: str
    credits: int
    begins: datetime
    ends: datetime | None = None
    priority: int = 100
    voided_at: datetime | None = None


@dataclass
class Period:
    """A billing period begins: what its plan grants, and what the plan before lets roll over."""

    key: str
    begins: datetime
    ends: datetime
    credits: int
    rollover: str = "NONE"
    cap: int | None = None


@dataclass
class Used:
    """Usage; subject says which activity it is of, where that has several uses."""

    at: datetime
    kind: str
    key: str
    credits: int
    subject: Subject | None = None

    @property
    def activity(self) -> Subject:
        return self.subject or (self.kind, self.key)


@dataclass
class GivenBack:
    at: datetime
    kind: str
    key: str
    credits: int
    subject: Subject


@dataclass
class History:
    given: list[Given] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    used: list[Used] = field(default_factory=list)
    given_back: list[GivenBack] = field(default_factory=list)


@dataclass
class Grant:
    source: str
    key: str
    pool: str
    amount: int
    left: int
    priority: int
    begins: datetime
    ends: datetime | None

    @property
    def name(self) -> GrantName:
        return self.source, self.key


@dataclass
class Owed:
    at: datetime
    kind: str
    key: str
    activity: Subject
    credits: int


@dataclass
class Paid:
    at: datetime
    phase: int
    grant: Grant
    credits: int


@dataclass
class Move:
    """One line of the ledger as it would be, had all been known in time."""

    at: datetime
    kind: str
    subject: tuple[str, str]
    credits: int


@dataclass
class ModelAccount:
    grants: list[Grant] = field(default_factory=list)
    """Those that can pay."""
    ended: list[Grant] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)
    paid: dict[Subject, list[Paid]] = field(default_factory=dict)
    """What is paid of each activity, less what was given back."""
    ever_paid: dict[Subject, dict[GrantName, int]] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    phase: int = 0

    # ------------------------------------------------------------ how it stands

    @property
    def overdrawn(self) -> int:
        return sum(debt.credits for debt in self.owed)

    @property
    def available(self) -> int:
        return sum(grant.left for grant in self.grants) - self.overdrawn

    @property
    def remaining(self) -> dict[GrantName, int]:
        return {grant.name: grant.left for grant in [*self.grants, *self.ended]}

    # ------------------------------------------------------------ one moment

    def live_through(self, at: datetime, history: History) -> None:
        """Everything of one moment, in its order."""
        self.phase = 0
        periods = [period for period in history.periods if period.begins == at]
        rolled = [self.what_rolls_over(period) for period in periods]
        for grant in [grant for grant in self.grants if grant.ends == at]:
            self.end(grant, at, "EXPIRY")
        for period, amount in zip(periods, rolled, strict=True):
            key = period.key
            self.come_in("ROLLOVER", "ROLLOVER", key, "PLAN", amount, at, period.ends)
            self.come_in("GRANT", "PLAN", key, "PLAN", period.credits, at, period.ends)
        for given in sorted((given for given in history.given if given.begins == at), key=_order_of_given):
            if given.voided_at is None or given.voided_at >= at:
                kind = _kind_of_given(given)
                self.come_in(kind, given.source, given.key, given.pool, given.credits, at, given.ends, given.priority)
        self.phase = 1
        for used in sorted((used for used in history.used if used.at == at), key=_order_of_activity):
            self.use(used)
        self.phase = 2
        for back in sorted((back for back in history.given_back if back.at == at), key=_order_of_activity):
            self.give_back(back, history)
        for given in history.given:
            if given.voided_at == at:
                for grant in [grant for grant in self.grants if grant.name == (given.source, given.key)]:
                    self.end(grant, at, "ADJUSTMENT")

    # ------------------------------------------------------------ what happens

    def use(self, used: Used) -> None:
        missing = used.credits
        for grant in sorted(self.grants, key=_burn_order):
            part = min(grant.left, missing)
            missing -= part
            self.pay(used.activity, grant, part, used.at)
        if missing:
            self.owed.append(Owed(used.at, used.kind, used.key, used.activity, missing))
        self.moves.append(Move(used.at, "USAGE", (used.kind, used.key), -used.credits))

    def pay(self, activity: Subject, grant: Grant, credits: int, at: datetime) -> None:
        if credits:
            grant.left -= credits
            self.paid.setdefault(activity, []).append(Paid(at, self.phase, grant, credits))
            ever = self.ever_paid.setdefault(activity, {})
            ever[grant.name] = ever.get(grant.name, 0) + credits

    def come_in(
        self,
        kind: str,
        source: str,
        key: str,
        pool: str,
        credits: int,
        at: datetime,
        ends: datetime | None,
        priority: int = 100,
    ) -> None:
        if credits:
            grant = Grant(source, key, pool, credits, credits, priority, at, ends)
            self.grants.append(grant)
            self.moves.append(Move(at, kind, grant.name, credits))
            self.repay_from(grant, credits, at)

    def repay_from(self, grant: Grant, credits: int, at: datetime) -> None:
        """The oldest usage first."""
        for debt in sorted(self.owed, key=_order_of_owed):
            part = min(debt.credits, credits)
            credits -= part
            debt.credits -= part
            self.pay(debt.activity, grant, part, at)
        self.owed = [debt for debt in self.owed if debt.credits]

    def end(self, grant: Grant, at: datetime, kind: str) -> None:
        if grant.left or kind != "EXPIRY":
            self.moves.append(Move(at, kind, grant.name, -grant.left))
        grant.left = 0
        self.grants.remove(grant)
        self.ended.append(grant)

    def what_rolls_over(self, period: Period) -> int:
        ending = [grant for grant in self.grants if grant.ends == period.begins]
        of_plan = sum(grant.left for grant in ending if grant.source == "PLAN")
        rolled_before = sum(grant.left for grant in ending if grant.source == "ROLLOVER")
        if period.rollover == "UNLIMITED":
            return of_plan + rolled_before
        if period.rollover == "CAPPED":
            assert period.cap is not None
            return min(of_plan, period.cap)
        return 0

    def give_back(self, back: GivenBack, history: History) -> None:
        left = back.credits
        for debt in sorted(self.owed, key=_order_of_owed, reverse=True):
            if debt.activity == back.subject:
                part = min(debt.credits, left)
                debt.credits -= part
                left -= part
        self.owed = [debt for debt in self.owed if debt.credits]
        payments = self.paid.get(back.subject, [])
        # Who paid at one moment paid in burn order.
        payments.sort(key=lambda paid: (paid.at, paid.phase, _burn_order(paid.grant)))
        for paid in reversed(payments):
            part = min(paid.credits, left)
            if part:
                left -= part
                paid.credits -= part
                self.give_to(paid.grant, part, back, history)
        self.moves.append(Move(back.at, "REFUND", (back.kind, back.key), back.credits - left))

    def give_to(self, grant: Grant, credits: int, back: GivenBack, history: History) -> None:
        if grant not in self.grants:
            grant = self.refund_grant(grant.pool, back, history)
            grant.amount += credits
        grant.left += credits
        self.repay_from(grant, credits, back.at)

    def refund_grant(self, pool: str, back: GivenBack, history: History) -> Grant:
        """In place of a grant that has ended: one for each refund and pool."""
        key = f"{back.key}/{pool}"
        for grant in self.grants:
            if grant.name == ("REFUND", key):
                return grant
        boundaries = [period.begins for period in history.periods if period.begins > back.at]
        ends = min(boundaries, default=LAST) if pool == "PLAN" else None
        grant = Grant("REFUND", key, pool, 0, 0, 100, back.at, ends)
        self.grants.append(grant)
        return grant


def account_after(history: History, until: datetime) -> ModelAccount:
    """How the account stands when all that happened up to a moment is known, that moment's included."""
    account = ModelAccount()
    moments = {period.begins for period in history.periods}
    for given in history.given:
        moments |= {at for at in (given.begins, given.ends, given.voided_at) if at is not None}
    moments |= {used.at for used in history.used} | {back.at for back in history.given_back}
    for at in sorted(moments):
        if at <= until:
            account.live_through(at, history)
    return account


def _burn_order(grant: Grant) -> tuple[object, ...]:
    return (
        grant.priority,
        grant.ends or LAST,
        ("PLAN", "TOP_UP").index(grant.pool),
        grant.begins,
        grant.source != "ROLLOVER",
        grant.key,
        grant.source,
    )


def _kind_of_given(given: Given) -> str:
    return "TOP_UP" if given.source in ("TOP_UP", "AUTO_RECHARGE") else "GRANT"


def _order_of_given(given: Given) -> tuple[object, ...]:
    return ("GRANT", "TOP_UP").index(_kind_of_given(given)), given.key


def _order_of_activity(one: Used | GivenBack) -> tuple[object, ...]:
    return KINDS.index(one.kind), one.key


def _order_of_owed(owed: Owed) -> tuple[object, ...]:
    return owed.at, KINDS.index(owed.kind), owed.key
