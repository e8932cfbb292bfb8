"""Recording: mutations that tell what happened, which is then charged."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.actions.interactions import InteractionWish, create_interaction
from models.actions.inviting import Invitation, invite
from models.actions.recording import Recorded, Submission
from models.rules.refusals import Invalid, NotFound, Refusal
from models.rules.reports import LONGEST_KEY, Report, kind_of
from models.rules.viewers import Permission
from models.rules.words import ErrorCode
from models.tables import lookups
from resolvers.context import Context, Info, parse_id
from resolvers.conversations import Call, Message
from resolvers.credits import CreditAccount, account_of
from resolvers.hiring import Interview
from resolvers.inputs import described
from resolvers.interactions import Document, Fact, Interaction, Transcript
from resolvers.permissions import field, mutation
from resolvers.refusals import Payload, error_of, shown_path
from resolvers.reports import (
    EVENTS,
    CallInput,
    DocumentInput,
    FactsInput,
    InterviewInput,
    MessageInput,
    TranscriptInput,
    UsageEventInput,
    call_report,
    document_report,
    fact_report,
    interview_report,
    message_report,
    transcript_report,
)

MOST_EVENTS = 1_000


@strawberry.input(description="Candidates who are invited to be interviewed for an opening.")
class InviteCandidatesInput:
    opening_id: strawberry.ID = strawberry.field(description="The opening.")
    candidates: list[str] = strawberry.field(
        description="The candidates as you name them, 1 to 1,000. One who was invited before keeps the same interview."
    )
    invited_at: datetime | None = strawberry.field(description="When they were invited; now where left out.")
    is_simulation: bool | None = strawberry.field(
        default=False, description="Whether they are invited to try things out: it does not count as usage."
    )


@strawberry.input(description="An encounter of a member. The same external id again answers the same interaction.")
class InteractionInput:
    tenant_id: strawberry.ID = strawberry.field(description="Whose interaction it is.")
    external_id: str = strawberry.field(description="Your own id of it, unique among the tenant's interactions.")
    agent_id: strawberry.ID | None = strawberry.field(description="The agent that was there.")
    assigned_member_id: strawberry.ID | None = strawberry.field(description="The member whose encounter it was.")
    created_at: datetime | None = strawberry.field(description="When it began; now where left out.")


@strawberry.type(description="An event that was refused. Nothing of it has happened; the others are not touched by it.")
class RefusedEvent:
    index: int = strawberry.field(description="Its place among the events, from 0 on.")
    key: str = strawberry.field(description="Its key, cut after 200 characters.")
    code: ErrorCode = strawberry.field(description="Why, for programs.")
    message: str = strawberry.field(description="Why, for people.")
    path: list[str] = strawberry.field(
        description='Path of the field that is to blame, such as ["events", "3", "call", "endedAt"].'
    )


@strawberry.type(description="What became of the events, or why all of them were refused.")
class RecordUsagePayload(Payload):
    accepted: int = strawberry.field(default=0, description="How many events were recorded.")
    duplicates: int = strawberry.field(
        default=0, description="How many had been recorded before with the same key, and were not charged again."
    )
    refused: list[RefusedEvent] = strawberry.field(
        default_factory=list, description="The others, each with its reason."
    )
    tenant_id: strawberry.Private[UUID | None] = None

    @field(
        needs=Permission.READ_BOOKS,
        description="The account after the events; null where all were refused. Not for keys that only report.",
    )
    async def account(self, info: Info) -> CreditAccount | None:
        if self.tenant_id is None:
            return None
        return await account_of(info, await info.context.loaders.tenant(self.tenant_id))


@strawberry.type(description="The call, or why it was refused.")
class CallPayload(Payload):
    call: Call | None = strawberry.field(default=None, description="The call with its charge; null where refused.")


@strawberry.type(description="The message, or why it was refused.")
class MessagePayload(Payload):
    message: Message | None = strawberry.field(
        default=None, description="The message with its charge; null where refused."
    )


@strawberry.type(description="The interview, or why it was refused.")
class InterviewPayload(Payload):
    interview: Interview | None = strawberry.field(
        default=None, description="The interview as it is now; null where refused."
    )


@strawberry.type(description="The interviews, or why they were refused.")
class InterviewsPayload(Payload):
    interviews: list[Interview] | None = strawberry.field(
        default=None, description="The candidates' interviews, in the order of the candidates; null where refused."
    )


@strawberry.type(description="The interaction, or why it was refused.")
class InteractionPayload(Payload):
    interaction: Interaction | None = strawberry.field(default=None, description="The interaction; null where refused.")


@strawberry.type(description="The transcript, or why it was refused.")
class TranscriptPayload(Payload):
    transcript: Transcript | None = strawberry.field(default=None, description="The transcript; null where refused.")


@strawberry.type(description="The facts, or why they were refused.")
class FactsPayload(Payload):
    facts: list[Fact] | None = strawberry.field(
        default=None, description="The facts, in the order they were given in; null where refused."
    )


@strawberry.type(description="The document, or why it was refused.")
class DocumentPayload(Payload):
    document: Document | None = strawberry.field(default=None, description="The document; null where refused.")


@strawberry.type
class RecordingMutations:
    @mutation(
        needs=Permission.REPORT_USAGE,
        description="Up to 1,000 events in one go. Each is taken, or refused by the rules, on its own; a key seen "
        "before is a duplicate, not a second charge. An event that is not well formed (a value of a wrong type, an "
        "instant without its zone, two kinds in one event) fails the request as a whole: its error names the event's "
        "place, and nothing is recorded.",
    )
    async def record_usage(
        self,
        info: Info,
        tenant_id: Annotated[strawberry.ID, described("Whose events they are.")],
        events: Annotated[list[UsageEventInput], described("The events, in any order.")],
    ) -> RecordUsagePayload:
        context = info.context
        id = context.tenant_id(tenant_id, "tenant_id")
        if len(events) > MOST_EVENTS:
            raise Invalid(f"At most {MOST_EVENTS} events are taken at once.", ("events",))
        if await context.loaders.tenant(id) is None:
            raise NotFound("There is no such tenant.", ("tenant_id",))
        return await _record_events(context, id, events)

    @mutation(needs=Permission.REPORT_USAGE, description="Records a call that has ended; a key charges once.")
    async def record_call(self, info: Info, input: Annotated[CallInput, described("The call.")]) -> CallPayload:
        report = call_report(input)
        row = await _record(info.context, "agent", report)
        return CallPayload(call=Call.of(row, own=True))

    @mutation(needs=Permission.REPORT_USAGE, description="Records a message of an agent; a key charges once.")
    async def record_message(
        self, info: Info, input: Annotated[MessageInput, described("The message.")]
    ) -> MessagePayload:
        report = message_report(input)
        row = await _record(info.context, "agent", report)
        return MessagePayload(message=Message.of(row, own=True))

    @mutation(
        needs=Permission.REPORT_USAGE,
        description="Invites candidates to be interviewed: all or none. It costs nothing; who was invited before keeps "
        "the same interview.",
    )
    async def invite_candidates(
        self, info: Info, input: Annotated[InviteCandidatesInput, described("The candidates.")]
    ) -> InterviewsPayload:
        context = info.context
        opening_id = parse_id(input.opening_id, "opening", "opening_id")
        tenant_id = await _tenant_of(context, "opening", opening_id)
        invitation = Invitation(tenant_id, opening_id, input.candidates, input.invited_at, bool(input.is_simulation))
        async with context.work() as work:
            ids = await invite(work, invitation)
        rows = await _rows(context, "interview", tenant_id, ids)
        return InterviewsPayload(interviews=[Interview.of(row, own=True) for row in rows])

    @mutation(
        needs=Permission.REPORT_USAGE,
        description="Tells how far an interview came. Each report that raises its price is charged the difference.",
    )
    async def record_interview(
        self, info: Info, input: Annotated[InterviewInput, described("The interview's latest state.")]
    ) -> InterviewPayload:
        report = interview_report(input)
        row = await _record(info.context, "opening", report)
        return InterviewPayload(interview=Interview.of(row, own=True))

    @mutation(
        needs=Permission.REPORT_USAGE,
        description="Makes an interaction, to which transcripts, facts and documents are added. It costs nothing.",
    )
    async def create_interaction(
        self, info: Info, input: Annotated[InteractionInput, described("The interaction.")]
    ) -> InteractionPayload:
        context = info.context
        tenant_id = context.tenant_id(input.tenant_id, "tenant_id")
        wish = InteractionWish(
            input.external_id,
            parse_id(input.agent_id, "agent", "agent_id") if input.agent_id is not None else None,
            parse_id(input.assigned_member_id, "member", "assigned_member_id")
            if input.assigned_member_id is not None
            else None,
            input.created_at,
        )
        async with context.work() as work:
            row = await create_interaction(work, tenant_id, wish)
        return InteractionPayload(interaction=Interaction.of(row, own=True))

    @mutation(needs=Permission.REPORT_USAGE, description="Adds a transcript to an interaction; a key charges once.")
    async def add_transcript(
        self, info: Info, input: Annotated[TranscriptInput, described("The transcript.")]
    ) -> TranscriptPayload:
        report = transcript_report(input)
        row = await _record(info.context, "interaction", report)
        return TranscriptPayload(transcript=Transcript.of(row, own=True))

    @mutation(
        needs=Permission.REPORT_USAGE, description="Adds facts to interactions of one tenant: all of them or none."
    )
    async def add_facts(self, info: Info, input: Annotated[FactsInput, described("The facts.")]) -> FactsPayload:
        if len(input.facts) > MOST_EVENTS:
            raise Invalid(f"At most {MOST_EVENTS} facts are added at once.", ("facts",))
        return await _record_facts(info.context, input)

    @mutation(needs=Permission.REPORT_USAGE, description="Adds a document to an interaction; a key charges once.")
    async def add_document(
        self, info: Info, input: Annotated[DocumentInput, described("The document.")]
    ) -> DocumentPayload:
        report = document_report(input)
        row = await _record(info.context, "interaction", report)
        return DocumentPayload(document=Document.of(row, own=True))


# ---------------------------------------------------------------- one at a time


async def _record(context: Context, of: str, report: Report) -> Any:
    """Record a report about an agent, opening or interaction: the row of what it made, once that is stored."""
    tenant_id = await _tenant_of(context, of, getattr(report, f"{of}_id"))
    (outcome,) = await context.record(Submission(tenant_id, [report]))
    if isinstance(outcome, Refusal):
        raise outcome
    (row,) = await _recorded_rows(context, tenant_id, kind_of(report), [outcome])
    return row


async def _tenant_of(context: Context, kind: str, id: UUID) -> UUID:
    """Whose something is. A tenant's own keys need no look-up: what is not theirs is not found when it is recorded."""
    tenant_id = context.viewer.tenant_id or await context.owners.tenant_of(kind, id)
    if tenant_id is None:
        raise NotFound(f"There is no such {kind}.", (f"{kind}_id",))
    return tenant_id


