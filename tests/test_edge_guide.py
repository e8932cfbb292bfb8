"""docs/edge.md says which test holds which promise: every line names some, and they are there."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "edge.md").read_text()
NAMED = re.compile(r"`((?:tests/\w+/)?test_\w+\.py)::(test_\w+)`")


@cache
def _tests_of(file: str) -> frozenset[str]:
    path = ROOT / (file if "/" in file else f"tests/server/{file}")
    found = ast.walk(ast.parse(path.read_text())) if path.exists() else ()
    return frozenset(node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_test_that_is_named_is_there() -> None:
    named = NAMED.findall(GUIDE)

    assert len(named) > 60
    assert [f"{file}::{name}" for file, name in named if name not in _tests_of(file)] == []


def test_every_promise_names_what_holds_it() -> None:
    rows = [line for line in GUIDE.splitlines() if line.startswith("| ") and not line.startswith("| promise")]

    assert len(rows) > 40
    assert [row for row in rows if not NAMED.search(row)] == []
