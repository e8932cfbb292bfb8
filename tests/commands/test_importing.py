"""Files of all shapes come in as they are: every row is taken once, or kept with the reason why it was not."""

import io
import json
import os
import signal
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from models.rules.ids import new_id, type_id
from server.commands import importing, main
from server.database import open_books
from server.importing import running
from server.importing.columns import Columns, Wishes
from server.importing.files import opened
from server.importing.kinds import SHAPES, Kind
from server.importing.progress import Bar, Lines
from server.importing.report import Tally
from server.importing.row_keys import RowKeys
from server.importing.values import Times
from tests.house import A_MINUTE, House

Import = Callable[..., tuple[int, str, str]]

CALLS = "key,agentId,direction,startedAt,endedAt\n"
TEXTS = ["--agent", "acme", "--map", "sentAt=at"]
"""How the files of messages below are mapped."""


@pytest.fixture
def house(sqlite_url: str) -> House:
    house = House(sqlite_url)
    house.add("acme")
    return house


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def take(house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Import:
    """Runs the import: its exit code, and what it wrote to standard output and standard error."""

    def run(kind: str, path: Path, *options: str, tenant: str = "acme") -> tuple[int, str, str]:
        monkeypatch.setenv("TALLYGRAPH_DATABASE_URL", house.url)
        with pytest.raises(SystemExit) as ended:
            main(["import", kind, str(path), "--tenant", tenant, *options])
        written = capsys.readouterr()
        told = " ".join(written.err.replace("│", " ").split())
        assert "Traceback" not in told
        return int(ended.value.code or 0), written.out, told

    return run


Write = Callable[[str, str | bytes], Path]


def read(out: str) -> str:
    return out.partition("\n")[0]


def at(*time: int) -> datetime:
    return datetime(*time, tzinfo=UTC)  # type: ignore[misc,arg-type]


# ---------------------------------------------------------------- columns


def test_columns_that_are_named_as_fields_need_no_mapping(house: House, take: Import, file: Write) -> None:
    camel = file("a.csv", f"{CALLS}c-1,acme,INBOUND,2026-01-05T10:00:00Z,2026-01-05T10:01:01Z\n")
    snake = file("b.csv", "key,agent_id,direction,started_at,ended_at\nc-1,acme,inbound,1767607200,1767607261\n")

    assert read(take("calls", camel)[1]) == "1 row read: 1 accepted, 0 duplicates, 0 refused."
    assert read(take("calls", snake)[1]) == "1 row read: 0 accepted, 1 duplicate, 0 refused."
    (call,) = house.rows("acme", "call")
    assert (call.external_id, call.duration_seconds, call.billed_seconds) == ("c-1", 61, 120)
    assert house.used("acme") == 2 * A_MINUTE


def test_what_was_said_goes_before_the_names_of_columns(house: House, take: Import, file: Write) -> None:
    path = file(
        "a.csv", "agentId,direction,startedAt,endedAt,model,when\nnobody,?,,2026-01-05T10:01Z,x,2026-01-05T10:00Z\n"
    )
    code, _, _ = take("calls", path, "--agent", "acme", "--set", "direction=INBOUND", "--map", "started_at=when")

    assert (code, len(house.rows("acme", "call"))) == (0, 1)


def test_a_constant_stands_where_a_column_is_empty(house: House, take: Import, file: Write) -> None:
    path = file("a.csv", "at,what\n2026-01-05T10:00Z,\n2026-01-05T10:00Z,small\n")
    take("messages", path, *TEXTS, "--map", "model=what", "--model", "usual")

    assert sorted(row.model for row in house.rows("acme", "message")) == ["small", "usual"]


def test_json_is_mapped_by_paths_and_filtered(house: House, take: Import, file: Write) -> None:
    rows: list[Any] = [
        {"event": "sent", "time": 1767607200, "of": {"model": "gpt", "tokens": 9}, "a.b": "dotted"},
        {"event": "sent", "time": 1767607200.25, "of": {"model": "gpt", "tokens": 12.0}},
        {"event": "exit", "time": "whenever"},
        {"event": "sent", "time": 1767607201, "of": None},
    ]
    path = file("a.jsonl", "\n".join(json.dumps(row) for row in rows))
    options = ["--agent", "acme", "--map", "sentAt=time", "--map", "model=of.model", "--map", "inputTokens=of.tokens"]
    _, out, _ = take("messages", path, *options, "--where", "event=sent")
    found = [(row.sent_at, row.model, row.input_tokens) for row in house.rows("acme", "message")]

    assert read(out) == "4 rows read: 1 left out, 3 accepted, 0 duplicates, 0 refused."
    start = at(2026, 1, 5, 10)
    assert sorted(found, key=lambda one: one[0]) == [
        (start, "gpt", 9),
        (start + timedelta(milliseconds=250), "gpt", 12),
        (start + timedelta(seconds=1), "", None),
    ]


def test_mistakes_in_the_mapping_change_nothing_and_list_what_there_is(house: House, take: Import, file: Write) -> None:
    path = file("a.csv", "at,tokens,twice,twice\n2026-01-05T10:00Z,1,2,3\n")
    lines = file("a.jsonl", '{"at": "2026-01-05T10:00Z", "of": {"tokens": 1}}\n')
    mistakes = [
        (
            path,
            ["--map", "inputToken=tokens"],
            "There is no field 'inputToken'. Is it 'inputTokens'? The fields: agentId,",
        ),
        (path, ["--set", "duration=1"], "There is no field 'duration'"),
        (
            path,
            ["--map", "inputTokens=token"],
            "There is no column 'token'. Is it 'tokens'? The file's columns: at, tokens",
        ),
        (path, ["--where", "kind=a"], "There is no column 'kind'"),
        (path, ["--map", "inputTokens"], "has no ="),
        (path, ["--map", "sentAt=at"], "is there twice"),
        (
            lines,
            ["--map", "inputTokens=of.token"],
            "There is no column 'of.token'. Is it 'of.tokens'? The file's columns: at, of.tokens",
        ),
        (lines, ["--where", "type=a"], "There is no column 'type'"),
        (path, ["--time-zone", "Mars/Olympus"], "A time zone is named as"),
        (path, ["--time-from", "monday"], "This is no instant"),
    ]
    for broken, options, told in mistakes:
        code, out, error = take("messages", broken, *TEXTS, *options)

        assert (code, out) == (2, "")
        assert told in error
    assert "The file has 2 columns that are named 'twice'" in take("messages", path, *TEXTS, "--map", "model=twice")[2]
    assert "Nothing says sentAt: add --map sentAt=COLUMN or --set" in take("messages", path, "--agent", "acme")[2]
    assert (
        "There is no agent 'nobody': add it, or" in take("messages", path, "--agent", "nobody", "--map", "sentAt=at")[2]
    )
    assert "There is no tenant" in take("messages", path, *TEXTS, tenant="nobody")[2]
    assert "does not exist" in take("messages", path.with_name("none.csv"), *TEXTS)[2]
    assert house.rows("acme", "message") == []


def test_a_file_that_is_no_such_file_is_told_in_a_line(take: Import, file: Write) -> None:
    for name, content, told in (
        ("a.csv", "", "The file is empty"),
        ("a.csv", "at\n".encode("utf-16"), "The file is UTF-16"),
        ("a.txt", "at\n", "neither in .csv nor in .jsonl"),
        ("a.csv", '"at\n1\n2', "The file has no header of CSV"),
    ):
        code, out, error = take("messages", file(name, content), *TEXTS)

        assert (code, out) == (1, "")
        assert told in error
    assert take("messages", file("b.txt", "at\n2026-01-05T10:00Z\n"), *TEXTS, "--format", "csv")[0] == 0


# ---------------------------------------------------------------- files


def test_csv_as_spreadsheets_and_other_systems_write_it(house: House, take: Import, file: Write) -> None:
    rows = ["﻿key,startedAt,endedAt,remarks", "1,2026-01-05 10:00:00,2026-01-05 10:01:00,", ",,,"]
    rows += [
        '2, 2026-01-05 10:00:00 ,2026-01-05 10:01:00,"a, ""b""\nand c"',
        "3,2026-01-05 10:00:00,2026-01-05 10:01:00,d",
    ]
    path = file("a.csv", "\r\n".join(rows))
    _, out, _ = take("calls", path, "--agent", "acme", "--set", "direction=INBOUND")

    assert read(out) == "3 rows read: 3 accepted, 0 duplicates, 0 refused."
    remarks = {row.external_id: row.remarks for row in house.rows("acme", "call")}
    assert remarks == {"1": "", "2": 'a, "b"\nand c', "3": "d"}


def test_rows_that_cannot_be_read_are_kept_as_they_stand(house: House, take: Import, file: Write) -> None:
    good = b"2026-01-05T10:00Z,m\n"
    broken = [
        b'"a"b,c\n',
        b"1,2,3\n",
        b"2026-01-05T10:00Z,\xff\n",
        b"2026-01-05T10:00Z,a\x00b\n",
        b'"open,\nto the end\n',
    ]
    path = file("a.csv", b"at,model\n" + good + b"".join(broken))
    code, out, _ = take("messages", path, *TEXTS)

    assert (code, read(out)) == (0, "6 rows read: 1 accepted, 0 duplicates, 5 refused.")
    kept = path.with_name("a.refused.csv").read_bytes()
    assert kept.startswith(b"refused_line,refused_reason,at,model\n3,")
    assert all(line in kept for line in broken)
    assert "  1 x The row has 3 values, the header 2 columns. (line 4)" in out


def test_lines_that_are_no_json_objects_are_kept_as_they_stand(house: House, take: Import, file: Write) -> None:
    broken = ["{", "[1]", "7", "[" * 100_000, '{"at": NaN}', '{"at": ["2026-01-05T10:00Z"]}', '{"a\\ud800": 1}', "{}"]
    path = file("a.jsonl", "\n".join(['{"at": "2026-01-05T10:00Z"}', "", *broken]))
    code, out, _ = take("messages", path, *TEXTS)

    assert (code, read(out)) == (0, "9 rows read: 1 accepted, 0 duplicates, 8 refused.")
    kept = [json.loads(line) for line in path.with_name("a.refused.jsonl").read_text().splitlines()]
    assert [row["refused_line"] for row in kept] == [*range(3, 11)]
    assert [row.get("text", "").strip() for row in kept[:4]] == broken[:4]
    assert kept[5]["at"] == ["2026-01-05T10:00Z"]


def test_numbers_in_refused_json_keep_all_their_digits(take: Import, file: Write) -> None:
    path = file("a.jsonl", '{"at": 1767607200.12345678901234567890, "inputTokens": -1}\n')
    take("messages", path, *TEXTS)

    kept = path.with_name("a.refused.jsonl").read_text()
    assert kept.endswith('"at": 1767607200.12345678901234567890, "inputTokens": -1}\n')


def test_a_cell_without_end_does_not_fill_the_memory(take: Import, file: Write) -> None:
    path = file("a.csv", b'at,model\n2026-01-05T10:00Z,"' + b"x" * 1_100_000 + b"\n2026-01-05T10:00Z,m\n")
    _, out, _ = take("messages", path, *TEXTS)

    assert read(out) == "2 rows read: 1 accepted, 0 duplicates, 1 refused."


# ---------------------------------------------------------------- keys


def test_rows_without_an_id_are_charged_once_each_however_often_they_come(
    house: House, take: Import, file: Write
) -> None:
    row, other = "2026-01-05T10:00Z,small\n", "2026-01-05T10:00Z,large\n"
    take("messages", file("a.csv", f"at,model\n{row}{row}{other}"), *TEXTS)
    again = [
        (f"at,model\n{row}{other}{row}", 3),
        (f"at,model\n{row}{row}{other}".replace("\n", "\r\n").replace("small", '"small"'), 3),
        ("model,at\nsmall,2026-01-05T10:00Z\n", 1),
        ("at,model,new\n2026-01-05T10:00Z,small,\n", 1),
    ]
    for number, (content, count) in enumerate(again):
        _, out, _ = take("messages", file(f"{number}.csv", content), *TEXTS)
        assert read(out).endswith(f"0 accepted, {count} duplicate{'s' if count > 1 else ''}, 0 refused.")
    grown = file("a.csv", f"at,model\n{row}{row}{other}{row}{other}")

    assert read(take("messages", grown, *TEXTS)[1]) == "5 rows read: 2 accepted, 3 duplicates, 0 refused."
    assert len(house.rows("acme", "message")) == 5


def test_another_source_keeps_equal_rows_apart(house: House, take: Import, file: Write) -> None:
    path = file("a.csv", "at\n2026-01-05T10:00Z\n")
    for source in ("east", "west", "west"):
        take("messages", path, *TEXTS, "--source", source)

    assert len(house.rows("acme", "message")) == 2


def test_the_same_rows_read_in_another_way_are_refused_and_not_charged_again(
    house: House, take: Import, file: Write
) -> None:
    path = file("a.csv", "at\n2026-01-05T10:00\n")
    take("messages", path, *TEXTS)
    code, out, _ = take("messages", path, *TEXTS, "--time-zone", "Europe/Berlin")

    assert code == 1
    assert "1 x key: This key was used for something else. (line 2)" in out
    assert len(house.rows("acme", "message")) == 1


def test_an_id_is_the_key_and_rows_that_lack_it_get_one(house: House, take: Import, file: Write) -> None:
    path = file(
        "a.csv", "id,at\nm-1,2026-01-05T10:00Z\nm-1,2026-01-05T10:00Z\nm-1,2026-01-05T11:00Z\n,2026-01-05T10:00Z\n"
    )
    _, out, _ = take("messages", path, *TEXTS, "--map", "key=id")

    assert read(out) == "4 rows read: 2 accepted, 1 duplicate, 1 refused."
    keys = sorted(row.external_id for row in house.rows("acme", "message"))
    assert keys[0] == "m-1"
    assert keys[1].startswith("row-")


# ---------------------------------------------------------------- refused rows


def test_refused_rows_can_be_put_right_and_imported_as_they_are(house: House, take: Import, file: Write) -> None:
    path = file("a.csv", "at,agentId\n2026-01-05T10:00Z,acme\n2026-01-05T11:00Z,eve\n2026-01-05T11:00Z,eve\nnow,acme")
    kept = path.with_name("a.refused.csv")
    _, out, _ = take("messages", path, "--map", "sentAt=at")
    assert f"The refused rows are kept in {kept}." in out
    assert kept.read_text().splitlines() == [
        "refused_line,refused_reason,at,agentId",
        """3,"agentId: There is no agent 'eve': add it, or let --create-agents make it.",2026-01-05T11:00Z,eve""",
        """4,"agentId: There is no agent 'eve': add it, or let --create-agents make it.",2026-01-05T11:00Z,eve""",
        '5,"sentAt: This is no instant, such as 2026-01-31T09:30:00Z.",now,acme',
    ]
    kept.write_text(kept.read_text().replace(",now,", ",2026-01-05T12:00Z,"))
    assert "3 accepted" in take("messages", kept, "--map", "sentAt=at", "--create-agents")[1]
    _, out, _ = take("messages", path, "--map", "sentAt=at")

    assert read(out) == "4 rows read: 0 accepted, 3 duplicates, 1 refused."
    assert len(house.rows("acme", "message")) == 4


def test_the_file_of_refused_rows_is_that_of_the_last_run(take: Import, file: Write) -> None:
    kept = file("a.csv", "at\nnow\n").with_name("a.refused.csv")
    take("messages", file("a.csv", "at\nnow\n2026-01-05T10:00Z\n"), *TEXTS)
    assert kept.exists()
    take("messages", file("a.csv", "at\n2026-01-05T10:00Z\n"), *TEXTS)

    assert not kept.exists()
    assert list(kept.parent.glob("*.part")) == []


def test_no_other_file_is_taken_for_that_of_refused_rows(house: House, take: Import, file: Write) -> None:
    path, mine = file("a.csv", "at\n2026-01-05T10:00Z\n"), file("mine.csv", "my own\n")
    code, _, told = take("messages", path, *TEXTS, "--refused", str(mine))

    assert code == 1
    assert "is no file of refused rows" in told
    assert "place of the file itself" in take("messages", path, *TEXTS, "--refused", str(path))[2]
    assert mine.read_text() == "my own\n"
    assert house.rows("acme", "message") == []


def test_many_reasons_are_counted_and_the_first_lines_of_each_are_told(take: Import, file: Write) -> None:
    path = file("a.csv", "at\n" + "now\n" * 7 + "2026-01-05T10:00Z\n" + "2199-01-01T00:00Z\n")
    code, out, _ = take("messages", path, *TEXTS, "--strict")

    assert code == 1
    assert out.splitlines()[1:3] == [
        "  7 x sentAt: This is no instant, such as 2026-01-31T09:30:00Z. (lines 2, 3, 4, 5, 6, ...)",
        "  1 x sentAt: This is more than 5 minutes in the future. (line 10)",
    ]


def test_an_import_that_could_take_nothing_has_failed(take: Import, file: Write) -> None:
    assert take("messages", file("a.csv", "at\nnow\n"), *TEXTS)[0] == 1
    assert take("messages", file("a.csv", "at\nnow\n2026-01-05T10:00Z\n"), *TEXTS)[0] == 0
    assert take("messages", file("a.csv", "at\n"), *TEXTS)[0] == 0


# ---------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("written", "options", "meant"),
    [
        ("2023-11-16 18:15:46.6805909", [], at(2023, 11, 16, 18, 15, 46, 680590)),
        ("2026-01-05T10:00:00", ["--time-zone", "America/New_York"], at(2026, 1, 5, 15)),
        ("2026-07-05T10:00:00", ["--time-zone", "America/New_York"], at(2026, 7, 5, 14)),
        ("2026-01-05T10:00:00+05:30", ["--time-zone", "America/New_York"], at(2026, 1, 5, 4, 30)),
        ("1767607200", [], at(2026, 1, 5, 10)),
        ("1767607200.1234567", [], at(2026, 1, 5, 10, 0, 0, 123456)),
        ("1.7676072e9", [], at(2026, 1, 5, 10)),
        ("1767607200123", ["--time-unit", "ms"], at(2026, 1, 5, 10, 0, 0, 123000)),
        ("60", ["--time-from", "2025-01-06T00:00:00+01:00"], at(2025, 1, 5, 23, 1)),
        ("60", ["--time-from", "2025-01-06", "--time-zone", "Europe/Copenhagen"], at(2025, 1, 5, 23, 1)),
        ("90000", ["--time-unit", "s"], at(1970, 1, 2, 1)),
        # Clocks were put back: the first of the two.
        ("2025-10-26T02:30:00", ["--time-zone", "Europe/Copenhagen"], at(2025, 10, 26, 0, 30)),
    ],
)
def test_times_are_read_as_they_were_meant(
    house: House, take: Import, file: Write, written: str, options: list[str], meant: datetime
) -> None:
    take("messages", file("a.csv", f"at\n{written}\n"), *TEXTS, *options)

    assert [row.sent_at for row in house.rows("acme", "message")] == [meant]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("2025-03-30T02:30:00", "The clocks of Europe/Copenhagen never showed this time"),
        ("20250330", "Say what this number counts"),
        ("99999999999999999999", "This is not between the years 1 and 9999"),
        ("0001-01-01T00:00:00", "This is not between the years 1 and 9999"),
        ("1969-12-31T00:00:00", "This is before the year 1970"),
        ("2025-02-30T00:00:00", "This is no instant"),
        ("NaN", "This is no instant"),
        ("", "This is missing"),
    ],
)
def test_times_that_cannot_be_are_refused(take: Import, file: Write, written: str, reason: str) -> None:
    code, out, _ = take("messages", file("a.csv", f"at,x\n{written},1\n"), *TEXTS, "--time-zone", "Europe/Copenhagen")

    assert code == 1
    assert f"1 x sentAt: {reason}" in out


