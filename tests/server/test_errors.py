"""What clients are told of failures, and what only the log knows."""

import pytest
from starlette.testclient import TestClient

from server.errors import LONGEST_MESSAGE, cut
from tests.server.conftest import GRAPHQL_JSON, Ask, Lines, MakeClient, codes


def test_an_unexpected_failure_is_masked_and_found_in_the_log_by_its_id(ask: Ask, log_lines: Lines) -> None:
    answer = ask("{ hello broken }")

    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["path"] == ["broken"]
    assert "hunter2" not in answer.text
    (line,) = [line for line in log_lines if line["log_level"] == "error"]
    assert line["error_id"] == error["extensions"]["errorId"]
    assert line["error_id"] in error["message"]
    assert "hunter2" in str(line["exc_info"])
    assert line["exc_info"].__traceback__ is not None


def test_the_log_of_a_failure_and_of_its_request_share_an_id(ask: Ask, log_lines: Lines) -> None:
    answer = ask("{ broken }", headers={"x-request-id": "abc-1"})

    assert answer.headers["x-request-id"] == "abc-1"
    assert {line["request_id"] for line in log_lines} == {"abc-1"}


def test_a_refusal_keeps_its_words_code_and_path(ask: Ask) -> None:
    (error,) = ask("{ refused }").json()["errors"]

    assert error["message"] == "There is no such agent."
    assert error["extensions"] == {"code": "NOT_FOUND", "path": ["agentId"]}
    assert error["path"] == ["refused"]


def test_graphqls_own_errors_stay_readable(ask: Ask) -> None:
    (syntax,) = ask("{ hello(").json()["errors"]
    (unknown,) = ask("{ nope }").json()["errors"]

    assert "Syntax Error" in syntax["message"]
    assert "nope" in unknown["message"]
    assert unknown["locations"] == [{"line": 1, "column": 3}]


def test_a_scalars_complaint_about_a_variable_is_shown(ask: Ask) -> None:
    answer = ask("query ($l: Level!) { level(of: $l) }", variables={"l": "high"})

    assert "A level is a whole number." in answer.text
    assert codes(answer) == ["INVALID"]


def test_a_scalars_complaint_about_a_literal_is_shown(ask: Ask) -> None:
    assert "A level is a whole number." in ask('{ level(of: "high") }').text


def test_a_scalar_that_breaks_is_masked(ask: Ask) -> None:
    for answer in (
        ask("query ($l: Level!) { level(of: $l) }", variables={"l": "broken"}),
        ask('{ level(of: "broken") }'),
    ):
        assert "hunter2" not in answer.text


def test_strangers_are_given_no_suggestions(ask: Ask) -> None:
    for query in ("{ helo }", '{ hello(nam: "x") }', "{ ... on Thin { name } }"):
        assert "Did you mean" not in ask(query).text


def test_errors_of_clients_are_one_plain_line(ask: Ask, log_lines: Lines) -> None:
    ask("{ nope }")

    (line,) = log_lines
    assert line["log_level"] == "info"
    assert "exc_info" not in line


@pytest.mark.parametrize("part", ["authenticate", "context_for"])
def test_what_fails_outside_of_graphql_is_masked_too(make_client: MakeClient, log_lines: Lines, part: str) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("password=hunter2")

    client = make_client(app={part: broken})

    answer = client.post("/graphql", json={"query": "{hello}"}, headers={"accept": GRAPHQL_JSON})

    assert answer.status_code == 500
    assert codes(answer) == ["INTERNAL"]
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/graphql/"])
def test_an_unknown_address_is_told_in_the_same_shape(client: TestClient, path: str) -> None:
    answer = client.get(path, follow_redirects=False)

    assert answer.status_code == 404
    assert codes(answer) == ["NOT_FOUND"]


@pytest.mark.parametrize("length", [10, LONGEST_MESSAGE, LONGEST_MESSAGE + 1, 300_000])
def test_no_message_is_longer_than_it_may_be(length: int) -> None:
    assert len(cut("x" * length)) <= LONGEST_MESSAGE
