"""Proving a tenant's books: everything that must hold, recomputed from its entries and from what they are about.

The ledger is read twice, once by number and once by time. By time, all facts are folded anew beside it, from the
activities and not from the entries, and compared moment by moment, so that a ledger of any length fits in memory.
What one reader sees is one state of the books, so this can run beside live traffic; it takes long.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from heapq import merge
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Executable

from models.actions.account_parts import Grant, grant_of, terms_of
from models.actions.accounts import Account, account_of
from models.actions.interviewing import expected_rows
from models.actions.recounting import Recount
from models.actions.roll_ups import ADDING
from models.rules import checks
from models.rules.amounts import in_credits
from models.rules.burndown import NEVER
from models.rules.checks import Found, Id, Kept, KeptGrant, Name, Problem, Sum
from models.rules.facts import LONG_AGO, Fact, Movement, Refund, Usage, Void
from models.rules.fold import State
from models.rules.ids import new_id, type_id
from models.rules.refusals import NotFound
from models.rules.words import Activity, EntryKind, GrantSource, SubjectKind
from models.tables import verifying as tables
from models.tables.base import NOBODY, metadata
from models.tables.dialects import stored_id
from models.tables.usage import COUNTS
from models.unit_of_work import Reader

MOST_PROBLEMS = 1_000
ROWS_AT_ONCE = 5_000


class Verification(NamedTuple):
    """Whether a tenant's books are whole, and what is wrong with them."""

    ok: bool
    entries_checked: int
    problems: list[str]


async def verify(reader: Reader, tenant_id: UUID) -> Verification:
    """Check every invariant of a tenant's books. Open the reader as one that may take long."""
    return await reader.session.call(lambda connection: _verify(connection, tenant_id))


def _verify(connection: Connection, tenant_id: UUID) -> Verification:
    audit = _Audit(connection, tenant_id)
    problems = list(islice(audit.problems(), MOST_PROBLEMS))
    tenant = type_id("tenant", tenant_id)
    return Verification(not problems, audit.chain.count, [f"{tenant}: {problem}" for problem in problems])


class Told(NamedTuple):
    """A use of credits with what its entries must say beside it."""

    fact: Usage
    who: tuple[Id, Id, Id]
    """Agent, opening and member."""
    last_seq: int | None = None
    """The last entry that a call says it has."""


class Moment(NamedTuple):
    """What the ledger says of one moment."""

    sums: dict[Name, Sum]
    who: dict[int, tuple[Id, Id, Id]]
    """Of the entries of usage and refunds, by seq."""
    shown: dict[Name, int]
    """How many entries of the usage of a call are rows of the log."""
    faults: list[Problem]