async def _recorded_rows(context: Context, tenant_id: UUID, kind: str, outcomes: Sequence[Recorded]) -> list[Any]:
    """The rows of what was recorded. What was recorded before, and interviews, are read as they are now."""
    missing = [outcome.id for outcome in outcomes if outcome.row is None]
    read = dict(zip(missing, await _rows(context, kind, tenant_id, missing), strict=True)) if missing else {}
    return [outcome.row or read[outcome.id] for outcome in outcomes]


async def _rows(context: Context, kind: str, tenant_id: UUID, ids: Sequence[UUID]) -> list[Any]:
    found = await context.all(lookups.of_tenant(kind), {"tenant_id": tenant_id, "ids": list(ids)})
    by_id = {row.id: row for row in found}
    return [by_id[id] for id in ids]


# ---------------------------------------------------------------- many at once


async def _record_events(context: Context, tenant_id: UUID, events: Sequence[UsageEventInput]) -> RecordUsagePayload:
    payload = RecordUsagePayload(tenant_id=tenant_id)
    reports: list[Report] = []
    places: list[int] = []
    for index, event in enumerate(events):
        kind, given = _given(event)
        try:
            reports.append(EVENTS[kind](given))
            places.append(index)
        except Refusal as refusal:
            payload.refused.append(_refused(index, kind, given.key, refusal))
    outcomes = await context.record(Submission(tenant_id, reports)) if reports else []
    for index, report, outcome in zip(places, reports, outcomes, strict=True):
        if isinstance(outcome, Refusal):
            payload.refused.append(_refused(index, kind_of(report), report.key, outcome))
        elif outcome.is_duplicate:
            payload.duplicates += 1
        else:
            payload.accepted += 1
    payload.refused.sort(key=lambda one: one.index)
    return payload


