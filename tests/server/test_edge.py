"""Who may address the server, what protects browsers, and the line that each request leaves in the log."""

import re

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.edge import is_allowed_host, is_allowed_origin
from tests.server.conftest import Ask, Lines, MakeClient, codes
from tests.server.toy import TENANT

APP = "https://app.example.com"


@pytest.mark.parametrize(
    ("host", "allowed", "answer"),
    [
        ("localhost", ("localhost",), True),
        ("localhost:8000", ("localhost",), True),
        ("127.0.0.1:8000", ("localhost",), True),
        ("[::1]:8000", ("localhost",), True),
        ("evil.example", ("localhost",), False),
        ("localhost.evil.example", ("localhost",), False),
        ("books.example.com", ("*.example.com",), True),
        ("example.com", ("*.example.com",), False),
        ("evilexample.com", ("*.example.com",), False),
        ("anything", ("*",), True),
        ("", ("localhost",), False),
        ("localhost/evil", ("localhost",), False),
        ("evil@localhost", ("localhost",), False),
        ("[::1", ("localhost",), False),
        ("localhost:port", ("localhost",), True),
    ],
)
def test_only_known_hosts_are_served(host: str, allowed: tuple[str, ...], answer: bool) -> None:
    assert is_allowed_host(host, allowed) is answer


def test_a_request_for_another_host_is_refused(client: TestClient) -> None:
    answer = client.get("/health/live", headers={"host": "evil.example"})

    assert answer.status_code == 400
    assert codes(answer) == ["INVALID"]


@pytest.mark.parametrize(
    ("origin", "host", "answer"),
    [
        ("http://localhost:8000", "localhost:8000", True),
        ("https://localhost:8000", "localhost:8000", True),
        ("http://localhost:9000", "localhost:8000", False),
        (APP, "localhost:8000", True),
        ("http://app.example.com", "localhost:8000", False),
        (f"{APP}.evil.example", "localhost:8000", False),
        ("null", "localhost:8000", False),
        ("", "localhost:8000", False),
    ],
)
def test_pages_may_ask_their_own_server_and_those_that_allow_them(origin: str, host: str, answer: bool) -> None:
    assert is_allowed_origin(origin, host, (APP,)) is answer


def test_a_page_of_another_site_is_refused(client: TestClient) -> None:
    answer = client.post("/graphql", json={"query": "{hello}"}, headers={"origin": "https://evil.example"})

    assert answer.status_code == 403
    assert codes(answer) == ["FORBIDDEN"]
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_of_an_allowed_site_may_read_the_answer(make_client: MakeClient) -> None:
    client = make_client(allowed_origins=APP)

    answer = client.post("/graphql", json={"query": "{hello}"}, headers={"origin": APP})

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == APP
    assert "Origin" in answer.headers["vary"]


def test_an_allowed_page_may_read_refusals_too(make_client: MakeClient) -> None:
    client = make_client(allowed_origins=APP)

    answer = client.post("/graphql", json={"query": "{hello}"}, headers={"origin": APP, "authorization": ""})

    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == APP


def test_a_preflight_of_an_allowed_site_is_answered_without_a_key(make_client: MakeClient) -> None:
    client = make_client(allowed_origins=APP)
    headers = {
        "origin": APP,
        "authorization": "",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type",
    }

    answer = client.options("/graphql", headers=headers)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == APP
    assert answer.headers["access-control-allow-headers"] == "authorization, content-type"
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_a_preflight_of_another_site_is_refused(client: TestClient) -> None:
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}

    assert client.options("/graphql", headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/", "/graphql", "/health/live", "/nowhere", "/metrics"])
def test_every_answer_protects_browsers(client: TestClient, path: str) -> None:
    headers = client.get(path, headers={"accept": "text/html"}).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


def test_answers_to_operations_are_not_kept_by_caches(ask: Ask) -> None:
    assert ask("{ hello }").headers["cache-control"] == "no-store"


def test_a_request_keeps_the_id_that_its_caller_gave(ask: Ask) -> None:
    assert ask("{ hello }", headers={"x-request-id": "Order-17.b_2"}).headers["x-request-id"] == "Order-17.b_2"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>", 'a"b'])
def test_an_id_that_could_do_harm_is_replaced(ask: Ask, given: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", ask("{ hello }", headers={"x-request-id": given}).headers["x-request-id"])


def test_the_trace_of_a_caller_is_the_id_of_its_request(ask: Ask, log_lines: Lines) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = ask("{ hello }", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})

    assert answer.headers["x-request-id"] == trace
    assert log_lines[0]["request_id"] == trace


@pytest.mark.parametrize(
    "given",
    [
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-<script>-00f067aa0ba902b7-01",
    ],
)
def test_a_trace_that_is_none_is_passed_over(ask: Ask, given: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", ask("{ hello }", headers={"traceparent": given}).headers["x-request-id"])


def test_a_path_that_clients_make_up_is_not_logged(client: TestClient, log_lines: Lines) -> None:
    for path in ("/ann@example.com", "/exports/acme.csv", "/graphql/ann", "/health/live"):
        client.get(path)

    assert [line["path"] for line in log_lines] == ["other", "/exports/...", "other", "/health/live"]


def test_a_request_is_one_line_with_its_operation_and_tenant(client: TestClient, log_lines: Lines) -> None:
    client.post(
        "/graphql",
        json={"query": "query Mine($n: String) { hello(name: $n) }", "variables": {"n": "private"}},
        headers={"authorization": "Bearer tenant-key"},
    )

    (line,) = log_lines
    assert line["event"] == "request"
    assert (line["method"], line["path"], line["status"]) == ("POST", "/graphql", 200)
    assert (line["operation"], line["kind"], line["tenant"]) == ("Mine", "query", str(TENANT))
    assert line["ms"] > 0


def test_neither_keys_nor_queries_nor_variables_are_logged(ask: Ask, log_lines: Lines) -> None:
    ask("query Mine($n: String) { hello(name: $n) }", variables={"n": "private"})
    ask('{ hello(name: "private") nope }')

    assert "private" not in str(log_lines)
    assert "right-key" not in str(log_lines)
    assert "hello" not in str(log_lines)


def refusal_code(client: TestClient, **headers: str) -> int:
    opening = client.websocket_connect("ws://localhost/graphql", headers=headers)
    with pytest.raises(WebSocketDisconnect) as refused, opening:
        pass
    return refused.value.code


def test_sockets_are_refused_cleanly_for_now(client: TestClient, log_lines: Lines) -> None:
    assert refusal_code(client) == 1008
    assert log_lines == []


@pytest.mark.parametrize(
    "headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}, {"x-long": "x" * 40_000}]
)
def test_sockets_are_held_to_the_same_rules(client: TestClient, headers: dict[str, str], log_lines: Lines) -> None:
    assert refusal_code(client, **headers) == 1008
    assert [line["event"] for line in log_lines] == ["socket refused"]


def test_what_fails_behind_a_socket_closes_it_and_is_logged(make_client: MakeClient, log_lines: Lines) -> None:
    async def broken(socket: WebSocket) -> None:
        raise RuntimeError("password=hunter2")

    assert refusal_code(make_client(app={"socket": broken})) == 1011
    assert [line["event"] for line in log_lines] == ["internal error"]
