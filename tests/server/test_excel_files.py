"""Workbooks as Excel opens them: typed cells, sheets that are never too long, and text that stays text."""

import gc
import tracemalloc
from collections.abc import Iterable
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import Workbook, load_workbook

from models.rules.export_lines import COLUMNS, HEADER, Kind, Line, Totals
from server.exports.excel_files import ExcelFile

PLACES = {column.name: place for place, column in enumerate(COLUMNS)}


def a_line(**cells: Any) -> Line:
    """A line with some cells, named as the columns are with _ for a space."""
    named = {name.replace("_", " "): cell for name, cell in cells.items()}
    empty: dict[Kind, Any] = {Kind.DAY: date(2026, 3, 10), Kind.TEXT: "", Kind.CREDITS: 0}
    return tuple(named.get(column.name, empty.get(column.kind)) for column in COLUMNS)


def written(lines: Iterable[Line], folder: Path, **options: Any) -> BytesIO:
    target, totals = BytesIO(), Totals()
    file = ExcelFile(target, folder, **options)
    file.add(totals.passing(lines))
    file.finish(totals.line())
    file.close()
    return target


def opened(lines: Iterable[Line], folder: Path, **options: Any) -> Workbook:
    return load_workbook(written(lines, folder, **options))


def cell_of(book: Workbook, column: str, row: int = 2) -> Any:
    return book.worksheets[0].cell(row, PLACES[column] + 1)


def test_cells_are_days_numbers_and_text(tmp_path: Path) -> None:
    book = opened([a_line(Credits_used=1_234_567_890, Agent="=1+1", Count=3)], tmp_path)

    day, credits = cell_of(book, "Date"), cell_of(book, "Credits used")
    agent, count = cell_of(book, "Agent"), cell_of(book, "Count")
    assert (str(day.value), day.number_format, day.is_date) == ("2026-03-10 00:00:00", "yyyy-mm-dd", True)
    assert (credits.value, credits.number_format) == (1234.56789, "#,##0.000000")
    assert (agent.value, agent.data_type, agent.number_format) == ("=1+1", "s", "@")
    assert (count.value, count.data_type) == (3, "n")
    assert cell_of(book, "Model").value is None


def test_the_header_stays_in_sight_and_can_filter_all_lines_but_the_totals(tmp_path: Path) -> None:
    sheet = opened([a_line()] * 3, tmp_path).worksheets[0]

    assert [cell.value for cell in sheet[1]] == list(HEADER)
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:T4")
    assert [sheet[cell].font.b for cell in ("A1", "A2", "A5")] == [True, False, True]
    assert sheet.column_dimensions["B"].width > 20
    assert sheet["A5"].value == "Total"


@pytest.mark.parametrize(
    ("micro", "shown"),
    [
        (1, 0.000001),
        (-250_000, -0.25),
        (10**15 - 1, 999_999_999.999999),
        (10**15, "1000000000"),
        (-(10**15) - 1, "-1000000000.000001"),
        (123_456_789_012_345_678, "123456789012.345678"),
    ],
)
def test_an_amount_is_a_number_unless_excel_would_round_it(tmp_path: Path, micro: int, shown: Any) -> None:
    assert cell_of(opened([a_line(Credits_used=micro)], tmp_path), "Credits used").value == shown


def test_a_day_that_excel_does_not_know_is_text(tmp_path: Path) -> None:
    days = [date(1, 1, 1), date(1900, 2, 28), date(1900, 3, 1), date(9999, 12, 31)]
    book = opened([a_line(Date=day) for day in days], tmp_path)

    found = [(cell_of(book, "Date", row).data_type, str(cell_of(book, "Date", row).value)) for row in range(2, 6)]
    midnights = [("d", "1900-03-01 00:00:00"), ("d", "9999-12-31 00:00:00")]
    assert found == [("s", "0001-01-01"), ("s", "1900-02-28"), *midnights]


def test_what_does_not_fit_on_a_sheet_goes_on_the_next(tmp_path: Path) -> None:
    book = opened([a_line(Count=number) for number in range(7)], tmp_path, most_rows=4)

    found = [[row[PLACES["Count"]] for row in sheet.iter_rows(min_row=2, values_only=True)] for sheet in book]
    assert (book.sheetnames, found) == (["Usage", "Usage 2", "Usage 3"], [[0, 1, 2], [3, 4, 5], [6, 21]])
    assert [sheet["A1"].value for sheet in book] == ["Date"] * 3
    assert [sheet.freeze_panes for sheet in book] == ["A2"] * 3


def test_totals_go_on_a_sheet_of_their_own_where_the_last_is_full(tmp_path: Path) -> None:
    book = opened([a_line(Count=1)] * 3, tmp_path, most_rows=4)

    assert [sheet.max_row for sheet in book] == [4, 2]
    assert book.worksheets[1]["A2"].value == "Total"


def test_text_cannot_become_markup(tmp_path: Path) -> None:
    evil = '<r></is></c><c r="B9"><f>1+1</f></c><c r="C9" t="inlineStr"><is></r>'
    file = written([a_line(Agent=evil, Model="\x00\x1b]]>")], tmp_path)

    assert cell_of(load_workbook(file), "Agent").value == evil
    assert b"<f>" not in ZipFile(file).read("xl/worksheets/sheet1.xml")


def test_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    written([a_line()] * 5, tmp_path, most_rows=3)

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_nobody_waits_for_is_given_up(tmp_path: Path) -> None:
    target = BytesIO()
    file = ExcelFile(target, tmp_path)
    file.add([a_line()] * 5)
    file.stop()
    with pytest.raises(OSError, match="Nobody waits"):
        file.finish(a_line())
    file.close()

    assert target.getvalue() == b""


def test_a_full_disk_is_told_once(tmp_path: Path) -> None:
    class FullDisk(BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(28, "No space left on device")

    file = ExcelFile(FullDisk(), tmp_path)
    file.add([a_line()])
    with pytest.raises(OSError, match="No space left"):
        file.finish(a_line())
    file.close()
    del file
    # What clears the workbook away would write to it again.
    gc.collect()


def test_lines_do_not_stay_in_memory(tmp_path: Path) -> None:
    with (tmp_path / "usage.xlsx").open("w+b") as target:
        tracemalloc.start()
        file = ExcelFile(target, tmp_path)
        file.add(a_line(Agent=f"Agent {number % 100}", Count=number) for number in range(20_000))
        file.finish(a_line())
        file.close()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        in_all = ZipFile(target).getinfo("xl/worksheets/sheet1.xml").file_size

    assert most < 2_000_000 < in_all
