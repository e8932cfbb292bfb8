"""GraphQL over HTTP: what is asked how, and with which status and type it is answered."""

from typing import Any
from urllib.parse import quote

import orjson
import pytest
from graphql import get_introspection_query
from starlette.testclient import TestClient

from models.rules.viewers import Viewer
from server.errors import BadRequest
from server.http import negotiated
from tests.server.conftest import GRAPHQL_JSON, Ask, Lines, MakeClient, codes
from tests.server.toy import DIARY

JSON = "application/json"


def post(client: TestClient, body: bytes, **headers: str) -> Any:
    given = {"content-type": JSON, "accept": GRAPHQL_JSON}
    return client.post("/graphql", content=body, headers={**given, **headers})


# ------------------------------------------------------------------ asking


def test_a_query_is_answered(ask: Ask) -> None:
    answer = ask("{ hello }")

    assert answer.status_code == 200
    assert answer.json() == {"data": {"hello": "hello world"}}


def test_variables_are_taken(ask: Ask) -> None:
    answer = ask("query ($n: String!) { hello(name: $n) }", variables={"n": "you"})

    assert answer.json() == {"data": {"hello": "hello you"}}


def test_the_context_knows_who_asks_and_for_which_operation(ask: Ask) -> None:
    assert ask("query Mine { whoami }").json() == {"data": {"whoami": "OPERATOR Mine"}}


def test_an_operation_is_chosen_by_its_name(ask: Ask) -> None:
    both = 'query One { hello } query Two { hello(name: "two") }'

    assert ask(both, operationName="Two").json() == {"data": {"hello": "hello two"}}


def test_two_operations_without_a_name_are_an_error_and_none_is_run(ask: Ask) -> None:
    before = DIARY.put

    answer = ask("query One { hello } mutation Two { put }")

    assert answer.status_code == 400
    assert "operationName" in answer.json()["errors"][0]["message"]
    assert "data" not in answer.json()
    assert DIARY.put == before


def test_an_unknown_operation_name_is_an_error(ask: Ask) -> None:
    answer = ask("query One { hello }", operationName="Nope")

    assert answer.status_code == 400
    assert codes(answer) == ["INVALID"]


def test_a_document_without_an_operation_is_an_error(ask: Ask) -> None:
    assert ask("fragment F on Query { hello }").status_code == 400


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_operation_name_is_as_if_absent(ask: Ask, empty: str | None) -> None:
    assert ask("query One { hello }", operationName=empty).status_code == 200


def test_subscriptions_are_sent_to_the_socket(ask: Ask) -> None:
    answer = ask("subscription { ticks }")

    assert answer.status_code == 400
    assert "socket" in answer.json()["errors"][0]["message"]


# ------------------------------------------------------------------ GET


def test_queries_may_be_sent_by_get(client: TestClient) -> None:
    variables = quote('{"n": "you"}')
    query = quote("query Q($n: String) { hello(name: $n) }")

    answer = client.get(f"/graphql?query={query}&variables={variables}&operationName=Q")

    assert answer.status_code == 200
    assert answer.json() == {"data": {"hello": "hello you"}}


def test_empty_parameters_are_as_if_absent(client: TestClient) -> None:
    answer = client.get("/graphql?query={hello}&variables=&operationName=&extensions=")

    assert answer.json() == {"data": {"hello": "hello world"}}


def test_mutations_by_get_are_refused_and_not_run(client: TestClient) -> None:
    before = DIARY.put

    answer = client.get("/graphql?query=mutation{put}", headers={"accept": GRAPHQL_JSON})

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert DIARY.put == before


@pytest.mark.parametrize(
    "parameters",
    [
        "variables={}",
        "query=",
        "query={hello}&query={hello}",
        "query={hello}&variables={",
        "query={hello}&variables=[]",
        "query={hello}&variables=NaN",
        "query=%ff",
        "&".join(f"p{n}=1" for n in range(50)),
    ],
)
def test_nonsense_in_the_address_is_a_plain_refusal(client: TestClient, parameters: str) -> None:
    answer = client.get(f"/graphql?{parameters}")

    assert answer.status_code == 400
    assert codes(answer) == ["INVALID"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
def test_other_methods_are_refused_with_those_that_are_allowed(client: TestClient, method: str) -> None:
    answer = client.request(method, "/graphql")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, OPTIONS")


# ------------------------------------------------------------------ types


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/graphql-response+json", GRAPHQL_JSON),
        ("application/graphql-response+json, application/json", GRAPHQL_JSON),
        ("application/json, application/graphql-response+json", GRAPHQL_JSON),
        ("application/graphql-response+json;q=0.5, application/json", JSON),
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL_JSON),
        ("application/graphql-response+json, */*;q=0.1", GRAPHQL_JSON),
        ("application/graphql-response+json;q=0, */*", JSON),
        ("application/json;q=0, */*", GRAPHQL_JSON),
        ("APPLICATION/JSON", JSON),
        ("text/html, */*;q=0.8", JSON),
        ("multipart/mixed, application/json", JSON),
        ("text/html", None),
        ("application/json;q=0", None),
        ("nonsense", None),
        ("application/json; charset=latin-1", None),
    ],
)
def test_the_type_is_negotiated(accept: str | None, media: str | None) -> None:
    assert negotiated((accept or "").encode()) == media


