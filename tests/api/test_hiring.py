"""Agents and openings, as clients make and read them."""

import asyncio
from typing import Any

import pytest

from models.rules.reports import InterviewReport
from models.rules.words import InterviewStatus, Role
from tests.api.running import Api, uuid_of
from tests.books import NOON

AGENTS = """
    query ($id: ID!, $search: String) {
      tenant(id: $id) { agents(search: $search) { nodes { name } totalCount } agentSlots { used limit } }
    }
"""


async def agents_of(api: Api, tenant: str, search: str | None = None) -> Any:
    return (await api.ask(AGENTS, id=tenant, search=search))["tenant"]


async def test_a_new_agent_is_live_and_takes_a_slot(api: Api) -> None:
    tenant = await api.a_tenant({"agentSlots": 1})
    wish = {"tenantId": tenant, "name": "Ada", "channel": "VOICE", "model": "large", "externalId": "ada"}

    made = await api.change("createAgent", wish, "agent { name channel model isLive externalId createdAt }")
    full = await api.change("createAgent", {**wish, "externalId": "bob"}, "agent { id }")

    assert made["agent"] == {
        "name": "Ada",
        "channel": "VOICE",
        "model": "large",
        "isLive": True,
        "externalId": "ada",
        "createdAt": "2026-03-10T12:00:00Z",
    }
    assert full["agent"] is None
    assert [(error["code"], error["path"]) for error in full["errors"]] == [("LIMIT_REACHED", ["input", "tenantId"])]


async def test_an_agent_that_is_not_live_frees_its_slot_until_it_goes_live_again(api: Api) -> None:
    tenant = await api.a_tenant({"agentSlots": 1})
    first = await api.an_agent(tenant)
    await api.id_of("updateAgent", "agent", id=first, isLive=False)
    await api.an_agent(tenant)

    refused = await api.change("updateAgent", {"id": first, "isLive": True}, "agent { isLive }")
    untouched = await api.change("updateAgent", {"id": first, "isLive": False}, "agent { isLive }")

    assert [(error["code"], error["path"]) for error in refused["errors"]] == [("LIMIT_REACHED", ["input", "isLive"])]
    assert untouched == {"agent": {"isLive": False}, "errors": []}
    assert (await agents_of(api, tenant))["agentSlots"] == {"used": 1, "limit": 1}


async def test_agents_made_at_once_never_pass_the_plans_slots(api: Api) -> None:
    tenant = await api.a_tenant({"agentSlots": 3})
    wish = {"tenantId": tenant, "name": "Ada", "channel": "VOICE"}
    payloads = await asyncio.gather(*(api.change("createAgent", wish, "agent { id }") for _ in range(8)))
    assert sum(payload["agent"] is not None for payload in payloads) == 3


async def test_a_plan_without_slots_has_no_limit(api: Api) -> None:
    tenant = await api.a_tenant()
    for _ in range(3):
        await api.an_agent(tenant)
    assert (await agents_of(api, tenant))["agentSlots"] == {"used": 3, "limit": None}


async def test_agents_are_searched_by_name(api: Api) -> None:
    tenant = await api.a_tenant()
    for name in ("Ada", "Bob", "50%"):
        await api.an_agent(tenant, name=name)
    for search, found in [("AD", ["Ada"]), ("%", ["50%"]), ("", ["50%", "Bob", "Ada"]), ("x", [])]:
        page = (await agents_of(api, tenant, search))["agents"]
        assert [node["name"] for node in page["nodes"]] == found
        assert page["totalCount"] == len(found)


async def test_what_cannot_be_searched_for_is_invalid(api: Api) -> None:
    answer = await api.run(AGENTS, id=await api.a_tenant(), search="a\x00")
    assert answer.codes == ["INVALID"]
    assert answer.errors[0]["extensions"]["path"] == ["search"]


async def test_an_update_changes_only_what_is_given(api: Api) -> None:
    agent = await api.an_agent(await api.a_tenant(), model="large")
    shown = "agent { name model isLive }"

    renamed = await api.change("updateAgent", {"id": agent, "name": "Bob"}, shown)
    cleared = await api.change("updateAgent", {"id": agent, "model": None}, shown)
    nothing = await api.change("updateAgent", {"id": agent}, shown)

    assert renamed["agent"] == {"name": "Bob", "model": "large", "isLive": True}
    assert cleared["agent"] == nothing["agent"] == {"name": "Bob", "model": None, "isLive": True}


@pytest.mark.parametrize("field", ["name", "isLive"])
async def test_what_an_agent_must_have_cannot_be_nulled(api: Api, field: str) -> None:
    agent = await api.an_agent(await api.a_tenant())
    payload = await api.change("updateAgent", {"id": agent, field: None})
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", ["input", field])]