def test_a_call_over_the_hour_that_comes_twice_ends_after_it_starts(house: House, take: Import, file: Write) -> None:
    path = file("a.csv", f"{CALLS}1,acme,INBOUND,2025-10-26 02:50:00,2025-10-26 02:10:00\n")
    _, out, _ = take("calls", path, "--time-zone", "Europe/Copenhagen")

    assert [row.duration_seconds for row in house.rows("acme", "call")] == [20 * 60]
    assert "2 times happened twice in Europe/Copenhagen" in out


def test_without_a_zone_the_tenants_counts(house: House, take: Import, file: Write) -> None:
    house.add("kolkata", "Asia/Kolkata")
    take(
        "messages",
        file("a.csv", "at\n2026-01-05T10:00\n"),
        "--agent",
        "kolkata",
        "--map",
        "sentAt=at",
        tenant="kolkata",
    )

    assert [row.sent_at for row in house.rows("kolkata", "message")] == [at(2026, 1, 5, 4, 30)]


# ---------------------------------------------------------------- calls


def test_durations_stand_in_for_ends(house: House, take: Import, file: Write) -> None:
    rows = [
        "1,OUTBOUND,61",
        "2,OUTBOUND,-1",
        "3,OUTBOUND,0",
        "4,INBOUND,-1",
        "5,OUTBOUND,0.5",
        "6,OUTBOUND,-2",
        "7,INBOUND,1e99",
    ]
    path = file("a.csv", "key,direction,durationSeconds\n" + "\n".join(rows))
    _, out, _ = take("calls", path, "--agent", "acme", "--set", "startedAt=2026-01-05T10:00Z")
    calls = {row.external_id: (row.duration_seconds, row.billed_seconds) for row in house.rows("acme", "call")}

    assert calls == {"1": (61, 120), "2": (0, 0), "3": (0, 0), "4": (0, 0), "5": (1, 60)}
    assert "1 x endedAt: A call cannot end before it starts. (line 7)" in out
    assert "1 x durationSeconds: This is too long. (line 8)" in out
    missed = {row.external_id for row in house.rows("acme", "call") if row.connected_at is None}
    assert missed == {"2", "4"}


