"""Every charge is explained: what was measured and billed, at which rate, and which grants paid."""

from datetime import timedelta
from typing import Any

import pytest

from models.rules.words import Role
from tests.api.running import Api, uuid_of
from tests.books import NOON

pytestmark = pytest.mark.anyio

CHARGE = """
    credits overdrawn
    lines { activity quantity unit rate credits explanation }
    allocations { grant { source } credits }
"""


async def charge_of(api: Api, id: str) -> Any:
    document = f"""query ($id: ID!) {{ node(id: $id) {{
        ... on Call {{ charge {{ {CHARGE} }} }} ... on Message {{ charge {{ {CHARGE} }} }} }} }}"""
    return (await api.ask(document, id=id))["node"]["charge"]


async def a_call(api: Api, agent: str, seconds: int, hours_later: int = 0, **input: Any) -> str:
    api.made += 1
    start = NOON + timedelta(hours=hours_later)
    end = start + timedelta(seconds=seconds)
    api.books.clock.now = max(end, api.books.clock.now)
    wish = {
        "agentId": agent,
        "key": f"call-{api.made}",
        "direction": "INBOUND",
        "startedAt": start.isoformat(),
        "endedAt": end.isoformat(),
        **input,
    }
    return await api.id_of("recordCall", "call", **wish)


async def test_a_translated_call_has_a_line_for_each_activity(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100", "firstSeconds": 30, "nextSeconds": 30})
    call = await a_call(api, await api.an_agent(tenant), 61, translationSeconds=20)

    assert await charge_of(api, call) == {
        "credits": "1.75",
        "overdrawn": "0",
        "lines": [
            {
                "activity": "CALL",
                "quantity": "1.5",
                "unit": "MINUTE",
                "rate": "1",
                "credits": "1.5",
                "explanation": "61 s, billed as 90 s (30/30) x 1 credit a minute = 1.5 credits",
            },
            {
                "activity": "TRANSLATION",
                "quantity": "0.5",
                "unit": "MINUTE",
                "rate": "0.5",
                "credits": "0.25",
                "explanation": "20 s of translation, billed as 30 s (30/30) x 0.5 credits a minute = 0.25 credits",
            },
        ],
        "allocations": [{"grant": {"source": "PLAN"}, "credits": "1.75"}],
    }


async def test_a_message_is_explained_by_its_tokens(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100"})
    wish = {"agentId": await api.an_agent(tenant), "key": "m", "model": "large", "sentAt": NOON.isoformat()}
    message = await api.id_of("recordMessage", "message", **wish, inputTokens=900, outputTokens=350)
    playground = await api.id_of("recordMessage", "message", **{**wish, "key": "p"}, isPlayground=True)

    charge = await charge_of(api, message)
    assert charge["lines"] == [
        {
            "activity": "MESSAGE",
            "quantity": "1.25",
            "unit": "THOUSAND_TOKENS",
            "rate": "2",
            "credits": "2.5",
            "explanation": "1250 tokens x 2 credits a thousand tokens = 2.5 credits",
        }
    ]
    assert charge["allocations"] == [{"grant": {"source": "PLAN"}, "credits": "2.5"}]
    assert await charge_of(api, playground) == {"credits": "0", "overdrawn": "0", "lines": [], "allocations": []}


async def test_what_is_owed_of_a_charge_is_shown_until_a_grant_has_paid_it(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "3"})
    call = await a_call(api, await api.an_agent(tenant), 600)
    owing = await charge_of(api, call)
    await api.books.top_up(uuid_of(tenant), "5")
    partly = await charge_of(api, call)
    await api.books.top_up(uuid_of(tenant), "5")
    paid = await charge_of(api, call)

    plan, top_up = {"source": "PLAN"}, {"source": "TOP_UP"}
    assert (owing["credits"], owing["overdrawn"]) == ("10", "7")
    assert owing["allocations"] == [{"grant": plan, "credits": "3"}]
    assert (partly["credits"], partly["overdrawn"]) == ("10", "2")
    assert partly["allocations"] == [{"grant": plan, "credits": "3"}, {"grant": top_up, "credits": "5"}]
    assert (paid["credits"], paid["overdrawn"]) == ("10", "0")
    assert paid["allocations"][2] == {"grant": top_up, "credits": "2"}


async def test_late_usage_moves_the_charge_of_a_later_call_to_another_grant(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "10"})
    agent = await api.an_agent(tenant)
    await api.books.top_up(uuid_of(tenant), "10")
    later = await a_call(api, agent, 600, hours_later=2)
    before = await charge_of(api, later)
    earlier = await a_call(api, agent, 240, hours_later=1)

    plan, top_up = {"source": "PLAN"}, {"source": "TOP_UP"}
    assert before["allocations"] == [{"grant": plan, "credits": "10"}]
    assert (await charge_of(api, earlier))["allocations"] == [{"grant": plan, "credits": "4"}]
    assert (await charge_of(api, later))["allocations"] == [
        {"grant": plan, "credits": "6"},
        {"grant": top_up, "credits": "4"},
    ]


async def test_charges_of_a_page_of_calls_are_each_their_own(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100"})
    agent = await api.an_agent(tenant)
    for minutes in (1, 2, 3):
        await a_call(api, agent, 60 * minutes, hours_later=minutes)
    document = f"query ($id: ID!) {{ tenant(id: $id) {{ calls {{ nodes {{ charge {{ {CHARGE} }} }} }} }} }}"

    nodes = (await api.ask(document, id=tenant))["tenant"]["calls"]["nodes"]

    assert [node["charge"]["credits"] for node in nodes] == ["3", "2", "1"]
    assert [node["charge"]["allocations"][0]["credits"] for node in nodes] == ["3", "2", "1"]


async def test_a_recorder_sees_the_lines_of_what_it_records_but_not_which_grants_paid(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100"})
    agent = await api.an_agent(tenant)
    recorder = api.seen_by(Role.RECORDER, tenant)
    wish = {
        "agentId": agent,
        "key": "call",
        "direction": "INBOUND",
        "startedAt": NOON.isoformat(),
        "endedAt": NOON.isoformat(),
    }
    fields = "call { id creditsUsed charge { credits lines { credits explanation } } }"
    payload = await recorder.change("recordCall", wish, fields)
    document = "mutation ($input: CallInput!) { recordCall(input: $input) { call { charge { %s } } } }"

    assert payload["call"]["charge"]["lines"][0]["credits"] == "0"
    allocations = await recorder.run(document % "allocations { credits }", input=wish)
    assert [(error["extensions"]["code"], error["path"][-1]) for error in allocations.errors] == [
        ("FORBIDDEN", "allocations")
    ]
    read_later = "query ($id: ID!) { node(id: $id) { ... on Call { remarks charge { credits } } } }"
    for role in (Role.RECORDER, Role.MEMBER):
        assert (await api.seen_by(role, tenant).run(read_later, id=payload["call"]["id"])).codes == ["FORBIDDEN"]
