"""GraphQL documents: ones that the schema allows, about things that are there; and ones that nobody would write."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    get_named_type,
    is_leaf_type,
)
from hypothesis import strategies as st

from tests.fuzz.target import GRAPH

Text = st.SearchStrategy[str]

ODD_TEXTS = ["", " ", "\0", "a\u0000b", "\ud7ff", "\U0001f4b8", "\u202e", "' OR 1=1 --", "%s", "{}", "../x", "é" * 300]
ODD_IDS = [
    "",
    "1",
    "call_",
    "tenant_00000000000000000000000000",
    "nothing_01h455vb4pex5vsknk084sn02q",
    "call_" + "z" * 26,
]
INSTANTS = ["2026-11-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "2026", "x"]
INSTANTS += ["2026-03-29T02:30:00+01:00", "-1", "2026-11-01T00:00:00", "1969-12-31T23:59:59.999999999Z"]
DAYS = ["2026-11-01", "0001-01-01", "9999-12-31", "2026-02-29", "2026-13-01", "x", ""]
AMOUNTS = [
    "0",
    "1",
    "0.000001",
    "-1",
    "9223372036854",
    "9223372036855",
    "1e9",
    "NaN",
    "Infinity",
    "1" * 400,
    ".5",
    "1_0",
]
WHOLE = ["0", "1", "-1", "2147483647", "-2147483648", "2147483648", "9" * 30, "9" * 5000, "1.0", "1e3"]
FRACTIONS = ["0.5", "0", "1", "-0.1", "1e308", "1e309", "-0.0"]
# Rarely, whatever the type: what no type takes.
WRONG = ["null", "[]", "{}", "[[]]", "true", "$none", "RED", '"x"', "1e999", '"\\u0000"', "{a: {a: {a: 1}}}"]


# What each type takes, as it is written.
PLAIN = {"Int": ["0", "1", "7", "50", "100", "-1"], "Float": FRACTIONS[:3], "Boolean": ["true", "false"]}
PLAIN |= {
    "BigInt": ['"0"', '"1"', "7", '"20"', '"9223372036854775807"'],
    "String": ['"Ada"', '"key-1"', '"Europe/Oslo"'],
}
PLAIN |= {"DateTime": ['"2026-11-01T00:00:00Z"', '"2026-11-20T09:00:00+01:00"', '"1990-01-01T00:00:00Z"']}
PLAIN |= {"Date": ['"2026-11-01"', '"2026-10-31"', '"0001-01-01"', '"9999-12-31"'], "Credits": ['"1"', '"0.5"', '"0"']}
PLAIN |= {"Decimal": ['"0.5"', '"1"']}
ODD = {"ID": ODD_IDS, "DateTime": INSTANTS, "Date": DAYS, "Credits": AMOUNTS, "Decimal": AMOUNTS, "String": ODD_TEXTS}
ODD_NUMBERS = {"Int": WHOLE, "BigInt": WHOLE, "Float": [*FRACTIONS, *WHOLE]}


@dataclass(frozen=True)
class Taste:
    """What values are made of: ids of things that are there; and, if it is wild, much that no type takes."""

    ids: Sequence[str]
    wild: bool


def literals(type_: GraphQLInputType, taste: Taste, depth: int = 0) -> Text:
    """Values for an argument, as they are written in a document."""
    if isinstance(type_, GraphQLNonNull):
        right = literals(type_.of_type, taste, depth)
        return _rarely(right.filter(lambda text: text != "null"), st.sampled_from(WRONG), if_=taste.wild)
    if isinstance(type_, GraphQLList):
        items = st.lists(literals(type_.of_type, taste, depth + 1), max_size=3)
        return items.map(lambda found: f"[{', '.join(found)}]")
    return _rarely(_named(type_, taste, depth), st.just("null"), if_=True)


def _rarely(usual: Text, rare: Text, *, if_: bool) -> Text:
    return st.integers(0, 7).flatmap(lambda dice: rare if dice == 7 else usual) if if_ else usual


def _named(type_: GraphQLInputType, taste: Taste, depth: int) -> Text:
    if isinstance(type_, GraphQLInputObjectType):
        return _objects(type_, taste, depth)
    if isinstance(type_, GraphQLEnumType):
        return st.sampled_from(sorted(type_.values))
    assert isinstance(type_, GraphQLScalarType)
    right = [json.dumps(id) for id in taste.ids] if type_.name == "ID" else PLAIN.get(type_.name, WRONG)
    odd = [json.dumps(text) for text in ODD.get(type_.name, [])] + ODD_NUMBERS.get(type_.name, [])
    # What an ID or a text holds is looked at only once the document is run.
    always = type_.name in ("ID", "String")
    return _rarely(st.sampled_from(right), st.sampled_from(odd or WRONG), if_=taste.wild or always)


@st.composite
def _objects(draw: st.DrawFn, type_: GraphQLInputObjectType, taste: Taste, depth: int) -> str:
    names = sorted(type_.fields)
    if type_.is_one_of:
        given = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2 if taste.wild else 1))
    else:
        given = [
            name
            for name in names
            if isinstance(type_.fields[name].type, GraphQLNonNull) or (depth < 4 and draw(st.integers(0, 3)) == 0)
        ]
    parts = [f"{name}: {draw(_of_field(type_, name, taste, depth))}" for name in given]
    return "{" + ", ".join(parts) + "}"


def _of_field(type_: GraphQLInputObjectType, name: str, taste: Taste, depth: int) -> Text:
    values = literals(type_.fields[name].type, taste, depth + 1)
    return values.filter(lambda text: text != "null") if type_.is_one_of and not taste.wild else values


@st.composite
def fields(draw: st.DrawFn, parent: GraphQLObjectType, name: str, taste: Taste, depth: int) -> str:
    """One field with its arguments and its own fields."""
    found = parent.fields[name]
    arguments = [
        f"{argument}: {draw(literals(given.type, taste))}"
        for argument, given in found.args.items()
        if isinstance(given.type, GraphQLNonNull) or draw(st.booleans())
    ]
    alias = draw(st.sampled_from(["", "", "", f"a_{name}: "]))
    directive = draw(st.sampled_from(["", "", "", " @include(if: true)", " @skip(if: false)"]))
    text = alias + name + (f"({', '.join(arguments)})" if arguments else "") + directive
    return text + draw(selections(found.type, taste, depth))


@st.composite
def selections(draw: st.DrawFn, type_: GraphQLOutputType, taste: Taste, depth: int) -> str:
    named = get_named_type(type_)
    if is_leaf_type(named):
        return ""
    parts = ["__typename"]
    if depth <= 0:
        return " { __typename }"
    if isinstance(named, GraphQLObjectType):
        parts += draw(_some_fields(named, taste, depth - 1, most=4))
    elif isinstance(named, GraphQLInterfaceType):
        one = draw(st.sampled_from(sorted(GRAPH.get_implementations(named).objects, key=lambda found: found.name)))
        inside = draw(_some_fields(one, taste, depth - 1, most=2))
        parts.append(f"... on {one.name} {{ {' '.join(inside)} }}")
    return " { " + " ".join(parts) + " }"


@st.composite
def _some_fields(draw: st.DrawFn, parent: GraphQLObjectType, taste: Taste, depth: int, most: int) -> list[str]:
    names = draw(st.lists(st.sampled_from(sorted(parent.fields)), min_size=1, max_size=most, unique=True))
    return [draw(fields(parent, name, taste, depth)) for name in names]


def operations(ids: Sequence[str], depth: int = 4) -> Text:
    """Queries and mutations of one field at the root, or of a few; most of them right."""
    kinds = [("query", GRAPH.query_type), ("mutation", GRAPH.mutation_type)]
    tastes = [Taste(ids, wild=False)] * 3 + [Taste(ids, wild=True)]
    made = [_operation(kind, root, taste, depth) for kind, root in kinds for taste in tastes if root is not None]
    return st.one_of(made)


@st.composite
def _operation(draw: st.DrawFn, kind: str, root: GraphQLObjectType, taste: Taste, depth: int) -> str:
    found = draw(_some_fields(root, taste, depth, most=2))
    return f"{kind} Fuzz {{ {' '.join(found)} }}"


def subscriptions(ids: Sequence[str]) -> Text:
    root = GRAPH.subscription_type
    assert root is not None
    one = st.sampled_from(sorted(root.fields))
    made = one.flatmap(lambda name: fields(root, name, Taste(ids, wild=False), 2))
    return made.map(lambda found: f"subscription {{ {found} }}")


# ---------------------------------------------------------------- what nobody would write

PIECES = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "...",
    "on",
    "fragment",
    "query",
    "mutation",
    "subscription",
    "$a",
    "@skip",
    "!",
]
PIECES += [
    "viewer",
    "tenant",
    "{ viewer { role } }",
    "(if: true)",
    "&",
    "|",
    "=",
    ":",
    '"',
    '"""',
    "#",
    ",",
    "\n",
    "\0",
]
PIECES += [
    "\ufeff",
    "\ud7ff",
    "1",
    "-",
    "1.",
    "0x1",
    "9" * 400,
    "null",
    "true",
    "__schema",
    "__typename",
    "extend type",
]