def test_an_outbound_call_is_billed_from_its_connection(house: House, take: Import, file: Write) -> None:
    start, connected, end = "2026-01-05T10:00:00Z", "2026-01-05T10:00:30Z", "2026-01-05T10:01:30Z"
    path = file("a.csv", f"key,startedAt,endedAt,answered\n1,{start},{end},{connected}\n2,{start},{end},\n")
    options = ["--agent", "acme", "--set", "direction=OUTBOUND"]
    code, out, _ = take("calls", path, *options)
    assert code == 1
    assert "2 x connectedAt: An outbound call is billed from here on" in out
    take("calls", path, *options, "--map", "connectedAt=answered")

    billed = {row.external_id: row.billed_seconds for row in house.rows("acme", "call")}
    assert billed == {"1": 60, "2": 0}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "durationSeconds: This is missing, and so is endedAt."),
        (("--map", "endedAt=end"), "endedAt: This is missing: nothing stands in end."),
        (("--map", "durationSeconds=of.seconds"), "durationSeconds: This is missing: nothing stands in of.seconds."),
    ],
)
def test_json_without_an_end_is_told_by_what_was_mapped(
    take: Import, file: Write, options: tuple[str, ...], reason: str
) -> None:
    start = {"agentId": "acme", "direction": "INBOUND", "startedAt": "2026-01-05T10:00Z"}
    rows = [start, start | {"end": "2026-01-05T10:01Z", "of": {"seconds": 1}, "durationSeconds": 1}]
    _, out, _ = take("calls", file("a.jsonl", "\n".join(map(json.dumps, rows))), *options)

    assert f"1 x {reason} (line 1)" in out


