"""What callers report, as the graph takes it, made into the reports of the rules."""

from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import strawberry

from models.rules.amounts import MICRO
from models.rules.refusals import Invalid
from models.rules.reports import (
    CallReport,
    DocumentReport,
    FactReport,
    InterviewReport,
    MessageReport,
    Report,
    TranscriptReport,
)
from models.rules.words import CallDirection, InterviewStatus
from resolvers.bulk import read_in_bulk
from resolvers.context import parse_id
from resolvers.scalars import Credits

_KEY = "Your own id of it, in 1 to 200 characters: the same key never charges twice."
_CONSUMED = "What it costs, where you know it; worked out from the plan's rates where left out."


@strawberry.input(description="A call that has ended.")
class CallInput:
    agent_id: strawberry.ID = strawberry.field(description="The agent that made or took it.")
    key: str = strawberry.field(description=_KEY)
    direction: CallDirection = strawberry.field(description="Who called whom, seen from the agent.")
    started_at: datetime = strawberry.field(
        description="When the phone rang, or was dialled. Decides the call's day, rate and billing period."
    )
    connected_at: datetime | None = strawberry.field(
        description="When it was answered. An outbound call is billed from then on; without it, it was never answered "
        "and costs nothing."
    )
    ended_at: datetime = strawberry.field(description="When the line was closed.")
    translation_seconds: int | None = strawberry.field(
        default=0, description="How long it was translated, which is charged as a line of its own."
    )
    member_id: strawberry.ID | None = strawberry.field(description="The member that it was made for.")
    hold_id: strawberry.ID | None = strawberry.field(
        description="The hold of the credits that were set aside for it, which then ends."
    )
    remarks: str | None = strawberry.field(description="What is to be noted with it, in up to 1,000 characters.")


@strawberry.input(description="A message that an agent wrote.")
class MessageInput:
    agent_id: strawberry.ID = strawberry.field(description="The agent that wrote it.")
    key: str = strawberry.field(description=_KEY)
    model: str | None = strawberry.field(description="The model that wrote it; the agent's where left out.")
    sent_at: datetime = strawberry.field(description="When it was sent.")
    member_id: strawberry.ID | None = strawberry.field(description="The member that it was written for.")
    input_tokens: int | None = strawberry.field(description="Tokens that the model read.")
    output_tokens: int | None = strawberry.field(description="Tokens that the model wrote.")
    is_playground: bool | None = strawberry.field(
        default=False,
        description="Whether it was sent to try things out: it costs nothing and does not count as usage.",
    )


@strawberry.input(description="The latest state of an interview.")
class InterviewInput:
    opening_id: strawberry.ID = strawberry.field(description="The opening that the candidate is interviewed for.")
    key: str = strawberry.field(description=_KEY)
    candidate: str = strawberry.field(
        description="Who is interviewed, as you name them: a candidate has one interview for an opening."
    )
    agent_id: strawberry.ID | None = strawberry.field(description="The agent that holds the interview.")
    status: InterviewStatus = strawberry.field(
        description="How far it came. The furthest state that was ever reported holds."
    )
    at: datetime = strawberry.field(description="When it came that far.")
    progress: float | None = strawberry.field(
        description="The completed part of a partial interview, between 0 and 1; not given for other states."
    )
    is_simulation: bool | None = strawberry.field(
        default=False, description="Whether it is held to try things out: it costs nothing and does not count as usage."
    )


@strawberry.input(description="A transcript of an interaction.")
class TranscriptInput:
    interaction_id: strawberry.ID = strawberry.field(description="The interaction that was written down.")
    key: str = strawberry.field(description=_KEY)
    created_at: datetime = strawberry.field(description="When it was made.")
    audio_seconds: int | None = strawberry.field(description="How long the audio is, by which it is priced.")
    credits_consumed: Credits | None = strawberry.field(description=_CONSUMED)


@strawberry.input(description="A fact that was found in an interaction.")
class FactInput:
    interaction_id: strawberry.ID = strawberry.field(description="The interaction that it was found in.")
    key: str = strawberry.field(description=_KEY)
    created_at: datetime = strawberry.field(description="When it was made.")
    text: str | None = strawberry.field(description="The fact in words, in up to 10,000 characters.")
    credits_consumed: Credits | None = strawberry.field(description=_CONSUMED)


