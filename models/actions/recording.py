"""Recording: what callers report is checked, rated, charged and counted, many reports in one transaction.

Each report is taken or refused on its own. A key that was acted on before answers as it did then; nothing is charged
twice. All look-ups are made once for the whole batch, all charging happens in memory, all rows are written at the end.
"""

from collections import namedtuple
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from models.actions.account_parts import About
from models.actions.accounts import Account, lock_accounts
from models.actions.finishing import finish
from models.actions.interviewing import Interviews
from models.actions.pricing import Prices
from models.actions.roll_ups import place
from models.actions.settling import fold_in
from models.rules import interviews, rating
from models.rules.facts import Name, Usage
from models.rules.ids import new_id
from models.rules.rating import Line
from models.rules.refusals import Conflict, Invalid, NotFound, Refusal
from models.rules.reports import (
    CallReport,
    DocumentReport,
    FactReport,
    InterviewReport,
    MessageReport,
    Report,
    TranscriptReport,
    check,
    digest,
    kind_of,
)
from models.rules.words import Activity, EntryKind, HoldStatus, InterviewStatus, SubjectKind
from models.tables import holds
from models.tables import recording as tables
from models.tables.dialects import taken_keys
from models.unit_of_work import UnitOfWork


@dataclass(slots=True)
class Submission:
    """Reports about one tenant that one caller sent together."""

    tenant_id: UUID
    reports: Sequence[Report]
    all_or_none: bool = False


class Recorded(NamedTuple):
    """A report that was taken. The row is that of what it made; a duplicate's is left to be read."""

    id: UUID
    is_duplicate: bool
    row: Any = None


Outcome = Recorded | Refusal

Key = tuple[UUID, str, str]
"""Tenant, kind of action, and the caller's key."""


class Piece(NamedTuple):
    """What recording differs in between transcripts, facts and documents."""

    kind: SubjectKind
    activity: Activity
    table: Any


_PIECES: dict[type[Report], Piece] = {
    TranscriptReport: Piece(SubjectKind.TRANSCRIPT, Activity.TRANSCRIPT, tables.TRANSCRIPT),
    FactReport: Piece(SubjectKind.FACT, Activity.FACT, tables.FACT),
    DocumentReport: Piece(SubjectKind.DOCUMENT, Activity.DOCUMENT, tables.DOCUMENT),
}
_ROWS: dict[str, Any] = {
    table.name: namedtuple(table.name, [column.name for column in table.columns])
    for table in (tables.CALL, tables.MESSAGE, tables.TRANSCRIPT, tables.FACT, tables.DOCUMENT)
}
_LAST_SEQ = list(tables.CALL.columns.keys()).index("last_seq")


async def record(work: UnitOfWork, submissions: Sequence[Submission]) -> list[list[Outcome]]:
    """Take the reports of many callers in one transaction; the outcomes are in the order of the reports."""
    accounts = await lock_accounts(work, (one.tenant_id for one in submissions))
    batch = Batch(work, accounts, await Prices.of(work, list(accounts.values())))
    await batch.look_up(submissions)
    outcomes = [batch.take_all(one) for one in submissions]
    await batch.save()
    return [[batch.finished(outcome) for outcome in those] for those in outcomes]


@dataclass(slots=True)
class Taken:
    """A report that has passed every rule, before anything is changed for it."""

    id: UUID
    report: Report
    key: Key
    digest: bytes


@dataclass(slots=True)
class Charges:
    """What one tenant is to be charged."""

    facts: list[Usage] = field(default_factory=list)
    abouts: dict[Name, About] = field(default_factory=dict)