def test_json_that_never_says_when_a_call_was_connected_makes_no_call_free(
    house: House, take: Import, file: Write
) -> None:
    start = {"agentId": "acme", "direction": "OUTBOUND", "startedAt": "2026-01-05T10:00Z"}
    lasted, ended = {**start, "durationSeconds": 61}, {**start, "endedAt": "2026-01-05T10:02Z"}

    def taken(name: str, *rows: Mapping[str, object]) -> tuple[dict[str, int], str]:
        lines = [json.dumps({**row, "key": f"{name} {number}"}) for number, row in enumerate(rows)]
        out = take("calls", file(f"{name}.jsonl", "\n".join(lines)))[1]
        calls = house.rows("acme", "call")
        return {row.external_id: row.billed_seconds for row in calls if row.external_id.startswith(name)}, out

    billed, out = taken("never", lasted, ended)
    assert billed == {"never 0": 120}
    assert "1 x connectedAt: An outbound call is billed from here on" in out
    for nothing in ({}, {"connectedAt": None}):
        # Where one row says it, the others were never connected.
        billed, _ = taken(f"some {len(nothing)}", lasted | nothing, ended | {"connected_at": "2026-01-05T10:01Z"})
        assert set(billed.values()) == {0, 60}
    assert taken("null", lasted | {"connectedAt": None})[0] == {"null 0": 0}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ("start,endedAt", "startedAt: This is missing: nothing stands in start."),
        ("start,seconds", "startedAt: This is missing: nothing stands in start."),
        ("startedAt,seconds", "durationSeconds: This is missing: nothing stands in seconds."),
        ("startedAt,seconds,endedAt", "durationSeconds: This is missing: nothing stands in seconds."),
        ("startedAt,endedAt", "endedAt: This is missing."),
        ("startedAt,ended_at", "endedAt: This is missing."),
        ("startedAt,end", "endedAt: This is missing: nothing stands in end."),
    ],
)
def test_what_is_missing_is_told_with_the_column_that_is_empty(
    take: Import, file: Write, columns: str, reason: str
) -> None:
    row = ",".join("2026-01-05T10:00Z" if name == "startedAt" else "" for name in columns.split(","))
    mapped = {"start": "startedAt", "seconds": "durationSeconds", "end": "endedAt"}
    options = [part for name in columns.split(",") if name in mapped for part in ("--map", f"{mapped[name]}={name}")]
    _, out, _ = take(
        "calls", file("a.csv", f"{columns},x\n{row},1\n"), "--agent", "acme", "--set", "direction=INBOUND", *options
    )

    assert f"1 x {reason} (line 2)" in out


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("direction", "sideways", "direction: This is none of INBOUND, OUTBOUND."),
        ("endedAt", "2026-01-05T09:00Z", "endedAt: A call cannot end before it starts."),
        ("translationSeconds", "1.5", "translationSeconds: This is not a whole number."),
        ("translationSeconds", "many", "translationSeconds: This is not a number."),
        ("translationSeconds", "-1", "translationSeconds: A call's translation cannot last less than 0 seconds."),
        ("agentId", "", "agentId: This is missing."),
        ("remarks", "x" * 2_000, "remarks: This has at most 1000 characters."),
    ],
)
def test_a_row_is_refused_with_its_field(take: Import, file: Write, field: str, value: str, reason: str) -> None:
    row = {"agentId": "acme", "direction": "INBOUND", "startedAt": "2026-01-05T10:00Z", "endedAt": "2026-01-05T10:01Z"}
    row |= {field: value}
    code, out, _ = take("calls", file("a.csv", f"{','.join(row)}\n{','.join(row.values())}\n"))

    assert code == 1
    assert f"1 x {reason} (line 2)" in out


