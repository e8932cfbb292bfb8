"""`tallygraph schema`"""

from importlib import import_module

import typer


def schema() -> None:
    """Print the graph that the server answers, in GraphQL's schema language."""
    # Only here: building the schema takes longer than most commands.
    typer.echo(import_module("resolvers.schema").schema.as_str())