class _Audit:
    """One tenant's books while they are checked."""

    def __init__(self, connection: Connection, tenant_id: UUID) -> None:
        self.connection, self.tenant_id = connection, tenant_id
        (row,) = self.all(tables.ACCOUNTS) or [None]
        if row is None:
            raise NotFound("There is no such tenant.", ("tenant_id",))
        self.row = row
        self.account: Account = account_of(row, LONG_AGO)
        self.account.terms += [terms_of(terms) for terms in self.all(tables.TERMS)]
        self.grants: dict[Id, Grant] = {grant.id: grant_of(grant) for grant in self.all(tables.GRANTS)}
        self.kept, self.found = self._kept(), Found()
        self.chain = checks.Chain()
        self.recount = Recount(self.account.days, stored_id(connection.dialect.name, NOBODY))
        self.refunded: dict[Id, int] = {}
        """By activity, as the activities say; what the entries say is taken off."""
        self._kinds_refunded = {row.subject_id: SubjectKind(row.subject_kind) for row in self.all(tables.REFUNDED)}
        self._ids = {(grant.lot.source, grant.lot.key): id for id, grant in self.grants.items()}

    # ------------------------------------------------------------ reading

    def rows(self, statement: Executable) -> Iterator[Any]:
        """Rows as they come; there may be millions."""
        options = {"yield_per": ROWS_AT_ONCE}
        yield from self.connection.execute(statement, {"tenant_id": self.tenant_id}, execution_options=options)

    def all(self, statement: Executable) -> list[Any]:
        return list(self.connection.execute(statement, {"tenant_id": self.tenant_id}))

    def _kept(self) -> Kept:
        row = self.row
        return Kept(
            row.seq,
            row.plan_balance,
            row.top_up_balance,
            row.overdrawn,
            row.held,
            row.due_at,
            [_kept_grant(id, grant) for id, grant in self.grants.items()],
            {(debt.occurred_at, debt.subject_kind, debt.key): debt.owed for debt in self.all(tables.DEBTS)},
            {hold.id: hold.credits for hold in self.all(tables.HOLDS)},
        )

    # ------------------------------------------------------------ checking

    def problems(self) -> Iterator[Problem]:
        yield from self.chain.problems(self.rows(tables.LINES))
        yield from self._by_time()
        self.found.last = self.chain.last
        self.found.stray_allocations = self.all(tables.STRAY_ALLOCATIONS)[0][0]
        for check in checks.CHECKS:
            yield from check(self.kept, self.found)
        yield from self._interviews()
        yield from self._interactions()
        yield from self._refunds()
        yield from self._roll_ups()
        yield from self._keys()

    def _by_time(self) -> Iterator[Problem]:
        """Fold all facts beside the entries about them."""
        state = self._state()
        entries = groupby(self.rows(tables.ENTRIES), key=attrgetter("occurred_at"))
        facts = groupby(self._facts(), key=_at)
        for at, rows, those in _together(entries, facts):
            moment = self._recorded(rows)
            yield from self._moment(state, at, moment, list(those))
        rest = state.fold((), until=self.row.due_at - self.row.due_at.resolution)
        yield from _unrecorded(rest)
        self.found.folded = {id: lot.remaining for id, lot in state.lots.items()}
        self.found.debts = {
            (debt.order.at, debt.subject_kind.value, debt.order.key): debt.owed for debt in state.debts if debt.owed
        }
        self.found.due_at = self._due_at(state)

    def _moment(self, state: State, at: datetime, moment: Moment, those: list[Told | Fact]) -> Iterator[Problem]:
        told = [one for one in those if isinstance(one, Told)]
        facts: list[Fact] = [one.fact if isinstance(one, Told) else one for one in those]
        facts += self._refunds_at(at, moment)
        facts.sort(key=_order)
        movements = state.fold(facts, until=at)
        yield from _unrecorded([movement for movement in movements if movement.at < at])
        folded = _folded([movement for movement in movements if movement.at == at])
        yield from checks.recorded_as_folded(at, moment.sums, folded)
        yield from moment.faults
        for one in told:
            yield from _told_right(one, moment)

    def _state(self) -> State:
        return State(identify=self._identify, payments={id: [] for id in self._kinds_refunded})

    def _identify(self, source: GrantSource, key: str) -> Id:
        return self._ids.get((source, key)) or new_id()

    def _due_at(self, state: State) -> datetime:
        moments = [self.account.boundary_at(self.row.next_boundary), state.next_end() or NEVER]
        moments += [grant.lot.effective_at for grant in self.grants.values() if grant.state == "AHEAD"]
        moments += [hold.expires_at for hold in self.all(tables.HOLDS)]
        if self.row.recharge_again_at is not None:
            moments.append(self.row.recharge_again_at)
        return min(moments)

    # ------------------------------------------------------------ what the entries say

    def _recorded(self, rows: Iterable[Any]) -> Moment:
        moment = Moment({}, {}, {}, [])
        seq = 0
        for row in rows:
            if row.seq != seq:
                seq = row.seq
                self._take_entry(row, moment)
            if row.grant_id is not None:
                self._take_share(row, moment)
        return moment

    def _take_entry(self, row: Any, moment: Moment) -> None:
        kind = row.kind
        self.recount.entry(row)
        if kind in (EntryKind.HOLD, EntryKind.RELEASE):
            _add(self.found.by_hold, row.subject_id, row.credits)
            return
        name = (kind, row.subject_id, row.key)
        total = moment.sums.get(name)
        if total is None:
            total = moment.sums[name] = Sum()
        total.credits += row.credits
        total.seqs.append(row.seq)
        if kind in (EntryKind.USAGE, EntryKind.REFUND):
            moment.who[row.seq] = (row.agent_id, row.opening_id, row.member_id)
        if kind == EntryKind.USAGE:
            _add(moment.shown, name, int(row.in_log))
            return
        adds = row.credits > 0 and kind in ADDING
        if adds:
            self.recount.credits_added(row)
        if bool(row.in_log) != adds:
            moment.faults.append(f"Entry {row.seq}, {kind}, is{'' if row.in_log else ' not'} a row of the log.")

    def _take_share(self, row: Any, moment: Moment) -> None:
        total = moment.sums.get((row.kind, row.subject_id, row.key))
        if total is not None:
            total.add_share(row.grant_id, row.activity_id, row.share)
        _add(self.found.by_grant, row.grant_id, row.share)
        grant = self.grants.get(row.grant_id)
        if grant is not None:
            self.recount.share(row, grant.lot.pool)

    # ------------------------------------------------------------ what happened

    def _facts(self) -> Iterator[Told | Fact]:
        """All facts but refunds, by time."""
        few = sorted([*self._boundaries(), *self._grants()], key=_at)
        pieces = [self._pieces(kind) for kind in tables.PIECES]
        return merge(few, self._calls(), self._messages(), self._reports(), *pieces, key=_at)

    def _boundaries(self) -> Iterator[Fact]:
        return (self.account.boundary_fact(number) for number in range(self.row.next_boundary))

    def _grants(self) -> Iterator[Fact]:
        for grant in self.grants.values():
            if grant.voided_at is not None:
                yield Void.of(grant.lot, grant.voided_at)
            if grant.begins and grant.state != "AHEAD":
                grant.lot = replace(grant.lot)
                yield grant.fact()

    def _calls(self) -> Iterator[Told]:
        for row in self.rows(tables.CALLS):
            self.recount.call(row)
            self._note_refunded(row.id, row.refunded)
            fact = Usage(row.started_at, SubjectKind.CALL, row.id, row.external_id, row.credits)
            yield Told(fact, (row.agent_id, None, row.member_id), row.last_seq)

    def _messages(self) -> Iterator[Told]:
        for row in self.rows(tables.MESSAGES):
            self.recount.message(row)
            self._note_refunded(row.id, row.refunded)
            if row.credits:
                fact = Usage(row.sent_at, SubjectKind.MESSAGE, row.id, row.external_id, row.credits)
                yield Told(fact, (row.agent_id, None, row.member_id))

    def _reports(self) -> Iterator[Told]:
        for row in self.rows(tables.REPORTS):
            self.recount.report(row)
            if row.credits:
                fact = Usage(row.at, SubjectKind.INTERVIEW, row.interview_id, row.key, row.credits)
                yield Told(fact, (row.agent_id, row.opening_id, None))

    def _pieces(self, kind: str) -> Iterator[Told]:
        subject_kind, activity = SubjectKind(kind), Activity(kind.upper())
        for row in self.rows(tables.pieces(kind)):
            self.recount.piece(row, activity)
            self._note_refunded(row.id, row.refunded)
            if row.credits:
                fact = Usage(row.created_at, subject_kind, row.id, row.external_id, row.credits)
                yield Told(fact, (row.agent_id, None, row.assigned_member_id))

    def _refunds_at(self, at: datetime, moment: Moment) -> Iterator[Fact]:
        """Refunds are kept in their entries only; that they are whole is seen from the activities."""
        for (kind, activity_id, key), total in moment.sums.items():
            if kind == EntryKind.REFUND:
                _add(self.refunded, activity_id, -total.credits)
                self.recount.refund(at, activity_id, moment.who[total.seqs[0]], total.credits)
                until = self.account.boundary_at(self.account.first_boundary_from(at + at.resolution))
                subject_kind = self._kinds_refunded[activity_id]
                yield Refund(at, subject_kind, activity_id, key, total.credits, until)

    def _note_refunded(self, id: Id, credits: int) -> None:
        if credits:
            _add(self.refunded, id, credits)

    # ------------------------------------------------------------ what else must agree

    def _interviews(self) -> Iterator[Problem]:
        """Interviews are what their reports make of them."""
        for row in self.rows(tables.INTERVIEWS):
            self.recount.interview(row)
            self._note_refunded(row.id, row.refunded)
        expected = expected_rows(self.rows(tables.REPORTS_BY_INTERVIEW))
        for row in self.rows(tables.INTERVIEWS_BY_ID):
            should = next(expected, None)
            if should is None or should["id"] != row.id:
                yield f"Interview {type_id('interview', row.id)} has no report."
                return
            for column, value in should.items():
                if getattr(row, column) != value:
                    interview = type_id("interview", row.id)
                    yield f"Interview {interview}: {column} is {getattr(row, column)}, but {value} by its reports."

    def _interactions(self) -> Iterator[Problem]:
        """Interactions cost what their transcripts, facts and documents cost."""
        for row in self.rows(tables.INTERACTIONS):
            self.recount.interaction(row)
        for row in self.rows(tables.INTERACTIONS_OUT):
            name, should = checks.named("interaction", row.id), in_credits(int(row.of_pieces))
            yield f"{name}: {in_credits(row.credits)} was charged, but {should} by what was made of it."
        for row in self.rows(tables.PLAYGROUND_CREDITS):
            yield f"{checks.named('message', row.id)} costs {in_credits(row.credits)} in the playground."

    def _refunds(self) -> Iterator[Problem]:
        for id, credits in self.refunded.items():
            if credits:
                kind = self._kinds_refunded.get(id, "activity")
                yield f"{checks.named(kind, id)}: {in_credits(credits)} more was refunded than its entries say."

    def _roll_ups(self) -> Iterator[Problem]:
        self.recount.finish()
        for name, counted, columns in (
            ("usage_day", self.recount.usage, COUNTS),
            ("pool_day", self.recount.pools, ("granted", "used")),
            (
                "balance_day",
                self.recount.balances,
                ("last_seq", "available", "held", "plan_balance", "top_up_balance"),
            ),
            ("log_count", self.recount.log, ("rows", "calls", "credits_used", "credits_added")),
        ):
            keys = [column.name for column in metadata.tables[name].primary_key if column.name != "tenant_id"]
            place, sums = itemgetter(*keys) if len(keys) > 1 else _alone(keys[0]), itemgetter(*columns)
            kept = {
                place(row._mapping): dict(zip(columns, sums(row._mapping), strict=True))
                for row in self.rows(tables.roll_up(name))
            }
            yield from checks.sums_are_equal(name, kept, counted)

    def _keys(self) -> Iterator[Problem]:
        for kind in tables.KEYED:
            for row in self.rows(tables.keys_used_twice(kind)):
                yield f"The key {row.external_id} was used for {row.times} of kind {kind}."
            for row in self.rows(tables.keys_not_taken(kind)):
                yield f"The key {row.external_id}, of kind {kind}, is not marked as taken."


