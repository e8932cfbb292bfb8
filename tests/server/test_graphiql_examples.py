"""The examples of GraphiQL are ones that the server answers."""

import re
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse, validate

from resolvers.schema import schema

SOURCE = Path(__file__).parents[2] / "server/graphiql/source"
EXAMPLES = {path.stem: path.read_text() for path in sorted(SOURCE.glob("examples/*.graphql"))}
PANE = (SOURCE / "examples.ts").read_text()


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_fits_the_schema(name: str) -> None:
    assert validate(schema._schema, parse(EXAMPLES[name])) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_says_what_it_is_for(name: str) -> None:
    assert re.match(r"# .+\n# .+\n", EXAMPLES[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_called_as_its_operation_is(name: str) -> None:
    # A tab shows the operation's name, the pane the example's.
    (operation,) = parse(EXAMPLES[name]).definitions

    assert isinstance(operation, OperationDefinitionNode)
    assert operation.name is not None
    assert operation.name.value == name.title().replace("-", "")


def test_the_pane_shows_each_example_once() -> None:
    groups = re.findall(r'\["[^"]+", \[(.*?)\]\]', PANE)
    shown = [name for names in groups for name in re.findall(r'"([\w-]+)"', names)]

    assert sorted(shown) == sorted(EXAMPLES)


def test_the_examples_were_found() -> None:
    assert len(EXAMPLES) >= 20
