"""One rule says how much an operation may ask for, in the time that it takes to read it."""

import pytest
from graphql import get_introspection_query, parse

from resolvers.limits import Limits, check_document, longest_list_in, measure_document

LIMITS = Limits()


def cost(text: str, **variables: object) -> int:
    return measure_document(parse(text), variables, None).cost


def refusals(text: str, limits: Limits = LIMITS, **variables: object) -> list[str]:
    errors = check_document(parse(text), variables, None, limits)
    assert all(error.extensions == {"code": "LIMIT_REACHED"} for error in errors)
    return [error.message for error in errors]


# ------------------------------------------------------------------ cost


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ viewer { role } }", 1),
        ("{ viewer { tenant { plan { name } } } }", 3),
        # A page costs its items, ten where the query does not say.
        ("{ tenants { nodes { id } } }", 1 + 10),
        ("{ tenants(first: 50) { nodes { id } } }", 1 + 50),
        ("{ tenants(last: 50) { edges { node { id } } } }", 1 + 50 * 2),
        ("{ tenants(first: 5, last: 50) { nodes { id } } }", 1 + 50),
        ("{ tenants(first: 0) { nodes { id } } }", 1),
        ("{ tenants(first: -5) { nodes { id } } }", 1),
        # What a page has beside its items is there once.
        ("{ tenants(first: 50) { pageInfo { endCursor } totalCount nodes { id } } }", 1 + 1 + 50),
        # Sizes are multiplied down the tree.
        ("{ tenants(first: 10) { nodes { agents(first: 20) { nodes { id } } } } }", 1 + 10 * (1 + 1 + 20)),
        # Lists that are no connections.
        ("{ usage { breakdown(by: AGENT, first: 7) { slices { node { id } } } } }", 1 + 1 + 7 * 2),
        ("{ callLog { rows { call { id } } } }", 1 + 10 * 2),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 3),
        # Fragments cost what they hold.
        ("{ tenants(first: 5) { ...T } } fragment T on TenantConnection { nodes { id } }", 1 + 5),
        ("{ tenants(first: 5) { ... { nodes { id } } } }", 1 + 5),
        # Introspection costs nothing.
        ("{ __schema { types { name fields { name } } } }", 0),
    ],
)
def test_the_cost_is_the_number_of_objects_that_may_be_answered(text: str, expected: int) -> None:
    assert cost(text) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"n": 3}, 1 + 3),
        ({}, 1 + 7),
        ({"n": None}, 1 + 10),
        ({"n": "many"}, 1 + 10),
        ({"n": True}, 1 + 10),
        ({"n": -3}, 1),
    ],
)
def test_page_sizes_are_taken_from_variables_and_their_defaults(variables: dict[str, object], expected: int) -> None:
    assert cost("query ($n: Int = 7) { tenants(first: $n) { nodes { id } } }", **variables) == expected


