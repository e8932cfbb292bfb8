import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.amounts import LARGEST, MICRO
from models.rules.refusals import Invalid
from models.rules.reports import (
    CallReport,
    DocumentReport,
    FactReport,
    InterviewReport,
    MessageReport,
    Report,
    TranscriptReport,
    billable_seconds,
    check,
    digest,
    happened_at,
    kind_of,
    whole_seconds,
)
from models.rules.words import CallDirection, InterviewStatus, SubjectKind

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOME = UUID(int=1)
SECOND = timedelta(seconds=1)
MOMENT = timedelta(microseconds=1)


def a_call(**changes: Any) -> CallReport:
    call = CallReport(SOME, "call-1", CallDirection.OUTBOUND, NOON, NOON + 90 * SECOND, NOON + 30 * SECOND)
    return call._replace(**changes)


def a_message(**changes: Any) -> MessageReport:
    return MessageReport(SOME, "message-1", NOON)._replace(**changes)


def an_interview(**changes: Any) -> InterviewReport:
    return InterviewReport(SOME, "i-1", "Ada", InterviewStatus.COMPLETED, NOON)._replace(**changes)


def a_transcript(**changes: Any) -> TranscriptReport:
    return TranscriptReport(SOME, "transcript-1", NOON)._replace(**changes)


def a_fact(**changes: Any) -> FactReport:
    return FactReport(SOME, "fact-1", NOON)._replace(**changes)


def a_document(**changes: Any) -> DocumentReport:
    return DocumentReport(SOME, "document-1", NOON)._replace(**changes)


REPORTS: list[Report] = [a_call(), a_message(), an_interview(), a_transcript(), a_fact(), a_document()]
INSTANTS = ["started_at", "sent_at", "at", "created_at", "created_at", "created_at"]


def refused_at(report: Report, now: datetime = NOON + timedelta(days=40)) -> str:
    with pytest.raises(Invalid) as refused:
        check(report, now)
    assert len(refused.value.message) < 100
    (field,) = refused.value.path
    return field


@pytest.mark.parametrize("report", REPORTS, ids=kind_of)
def test_what_can_have_happened_is_taken(report: Report) -> None:
    check(report, NOON + timedelta(days=1))


@pytest.mark.parametrize("report", REPORTS, ids=kind_of)
@pytest.mark.parametrize("key", ["", " ", "k" * 201, "a\x00", "a\nb", "\x7f", "\x85", "\ud800"])
def test_a_key_is_one_short_line(report: Report, key: str) -> None:
    assert refused_at(report._replace(key=key)) == "key"


@pytest.mark.parametrize(
    "key", ["k" * 200, "Anruf Nr. 7 \u2013 \u00fc", "\U0001f600", "a\u00a0b", "\u200d", "a\u2028b"]
)
def test_a_key_may_hold_any_visible_text(key: str) -> None:
    check(a_call(key=key), NOON + timedelta(days=1))


@pytest.mark.parametrize(("report", "field"), list(zip(REPORTS, INSTANTS, strict=True)))
def test_what_lies_more_than_5_minutes_ahead_is_refused(report: Report, field: str) -> None:
    ahead = timedelta(minutes=5)
    report = report._replace(ended_at=NOON, connected_at=None) if isinstance(report, CallReport) else report

    check(report, NOON - ahead)
    assert refused_at(report, NOON - ahead - MOMENT) == field


@pytest.mark.parametrize(("report", "field"), list(zip(REPORTS, INSTANTS, strict=True)))
def test_what_lies_before_1970_is_refused(report: Report, field: str) -> None:
    before: dict[str, Any] = {field: datetime(1969, 12, 31, tzinfo=UTC)}

    assert refused_at(report._replace(**before)) == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ended_at": NOON - MOMENT}, "ended_at"),
        ({"ended_at": NOON + timedelta(days=31) + MOMENT}, "ended_at"),
        ({"connected_at": NOON - MOMENT}, "connected_at"),
        ({"connected_at": NOON + 91 * SECOND}, "connected_at"),
        ({"translation_seconds": -1}, "translation_seconds"),
        ({"translation_seconds": 61}, "translation_seconds"),
        ({"translation_seconds": 2**31}, "translation_seconds"),
        ({"translation_seconds": 1, "connected_at": None}, "translation_seconds"),
        ({"translation_seconds": 91, "direction": CallDirection.INBOUND}, "translation_seconds"),
        ({"remarks": "r" * 1_001}, "remarks"),
        ({"remarks": "\x00"}, "remarks"),
        ({"remarks": "\x1b[2J"}, "remarks"),
        ({"remarks": "\udfff"}, "remarks"),
    ],
)
def test_a_call_that_cannot_have_been_is_refused(changes: dict[str, Any], field: str) -> None:
    assert refused_at(a_call(**changes)) == field


def test_a_call_has_ended_when_it_is_reported() -> None:
    assert refused_at(a_call(ended_at=NOON + timedelta(hours=1)), now=NOON) == "ended_at"


@pytest.mark.parametrize(
    "changes",
    [
        {"ended_at": NOON, "connected_at": NOON},
        {"ended_at": NOON + timedelta(days=31)},
        {"connected_at": NOON + 90 * SECOND},
        {"translation_seconds": 60},
        # An inbound call counts from its start on, whatever connectedAt says.
        {"translation_seconds": 90, "direction": CallDirection.INBOUND},
        {"translation_seconds": 90, "direction": CallDirection.INBOUND, "connected_at": None},
        {"connected_at": None},
        {"remarks": "first line\r\n\tsecond line"},
    ],
)
def test_a_call_at_the_edge_of_what_can_be_is_taken(changes: dict[str, Any]) -> None:
    check(a_call(**changes), NOON + timedelta(days=40))


