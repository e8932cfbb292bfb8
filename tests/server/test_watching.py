"""Watching a ledger: in order, nothing left out, nothing twice, and shown to nobody who may not see it."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.actions.credits import Settlement, settle_top_up
from models.actions.holds import CallWish, authorize_call, release_hold
from models.actions.refunds import RefundWish, refund_usage
from models.actions.spending_rules import set_low_balance_thresholds
from models.actions.watching import standing_at, stretch_until
from models.rules.amounts import MICRO
from models.rules.ids import type_id
from models.rules.viewers import Viewer
from models.rules.words import CallDirection, PoolKind, Role, SubjectKind, TopUpStatus
from models.unit_of_work import utc_now
from resolvers.schema import schema
from resolvers.watching import Feed
from server.asked import Asked
from server.database import open_books
from server.engine import Engine
from server.operations import Operations
from server.rates import Caller
from server.settings import read_settings
from server.watching import sharing, watcher, wires
from tests.books import TestBooks
from tests.server.live_server import BALANCE, Served, Socket, served
from tests.services import PostgresServer

pytestmark = pytest.mark.anyio

STANDING = "seq available settled held overdrawn pools { kind balance }"
ACCOUNT = f"query ($tenant: ID!) {{ tenant(id: $tenant) {{ credits {{ {STANDING} }} }} }}"
TOPPED_UP = """
subscription ($tenant: ID!, $after: BigInt) {
  toppedUp(tenantId: $tenant, after: $after) {
    seq available topUp { credits status settledAt paymentReference failure }
  }
}
"""
LOGGED = """
subscription ($tenant: ID!, $agent: ID, $after: BigInt) {
  callLogged(tenantId: $tenant, agentId: $agent, after: $after) {
    seq at callId call { creditsUsed } creditsUsed creditsAdded remarks balanceAfter
  }
}
"""


@pytest.fixture
async def live(database_url: str) -> AsyncIterator[Served]:
    async with served(database_url) as live:
        yield live


@pytest.fixture
async def quick(sqlite_url: str) -> AsyncIterator[Served]:
    """For what is the same on every database."""
    async with served(sqlite_url) as live:
        yield live


async def busy_days(books: TestBooks, tenant: UUID, count: int = 40) -> None:
    """All that moves credits, in an order of chance: in time and late, beyond what there is, and paid for again."""
    chance, start = random.Random(books.made), books.clock.now
    calls: list[UUID] = []
    for step in range(count):
        books.clock.now = start + timedelta(hours=step)
        match chance.randrange(7):
            case 0:
                await books.top_up(tenant, str(chance.randint(1, 30)))
            case 1:
                pool = chance.choice(list(PoolKind))
                await books.grant(tenant, "5", pool=pool, expires_at=books.clock.now + timedelta(hours=3))
            case 2:
                late = books.clock.now - timedelta(hours=chance.randint(1, 5))
                await books.call(tenant, chance.randint(1, 20), at=late)
            case 3 if await books.available(tenant) > 5 * MICRO:
                wish = CallWish(tenant, books.agents[tenant], f"hold-{step}", CallDirection.INBOUND, 180)
                async with books.books.work() as work:
                    hold = await authorize_call(work, wish)
                if chance.random() < 0.5:
                    async with books.books.work() as work:
                        await release_hold(work, tenant, hold.id)
            case 4 if calls:
                refund = RefundWish(tenant, SubjectKind.CALL, calls.pop(), f"refund-{step}", "Sorry")
                async with books.books.work() as work:
                    await refund_usage(work, refund)
            case _:
                minutes = chance.randint(1, 20)
                calls.append(await books.call(tenant, minutes, at=books.clock.now - timedelta(minutes=minutes)))


async def account(socket: Socket, tenant: str) -> Any:
    return (await socket.ask(ACCOUNT, tenant=tenant))["tenant"]["credits"]


async def changes_until(socket: Socket, seq: int) -> list[Any]:
    """What is pushed until a ledger has come to a seq."""
    pushed = [await socket.balance()]
    while pushed[-1]["seq"] < seq:
        pushed.append(await socket.balance())
    return pushed


def seqs_in(pushed: list[Any]) -> list[int]:
    return [entry["seq"] for push in pushed for entry in push["entries"]]


# ---------------------------------------------------------------- in order, nothing left out, nothing twice


async def test_the_account_is_shown_at_once_and_then_every_change(live: Served) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    socket = await live.socket()
    await socket.watch(id)
    first = await socket.balance()
    await live.books.call(tenant, 3)
    second = await socket.balance()

    assert (first["seq"], first["available"], first["entries"]) == (1, "10", [])
    assert second["entries"] == [{"seq": 2, "kind": "USAGE", "credits": "-3", "balanceAfter": "7"}]
    assert second["available"] == "7"


async def test_a_push_equals_the_query_at_the_same_seq_field_by_field(live: Served) -> None:
    tenant, id = await live.a_tenant(monthly="20", top_up="10")
    watching, asking = await live.socket(), await live.socket()
    await watching.watch(id)
    await watching.balance()
    for _ in range(8):
        await busy_days(live.books, tenant, 1)
        live.books.clock.now += timedelta(hours=1)
        answer = await account(asking, id)
        pushed = (await changes_until(watching, answer["seq"]))[-1]

        assert {name: pushed[name] for name in answer} == answer


async def test_every_past_standing_is_worked_out_from_either_end_of_the_ledger(live: Served) -> None:
    tenant, _ = await live.a_tenant(monthly="20")
    await busy_days(live.books, tenant)
    head = (await live.books.account(tenant)).seq
    async with live.books.books.reading() as reader:
        known = await standing_at(reader, tenant, 0)
        for seq in range(1, head + 1):
            stretch = await stretch_until(reader, tenant, seq - 1, seq, known)
            known = stretch.standing
            assert known == await standing_at(reader, tenant, seq)
            assert known.available == stretch.entries[-1].balance_after
        assert known == await standing_at(reader, tenant, head)


async def test_no_push_ends_between_two_entries_of_one_transaction(
    live: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "MOST_ENTRIES", 4)
    tenant, id = await live.a_tenant(monthly="20")
    await busy_days(live.books, tenant)
    entries = await live.books.rows("entry", "seq", tenant_id=tenant)
    together = {one.seq for one, next in pairwise(entries) if one.recorded_at == next.recorded_at}
    socket = await live.socket()
    await socket.watch(id, after=0)
    pushed = await changes_until(socket, entries[-1].seq)

    assert together
    assert together.isdisjoint(push["seq"] for push in pushed)
    assert all(float(pool["balance"]) >= 0 for push in pushed for pool in push["pools"])


async def test_any_seq_of_the_past_can_be_resumed_from(live: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "MOST_ENTRIES", 7)
    tenant, id = await live.a_tenant(monthly="20")
    await busy_days(live.books, tenant)
    socket = await live.socket()
    now = await account(socket, id)
    for after in (0, 1, now["seq"] // 2, now["seq"] - 1):
        await socket.watch(id, after=after, id="resumed")
        pushed = [await socket.balance("resumed")]
        while pushed[-1]["seq"] < now["seq"]:
            pushed.append(await socket.balance("resumed"))
        await socket.send("complete", id="resumed")

        assert seqs_in(pushed) == list(range(after + 1, now["seq"] + 1))
        assert max(len(push["entries"]) for push in pushed) <= 7
        assert {name: pushed[-1][name] for name in now} == now


async def test_who_resumes_from_the_end_sees_only_what_comes(live: Served) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    socket = await live.socket()
    await socket.watch(id, after=1)
    await live.books.call(tenant)

    assert seqs_in([await socket.balance()]) == [2]


@pytest.mark.parametrize("after", [-1, 2, 10**15])
async def test_a_seq_that_the_ledger_has_not_reached_is_refused(quick: Served, after: int) -> None:
    _, id = await quick.a_tenant(top_up="10")
    socket = await quick.socket()
    await socket.watch(id, after=after)
    message = await socket.receive()

    assert message["type"] == "error"
    assert message["payload"][0]["extensions"] == {"code": "INVALID", "path": ["after"]}


async def test_a_change_without_a_bell_is_found(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "LOOK_SECONDS", 0.1)
    async with served(database_url) as live:
        tenant, id = await live.a_tenant(top_up="10")
        socket = await live.socket()
        await socket.watch(id)
        await socket.balance()
        silent = open_books(database_url, clock=live.books.clock)
        await TestBooks(silent, live.books.clock, agents=live.books.agents).call(tenant)
        await silent.close()

        assert seqs_in([await socket.balance()]) == [2]


async def test_what_becomes_due_is_settled_on_time_and_pushed(database_url: str) -> None:
    async with served(database_url, clock=utc_now) as live:
        tenant, id = await live.a_tenant(top_up="10")
        socket = await live.socket()
        await socket.watch(id)
        await socket.balance()
        ends_at = utc_now() + timedelta(seconds=0.5)
        await live.books.grant(tenant, "5", expires_at=ends_at)
        assert (await socket.balance())["available"] == "15"
        ended = await socket.balance()

        assert [entry["kind"] for entry in ended["entries"]] == ["EXPIRY"]
        assert ended["available"] == "10"
        assert timedelta(0) <= utc_now() - ends_at < timedelta(seconds=1)


async def test_what_was_due_is_settled_before_the_account_is_first_shown(live: Served) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    await live.books.grant(tenant, "5", expires_at=live.books.clock.now + timedelta(hours=1))
    live.books.clock.now += timedelta(hours=2)
    socket = await live.socket()
    await socket.watch(id)

    assert (await socket.balance())["available"] == "10"


async def test_watching_goes_on_after_all_connections_to_the_database_broke(postgres_url: str) -> None:
    async with served(postgres_url) as live:
        tenant, id = await live.a_tenant(top_up="100")
        socket = await live.socket()
        await socket.watch(id)
        await socket.balance()
        breaking = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        others = open_books(postgres_url)
        async with others.writes.open() as session:
            await session.rows(text(f"{breaking} AND pid <> pg_backend_pid()"), None)
        await TestBooks(others, live.books.clock, agents=live.books.agents).call(tenant)
        await others.close()

        async with asyncio.timeout(5):
            assert seqs_in([await socket.balance()]) == [2]


async def test_watchers_that_vanish_and_resume_miss_nothing(live: Served) -> None:
    """The small form of benchmarks/watching.py --storm."""
    tenant, id = await live.a_tenant(top_up="1000")
    changes, watchers, chance = 60, 8, random.Random(11)

    async def change() -> None:
        for _ in range(changes):
            await live.books.call(tenant)
            await asyncio.sleep(0.002)

    async def watch() -> list[int]:
        seen: list[int] = []
        while not seen or seen[-1] < changes + 1:
            socket = await live.socket()
            await socket.watch(id, after=seen[-1] if seen else 0)
            for _ in range(chance.randint(1, 6)):
                if not seen or seen[-1] < changes + 1:
                    seen += seqs_in([await socket.balance()])
            # Without a word, as when the network goes away.
            socket.connection.transport.abort()
        return seen

    async with asyncio.timeout(30):
        _, *seen = await asyncio.gather(change(), *(watch() for _ in range(watchers)))

    assert seen == [list(range(1, changes + 2))] * watchers


# ---------------------------------------------------------------- top-ups and the log


async def test_every_step_of_a_top_up_is_shown_as_it_was_then(live: Served) -> None:
    tenant, id = await live.a_tenant()
    socket = await live.socket()
    await socket.subscribe(TOPPED_UP, variables={"tenant": id})
    await live.followed()
    paid, failed = [await live.books.top_up(tenant, "5", settled=False) for _ in range(2)]
    for top_up, outcome, failure in ((paid, TopUpStatus.SETTLED, None), (failed, TopUpStatus.FAILED, "No money")):
        async with live.books.books.work() as work:
            await settle_top_up(work, Settlement(tenant, top_up, outcome, failure=failure))
    steps = [(await socket.next())["toppedUp"] for _ in range(4)]
    await socket.subscribe(TOPPED_UP, "again", variables={"tenant": id, "after": 2})
    again = [(await socket.next("again"))["toppedUp"] for _ in range(2)]

    seen = [(step["seq"], step["topUp"]["status"], step["topUp"]["failure"], step["available"]) for step in steps]
    assert seen == [
        (1, "PENDING", None, "0"),
        (2, "PENDING", None, "0"),
        (3, "SETTLED", None, "5"),
        (4, "FAILED", "No money", "5"),
    ]
    assert [step["topUp"]["settledAt"] is not None for step in steps] == [False, False, True, False]
    assert again == steps[2:]


async def test_a_correction_of_what_a_top_up_paid_is_no_step_of_it(live: Served) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    await live.books.call(tenant, 2)
    await live.books.call(tenant, 30, at=live.books.clock.now - timedelta(hours=5))
    entries = await live.books.rows("entry", "seq", tenant_id=tenant)
    socket = await live.socket()
    await socket.subscribe(TOPPED_UP, variables={"tenant": id, "after": 0})
    await socket.next()
    await live.books.top_up(tenant, "1")

    assert len(entries) > 3
    assert (await socket.next())["toppedUp"]["topUp"]["credits"] == "1"


async def test_new_rows_of_the_log_are_those_that_its_first_page_shows(live: Served) -> None:
    tenant, id = await live.a_tenant()
    socket = await live.socket()
    await socket.subscribe(LOGGED, variables={"tenant": id})
    await live.followed()
    await live.books.top_up(tenant, "10", remarks="Thank you")
    await live.books.call(tenant, 2, remarks="Hello")
    await live.books.call(tenant, 0)
    pushed = [(await socket.next())["callLogged"] for _ in range(3)]
    log = """query ($tenant: ID!) { tenant(id: $tenant) { callLog { rows {
        seq at callId call { creditsUsed } creditsUsed creditsAdded remarks balanceAfter } } } }"""
    asked = (await socket.ask(log, tenant=id))["tenant"]["callLog"]["rows"]

    assert sorted(pushed, key=lambda row: row["seq"]) == sorted(asked, key=lambda row: row["seq"])
    assert [row["seq"] for row in pushed] == [1, 2, 3]


async def test_the_log_of_one_agent_shows_only_its_calls(live: Served) -> None:
    tenant, id = await live.a_tenant()
    bob = await live.books.an_agent(tenant)
    socket = await live.socket()
    await socket.subscribe(LOGGED, variables={"tenant": id, "agent": type_id("agent", bob), "after": 0})
    await live.books.top_up(tenant, "10")
    await live.books.call(tenant)
    await live.books.call(tenant, agent_id=bob)

    assert (await socket.next())["callLogged"]["seq"] == 3


async def test_the_log_of_an_unknown_agent_is_not_found(quick: Served) -> None:
    _, id = await quick.a_tenant()
    socket = await quick.socket()
    await socket.subscribe(LOGGED, variables={"tenant": id, "agent": type_id("agent", UUID(int=7))})

    assert (await socket.receive())["payload"][0]["extensions"]["code"] == "NOT_FOUND"


# ---------------------------------------------------------------- alerts

ALERTS = """
subscription ($tenant: ID!, $after: BigInt) {
  alertRaised(tenantId: $tenant, after: $after) { seq kind message credits }
}
"""


async def test_alerts_are_pushed_as_they_are_raised_and_resumed_by_numbers_of_their_own(live: Served) -> None:
    tenant, id = await live.a_tenant(top_up="10")
    socket = await live.socket()
    async with live.books.books.work() as work:
        await set_low_balance_thresholds(work, tenant, [8 * MICRO, 5 * MICRO])
    await socket.subscribe(ALERTS, variables={"tenant": id})
    await live.followed()
    await live.books.call(tenant, 3)
    first = (await socket.next())["alertRaised"]
    await live.books.call(tenant, 3)
    second = (await socket.next())["alertRaised"]
    await socket.subscribe(ALERTS, "again", variables={"tenant": id, "after": 1})
    again = (await socket.next("again"))["alertRaised"]
    await socket.subscribe(ALERTS, "ahead", variables={"tenant": id, "after": 3})

    assert [(alert["seq"], alert["kind"], alert["credits"]) for alert in (first, second)] == [
        (1, "LOW_BALANCE", "8"),
        (2, "LOW_BALANCE", "5"),
    ]
    assert again == second
    assert (await socket.receive())["payload"][0]["extensions"]["code"] == "INVALID"


# ---------------------------------------------------------------- shared execution


async def executions(live: Served, kind: str) -> float:
    async with httpx2.AsyncClient() as client:
        lines = (await client.get(f"{live.url}/metrics")).text.splitlines()
    name = f'tallygraph_watch_executions_total{{kind="{kind}"}}'
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


async def test_a_change_is_run_once_for_each_distinct_operation(quick: Served) -> None:
    tenant, id = await quick.a_tenant(top_up="10")
    distinct = [BALANCE, BALANCE.replace("settled", ""), TOPPED_UP]
    sockets = [await quick.socket() for _ in range(7)]
    for socket in sockets:
        for number, query in enumerate(distinct):
            await socket.subscribe(query, str(number), variables={"tenant": id, "after": 1})
    _, admins = await quick.a_key(Role.ADMIN, tenant)
    for socket in [await quick.socket(admins), await quick.socket(admins)]:
        await socket.watch(id, after=1)
        sockets.append(socket)
    for socket in sockets:
        await socket.ask("{ viewer { role } }")
    await quick.books.call(tenant)
    for socket in sockets[-2:]:
        assert seqs_in([await socket.balance()]) == [2]
    for socket in sockets[:-2]:
        assert {(await socket.receive())["id"] for _ in range(2)} == {"0", "1"}

    # One for each of the two documents that tell of a call, and one for those with other rights.
    assert await executions(quick, "change") == 3
    await quick.books.top_up(tenant, "1")
    for socket in sockets:
        await socket.receive()
    assert await executions(quick, "change") == 3 + 4


async def test_a_snapshot_is_made_once_for_all_who_come_between_two_changes(quick: Served) -> None:
    _, id = await quick.a_tenant(top_up="10")
    for _ in range(5):
        socket = await quick.socket()
        await socket.watch(id)
        await socket.balance()

    assert await executions(quick, "snapshot") == 1


async def test_who_has_caught_up_shares_with_those_who_came_another_way(quick: Served) -> None:
    tenant, id = await quick.a_tenant(top_up="10")
    for _ in range(3):
        await quick.books.call(tenant)
    sockets = [await quick.socket() for _ in range(4)]
    for after, socket in enumerate(sockets):
        await socket.watch(id, after=after)
        assert (await changes_until(socket, 4))[-1]["seq"] == 4
    await quick.books.call(tenant)
    for socket in sockets:
        assert seqs_in([await socket.balance()]) == [5]

    assert await executions(quick, "change") == 1


TENANTS = [UUID(int=1), UUID(int=2)]
VIEWERS = [Viewer(Role.OPERATOR), *(Viewer(Role.ADMIN, tenant, "key", UUID(int=9)) for tenant in TENANTS)]
wishes = st.tuples(
    st.sampled_from(VIEWERS),
    st.sampled_from(TENANTS),
    st.sampled_from([BALANCE, BALANCE.replace("$after", "$since"), "#\n" + BALANCE]),
    st.sampled_from([{}, {"after": 1}, {"after": 2}, {"since": 1}, {"more": True}, {"more": 1}]),
)


def sameness_of(wish: tuple[Viewer, UUID, str, dict[str, Any]]) -> tuple[object, ...]:
    viewer, tenant, query, more = wish
    asked = Asked(query, {"tenant": str(tenant), **more})
    operation = asyncio.run(OPERATIONS.prepare(asked, Caller("key", None)))
    return sharing.sameness(operation, Feed(tenant, None, lambda _: []), viewer)


OPERATIONS = Operations(Engine(schema, read_settings(), lambda *_: None), read_settings())


@given(wishes, wishes)
def test_only_those_with_the_same_rights_who_ask_the_same_of_the_same_tenant_share(
    one: tuple[Viewer, UUID, str, dict[str, Any]], other: tuple[Viewer, UUID, str, dict[str, Any]]
) -> None:
    def rights_and_wish(wish: tuple[Viewer, UUID, str, dict[str, Any]]) -> tuple[object, ...]:
        viewer, tenant, query, more = wish
        begins_with = "since" if "$since" in query else "after"
        rest = {name: (type(value), value) for name, value in more.items() if name != begins_with}
        return viewer.role, viewer.tenant_id, tenant, query, rest

    assert (sameness_of(one) == sameness_of(other)) == (rights_and_wish(one) == rights_and_wish(other))


async def test_two_tenants_never_see_each_others_pushes(quick: Served) -> None:
    query = "subscription ($tenant: ID!) { balanceChanged(tenantId: $tenant) { available entries { remarks } } }"
    seen: dict[str, set[str]] = {}
    tenants = [await quick.a_tenant(top_up="1000") for _ in range(2)]
    sockets = []
    for tenant, id in tenants:
        for role, of in ((Role.OPERATOR, None), (Role.ADMIN, tenant)):
            _, key = await quick.a_key(role, of)
            socket = await quick.socket(key)
            await socket.subscribe(query, variables={"tenant": id})
            await socket.next()
            sockets.append((id, socket))
    for _ in range(10):
        for tenant, id in tenants:
            await quick.books.call(tenant, remarks=id)
    for id, socket in sockets:
        count = 0
        while count < 10:
            entries = (await socket.next())["balanceChanged"]["entries"]
            count += len(entries)
            seen.setdefault(id, set()).update(entry["remarks"] for entry in entries)

    assert seen == {id: {id} for _, id in tenants}


# ---------------------------------------------------------------- clients that do not read


async def test_who_does_not_read_is_given_merged_changes_and_memory_stays_bounded(
    quick: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, id = await quick.a_tenant(top_up="100000")
    slow = await quick.socket()
    long = BALANCE.replace("seq kind", "remarks agent { name } seq kind")
    await slow.subscribe(long, variables={"tenant": id})
    await slow.next()
    protocol = next(p for p in quick.server.server_state.connections if isinstance(p, wires.SocketProtocol))
    assert protocol.wire is not None
    slow.connection.transport.pause_reading()
    count = 0
    while protocol.wire.is_free:
        count += 1
        await quick.books.call(tenant, 1, remarks="x" * 500)
        protocol.transport.set_write_buffer_limits(high=2_000)
        protocol.pause_writing() if count > 20 else None
    for _ in range(30):
        await quick.books.call(tenant, 1, remarks="x" * 500)
    held = protocol.transport.get_write_buffer_size()
    protocol.resume_writing()
    slow.connection.transport.resume_reading()
    pushes: list[Any] = []
    while not pushes or pushes[-1]["entries"][-1]["seq"] < count + 31:
        pushes.append(await slow.balance())

    assert held < 70_000
    assert seqs_in(pushes) == list(range(2, count + 32))
    assert max(len(push["entries"]) for push in pushes) >= 30


async def test_who_does_not_read_for_too_long_is_closed_and_resumes(
    quick: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wires, "SLOW_SECONDS", 0.1)
    tenant, id = await quick.a_tenant(top_up="10")
    slow = await quick.socket()
    await slow.watch(id)
    await slow.balance()
    protocol = next(p for p in quick.server.server_state.connections if isinstance(p, wires.SocketProtocol))
    protocol.pause_writing()
    await quick.books.call(tenant)

    assert await slow.closed() == (1013, "The client does not read what it is sent")
    protocol.resume_writing()
    again = await quick.socket()
    await again.watch(id, after=1)
    assert seqs_in([await again.balance()]) == [2]


# ---------------------------------------------------------------- outages


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL to restart and to freeze."""
    server = PostgresServer()
    server.start()
    yield server
    server.stop()


async def test_pushes_go_on_after_postgresql_was_restarted_and_after_it_was_frozen(
    own_postgres: PostgresServer,
) -> None:
    url = own_postgres.make_database()
    async with served(url, broadcast_url=url, clock=utc_now) as live:
        tenant, id = await live.a_tenant(top_up="100")
        socket = await live.socket()
        await socket.watch(id)
        await socket.balance()

        await asyncio.to_thread(own_postgres.restart)
        await called(live.books, tenant)
        async with asyncio.timeout(5):
            assert seqs_in([await socket.balance()]) == [2]

        with own_postgres.frozen():
            calling = asyncio.create_task(called(live.books, tenant))
            await asyncio.sleep(3)
        async with asyncio.timeout(5):
            assert seqs_in([await socket.balance()]) == [3]
        await calling


async def called(books: TestBooks, tenant: UUID) -> None:
    """Record a call, as often as it takes: a caller sends it again under its key."""
    while True:
        try:
            await books.call(tenant, at=utc_now(), key=f"call-after-{books.made}")
        except (DBAPIError, OSError):
            books.made -= 1
            await asyncio.sleep(0.1)
        else:
            return
