"""Whatever document is asked, by whomever: an answer, never a failure of ours, and nothing of what is inside."""

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.documents import broken, damaged, monstrous, operations
from tests.fuzz.target import Target, examples

ROLES = st.sampled_from(["OPERATOR", "ADMIN", "MEMBER", "RECORDER"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


def ask(target: Target, query: object, role: str, **more: object) -> None:
    answer = target.post({"query": query, **more}, role)
    target.must_answer_well(answer.status_code, answer.content)


def test_documents_of_the_schema_about_things_that_are_there(target: Target) -> None:
    @examples(120)
    @given(query=operations(target.ids), role=ROLES)
    def fuzz(query: str, role: str) -> None:
        ask(target, query, role)

    fuzz()


def test_documents_that_are_damaged_broken_or_made_to_hurt(target: Target) -> None:
    @examples(120)
    @given(query=st.one_of(damaged(target.ids), broken(), monstrous()), role=ROLES)
    def fuzz(query: str, role: str) -> None:
        ask(target, query, role)

    fuzz()


def test_variables_names_and_extensions_of_any_kind(target: Target) -> None:
    query = """query A($id: ID!, $first: Int, $range: RangeInput, $ids: [ID!]!) { node(id: $id) { id }
        nodes(ids: $ids) { id } tenant(id: $id) { agents(first: $first) { nodes { id } } usage(range: $range) {
        totals { credits } } } } query B { viewer { role } }"""
    given_ids = st.sampled_from(target.ids) | JSON
    variables = st.fixed_dictionaries(
        {}, optional={"id": given_ids, "first": JSON, "range": JSON, "ids": st.lists(given_ids, max_size=5) | JSON}
    )

    @examples(60)
    @given(variables=variables | JSON, name=st.sampled_from(["A", "B", "", "C", None]) | JSON, extensions=JSON)
    def fuzz(variables: object, name: object, extensions: object) -> None:
        ask(target, query, "ADMIN", variables=variables, operationName=name, extensions=extensions)

    fuzz()
