"""Keys made, listed and revoked at the command line work, and mistakes are told in a line."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from models.rules.ids import new_id, type_id
from models.rules.viewers import Viewer
from models.rules.words import Role
from server.commands import main
from server.database import open_books, sqlite_file
from server.keys import Keyring
from server.migrations import migrate
from server.settings import read_settings
from tests.server.callers import add_tenant

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def empty_database(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TALLYGRAPH_DATABASE_URL", empty_database_url)
    return empty_database_url


@pytest.fixture
def tenant(empty_database: str) -> str:
    """A tenant's id, in a database with all tables."""

    async def make() -> str:
        await migrate(empty_database)
        books = open_books(empty_database)
        tenant_id = await add_tenant(books, "acme")
        await books.close()
        return type_id("tenant", tenant_id)

    return asyncio.run(make())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command: its exit code, and what it wrote to standard output and standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        written = capsys.readouterr()
        return int(ended.value.code or 0), written.out, written.err

    return run


def viewer_of(secret: str) -> Viewer:
    async def ask() -> Viewer:
        settings = read_settings()
        books = open_books(settings.database_url)
        keyring = Keyring(books, settings)
        try:
            return await keyring.viewer_of(f"Bearer {secret}")
        finally:
            await keyring.close()
            await books.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("by_external_id", [True, False])
def test_a_key_that_was_made_lets_its_holder_in(run: Run, tenant: str, by_external_id: bool) -> None:
    named = "acme" if by_external_id else tenant
    code, secret, told = run("key", "create", "--role", "admin", "--tenant", named, "--name", "Dashboard")
    viewer = viewer_of(secret.strip())

    assert (code, viewer.role, viewer.key_name) == (0, Role.ADMIN, "Dashboard")
    assert viewer.tenant_id is not None
    assert type_id("tenant", viewer.tenant_id) == tenant
    assert secret not in told


def test_the_pepper_of_the_settings_counts(run: Run, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYGRAPH_KEY_PEPPER", "a pepper that makes hashes useless elsewhere")
    _, secret, _ = run("key", "create", "--role", "OPERATOR")

    assert viewer_of(secret.strip()).role is Role.OPERATOR


def test_keys_are_listed_without_their_secrets(run: Run, tenant: str) -> None:
    _, first, _ = run("key", "create", "--role", "OPERATOR", "--name", "first", "--expires", "2099-01-31")
    _, second, _ = run("key", "create", "--role", "MEMBER", "--tenant", "acme", "--name", "second")
    code, listed, _ = run("key", "list")
    header, *rows = [line.split("\t") for line in listed.splitlines()]

    assert code == 0
    assert header == ["id", "name", "role", "tenant", "created", "last used", "expires", "state"]
    assert [(row[1], row[2], row[3], row[6], row[7]) for row in rows] == [
        ("second", "MEMBER", tenant, "", "counts"),
        ("first", "OPERATOR", "", "2099-01-31 00:00:00Z", "counts"),
    ]
    assert first.strip() not in listed
    assert second.strip() not in listed
    assert [row.split("\t")[1] for row in run("key", "list", "--tenant", "acme")[1].splitlines()[1:]] == ["second"]


def test_a_revoked_key_lets_nobody_in(run: Run, tenant: str) -> None:
    _, secret, told = run("key", "create", "--role", "OPERATOR", "--name", "k")
    key_id = told.split()[0]
    once, twice = run("key", "revoke", key_id), run("key", "revoke", key_id)

    assert once == twice
    assert once[0] == 0
    assert "revoked" in run("key", "list")[1]
    with pytest.raises(Exception, match="revoked"):
        viewer_of(secret.strip())


def test_a_mistake_is_told_in_a_line(run: Run, tenant: str) -> None:
    mistakes = [
        (2, "There is no tenant 'nowhere'", ["create", "--role", "ADMIN", "--tenant", "nowhere"]),
        (1, "belongs to a tenant", ["create", "--role", "ADMIN"]),
        (1, "leave the tenant out", ["create", "--role", "OPERATOR", "--tenant", "acme"]),
        (1, "in the past", ["create", "--role", "OPERATOR", "--expires", "2020-01-01"]),
        (2, "in which zone", ["create", "--role", "OPERATOR", "--expires", "2099-01-01T00:00"]),
        (2, "a day or an instant", ["create", "--role", "OPERATOR", "--expires", "soon"]),
        (2, "--role", ["create"]),
        (2, "--role", ["create", "--role", "KING"]),
        (1, "1 to 200 characters", ["create", "--role", "OPERATOR", "--name", ""]),
        (1, "no such key", ["revoke", type_id("api_key", new_id())]),
        (2, "something else", ["revoke", type_id("agent", new_id())]),
        (2, "not an id", ["revoke", "x"]),
    ]
    for code, told, arguments in mistakes:
        found, out, error = run("key", *arguments)

        assert (found, out) == (code, "")
        assert told in " ".join(error.replace("│", " ").split())
        assert "Traceback" not in error


def test_instants_are_taken_with_their_zone(run: Run, tenant: str) -> None:
    run("key", "create", "--role", "OPERATOR", "--expires", "2099-01-31T10:30:00+01:00")

    assert "2099-01-31 09:30:00Z" in run("key", "list")[1]


def test_without_tables_the_command_that_makes_them_is_named(run: Run, empty_database: str) -> None:
    if file := sqlite_file(empty_database):
        file.touch()
    code, _, told = run("key", "list")

    assert (code, told) == (1, "Error: The database lacks tables of this version. Run: tallygraph migrate\n")


@pytest.mark.parametrize(
    "command",
    [
        ["verify"],
        ["key", "list"],
        ["key", "create", "--role", "operator"],
        ["export", "usage", "--tenant=acme", "--from=2026-01-01", "--to=2026-01-31", "--format=csv"],
        ["import", "calls", "calls.csv", "--tenant=acme"],
    ],
)
def test_in_a_folder_without_books_none_are_made(
    run: Run, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TALLYGRAPH_DATABASE_URL", raising=False)
    (tmp_path / "calls.csv").write_text("id\n")

    code, out, told = run(*command)

    missing = f"There is no database at {tmp_path}/tallygraph.db (TALLYGRAPH_DATABASE_URL)."
    missing += " A new one is made by: tallygraph migrate"
    assert (code, out, told) == (1, "", f"Error: {missing}\n")
    assert [file.name for file in tmp_path.iterdir()] == ["calls.csv"]


def test_migrating_is_told(run: Run, empty_database: str) -> None:
    assert run("migrate") == (0, "The database is up to date now.\n", "")
    assert run("migrate") == (0, "The database was up to date.\n", "")
    assert run("key", "list")[0] == 0


def test_a_database_that_cannot_be_reached_is_told_without_its_password(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLYGRAPH_DATABASE_URL", "postgresql://someone:mellon@127.0.0.1:1/books")
    for command in (["migrate"], ["key", "list"]):
        code, out, told = run(*command)
        assert (code, out) == (1, "")
        assert told.startswith("Error: The database does not answer")
        assert "mellon" not in told


def test_settings_that_make_no_sense_are_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYGRAPH_DATABASE_URL", "mysql://somewhere")
    code, _, told = run("migrate")

    assert code == 2
    assert told.startswith("Error: TALLYGRAPH_DATABASE_URL: give sqlite:///FILE")


def test_without_a_command_the_commands_are_shown(run: Run) -> None:
    code, out, err = run()

    assert code == 2
    assert all(command in out + err for command in ("migrate", "key", "schema"))
