"""Interviews: what reports make of them, whatever the order in which the reports arrive.

An interview is always worked out from all its reports. What the new ones change, of its state, its charges and the
days it is counted on, is the difference between what the reports made before and what they make now.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from models.actions.account_parts import About
from models.actions.accounts import Account
from models.actions.roll_ups import Place, RollUps, place
from models.rules import interviews, rating
from models.rules.facts import Name, Usage
from models.rules.ids import new_id
from models.rules.reports import InterviewReport
from models.rules.words import Activity, EntryKind, InterviewStatus, SubjectKind
from models.tables.recording import (
    CHANGE_INTERVIEW,
    CHANGE_REPORT,
    INTERVIEW,
    INTERVIEW_CHANGES,
    INTERVIEW_REPORT,
    Candidate,
    interviews_of,
    reports_of,
)
from models.unit_of_work import UnitOfWork

Counts = dict[Place, dict[str, int]]


@dataclass(slots=True)
class PricedReport:
    """A report with the whole interview's price in its state, and what it is charged of it."""

    id: UUID
    report: InterviewReport
    price: int
    rate: int
    charged: int | None = None
    """None until it was worked out for the first time."""

    @property
    def line(self) -> str:
        line = rating.interview_line(self.report, self.rate, self.charged or 0)
        return rating.to_store([line] if self.charged else [])


@dataclass(slots=True)
class Interviewing:
    """One interview while reports are added to it."""

    id: UUID
    tenant_id: UUID
    opening_id: UUID
    candidate: str
    is_simulation: bool
    refunded: int = 0
    is_new: bool = True
    reports: list[PricedReport] = field(default_factory=list)
    added: list[PricedReport] = field(default_factory=list)

    # ------------------------------------------------------------ what all reports make of it

    def row(self) -> dict[str, Any]:
        """Its row, by column."""
        reports = sorted((priced.report for priced in self.reports), key=interviews.in_time)
        reached = interviews.furthest(reports)
        invited = [report.at for report in reports if report.status is InterviewStatus.INVITED]
        conducted = reached.status in (InterviewStatus.PARTIAL, InterviewStatus.COMPLETED)
        progress = 1_000_000 if reached.status is InterviewStatus.COMPLETED else reached.progress or 0
        return {
            "tenant_id": self.tenant_id,
            "id": self.id,
            "opening_id": self.opening_id,
            "candidate": self.candidate,
            "is_simulation": self.is_simulation,
            "status": reached.status,
            "progress": progress,
            "agent_id": reached.agent_id or next((one.agent_id for one in reports if one.agent_id), None),
            "invited_at": min(invited, default=reports[0].at),
            "furthest_at": reached.at,
            "ended_at": reached.at if conducted else None,
            "credits": sum(priced.charged or 0 for priced in self.reports),
            "refunded": self.refunded,
        }

    def counts(self, account: Account) -> Counts:
        """What it counts for in usage, by place: invited on one day, conducted on another."""
        counts: Counts = {}
        if self.is_simulation or not self.reports:
            return counts
        row = self.row()
        _count(counts, self._place(account.days.day_of(row["invited_at"]), row["agent_id"]), interviews_invited=1)
        where = self._place(account.days.day_of(row["furthest_at"]), row["agent_id"])
        if row["status"] is InterviewStatus.COMPLETED:
            _count(counts, where, activities=1, interviews_completed=1)
        elif row["status"] is InterviewStatus.PARTIAL:
            _count(counts, where, activities=1, interviews_partial=1)
        for priced in self.reports:
            if priced.charged:
                day = account.days.day_of(priced.report.at)
                _count(counts, self._place(day, priced.report.agent_id), credits=priced.charged)
        return counts

    def _place(self, day: date, agent_id: UUID | None) -> Place:
        return place(day, Activity.INTERVIEW, agent_id, self.opening_id)

    # ------------------------------------------------------------ what the new reports change

    def work_out(self, account: Account) -> list[tuple[Usage, About]]:
        """Charge all reports anew; the differences to what they were charged."""
        before = self.counts(account)
        self.reports += self.added
        by_key = {priced.report.key: priced for priced in self.reports}
        changes = []
        for report, due in interviews.charges((priced.report, priced.price) for priced in self.reports):
            priced = by_key[report.key]
            more = due - (priced.charged or 0)
            priced.charged = due
            if more:
                usage = Usage(report.at, SubjectKind.INTERVIEW, self.id, report.key, more)
                changes.append((usage, About(agent_id=report.agent_id, opening_id=self.opening_id)))
        _count_difference(account.rolled, before, self.counts(account))
        return changes


def _count(counts: Counts, where: Place, **more: int) -> None:
    sums = counts.setdefault(where, {})
    for name, count in more.items():
        sums[name] = sums.get(name, 0) + count


