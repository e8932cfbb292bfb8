"""Documents that are asked for by hash: where they come from, how they are asked for, and that nothing else is."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import orjson
import pytest
from graphql import get_introspection_query
from httpx2 import Response
from starlette.testclient import TestClient

from server.settings import BadSettings, read_settings
from server.trusted_documents import hash_of, read_documents
from tests.server.conftest import GRAPHQL_JSON, MakeClient, codes
from tests.server.live_server import OPERATOR, Served, served

GREET = "query Greet($n: String!) { hello(name: $n) }"
PUT = "mutation Put { put }"
UNKNOWN = "0" * 64


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    file = tmp_path / "persisted.json"
    file.write_bytes(orjson.dumps({hash_of(text): text for text in (GREET, PUT)}))
    return file


@pytest.fixture
def client(make_client: MakeClient, manifest: Path) -> TestClient:
    return make_client(trusted_documents=str(manifest))


@pytest.fixture
def strict(make_client: MakeClient, manifest: Path) -> TestClient:
    return make_client(trusted_documents=str(manifest), only_trusted_documents=True)


def post(client: TestClient, **body: Any) -> Response:
    return client.post("/graphql", json=body, headers={"accept": GRAPHQL_JSON})


def by_extension(hash: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}}


VARIABLES = quote('{"n": "you"}')
EXTENSIONS = quote(orjson.dumps(by_extension(hash_of(GREET))["extensions"]))


# ------------------------------------------------------------------ asking by hash


@pytest.mark.parametrize(
    "named",
    [
        {"documentId": hash_of(GREET)},
        {"documentId": f"sha256:{hash_of(GREET)}"},
        {"documentId": hash_of(GREET).upper()},
        by_extension(hash_of(GREET)),
        {"query": GREET, **by_extension(hash_of(GREET))},
    ],
    ids=["id", "prefixed id", "capitals", "extension", "extension with its document"],
)
def test_a_document_is_asked_for_by_its_hash(client: TestClient, strict: TestClient, named: dict[str, Any]) -> None:
    for server in (client, strict):
        assert post(server, **named, variables={"n": "you"}).json() == {"data": {"hello": "hello you"}}


@pytest.mark.parametrize(
    "parameters",
    [
        f"documentId=sha256:{hash_of(GREET)}",
        f"extensions={quote(orjson.dumps(by_extension(hash_of(GREET))['extensions']))}",
    ],
    ids=["id", "extension"],
)
def test_a_document_is_asked_for_by_get(strict: TestClient, parameters: str) -> None:
    answer = strict.get(f"/graphql?{parameters}&variables={VARIABLES}")

    assert answer.json() == {"data": {"hello": "hello you"}}


def test_a_trusted_mutation_is_not_run_by_get(client: TestClient) -> None:
    assert client.get(f"/graphql?documentId={hash_of(PUT)}").status_code == 405
    assert post(client, documentId=hash_of(PUT)).json() == {"data": {"put": 0}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"documentId": UNKNOWN}, "PERSISTED_QUERY_NOT_FOUND"),
        (by_extension(UNKNOWN), "PERSISTED_QUERY_NOT_FOUND"),
        ({"documentId": "md5:x"}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"query": "{ hello }", **by_extension(hash_of(PUT))}, "INVALID"),
        ({"query": "{ hello }", "documentId": hash_of("{ hello }")}, "INVALID"),
        ({"documentId": hash_of(PUT), **by_extension(hash_of(PUT))}, "INVALID"),
        ({"extensions": {"persistedQuery": {"version": 1}}}, "INVALID"),
        ({"extensions": {"persistedQuery": 7}}, "INVALID"),
        ({"extensions": {"persistedQuery": {"sha256Hash": 7}}}, "INVALID"),
    ],
    ids=str,
)
def test_a_hash_that_names_no_document_is_an_error_and_nothing_runs(
    client: TestClient, body: dict[str, Any], code: str
) -> None:
    strict, plain = post(client, **body), client.post("/graphql", json=body)

    assert (strict.status_code, plain.status_code) == (400, 200)
    for answer in (strict, plain):
        assert codes(answer) == [code]
        assert "data" not in answer.json()


def test_a_document_is_not_remembered_because_it_came_with_its_hash(client: TestClient) -> None:
    assert post(client, query="{ hello }", **by_extension(hash_of("{ hello }"))).status_code == 200
    assert codes(post(client, **by_extension(hash_of("{ hello }")))) == ["PERSISTED_QUERY_NOT_FOUND"]


def test_a_server_without_trusted_documents_says_so(make_client: MakeClient) -> None:
    assert codes(post(make_client(), **by_extension(UNKNOWN))) == ["PERSISTED_QUERY_NOT_SUPPORTED"]


@pytest.mark.parametrize("body", [{"documentId": 7}, {"documentId": ["x"]}])
def test_an_id_that_is_no_text_is_a_plain_refusal(client: TestClient, body: dict[str, Any]) -> None:
    assert codes(post(client, **body)) == ["INVALID"]


# ------------------------------------------------------------------ nothing else


@pytest.mark.parametrize(
    "query",
    ["{ hello }", GREET + " ", "{ __typename }", get_introspection_query()],
    ids=["another", "nearly the same", "type name", "introspection"],
)
def test_nothing_else_is_answered(strict: TestClient, query: str) -> None:
    answer = post(strict, query=query, variables={"n": "you"})

    assert answer.status_code == 400
    assert codes(answer) == ["QUERY_NOT_IN_SAFELIST"]


def test_the_text_of_a_trusted_document_is_as_good_as_its_hash(strict: TestClient) -> None:
    assert post(strict, query=GREET, variables={"n": "you"}).json() == {"data": {"hello": "hello you"}}


def test_there_is_no_graphiql_where_nothing_else_is_answered(strict: TestClient) -> None:
    page = strict.get("/graphql", headers={"accept": "text/html"})

    assert page.status_code == 403
    assert codes(page) == ["QUERY_NOT_IN_SAFELIST"]


# ------------------------------------------------------------------ sockets and streams

BALANCE = "subscription Balance($tenant: ID!) { balanceChanged(tenantId: $tenant) { seq } }"
WHO = "query Who { viewer { role } }"


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Served]:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "who.graphql").write_text(WHO)
    (folder / "balance.graphql").write_text(BALANCE)
    url = f"sqlite:///{tmp_path / 'books.db'}"
    async with served(url, trusted_documents=str(folder), only_trusted_documents=True) as live:
        yield live


@pytest.mark.anyio
async def test_over_a_socket_trusted_documents_are_answered_and_nothing_else(live: Served) -> None:
    _, tenant = await live.a_tenant()
    socket = await live.socket()
    await socket.send("subscribe", id="1", payload={"documentId": hash_of(BALANCE), "variables": {"tenant": tenant}})
    assert (await socket.next())["balanceChanged"] == {"seq": 0}
    await socket.send("subscribe", id="2", payload=by_extension(hash_of(WHO)))
    assert await socket.next("2") == {"viewer": {"role": "OPERATOR"}}
    assert (await socket.receive())["type"] == "complete"
    for id, payload, code in (
        ("3", {"query": "{ viewer { role } }"}, "QUERY_NOT_IN_SAFELIST"),
        ("4", {"documentId": UNKNOWN}, "PERSISTED_QUERY_NOT_FOUND"),
    ):
        await socket.send("subscribe", id=id, payload=payload)
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", id)
        assert message["payload"][0]["extensions"]["code"] == code


@pytest.mark.anyio
async def test_streams_answer_trusted_documents_and_nothing_else(live: Served) -> None:
    headers = {"authorization": OPERATOR, "accept": "text/event-stream"}
    async with httpx2.AsyncClient(base_url=live.url, headers=headers) as client:
        trusted = await client.post("/graphql", json={"documentId": hash_of(WHO)})
        other = await client.post("/graphql", json={"query": "{ viewer { role } }"})

    assert '"role":"OPERATOR"' in trusted.text
    assert "QUERY_NOT_IN_SAFELIST" in other.text


# ------------------------------------------------------------------ manifests


def test_a_manifest_of_apollo_is_read(tmp_path: Path) -> None:
    file = tmp_path / "persisted-query-manifest.json"
    operation = {"id": hash_of(GREET), "name": "Greet", "type": "query", "body": GREET}
    file.write_bytes(
        orjson.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]})
    )

    assert read_documents(file) == {hash_of(GREET): GREET}


def test_a_manifest_of_relay_or_codegen_is_read(tmp_path: Path) -> None:
    file = tmp_path / "persisted.json"
    file.write_bytes(orjson.dumps({hash_of(GREET): GREET, f"sha256:{hash_of(PUT)}": PUT}))

    assert set(read_documents(file).values()) == {GREET, PUT}


def test_a_folder_of_manifests_and_documents_is_read(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "persisted.json").write_bytes(orjson.dumps({hash_of(GREET): GREET}))
    (tmp_path / "put.graphql").write_text(PUT)
    (tmp_path / "README.md").write_text("Not a document.")

    assert read_documents(tmp_path) == {hash_of(GREET): GREET, hash_of(PUT): PUT}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[]", "JSON object"),
        ("{", "no JSON"),
        (f'{{"{UNKNOWN}": "{{ hello }}"}}', "another hash"),
        ('{"5d41402abc4b2a76b9719d911017c592": "{ hello }"}', "give sha256 hashes"),
        (f'{{"{UNKNOWN}": 7}}', "as a text"),
        ('{"format": "apollo-persisted-query-manifest", "version": 1}', "list of operations"),
        ("{}", "holds no documents"),
    ],
)
def test_a_manifest_that_cannot_be_trusted_stops_the_start(
    make_client: MakeClient, tmp_path: Path, content: str, why: str
) -> None:
    file = tmp_path / "persisted.json"
    file.write_text(content)

    with pytest.raises(BadSettings, match=why):
        make_client(trusted_documents=str(file))


def test_a_place_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="TALLYGRAPH_TRUSTED_DOCUMENTS: there is no"):
        read_settings(trusted_documents=str(tmp_path / "missing.json"))


def test_nothing_else_is_only_said_where_there_is_something() -> None:
    with pytest.raises(BadSettings, match="ONLY_TRUSTED_DOCUMENTS"):
        read_settings(only_trusted_documents=True)
