"""How much may be asked for over time: by key and by address, the same for requests, sockets and streams."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from graphql import get_introspection_query, parse, validate
from redis.asyncio import Redis

from resolvers.limits import DocumentLimits, Limits
from resolvers.schema import schema
from server.documents import Aside
from server.rate_sharing import RateSharing, sharing_of
from server.rates import Caller, Rates, TooMuchAsked
from server.settings import read_settings
from tests.server.callers import Watch
from tests.server.conftest import GRAPHQL_JSON, Lines, MakeClient, codes
from tests.server.live_server import OPERATOR, Served, served, until
from tests.services import RedisServer

ANN = Caller("ann", "192.0.2.1")
HALF = "{ things(first: 100) { nodes { thing { name } } } }"

RECORD_CALL = """mutation ($input: CallInput!) { recordCall(input: $input) {
  call { id billedSeconds creditsUsed charge { lines { explanation } allocations { credits } } }
  errors { code message path } } }"""
RECORD_USAGE = """mutation ($tenant: ID!, $events: [UsageEventInput!]!) {
  recordUsage(tenantId: $tenant, events: $events) {
    accepted duplicates refused { index } errors { code message path } } }"""


def points_of(document: str, **variables: Any) -> int:
    assert validate(schema._schema, parse(document)) == []
    checked = DocumentLimits(parse(document), Limits()).check(variables, None)
    assert checked.errors == []
    return 1 + checked.work


def taken(rates: Rates, caller: Caller, points: int) -> bool:
    try:
        rates.take(caller, points)
    except TooMuchAsked:
        return False
    return True


# ------------------------------------------------------------------ points


def test_a_busy_recorder_is_not_held_up() -> None:
    watch = Watch()
    rates = Rates(read_settings(), watch.ticks)
    single, bulk = points_of(RECORD_CALL), points_of(RECORD_USAGE, events=[{}] * 1_000)

    for second in range(20):
        for tenth in range(10):
            watch.seconds = second + tenth / 10
            for _ in range(100):
                rates.take(ANN, single)
            rates.take(ANN, bulk)


def test_who_always_asks_for_as_much_as_is_allowed_is_slowed() -> None:
    watch, granted = Watch(), 0
    rates = Rates(read_settings(), watch.ticks)
    for hundredth in range(6_000):
        watch.seconds = hundredth / 100
        granted += taken(rates, ANN, 5_001)

    assert granted < 5 * 60


def test_points_come_back_as_time_passes_and_are_saved_up_for_a_while() -> None:
    watch = Watch()
    rates = Rates(read_settings(rate_limit_per_key=10, rate_limit_seconds=3), watch.ticks)
    assert [taken(rates, ANN, 10) for _ in range(4)] == [True, True, True, False]
    watch.seconds = 1
    assert [taken(rates, ANN, 10) for _ in range(2)] == [True, False]
    watch.seconds = 1_000
    assert [taken(rates, ANN, 10) for _ in range(4)] == [True, True, True, False]


def test_what_is_refused_takes_nothing() -> None:
    rates = Rates(read_settings(rate_limit_per_key=10, rate_limit_seconds=1), Watch().ticks)
    rates.take(ANN, 5)

    assert [taken(rates, ANN, points) for points in (6, 6, 5)] == [False, False, True]


def test_an_operation_that_takes_more_than_can_be_saved_up_needs_all_of_it() -> None:
    watch = Watch()
    rates = Rates(read_settings(rate_limit_per_key=10, rate_limit_seconds=1), watch.ticks)
    assert [taken(rates, ANN, 40) for _ in range(2)] == [True, False]
    watch.seconds = 3.9
    assert not taken(rates, ANN, 40)
    watch.seconds = 4
    assert taken(rates, ANN, 40)


def test_keys_have_points_of_their_own_but_share_those_of_their_address() -> None:
    rates = Rates(read_settings(rate_limit_per_key=10, rate_limit_per_address=15, rate_limit_seconds=1), Watch().ticks)
    bob_beside, bob_elsewhere = Caller("bob", "192.0.2.1"), Caller("bob", "192.0.2.2")

    assert [taken(rates, who, 10) for who in (ANN, bob_beside, bob_elsewhere)] == [True, False, True]


def test_the_addresses_of_one_line_share_its_points() -> None:
    rates = Rates(read_settings(rate_limit_per_address=10, rate_limit_seconds=1), Watch().ticks)
    callers = [
        Caller("ann", "2001:db8:1:2::1"),
        Caller("bob", "2001:db8:1:2:ffff::9"),
        Caller("eve", "2001:db8:1:3::1"),
    ]

    assert [taken(rates, caller, 10) for caller in callers] == [True, False, True]


def test_zero_sets_no_limit() -> None:
    rates = Rates(read_settings(rate_limit_per_key=0, rate_limit_per_address=0), Watch().ticks)

    assert all(taken(rates, ANN, 10**9) for _ in range(100))
    assert rates.headers(ANN) == {}


def test_a_key_is_one_however_its_header_is_written() -> None:
    headers = ["Bearer ann", "bearer ann", "BEARER   ann", " Bearer ann "]

    assert {Caller.of(header, None) for header in headers} == {Caller("ann", None)}


def test_so_many_keys_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.rates.MOST_REMEMBERED", 2)
    rates = Rates(read_settings(rate_limit_per_key=10, rate_limit_seconds=1), Watch().ticks)
    for key in ("ann", "bob", "ann", "eve"):
        taken(rates, Caller(key, None), 6)

    assert [taken(rates, Caller(key, None), 6) for key in ("ann", "bob")] == [False, True]


# ------------------------------------------------------------------ over HTTP


def test_an_answer_says_what_is_left(make_client: MakeClient) -> None:
    client = make_client(rate_limit_per_key=100, rate_limit_seconds=10)
    first, second = (client.post("/graphql", json={"query": "{ hello }"}) for _ in range(2))

    assert first.headers["ratelimit-policy"] == '"key";q=1000;w=10;qu="points"'
    policy, left, full = second.headers["ratelimit"].split(";")
    assert policy == '"key"'
    assert 0 < int(left.removeprefix("r=")) < 1_000
    assert 0 < int(full.removeprefix("t=")) <= 10


def test_who_asks_for_too_much_is_told_to_wait_and_others_are_not(make_client: MakeClient) -> None:
    client = make_client(rate_limit_per_key=100, rate_limit_seconds=10)
    answers = [client.post("/graphql", json={"query": HALF}, headers={"accept": GRAPHQL_JSON}) for _ in range(10)]
    other = client.post("/graphql", json={"query": HALF}, headers={"authorization": "Bearer tenant-key"})

    assert (answers[0].status_code, answers[-1].status_code, other.status_code) == (200, 429, 200)
    refused = answers[-1]
    assert codes(refused) == ["LIMIT_REACHED"]
    assert refused.json()["errors"][0]["extensions"]["retryAfter"] == int(refused.headers["retry-after"]) > 0
    assert refused.headers["ratelimit"].startswith('"key";r=')


def test_documents_that_nobody_sent_before_take_points_even_if_they_are_wrong(make_client: MakeClient) -> None:
    client = make_client(rate_limit_per_key=100, rate_limit_seconds=10)
    wrong = ("{ " + " ".join(f"nope{number}x{field}" for field in range(400)) + " }" for number in range(50))
    statuses = {client.post("/graphql", json={"query": query}).status_code for query in wrong}

    assert statuses == {200, 429}


def test_asking_for_the_schema_again_and_again_is_slowed(make_client: MakeClient) -> None:
    client = make_client(rate_limit_per_key=1_000, rate_limit_seconds=10)
    statuses = [client.post("/graphql", json={"query": get_introspection_query()}).status_code for _ in range(20)]

    assert (statuses[0], statuses[-1]) == (200, 429)


def test_pages_of_allowed_sites_may_read_what_is_left(make_client: MakeClient) -> None:
    client = make_client(allowed_origins="https://app.example")
    answer = client.post("/graphql", json={"query": "{ hello }"}, headers={"origin": "https://app.example"})

    assert {"ratelimit", "retry-after"} <= set(answer.headers["access-control-expose-headers"].lower().split(", "))


@pytest.mark.anyio
async def test_work_is_paid_for_even_if_its_client_leaves_and_is_not_begun_for_nobody() -> None:
    aside, begun, go_on = Aside(), threading.Event(), threading.Event()
    spent: list[float] = []

    def slow() -> bool:
        begun.set()
        return go_on.wait(10)

    first = asyncio.create_task(aside.run(slow, spent.append))
    await until(begun.is_set)
    second = asyncio.create_task(aside.run(lambda: pytest.fail("was begun"), spent.append))
    await asyncio.sleep(0)
    for task in (first, second):
        task.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    go_on.set()
    await until(lambda: len(spent) == 1)

    assert await aside.run(lambda: "next", spent.append) == "next"
    aside.close()


# ------------------------------------------------------------------ over sockets and streams


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[Served]:
    url = f"sqlite:///{tmp_path / 'books.db'}"
    async with served(url, rate_limit_per_key=500, rate_limit_seconds=10) as live:
        yield live


TENANTS = "{ tenants(first: 100) { nodes { agents(first: 7) { nodes { id } } } } }"
WHO = "{ viewer { role } }"


@pytest.mark.anyio
async def test_over_a_socket_only_the_operation_that_is_too_much_fails(slow: Served) -> None:
    _, tenant = await slow.a_tenant()
    socket = await slow.socket()
    await socket.watch(tenant, id="goes on")
    await socket.balance("goes on")
    messages = []
    for number in range(30):
        await socket.subscribe(TENANTS, f"{number}")
        messages.append(await socket.receive())
        if messages[-1]["type"] == "error":
            break
        assert (await socket.receive())["type"] == "complete"

    error = messages[-1]["payload"][0]
    assert messages[0]["type"] == "next"
    assert (error["extensions"]["code"], error["extensions"]["retryAfter"] > 0) == ("LIMIT_REACHED", True)
    await socket.send("ping")
    assert await socket.receive() == {"type": "pong"}


@pytest.mark.anyio
async def test_requests_sockets_and_streams_take_from_the_same_points(slow: Served) -> None:
    socket = await slow.socket()
    for number in range(30):
        await socket.subscribe(TENANTS, f"{number}")
        if (await socket.receive())["type"] == "error":
            break
        await socket.receive()

    async with httpx2.AsyncClient(base_url=slow.url, headers={"authorization": OPERATOR}) as client:
        plain = await client.post("/graphql", json={"query": TENANTS})
        stream = await client.post("/graphql", json={"query": TENANTS}, headers={"accept": "text/event-stream"})
    assert (plain.status_code, stream.status_code) == (429, 429)


@pytest.mark.anyio
async def test_a_stream_says_what_is_left(slow: Served) -> None:
    async with httpx2.AsyncClient(base_url=slow.url, headers={"authorization": OPERATOR}) as client:
        stream = await client.post("/graphql", json={"query": WHO}, headers={"accept": "text/event-stream"})

    assert stream.headers["ratelimit"].startswith('"key";r=')


# ------------------------------------------------------------------ several processes


@pytest.mark.anyio
async def test_what_one_process_gives_is_missing_in_the_others(redis_url: str) -> None:
    settings = read_settings(rate_limit_per_key=100, rate_limit_per_address=0, rate_limit_seconds=10)
    here, there = Rates(settings, Watch().ticks), Rates(settings, Watch().ticks)
    sharing = [RateSharing(redis_url, "pepper", [rates.keys], now=lambda: 0) for rates in (here, there)]
    caller = Caller(f"key of {redis_url}", None)
    here.take(caller, 600)
    there.take(caller, 300)
    for _ in range(2):
        for one in sharing:
            await one.tell()
        here.take(caller, 10)
        there.take(caller, 10)
    for one in sharing:
        await one.close()

    assert [taken(rates, caller, 100) for rates in (here, there)] == [False, False]


@pytest.mark.parametrize("url", ["redis://host", "rediss://user:secret@host/2", "redis://[::1]:6380?db=1"])
def test_every_address_of_a_redis_is_understood(url: str) -> None:
    settings = read_settings(broadcast_url=url)

    assert sharing_of(Rates(settings), settings) is not None


@pytest.mark.anyio
async def test_neither_keys_nor_addresses_stand_in_redis(redis_url: str) -> None:
    rates = Rates(read_settings(), Watch().ticks)
    sharing = RateSharing(redis_url, "", [rates.keys, rates.addresses])
    rates.take(Caller("a-secret-key", "192.0.2.77"), 90_000)
    await sharing.tell()
    async with Redis.from_url(redis_url) as redis:
        kept: list[Any] = await redis.keys("*")
    await sharing.close()

    names = [name.decode() for name in kept]
    assert any(name.startswith("tallygraph:rates:key:") for name in names)
    assert not any("secret" in name or "192.0.2" in name for name in names)


@pytest.mark.anyio
async def test_without_redis_each_process_counts_for_itself_and_says_so_once(
    redis_server: RedisServer, log_lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.rate_sharing.SHARE_SECONDS", 0.01)
    rates = Rates(read_settings(rate_limit_per_key=100, rate_limit_per_address=0, rate_limit_seconds=10), Watch().ticks)
    sharing = RateSharing(redis_server.url, "", [rates.keys])
    redis_server.kill()
    sharing.open()
    rates.take(ANN, 500)
    await until(lambda: any("counts for itself" in line["event"] for line in log_lines))
    rates.take(ANN, 500)
    await until(lambda: not rates.keys.busy)
    assert not taken(rates, ANN, 100)
    redis_server.start()
    rates.keys.busy.update(rates.keys._buckets.values())
    await until(lambda: any("shared again" in line["event"] for line in log_lines))
    await sharing.close()

    assert [line["event"].startswith("rates not shared") for line in log_lines].count(True) == 1