class Batch:
    """The reports of one transaction."""

    def __init__(self, work: UnitOfWork, accounts: dict[UUID, Account], prices: Prices) -> None:
        self.work, self.accounts, self.prices = work, accounts, prices
        self.keys: dict[Key, tuple[bytes, UUID]] = {}
        self.new_keys: list[tuple[Any, ...]] = []
        self.charges = {tenant_id: Charges() for tenant_id in accounts}
        self.rows: dict[str, list[list[Any]]] = {name: [] for name in _ROWS}
        self.made: dict[UUID, tuple[str, list[Any]]] = {}
        self.interviews = Interviews()
        self.refused: dict[int, Refusal] = {}
        self.interactions_charged: dict[tuple[UUID, UUID], int] = {}
        self.holds_settled: dict[UUID, tuple[UUID, UUID]] = {}
        self._references: dict[tuple[str, UUID, UUID], Any] = {}

    # ------------------------------------------------------------ looking up

    async def look_up(self, submissions: Sequence[Submission]) -> None:
        """Find everything that the reports name, each kind with one statement."""
        reports = [(one.tenant_id, report) for one in submissions for report in one.reports if self._is_sound(report)]
        await self._look_up_keys(reports)
        wanted: dict[str, set[UUID]] = {}
        for _, report in reports:
            for field_name in _REFERENCES:
                named = getattr(report, field_name, None)
                if named is not None:
                    wanted.setdefault(field_name, set()).add(named)
        for field_name, ids in wanted.items():
            values = {"tenants": sorted(self.accounts), "ids": sorted(ids)}
            for row in await self.work.all(_REFERENCES[field_name], values):
                self._references[field_name, row.tenant_id, row.id] = row
        await self.interviews.load(
            self.work,
            (
                (tenant_id, report.opening_id, report.candidate, report.is_simulation)
                for tenant_id, report in reports
                if isinstance(report, InterviewReport)
            ),
        )

    def _is_sound(self, report: Report) -> bool:
        """Whether a report can have happened. What cannot is not looked up: it may hold what no database takes."""
        try:
            check(report, self.work.now)
        except Refusal as refusal:
            self.refused[id(report)] = refusal
            return False
        return True

    async def _look_up_keys(self, reports: Iterable[tuple[UUID, Report]]) -> None:
        wanted = {(tenant_id, kind_of(report)._value_, report.key) for tenant_id, report in reports}
        if wanted:
            for row in await self.work.all(*taken_keys(self.work.dialect, list(wanted))):
                self.keys[row.tenant_id, row.kind, row.key] = (row.digest, row.subject_id)

    def _named(self, tenant_id: UUID, field_name: str, id: UUID) -> Any:
        """The row of something that a report names; it is not found where it is another tenant's."""
        row = self._references.get((field_name, tenant_id, id))
        if row is None:
            raise NotFound(f"There is no such {field_name.removesuffix('_id')}.", (field_name,))
        return row

    # ------------------------------------------------------------ taking

    def take_all(self, submission: Submission) -> list[Outcome]:
        account = self.accounts.get(submission.tenant_id)
        if account is None:
            return [NotFound("There is no such tenant.", ("tenant_id",)) for _ in submission.reports]
        if submission.all_or_none:
            return self._take_all_or_none(account, submission.reports)
        return [self._take(account, report) for report in submission.reports]

    def _take_all_or_none(self, account: Account, reports: Sequence[Report]) -> list[Outcome]:
        keys = dict(self.keys)
        admitted = [self._admit(account, report) for report in reports]
        if any(isinstance(one, Refusal) for one in admitted):
            self.keys = keys
            return [one if isinstance(one, Refusal) else Conflict("Another one was refused.") for one in admitted]
        return [self._charge(account, *one) if not isinstance(one, (Refusal, Recorded)) else one for one in admitted]

    def _take(self, account: Account, report: Report) -> Outcome:
        admitted = self._admit(account, report)
        return admitted if isinstance(admitted, (Refusal, Recorded)) else self._charge(account, *admitted)

    def _admit(self, account: Account, report: Report) -> Outcome | tuple[Taken, Any]:
        """Check a report by every rule; its price, where it is new and may be taken."""
        if id(report) in self.refused:
            return self.refused[id(report)]
        try:
            key = (account.tenant_id, kind_of(report)._value_, report.key)
            content = digest(report)
            known = self.keys.get(key)
            if known is not None:
                if known[0] != content:
                    raise Conflict("This key was used for something else.", ("key",))
                return Recorded(known[1], is_duplicate=True)
            priced = self._price(account, report)
        except Refusal as refusal:
            return refusal
        taken = Taken(new_id(), report, key, content)
        if isinstance(report, InterviewReport):
            taken.id = self.interviews.find_or_make(_candidate(account, report)).id
        self.keys[key] = (content, taken.id)
        return taken, priced

    def _price(self, account: Account, report: Report) -> Any:
        """What a report costs, in the terms of its kind; it refuses what is named but not there."""
        match report:
            case CallReport():
                self._named(account.tenant_id, "agent_id", report.agent_id)
                if report.member_id is not None:
                    self._named(account.tenant_id, "member_id", report.member_id)
                if report.hold_id is not None:
                    hold = self._named(account.tenant_id, "hold_id", report.hold_id)
                    if hold.agent_id != report.agent_id:
                        raise Invalid("This hold is for a call of another agent.", ("hold_id",))
                increment, book = self.prices.in_force(account.terms_at(report.started_at))
                return rating.price_call(report, increment, book)
            case MessageReport():
                agent = self._named(account.tenant_id, "agent_id", report.agent_id)
                if report.member_id is not None:
                    self._named(account.tenant_id, "member_id", report.member_id)
                model = report.model if report.model is not None else agent.model
                _, book = self.prices.in_force(account.terms_at(report.sent_at))
                return model, rating.price_message(report, model, book)
            case InterviewReport():
                return self._price_interview(account, report)
        self._named(account.tenant_id, "interaction_id", report.interaction_id)
        _, book = self.prices.in_force(account.terms_at(report.created_at))
        match report:
            case TranscriptReport():
                return rating.price_transcript(report, book)
            case FactReport():
                return rating.price_fact(report, book)
        return rating.price_document(report, book)

    def _price_interview(self, account: Account, report: InterviewReport) -> tuple[int, int]:
        self._named(account.tenant_id, "opening_id", report.opening_id)
        if report.agent_id is not None:
            self._named(account.tenant_id, "agent_id", report.agent_id)
        costs = report.status in (InterviewStatus.PARTIAL, InterviewStatus.COMPLETED)
        if report.is_simulation or not costs:
            return 0, 0
        _, book = self.prices.in_force(account.terms_at(report.at))
        rate = book.rate(Activity.INTERVIEW, None, report.at, ("status",)).credits
        return interviews.price(report.status, report.progress, rate, report.is_simulation), rate

    # ------------------------------------------------------------ charging

    def _charge(self, account: Account, taken: Taken, priced: Any) -> Recorded:
        """Do all that a report brings with it. From here on nothing is refused."""
        report = taken.report
        match report:
            case CallReport():
                self._charge_call(account, taken.id, report, priced)
            case MessageReport():
                self._charge_message(account, taken.id, report, *priced)
            case InterviewReport():
                self.interviews.add(_candidate(account, report), report, *priced)
            case _:
                self._charge_piece(account, taken.id, report, priced)
        self.new_keys.append((*taken.key, taken.digest, taken.id))
        return Recorded(taken.id, is_duplicate=False)

    def _charge_call(self, account: Account, id: UUID, report: CallReport, priced: rating.PricedCall) -> None:
        row = [
            account.tenant_id,
            id,
            report.key,
            report.agent_id,
            report.member_id,
            report.direction,
            report.started_at,
            report.connected_at,
            report.ended_at,
            priced.duration_seconds,
            priced.billed_seconds,
            report.translation_seconds,
            priced.credits,
            0,
            rating.to_store(priced.lines),
            0,
            report.remarks,
        ]
        self._made(tables.CALL.name, id, row)
        about = About(report.agent_id, None, report.member_id, report.remarks, is_call=True)
        self._use(account, SubjectKind.CALL, id, report.key, report.started_at, priced.credits, about)
        day = account.days.day_of(report.started_at)
        for line in priced.lines:
            where = place(day, line.activity, report.agent_id, member_id=report.member_id, direction=report.direction)
            if line.activity is Activity.CALL:
                account.rolled.count_usage(
                    where,
                    activities=1,
                    credits=line.credits,
                    call_seconds=priced.duration_seconds,
                    billed_seconds=priced.billed_seconds,
                )
            else:
                account.rolled.count_usage(where, activities=1, credits=line.credits)
        if report.hold_id is not None:
            self._settle_hold(account, id, report)

    def _settle_hold(self, account: Account, call_id: UUID, report: CallReport) -> None:
        """Give back what was set aside for a call, where its hold is still open."""
        assert report.hold_id is not None
        hold = self._named(account.tenant_id, "hold_id", report.hold_id)
        is_open = hold.status == HoldStatus.OPEN and hold.expires_at > self.work.now
        if is_open and report.hold_id not in self.holds_settled:
            self.holds_settled[report.hold_id] = (account.tenant_id, call_id)
            account.hold(EntryKind.RELEASE, hold.id, hold.key, hold.credits, About(agent_id=hold.agent_id))

    def _charge_message(
        self, account: Account, id: UUID, report: MessageReport, model: str | None, lines: list[Line]
    ) -> None:
        credits = rating.credits_of(lines)
        row = [
            account.tenant_id,
            id,
            report.key,
            report.agent_id,
            report.member_id,
            model or "",
            report.sent_at,
            report.is_playground,
            report.input_tokens,
            report.output_tokens,
            credits,
            0,
            rating.to_store(lines),
        ]
        self._made(tables.MESSAGE.name, id, row)
        if report.is_playground:
            return
        about = About(report.agent_id, None, report.member_id)
        self._use(account, SubjectKind.MESSAGE, id, report.key, report.sent_at, credits, about)
        day = account.days.day_of(report.sent_at)
        where = place(day, Activity.MESSAGE, report.agent_id, member_id=report.member_id, model=model or "")
        account.rolled.count_usage(where, activities=1, credits=credits)

    def _charge_piece(
        self, account: Account, id: UUID, report: TranscriptReport | FactReport | DocumentReport, lines: list[Line]
    ) -> None:
        piece = _PIECES[type(report)]
        credits = rating.credits_of(lines)
        # The report's one field of its own stands after the key and the instant.
        own = report[3]
        row = [
            account.tenant_id,
            id,
            report.interaction_id,
            report.key,
            report.created_at,
            credits,
            0,
            rating.to_store(lines),
            own,
        ]
        self._made(piece.table.name, id, row)
        interaction = self._named(account.tenant_id, "interaction_id", report.interaction_id)
        about = About(interaction.agent_id, None, interaction.assigned_member_id)
        self._use(account, piece.kind, id, report.key, report.created_at, credits, about)
        day = account.days.day_of(report.created_at)
        where = place(day, piece.activity, interaction.agent_id, member_id=interaction.assigned_member_id)
        account.rolled.count_usage(where, activities=1, credits=credits)
        of = (account.tenant_id, report.interaction_id)
        self.interactions_charged[of] = self.interactions_charged.get(of, 0) + credits

    def _use(
        self, account: Account, kind: SubjectKind, id: UUID, key: str, at: Any, credits: int, about: About
    ) -> None:
        """Charge credits. Every call has an entry, other activities where they cost something."""
        if credits or kind is SubjectKind.CALL:
            charges = self.charges[account.tenant_id]
            charges.facts.append(Usage(at, kind, id, key, credits))
            charges.abouts[EntryKind.USAGE, id, key] = about

    def _made(self, table: str, id: UUID, row: list[Any]) -> None:
        self.rows[table].append(row)
        self.made[id] = table, row

    # ------------------------------------------------------------ saving

    async def save(self) -> None:
        """Fold the charges into the accounts and write everything down."""
        for tenant_id, (facts, abouts) in self.interviews.work_out(self.accounts).items():
            self.charges[tenant_id].facts += facts
            self.charges[tenant_id].abouts.update(abouts)
        for tenant_id, account in self.accounts.items():
            charges = self.charges[tenant_id]
            await fold_in(self.work, account, charges.facts, charges.abouts)
        self._number_new_calls()
        await self._save_holds()
        await finish(self.work, list(self.accounts.values()))
        await self._save_activities()
        await self.work.insert(tables.TAKEN_KEY, self.new_keys)

    def _number_new_calls(self) -> None:
        """Let the rows of new calls name their entries. Those of others are changed with their account."""
        for account in self.accounts.values():
            seqs = account.call_seqs
            for call_id in [call_id for call_id in seqs if call_id in self.made]:
                self.made[call_id][1][_LAST_SEQ] = seqs.pop(call_id)

    async def _save_activities(self) -> None:
        await self.interviews.save(self.work)
        for table in (tables.CALL, tables.MESSAGE, *(piece.table for piece in _PIECES.values())):
            await self.work.insert(table, self.rows[table.name])
        charged = [
            {"b_tenant": tenant_id, "b_id": id, "b_credits": credits}
            for (tenant_id, id), credits in self.interactions_charged.items()
            if credits
        ]
        if charged:
            await self.work.run(tables.CHARGE_INTERACTION, charged)

    async def _save_holds(self) -> None:
        settled = [
            {"b_tenant": tenant_id, "b_id": hold_id, "b_status": HoldStatus.SETTLED}
            for hold_id, (tenant_id, _) in self.holds_settled.items()
        ]
        if not settled:
            return
        await self.work.run(tables.CHANGE_HOLD, settled)
        for tenant_id in {tenant_id for tenant_id, _ in self.holds_settled.values()}:
            self.accounts[tenant_id].holds_end_at = await self.work.value(holds.NEXT_END, {"b_tenant": tenant_id})

    def finished(self, outcome: Outcome) -> Outcome:
        """The outcome with the row that was written."""
        if isinstance(outcome, Refusal) or outcome.id not in self.made:
            return outcome
        table, row = self.made[outcome.id]
        return outcome._replace(row=_ROWS[table]._make(row))


def _candidate(account: Account, report: InterviewReport) -> tables.Candidate:
    return account.tenant_id, report.opening_id, report.candidate, report.is_simulation


_REFERENCES = {
    "agent_id": tables.AGENTS,
    "member_id": tables.MEMBERS,
    "opening_id": tables.OPENINGS,
    "interaction_id": tables.INTERACTIONS,
    "hold_id": tables.HOLDS,
}