def test_ids_in_a_variable_count_like_a_page() -> None:
    assert cost("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["a"] * 30) == 30


def test_a_cost_that_is_too_high_is_refused() -> None:
    text = "query ($n: Int!) { tenants(first: 100) { nodes { agents(first: $n) { nodes { id } } } } }"

    assert refusals(text, n=40) == []
    (message,) = refusals(text, n=100)
    assert message.startswith("The operation costs 10201; at most 5000 are allowed.")


def test_a_size_of_thousands_of_digits_is_refused() -> None:
    assert len(refusals("{ tenants(first: " + "9" * 10_000 + ") { nodes { id } } }")) == 1


def test_only_the_operation_that_is_run_must_be_paid() -> None:
    document = parse("query A { viewer { role } } query B { tenants(first: 100) { nodes { id } } }")

    assert measure_document(document, {}, "A").cost == 1
    assert measure_document(document, {}, "B").cost == 101


# ------------------------------------------------------------------ shape


def nested(levels: int) -> str:
    return "{ " + "a { " * (levels - 1) + "b" + " }" * levels


def test_fifteen_levels_are_allowed_and_sixteen_are_not() -> None:
    assert refusals(nested(15)) == []
    assert refusals(nested(16)) == ["The document asks for 16 levels of fields; at most 15 are allowed."]


def test_levels_are_counted_through_fragments() -> None:
    text = "{ a { ...F } } fragment F on T " + nested(15)

    assert len(refusals(text)) == 1


def test_five_hundred_fields_are_allowed_and_more_are_not() -> None:
    assert refusals("{ " + "b " * 500 + "}") == []
    assert len(refusals("{ " + "b " * 501 + "}")) == 1


def test_fields_are_counted_through_fragments_as_often_as_they_are_spread() -> None:
    fragment = " fragment F on T { " + "b " * 100 + "}"

    assert refusals("{ ...F ...F }" + fragment) == []
    assert len(refusals("{ ...F ...F ...F ...F ...F }" + fragment)) == 1


def test_a_hundred_aliases_are_allowed_and_more_are_not() -> None:
    aliases = [f"a{n}: b" for n in range(101)]

    assert refusals("{ " + " ".join(aliases[:100]) + " }") == []
    assert len(refusals("{ " + " ".join(aliases) + " }")) == 1


def test_five_mutations_are_allowed_and_six_are_not() -> None:
    assert refusals("mutation { " + "put " * 5 + "}") == []
    assert refusals("mutation { " + "put " * 6 + "}") == ["The document asks for 6 mutations; at most 5 are allowed."]


def test_mutations_are_counted_through_fragments() -> None:
    assert len(refusals("mutation { ...F ... { ...F } } fragment F on Mutation { put put put }")) == 1


def test_queries_may_have_more_root_fields_than_mutations() -> None:
    assert refusals("{ a b c d e f g h }") == []


def test_twenty_operations_are_allowed_and_more_are_not() -> None:
    operations = [f"query Q{n} {{ b }}" for n in range(21)]

    assert refusals(" ".join(operations[:20])) == []
    assert len(refusals(" ".join(operations))) == 1


def test_a_list_in_the_document_is_bounded_wherever_it_stands() -> None:
    long = "[" + "1 " * 1_001 + "]"

    for text in (
        f"{{ a(b: {long}) }}",
        f"{{ a(b: {{c: [{{d: {long}}}]}}) }}",
        f"{{ a @skip(if: {long}) }}",
        f"{{ ... @skip(if: {long}) {{ a }} }}",
    ):
        assert len(refusals(text)) == 1
    assert refusals("{ a(b: [" + "1 " * 1_000 + "]) }") == []


def test_a_list_among_the_variables_is_bounded_wherever_it_stands() -> None:
    assert refusals("{ a }", v={"events": [1] * 1_000}) == []
    assert len(refusals("{ a }", v=[{"deep": {"events": [1] * 1_001}}])) == 1


def test_the_longest_list_is_found() -> None:
    assert longest_list_in({"a": [1, [2, 3, 4]], "b": {"c": [5, 6]}, "d": "text"}) == 3
    assert longest_list_in({}) == 0


def test_introspection_passes() -> None:
    full = get_introspection_query(specified_by_url=True, directive_is_repeatable=True, schema_description=True)

    assert refusals(full) == []


# ------------------------------------------------------------------ made to hurt


def bomb(levels: int, spreads: int = 2) -> str:
    """Each fragment spreads the next one several times: exponentially many fields in few bytes."""
    fragments = (f"fragment F{n} on T {{ a {{ {f'...F{n + 1} ' * spreads} }} }}" for n in range(levels))
    return "{ ...F0 } " + " ".join(fragments) + f" fragment F{levels} on T {{ b }}"


@pytest.mark.parametrize(
    "text", [bomb(12), bomb(60), bomb(60, 10), bomb(400), "query { ...F0 ...F0 } " + bomb(100)[9:]]
)
def test_a_bomb_of_fragments_is_refused_at_once(text: str) -> None:
    # Whoever followed each spread would not come back.
    assert check_document(parse(text), {}, None, LIMITS)


def test_a_bomb_that_no_operation_uses_is_refused_too() -> None:
    assert refusals("{ b } " + bomb(60)[9:])


@pytest.mark.parametrize(
    "text",
    [
        "{ ...A } fragment A on T { ...A b }",
        "{ ...A } fragment A on T { c { ...B } } fragment B on T { c { ...A } }",
        "mutation { ...A } fragment A on Mutation { ...A put }",
        "{ ...Nowhere }",
        "fragment A on T { b }",
    ],
)
def test_fragments_that_make_no_sense_are_left_to_validation(text: str) -> None:
    assert refusals(text) == []


def test_a_list_of_lists_nested_deep_is_no_trap() -> None:
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]

    assert refusals("{ a }", v=deep) == []
