"""The call log is cut into pages of ten, and any page is found without reading those before it."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from models.rules.ids import type_id
from models.rules.reports import CallReport
from models.rules.words import CallDirection, Role
from tests.api.running import Api, uuid_of

pytestmark = pytest.mark.anyio

ROW = "seq at callId creditsUsed creditsAdded remarks balanceAfter"
PAGE = f"""
    rows {{ {ROW} }} page pageCount totalRows hasPreviousPage hasNextPage
    summary {{ totalCalls availableCredits creditsUsed creditsAdded }}
"""
MARCH_29 = datetime(2026, 3, 29, tzinfo=UTC)


async def call_log(api: Api, tenant: str, arguments: str = "", fields: str = PAGE) -> Any:
    document = f"query ($id: ID!) {{ tenant(id: $id) {{ callLog{arguments} {{ {fields} }} }} }}"
    return (await api.ask(document, id=tenant))["tenant"]["callLog"]


async def record_calls(
    api: Api, tenant: str, agent: str, calls: list[tuple[datetime, int]], member: str | None = None
) -> None:
    """Calls of so many seconds, for a member if one is named."""
    reports = []
    for start, seconds in calls:
        api.made += 1
        end = start + timedelta(seconds=seconds)
        call = CallReport(uuid_of(agent), f"call-{api.made}", CallDirection.INBOUND, start, end)
        reports.append(call._replace(member_id=uuid_of(member)) if member else call)
        api.books.clock.now = max(api.books.clock.now, end)
    await api.books.record(uuid_of(tenant), *reports)


async def test_a_row_says_what_it_is(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100"})
    agent = await api.an_agent(tenant)
    api.books.clock.now += timedelta(hours=1)
    call = await api.books.call(uuid_of(tenant), 2, agent_id=uuid_of(agent))
    api.books.clock.now += timedelta(hours=1)
    refund = {"subjectId": type_id("call", call), "key": "refund", "remarks": "A bad line"}
    assert (await api.change("refundUsage", refund))["errors"] == []
    api.books.clock.now += timedelta(hours=1)
    await api.books.top_up(uuid_of(tenant), "20")

    rows = (await call_log(api, tenant, fields="rows { kind }"))["rows"]
    assert [row["kind"] for row in rows] == ["TOP_UP", "REFUND", "USAGE", "GRANT"]


async def test_a_row_is_a_call_or_credits_that_were_added(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100"})
    agent = await api.an_agent(tenant)
    api.books.clock.now += timedelta(hours=1)
    await api.books.call(uuid_of(tenant), 2, agent_id=uuid_of(agent), remarks="Wrong number")
    api.books.clock.now += timedelta(hours=1)
    await api.books.top_up(uuid_of(tenant), "20", remarks="Invoice 7")
    await api.books.top_up(uuid_of(tenant), "5", settled=False)

    seen = await call_log(api, tenant)

    call = (await api.ask("query ($id: ID!) { tenant(id: $id) { calls { nodes { id } } } }", id=tenant))["tenant"]
    assert seen == {
        "rows": [
            {
                "seq": 3,
                "at": "2026-03-10T14:00:00Z",
                "callId": None,
                "creditsUsed": "0",
                "creditsAdded": "20",
                "remarks": "Invoice 7",
                "balanceAfter": "118",
            },
            {
                "seq": 2,
                "at": "2026-03-10T13:00:00Z",
                "callId": call["calls"]["nodes"][0]["id"],
                "creditsUsed": "2",
                "creditsAdded": "0",
                "remarks": "Wrong number",
                "balanceAfter": "98",
            },
            {
                "seq": 1,
                "at": "2026-03-10T00:00:00Z",
                "callId": None,
                "creditsUsed": "0",
                "creditsAdded": "100",
                "remarks": "Credits granted",
                "balanceAfter": "100",
            },
        ],
        "page": 1,
        "pageCount": 1,
        "totalRows": 3,
        "hasPreviousPage": False,
        "hasNextPage": False,
        "summary": {"totalCalls": 1, "availableCredits": "118", "creditsUsed": "2", "creditsAdded": "120"},
    }


async def test_the_call_of_a_row_shows_all_that_a_call_shows(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100"})
    agent = await api.an_agent(tenant)
    await record_calls(api, tenant, agent, [(api.books.clock.now, 61)])
    fields = (
        "rows { callId call { id billedSeconds agent { id } charge { allocations { grant { source } credits } } } }"
    )

    rows = (await call_log(api, tenant, fields=fields))["rows"]

    assert rows[0]["call"] == {
        "id": rows[0]["callId"],
        "billedSeconds": 120,
        "agent": {"id": agent},
        "charge": {"allocations": [{"grant": {"source": "PLAN"}, "credits": "2"}]},
    }
    assert rows[1] == {"callId": None, "call": None}


async def test_all_pages_together_are_the_whole_log_in_its_order(api: Api) -> None:
    # Around a night in which clocks are set forward, many calls within one hour and at the same moment.
    tenant = await api.a_tenant({"monthlyCredits": "9"}, timeZone="Europe/Berlin", billingAnchor="2026-03-01T00:00:00Z")
    agent, other = await api.an_agent(tenant), await api.an_agent(tenant)
    chance = random.Random(5)
    starts = [MARCH_29 + timedelta(minutes=chance.choice([0, 0, 10, 61, 130, 1439, -1, -70, -2000])) for _ in range(64)]
    for _ in range(4):
        calls = [(starts.pop(), chance.randrange(0, 200)) for _ in range(16)]
        await record_calls(api, tenant, agent if len(starts) > 30 else other, calls)
        await api.books.top_up(uuid_of(tenant), "1")
    entries = await api.books.rows("entry", tenant_id=uuid_of(tenant))
    balances = {row.seq: row.balance_after for row in entries}
    stored = {row.id: row for row in await api.books.rows("call", tenant_id=uuid_of(tenant))}
    logged = sorted((row for row in entries if row.in_log), key=lambda row: (row.occurred_at, row.seq), reverse=True)
    assert len(logged) == 64 + 4 + 1

    for arguments, wanted in (
        ("", logged),
        ('range: {days: {from: "2026-03-29", to: "2026-03-29"}}', [r for r in logged if is_berlin_march_29(r)]),
    ):
        rows: list[Any] = []
        for page in range(1, 9):
            seen = await call_log(api, tenant, f"(page: {page}, {arguments})")
            assert (seen["page"], seen["totalRows"], seen["pageCount"]) == (page, len(wanted), -(-len(wanted) // 10))
            assert seen["hasNextPage"] == (page < seen["pageCount"])
            assert seen["hasPreviousPage"] == (page > 1)
            rows += seen["rows"]
        calls = [stored[r.subject_id] for r in wanted if r.kind == "USAGE"]
        assert [r["callId"] for r in rows] == [
            type_id("call", r.subject_id) if r.kind == "USAGE" else None for r in wanted
        ]
        assert [int(float(r["balanceAfter"]) * 1_000_000) for r in rows] == [
            balances[stored[r.subject_id].last_seq if r.kind == "USAGE" else r.seq] for r in wanted
        ]
        assert seen["summary"]["totalCalls"] == len(calls)
        assert sum(float(r["creditsUsed"]) for r in rows) == float(seen["summary"]["creditsUsed"])
        assert sum(float(r["creditsAdded"]) for r in rows) == float(seen["summary"]["creditsAdded"])


def is_berlin_march_29(row: Any) -> bool:
    # The day lasts 23 hours, from 23:00 to 22:00 in UTC.
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)
    at: datetime = row.occurred_at
    return start <= at < start + timedelta(hours=23)


async def test_of_one_agent_only_its_calls_are_shown(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100"})
    agent, other = await api.an_agent(tenant), await api.an_agent(tenant)
    now = api.books.clock.now
    calls = [(now + timedelta(minutes=7 * number), 60) for number in range(23)]
    await record_calls(api, tenant, agent, calls)
    await record_calls(api, tenant, other, calls[:3])

    pages = [await call_log(api, tenant, f'(page: {page}, agentId: "{agent}")') for page in (1, 2, 3, 4)]

    assert [len(page["rows"]) for page in pages] == [10, 10, 3, 0]
    starts = [row["at"] for page in pages for row in page["rows"]]
    assert len(starts) == len(set(starts)) == 23
    assert starts == sorted(starts, reverse=True)
    assert {(page["totalRows"], page["pageCount"]) for page in pages} == {(23, 3)}
    assert pages[0]["summary"] == {
        "totalCalls": 23,
        "availableCredits": "74",
        "creditsUsed": "23",
        "creditsAdded": "0",
    }
    assert all(row["callId"] and row["creditsAdded"] == "0" for page in pages for row in page["rows"])
    idle = await api.an_agent(tenant)
    assert (await call_log(api, tenant, f'(agentId: "{idle}")'))["rows"] == []


async def test_the_log_of_a_member_and_of_an_agent_narrow_each_other(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "1000"}, timeZone="Europe/Berlin")
    agents = [await api.an_agent(tenant) for _ in range(2)]
    members = [await api.a_member(tenant, email=f"{name}@acme.example") for name in "ab"]
    start, owners = api.books.clock.now, [(agent, member) for agent in agents for member in (*members, None)]
    for number, (agent, member) in enumerate(owners):
        calls = [(start + timedelta(minutes=47 * at), 60 * (1 + number)) for at in range(11 + number)]
        await record_calls(api, tenant, agent, calls, member)
    first = (await call_log(api, tenant, f'(page: 2, agentId: "{agents[0]}", memberId: "{members[0]}")'))["rows"][0]
    refund = {"subjectId": first["callId"], "key": "refund", "credits": "0.25", "remarks": "A bad line"}
    assert (await api.change("refundUsage", refund))["errors"] == []
    stored = await api.books.rows("call", tenant_id=uuid_of(tenant))

    some_of_each = product((None, *agents), (None, *members))
    for of_agent, of_member in [(agent, member) for agent, member in some_of_each if agent or member]:
        wanted = [
            row
            for row in sorted(stored, key=lambda row: (row.started_at, row.id), reverse=True)
            if of_agent in (None, type_id("agent", row.agent_id))
            and of_member in (None, row.member_id and type_id("member", row.member_id))
        ]
        named = [f'{name}: "{id}"' for name, id in (("agentId", of_agent), ("memberId", of_member)) if id]
        rows: list[Any] = []
        for page in range(1, -(-len(wanted) // 10) + 2):
            seen = await call_log(api, tenant, f"(page: {page}, {', '.join(named)})")
            assert (seen["totalRows"], seen["summary"]["totalCalls"]) == (len(wanted), len(wanted))
            rows += seen["rows"]
        assert [row["callId"] for row in rows] == [type_id("call", row.id) for row in wanted]
        used = sum(Decimal(row["creditsUsed"]) for row in rows)
        assert Decimal(seen["summary"]["creditsUsed"]) == used
        assert used == Decimal(sum(row.credits - row.refunded for row in wanted)) / 1_000_000
    await api.books.must_be_whole(uuid_of(tenant))


async def test_of_a_member_without_calls_nothing_is_shown(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "10"})
    agent, member = await api.an_agent(tenant), await api.a_member(tenant)
    await record_calls(api, tenant, agent, [(api.books.clock.now, 60)])

    seen = await call_log(api, tenant, f'(memberId: "{member}")')

    assert (seen["rows"], seen["totalRows"], seen["summary"]["creditsAdded"]) == ([], 0, "0")
    assert seen["summary"]["availableCredits"] == "9"


async def test_a_late_call_corrects_the_balances_of_calls_that_came_after_it(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "10"})
    agent, now = await api.an_agent(tenant), api.books.clock.now
    # Its end lies between the calls, so what happened first must be paid first.
    await api.books.grant(uuid_of(tenant), "5", effective_at=now, expires_at=now + timedelta(hours=1), priority=1)
    await record_calls(api, tenant, agent, [(now + timedelta(hours=2), 180)])
    await record_calls(api, tenant, agent, [(now + timedelta(minutes=1), 300)])

    seen = await call_log(api, tenant)

    assert [(row["creditsUsed"], row["creditsAdded"]) for row in seen["rows"]] == [
        ("3", "0"),
        ("5", "0"),
        ("0", "5"),
        ("0", "10"),
    ]
    assert seen["summary"]["availableCredits"] == "7"


async def test_a_page_past_the_end_is_empty(api: Api) -> None:
    tenant = await api.a_tenant()
    empty = await call_log(api, tenant)
    last = await call_log(api, tenant, "(page: 2147483647)")

    assert (empty["rows"], empty["pageCount"], empty["totalRows"], empty["hasNextPage"]) == ([], 0, 0, False)
    assert (last["rows"], last["page"], last["hasPreviousPage"]) == ([], 2147483647, True)
    assert empty["summary"] == {"totalCalls": 0, "availableCredits": "0", "creditsUsed": "0", "creditsAdded": "0"}


async def test_whoever_looks_at_the_log_after_a_boundary_sees_its_credits(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "10"})
    api.books.clock.now += timedelta(days=40)

    seen = await call_log(api, tenant)

    assert [row["creditsAdded"] for row in seen["rows"]] == ["10", "10"]
    assert seen["summary"]["availableCredits"] == "10"


LOGS_THAT_CANNOT_BE = [
    ("(page: 0)", "INVALID", ["page"]),
    ("(page: -2147483648)", "INVALID", ["page"]),
    ('(agentId: "nonsense")', "INVALID", ["agentId"]),
    ('(agentId: "agent_01jd0000000000000000000000")', "NOT_FOUND", ["agentId"]),
    ('(agentId: "opening_01jd0000000000000000000000")', "NOT_FOUND", ["agentId"]),
    ('(memberId: "member_01jd0000000000000000000000")', "NOT_FOUND", ["memberId"]),
    ('(memberId: "agent_01jd0000000000000000000000")', "NOT_FOUND", ["memberId"]),
    ('(range: {days: {from: "2026-03-11", to: "2026-03-10"}})', "INVALID", ["range", "days", "to"]),
]


async def test_a_log_that_cannot_be_is_an_error_with_its_argument(api: Api) -> None:
    tenant = await api.a_tenant()
    for arguments, code, path in LOGS_THAT_CANNOT_BE:
        document = f"query ($id: ID!) {{ tenant(id: $id) {{ callLog{arguments} {{ page }} }} }}"
        answer = await api.run(document, id=tenant)
        assert [error["extensions"] for error in answer.errors] == [{"code": code, "path": path}]


async def test_another_tenants_agent_is_not_found_in_the_log(api: Api) -> None:
    tenant, other = await api.a_tenant(), await api.a_tenant()
    agent = await api.an_agent(other)
    await record_calls(api, other, agent, [(api.books.clock.now, 60)])
    document = "query ($id: ID!, $agent: ID!) { tenant(id: $id) { callLog(agentId: $agent) { totalRows } } }"

    for viewer in (api, api.seen_by(Role.ADMIN, tenant)):
        assert (await viewer.run(document, id=tenant, agent=agent)).codes == ["NOT_FOUND"]


async def test_the_log_is_for_those_who_read_the_books(api: Api) -> None:
    tenant = await api.a_tenant()
    document = "query ($id: ID!) { tenant(id: $id) { callLog { totalRows } } }"

    for role in (Role.MEMBER, Role.RECORDER):
        assert (await api.seen_by(role, tenant).run(document, id=tenant)).codes == ["FORBIDDEN"]
