"""Whoever runs `tallygraph verify` learns whether the books are whole, of every tenant or of one."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from server.commands import main
from server.commands.books import shown_url
from server.settings import read_settings
from tests.house import House

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def house(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("TALLYGRAPH_DATABASE_URL", sqlite_url)
    return House(sqlite_url)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command: its exit code, and what it wrote to standard output and standard error."""

    def run(*options: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["verify", *options])
        written = capsys.readouterr()
        return int(ended.value.code or 0), written.out, written.err

    return run


def break_a_balance(house: House, tenant: str) -> None:
    """As somebody would who edits the tables by hand."""
    with sqlite3.connect(Path(house.url.removeprefix("sqlite:///"))) as connection:
        whose = "(SELECT id FROM tenant WHERE external_id = ?)"
        connection.execute(f"UPDATE account SET top_up_balance = 5000000 WHERE tenant_id = {whose}", [tenant])
    connection.close()


def test_whole_books_are_told_tenant_by_tenant(house: House, run: Run) -> None:
    house.add("acme", granted=3)
    house.add("umbrella", granted=4)

    code, told, _ = run()

    lines = told.splitlines()
    assert code == 0
    assert lines[0].startswith("acme: 1 entry, all is well")
    assert lines[1].startswith("umbrella: 1 entry, all is well")
    assert lines[2] == f"Checked 2 tenants with 2 entries. All is well in {house.url}"


def test_each_problem_is_told_and_ends_the_command_with_1(house: House, run: Run) -> None:
    house.add("acme", granted=3)
    house.add("umbrella", granted=4)
    break_a_balance(house, "umbrella")

    code, told, _ = run()

    lines = told.splitlines()
    assert code == 1
    assert lines[0].startswith("acme: 1 entry, all is well")
    assert " problem" in lines[1]
    assert any(line.startswith("  tenant_") and "5" in line and "4" in line for line in lines[2:-1])
    assert lines[-1] == f"Checked 2 tenants with 2 entries. Tenants with problems in {house.url}: 1"


def test_one_tenant_is_checked_alone(house: House, run: Run) -> None:
    house.add("acme", granted=3)
    house.add("umbrella", granted=4)
    break_a_balance(house, "umbrella")

    code, told, _ = run("--tenant", "acme")
    assert (code, told.splitlines()[-1]) == (0, f"Checked 1 tenant with 1 entry. All is well in {house.url}")
    assert run("--tenant", "umbrella")[0] == 1


def test_a_tenant_that_is_not_there_is_named(house: House, run: Run) -> None:
    code, told, error = run("--tenant", "nobody")

    assert (code, told) == (2, "")
    assert "nobody" in error


def test_books_without_tenants_are_whole(house: House, run: Run) -> None:
    assert run() == (0, f"Checked 0 tenants with 0 entries. All is well in {house.url}\n", "")


def test_what_was_looked_at_is_named_from_any_folder_and_without_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = {
        "sqlite:///tallygraph.db": f"sqlite:///{tmp_path}/tallygraph.db",
        "postgresql://me:mellon@db:5433/books?password=mellon": "postgresql://db:5433/books",
    }
    for url, named in shown.items():
        assert shown_url(read_settings(database_url=url)) == named
