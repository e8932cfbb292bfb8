"""A server that cannot start says why in a line, and ends."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = "from server.commands import main; main()"


def serve(*arguments: str, **settings: str) -> tuple[int, str]:
    """Start a server that is not expected to live: its exit code, and what it said."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, "serve", *arguments],
        env={**os.environ, **{f"TALLYGRAPH_{name.upper()}": value for name, value in settings.items()}},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stderr


def test_several_processes_on_one_file_are_refused(sqlite_url: str) -> None:
    code, told = serve("--workers", "2", database_url=sqlite_url)

    assert (code, told.splitlines()) == (2, [told.strip()])
    assert "needs PostgreSQL" in told


def test_a_database_that_does_not_answer_is_told_at_the_start(tmp_path: Path) -> None:
    code, told = serve(database_url="postgresql://someone:mellon@127.0.0.1:1/books")
    nowhere = serve(database_url=f"sqlite:///{tmp_path}/nowhere/books.db")

    assert (code, told.splitlines()) == (1, [told.strip()])
    assert told.startswith("Error: The database does not answer")
    assert nowhere == (
        1,
        f"Error: The directory {tmp_path}/nowhere does not exist, so books.db cannot be made in it.\n",
    )
