"""Authorizing calls, as back ends do it."""

from datetime import timedelta
from typing import Any

from models.rules.words import Role
from tests.api.running import Api
from tests.books import NOON

HOLD = "hold { id credits seconds longestSeconds expiresAt status }"
BY_ID = "query ($id: ID!) { node(id: $id) { ... on Hold { id credits seconds longestSeconds expiresAt status } } }"
RELEASE = "mutation ($id: ID!) { releaseHold(id: $id) { hold { status } errors { code path } } }"


async def an_agent_with(api: Api, credits: str) -> str:
    tenant = await api.a_tenant()
    await api.id_of("topUp", "topUp", tenantId=tenant, key="first", credits=credits)
    return await api.an_agent(tenant)


async def authorize(api: Api, agent: str, **more: Any) -> Any:
    wish = {"agentId": agent, "key": "call-1", "direction": "OUTBOUND", **more}
    return await api.change("authorizeCall", wish, HOLD)


async def test_a_call_is_authorized_extended_and_released(api: Api) -> None:
    agent = await an_agent_with(api, "5")

    hold = (await authorize(api, agent))["hold"]
    assert hold == {
        "id": hold["id"],
        "credits": "1",
        "seconds": 60,
        "longestSeconds": 300,
        "expiresAt": "2026-03-10T12:15:00Z",
        "status": "OPEN",
    }
    longer = await api.change("extendHold", {"id": hold["id"], "seconds": 180}, HOLD)
    assert (longer["hold"]["credits"], longer["hold"]["longestSeconds"]) == ("3", 300)
    assert (await api.ask(BY_ID, id=hold["id"]))["node"] == longer["hold"]

    assert (await api.ask(RELEASE, id=hold["id"]))["releaseHold"] == {"hold": {"status": "RELEASED"}, "errors": []}


async def test_a_call_is_not_authorized_when_its_first_minute_cannot_be_paid(api: Api) -> None:
    agent = await an_agent_with(api, "0.5")

    answer = await authorize(api, agent)

    (error,) = answer["errors"]
    assert answer["hold"] is None
    assert (error["code"], error["needed"], error["available"]) == ("INSUFFICIENT_CREDITS", "1", "0.5")
    assert error["nextCreditsOn"] is None


async def test_a_hold_whose_time_is_over_is_read_as_expired(api: Api) -> None:
    hold = (await authorize(api, await an_agent_with(api, "5")))["hold"]
    api.books.clock.now = NOON + timedelta(minutes=15)

    assert (await api.ask(BY_ID, id=hold["id"]))["node"]["status"] == "EXPIRED"
    payload = await api.change("extendHold", {"id": hold["id"], "seconds": 180}, HOLD)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("EXPIRED", ["input", "id"])]


async def test_a_back_end_sees_the_amounts_of_its_own_answers_only(api: Api) -> None:
    agent = await an_agent_with(api, "5")
    tenant = (await api.ask("{ tenants { nodes { id } } }"))["tenants"]["nodes"][0]["id"]
    back_end = api.seen_by(Role.RECORDER, tenant)

    hold = (await authorize(back_end, agent))["hold"]

    assert hold["credits"] == "1"
    assert (await back_end.run(BY_ID, id=hold["id"])).codes == ["FORBIDDEN"]
    assert (await api.seen_by(Role.MEMBER, tenant).run(RELEASE, id=hold["id"])).codes == ["FORBIDDEN"]


async def test_another_tenants_hold_is_not_there(api: Api) -> None:
    hold = (await authorize(api, await an_agent_with(api, "5")))["hold"]
    stranger = api.seen_by(Role.RECORDER, await api.a_tenant())

    assert (await stranger.ask(BY_ID, id=hold["id"]))["node"] is None
    assert (await stranger.ask(RELEASE, id=hold["id"]))["releaseHold"]["errors"] == [
        {"code": "NOT_FOUND", "path": ["id"]}
    ]


async def test_the_ledger_names_the_holds_that_its_entries_are_about(api: Api) -> None:
    agent = await an_agent_with(api, "5")
    hold = (await authorize(api, agent))["hold"]
    await api.ask(RELEASE, id=hold["id"])

    entries = "{ tenants { nodes { credits { held ledger { nodes { kind credits agent { id } subject { ... on Hold "
    entries += "{ id status longestSeconds } } } } } } } }"
    (tenant,) = (await api.ask(entries))["tenants"]["nodes"]

    subject = {"id": hold["id"], "status": "RELEASED", "longestSeconds": 300}
    assert tenant["credits"]["held"] == "0"
    assert tenant["credits"]["ledger"]["nodes"] == [
        {"kind": "RELEASE", "credits": "1", "agent": {"id": agent}, "subject": subject},
        {"kind": "HOLD", "credits": "-1", "agent": {"id": agent}, "subject": subject},
        {"kind": "TOP_UP", "credits": "5", "agent": None, "subject": {}},
    ]
