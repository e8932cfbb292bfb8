"""The README and the guides say what is true: the settings are all settings, the queries are answered."""

import re
from pathlib import Path

from graphql import parse, validate

from resolvers.schema import schema
from server.settings import settings_table

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_the_settings_are_all_there_with_their_defaults() -> None:
    shown = README.partition("<!-- settings")[2].partition("-->\n")[2].partition("<!-- end of settings")[0]

    assert shown.strip() == settings_table().strip()


def test_the_queries_are_queries_that_the_server_answers() -> None:
    queries = re.findall(r"```graphql\n(.*?)```", README, re.DOTALL)

    assert len(queries) >= 2
    for query in queries:
        assert validate(schema._schema, parse(query)) == []


def test_the_guides_show_what_the_server_answers() -> None:
    guides = sorted((Path(__file__).parent.parent / "docs").glob("*.md"))
    queries = [query for guide in guides for query in re.findall(r"```graphql\n(.*?)```", guide.read_text(), re.DOTALL)]

    assert len(queries) >= 5
    for query in queries:
        assert validate(schema._schema, parse(query)) == []


def test_every_file_and_folder_that_it_names_is_there() -> None:
    here = Path(__file__).parent.parent
    named = re.findall(r"`((?:server|resolvers|models|tests|docs|benchmarks|client_examples)/[\w./]*)`", README)

    assert [name for name in named if not (here / name).exists()] == []
