"""Automatic top-ups, alerts and budgets, as clients see them."""

from datetime import timedelta
from typing import Any

import pytest

from models.rules.words import Role
from tests.api.running import Api

RULE = """
  enabled threshold amount targetBalance monthlyCap spentThisPeriod suspendedUntil lastFailure
"""
ACCOUNT = f"""
query ($tenant: ID!) {{
  tenant(id: $tenant) {{
    credits {{
      available lowBalanceThresholds autoRecharge {{ {RULE} }}
      topUps {{ nodes {{ id credits status automatic }} }}
      grants {{ nodes {{ source amount }} }}
    }}
    alerts {{ totalCount nodes {{ id seq kind credits message agent {{ name }} raisedAt }} }}
  }}
}}
"""
THRESHOLDS = """
mutation ($tenant: ID!, $thresholds: [Credits!]!) {
  setLowBalanceThresholds(tenantId: $tenant, thresholds: $thresholds) {
    account { lowBalanceThresholds } errors { code message path }
  }
}
"""
TRIAL = """
query ($tenant: ID!, $threshold: Credits!, $amount: Credits!, $target: Credits, $cap: Credits, $range: RangeInput) {
  tenant(id: $tenant) { credits {
    autoRechargeTrial(
      threshold: $threshold, amount: $amount, targetBalance: $target, monthlyCap: $cap, range: $range
    ) { credits purchases { at credits availableBefore } }
  } }
}
"""


async def with_credits(api: Api, credits: str) -> str:
    tenant = await api.a_tenant()
    await api.id_of("topUp", "topUp", tenantId=tenant, key="first", credits=credits)
    return tenant


async def call(api: Api, agent: str, minutes: int) -> None:
    start = api.books.clock.now
    api.books.clock.now += timedelta(minutes=minutes)
    api.made += 1
    await api.id_of(
        "recordCall",
        "call",
        agentId=agent,
        key=f"call-{api.made}",
        direction="INBOUND",
        startedAt=start.isoformat(),
        endedAt=api.books.clock.now.isoformat(),
    )


async def seen(api: Api, tenant: str) -> Any:
    return (await api.ask(ACCOUNT, tenant=tenant))["tenant"]


async def test_a_rule_buys_and_shows_what_it_spent(api: Api) -> None:
    tenant = await with_credits(api, "12")
    agent = await api.an_agent(tenant)
    rule = {"tenantId": tenant, "enabled": True, "threshold": "10", "amount": "50", "monthlyCap": "500"}
    payload = await api.change("setAutoRecharge", rule, f"account {{ autoRecharge {{ {RULE} }} }}")
    assert payload["account"]["autoRecharge"] == {
        "enabled": True,
        "threshold": "10",
        "amount": "50",
        "targetBalance": None,
        "monthlyCap": "500",
        "spentThisPeriod": "0",
        "suspendedUntil": None,
        "lastFailure": None,
    }

    await call(api, agent, 5)
    credits = (await seen(api, tenant))["credits"]
    (top_up, _) = credits["topUps"]["nodes"]
    assert (top_up["credits"], top_up["status"], top_up["automatic"]) == ("50", "PENDING", True)
    assert credits["autoRecharge"]["spentThisPeriod"] == "50"
    assert credits["available"] == "7"

    await api.id_of("settleTopUp", "topUp", id=top_up["id"], outcome="SETTLED")
    credits = (await seen(api, tenant))["credits"]
    assert credits["grants"]["nodes"][0] == {"source": "AUTO_RECHARGE", "amount": "50"}
    assert credits["available"] == "57"


async def test_a_failed_purchase_suspends_the_rule_and_is_told(api: Api) -> None:
    tenant = await with_credits(api, "2")
    rule = {"tenantId": tenant, "enabled": True, "threshold": "10", "amount": "50", "targetBalance": "100"}
    await api.change("setAutoRecharge", rule)
    top_up = (await seen(api, tenant))["credits"]["topUps"]["nodes"][0]
    assert top_up["credits"] == "98"
    await api.id_of("settleTopUp", "topUp", id=top_up["id"], outcome="FAILED", failure="card declined")

    account = await seen(api, tenant)
    shown = account["credits"]["autoRecharge"]
    assert (shown["suspendedUntil"], shown["lastFailure"]) == ("2026-03-10T12:15:00Z", "card declined")
    assert shown["spentThisPeriod"] == "0"
    (alert,) = account["alerts"]["nodes"]
    assert (alert["kind"], alert["credits"], alert["message"]) == (
        "TOP_UP_FAILED",
        "98",
        "A top-up of 98 credits failed: card declined",
    )

    # Whoever looks after the pause finds the next one asked for.
    api.books.clock.now += timedelta(minutes=15)
    account = await seen(api, tenant)
    assert account["credits"]["autoRecharge"]["suspendedUntil"] is None
    assert [node["status"] for node in account["credits"]["topUps"]["nodes"]] == ["PENDING", "FAILED", "SETTLED"]


