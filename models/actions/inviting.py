"""Inviting candidates: each has one interview for an opening, however often they are invited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from models.actions.recording import Submission, record
from models.actions.storing import lock_tenant
from models.rules.refusals import Invalid, Refusal
from models.rules.reports import LONGEST_CANDIDATE, InterviewReport, check_instant, check_name
from models.rules.words import InterviewStatus
from models.tables.recording import interviews_of
from models.unit_of_work import UnitOfWork

MOST_CANDIDATES = 1_000


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who is invited to be interviewed for an opening; now, where no time is given."""

    tenant_id: UUID
    opening_id: UUID
    candidates: Sequence[str]
    invited_at: datetime | None = None
    is_simulation: bool = False


async def invite(work: UnitOfWork, invitation: Invitation) -> list[UUID]:
    """The interviews of the candidates, in their order; all are invited or none."""
    _check(work, invitation)
    await lock_tenant(work, invitation.tenant_id, "tenant_id")
    known = await _interviews(work, invitation)
    new = [one for one in dict.fromkeys(invitation.candidates) if one not in known]
    reports = [_report(work, invitation, candidate) for candidate in new]
    outcomes = (await record(work, [Submission(invitation.tenant_id, reports, all_or_none=True)]))[0]
    for candidate, outcome in zip(new, outcomes, strict=True):
        if isinstance(outcome, Refusal):
            # All are for the same opening, at the same time: what is wrong with one is wrong with all.
            raise outcome
        known[candidate] = outcome.id
    return [known[candidate] for candidate in invitation.candidates]


def _check(work: UnitOfWork, invitation: Invitation) -> None:
    if not 0 < len(invitation.candidates) <= MOST_CANDIDATES:
        raise Invalid(f"1 to {MOST_CANDIDATES} candidates are invited at once.", ("candidates",))
    if invitation.invited_at is not None:
        check_instant(invitation.invited_at, work.now, "invited_at")
    for position, candidate in enumerate(invitation.candidates):
        try:
            check_name(candidate, str(position), LONGEST_CANDIDATE)
        except Refusal as refusal:
            raise refusal.under("candidates") from None


async def _interviews(work: UnitOfWork, invitation: Invitation) -> dict[str, UUID]:
    of = (invitation.tenant_id, invitation.opening_id)
    wanted = sorted(set(invitation.candidates))
    rows = await work.all(interviews_of([(*of, candidate, invitation.is_simulation) for candidate in wanted]))
    return {row.candidate: row.id for row in rows}


def _report(work: UnitOfWork, invitation: Invitation, candidate: str) -> InterviewReport:
    named = f"{invitation.opening_id}/{invitation.is_simulation}/{candidate}"
    # A candidate's name may be longer than a key.
    key = f"invitation/{blake2b(named.encode(), digest_size=16).hexdigest()}"
    return InterviewReport(
        invitation.opening_id,
        key,
        candidate,
        InterviewStatus.INVITED,
        invitation.invited_at or work.now,
        is_simulation=invitation.is_simulation,
    )
