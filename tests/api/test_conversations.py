"""Calls and messages, as clients read them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from models.rules.ids import type_id
from models.rules.reports import CallReport, MessageReport
from models.rules.words import CallDirection, Role
from models.unit_of_work import Rows
from resolvers.context import Context
from tests.api.running import Api, uuid_of
from tests.books import NOON

CALLS = """
    query ($id: ID!, $first: Int, $range: RangeInput, $filter: UsageFilter) {
      tenant(id: $id) { calls(first: $first, range: $range, filter: $filter) { nodes { externalId } totalCount } }
    }
"""


async def calls_of(api: Api, tenant: str, **wish: Any) -> tuple[list[str], int]:
    """The keys of the calls that are found, oldest first, and how many there are said to be."""
    page = (await api.ask(CALLS, id=tenant, first=100, **wish))["tenant"]["calls"]
    return [node["externalId"] for node in reversed(page["nodes"])], page["totalCount"]


async def call(api: Api, tenant: str, agent: str, key: str, at: datetime = NOON, **more: Any) -> str:
    """Record an inbound call of a minute; its id."""
    start = {"direction": CallDirection.INBOUND, "started_at": at, "ended_at": at + timedelta(minutes=1)}
    member = more.pop("member", None)
    report = CallReport(uuid_of(agent), key, **{**start, **more}, member_id=member and uuid_of(member))
    (outcome,) = await api.books.record(uuid_of(tenant), report)
    return type_id("call", outcome.id)  # type: ignore[union-attr]


CALL = """
    query ($id: ID!) {
      node(id: $id) {
        ... on Call {
          externalId agent { name } direction startedAt connectedAt endedAt durationSeconds billedSeconds
          translationSeconds creditsUsed remarks
          charge {
            lines { activity quantity unit rate credits explanation }
            credits overdrawn allocations { credits grant { pool source } }
          }
        }
      }
    }
