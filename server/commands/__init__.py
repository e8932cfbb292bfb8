"""The command line. Each module holds one group of commands; this one puts them together.

A command ends with 0 when it did what was asked, with 1 when it failed, with 2 when it was asked wrongly.
"""

from collections.abc import Sequence

import typer

from models.rules.refusals import Refusal
from server.commands import exporting, importing, keys, migrate, schema, serve, verify
from server.database import DatabaseProblem
from server.ports import PortProblem
from server.settings import BadSettings

app = typer.Typer(
    name="tallygraph",
    help="Keeps the books of platforms which sell credits. Settings are read from TALLYGRAPH_... variables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve_)
app.command()(migrate.migrate)
app.command()(schema.schema)
app.command("import")(importing.import_)
app.add_typer(exporting.app, name="export")
app.command("verify")(verify.verify_)
app.add_typer(keys.app, name="key")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. What people can put right is told in a line, everything else with its traceback."""
    try:
        app(arguments)
    except BadSettings as problem:
        _fail(str(problem), code=2)
    except (DatabaseProblem, PortProblem, Refusal) as problem:
        _fail(str(problem), code=1)


def _fail(message: str, code: int) -> None:
    typer.echo(f"Error: {message}", err=True)
    raise SystemExit(code)
