"""The server that everything is thrown at: a real one, in a process of its own, with books that hold something."""

import asyncio
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
from graphql import GraphQLSchema
from hypothesis import HealthCheck, settings

from resolvers.schema import schema
from server.migrations import migrate
from tests.chaos.deployment import Server, as_a_user_starts_it

# `make fuzz` says how many; else few, and the same ones in every run.
EXAMPLES = int(os.environ.get("TALLYGRAPH_TEST_FUZZ_EXAMPLES", "0"))
# Among many tests at once it is only asked that it answers.
ANSWERS_WITHIN_SECONDS = 1.0 if EXAMPLES else 30.0
BACK_WITHIN_SECONDS = 10.0
MOST_MEMORY_MORE = 100_000_000
SECRETS = {"operator_key": "the-operator-key-of-the-fuzz-0123456789", "key_pepper": "a-pepper-of-the-fuzz-0123456789"}
SETTINGS = {"request_seconds": 1, "log_level": "INFO", "rate_limit_per_key": 0, "rate_limit_per_address": 0}
# Wrong keys make an address wait, and everything here comes from one: these get their own, through a proxy's word.
TRUSTED = {"trusted_proxies": "127.0.0.1"}

GRAPH: GraphQLSchema = schema._schema

LEAKS = re.compile(
    rb"Traceback|File \\?\"|\.py\b|sqlalchemy|sqlite3|aiosqlite|asyncpg|pysqlite|OperationalError|IntegrityError"
    rb"|SELECT .{1,200} FROM|INSERT INTO|UPDATE .{1,80} SET|site-packages|"
    + b"|".join(re.escape(secret.encode()) for secret in SECRETS.values()),
    re.DOTALL,
)


def examples(count: int) -> settings:
    """How many examples a test takes: so many in short, or what `make fuzz` says."""
    return settings(
        max_examples=EXAMPLES or count,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


@dataclass
class Target:
    """The server, the keys of each role, and ids of things that are there."""

    server: Server
    log: Path
    secrets: dict[str, str] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    tenant: str = ""

    @cached_property
    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.server.url, timeout=20)

    def post(self, body: Mapping[str, Any], role: str = "OPERATOR") -> httpx2.Response:
        return self.client.post("/graphql", json=body, headers={"authorization": f"Bearer {self.secrets[role]}"})

    def ask(self, query: str, **variables: Any) -> Any:
        answer = self.post({"query": query, "variables": variables}).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def must_answer_well(self, status: int, body: bytes) -> None:
        """No failure of ours, and nothing of what is inside."""
        assert status < 500, body[:2000]
        assert b'"INTERNAL"' not in body, body[:2000]
        assert not (found := LEAKS.search(body)), (found, body[:2000])

    def must_be_well(self) -> None:
        """It answers within a second, and logged no failure."""
        began = time.monotonic()
        answer = httpx2.get(f"{self.server.url}/health/ready", timeout=30)
        assert answer.status_code == 200
        assert time.monotonic() - began < ANSWERS_WITHIN_SECONDS
        text = self.log.read_text(errors="replace")
        failures = [line for line in text.splitlines() if "Traceback" in line or '"level":"error"' in line]
        assert not failures, failures[0][:6000]
        assert not any(secret in text for secret in (*SECRETS.values(), *self.secrets.values())), "A secret is logged."

    # ------------------------------------------------------------ what it holds on to

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.server.pid}/fd"))

    def memory_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.server.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    @contextmanager
    def unburdened(self) -> Iterator[None]:
        """What is done to it leaves no connection open, and no more memory than a few caches take."""
        files, memory = self.open_files(), self.memory_bytes()
        yield
        self.client.close()
        del self.client
        until = time.monotonic() + BACK_WITHIN_SECONDS
        # Readers of the database stay open once they were needed.
        while self.open_files() > files + 25:
            assert time.monotonic() < until, f"{self.open_files()} files are open, before there were {files}."
            time.sleep(0.1)
        assert self.memory_bytes() - memory < MOST_MEMORY_MORE
        self.must_be_well()


@contextmanager
def a_target(folder: Path) -> Iterator[Target]:
    url, log = f"sqlite:///{folder / 'books.db'}", folder / "server.log"
    asyncio.run(migrate(url))
    server = Server(as_a_user_starts_it, {"database_url": url, **SECRETS, **SETTINGS, **TRUSTED}, log)
    server.start()
    target = Target(server, log, {"OPERATOR": SECRETS["operator_key"]})
    try:
        furnish(target)
        yield target
    finally:
        target.client.close()
        server.end()


def furnish(target: Target) -> None:
    """A tenant with a bit of everything, and a key of each role."""
    rates = '[{activity: CALL, unit: MINUTE, credits: "1"}, {activity: INTERVIEW, unit: INTERVIEW, credits: "1"}]'
    plan = target.ask(
        f"""mutation {{ createPlan(input: {{name: "Base", monthlyCredits: "100", firstSeconds: 60, nextSeconds: 60,
            rates: {rates}}}) {{ plan {{ id }} }} }}"""
    )["createPlan"]["plan"]["id"]
    target.tenant = target.ask(
        'mutation($plan: ID!) { createTenant(input: {name: "Acme", planId: $plan}) { tenant { id } } }', plan=plan
    )["createTenant"]["tenant"]["id"]
    for role in ("ADMIN", "MEMBER", "RECORDER"):
        made = target.ask(
            """mutation($tenant: ID!, $role: Role!) { createApiKey(input: {tenantId: $tenant, name: "A", role: $role}) {
                secret apiKey { id } } }""",
            tenant=target.tenant,
            role=role,
        )["createApiKey"]
        target.secrets[role] = made["secret"]
    target.ids += [plan, target.tenant]
    target.ids += list(_things(target))


def _things(target: Target) -> Iterator[str]:
    tenant, now = target.tenant, datetime.now(UTC)
    one = "mutation($tenant: ID!) {{ made: {}(input: {{tenantId: $tenant, {}}}) {{ {} {{ id }} }} }}"
    agent: str = target.ask(one.format("createAgent", 'name: "A", channel: VOICE', "agent"), tenant=tenant)["made"][
        "agent"
    ]["id"]
    yield agent
    for field_, input, kind in (
        ("createOpening", 'jobTitle: "Baker"', "opening"),
        ("addMember", 'name: "Eve", email: "eve@example.com"', "member"),
        ("topUp", 'key: "t", credits: "9", settled: false', "topUp"),
        ("grantCredits", 'key: "g", credits: "9"', "grant"),
    ):
        yield target.ask(one.format(field_, input, kind), tenant=tenant)["made"][kind]["id"]
    for number in range(20):
        call = {"agentId": agent, "key": f"call-{number}", "direction": "INBOUND"}
        call |= {"startedAt": (now - timedelta(hours=number + 1)).isoformat()}
        call |= {"endedAt": (now - timedelta(hours=number)).isoformat()}
        record = "mutation($input: CallInput!) { recordCall(input: $input) { call { id } } }"
        yield target.ask(record, input=call)["recordCall"]["call"]["id"]
