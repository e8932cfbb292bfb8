"""Lists of plain objects are shown by a way of their own: whatever is asked, the answer is that of the general way."""

from datetime import timedelta
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, execute, parse

from models.rules.viewers import Permission, Viewer
from models.rules.words import Role
from resolvers import plain_lists
from resolvers.context import Context
from resolvers.permissions import an_amount, query
from resolvers.schema import build_schema
from tests.api.running import Api, uuid_of

SERIES = "usage(range: {preset: LAST_7_DAYS}) { series { start day totals { credits calls callSeconds } } }"
DOCUMENTS = [
    f"query ($id: ID!) {{ tenant(id: $id) {{ {SERIES} }} }}",
    """query ($id: ID!, $no: Boolean = false) { tenant(id: $id) { usage(range: {preset: LAST_7_DAYS}) { series {
        __typename on: day ... on UsagePoint { sums: totals { ...Sums messages @include(if: $no) } } } } } }
       fragment Sums on UsageTotals { credits more: credits }""",
    "query ($id: ID!) { tenant(id: $id) { callLog { rows { seq at creditsUsed remarks balanceAfter callId } } } }",
    "query ($id: ID!) { tenant(id: $id) { credits { ledger { nodes { __typename seq kind credits remarks } } } } }",
    "query ($id: ID!) { tenant(id: $id) { calls { nodes { id durationSeconds connectedAt creditsUsed } } } }",
    "query ($id: ID!) { tenant(id: $id) { calls { nodes { id agent { name } } } } }",
]


class Way:
    """How often lists were shown by their own way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken = 0
        shown = plain_lists._all_shown

        def counted(*given: Any) -> Any:
            found = shown(*given)
            self.taken += found is not None
            return found

        monkeypatch.setattr(plain_lists, "_all_shown", counted)


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Way:
    return Way(monkeypatch)


async def a_tenant_with_calls(api: Api) -> str:
    tenant = await api.a_tenant()
    agent = await api.an_agent(tenant)
    for number in range(8):
        at = api.books.clock.now - timedelta(hours=5 * number)
        await api.books.call(uuid_of(tenant), number + 1, at=at, agent_id=uuid_of(agent), remarks="x" * number)
    return tenant


async def test_both_ways_answer_the_same(api: Api, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = await a_tenant_with_calls(api)
    for document in DOCUMENTS:
        way.taken = 0
        monkeypatch.setattr(plain_lists, "FEWEST", 5)
        answer = await api.ask(document, id=tenant)
        # The last document asks for things that have to be loaded.
        assert way.taken == (document != DOCUMENTS[-1])
        monkeypatch.setattr(plain_lists, "FEWEST", 10**9)
        assert answer == await api.ask(document, id=tenant)


async def test_who_may_not_see_amounts_is_told_so_in_every_place(api: Api, way: Way) -> None:
    tenant = await a_tenant_with_calls(api)
    member = api.seen_by(Role.MEMBER, tenant)
    answer = await member.run("query ($id: ID!) { tenant(id: $id) { calls { nodes { creditsUsed } } } }", id=tenant)
    assert answer.codes == ["FORBIDDEN"] * 8 or answer.codes == ["FORBIDDEN"]
    assert way.taken == 0


# ---------------------------------------------------------------- values that are not plainly right


@strawberry.type
class Part:
    word: str | None
    amount: int = an_amount(description="An amount.")

    @strawberry.field
    def needed(self) -> int:
        if self.word == "bad":
            raise ValueError("There is none.")
        return 7


@strawberry.type
class Thing:
    part: Part | None
    parts: list[Part]
    name: str


def thing(name: Any = "thing", word: str | None = "word") -> Thing:
    part = Part(word=word, amount=1)
    return Thing(part=part if word else None, parts=[part], name=name)


GOOD = [thing() for _ in range(6)]
CASES = {
    "all is right": GOOD,
    "a null where one may be": [*GOOD, thing(word=None)],
    "a null where none may be": [*GOOD, thing(name=None)],
    "a value of another type": [*GOOD, thing(name=object())],
    "an exception": [*GOOD, thing(word="bad")],
    "a null for an object": [*GOOD, None],
    "an exception for an object": [*GOOD, ValueError("No thing.")],
    "an object of another class": [*GOOD, object()],
}


@pytest.mark.parametrize("case", CASES)
def test_whatever_is_not_plainly_right_is_left_to_the_general_way(
    case: str, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    @strawberry.type
    class Query:
        @query(needs=Permission.READ_BOOKS, description="Things.")
        def things(self) -> list[Thing]:
            return CASES[case]  # type: ignore[return-value]

    schema = build_schema(Query)
    document = parse("{ things { name part { word needed amount } parts { word needed } } }")

    def answer() -> ExecutionResult:
        context = Context(Viewer(Role.OPERATOR), None)  # type: ignore[arg-type]
        found = execute(schema._schema, document, context_value=context, executor_class=schema.execution_context_class)
        assert isinstance(found, ExecutionResult), "Nothing here waits."
        return found

    found = answer()
    assert way.taken == (case in ("all is right", "a null where one may be"))
    monkeypatch.setattr(plain_lists, "FEWEST", 10**9)
    assert found.formatted == answer().formatted
    assert (found.errors is None) == bool(way.taken)