"""


async def test_a_call_explains_its_charge_down_to_the_grants_that_paid(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "2"})
    agent = await api.an_agent(tenant)
    await api.books.top_up(uuid_of(tenant), "1")
    id = await call(
        api, tenant, agent, "c-1", ended_at=NOON + timedelta(seconds=121.5), translation_seconds=100, remarks="vip"
    )

    found = (await api.ask(CALL, id=id))["node"]
    charge = found.pop("charge")

    assert found == {
        "externalId": "c-1",
        "agent": {"name": "Ada"},
        "direction": "INBOUND",
        "startedAt": "2026-03-10T12:00:00Z",
        "connectedAt": None,
        "endedAt": "2026-03-10T12:02:01.5Z",
        "durationSeconds": 122,
        "billedSeconds": 180,
        "translationSeconds": 100,
        "creditsUsed": "4",
        "remarks": "vip",
    }
    lines = [
        (line["activity"], line["quantity"], line["unit"], line["rate"], line["credits"]) for line in charge["lines"]
    ]
    assert lines == [("CALL", "3", "MINUTE", "1", "3"), ("TRANSLATION", "2", "MINUTE", "0.5", "1")]
    assert all(line["explanation"] for line in charge["lines"])
    assert (charge["credits"], charge["overdrawn"]) == ("4", "1")
    assert charge["allocations"] == [
        {"credits": "2", "grant": {"pool": "PLAN", "source": "PLAN"}},
        {"credits": "1", "grant": {"pool": "TOP_UP", "source": "TOP_UP"}},
    ]


async def test_calls_are_narrowed_by_days_in_the_tenants_zone(api: Api) -> None:
    tenant = await api.a_tenant(timeZone="America/New_York")
    agent = await api.an_agent(tenant)
    # Midnight in New York is at 5:00 UTC before March 8th, and at 4:00 from then on.
    for key, at in [
        ("before", "2026-03-07T04:59:59+00:00"),
        ("first", "2026-03-07T05:00:00+00:00"),
        ("last", "2026-03-09T03:59:59+00:00"),
        ("after", "2026-03-09T04:00:00+00:00"),
    ]:
        await call(api, tenant, agent, key, datetime.fromisoformat(at).astimezone(NOON.tzinfo))

    both = {"range": {"days": {"from": "2026-03-07", "to": "2026-03-08"}}}
    assert await calls_of(api, tenant, **both) == (["first", "last"], 2)
    assert await calls_of(api, tenant) == (["before", "first", "last", "after"], 4)
    assert await calls_of(api, tenant, range={"preset": "ALL_TIME"}) == (["before", "first", "last", "after"], 4)
    assert await calls_of(api, tenant, range={"preset": "TODAY"}) == ([], 0)
    ever = {"days": {"from": "0001-01-01", "to": "9999-12-31"}}
    assert (await calls_of(api, tenant, range=ever))[1] == 4


async def test_calls_are_narrowed_by_what_they_are(api: Api) -> None:
    tenant = await api.a_tenant()
    ada, bob = await api.an_agent(tenant), await api.an_agent(tenant, name="Bob")
    mia = await api.a_member(tenant)
    await call(api, tenant, ada, "in")
    await call(api, tenant, ada, "out", direction=CallDirection.OUTBOUND, connected_at=NOON)
    await call(api, tenant, bob, "translated", translation_seconds=5)
    await call(api, tenant, bob, "mia's", member=mia)
    opening = await api.an_opening(tenant)
    other = await api.a_tenant()

    for filter, found in [
        ({"agentIds": [ada]}, ["in", "out"]),
        ({"agentIds": [ada, bob], "direction": "OUTBOUND"}, ["out"]),
        ({"memberIds": [mia]}, ["mia's"]),
        ({"activities": ["TRANSLATION"]}, ["translated"]),
        ({"activities": ["MESSAGE", "CALL"], "agentIds": [bob]}, ["translated", "mia's"]),
        ({"activities": ["MESSAGE"]}, []),
        ({"activities": []}, []),
        ({"agentIds": []}, []),
        ({"models": ["large"]}, []),
        ({"openingIds": [opening]}, []),
        ({"tenantIds": [other]}, []),
        ({"tenantIds": [other, tenant], "direction": "INBOUND", "agentIds": [ada]}, ["in"]),
    ]:
        assert await calls_of(api, tenant, filter=filter) == (found, len(found)), filter


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ({"range": {"days": {"from": "2026-03-02", "to": "2026-03-01"}}}, ["range", "days", "to"]),
        ({"filter": {"agentIds": ["nonsense"]}}, ["filter", "agentIds", "0"]),
        ({"filter": {"models": ["a\x00"]}}, ["filter", "models", "0"]),
    ],
)
async def test_a_range_or_filter_that_makes_no_sense_is_invalid_by_field(
    api: Api, wish: dict[str, Any], path: list[str]
) -> None:
    answer = await api.run(CALLS, id=await api.a_tenant(), **wish)
    assert answer.codes == ["INVALID"]
    assert answer.errors[0]["extensions"]["path"] == path


@pytest.mark.parametrize("range", [{}, {"preset": "TODAY", "days": {"from": "2026-03-01", "to": "2026-03-01"}}])
async def test_a_range_is_a_name_or_days_and_not_both(api: Api, range: dict[str, Any]) -> None:
    answer = await api.run(CALLS, id="x", range=range)
    assert (answer.data, answer.codes) == (None, ["INVALID"])


async def test_a_range_written_in_the_document_is_a_name_or_days_and_not_both(api: Api) -> None:
    document = CALLS.replace("$range)", "{})").replace("range: $range", "range: {}")
    answer = await api.run(document, id="x")
    assert answer.data is None
    assert set(answer.codes) == {"INVALID"}


async def test_an_agents_calls_are_its_own(api: Api) -> None:
    tenant = await api.a_tenant()
    ada, bob = await api.an_agent(tenant), await api.an_agent(tenant, name="Bob")
    await call(api, tenant, ada, "ada's")
    await call(api, tenant, bob, "bob's")

    document = """query ($id: ID!) { node(id: $id) { ... on Agent {
        calls(range: {preset: THIS_MONTH}) { totalCount nodes { externalId } } } } }"""
    found = (await api.ask(document, id=ada))["node"]["calls"]
    assert found == {"totalCount": 1, "nodes": [{"externalId": "ada's"}]}


async def test_a_message_shows_what_it_cost(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "10"})
    agent, member = await api.an_agent(tenant, channel="CHAT"), await api.a_member(tenant)
    report = MessageReport(uuid_of(agent), "m-1", NOON, "large", uuid_of(member), 400, 100)
    (outcome,) = await api.books.record(uuid_of(tenant), report)

    document = """query ($id: ID!) { node(id: $id) { ... on Message {
        agent { name } member { name } model sentAt isPlayground inputTokens outputTokens creditsUsed
        charge { credits lines { activity } } } } }"""
    id = type_id("message", outcome.id)  # type: ignore[union-attr]
    assert (await api.ask(document, id=id))["node"] == {
        "agent": {"name": "Ada"},
        "member": {"name": "Mia"},
        "model": "large",
        "sentAt": "2026-03-10T12:00:00Z",
        "isPlayground": False,
        "inputTokens": 400,
        "outputTokens": 100,
        "creditsUsed": "1",
        "charge": {"credits": "1", "lines": [{"activity": "MESSAGE"}]},
    }


MESSAGES = """
    query ($id: ID!, $first: Int, $range: RangeInput, $filter: UsageFilter, $played: Boolean) {
      tenant(id: $id) {
        messages(first: $first, range: $range, filter: $filter, includePlayground: $played) {
          totalCount nodes { externalId agent { name } }
        }
      }
    }