# ---------------------------------------------------------------- names


def test_agents_and_members_are_known_by_id_or_external_id_and_made_where_asked(
    house: House, take: Import, file: Write
) -> None:
    (agent,) = house.rows("acme", "agent")
    names = [type_id("agent", agent.id), "acme", "bob", "bob"]
    path = file("a.csv", "at,agent,member\n" + "".join(f"2026-01-05T10:00Z,{name},a b@c/{name}\n" for name in names))
    options = ["--map", "sentAt=at", "--map", "agentId=agent", "--map", "memberId=member"]
    _, out, _ = take("messages", path, *options, "--create-agents", "--create-members")
    agents = {row.id: row.external_id for row in house.rows("acme", "agent")}

    assert out.splitlines()[1:] == ["1 agent made.", "3 members made."]
    assert sorted(agents[row.agent_id] for row in house.rows("acme", "message")) == ["acme", "acme", "bob", "bob"]
    assert {row.channel for row in house.rows("acme", "agent") if row.external_id == "bob"} == {"CHAT"}


def test_what_a_plan_has_no_room_for_is_refused(house: House, take: Import, file: Write) -> None:
    house.add("small", seats=2)
    path = file("a.csv", "at,memberId\n" + "".join(f"2026-01-05T10:00Z,member-{n}\n" for n in range(4)))
    _, out, _ = take("messages", path, "--agent", "small", "--map", "sentAt=at", "--create-members", tenant="small")

    assert read(out) == "4 rows read: 2 accepted, 0 duplicates, 2 refused."
    assert "2 x memberId: All 2 seats of the plan are taken. (lines 4, 5)" in out