async def test_no_rule_was_ever_set(api: Api) -> None:
    tenant = await api.a_tenant()
    account = await seen(api, tenant)
    assert account["credits"]["autoRecharge"] is None
    assert account["credits"]["lowBalanceThresholds"] == []
    assert account["alerts"] == {"totalCount": 0, "nodes": []}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"threshold": "-1"}, "threshold"),
        ({"amount": "0"}, "amount"),
        ({"targetBalance": "10"}, "targetBalance"),
        ({"monthlyCap": "-1"}, "monthlyCap"),
    ],
)
async def test_a_rule_without_sense_is_refused(api: Api, wrong: dict[str, str], field: str) -> None:
    tenant = await api.a_tenant()
    rule = {"tenantId": tenant, "enabled": True, "threshold": "10", "amount": "50", **wrong}
    payload = await api.change("setAutoRecharge", rule, "account { seq }")
    assert payload["account"] is None
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", ["input", field])]


async def test_alerts_are_pages_and_nodes(api: Api) -> None:
    tenant = await with_credits(api, "20")
    agent = await api.an_agent(tenant)
    payload = (await api.ask(THRESHOLDS, tenant=tenant, thresholds=["15", "10", "15"]))["setLowBalanceThresholds"]
    assert payload == {"account": {"lowBalanceThresholds": ["10", "15"]}, "errors": []}
    for _ in range(2):
        await call(api, agent, 10)

    found = (await seen(api, tenant))["alerts"]
    assert [(alert["seq"], alert["kind"], alert["credits"]) for alert in found["nodes"]] == [
        (3, "OUT_OF_CREDITS", "0"),
        (2, "LOW_BALANCE", "10"),
        (1, "LOW_BALANCE", "15"),
    ][0:3]
    page = "tenant(id: $tenant) { alerts(first: 1, after: $after) { nodes { id seq } pageInfo { endCursor } } }"
    document = f"query ($tenant: ID!, $after: String) {{ {page} }}"
    first = (await api.ask(document, tenant=tenant))["tenant"]["alerts"]
    second = (await api.ask(document, tenant=tenant, after=first["pageInfo"]["endCursor"]))["tenant"]["alerts"]
    assert [first["nodes"][0]["seq"], second["nodes"][0]["seq"]] == [3, 2]

    node = "query ($id: ID!) { node(id: $id) { id ... on Alert { seq kind } } }"
    id = found["nodes"][0]["id"]
    assert id.startswith("alert_")
    assert (await api.ask(node, id=id))["node"] == {"id": id, "seq": 3, "kind": "OUT_OF_CREDITS"}
    other = await api.a_tenant()
    assert (await api.seen_by(Role.ADMIN, other).ask(node, id=id))["node"] is None


async def test_thresholds_without_sense_are_refused(api: Api) -> None:
    tenant = await api.a_tenant()
    for thresholds in (["-1"], [str(n) for n in range(11)]):
        payload = (await api.ask(THRESHOLDS, tenant=tenant, thresholds=thresholds))["setLowBalanceThresholds"]
        assert payload["account"] is None
        assert [error["code"] for error in payload["errors"]] == ["INVALID"]


async def test_an_account_whose_rule_pauses_after_a_failure_is_still_in_order(api: Api) -> None:
    tenant = await with_credits(api, "5")
    await api.change("setAutoRecharge", {"tenantId": tenant, "enabled": True, "threshold": "10", "amount": "50"})
    bought = (await seen(api, tenant))["credits"]["topUps"]["nodes"][0]["id"]
    await api.id_of("settleTopUp", "topUp", id=bought, outcome="FAILED", failure="card_declined")

    document = """
        query ($tenant: ID!) {
          tenant(id: $tenant) { credits { autoRecharge { suspendedUntil } verification { ok problems } } }
        }
    """
    credits = (await api.ask(document, tenant=tenant))["tenant"]["credits"]

    assert credits["autoRecharge"]["suspendedUntil"] is not None
    assert credits["verification"] == {"ok": True, "problems": []}


async def test_a_trial_buys_nothing(api: Api) -> None:
    tenant = await with_credits(api, "30")
    agent = await api.an_agent(tenant)
    for _ in range(3):
        await call(api, agent, 12)
    answer = await api.ask(TRIAL, tenant=tenant, threshold="10", amount="5", range={"preset": "TODAY"})
    assert answer["tenant"]["credits"]["autoRechargeTrial"] == {
        "credits": "20",
        "purchases": [
            {"at": "2026-03-10T12:12:00Z", "credits": "5", "availableBefore": "6"},
            {"at": "2026-03-10T12:24:00Z", "credits": "15", "availableBefore": "-1"},
        ],
    }
    for preset in ("ALL_TIME", "LAST_MONTH"):
        answer = await api.ask(TRIAL, tenant=tenant, threshold="10", amount="5", target="50", range={"preset": preset})
        credits = answer["tenant"]["credits"]["autoRechargeTrial"]["credits"]
        assert credits == {"ALL_TIME": "44", "LAST_MONTH": "0"}[preset]
    answer = await api.ask(TRIAL, tenant=tenant, threshold="10", amount="5", cap="10")
    assert answer["tenant"]["credits"]["autoRechargeTrial"]["credits"] == "10"
    assert len((await seen(api, tenant))["credits"]["topUps"]["nodes"]) == 1