# ---------------------------------------------------------------- single steps


def _kept_grant(id: Id, grant: Grant) -> KeptGrant:
    lot = grant.lot
    return KeptGrant(id, f"{lot.source} {lot.key}", lot.pool, lot.amount, lot.remaining, grant.state)


def _add(sums: dict[Id, int], id: Id, credits: int) -> None:
    total = sums.get(id, 0) + credits
    if total:
        sums[id] = total
    else:
        sums.pop(id, None)


def _alone(key: str) -> Callable[[Any], tuple[Any, ...]]:
    return lambda row: (row[key],)


def _at(one: Told | Fact) -> datetime:
    return one.fact.at if isinstance(one, Told) else one.order.at


def _order(fact: Fact) -> tuple[object, ...]:
    return fact.order


def _together(
    entries: Iterator[tuple[datetime, Iterator[Any]]], facts: Iterator[tuple[datetime, Iterator[Told | Fact]]]
) -> Iterator[tuple[datetime, Iterable[Any], Iterable[Told | Fact]]]:
    """The entries and the facts of each moment that has one or the other."""
    entry, fact = next(entries, None), next(facts, None)
    while entry is not None or fact is not None:
        at = min(one[0] for one in (entry, fact) if one is not None)
        rows: Iterable[Any] = ()
        those: Iterable[Told | Fact] = ()
        if entry is not None and entry[0] == at:
            rows = list(entry[1])
            entry = next(entries, None)
        if fact is not None and fact[0] == at:
            those = list(fact[1])
            fact = next(facts, None)
        yield at, rows, those


