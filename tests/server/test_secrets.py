"""Neither logs nor metrics hold a secret, or what people wrote: whatever is sent, and however much is logged."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import jwt
import orjson
import pytest
from sqlalchemy.exc import IntegrityError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from server.tracebacks import reason_of, traceback_of
from tests.server.real_server import RealServer

pytestmark = pytest.mark.anyio

# Stands in everything that must not be found again, whatever it stands in.
MARK = "xyzzy"
OPERATOR = f"operator-{MARK}-key-of-the-tests"
JWT_SECRET = f"jwt-{MARK}-secret-of-the-tests-32-bytes"
EMAIL = f"ann.{MARK}@example.com"
PERSON = f"Ann {MARK.title()}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    secrets = {"operator_key": OPERATOR, "jwt_secret": JWT_SECRET, "key_pepper": f"pepper-{MARK}"}
    server = RealServer(f"sqlite:///{tmp_path / 'books.db'}", log_level="DEBUG", **secrets)
    server.log = tmp_path / "log"
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def client(server: RealServer) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": f"Bearer {OPERATOR}"}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=20) as client:
        yield client


async def ask(client: httpx2.AsyncClient, query: str, **variables: object) -> Any:
    return (await client.post("/graphql", json={"query": query, "variables": variables})).json()


async def a_busy_day(client: httpx2.AsyncClient) -> tuple[str, str]:
    """People and what they said are written down, looked for and deleted. A tenant's id, and a key of its."""
    plan = (
        "mutation ($input: PlanInput!) { createPlan(input: $input) { plan { id } errors { message } } }",
        {"name": f"Plan {MARK}", "monthlyCredits": "100", "firstSeconds": 60, "nextSeconds": 60, "rates": []},
    )
    plan_id = (await ask(client, plan[0], input=plan[1]))["data"]["createPlan"]["plan"]["id"]
    made = await ask(
        client,
        "mutation ($input: CreateTenantInput!) { createTenant(input: $input) { tenant { id } errors { message } } }",
        input={"name": f"Acme {MARK}", "planId": plan_id, "externalId": f"acme-{MARK}"},
    )
    tenant = made["data"]["createTenant"]["tenant"]["id"]
    asked = [
        (
            "mutation ($input: AddMemberInput!) { addMember(input: $input) { member { id } errors { message } } }",
            {"input": {"tenantId": tenant, "name": PERSON, "email": EMAIL}},
        ),
        (
            "query ($id: ID!, $text: String) { tenant(id: $id) { members(search: $text) { nodes { name } } } }",
            {"id": tenant, "text": EMAIL},
        ),
        (f'{{ tenants(search: "{PERSON}") {{ nodes {{ name }} }} }}', {}),
        (f'{{ tenants(search: "{PERSON}") {{ nodes {{ {MARK} }} }} }}', {}),
        (f"query ($id: ID!) {{ tenant(id: $id) {{ name }} # {EMAIL}\n }}", {"id": {"name": PERSON}}),
        (
            "mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) { grant { id } errors { message } } }",
            {"input": {"tenantId": tenant, "key": f"grant-{MARK}", "credits": "5", "remarks": f"For {PERSON}"}},
        ),
        (
            "mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) { grant { id } errors { message } } }",
            {"input": {"tenantId": tenant, "key": f"grant-{MARK}", "credits": "6", "remarks": f"For {PERSON}"}},
        ),
        (
            "mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) { grant { id } errors { message } } }",
            {"input": {"tenantId": f"tenant_{MARK}", "key": "x", "credits": f"{MARK}"}},
        ),
        (f'{{ node(id: "agent_{MARK}") {{ id }} }}', {}),
        (f"{{ {MARK}{MARK}", {}),
    ]
    for query, variables in asked:
        await ask(client, query, **variables)
    key = await ask(
        client,
        "mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret errors { message } } }",
        input={"tenantId": tenant, "name": f"Key of {PERSON}", "role": "ADMIN"},
    )
    return tenant, key["data"]["createApiKey"]["secret"]


