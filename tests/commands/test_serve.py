"""A server that cannot start says why in a line, and ends."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from server.commands import main
from server.commands.serve import NO_KEY

Run = Callable[..., tuple[int, str]]

PROGRAM = "from server.commands import main; main()"


def serve(*arguments: str, **settings: str) -> tuple[int, str]:
    """Start a server that is not expected to live: its exit code, and what it said."""
    settings = {"port": "0", **settings}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, "serve", *arguments],
        env={**os.environ, **{f"TALLYGRAPH_{name.upper()}": value for name, value in settings.items()}},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stderr


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command up to where it would serve: its exit code, and what it wrote to standard error."""
    monkeypatch.setenv("TALLYGRAPH_PORT", "0")
    monkeypatch.setattr("server.running.serve_on", lambda *_: None)
    monkeypatch.setattr("server.logs.start_logging", lambda _: None)

    def run(*options: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["serve", *options])
        return int(ended.value.code or 0), capsys.readouterr().err

    return run


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


@pytest.mark.parametrize("options", [(), ("--workers", "2"), ("--demo",)])
def test_a_port_that_is_taken_is_told_in_a_line_before_anything_is_made(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    several = "--workers" in options
    # Several processes need a PostgreSQL server, which is not asked before the port.
    url = "postgresql://someone@127.0.0.1:1/books" if several else f"sqlite:///{tmp_path}/tallygraph.db"
    monkeypatch.setenv("TALLYGRAPH_DATABASE_URL", url)
    monkeypatch.setenv("TALLYGRAPH_BROADCAST_URL", url if several else "memory://")
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        ended = run("--port", str(port), *options)

    assert ended == (1, f"Error: Port {port} is in use; choose another with --port.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_that_is_not_this_machines_is_told_in_a_line(run: Run, host: str) -> None:
    code, told = run("--host", host)

    assert (code, told.splitlines()) == (1, [told.strip()])
    assert told.startswith("Error: ")
    assert host in told


def test_where_no_key_exists_it_is_told_how_to_get_one(
    sqlite_url: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLYGRAPH_DATABASE_URL", sqlite_url)
    monkeypatch.delenv("TALLYGRAPH_OPERATOR_KEY", raising=False)
    code, told = run()
    assert code == 0
    # A port that was left to chance is told too.
    assert re.fullmatch(rf"Tallygraph serves http://127\.0\.0\.1:[1-9]\d+/graphql\n{re.escape(NO_KEY)}\n", told)

    monkeypatch.setenv("TALLYGRAPH_OPERATOR_KEY", "a-key-of-the-settings-that-is-long-enough")
    assert NO_KEY not in run()[1]
    monkeypatch.delenv("TALLYGRAPH_OPERATOR_KEY")

    program, *advised = NO_KEY.split("`")[1].split()
    assert program == "tallygraph"
    with pytest.raises(SystemExit):
        main(advised)
    assert NO_KEY not in run()[1]