def test_another_tenants_agent_is_not_found(house: House, take: Import, file: Write) -> None:
    house.add("other")
    (agent,) = house.rows("other", "agent")
    path = file("a.csv", f"at,agentId\n2026-01-05T10:00Z,other\n2026-01-05T10:00Z,{type_id('agent', agent.id)}\n")

    _, out, _ = take("messages", path, "--map", "sentAt=at")
    told = "2 x agentId: There is no such agent: add it, or let --create-agents make it."
    assert f"{told} ('other', '{type_id('agent', agent.id)}'; lines 2, 3)" in out


def test_names_that_are_not_known_are_told_together_the_first_of_them_by_name(take: Import, file: Write) -> None:
    path = file(
        "a.csv", "at,agentId\n" + "".join(f"2026-01-05T10:00Z,agent {number}\n" for number in (1, 1, *range(8)))
    )
    _, out, _ = take("messages", path, "--map", "sentAt=at", "--map", "memberId=agentId")

    assert out.splitlines()[1] == (
        "  10 x agentId: There is no such agent: add it, or let --create-agents make it. "
        "('agent 1', 'agent 0', 'agent 2', 'agent 3', 'agent 4', ...; lines 2, 3, 4, 5, 6, ...)"
    )
    only_members = take("messages", path, *TEXTS, "--map", "memberId=agentId")[1]
    assert "memberId: There is no such member: add it, or let --create-members make it. ('agent 1', " in only_members


