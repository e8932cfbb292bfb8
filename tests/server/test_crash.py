"""Many clients record at once, with duplicates among what they send, and the server is killed in the middle."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from models.actions.verification import verify
from models.rules.ids import parse_type_id
from models.tables.base import metadata
from server.database import open_books
from tests.server.real_server import RealServer, ask

CLIENTS = 64
CALLS_OF_EACH = 12

MAKE_PLAN = """mutation { createPlan(input: {name: "Base", monthlyCredits: "100", firstSeconds: 60, nextSeconds: 60,
    rates: [{activity: CALL, unit: MINUTE, credits: "1"}]}) { plan { id } errors { message } } }"""
MAKE_TENANT = """mutation($plan: ID!) { createTenant(input: {name: "Acme", planId: $plan}) {
    tenant { id } errors { message } } }"""
MAKE_AGENT = """mutation($tenant: ID!) { createAgent(input: {tenantId: $tenant, name: "Ada", channel: VOICE}) {
    agent { id } errors { message } } }"""
RECORD = """mutation($input: CallInput!) { recordCall(input: $input) { call { id } errors { code message } } }"""


@pytest.fixture
def server(database_url: str) -> Iterator[RealServer]:
    server = RealServer(database_url)
    server.start()
    yield server
    server.stop()


async def a_tenant_with_an_agent(server: RealServer) -> tuple[str, str]:
    async with server.client() as client:
        plan = (await ask(client, MAKE_PLAN))["createPlan"]["plan"]["id"]
        tenant = (await ask(client, MAKE_TENANT, plan=plan))["createTenant"]["tenant"]["id"]
        agent = (await ask(client, MAKE_AGENT, tenant=tenant))["createAgent"]["agent"]["id"]
    return tenant, agent


def a_call(agent: str, key: str) -> dict[str, Any]:
    start = datetime.now(UTC) - timedelta(seconds=90)
    end = start + timedelta(seconds=61)
    return {
        "agentId": agent,
        "key": key,
        "direction": "INBOUND",
        "startedAt": start.isoformat(),
        "endedAt": end.isoformat(),
    }


async def record_again_and_again(server: RealServer, calls: list[dict[str, Any]], answered: dict[str, str]) -> None:
    """Send calls in order, each until it is answered, as a back end that does not give up."""
    async with server.client() as client:
        for call in calls:
            while True:
                try:
                    data = await ask(client, RECORD, input=call)
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
                    continue
                assert data["recordCall"]["errors"] == []
                id = data["recordCall"]["call"]["id"]
                assert answered.setdefault(call["key"], id) == id
                break


async def test_what_was_acknowledged_is_there_exactly_once_though_the_server_was_killed(
    server: RealServer, database_url: str
) -> None:
    tenant, agent = await a_tenant_with_an_agent(server)
    # Every key is sent by two clients.
    calls = [[a_call(agent, f"{client // 2}-{n}") for n in range(CALLS_OF_EACH)] for client in range(CLIENTS)]
    for pair in range(0, CLIENTS, 2):
        calls[pair + 1] = calls[pair]
    answered: dict[str, str] = {}

    async def kill_twice() -> None:
        for part in (4, 2):
            while len(answered) < CLIENTS // 2 * CALLS_OF_EACH // part:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)

    await asyncio.gather(kill_twice(), *(record_again_and_again(server, sent, answered) for sent in calls))
    server.kill()

    books = open_books(database_url)
    try:
        async with books.reading(long=True) as reader:
            stored = await reader.all(metadata.tables["call"].select())
            entries = await reader.all(metadata.tables["entry"].select().order_by("seq"))
            proof = await verify(reader, parse_type_id(tenant)[1])
    finally:
        await books.close()
    assert len(answered) == CLIENTS // 2 * CALLS_OF_EACH
    assert Counter(row.external_id for row in stored) == Counter(dict.fromkeys(answered, 1))
    assert {row.external_id: row.id for row in stored} == {key: parse_type_id(id)[1] for key, id in answered.items()}
    assert [row.seq for row in entries] == list(range(1, len(entries) + 1))
    assert proof.problems == []
