"""Published files of other people's systems, imported by the command: every sum equals an independent recount."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.rules.words import Activity
from server.commands import main
from tests.data import recount
from tests.data.asking import MOST_SLICES, Slices, ask
from tests.house import A_MESSAGE, A_MINUTE, A_THOUSAND_TOKENS, SONNET, House

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="The published files are not beside this project.")

GETGOING = DATA / "getgoing_calls_2019-04_2019-10.csv"
TRANSCRIPTS = DATA / "getgoing_transcripts_2019-04_2019-10.jsonl"
COPENHAGEN_CALLS = DATA / "copenhagen_calls_days00-13.csv"
COPENHAGEN_TEXTS = DATA / "copenhagen_sms_days00-13.csv"
AZURE = DATA / "azure_llm_2023_conv.csv"
AIDER = DATA / "aider_events_2024-08_2025-03.jsonl"
MTS = DATA / "mts_dialog_validation.csv"

DAY_0 = datetime(2025, 1, 6, tzinfo=ZoneInfo("Europe/Copenhagen"))
Imported = Callable[..., str]


def call_days(house: House, tenant: str) -> dict[date, recount.Sums]:
    days: Counter[date] = Counter()
    seconds: Counter[date] = Counter()
    billed: Counter[date] = Counter()
    for row in house.rows(tenant, "usage_day"):
        assert row.activity == Activity.CALL
        days[row.day] += row.activities
        seconds[row.day] += row.call_seconds
        billed[row.day] += row.billed_seconds
    return {day: recount.Sums(days[day], seconds[day], billed[day]) for day in days}


def message_days(house: House, tenant: str) -> dict[tuple[str, date], int]:
    days: Counter[tuple[str, date]] = Counter()
    for row in house.rows(tenant, "usage_day"):
        assert row.activity == Activity.MESSAGE
        days[row.model, row.day] += row.activities
    return days


def token_days(house: House, tenant: str, zone: str) -> dict[tuple[str, date], tuple[int, int, int]]:
    """By model and day, from the messages themselves."""
    return recount.tokens(
        [
            recount.Message(
                row.sent_at.astimezone(ZoneInfo(zone)).date(),
                row.model,
                row.input_tokens or 0,
                row.output_tokens or 0,
            )
            for row in house.rows(tenant, "message")
        ]
    )


def price(message: recount.Message) -> Fraction:
    """By its tokens, where its model is priced by them."""
    if message.model != SONNET:
        return A_MESSAGE
    return Fraction(message.tokens_in + message.tokens_out, 1_000) * A_THOUSAND_TOKENS


def usage_must_be(
    house: House, tenant: str, events: Iterable[tuple[Any, recount.Used]], **keys: Callable[[Any], str]
) -> None:
    """The graph says of a tenant's usage what the recount does: in all, by day, and by the keys of each dimension."""
    events = list(events)
    days = {event.day for event, _ in events}
    # A day without usage on either side.
    first, last = min(days) - timedelta(days=1), max(days) + timedelta(days=1)
    asked = ask(house, tenant, first, last)

    assert asked.totals == recount.added(used for _, used in events)
    expected = recount.grouped((event.day, used) for event, used in events)
    every_day = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    assert asked.by_day == {day: expected.get(day, recount.NOTHING) for day in every_day}
    for dimension, key in keys.items():
        expected = recount.grouped((key(event), used) for event, used in events)
        slices_must_be(asked.slices[dimension], expected)
        if dimension in asked.of_each:
            assert asked.of_each[dimension] == {name: used for name, used in expected.items() if name}


def slices_must_be(slices: Slices, expected: dict[str, recount.Used]) -> None:
    """The largest by themselves, all others together."""
    rest = [used for name, used in expected.items() if name not in slices.parts]
    assert slices.parts == {name: used for name, used in expected.items() if name in slices.parts}
    assert len(slices.parts) == min(len(expected), MOST_SLICES)
    assert (slices.rest, slices.rest_count) == (recount.added(rest), len(rest))
    assert min(used.credits for used in slices.parts.values()) >= max((used.credits for used in rest), default=0)


