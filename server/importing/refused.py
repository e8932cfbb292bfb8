"""The file of the rows that were refused, beside the input: each with its line and the reason, otherwise unchanged.

It can be put right and imported as it is: its two columns of its own count neither as content nor as fields.
"""

import os
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from server.importing.files import LINE_COLUMN, BadFile, Row, RowFile


class RefusedRows:
    """Takes the place of the last run's file when this run ends; there is none where nothing was refused."""

    def __init__(self, path: Path, rows: RowFile) -> None:
        self.path = path
        self._rows = rows
        self._part = path.with_name(f"{path.name}.part")
        self._file: TextIO | None = None
        _check_place(path, rows.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is None:
            self.path.unlink(missing_ok=True)
            return
        self._file.close()
        os.replace(self._part, self.path)

    def add(self, row: Row, reason: str) -> None:
        if self._file is None:
            # What is not UTF-8 in the input goes back as the bytes that it was.
            self._file = open(self._part, "w", encoding="utf-8", errors="surrogateescape", newline="")  # noqa: SIM115
            self._file.write(self._rows.refused_header)
        self._file.write(self._rows.refused(row, reason))


def beside(path: Path, suffix: str) -> Path:
    """Where the refused rows of a file go."""
    return path.with_name(f"{path.stem}.refused{suffix}")


def _check_place(path: Path, source: Path) -> None:
    """Make sure, before anything is charged, that the file can be written, and that it takes nobody else's place."""
    if not os.access(path.parent, os.W_OK):
        raise BadFile(f"Refused rows cannot be kept in {path.parent}: name another file with --refused.")
    if path.exists():
        if path.samefile(source):
            # An import that was interrupted would leave out what it had not read.
            raise BadFile("The refused rows cannot take the place of the file itself: name another one with --refused.")
        with open(path, "rb") as there:
            if LINE_COLUMN.encode() not in there.read(100):
                raise BadFile(f"{path} is no file of refused rows: name another one with --refused.")