def broken() -> Text:
    """Pieces of the language in any order, and other text."""
    return st.one_of(
        st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join),
        st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
        st.text(max_size=60),
    )


@st.composite
def damaged(draw: st.DrawFn, ids: Sequence[str]) -> str:
    """A document with some of it cut out, doubled or replaced."""
    text = draw(operations(ids))
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        part = draw(st.sampled_from(["", text[start:end] * 2, *PIECES]))
        text = text[:start] + part + text[end:]
    return text


def monstrous() -> Text:
    """Documents that are made to hurt: deep, wide, or turning in circles."""
    sizes = st.sampled_from([2, 20, 200, 2_000, 20_000])
    return st.one_of(sizes.flatmap(lambda size: st.sampled_from(monsters(size))), st.sampled_from(CIRCLES))


CIRCLES = [
    "{ ...A } fragment A on Query { ...A }",
    "{ ...A } fragment A on Query { ...B } fragment B on Query { viewer { ...C } ...A } fragment C on Viewer { role }",
    "query($a: Int = $a) { viewer { role } }",
    "query A { ...B } query B { ...B } fragment B on Query { viewer { ...B } }",
    "{ viewer { tenant { ...T } } } fragment T on Tenant { agents { nodes { tenant { ...T } } } }",
    "{ ...A } "
    + " ".join(f"fragment {c} on Query {{ ...{n} ...{n} }}" for c, n in zip("ABCDEFGHIJ", "BCDEFGHIJA", strict=True)),
]


