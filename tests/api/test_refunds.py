"""Refunds and voids, as operators do them."""

from typing import Any

from models.rules.words import Role
from tests.api.running import Api

ENTRY = "entry { kind credits balanceAfter remarks subject { id } agent { id } allocations { credits } }"
VOID = """
    mutation ($id: ID!) {
      voidGrant(id: $id, remarks: "By mistake.") { grant { amount remaining } errors { code path } }
    }
"""


async def a_call(api: Api) -> tuple[str, str, str]:
    tenant = await api.a_tenant()
    await api.id_of("topUp", "topUp", tenantId=tenant, key="first", credits="10")
    agent = await api.an_agent(tenant)
    started, ended = "2026-03-10T11:00:00Z", "2026-03-10T11:04:00Z"
    call = {"agentId": agent, "key": "call-1", "direction": "INBOUND", "startedAt": started, "endedAt": ended}
    return tenant, agent, await api.id_of("recordCall", "call", **call)


async def refund(api: Api, subject: str, **more: Any) -> Any:
    return await api.change("refundUsage", {"subjectId": subject, "key": "r", "remarks": "Sorry.", **more}, ENTRY)


async def test_usage_is_refunded(api: Api) -> None:
    tenant, agent, call = await a_call(api)

    answer = await refund(api, call, credits="1.5")

    assert answer == {
        "errors": [],
        "entry": {
            "kind": "REFUND",
            "credits": "1.5",
            "balanceAfter": "7.5",
            "remarks": "Sorry.",
            "subject": {"id": call},
            "agent": {"id": agent},
            "allocations": [{"credits": "1.5"}],
        },
    }
    assert await refund(api, call, credits="1.5") == answer
    asked = "query ($id: ID!, $call: ID!) { node(id: $call) { ... on Call { creditsUsed charge { credits } } } "
    asked += "tenant(id: $id) { credits { available usedThisPeriod } } }"
    assert await api.ask(asked, id=tenant, call=call) == {
        "node": {"creditsUsed": "2.5", "charge": {"credits": "4"}},
        "tenant": {"credits": {"available": "7.5", "usedThisPeriod": "2.5"}},
    }


async def test_a_refund_that_makes_no_sense_is_refused_with_the_field_to_blame(api: Api) -> None:
    tenant, agent, call = await a_call(api)

    for subject, more, code, field in (
        (call, {"credits": "4.000001"}, "INVALID", "credits"),
        (call, {"key": ""}, "INVALID", "key"),
        (agent, {}, "NOT_FOUND", "subjectId"),
        ("nonsense", {}, "INVALID", "subjectId"),
    ):
        (error,) = (await refund(api, subject, **more))["errors"]
        assert (error["code"], error["path"]) == (code, ["input", field])
    refused = await api.seen_by(Role.ADMIN, tenant).run(
        'mutation ($id: ID!) { refundUsage(input: {subjectId: $id, key: "r", remarks: ""}) { errors { code } } }',
        id=call,
    )
    assert refused.codes == ["FORBIDDEN"]


async def test_a_grant_is_taken_back(api: Api) -> None:
    tenant = await api.a_tenant()
    grant = await api.id_of("grantCredits", "grant", tenantId=tenant, key="gift", credits="5")

    answers = [(await api.ask(VOID, id=grant))["voidGrant"] for _ in range(2)]

    assert answers == [{"grant": {"amount": "5", "remaining": "0"}, "errors": []}] * 2
    (error,) = (await api.ask(VOID, id=tenant))["voidGrant"]["errors"]
    assert error["code"] == "NOT_FOUND"