# ---------------------------------------------------------------- interviews and interactions


def test_interviews_are_charged_by_how_far_they_came(house: House, take: Import, file: Write) -> None:
    rows = ["baker,ann,invited,2026-01-05T10:00Z,", "baker,ann,partial,2026-01-06T10:00Z,0.5"]
    rows += [
        "baker,ann,completed,2026-01-07T10:00Z,1",
        "baker,bo,partial,2026-01-06T10:00Z,0.25",
        "baker,cy,partial,2026-01-06T10:00Z,1",
    ]
    path = file("a.csv", "openingId,candidate,status,at,progress\n" + "\n".join(rows))
    _, out, _ = take("interviews", path, "--create-openings")
    _, again, _ = take("interviews", path)

    assert read(out) == "5 rows read: 4 accepted, 0 duplicates, 1 refused."
    assert read(again) == "5 rows read: 0 accepted, 4 duplicates, 1 refused."
    assert house.used("acme") == Fraction("1.25")


def test_an_interaction_comes_with_what_was_made_from_it(house: House, take: Import, file: Write) -> None:
    rows: list[Any] = [
        {"externalId": "v-1", "document": {"name": "Letter"}, "fact": {"text": ["a", "b"], "creditsConsumed": "0.5"}},
        {"externalId": "v-2"},
        {"externalId": "v-3", "document": {"name": "Note"}, "transcript": {"audioSeconds": 60}},
    ]
    path = file("a.jsonl", "\n".join(json.dumps(row) for row in rows))
    options = ["--agent", "acme", "--set", "createdAt=2026-01-05T10:00Z"]
    first = take("interactions", path, *options)[1]
    second = take("interactions", path, *options)[1]

    assert read(first) == "3 rows read: 2 accepted, 0 duplicates, 1 refused."
    # Transcripts have no rate in this plan; the document of the same row is not charged either.
    assert "transcript.creditsConsumed: The credits are not given" in first
    assert read(second) == "3 rows read: 0 accepted, 2 duplicates, 1 refused."
    assert [row.name for row in house.rows("acme", "document")] == ["Letter"]
    assert sorted(row.text for row in house.rows("acme", "fact")) == ["a", "b"]
    assert house.used("acme") == 3 + 2 * Fraction("0.5")