async def strangers(client: httpx2.AsyncClient, tenant: str) -> str:
    """Keys, tokens and addresses that count, and others that do not. A token."""
    token = jwt.encode(
        {"tenant": tenant, "role": "ADMIN", "sub": EMAIL, "exp": datetime.now(UTC) + timedelta(hours=1)}, JWT_SECRET
    )
    for secret in (token, token[:-4], f"tg_{MARK * 8}xyz", f"{MARK} {MARK}"):
        await client.post(
            "/graphql", json={"query": "{ viewer { role } }"}, headers={"authorization": f"Bearer {secret}"}
        )
    for path in (f"/{EMAIL}", f"/exports/{MARK}.csv?sig={MARK}", f"/assets/{MARK}.js", f"/graphql?query={MARK}"):
        await client.get(path)
    await client.request(MARK.upper(), "/graphql")
    await client.post("/graphql", content=f'{{"query": "{MARK}'.encode(), headers={"content-type": "application/json"})
    await client.post("/graphql", content=b"x", headers={"content-type": MARK, "x-other": EMAIL})
    await client.get("/health/live", headers={"host": f"{MARK}.example", "origin": f"https://{MARK}.example"})
    return token


async def sockets(server: RealServer, *secrets: str) -> None:
    for secret in (*secrets, MARK):
        address = f"ws://127.0.0.1:{server.port}/graphql"
        async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            payload = {"authorization": f"Bearer {secret}", "email": EMAIL}
            search = {"query": "query ($t: String) { tenants(search: $t) { totalCount } }", "variables": {"t": PERSON}}
            messages = [
                {"type": "connection_init", "payload": payload},
                {"type": "subscribe", "id": f"{MARK}-1", "payload": search},
                {"type": "subscribe", "id": f"{MARK}-2", "payload": {"query": f"{{ {MARK} }}"}},
                {"type": MARK},
            ]
            with suppress(ConnectionClosed):
                for message in messages:
                    await socket.send(orjson.dumps(message).decode())
                async with asyncio.timeout(5):
                    while True:
                        await socket.recv()


async def test_no_secret_and_no_word_of_a_person_is_found_in_logs_or_metrics(
    server: RealServer, client: httpx2.AsyncClient
) -> None:
    tenant, key = await a_busy_day(client)
    token = await strangers(client, tenant)
    await sockets(server, OPERATOR, key, token)
    metrics = (await client.get("/metrics")).text
    server.stop()
    assert server.log is not None
    log = server.log.read_text()

    assert log.count('"event":"request"') > 20
    assert "socket closed" in log
    assert "tallygraph_requests_total" in metrics
    for secret in (MARK, MARK.title(), MARK.upper(), key, key[3:], token, token.split(".")[2]):
        assert [line for line in (log + metrics).splitlines() if secret in line] == []


# ------------------------------------------------------------------ failures


def failure(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as raised:
        return raised


@pytest.mark.parametrize(
    "error",
    [
        ValueError(f"invalid literal: '{MARK}'"),
        KeyError(MARK),
        IntegrityError("INSERT INTO member", {"name": MARK}, Exception(f"Key (email)=({EMAIL}) already exists.")),
        RuntimeError(f"Bearer {MARK} was refused, tg_{MARK * 8}, {EMAIL}"),
        OSError(f"postgresql://me:{MARK}@db/name"),
        ExceptionGroup("several", [ValueError(MARK), KeyError(MARK)]),
        TypeError(f"password={MARK}"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failure_tells_where_it_happened_and_not_with_what(error: Exception) -> None:
    shown = traceback_of(failure(error)) + reason_of(error)

    assert MARK not in shown
    assert type(error).__name__ in shown
    assert "test_secrets.py" in shown


def test_the_causes_of_a_failure_are_told_too() -> None:
    try:
        try:
            int(MARK)
        except ValueError as cause:
            raise RuntimeError("The size could not be read.") from cause
    except RuntimeError as error:
        shown = traceback_of(error)

    assert shown.index("ValueError") < shown.index("RuntimeError: The size could not be read.")
    assert MARK not in shown.replace("int(MARK)", "")


def test_slips_of_ours_keep_their_words() -> None:
    assert "'NoneType' object has no attribute 'id'" in traceback_of(
        failure(AttributeError("'NoneType' object has no attribute 'id'"))
    )
