"""What a change of the graph would break for clients that were written against an older one."""

from typing import NamedTuple

from graphql import GraphQLSchema, build_schema
from graphql.utilities import find_breaking_changes, find_dangerous_changes


class Changes(NamedTuple):
    """Changes in words. Breaking ones make documents invalid that were valid, or answers other than was promised;
    others may surprise clients that did not expect them, as a new value of an enum does."""

    breaking: list[str]
    surprising: list[str]


def changes_between(released: str, now: GraphQLSchema) -> Changes:
    before = build_schema(released)
    return Changes(
        [change.description for change in find_breaking_changes(before, now)],
        [change.description for change in find_dangerous_changes(before, now)],
    )