def _given(event: UsageEventInput) -> tuple[str, Any]:
    """The one kind of an event that was given."""
    return next((kind, given) for kind in EVENTS if (given := getattr(event, kind)))


def _refused(index: int, kind: str, key: str, refusal: Refusal) -> RefusedEvent:
    path = shown_path(("events", str(index), kind, *refusal.path))
    return RefusedEvent(index=index, key=key[:LONGEST_KEY], code=refusal.code, message=refusal.message, path=path)


async def _record_facts(context: Context, input: FactsInput) -> FactsPayload:
    reports, tenant_id = [], None
    for position, given in enumerate(input.facts):
        try:
            report = fact_report(given)
            owner = await _tenant_of(context, "interaction", report.interaction_id)
            if owner != (tenant_id or owner):
                raise Invalid("This is an interaction of another tenant than the first one's.", ("interaction_id",))
        except Refusal as refusal:
            raise refusal.under("facts", str(position)) from None
        tenant_id = owner
        reports.append(report)
    if tenant_id is None:
        return FactsPayload(facts=[])
    outcomes = await context.record(Submission(tenant_id, reports, all_or_none=True))
    # The others are refused because of these, and have no field to blame.
    refusals = [
        outcome.under("facts", str(position))
        for position, outcome in enumerate(outcomes)
        if isinstance(outcome, Refusal) and outcome.path
    ]
    if refusals:
        return FactsPayload(errors=[error_of(refusal, in_input=True) for refusal in refusals])
    recorded = [outcome for outcome in outcomes if isinstance(outcome, Recorded)]
    rows = await _recorded_rows(context, tenant_id, "fact", recorded)
    return FactsPayload(facts=[Fact.of(row, own=True) for row in rows])