async def test_a_trial_of_a_rule_without_sense_is_an_error(api: Api) -> None:
    tenant = await api.a_tenant()
    answer = await api.run(TRIAL, tenant=tenant, threshold="10", amount="0")
    assert answer.codes == ["INVALID"]


BUDGET = "agent { id budget { credits every used action } }"


async def test_a_budget_counts_what_its_agent_uses(api: Api) -> None:
    tenant = await with_credits(api, "100")
    agent, other = await api.an_agent(tenant), await api.an_agent(tenant)
    await call(api, agent, 2)
    payload = await api.change("setBudget", {"agentId": agent, "credits": "5", "every": "WEEK"}, BUDGET)
    assert payload["agent"]["budget"] == {"credits": "5", "every": "WEEK", "used": "2", "action": "WARN"}
    await call(api, agent, 3)

    agents = "query ($t: ID!) { tenant(id: $t) { agents { nodes { id budget { used } } } } }"
    nodes = (await api.ask(agents, t=tenant))["tenant"]["agents"]["nodes"]
    assert {node["id"]: node["budget"] for node in nodes} == {agent: {"used": "5"}, other: None}
    (alert,) = (await seen(api, tenant))["alerts"]["nodes"]
    assert (alert["kind"], alert["credits"], alert["agent"]) == ("BUDGET_REACHED", "5", {"name": "Ada"})

    payload = await api.change("setBudget", {"agentId": agent}, BUDGET)
    assert payload["agent"]["budget"] is None


async def test_a_budget_that_stops_refuses_calls_and_records_usage(api: Api) -> None:
    tenant = await with_credits(api, "100")
    agent = await api.an_agent(tenant)
    await api.change("setBudget", {"agentId": agent, "credits": "5", "action": "STOP"})
    await call(api, agent, 6)

    wish = {"agentId": agent, "key": "next", "direction": "OUTBOUND"}
    payload = await api.change("authorizeCall", wish, "hold { id }")
    assert payload["hold"] is None
    assert [error["code"] for error in payload["errors"]] == ["BUDGET_REACHED"]
    await call(api, agent, 6)


async def test_a_budget_for_an_hour_or_below_nothing_is_refused(api: Api) -> None:
    agent = await api.an_agent(await api.a_tenant())
    for wrong, field in (({"every": "HOUR"}, "every"), ({"credits": "-1"}, "credits")):
        payload = await api.change("setBudget", {"agentId": agent, "credits": "5", **wrong})
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", ["input", field])]


async def test_an_admin_may_set_all_of_it_for_its_own_tenant_only(api: Api) -> None:
    tenant, other = await with_credits(api, "5"), await api.a_tenant()
    agent, strange = await api.an_agent(tenant), await api.an_agent(other)
    admin = api.seen_by(Role.ADMIN, tenant)
    rule = {"enabled": False, "threshold": "10", "amount": "50"}

    assert (await admin.change("setAutoRecharge", {"tenantId": tenant, **rule}))["errors"] == []
    assert (await admin.change("setBudget", {"agentId": agent, "credits": "5"}))["errors"] == []
    assert (await admin.ask(THRESHOLDS, tenant=tenant, thresholds=["1"]))["setLowBalanceThresholds"]["errors"] == []
    payloads = [
        await admin.change("setAutoRecharge", {"tenantId": other, **rule}),
        await admin.change("setBudget", {"agentId": strange, "credits": "5"}),
        (await admin.ask(THRESHOLDS, tenant=other, thresholds=["1"]))["setLowBalanceThresholds"],
    ]
    assert [payload["errors"][0]["code"] for payload in payloads] == ["NOT_FOUND"] * 3


@pytest.mark.parametrize("role", [Role.MEMBER, Role.RECORDER])
async def test_members_and_recorders_see_and_set_nothing_of_it(api: Api, role: Role) -> None:
    tenant = await with_credits(api, "5")
    agent = await api.an_agent(tenant)
    await call(api, agent, 6)
    (alert,) = (await seen(api, tenant))["alerts"]["nodes"]
    stranger = api.seen_by(role, tenant)
    documents = [
        f'{{ tenant(id: "{tenant}") {{ alerts {{ totalCount }} }} }}',
        f'{{ node(id: "{agent}") {{ ... on Agent {{ budget {{ used }} }} }} }}',
        f'{{ node(id: "{alert["id"]}") {{ id }} }}',
        f'mutation {{ setBudget(input: {{agentId: "{agent}"}}) {{ errors {{ code }} }} }}',
        f'mutation {{ setLowBalanceThresholds(tenantId: "{tenant}", thresholds: []) {{ errors {{ code }} }} }}',
        f'mutation {{ setAutoRecharge(input: {{tenantId: "{tenant}", enabled: true, threshold: 1, amount: 1}}) '
        "{ errors { code } } }",
    ]
    assert [(await stranger.run(document)).codes for document in documents] == [["FORBIDDEN"]] * len(documents)
