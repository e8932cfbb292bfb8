"""Every field of the root with arguments that the schema allows, as schemathesis makes them up."""

from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core.result import Ok

from tests.fuzz.documents import AMOUNTS, DAYS, INSTANTS, ODD_IDS, WHOLE
from tests.fuzz.target import Target, examples

SCHEMA = Path(__file__).resolve().parents[2] / "schema.graphql"
SCALARS = {"DateTime": INSTANTS, "Date": DAYS, "Credits": AMOUNTS, "Decimal": AMOUNTS, "BigInt": [*WHOLE, *ODD_IDS]}


def test_fields_of_the_root_with_arguments_of_their_types(target: Target) -> None:
    for name, texts in SCALARS.items():
        schemathesis.graphql.scalar(name, st.sampled_from(texts).map(schemathesis.graphql.nodes.String))
    found = schemathesis.graphql.from_path(SCHEMA).get_all_operations()
    operations = [one.ok() for one in found if isinstance(one, Ok)]
    cases = st.sampled_from(operations).flatmap(lambda operation: operation.as_strategy())

    @examples(50)
    @given(case=cases)
    def fuzz(case: Case[Any]) -> None:
        for role in target.secrets:
            answer = target.post({"query": case.body}, role)
            target.must_answer_well(answer.status_code, answer.content)

    fuzz()