def test_interactions_without_an_id_are_known_again_too(house: House, take: Import, file: Write) -> None:
    path = file("a.csv", "note\nfine\nfine\n")
    options = ["--set", "createdAt=2026-01-05T10:00Z", "--map", "document.name=note"]

    assert read(take("interactions", path, *options)[1]) == "2 rows read: 2 accepted, 0 duplicates, 0 refused."
    assert read(take("interactions", path, *options)[1]) == "2 rows read: 0 accepted, 2 duplicates, 0 refused."
    assert len(house.rows("acme", "document")) == 2


# ---------------------------------------------------------------- large files


class Interrupting:
    """Presses Ctrl-C as soon as the first batch is stored."""

    def __init__(self, *_: object) -> None:
        self.told = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self.told == 1

    def tell(self, tally: Tally, bytes_read: int) -> None:
        self.told += 1
        os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupted_import_says_what_is_stored_and_goes_on_later(
    house: House, take: Import, file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file("a.csv", "at\n" + "".join(f"2026-01-05T10:00:{second:02}Z\n" for second in range(9)))
    with monkeypatch.context() as patched:
        patched.setattr(running, "BATCH_ROWS", 4)
        patched.setattr(importing, "teller", Interrupting)
        code, out, _ = take("messages", path, *TEXTS)

    assert code == 130
    assert out.splitlines() == [
        "4 rows read: 4 accepted, 0 duplicates, 0 refused.",
        "Interrupted: what was accepted is stored. Run it again to go on.",
    ]
    assert len(house.rows("acme", "message")) == 4
    assert read(take("messages", path, *TEXTS)[1]) == "9 rows read: 5 accepted, 4 duplicates, 0 refused."


def test_a_large_file_takes_no_more_memory_than_a_small_one(house: House, file: Write) -> None:
    def peak(rows: int) -> int:
        path = file("a.csv", "at,agentId\n" + "".join(f"{1767607200 + row},acme\n" for row in range(rows)))
        job = running.Job(Kind.MESSAGES, path, new_id(), Times(ZoneInfo("UTC")), Wishes({"sentAt": "at"}))
        importing = running.Import(open_books(house.url), job)
        tracemalloc.start()
        with opened(path) as rows_of_file, RowKeys() as keys:
            columns = Columns(rows_of_file, SHAPES[job.kind], job.wishes)
            batches = sum(len(batch) for batch in importing._batches(rows_of_file, columns, keys))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert batches == rows
        return most

    assert peak(30_000) < 1.2 * peak(3_000)


def test_many_batches_are_one_import(house: House, take: Import, file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH_ROWS", 7)
    rows = "".join(f"2026-01-05T10:00:{number % 13:02}Z\n" for number in range(100))
    path = file("a.csv", f"at\n{rows}")

    assert read(take("messages", path, *TEXTS)[1]) == "100 rows read: 100 accepted, 0 duplicates, 0 refused."
    assert read(take("messages", path, *TEXTS)[1]) == "100 rows read: 0 accepted, 100 duplicates, 0 refused."


def test_progress_is_a_line_now_and_then_or_a_bar_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    tally = Tally(read=10, accepted=8, duplicates=1, refused=1)
    monkeypatch.setattr("server.importing.progress.SECONDS_BETWEEN_LINES", 0)
    with Lines(Console(file=written), bytes=200) as lines:
        lines.tell(tally, 50)
    assert written.getvalue() == "25 % of the file: 8 accepted, 1 duplicate, 1 refused\n"

    at_terminal = io.StringIO()
    with Bar(Console(file=at_terminal, force_terminal=True, width=120), "calls.csv", bytes=200) as bar:
        bar.tell(tally, 100)
    assert "50%" in at_terminal.getvalue()
    assert "8 accepted" in at_terminal.getvalue()


def test_without_tables_the_command_that_makes_them_is_named(
    tmp_path: Path, take: Import, house: House, file: Write
) -> None:
    (tmp_path / "empty.db").touch()
    house.url = f"sqlite:///{tmp_path / 'empty.db'}"

    assert take("messages", file("a.csv", "at\n"), *TEXTS)[2].endswith("Run: tallygraph migrate")