def monsters(size: int) -> list[str]:
    few = min(size, 500)
    bomb = "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(few))
    return [
        "{ viewer " * size + "}" * size,
        "{ " + " ".join(f"a{n}: viewer {{ role }}" for n in range(size)) + " }",
        bomb + f" fragment F{few} on Query {{ viewer {{ role }} }}",
        "{ nodes(ids: [" + ", ".join('"x"' for _ in range(size)) + "]) { id } }",
        "{ node(id: " + "[" * size + "]" * size + ") { id } }",
        "{ node(id: " + "{a: " * size + "1" + "}" * size + ") { id } }",
        "{ viewer { role " + "@skip(if: false) " * size + "} }",
        "query(" + " ".join(f"$v{n}: Int" for n in range(size)) + ") { viewer { role } }",
        " ".join(f"query Q{n} {{ viewer {{ role }} }}" for n in range(size)),
        "mutation { " + " ".join(f'm{n}: revokeApiKey(id: "x") {{ errors {{ code }} }}' for n in range(size)) + " }",
        "{ viewer { " + "x" * size + " } }",
        '{ node(id: "' + "x" * size + '") { id } }',
        "{ viewer { role } } " + "# comment\n" * size,
        "{ __schema { types { " + "ofType { " * size + "name" + " }" * size + " } } }",
        "{ viewer { role } ... on Query { " * few + "viewer { role }" + " }" * few + " }",
        "query($a: " + "[" * size + "Int" + "]" * size + ") { viewer { role } }",
        "{ hiringPlan(rolesPerMonth: " + "9" * size + ", candidatesPerRole: 1, completionRate: 0.5) { interviews } }",
    ]