@strawberry.input(description="Facts that were found together.")
class FactsInput:
    facts: list[FactInput] = strawberry.field(description="The facts, up to 1,000, all of one tenant.")


@strawberry.input(description="A document that was written from an interaction.")
class DocumentInput:
    interaction_id: strawberry.ID = strawberry.field(description="The interaction that it was written from.")
    key: str = strawberry.field(description=_KEY)
    created_at: datetime = strawberry.field(description="When it was made.")
    name: str | None = strawberry.field(description="What it is called, in up to 500 characters.")
    credits_consumed: Credits | None = strawberry.field(description=_CONSUMED)


@read_in_bulk
@strawberry.input(one_of=True, description="Exactly one kind of event.")
class UsageEventInput:
    call: CallInput | None = strawberry.field(description="A call that has ended.")
    message: MessageInput | None = strawberry.field(description="A message that was sent.")
    interview: InterviewInput | None = strawberry.field(description="The latest state of an interview.")
    transcript: TranscriptInput | None = strawberry.field(description="A transcript that was made.")
    fact: FactInput | None = strawberry.field(description="A fact that was found.")
    document: DocumentInput | None = strawberry.field(description="A document that was written.")


def call_report(given: CallInput) -> CallReport:
    return CallReport(
        parse_id(given.agent_id, "agent", "agent_id"),
        given.key,
        given.direction,
        given.started_at,
        given.ended_at,
        given.connected_at,
        given.translation_seconds or 0,
        _optional_id(given.member_id, "member"),
        _optional_id(given.hold_id, "hold"),
        given.remarks or "",
    )


def message_report(given: MessageInput) -> MessageReport:
    return MessageReport(
        parse_id(given.agent_id, "agent", "agent_id"),
        given.key,
        given.sent_at,
        given.model,
        _optional_id(given.member_id, "member"),
        given.input_tokens,
        given.output_tokens,
        bool(given.is_playground),
    )


def interview_report(given: InterviewInput) -> InterviewReport:
    return InterviewReport(
        parse_id(given.opening_id, "opening", "opening_id"),
        given.key,
        given.candidate,
        given.status,
        given.at,
        _optional_id(given.agent_id, "agent"),
        _in_millionths(given.progress),
        bool(given.is_simulation),
    )


def transcript_report(given: TranscriptInput) -> TranscriptReport:
    id = parse_id(given.interaction_id, "interaction", "interaction_id")
    return TranscriptReport(id, given.key, given.created_at, given.audio_seconds, given.credits_consumed)


def fact_report(given: FactInput) -> FactReport:
    id = parse_id(given.interaction_id, "interaction", "interaction_id")
    return FactReport(id, given.key, given.created_at, given.text, given.credits_consumed)


def document_report(given: DocumentInput) -> DocumentReport:
    id = parse_id(given.interaction_id, "interaction", "interaction_id")
    return DocumentReport(id, given.key, given.created_at, given.name, given.credits_consumed)


EVENTS: dict[str, Callable[[Any], Report]] = {
    "call": call_report,
    "message": message_report,
    "interview": interview_report,
    "transcript": transcript_report,
    "fact": fact_report,
    "document": document_report,
}
"""How each kind of event becomes a report, by its name in the input."""


def _optional_id(text: str | None, kind: str) -> UUID | None:
    return None if text is None else parse_id(text, kind, f"{kind}_id")


def _in_millionths(progress: float | None) -> int | None:
    """A part of one as whole millionths; no part that is given becomes nothing, or everything."""
    if progress is None:
        return None
    if not 0 < progress < 1:
        raise Invalid("A partial interview needs a progress between 0 and 1.", ("progress",))
    # The shortest decimal that names the float is what the caller wrote.
    rounded = int((Decimal(repr(progress)) * MICRO).to_integral_value(ROUND_HALF_UP))
    return min(max(rounded, 1), MICRO - 1)