def _folded(movements: Iterable[Movement]) -> dict[Name, Sum]:
    sums: dict[Name, Sum] = {}
    for movement in movements:
        total = sums.setdefault(movement.name, Sum())
        total.credits += movement.credits
        for share in movement.shares:
            total.add_share(*share)
    return sums


def _unrecorded(movements: list[Movement]) -> Iterator[Problem]:
    for movement in movements:
        yield from checks.recorded_as_folded(movement.at, {}, _folded([movement]))


def _told_right(told: Told, moment: Moment) -> Iterator[Problem]:
    """The entries of usage say whose it was, and a call knows the last of them."""
    fact = told.fact
    found = moment.sums.get((EntryKind.USAGE, fact.activity_id, fact.key))
    if found is None:
        return
    for seq in found.seqs:
        if moment.who[seq] != told.who:
            yield f"Entry {seq} is about another agent, opening or member than the {fact.subject_kind} {fact.key}."
    if told.last_seq is not None and told.last_seq != max(found.seqs):
        yield f"The call {fact.key} names entry {told.last_seq} as its last, but that is {max(found.seqs)}."
    shown, should = moment.shown.get((EntryKind.USAGE, fact.activity_id, fact.key), 0), int(told.last_seq is not None)
    if shown != should:
        yield f"The {fact.subject_kind} {fact.key} has {shown} rows in the log, but should have {should}."
