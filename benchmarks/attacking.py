"""Attacks: how soon a server answers after each, and what it keeps of it. `crowding.py` has how long others wait.

python -m benchmarks.attacking [ATTACK ...]        all where none is named
"""

import asyncio
import resource
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
import uvloop

from benchmarks.attacks import ATTACKS, SECONDS
from benchmarks.hostile import Ground, asked
from benchmarks.measuring import Client, Server, a_directory, a_server, clients, post, show
from models.rules.ids import type_id
from models.rules.reports import CallReport
from models.rules.words import CallDirection
from server.migrations import migrate
from server.settings import Settings
from tests.books import Clock, TestBooks, test_books

KEY, ATTACKERS_KEY = "benchmark-operator-key-of-32-letters", "attackers"
# The default bounds of rates, which other benchmarks do without; and a proxy, whose word tells who attacks.
BOUNDS = {
    f"TALLYGRAPH_{name.upper()}": str(Settings.model_fields[name].default)
    for name in ("rate_limit_per_key", "rate_limit_per_address")
} | {"TALLYGRAPH_TRUSTED_PROXIES": "127.0.0.1"}
CALLS, BATCH = 20_000, 1_000
WARM_SECONDS = 3.0
# Python gives memory back when it looks for garbage, which a server in peace does seldom.
BACK_WITHIN_SECONDS = 20.0
MOST_MEMORY, MOST_HEALTH_MS = 1.2, 1_000.0


@dataclass
class Outcome:
    attack: str
    answers: str
    health_ms: float
    memory_before: int
    memory_after: int

    @property
    def memory(self) -> float:
        return self.memory_after / self.memory_before

    @property
    def holds(self) -> bool:
        return self.health_ms < MOST_HEALTH_MS and self.memory <= MOST_MEMORY


async def attacked(name: str, url: str, tenant: str, agent: str) -> Outcome:
    settings = {"TALLYGRAPH_DATABASE_URL": url, "TALLYGRAPH_OPERATOR_KEY": KEY, **BOUNDS}
    with a_server("benchmarks.serving_watched", "{port}", **settings) as server:
        async with clients(server.port, 1) as (client,):
            secret = await a_key(client, tenant)
            # What a server keeps in peace is not the attack's: it has seen the same before, for a moment.
            warm = Ground(server.port, secret, tenant, agent, time.monotonic() + WARM_SECONDS)
            await ATTACKS[name](warm)
            before = await settled(server, 0)
            ground = Ground(server.port, secret, tenant, agent, time.monotonic() + SECONDS)
            await ATTACKS[name](ground)
            health = await health_ms(server.port)
            after = await settled(server, int(before * MOST_MEMORY))
    answers = ", ".join(f"{count} x {what}" for what, count in sorted(ground.answers.items()))
    return Outcome(name, answers, health, before, after)


async def health_ms(port: int) -> float:
    began = time.perf_counter()
    async with asyncio.timeout(30), clients(port, 1) as (client,):
        await client.ask(b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return (time.perf_counter() - began) * 1000


async def settled(server: Server, wanted: int) -> int:
    """The memory after a pause: as soon as it is as little as is wanted, or when nothing more is given back."""
    until, memory = time.monotonic() + (BACK_WITHIN_SECONDS if wanted else 2.0), server.memory_bytes()
    while time.monotonic() < until and (not wanted or memory > wanted):
        await asyncio.sleep(0.5)
        memory = server.memory_bytes()
    return memory


async def a_key(client: Client, tenant: str) -> str:
    make = """mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }"""
    body = asked(make, {"input": {"tenantId": tenant, "name": ATTACKERS_KEY, "role": "ADMIN"}})
    answer = orjson.loads(await client.ask(post("/graphql", body, KEY)))
    secret: str = answer["data"]["createApiKey"]["secret"]
    return secret


async def furnished(url: str) -> tuple[str, str]:
    """A tenant with a year of calls."""
    async with test_books(url, Clock(datetime.now(UTC) - timedelta(days=366))) as books:
        tenant = await books.a_tenant(top_up="10000000")
        books.clock.now = datetime.now(UTC)
        for first in range(0, CALLS, BATCH):
            await books.record(tenant, *(a_call(books, tenant, number) for number in range(first, first + BATCH)))
        return type_id("tenant", tenant), type_id("agent", books.agents[tenant])


def a_call(books: TestBooks, tenant: object, number: int) -> CallReport:
    start = books.clock.now - timedelta(minutes=(CALLS - number) * 25)
    agent = books.agents[tenant]  # type: ignore[index]
    return CallReport(agent, f"call-{number}", CallDirection.INBOUND, start, start + timedelta(seconds=61))


def line_of(outcome: Outcome) -> tuple[str, ...]:
    megabytes = f"{outcome.memory_before / 1e6:.0f} -> {outcome.memory_after / 1e6:.0f} MB ({outcome.memory:.2f}x)"
    return outcome.attack, f"{outcome.health_ms:.0f}", megabytes, outcome.answers


async def main(names: list[str]) -> int:
    url = f"sqlite:///{a_directory() / 'books.db'}"
    await migrate(url)
    tenant, agent = await furnished(url)
    outcomes = []
    for name in names:
        outcomes.append(await attacked(name, url, tenant, agent))
        print(" | ".join(line_of(outcomes[-1])), file=sys.stderr, flush=True)
    title: tuple[str, ...] = ("attack", "health after it, ms", "memory", "what came")
    show("Attacks", [title, *(line_of(outcome) for outcome in outcomes)])
    broken = [outcome.attack for outcome in outcomes if not outcome.holds]
    print(f"\nDoes not hold after: {', '.join(broken) or 'none'}.")
    return 1 if broken else 0


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.exit(uvloop.run(main(sys.argv[1:] or list(ATTACKS))))