"""


async def test_messages_are_listed_and_narrowed_by_what_they_are(api: Api) -> None:
    tenant, other = await api.a_tenant(), await api.a_tenant()
    ada, bob = [await api.an_agent(tenant, name=name, channel="CHAT") for name in ("Ada", "Bob")]
    mia, opening = await api.a_member(tenant), await api.an_opening(tenant)
    hour = timedelta(hours=1)
    reports = [
        MessageReport(uuid_of(ada), "old", NOON - 24 * hour, "small"),
        MessageReport(uuid_of(ada), "mia's", NOON - 3 * hour, "small", uuid_of(mia)),
        MessageReport(uuid_of(bob), "large", NOON - 2 * hour, "large", None, 400, 100),
        MessageReport(uuid_of(ada), "played", NOON - hour, "small", is_playground=True),
        MessageReport(uuid_of(bob), "plain", NOON),
    ]
    for report in reports:
        await api.books.record(uuid_of(tenant), report)
    reader = api.seen_by(Role.RECORDER, tenant)

    async def found(**wish: Any) -> tuple[list[str], int]:
        page = (await reader.ask(MESSAGES, id=tenant, **wish))["tenant"]["messages"]
        return [node["externalId"] for node in page["nodes"]], page["totalCount"]

    assert await found() == (["plain", "large", "mia's", "old"], 4)
    assert await found(first=1) == (["plain"], 4)
    assert await found(played=True) == (["plain", "played", "large", "mia's", "old"], 5)
    assert await found(range={"preset": "TODAY"}) == (["plain", "large", "mia's"], 3)
    for filter, keys in [
        ({"agentIds": [bob]}, ["plain", "large"]),
        ({"memberIds": [mia]}, ["mia's"]),
        ({"models": ["small"]}, ["mia's", "old"]),
        ({"models": ["", "large"], "agentIds": [ada, bob]}, ["plain", "large"]),
        ({"activities": ["MESSAGE", "CALL"], "models": ["large"]}, ["large"]),
        ({"activities": ["CALL"]}, []),
        ({"direction": "INBOUND"}, []),
        ({"openingIds": [opening]}, []),
        ({"tenantIds": [other]}, []),
    ]:
        assert await found(filter=filter) == (keys, len(keys)), filter
    assert await found(filter={"agentIds": [ada]}, played=True) == (["played", "mia's", "old"], 3)


async def test_a_call_names_the_member_that_it_was_made_for(api: Api) -> None:
    tenant = await api.a_tenant()
    agent, mia = await api.an_agent(tenant), await api.a_member(tenant)
    await call(api, tenant, agent, "anybody's")
    await call(api, tenant, agent, "mia's", NOON + timedelta(minutes=1), member=mia)

    document = "query ($id: ID!) { tenant(id: $id) { calls { nodes { member { id } } } } }"
    nodes = (await api.ask(document, id=tenant))["tenant"]["calls"]["nodes"]
    assert nodes == [{"member": {"id": mia}}, {"member": None}]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.RECORDER])
@pytest.mark.parametrize("field", ["creditsUsed", "charge { credits }", "charge { allocations { credits } }"])
async def test_what_a_call_cost_is_for_those_who_read_the_books(api: Api, role: Role, field: str) -> None:
    tenant = await api.a_tenant()
    id = await call(api, tenant, await api.an_agent(tenant), "c-1")
    reader = api.seen_by(role, tenant)

    names = await reader.ask("query ($id: ID!) { node(id: $id) { ... on Call { externalId billedSeconds } } }", id=id)
    amounts = await reader.run(f"query ($id: ID!) {{ node(id: $id) {{ ... on Call {{ {field} }} }} }}", id=id)

    assert names["node"] == {"externalId": "c-1", "billedSeconds": 60}
    assert amounts.codes == ["FORBIDDEN"]


async def test_another_tenants_call_is_null(api: Api) -> None:
    tenant = await api.a_tenant()
    id = await call(api, tenant, await api.an_agent(tenant), "c-1")
    stranger = api.seen_by(Role.ADMIN, await api.a_tenant())
    assert (await stranger.ask(CALL, id=id))["node"] is None


async def test_a_longer_page_asks_the_database_no_more_often(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100"})
    agents = [await api.an_agent(tenant, name=name) for name in ("Ada", "Bob", "Cy")]
    for number in range(12):
        await call(api, tenant, agents[number % 3], f"c-{number}")
    document = """query ($id: ID!, $first: Int) { tenant(id: $id) { calls(first: $first) { nodes {
        agent { name } charge { allocations { credits grant { source } } overdrawn } } } } }"""

    asked: list[int] = []
    read_all = Context.all

    async def counted(self: Context, *given: Any) -> Rows:
        asked[-1] += 1
        return await read_all(self, *given)

    monkeypatch.setattr(Context, "all", counted)
    for first in (1, 12):
        asked.append(0)
        await api.ask(document, id=tenant, first=first)

    assert asked[0] == asked[1] <= 6
