"""`tallygraph schema`"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from server.schema_changes import Changes

Released = Annotated[
    Path | None,
    typer.Option(
        "--against",
        help="Instead of printing it, say what would break for clients of this older schema; ends with 1 if anything.",
        exists=True,
        dir_okay=False,
        metavar="FILE",
    ),
]


def schema(against: Released = None) -> None:
    """Print the graph that the server answers, in GraphQL's schema language."""
    # Only here: building the schema takes longer than most commands.
    graph = import_module("resolvers.schema").schema
    if against is None:
        typer.echo(graph.as_str())
    else:
        compare(against, import_module("server.schema_changes").changes_between(against.read_text(), graph._schema))


def compare(file: Path, changes: "Changes") -> None:
    for change in changes.surprising:
        typer.echo(f"may surprise clients: {change}")
    if not changes.breaking:
        return
    typer.echo(f"This breaks clients that were written against {file.name}:", err=True)
    for change in changes.breaking:
        typer.echo(f"  {change}", err=True)
    typer.echo(
        "Keep the old beside the new, and mark it deprecated; or accept it: see docs/decisions/0024-*.md.", err=True
    )
    raise typer.Exit(1)