@pytest.mark.parametrize("media", [JSON, GRAPHQL_JSON])
def test_answers_come_in_the_negotiated_type_as_utf_8(ask: Ask, media: str) -> None:
    answer = ask('{ hello(name: "Zoë") }', headers={"accept": media})

    assert answer.headers["content-type"] == f"{media}; charset=utf-8"
    assert "Accept" in answer.headers["vary"]
    assert "Zoë".encode() in answer.content


def test_nothing_acceptable_is_406(ask: Ask) -> None:
    answer = ask("{ hello }", headers={"accept": "image/png"})

    assert answer.status_code == 406
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "query", ["{", "{ nope }", "query ($l: Level!) { level(of: $l) }", "query A{hello} query B{hello}"]
)
def test_what_cannot_be_run_is_400_for_the_new_type_and_200_for_plain_json(ask: Ask, query: str) -> None:
    strict = ask(query)
    plain = ask(query, headers={"accept": JSON})

    assert (strict.status_code, plain.status_code) == (400, 200)
    for answer in (strict, plain):
        assert codes(answer)[0] == "INVALID"
        assert "data" not in answer.json()


def test_a_failed_field_leaves_the_others_and_is_200(ask: Ask) -> None:
    answer = ask("{ hello refused }")

    assert answer.status_code == 200
    assert answer.json()["data"] == {"hello": "hello world", "refused": None}


def test_a_failed_required_field_leaves_null_data_and_is_200(ask: Ask) -> None:
    answer = ask("{ brokenRoot }")

    assert answer.status_code == 200
    assert answer.json()["data"] is None


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
)
def test_json_is_taken(client: TestClient, content_type: str) -> None:
    assert post(client, b'{"query":"{hello}"}', **{"content-type": content_type}).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "text/plain; application/json",
        "application/jsonp",
        "application/json; charset=utf-16",
    ],
)
def test_any_other_type_is_415(client: TestClient, content_type: str) -> None:
    answer = post(client, b'{"query":"{hello}"}', **{"content-type": content_type})

    assert answer.status_code == 415
    assert codes(answer) == ["INVALID"]


# ------------------------------------------------------------------ bodies


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"1",
        b'"{hello}"',
        b"[]",
        b'[{"query":"{hello}"}]',
        b"{",
        b"{}",
        b'{"query":null}',
        b'{"query":1}',
        b'{"query":""}',
        b'{"query":["{hello}"]}',
        b'{"query":"{hello}","variables":[]}',
        b'{"query":"{hello}","variables":"{}"}',
        b'{"query":"{hello}","extensions":1}',
        b'{"query":"{hello}","operationName":1}',
        b'{"query":"{hello}","variables":{"a":NaN}}',
        b'{"query":"{hello}","variables":{"a":Infinity}}',
        b'{"query":"{hello}","variables":{"a":1e999}}',
        b'{"query":"\xff"}',
        b'{"query":"{hello}","x":"\\ud800"}',
        b"[" * 100_000,
        b'{"query":"{hello}","variables":' + b'{"a":' * 2_000 + b"1" + b"}" * 2_001,
        b'{"query":"{hello}","variables":{"a":' + b"9" * 4_300 + b"}}",
        b"\x1f\x8b\x08\x00garbage",
    ],
)
@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
def test_a_body_that_makes_no_sense_is_a_plain_refusal(client: TestClient, body: bytes, accept: str) -> None:
    answer = post(client, body, accept=accept)

    assert answer.status_code == 400
    assert codes(answer) == ["INVALID"]
    assert "data" not in answer.json()


def test_a_lone_surrogate_in_a_document_is_a_plain_refusal(ask: Ask) -> None:
    answer = ask('{ hello(name: "\\ud800") }')

    assert answer.status_code == 400


def test_variables_nested_deep_are_an_error_of_the_client(ask: Ask) -> None:
    deep: object = 1
    for _ in range(900):
        deep = [deep]

    answer = ask("mutation ($v: [Int!]) { put(values: $v) }", variables={"v": deep})

    assert answer.status_code == 400
    assert codes(answer)[0] == "INVALID"


def test_packed_bodies_are_refused(client: TestClient) -> None:
    assert post(client, b"x", **{"content-encoding": "gzip"}).status_code == 415
    assert post(client, b'{"query":"{hello}"}', **{"content-encoding": "identity"}).status_code == 200


