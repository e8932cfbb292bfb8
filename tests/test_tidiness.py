"""What the tree promises of itself: who may import whom, and what no file may hold."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# From the ground up: each floor imports only those before it.
FLOORS = [
    "models.rules",
    "models.tables",
    "models.prepared",
    "models.sessions",
    "models.unit_of_work",
    "models.actions",
    "resolvers",
    "server",
]

# Libraries that a floor must do without.
NOT_FOR = {
    "models.rules": {"sqlalchemy", "sqlmodel", "strawberry", "starlette"},
    "models": {"strawberry", "starlette"},
    # SQL is the tables' and the actions'.
    "resolvers": {"sqlalchemy", "sqlmodel"},
}

# Put together here, so that this file does not hold them itself.
REGISTRY_HOSTS = ["pypi" + ".org", "python" + "hosted.", "npm" + "js.", "yarn" + "pkg.", "debian" + ".org"]
MACHINE_PATH = re.compile(r"(?<![\w.~*])/" + "(?:work|root|home|tmp)" + r"/\w")


def modules() -> list[str]:
    """All our modules but the tests', by their dotted names."""
    paths = (path for floor in ("models", "resolvers", "server") for path in (ROOT / floor).rglob("*.py"))
    ours = [path.relative_to(ROOT) for path in paths if "node_modules" not in path.parts]
    return sorted(".".join(path.with_suffix("").parts) for path in ours)


def tree_of(module: str) -> ast.Module:
    return ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_text())


def imported(tree: ast.Module, module: str) -> Iterator[str]:
    """Every name that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".")[: -node.level] if node.level else []
            origin = ".".join([*package, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def floor_of(name: str) -> int:
    """How high a module stands; what is no floor of ours lies at the ground."""
    return next((height for height, floor in enumerate(FLOORS) if is_within(name, floor)), 0)


def imports_upwards(tree: ast.Module, module: str) -> list[str]:
    return [name for name in imported(tree, module) if floor_of(name) > floor_of(module)]


def imports_not_for_it(tree: ast.Module, module: str) -> list[str]:
    banned = {library for floor, libraries in NOT_FOR.items() if is_within(module, floor) for library in libraries}
    return [name for name in imported(tree, module) if name.split(".")[0] in banned]


def reads_environment(tree: ast.Module) -> bool:
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return not {"environ", "environb", "getenv"}.isdisjoint(names | {n.split(".")[-1] for n in imported(tree, "")})


@pytest.mark.parametrize("module", modules())
def test_imports_go_only_downwards(module: str) -> None:
    assert imports_upwards(tree_of(module), module) == []


@pytest.mark.parametrize("module", modules())
def test_a_floor_does_without_the_libraries_of_the_others(module: str) -> None:
    assert imports_not_for_it(tree_of(module), module) == []


@pytest.mark.parametrize("module", [name for name in modules() if not is_within(name, "server")])
def test_only_the_server_reads_the_environment(module: str) -> None:
    assert not reads_environment(tree_of(module))


@pytest.mark.parametrize("module", modules())
def test_only_finishing_saves_accounts(module: str) -> None:
    # Whoever saved an account without it would leave out alerts, budgets and automatic top-ups.
    names = [name for name in imported(tree_of(module), module) if name.endswith(".save_accounts")]
    assert names == [] or module == "models.actions.finishing"


def test_no_file_names_a_registry_or_a_place_on_one_machine() -> None:
    assert [f"{path}: {line}" for path in files() for line in lines_that_name_places(path)] == []


def files() -> list[Path]:
    """What is in git, or would be; all there is where the tree came without git."""
    if not (ROOT / ".git").exists():
        built = {".venv", "node_modules", "dist", ".mypy_cache", ".ruff_cache", ".hypothesis", "__pycache__"}
        paths = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        return [path for path in paths if built.isdisjoint(path.parts)]
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]


def lines_that_name_places(path: Path) -> list[str]:
    try:
        text = (ROOT / path).read_text()
    except UnicodeDecodeError:
        return []
    return [line[:200] for line in text.splitlines() if names_a_place(line)]


def names_a_place(line: str) -> bool:
    return any(host in line for host in REGISTRY_HOSTS) or MACHINE_PATH.search(line) is not None


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("from resolvers.scalars import Credits", "models.actions.credits"),
        ("def late():\n    import server.settings", "resolvers.schema"),
        ("from models import actions", "models.tables.credits"),
        ("from ..actions import credits", "models.rules.rating"),
    ],
)
def test_an_import_from_above_is_found(source: str, module: str) -> None:
    assert imports_upwards(ast.parse(source), module) != []


def test_imports_from_below_and_beside_are_allowed() -> None:
    source = "import uuid\nfrom models.rules import words\nfrom . import hiring"
    assert imports_upwards(ast.parse(source), "models.tables.credits") == []


def test_sql_in_a_resolver_is_found() -> None:
    assert imports_not_for_it(ast.parse("from sqlalchemy import select"), "resolvers.credits") != []


@pytest.mark.parametrize("source", ["import os\nos.environ['HOME']", "from os import getenv"])
def test_a_look_at_the_environment_is_found(source: str) -> None:
    assert reads_environment(ast.parse(source))


@pytest.mark.parametrize("line", ["see /" + "home/ann/notes", "https://" + "pypi" + ".org/simple"])
def test_the_name_of_a_place_is_found(line: str) -> None:
    assert names_a_place(line)
