"""The examples that GraphiQL opens with are ones that the server answers."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from resolvers.schema import schema

EXAMPLES = (Path(__file__).parents[2] / "server/graphiql/source/examples.ts").read_text()
QUERIES = dict(re.findall(r"^const (\w+) = `([^`]*)`;$", EXAMPLES, re.MULTILINE))


@pytest.mark.parametrize("name", QUERIES)
def test_each_example_fits_the_schema(name: str) -> None:
    assert validate(schema._schema, parse(QUERIES[name])) == []


@pytest.mark.parametrize("name", QUERIES)
def test_each_example_has_a_tab(name: str) -> None:
    assert re.search(rf"\[{name}, ", EXAMPLES)


def test_the_examples_were_found() -> None:
    assert len(QUERIES) >= 5
