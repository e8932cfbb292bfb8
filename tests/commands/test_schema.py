"""`tallygraph schema`: the graph as text, and whether a change of it breaks clients."""

from pathlib import Path

import pytest
from graphql import build_schema

from server.commands import main
from server.schema_changes import changes_between

ROOT = Path(__file__).resolve().parents[2]
RELEASED = ROOT / "schema.released.graphql"

BEFORE = """
enum Kind { CALL MESSAGE }
input Wish { name: String!, kind: Kind }
type Row { id: ID!, name: String, kind: Kind }
type Query { rows(first: Int, kind: Kind): [Row!]! row(wish: Wish!): Row }
"""


def ends_with(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    assert isinstance(code, int)
    return code


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: String, kind", "kind", "Row.name was removed"),
        ("name: String, kind", "name: Int, kind", "Row.name changed type"),
        ("id: ID!", "id: ID", "Row.id changed type"),
        ("CALL MESSAGE", "CALL", "MESSAGE was removed"),
        ("first: Int, ", "", "Query.rows(first:) was removed"),
        ("first: Int, ", "first: Int!, ", "Query.rows(first:) has changed type"),
        ("kind: Kind }\ntype", "kind: Kind, age: Int! }\ntype", "Wish.age was added"),
        ("(wish: Wish!)", "(wish: Wish!, now: Int!)", "Query.row(now:) was added"),
    ],
)
def test_what_breaks_clients_is_named(old: str, new: str, said: str) -> None:
    assert old in BEFORE
    changes = changes_between(BEFORE, build_schema(BEFORE.replace(old, new)))

    assert any(said in change for change in changes.breaking), changes


def test_what_is_added_breaks_nobody_but_may_surprise() -> None:
    after = BEFORE.replace("CALL MESSAGE", "CALL MESSAGE FACT").replace("first: Int", "first: Int, last: Int")
    changes = changes_between(BEFORE, build_schema(after.replace("id: ID!,", "id: ID!, age: Int,")))

    assert changes.breaking == []
    assert any("FACT was added" in change for change in changes.surprising)


def test_no_client_of_the_last_release_is_broken() -> None:
    assert ends_with("schema", "--against", str(RELEASED)) == 0


def test_a_break_is_told_with_a_way_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older = tmp_path / "older.graphql"
    older.write_text(RELEASED.read_text().replace("type Viewer {", "type Viewer {\n  shoeSize: Int!"))

    assert ends_with("schema", "--against", str(older)) == 1
    said = capsys.readouterr().err
    assert "Viewer.shoeSize was removed" in said
    assert "deprecated" in said
    assert "0024" in said
