"""What callers report of things that happened, and which of it is refused whatever the books say."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import orjson

from models.rules.amounts import LARGEST, MICRO
from models.rules.refusals import Invalid
from models.rules.words import CallDirection, InterviewStatus, SubjectKind

LONGEST_KEY = 200
LONGEST_CANDIDATE = 300
LONGEST_MODEL = 200
LONGEST_REMARKS = 1_000
LONGEST_TEXT = 10_000
LONGEST_NAME = 500
LONGEST_CALL = timedelta(days=31)
LARGEST_COUNT = 2**31 - 1  # of seconds or tokens; what the graph's Int holds.
AHEAD = timedelta(minutes=5)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

# PostgreSQL can store neither NUL nor half of a surrogate pair; the others hide in lists and logs.
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HIDDEN_IN_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class CallReport(NamedTuple):
    """A call that has ended."""

    agent_id: UUID
    key: str
    direction: CallDirection
    started_at: datetime
    ended_at: datetime
    connected_at: datetime | None = None
    translation_seconds: int = 0
    member_id: UUID | None = None
    hold_id: UUID | None = None
    remarks: str = ""


class MessageReport(NamedTuple):
    """A message that was sent. Without a model, its agent's counts."""

    agent_id: UUID
    key: str
    sent_at: datetime
    model: str | None = None
    member_id: UUID | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    is_playground: bool = False


class InterviewReport(NamedTuple):
    """A state that an interview has reached; progress, of a partial one, in millionths."""

    opening_id: UUID
    key: str
    candidate: str
    status: InterviewStatus
    at: datetime
    agent_id: UUID | None = None
    progress: int | None = None
    is_simulation: bool = False


class TranscriptReport(NamedTuple):
    """A transcript of an interaction; credits_consumed, in millionths, where the caller names them."""

    interaction_id: UUID
    key: str
    created_at: datetime
    audio_seconds: int | None = None
    credits_consumed: int | None = None


class FactReport(NamedTuple):
    """A fact found in an interaction."""

    interaction_id: UUID
    key: str
    created_at: datetime
    text: str | None = None
    credits_consumed: int | None = None


class DocumentReport(NamedTuple):
    """A document made from an interaction."""

    interaction_id: UUID
    key: str
    created_at: datetime
    name: str | None = None
    credits_consumed: int | None = None


Report = CallReport | MessageReport | InterviewReport | TranscriptReport | FactReport | DocumentReport

_KINDS: dict[type[Report], SubjectKind] = {
    CallReport: SubjectKind.CALL,
    MessageReport: SubjectKind.MESSAGE,
    InterviewReport: SubjectKind.INTERVIEW,
    TranscriptReport: SubjectKind.TRANSCRIPT,
    FactReport: SubjectKind.FACT,
    DocumentReport: SubjectKind.DOCUMENT,
}
_INSTANTS: dict[type[Report], str] = {
    CallReport: "started_at",
    MessageReport: "sent_at",
    InterviewReport: "at",
    TranscriptReport: "created_at",
    FactReport: "created_at",
    DocumentReport: "created_at",
}
_GET_INSTANT = {kind: attrgetter(field) for kind, field in _INSTANTS.items()}


def kind_of(report: Report) -> SubjectKind:
    return _KINDS[type(report)]


def happened_at(report: Report) -> datetime:
    """The instant that decides a report's day, rate, period and grants."""
    at: datetime = _GET_INSTANT[type(report)](report)
    return at


def digest(report: Report) -> bytes:
    """16 bytes that are the same for the same content, in every process and at any time."""
    # Reports of two kinds can hold the same values, and one instant can be written in many zones.
    fields = [
        value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not UTC else value for value in report
    ]
    # A driver's own kind of UUID is written as text, which is how any other is written too.
    return blake2b(orjson.dumps((_KINDS[type(report)], fields), default=str), digest_size=16).digest()


def whole_seconds(start: datetime, end: datetime) -> int:
    """The time between two instants, rounded up to whole seconds."""
    passed = end - start
    return passed.days * 86_400 + passed.seconds + (passed.microseconds > 0)


def billable_seconds(report: CallReport) -> int:
    """How long a call counts: an outbound one from its connection on, an inbound one all of it."""
    if report.direction is CallDirection.INBOUND:
        return whole_seconds(report.started_at, report.ended_at)
    if report.connected_at is None:
        return 0
    return whole_seconds(report.connected_at, report.ended_at)


