"""One round of chaos: clients and watchers work on a deployment while it is struck, and then all is counted."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx2

from tests.chaos.clients import Acknowledged, Client
from tests.chaos.deeds import MAKE_AGENT, MAKE_KEY, MAKE_PLAN, MAKE_TENANT, Author, Tenant
from tests.chaos.deployment import OPERATOR_KEY, Deployment
from tests.chaos.judging import Verdict, judge
from tests.chaos.strikes import CRASH, RESTART, Striker, strikes
from tests.chaos.watchers import Watcher

TENANTS = 2
WATCHERS_OF_EACH = 2
CATCH_UP_SECONDS = 30.0

Told = Callable[[str, Acknowledged], None]
"""Hears of each strike, and of what was acknowledged until then."""


@dataclass(frozen=True)
class Extent:
    """How much of it there is."""

    kills: int
    others: int
    clients: int = 16


async def run_round(deployment: Deployment, extent: Extent, seed: int, told: Told = lambda *_: None) -> Verdict:
    began = time.monotonic()
    rng = Random(f"{seed} {deployment.name}")
    urls = [server.url for server in deployment.servers]
    tenants = [await a_tenant(urls[0]) for _ in range(TENANTS)]
    done, over = Acknowledged(), asyncio.Event()
    authors = [Author(tenants[n % TENANTS], f"client-{n}", Random(rng.random())) for n in range(extent.clients)]
    watchers = [Watcher(urls, tenant, Random(rng.random())) for tenant in tenants for _ in range(WATCHERS_OF_EACH)]
    striker = Striker(deployment, done, rng)

    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(watcher.watch()) for watcher in watchers]
        working = [group.create_task(Client(urls, author, done).work(over)) for author in authors]
        for how in strikes(deployment, extent.kills, extent.others, rng):
            await striker.strike(how)
            told(how, done)
        over.set()
        await asyncio.gather(*working)
        problems = await caught_up(urls, watchers)
        for task in watching:
            task.cancel()
    for server in deployment.servers:
        server.stop()

    if done.masked and not striker.struck[CRASH] + striker.struck[RESTART]:
        problems.append(f"{done.masked} answers were INTERNAL, though the database was well all the time.")
    verdict = Verdict(deployment.name, seed, striker.struck, done, watchers=watchers, problems=problems)
    await judge(verdict, deployment.database_url, [tenant.id for tenant in tenants])
    verdict.seconds = time.monotonic() - began
    return verdict


async def caught_up(urls: Sequence[str], watchers: Sequence[Watcher]) -> list[str]:
    """Wait until every watcher has seen all there is; what it did not see."""
    problems = []
    async with httpx2.AsyncClient(base_url=urls[0], timeout=10) as client:
        for watcher in watchers:
            query = "query($id: ID!) { tenant(id: $id) { credits { seq } } }"
            answer = await ask(client, query, id=watcher.tenant_id)
            seq = int(answer["tenant"]["credits"]["seq"])
            try:
                async with asyncio.timeout(CATCH_UP_SECONDS):
                    await watcher.reaches(seq)
            except TimeoutError:
                problems.append(f"A watcher saw {watcher.last_seq} of {seq} entries.")
    return problems


async def a_tenant(url: str) -> Tenant:
    async with httpx2.AsyncClient(base_url=url, timeout=20) as client:
        plan = (await ask(client, MAKE_PLAN))["createPlan"]["plan"]["id"]
        tenant = (await ask(client, MAKE_TENANT, plan=plan))["createTenant"]["tenant"]["id"]
        agent = (await ask(client, MAKE_AGENT, tenant=tenant))["createAgent"]["agent"]["id"]
        keys = [await ask(client, MAKE_KEY, tenant=tenant, role=role) for role in ("ADMIN", "RECORDER")]
    admin, recorder = (key["createApiKey"]["secret"] for key in keys)
    return Tenant(tenant, agent, OPERATOR_KEY, admin, recorder)


async def ask(client: httpx2.AsyncClient, query: str, **variables: Any) -> Any:
    """The data of an answer that must have no errors."""
    headers = {"authorization": f"Bearer {OPERATOR_KEY}"}
    answer = (await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)).json()
    assert "errors" not in answer, answer
    return answer["data"]