def _count_difference(rolled: RollUps, before: Counts, after: Counts) -> None:
    for sign, counts in ((-1, before), (1, after)):
        for where, sums in counts.items():
            rolled.count_usage(where, **{name: sign * count for name, count in sums.items()})


class Interviews:
    """The interviews that a transaction is about, by candidate."""

    def __init__(self) -> None:
        self._found: dict[Candidate, Interviewing] = {}
        self._changed: dict[Candidate, Interviewing] = {}

    async def load(self, work: UnitOfWork, candidates: Iterable[Candidate]) -> None:
        """Load those that exist, with all their reports."""
        wanted = sorted(set(candidates))
        if not wanted:
            return
        by_id: dict[UUID, Interviewing] = {}
        for row in await work.all(interviews_of(wanted)):
            one = Interviewing(
                row.id, row.tenant_id, row.opening_id, row.candidate, row.is_simulation, row.refunded, is_new=False
            )
            by_id[row.id] = self._found[row.tenant_id, row.opening_id, row.candidate, row.is_simulation] = one
        if by_id:
            tenants = sorted({one.tenant_id for one in by_id.values()})
            for row in await work.all(reports_of(tenants, sorted(by_id))):
                by_id[row.interview_id].reports.append(_priced_report(by_id[row.interview_id], row))

    def find(self, candidate: Candidate) -> Interviewing | None:
        return self._found.get(candidate)

    def add(self, candidate: Candidate, report: InterviewReport, price: int, rate: int) -> UUID:
        """Add a report; the id of its interview, which there is from now on."""
        one = self.find_or_make(candidate)
        one.added.append(PricedReport(new_id(), report, price, rate))
        self._changed[candidate] = one
        return one.id

    def find_or_make(self, candidate: Candidate) -> Interviewing:
        if candidate not in self._found:
            self._found[candidate] = Interviewing(new_id(), *candidate)
        return self._found[candidate]

    def work_out(self, accounts: dict[UUID, Account]) -> dict[UUID, tuple[list[Usage], dict[Name, About]]]:
        """What each tenant is to be charged for the reports that were added, and given back of earlier ones."""
        charges: dict[UUID, tuple[list[Usage], dict[Name, About]]] = {}
        for one in self._changed.values():
            facts, abouts = charges.setdefault(one.tenant_id, ([], {}))
            for usage, about in one.work_out(accounts[one.tenant_id]):
                facts.append(usage)
                abouts[EntryKind.USAGE, one.id, usage.key] = about
        return charges

    async def save(self, work: UnitOfWork) -> None:
        """Write the interviews that changed, and their reports."""
        rows = [(one, one.row()) for one in self._changed.values()]
        await work.insert(INTERVIEW, [[row[c.name] for c in INTERVIEW.columns] for one, row in rows if one.is_new])
        changed = [_values(row, INTERVIEW_CHANGES) for one, row in rows if not one.is_new]
        if changed:
            await work.run(CHANGE_INTERVIEW, changed)
        new = [_report_row(one, priced) for one, _ in rows for priced in one.added]
        await work.insert(INTERVIEW_REPORT, new)
        old = [
            {"b_tenant": one.tenant_id, "b_id": priced.id, "b_credits": priced.charged, "b_line": priced.line}
            for one, _ in rows
            for priced in one.reports
            if priced not in one.added
        ]
        if old:
            await work.run(CHANGE_REPORT, old)


def expected_rows(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """What the reports of interviews make of them: a row for each, where their reports stand together."""
    for interview_id, group in groupby(rows, key=attrgetter("interview_id")):
        reports = list(group)
        first = reports[0]
        one = Interviewing(
            interview_id, first.tenant_id, first.opening_id, first.candidate, first.is_simulation, first.refunded
        )
        one.reports = [_priced_report(one, row) for row in reports]
        by_key = {priced.report.key: priced for priced in one.reports}
        for report, due in interviews.charges((priced.report, priced.price) for priced in one.reports):
            by_key[report.key].charged = due
        yield one.row()


def _values(row: dict[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    return {"b_tenant": row["tenant_id"], "b_id": row["id"], **{f"b_{name}": row[name] for name in columns}}


def _priced_report(one: Interviewing, row: Any) -> PricedReport:
    status = InterviewStatus(row.status)
    progress = row.progress if status is InterviewStatus.PARTIAL else None
    report = InterviewReport(
        one.opening_id, row.key, one.candidate, status, row.at, row.agent_id, progress, one.is_simulation
    )
    return PricedReport(row.id, report, row.price, row.rate, row.credits)


def _report_row(one: Interviewing, priced: PricedReport) -> tuple[Any, ...]:
    report = priced.report
    return (
        one.tenant_id,
        priced.id,
        one.id,
        report.key,
        report.status,
        report.progress or 0,
        report.at,
        report.agent_id,
        priced.price,
        priced.rate,
        priced.charged,
        priced.line,
    )