def check(report: Report, now: datetime) -> None:
    """Refuses what cannot have happened, or cannot be stored."""
    key = report.key
    if not key.isprintable() or not 0 < len(key) <= LONGEST_KEY or key.isspace():
        check_name(key, "key", LONGEST_KEY)
    match report:
        case CallReport():
            _check_call(report, now)
        case MessageReport():
            _check_message(report, now)
        case InterviewReport():
            _check_interview(report, now)
        case TranscriptReport():
            _check_creation(report, now)
            check_count(report.audio_seconds, "audio_seconds")
        case FactReport():
            _check_creation(report, now)
            check_lines(report.text, "text", LONGEST_TEXT)
        case DocumentReport():
            _check_creation(report, now)
            if report.name is not None:
                check_name(report.name, "name", LONGEST_NAME)


def _check_call(call: CallReport, now: datetime) -> None:
    started, ended, connected = call.started_at, call.ended_at, call.connected_at
    check_instant(started, now, "started_at")
    if ended < started:
        raise Invalid("A call cannot end before it starts.", ("ended_at",))
    if ended - started > LONGEST_CALL:
        raise Invalid(f"A call lasts at most {LONGEST_CALL.days} days.", ("ended_at",))
    check_instant(ended, now, "ended_at")
    if connected is not None and not started <= connected <= ended:
        raise Invalid("A call is connected between its start and its end.", ("connected_at",))
    if call.translation_seconds:
        _check_translation(call)
    if call.remarks:
        check_lines(call.remarks, "remarks", LONGEST_REMARKS)


def _check_translation(call: CallReport) -> None:
    """Translated is at most what counts of the call: nothing is, while an outbound one rings.

    An inbound call counts whatever its connectedAt says, so its translation does too.
    """
    path = ("translation_seconds",)
    if call.translation_seconds < 0:
        raise Invalid("A call's translation cannot last less than 0 seconds.", path)
    if call.direction is CallDirection.OUTBOUND and call.connected_at is None:
        raise Invalid("A call that was never connected has no translation.", path)
    if call.translation_seconds > billable_seconds(call):
        raise Invalid("A call's translation cannot last longer than the call.", path)


def _check_message(message: MessageReport, now: datetime) -> None:
    check_instant(message.sent_at, now, "sent_at")
    if message.model is not None:
        check_name(message.model, "model", LONGEST_MODEL)
    check_count(message.input_tokens, "input_tokens")
    check_count(message.output_tokens, "output_tokens")


def _check_interview(interview: InterviewReport, now: datetime) -> None:
    check_instant(interview.at, now, "at")
    check_name(interview.candidate, "candidate", LONGEST_CANDIDATE)
    progress = interview.progress
    if interview.status is not InterviewStatus.PARTIAL:
        if progress is not None:
            raise Invalid("Only a partial interview has a progress.", ("progress",))
    elif progress is None or not 0 < progress < MICRO:
        raise Invalid("A partial interview needs a progress between 0 and 1.", ("progress",))


def _check_creation(report: TranscriptReport | FactReport | DocumentReport, now: datetime) -> None:
    check_instant(report.created_at, now, "created_at")
    credits = report.credits_consumed
    if credits is not None and not 0 <= credits <= LARGEST:
        raise Invalid("The credits consumed are 0 or more.", ("credits_consumed",))


def check_instant(at: datetime, now: datetime, field: str) -> None:
    if at > now + AHEAD:
        raise Invalid("This is more than 5 minutes in the future.", (field,))
    if at < EARLIEST:
        raise Invalid("This is before the year 1970.", (field,))


def check_count(count: int | None, field: str) -> None:
    if count is not None and not 0 <= count <= LARGEST_COUNT:
        raise Invalid(f"This lies between 0 and {LARGEST_COUNT}.", (field,))


def check_name(text: str, field: str, longest: int) -> None:
    """One line of text that says something."""
    if not text or text.isspace():
        raise Invalid("This must not be empty.", (field,))
    _check_length(text, field, longest)
    # What can be printed is the usual case, and is known at once.
    if not text.isprintable() and _HIDDEN.search(text):
        raise Invalid("This must not hold control characters.", (field,))


def check_lines(text: str | None, field: str, longest: int) -> None:
    """Text that may be empty or have several lines."""
    if not text:
        return
    _check_length(text, field, longest)
    if not text.isprintable() and _HIDDEN_IN_LINES.search(text):
        raise Invalid("This must not hold control characters, line breaks and tabs aside.", (field,))


def _check_length(text: str, field: str, longest: int) -> None:
    if len(text) > longest:
        raise Invalid(f"This has at most {longest} characters.", (field,))