def test_a_body_that_says_it_is_too_long_is_413(client: TestClient) -> None:
    answer = post(client, b'{"query":"{hello}"}' + b" " * 1_000_000)

    assert answer.status_code == 413
    assert codes(answer) == ["LIMIT_REACHED"]


def test_a_body_in_chunks_is_413_once_it_is_too_long(make_client: MakeClient) -> None:
    client = make_client(max_body_bytes=10_000)
    sent = 0

    def chunks() -> Any:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 1_000

    answer = client.post("/graphql", content=chunks(), headers={"content-type": JSON})

    assert answer.status_code == 413


def test_headers_that_are_too_long_are_431(client: TestClient) -> None:
    answer = client.post("/graphql", json={"query": "{hello}"}, headers={"x-long": "x" * 40_000})

    assert answer.status_code == 431
    assert codes(answer) == ["LIMIT_REACHED"]


def test_a_long_address_counts_as_header(client: TestClient) -> None:
    assert client.get("/graphql?query={hello}%23" + "x" * 40_000).status_code == 431


def test_a_long_name_is_neither_repeated_whole_nor_logged(ask: Ask, log_lines: Lines) -> None:
    answer = ask("{ " + "x" * 300_000 + " }")

    assert answer.status_code == 400
    assert len(answer.content) < 2_000
    assert len(orjson.dumps(log_lines, default=repr)) < 2_000


def test_many_errors_are_cut_to_a_few(ask: Ask) -> None:
    answer = ask("{ " + " ".join(f"nope{n}" for n in range(400)) + " }")

    assert len(answer.json()["errors"]) <= 50


# ------------------------------------------------------------------ keys


@pytest.mark.parametrize("key", ["", "Bearer wrong", "Basic x", "Bearer \xff"])
def test_without_a_right_key_it_is_401_in_the_shape_of_graphql(client: TestClient, key: str) -> None:
    headers = [(b"authorization", key.encode("latin-1")), (b"accept", GRAPHQL_JSON.encode())]
    answer = client.post("/graphql", json={"query": "{hello}"}, headers=headers)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert codes(answer) == ["UNAUTHENTICATED"]


def test_a_stranger_learns_nothing_of_its_query(client: TestClient) -> None:
    for query in ("{", "{ hello }", "{ nope }"):
        answer = client.post("/graphql", json={"query": query}, headers={"authorization": ""})
        assert codes(answer) == ["UNAUTHENTICATED"]


def test_an_address_that_sends_too_many_wrong_keys_is_told_to_wait(make_client: MakeClient) -> None:
    async def weary(authorization: str | None, address: str | None) -> Viewer:
        raise BadRequest(429, "LIMIT_REACHED", "Too many wrong keys.", {"Retry-After": "30"})

    answer = make_client(app={"authenticate": weary}).post("/graphql", json={"query": "{hello}"})

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    assert codes(answer) == ["LIMIT_REACHED"]


def test_a_failure_to_look_up_a_key_is_masked(client: TestClient, log_lines: Lines) -> None:
    answer = client.post("/graphql", json={"query": "{hello}"}, headers={"authorization": "Bearer broken"})

    assert answer.status_code == 500
    assert codes(answer) == ["INTERNAL"]
    assert "hunter2" not in answer.text


# ------------------------------------------------------------------ cost


def test_the_cost_is_shown_to_those_who_ask_for_it(ask: Ask) -> None:
    query = "{ things(first: 5) { nodes { thing { name } } } }"

    assert "extensions" not in ask(query).json()
    for answer in (ask(query, extensions={"cost": True}), ask(query, headers={"X-GraphQL-Cost": "include"})):
        assert answer.json()["extensions"] == {"cost": {"requested": 11, "limit": 5_000}}


def test_an_operation_over_a_limit_is_refused(ask: Ask) -> None:
    answer = ask("{ things(first: 100) { nodes { things(first: 100) { nodes { name } } } } }")

    assert answer.status_code == 400
    assert codes(answer) == ["LIMIT_REACHED"]
    assert "data" not in answer.json()


def test_too_many_tokens_are_refused(ask: Ask) -> None:
    answer = ask("{ hello " + "hello " * 6_000 + "}")

    assert answer.status_code == 400
    assert "data" not in answer.json()


def test_too_many_comments_are_refused(ask: Ask) -> None:
    assert ask("{ hello } " + "#\n" * 6_000).status_code == 400


def test_introspection_passes(ask: Ask) -> None:
    full = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    answer = ask(full)

    assert answer.status_code == 200
    assert "errors" not in answer.json()


def test_introspection_made_to_hurt_is_refused(ask: Ask) -> None:
    nested = "{ __schema { types " + "{ fields { type " * 12 + "{ name }" + "} }" * 12 + "} }"

    assert ask(nested).status_code == 400


def test_the_same_document_is_read_once(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "{ hello thing { name } }"
    first = ask(query).json()
    monkeypatch.setattr("server.documents.validate", lambda *_, **__: pytest.fail("validated again"))

    assert ask(query).json() == first
