"""The clients that people use, against a running server; and the audits of those who write the specification."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import orjson
import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport
from graphql import parse, validate

from resolvers.schema import schema
from server.trusted_documents import read_documents
from tests.clients.running import HERE, MODULES, ROOT, run
from tests.server.live_server import OPERATOR, OPERATOR_KEY, Served, served

pytestmark = pytest.mark.anyio

TENANT = "query ($id: ID!) { tenant(id: $id) { id } }"
BALANCE = "subscription ($tenant: ID!) { balanceChanged(tenantId: $tenant) { seq available } }"
# How many checks each client has: one that is left out is noticed.
CHECKS = {"audit": 61, "graphql_ws": 5, "apollo": 5, "urql": 5}


@dataclass
class Books:
    """A running server and a tenant in it."""

    live: Served
    id: UUID
    tenant: str
    """Its id as the graph shows it."""

    @property
    def url(self) -> str:
        return f"{self.live.url}/graphql"


@pytest.fixture(scope="module")
async def books(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Books]:
    async with served(f"sqlite:///{tmp_path_factory.mktemp('clients') / 'books.db'}") as live:
        yield Books(live, *await live.a_tenant(top_up="10"))


@pytest.fixture(scope="module")
async def outcomes(books: Books) -> list[dict[str, Any]]:
    """What every check of every client came to. One process runs them all."""
    printed = await run("run.js", books.url, OPERATOR_KEY, books.tenant, *CHECKS)
    return [orjson.loads(line) for line in printed.splitlines()]


@pytest.mark.parametrize("client", CHECKS)
async def test_a_client_gets_what_it_expects(outcomes: list[dict[str, Any]], client: str) -> None:
    checks = [outcome for outcome in outcomes if outcome["client"] == client]

    assert [f"{check['name']}: {check['error']}" for check in checks if check["error"]] == []
    assert len(checks) == CHECKS[client]


async def test_relay_compiles_a_page_that_is_refetched_and_its_queries_are_answered(
    books: Books, tmp_path: Path
) -> None:
    shutil.copytree(HERE / "relay", tmp_path, dirs_exist_ok=True)
    shutil.copy(ROOT / "schema.graphql", tmp_path)
    await run(MODULES / "relay-compiler" / "cli.js", cwd=tmp_path)
    # What the compiler persists is what a server trusts.
    documents = read_documents(tmp_path / "persisted.json")
    page = next(hash for hash, text in documents.items() if "query AgentsPageQuery" in text)

    assert len(documents) == 4
    assert [validate(schema._schema, parse(text)) for text in documents.values()] == [[]] * 4
    trusted: dict[str, Any] = {"trusted_documents": str(tmp_path / "persisted.json"), "only_trusted_documents": True}
    async with served(f"sqlite:///{tmp_path / 'books.db'}", **trusted) as strict:
        _, id = await strict.a_tenant()
        async with httpx2.AsyncClient(base_url=strict.url, headers={"authorization": OPERATOR}) as client:
            answer = await client.post("/graphql", json={"documentId": page, "variables": {"id": id, "count": 1}})

    assert answer.json()["data"]["node"]["agents"]["edges"][0]["node"]["__typename"] == "Agent"


async def test_codegen_makes_strict_types_and_a_typed_client_runs(books: Books, tmp_path: Path) -> None:
    folder = tmp_path / "typed"
    shutil.copytree(HERE / "typed", folder)
    (folder / "node_modules").symlink_to(MODULES)
    (folder / "package.json").write_text('{"type": "module"}')
    await run("generate.js", ROOT / "schema.graphql", "operations.graphql", cwd=folder)
    await run(MODULES / "typescript" / "bin" / "tsc", "-p", ".", cwd=folder)
    printed = await run("client.js", books.url, OPERATOR_KEY, books.tenant, cwd=folder)

    said = orjson.loads(printed)
    assert (said["role"], said["refused"], set(said["pools"])) == ("OPERATOR", [], {"PLAN", "TOP_UP"})


async def test_the_schema_is_one_that_a_linter_likes() -> None:
    await run(MODULES / "eslint" / "bin" / "eslint.js", "-c", HERE / "eslint.config.js", "schema.graphql", cwd=ROOT)


# ------------------------------------------------------------------ Python's gql


async def test_gql_asks_over_http_and_checks_its_queries_against_the_schema(books: Books) -> None:
    transport = HTTPXAsyncTransport(books.url, headers={"authorization": OPERATOR})
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        answer = await session.execute(GraphQLRequest(TENANT, variable_values={"id": books.tenant}))
        with pytest.raises(TransportQueryError) as refused:
            await session.execute(gql("{ tenants(first: -1) { totalCount } }"))

    assert answer == {"tenant": {"id": books.tenant}}
    assert refused.value.errors is not None
    assert refused.value.errors[0]["extensions"]["code"] == "INVALID"


async def test_gql_follows_a_subscription(books: Books) -> None:
    transport = WebsocketsTransport(
        books.url.replace("http", "ws"),
        init_payload={"authorization": OPERATOR},
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
    )
    async with Client(transport=transport) as session:
        balances = session.subscribe(GraphQLRequest(BALANCE, variable_values={"tenant": books.tenant}))
        first = await anext(balances)
        await books.live.books.call(books.id)
        second = await anext(balances)
        await balances.aclose()

    assert int(second["balanceChanged"]["seq"]) == int(first["balanceChanged"]["seq"]) + 1