@pytest.mark.parametrize(
    ("report", "field"),
    [
        (a_message(model=""), "model"),
        (a_message(model="m" * 201), "model"),
        (a_message(model="gpt\n"), "model"),
        (a_message(input_tokens=-1), "input_tokens"),
        (a_message(output_tokens=2**31), "output_tokens"),
        (a_transcript(audio_seconds=-1), "audio_seconds"),
        (a_transcript(audio_seconds=2**31), "audio_seconds"),
        (a_transcript(credits_consumed=-1), "credits_consumed"),
        (a_fact(credits_consumed=LARGEST + 1), "credits_consumed"),
        (a_fact(text="t" * 10_001), "text"),
        (a_fact(text="a\x0cb"), "text"),
        (a_document(name=" "), "name"),
        (a_document(name="n" * 501), "name"),
        (a_document(name="a\tb"), "name"),
        (a_document(credits_consumed=-1), "credits_consumed"),
        (an_interview(candidate=""), "candidate"),
        (an_interview(candidate="\t"), "candidate"),
        (an_interview(candidate="c" * 301), "candidate"),
        (an_interview(candidate="a\x00"), "candidate"),
    ],
)
def test_texts_and_counts_have_limits(report: Report, field: str) -> None:
    assert refused_at(report) == field


@pytest.mark.parametrize("progress", [None, -1, 0, MICRO, MICRO + 1])
def test_a_partial_interview_needs_a_progress_between_0_and_1(progress: int | None) -> None:
    assert refused_at(an_interview(status=InterviewStatus.PARTIAL, progress=progress)) == "progress"


@pytest.mark.parametrize("status", [status for status in InterviewStatus if status != "PARTIAL"])
def test_only_a_partial_interview_has_a_progress(status: InterviewStatus) -> None:
    assert refused_at(an_interview(status=status, progress=0)) == "progress"
    check(an_interview(status=status), NOON)


@pytest.mark.parametrize("progress", [1, MICRO - 1])
def test_a_partial_interview_may_have_any_other_progress(progress: int) -> None:
    check(an_interview(status=InterviewStatus.PARTIAL, progress=progress), NOON)


@given(st.timedeltas(timedelta(0), timedelta(days=31)))
def test_started_seconds_count_whole(passed: timedelta) -> None:
    seconds = whole_seconds(NOON, NOON + passed)

    assert (seconds - 1) * SECOND < passed <= seconds * SECOND


def test_ringing_is_free_for_outbound_calls_only() -> None:
    assert billable_seconds(a_call()) == 60
    assert billable_seconds(a_call(connected_at=None)) == 0
    assert billable_seconds(a_call(direction=CallDirection.INBOUND)) == 90
    assert billable_seconds(a_call(direction=CallDirection.INBOUND, connected_at=None)) == 90


@pytest.mark.parametrize("report", REPORTS, ids=kind_of)
def test_a_report_happened_at_the_instant_that_it_names(report: Report) -> None:
    assert happened_at(report) == NOON


def test_a_report_is_of_its_own_kind() -> None:
    assert [kind_of(report) for report in REPORTS] == list(SubjectKind)[:6]


@pytest.mark.parametrize(
    ("report", "changes"),
    [
        (a_call(), {"agent_id": UUID(int=2), "key": "other", "direction": CallDirection.INBOUND}),
        (a_call(), {"started_at": NOON + MOMENT, "ended_at": NOON + 91 * SECOND, "connected_at": None}),
        (a_call(), {"translation_seconds": 1, "member_id": SOME, "hold_id": SOME, "remarks": "x"}),
        (a_message(), {"model": "m", "member_id": SOME, "input_tokens": 0, "output_tokens": 0, "is_playground": True}),
        (an_interview(), {"candidate": "Bo", "status": InterviewStatus.INVITED, "agent_id": SOME, "progress": 1}),
        (an_interview(), {"is_simulation": True}),
        (a_transcript(), {"audio_seconds": 0, "credits_consumed": 0}),
        (a_fact(), {"text": "", "credits_consumed": 0}),
        (a_document(), {"name": "x", "credits_consumed": 1}),
    ],
)
def test_other_content_has_another_digest(report: Report, changes: dict[str, Any]) -> None:
    digests = {digest(report)} | {digest(report._replace(**{name: value})) for name, value in changes.items()}

    assert len(digests) == len(changes) + 1
    assert {len(one) for one in digests} == {16}


def test_what_moves_from_one_text_to_the_next_is_other_content() -> None:
    assert digest(an_interview(key='a","b', candidate="c")) != digest(an_interview(key="a", candidate='b","c'))


def test_reports_of_two_kinds_with_the_same_values_have_two_digests() -> None:
    assert digest(a_fact(key="k", text="x")) != digest(a_document(key="k", name="x"))


def test_the_same_instant_in_another_zone_is_the_same_content() -> None:
    tokyo = timezone(timedelta(hours=9))

    assert digest(a_message(sent_at=NOON.astimezone(tokyo))) == digest(a_message())


def test_a_digest_is_the_same_in_every_process() -> None:
    assert digest(a_message()).hex() == DIGEST_OF_A_MESSAGE
    code = (
        "from uuid import UUID; from datetime import *; from models.rules.reports import *;"
        "print(digest(MessageReport(UUID(int=1), 'message-1', datetime(2026, 3, 1, 12, tzinfo=UTC))).hex())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == DIGEST_OF_A_MESSAGE


# Digests are kept with what was recorded: another way to make them would turn repeats into conflicts.
DIGEST_OF_A_MESSAGE = "aa44660fb77f3ccdc3e0e67a8f0e4eb0"