async def test_another_tenants_things_cannot_be_changed_or_added_to(api: Api) -> None:
    theirs = await api.a_tenant()
    agent, opening = await api.an_agent(theirs), await api.an_opening(theirs)
    admin = api.seen_by(Role.ADMIN, await api.a_tenant())

    payloads = {
        "id": [
            await admin.change("updateAgent", {"id": agent, "name": "Mine"}),
            await admin.change("updateOpening", {"id": opening, "jobTitle": "Mine"}),
            await admin.change("updateAgent", {"id": opening, "name": "Mine"}),
        ],
        "tenantId": [
            await admin.change("createAgent", {"tenantId": theirs, "name": "Mine", "channel": "CHAT"}),
            await admin.change("createOpening", {"tenantId": theirs, "jobTitle": "Mine"}),
        ],
    }

    for field, refused in payloads.items():
        for payload in refused:
            assert [(e["code"], e["path"]) for e in payload["errors"]] == [("NOT_FOUND", ["input", field])]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.RECORDER])
async def test_only_admins_and_operators_manage_a_tenant(api: Api, role: Role) -> None:
    tenant = await api.a_tenant()
    reader = api.seen_by(role, tenant)
    make = "mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }"

    answer = await reader.run(make, input={"tenantId": tenant, "name": "Ada", "channel": "VOICE"})

    assert (answer.data, answer.codes) == (None, ["FORBIDDEN"])
    assert answer.errors[0]["path"] == ["createAgent"]
    assert await api.books.rows("agent") == []


async def test_an_agents_external_id_is_taken_once_per_tenant(api: Api) -> None:
    tenant, other = await api.a_tenant(), await api.a_tenant()
    await api.an_agent(tenant, externalId="ada")
    await api.an_agent(other, externalId="ada")
    await api.an_opening(tenant, externalId="ada")

    again = await api.change(
        "createAgent", {"tenantId": tenant, "name": "Ada", "channel": "VOICE", "externalId": "ada"}
    )
    assert [(error["code"], error["path"]) for error in again["errors"]] == [("CONFLICT", ["input", "externalId"])]


# ---------------------------------------------------------------- openings

OPENINGS = """
    query ($id: ID!, $status: OpeningStatus, $search: String) {
      tenant(id: $id) { openings(status: $status, search: $search) { nodes { jobTitle status } totalCount } }
    }
"""


async def test_openings_are_found_by_state_and_title(api: Api) -> None:
    tenant = await api.a_tenant()
    await api.an_opening(tenant, jobTitle="Baker")
    closed = await api.an_opening(tenant, jobTitle="Butcher")
    await api.id_of("updateOpening", "opening", id=closed, status="CLOSED")

    for wish, found in [
        ({}, ["Butcher", "Baker"]),
        ({"status": "OPEN"}, ["Baker"]),
        ({"status": "CLOSED"}, ["Butcher"]),
        ({"search": "B"}, ["Butcher", "Baker"]),
        ({"search": "bak", "status": "CLOSED"}, []),
    ]:
        page = (await api.ask(OPENINGS, id=tenant, **wish))["tenant"]["openings"]
        assert [node["jobTitle"] for node in page["nodes"]] == found
        assert page["totalCount"] == len(found)


INTERVIEWS = """
    query ($id: ID!, $status: InterviewStatus) {
      node(id: $id) {
        ... on Opening {
          interviewsInvited interviewsCompleted creditsUsed
          interviews(status: $status) {
            totalCount
            nodes {
              candidate status isSimulation progress invitedAt endedAt creditsUsed
              opening { jobTitle } agent { name }
            }
          }
        }
      }
    }
"""


async def test_an_opening_shows_its_interviews_and_what_they_came_to(api: Api) -> None:
    tenant = await api.a_tenant()
    opening = await api.an_opening(tenant)
    half = InterviewReport(uuid_of(opening), "a-1", "ann", InterviewStatus.PARTIAL, NOON, progress=500_000)
    whole = InterviewReport(uuid_of(opening), "b-1", "bob", InterviewStatus.COMPLETED, NOON)
    await api.books.record(uuid_of(tenant), half, whole)

    found = (await api.ask(INTERVIEWS, id=opening))["node"]
    partial = (await api.ask(INTERVIEWS, id=opening, status="PARTIAL"))["node"]["interviews"]

    assert (found["interviewsInvited"], found["interviewsCompleted"], found["creditsUsed"]) == (2, 1, "1.5")
    assert {node["candidate"] for node in found["interviews"]["nodes"]} == {"ann", "bob"}
    assert partial["totalCount"] == 1
    assert partial["nodes"] == [
        {
            "candidate": "ann",
            "status": "PARTIAL",
            "isSimulation": False,
            "progress": 0.5,
            "invitedAt": "2026-03-10T12:00:00Z",
            "endedAt": "2026-03-10T12:00:00Z",
            "creditsUsed": "0.5",
            "opening": {"jobTitle": "Baker"},
            "agent": None,
        }
    ]
