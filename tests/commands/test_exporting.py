"""`tallygraph export usage` writes the file that was asked for, whole or not at all."""

import asyncio
import csv
import io
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from rich.console import Console

from server.commands import exporting, main
from server.exports import progress as progressing
from server.exports.csv_files import CsvFile
from server.exports.progress import progress
from tests.house import House

Export = Callable[..., tuple[int, str, str]]
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def house(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> House:
    """A tenant with three calls, a day and a minute apart, and a message."""
    house = House(sqlite_url)
    monkeypatch.setenv("TALLYGRAPH_DATABASE_URL", sqlite_url)
    monkeypatch.chdir(tmp_path)
    house.add("acme", "America/New_York", granted=100)
    calls = ["key,agentId,direction,startedAt,durationSeconds"]
    calls += [f"{n},acme,inbound,{NOON - timedelta(days=n):%Y-%m-%dT%H:%M:%SZ},{60 * n + 60}" for n in range(3)]
    (tmp_path / "calls.csv").write_text("\n".join(calls))
    (tmp_path / "messages.csv").write_text("key,agentId,sentAt,model\nm,acme,2026-03-10T12:00:00Z,small\n")
    for kind in ("calls", "messages"):
        with pytest.raises(SystemExit) as ended:
            main(["import", kind, f"{kind}.csv", "--tenant", "acme"])
        assert ended.value.code in (0, None)
    capsys.readouterr()
    return house


@pytest.fixture
def export(house: House, capsys: pytest.CaptureFixture[str]) -> Export:
    """Runs the command: its exit code, and what it wrote to standard output and standard error."""

    def run(*options: str, format: str = "csv") -> tuple[int, str, str]:
        days = ["--from", "2026-03-01", "--to", "2026-03-31"]
        try:
            main(["export", "usage", "--tenant", "acme", *days, "--format", format, *options])
            code: Any = 0
        except SystemExit as ended:
            code = ended.code or 0
        out, error = capsys.readouterr()
        return code, out, error

    return run


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_a_month_is_written_as_csv_and_as_excel(export: Export, tmp_path: Path) -> None:
    assert export() == (0, "4 rows in acme-usage-2026-03-01-2026-03-31.csv.\n", "")
    rows = rows_of(tmp_path / "acme-usage-2026-03-01-2026-03-31.csv")
    assert [(row["Date"], row["Credits used"]) for row in rows] == [
        ("2026-03-08", "1.08"),
        ("2026-03-09", "0.72"),
        ("2026-03-10", "0.36"),
        ("2026-03-10", "0.1"),
        ("Total", "2.26"),
    ]

    assert export("--output", "march.xlsx", format="XLSX")[:2] == (0, "4 rows in march.xlsx.\n")
    (sheet,) = load_workbook(tmp_path / "march.xlsx").worksheets
    assert [cell.value for cell in sheet["D"]] == ["Credits used", 1.08, 0.72, 0.36, 0.1, 2.26]


def test_only_what_was_asked_for_is_written(export: Export) -> None:
    for options, rows in (
        (["--activity", "message"], 1),
        (["--activity", "message", "--activity", "CALL"], 4),
        (["--model", "small"], 1),
        (["--direction", "inbound"], 3),
        (["--agent", "acme"], 4),
        (["--from", "2026-03-09", "--to", "2026-03-09"], 1),
        (["--direction", "outbound"], 0),
    ):
        code, told, _ = export("--output", "some.csv", *options)

        assert (code, told) == (0, f"{rows} {'row' if rows == 1 else 'rows'} in some.csv.\n")
        assert len(rows_of(Path("some.csv"))) == rows + 1


def test_what_makes_no_sense_is_refused_by_its_option(export: Export) -> None:
    for options, why in (
        (["--tenant", "nobody"], "There is no tenant 'nobody'."),
        (["--agent", "nobody"], "The tenant has no agent 'nobody'."),
        (["--from", "March"], "'March' is not a day"),
        (["--to", "2026-02-01"], "A range cannot end before it begins."),
        (["--format", "pdf"], "'pdf'"),
    ):
        code, _, error = export(*options)

        assert code == 2
        assert options[0] in error
        assert why in " ".join(error.replace("│", " ").split())


def test_a_file_stays_as_it_was_where_the_new_one_fails(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Iterator[Any]:
        raise RuntimeError("the database went away")

    (tmp_path / "usage.csv").write_text("the old one")
    before = sorted(os.listdir(tmp_path))
    monkeypatch.setattr(CsvFile, "lines", fails)
    with pytest.raises(RuntimeError):
        export("--output", "usage.csv")

    assert (tmp_path / "usage.csv").read_text() == "the old one"
    assert sorted(os.listdir(tmp_path)) == before


def test_a_place_that_cannot_be_written_is_told_in_a_line(export: Export) -> None:
    code, told, error = export("--output", "nowhere/usage.csv")

    assert (code, told) == (1, "")
    assert error == "Error: nowhere/usage.csv cannot be written: No such file or directory.\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_is_ended_leaves_nothing(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    during: list[str] = []

    async def ended(*_: object) -> None:
        during.extend(name for name in os.listdir() if name.startswith(".usage.csv."))
        os.kill(os.getpid(), number)
        await asyncio.Event().wait()

    before = sorted(os.listdir(tmp_path))
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(number)
    monkeypatch.setattr(exporting, "_write", ended)

    assert export("--output", "usage.csv") == (130, "", "Interrupted: nothing was written.\n")
    assert len(during) == 1
    assert sorted(os.listdir(tmp_path)) == before
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(number)) == handlers


def test_people_see_a_bar_and_logs_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(progressing, "monotonic", lambda: now[0])
    log, terminal = io.StringIO(), io.StringIO()
    with progress(Console(file=log), "usage.csv", 4_000) as tell:
        for rows in (1_000, 2_000, 3_000):
            now[0] += 3
            tell(rows)
    with progress(Console(file=terminal, force_terminal=True, width=100), "usage.csv", 4_000) as tell:
        tell(4_000)

    assert log.getvalue() == "50 %: 2,000 rows\n"
    assert "usage.csv" in terminal.getvalue()
    assert "100%" in terminal.getvalue()
    assert "4,000 rows" in terminal.getvalue()
