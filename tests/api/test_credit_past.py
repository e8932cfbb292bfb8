"""The past of an account, and previews, as clients ask for them."""

from datetime import timedelta

import pytest

from models.rules.words import Role
from tests.api.running import Api

PAST = """
    query ($id: ID!, $at: DateTime!) {
      tenant(id: $id) {
        credits {
          seq available
          asOf(at: $at) { at seq available settled held overdrawn pools { kind balance } }
          history(range: {days: {from: "2026-03-09", to: "2026-03-30"}}) { at available }
          byDefault: history { at }
          wouldSpend(credits: "12") { allocations { grant { source } credits } shortfall }
          estimateCall(direction: OUTBOUND, seconds: 61) {
            billedSeconds credits balanceAfter wouldOverdraw longestSeconds
          }
        }
      }
    }
"""


async def test_the_past_is_told_by_when_things_happened(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "4"})
    agent = await api.an_agent(tenant)
    await api.id_of("topUp", "topUp", tenantId=tenant, key="first", credits="6")
    api.books.clock.now += timedelta(days=1)
    started, ended = "2026-03-10T23:00:00Z", "2026-03-10T23:05:00Z"
    call = {"agentId": agent, "key": "call-1", "direction": "INBOUND", "startedAt": started, "endedAt": ended}
    await api.id_of("recordCall", "call", **call)

    credits = (await api.ask(PAST, id=tenant, at="2026-03-10T22:00:00Z"))["tenant"]["credits"]

    assert credits == {
        "seq": 3,
        "available": "5",
        "asOf": {
            "at": "2026-03-10T22:00:00Z",
            "seq": 2,
            "available": "10",
            "settled": "10",
            "held": "0",
            "overdrawn": "0",
            "pools": [{"kind": "PLAN", "balance": "4"}, {"kind": "TOP_UP", "balance": "6"}],
        },
        "history": [
            {"at": "2026-03-09T23:59:59.999999Z", "available": "0"},
            {"at": "2026-03-10T23:59:59.999999Z", "available": "5"},
            {"at": "2026-03-11T12:00:00Z", "available": "5"},
        ],
        "byDefault": [{"at": "2026-03-10T23:59:59.999999Z"}, {"at": "2026-03-11T12:00:00Z"}],
        "wouldSpend": {"allocations": [{"grant": {"source": "TOP_UP"}, "credits": "5"}], "shortfall": "7"},
        "estimateCall": {
            "billedSeconds": 120,
            "credits": "2",
            "balanceAfter": "3",
            "wouldOverdraw": False,
            "longestSeconds": 300,
        },
    }


async def test_the_future_is_refused_and_the_past_is_not_for_back_ends(api: Api) -> None:
    tenant = await api.a_tenant()

    refused = await api.run(PAST, id=tenant, at="2026-03-10T12:00:01Z")
    assert refused.codes == ["INVALID"]
    assert (await api.seen_by(Role.RECORDER, tenant).run(PAST, id=tenant, at="2026-03-10T12:00:00Z")).codes == [
        "FORBIDDEN"
    ]


@pytest.mark.parametrize("seconds", [-1, 31 * 24 * 60 * 60 + 1, 2**31 - 1])
async def test_an_estimate_is_of_a_call_that_could_be_recorded(api: Api, seconds: int) -> None:
    tenant = await api.a_tenant()
    document = """
        query ($tenant: ID!, $seconds: Int!) {
          tenant(id: $tenant) { credits { estimateCall(direction: INBOUND, seconds: $seconds) { billedSeconds } } }
        }
    """

    refused = await api.run(document, tenant=tenant, seconds=seconds)

    assert [error["extensions"] for error in refused.errors] == [{"code": "INVALID", "path": ["seconds"]}]