@pytest.fixture
def imported(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Imported:
    """Imports a file for a tenant and its agent: the first line of the report. What is refused goes to a file."""

    def run(house: House, kind: str, file: Path, tenant: str, *options: str) -> str:
        monkeypatch.setenv("TALLYGRAPH_DATABASE_URL", house.url)
        refused = str(tmp_path / f"refused{file.suffix}")
        with pytest.raises(SystemExit) as ended:
            main(["import", kind, str(file), "--tenant", tenant, "--refused", refused, *options])
        written = capsys.readouterr()
        assert ended.value.code in (0, None), written.err
        return written.out.partition("\n")[0]

    return run


@pytest.fixture
def house(sqlite_url: str) -> House:
    return House(sqlite_url)


AS_GETGOING = [
    *("--map", "key=uuid", "--map", "startedAt=start_time", "--map", "endedAt=end_time"),
    *("--set", "direction=INBOUND", "--time-zone", "America/New_York"),
]


def test_calls_to_a_travel_line_by_eastern_clocks(database_url: str, imported: Imported, tmp_path: Path) -> None:
    house = House(database_url)
    for tenant, zone, steps in (("base", "America/New_York", (60, 60)), ("pro", "UTC", (30, 30))):
        house.add(tenant, zone, steps)
        report = imported(house, "calls", GETGOING, tenant, "--agent", tenant, *AS_GETGOING)
        calls, without_log = recount.getgoing(GETGOING, zone)

        assert report == "563 rows read: 531 accepted, 0 duplicates, 32 refused."
        assert call_days(house, tenant) == recount.by_day(calls, *steps)
        assert house.used(tenant) == recount.credits_of_calls(calls, *steps, A_MINUTE)
        used = [(call, recount.used_by_call(call, *steps, A_MINUTE)) for call in calls]
        usage_must_be(house, tenant, used, AGENT=lambda _: tenant, MEMBER=lambda _: "", DIRECTION=lambda _: "INBOUND")  # noqa: B023
        assert [row["uuid"] for row in refused_rows(tmp_path)] == without_log
        assert len(without_log) == 32
        assert {row["refused_reason"] for row in refused_rows(tmp_path)} == {
            "startedAt: This is missing: nothing stands in start_time."
        }


def test_the_same_calls_again_charge_nothing_twice(house: House, imported: Imported) -> None:
    house.add("base", "America/New_York")
    imported(house, "calls", GETGOING, "base", "--agent", "base", *AS_GETGOING)
    before = house.used("base"), house.rows("base", "entry")
    report = imported(house, "calls", GETGOING, "base", "--agent", "base", *AS_GETGOING)

    assert report == "563 rows read: 0 accepted, 531 duplicates, 32 refused."
    assert (house.used("base"), house.rows("base", "entry")) == before
    assert len(house.rows("base", "call")) == 531


def test_calls_between_people_missed_ones_among_them(house: House, imported: Imported) -> None:
    for tenant, zone, steps in (("base", "Europe/Copenhagen", (60, 60)), ("pro", "America/New_York", (30, 30))):
        house.add(tenant, zone, steps)
        options = ["--map", "agentId=callee", "--create-agents", "--map", "memberId=caller", "--create-members"]
        options += ["--map", "startedAt=timestamp", "--map", "durationSeconds=duration"]
        options += ["--time-from", DAY_0.isoformat(), "--set", "direction=OUTBOUND"]
        first = imported(house, "calls", COPENHAGEN_CALLS, tenant, *options)
        again = imported(house, "calls", COPENHAGEN_CALLS, tenant, *options)
        calls = recount.copenhagen_calls(COPENHAGEN_CALLS, DAY_0, zone)

        assert first == "1,781 rows read: 1,781 accepted, 0 duplicates, 0 refused."
        assert again == "1,781 rows read: 0 accepted, 1,781 duplicates, 0 refused."
        assert call_days(house, tenant) == recount.by_day(calls, *steps)
        assert house.used(tenant) == recount.credits_of_calls(calls, *steps, A_MINUTE)
        used = [(call, recount.used_by_call(call, *steps, A_MINUTE)) for call in calls]
        usage_must_be(house, tenant, used, AGENT=lambda call: call.callee, MEMBER=lambda call: call.caller)
        assert sum(row.connected_at is None for row in house.rows(tenant, "call")) == 199


def test_text_messages_by_who_sent_them(house: House, imported: Imported) -> None:
    house.add("people", "Europe/Copenhagen", granted=1_000_000)
    options = ["--agent", "people", "--map", "sentAt=timestamp", "--map", "memberId=sender", "--create-members"]
    options += ["--time-from", DAY_0.isoformat()]
    first = imported(house, "messages", COPENHAGEN_TEXTS, "people", *options)
    again = imported(house, "messages", COPENHAGEN_TEXTS, "people", *options)
    texts = recount.copenhagen_texts(COPENHAGEN_TEXTS, DAY_0, "Europe/Copenhagen")
    names = {row.id: row.external_id for row in house.rows("people", "member")}

    # Eight of them repeat an earlier row in everything, and were sent all the same.
    assert first == "13,437 rows read: 13,437 accepted, 0 duplicates, 0 refused."
    assert again == "13,437 rows read: 0 accepted, 13,437 duplicates, 0 refused."
    assert message_days(house, "people") == Counter(("", text.day) for text in texts)
    assert Counter(names[row.member_id] for row in house.rows("people", "message")) == recount.users(texts)
    assert house.used("people") == len(texts) * A_MESSAGE
    used = [(text, recount.used_by_message(A_MESSAGE)) for text in texts]
    usage_must_be(house, "people", used, AGENT=lambda _: "people", MEMBER=lambda text: text.user, MODEL=lambda _: "")


def test_an_assistants_messages_by_model_with_their_tokens(house: House, imported: Imported) -> None:
    zone = "America/Los_Angeles"
    house.add("aider", zone, granted=1_000)
    options = ["--agent", "aider", "--where", "event=message_send", "--map", "sentAt=time"]
    options += ["--map", "memberId=user_id", "--create-members", "--map", "model=properties.main_model"]
    options += ["--map", "inputTokens=properties.prompt_tokens", "--map", "outputTokens=properties.completion_tokens"]
    first = imported(house, "messages", AIDER, "aider", *options)
    again = imported(house, "messages", AIDER, "aider", *options)
    messages = recount.aider(AIDER, zone)
    names = {row.id: row.external_id for row in house.rows("aider", "member")} | {None: ""}
    by_token = [message for message in messages if message.model == SONNET]
    thousands = Fraction(sum(message.tokens_in + message.tokens_out for message in by_token), 1_000)

    assert first == "18,792 rows read: 15,608 left out, 3,184 accepted, 0 duplicates, 0 refused."
    assert again == "18,792 rows read: 15,608 left out, 0 accepted, 3,184 duplicates, 0 refused."
    assert message_days(house, "aider") == Counter((message.model, message.day) for message in messages)
    assert token_days(house, "aider", zone) == recount.tokens(messages)
    assert Counter(names[row.member_id] for row in house.rows("aider", "message")) == recount.users(messages)
    used = [(message, recount.used_by_message(price(message))) for message in messages]
    usage_must_be(house, "aider", used, MEMBER=lambda message: message.user, MODEL=lambda message: message.model)
    assert house.used("aider") == (len(messages) - len(by_token)) * A_MESSAGE + thousands * A_THOUSAND_TOKENS


def test_an_hour_of_a_chat_service_over_midnight(house: House, imported: Imported) -> None:
    zone = "Asia/Kolkata"
    house.add("azure", zone, granted=1_000_000)
    options = ["--agent", "azure", "--model", SONNET, "--map", "sentAt=TIMESTAMP", "--time-zone", "UTC"]
    options += ["--map", "inputTokens=ContextTokens", "--map", "outputTokens=GeneratedTokens"]
    report = imported(house, "messages", AZURE, "azure", *options)
    messages = [message._replace(model=SONNET) for message in recount.azure(AZURE, zone)]

    assert report == "19,366 rows read: 19,366 accepted, 0 duplicates, 0 refused."
    assert len({message.day for message in messages}) == 2
    assert message_days(house, "azure") == Counter((message.model, message.day) for message in messages)
    assert token_days(house, "azure", zone) == recount.tokens(messages)
    used = [(message, recount.used_by_message(price(message))) for message in messages]
    usage_must_be(house, "azure", used, AGENT=lambda _: "azure", MODEL=lambda _: SONNET)
    assert house.used("azure") == Fraction(22_361_870 + 4_088_665, 1_000) * A_THOUSAND_TOKENS


def test_notes_and_transcripts_of_conversations(house: House, imported: Imported) -> None:
    house.add("clinic", "Europe/London")
    notes = ["--agent", "clinic", "--map", "externalId=ID", "--map", "document.name=section_header"]
    notes += ["--map", "fact.text=section_text", "--set", "createdAt=2026-01-31T12:00:00"]
    talks = ["--map", "externalId=uuid", "--set", "createdAt=2019-11-01T00:00:00"]
    talks += ["--set", "transcript.creditsConsumed=0.5", "--map", "fact.text=history"]
    first = imported(house, "interactions", MTS, "clinic", *notes)
    again = imported(house, "interactions", MTS, "clinic", *notes)
    second = imported(house, "interactions", TRANSCRIPTS, "clinic", *talks)
    said = sum(len(event["history"]) for event in recount.events(TRANSCRIPTS))
    counts = {(row.activity, row.day): row.activities or row.interactions for row in house.rows("clinic", "usage_day")}
    with open(MTS, newline="", encoding="utf-8") as file:
        headers = Counter(row["section_header"] for row in csv.DictReader(file))

    assert first == "100 rows read: 100 accepted, 0 duplicates, 0 refused."
    assert again == "100 rows read: 0 accepted, 100 duplicates, 0 refused."
    assert second == "531 rows read: 531 accepted, 0 duplicates, 0 refused."
    assert Counter(row.name for row in house.rows("clinic", "document")) == headers
    notes_day, talks_day = date(2026, 1, 31), date(2019, 11, 1)
    assert counts == {
        ("", notes_day): 100,
        (Activity.DOCUMENT, notes_day): 100,
        (Activity.FACT, notes_day): 100,
        ("", talks_day): 531,
        (Activity.TRANSCRIPT, talks_day): 531,
        (Activity.FACT, talks_day): said,
    }
    assert house.used("clinic") == 100 * 3 + Fraction(100 + said, 20) + Fraction(531, 2)


def refused_rows(folder: Path) -> list[dict[str, str]]:
    with open(folder / "refused.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
