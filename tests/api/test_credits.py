"""An account shows what is there, what is owed and where it came from, all from one state."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.rules.words import Role
from tests.api.running import Api
from tests.books import NOON

pytestmark = pytest.mark.anyio

ACCOUNT = """
    seq available settled held overdrawn nextBillingDate daysRemaining usedThisPeriod
    period { start end }
    pools { kind name balance grantedThisPeriod usedThisPeriod }
"""
GRANT = "pool source amount remaining priority effectiveAt expiresAt remarks"
TOP_UP = "id credits status automatic requestedAt settledAt paymentReference failure"
ENTRY = "id seq kind credits balanceAfter occurredAt recordedAt remarks"


async def account(api: Api, tenant: str, fields: str = ACCOUNT) -> Any:
    answer = await api.ask(f"query ($id: ID!) {{ tenant(id: $id) {{ credits {{ {fields} }} }} }}", id=tenant)
    return answer["tenant"]["credits"]


async def ledger(api: Api, tenant: str, arguments: str = "", fields: str = ENTRY) -> Any:
    page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount"
    return (await account(api, tenant, f"ledger{arguments} {{ nodes {{ {fields} }} {page} }}"))["ledger"]


async def entries(api: Api, tenant: str) -> list[tuple[str, str, str]]:
    nodes = (await ledger(api, tenant, "(first: 100)"))["nodes"]
    return [(node["kind"], node["credits"], node["balanceAfter"]) for node in reversed(nodes)]


async def top_up(api: Api, tenant: str, credits: str, **input: Any) -> Any:
    api.made += 1
    wish = {"tenantId": tenant, "key": f"top-up-{api.made}", "credits": credits, **input}
    return await api.change("topUp", wish, f"topUp {{ {TOP_UP} }}")


async def grant(api: Api, tenant: str, credits: str, **input: Any) -> Any:
    api.made += 1
    wish = {"tenantId": tenant, "key": f"grant-{api.made}", "credits": credits, **input}
    return await api.change("grantCredits", wish, f"grant {{ id {GRANT} }}")


async def a_call(api: Api, agent: str, minutes: int, at: datetime = NOON, **input: Any) -> Any:
    api.made += 1
    wish = {
        "agentId": agent,
        "key": f"call-{api.made}",
        "direction": "INBOUND",
        "startedAt": at.isoformat(),
        "endedAt": (at + timedelta(minutes=minutes)).isoformat(),
        **input,
    }
    api.books.clock.now = max(api.books.clock.now, at + timedelta(minutes=minutes))
    payload = await api.change("recordCall", wish, "call { id }")
    assert payload["errors"] == []
    return payload["call"]["id"]


# ---------------------------------------------------------------- the account


async def test_a_new_account_has_the_plans_credits_and_the_period_that_they_are_for(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100"})

    assert await account(api, tenant) == {
        "seq": 1,
        "available": "100",
        "settled": "100",
        "held": "0",
        "overdrawn": "0",
        "nextBillingDate": "2026-04-10",
        "daysRemaining": 31,
        "usedThisPeriod": "0",
        "period": {"start": "2026-03-10T00:00:00Z", "end": "2026-04-10T00:00:00Z"},
        "pools": [
            {
                "kind": "PLAN",
                "name": "Plan credits",
                "balance": "100",
                "grantedThisPeriod": "100",
                "usedThisPeriod": "0",
            },
            {
                "kind": "TOP_UP",
                "name": "Top-up credits",
                "balance": "0",
                "grantedThisPeriod": "0",
                "usedThisPeriod": "0",
            },
        ],
    }


async def test_two_periods_after_the_anchor_the_sums_are_those_of_the_current_one(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100"}, billingAnchor="2026-01-31T10:00:00Z")
    agent = await api.an_agent(tenant)
    await a_call(api, agent, 30, datetime(2026, 2, 1, 12, tzinfo=UTC))
    await a_call(api, agent, 7)

    seen = await account(api, tenant)

    assert (seen["nextBillingDate"], seen["daysRemaining"]) == ("2026-03-31", 21)
    assert seen["period"] == {"start": "2026-02-28T00:00:00Z", "end": "2026-03-31T00:00:00Z"}
    assert (seen["available"], seen["usedThisPeriod"]) == ("93", "7")
    assert (seen["pools"][0]["grantedThisPeriod"], seen["pools"][0]["usedThisPeriod"]) == ("100", "7")
    assert [kind for kind, _, _ in await entries(api, tenant)][:3] == ["GRANT", "EXPIRY", "GRANT"]


async def test_the_days_of_an_account_are_the_tenants(api: Api) -> None:
    api.books.clock.now = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    tenant = await api.a_tenant({"monthlyCredits": "1"}, timeZone="Europe/Berlin")

    seen = await account(api, tenant, "nextBillingDate daysRemaining period { start end }")

    assert seen["period"] == {"start": "2026-03-10T23:00:00Z", "end": "2026-04-10T22:00:00Z"}
    assert (seen["nextBillingDate"], seen["daysRemaining"]) == ("2026-04-11", 31)


async def test_whoever_looks_after_a_boundary_sees_the_new_period(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100", "rollover": "CAPPED", "rolloverCap": "30"})
    api.books.clock.now = datetime(2026, 4, 10, tzinfo=UTC)

    seen = await account(api, tenant)

    assert (seen["available"], seen["seq"], seen["daysRemaining"]) == ("130", 4, 30)
    assert seen["pools"][0]["grantedThisPeriod"] == "130"
    assert await entries(api, tenant) == [
        ("GRANT", "100", "100"),
        ("EXPIRY", "-100", "0"),
        ("ROLLOVER", "30", "30"),
        ("GRANT", "100", "130"),
    ]


async def test_a_pool_is_found_by_its_kind_and_by_its_id(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "5"})
    await top_up(api, tenant, "2.5")
    pool = (await account(api, tenant, "pool(kind: TOP_UP) { id balance grants { nodes { amount } } }"))["pool"]

    assert (pool["balance"], pool["grants"]["nodes"]) == ("2.5", [{"amount": "2.5"}])
    found = await api.ask(
        "query ($id: ID!) { node(id: $id) { id ... on CreditPool { kind balance grantedThisPeriod } } }", id=pool["id"]
    )
    assert found["node"] == {"id": pool["id"], "kind": "TOP_UP", "balance": "2.5", "grantedThisPeriod": "2.5"}


async def test_sums_are_told_through_fragments_and_aliases_too(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "5"})
    document = """
        query ($id: ID!) { tenant(id: $id) { ...books } }
        fragment books on Tenant { credits { ... on CreditAccount { used: usedThisPeriod pools { ...sums } } } }
        fragment sums on CreditPool { granted: grantedThisPeriod }
    """
    seen = (await api.ask(document, id=tenant))["tenant"]["credits"]

    assert seen == {"used": "0", "pools": [{"granted": "5"}, {"granted": "0"}]}


# ---------------------------------------------------------------- grants


async def test_grants_that_are_spent_or_ended_are_shown_when_they_are_asked_for(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "10"})
    agent = await api.an_agent(tenant)
    await top_up(api, tenant, "4")
    await a_call(api, agent, 10)

    listed = "grants{} {{ nodes {{ source remaining }} totalCount }}"
    seen = (await account(api, tenant, listed.format("")))["grants"]
    everything = (await account(api, tenant, listed.format("(includeSpent: true)")))["grants"]

    assert seen == {"nodes": [{"source": "TOP_UP", "remaining": "4"}], "totalCount": 1}
    assert everything["totalCount"] == 2


async def test_a_given_grant_shows_what_was_given(api: Api) -> None:
    tenant = await api.a_tenant()
    payload = await grant(
        api,
        tenant,
        "12.5",
        priority=50,
        effectiveAt="2026-03-12T00:00:00Z",
        expiresAt="2026-05-01T00:00:00Z",
        remarks="Welcome",
    )

    assert payload["errors"] == []
    expected = {
        "pool": "TOP_UP",
        "source": "PROMOTION",
        "amount": "12.5",
        "remaining": "12.5",
        "priority": 50,
        "effectiveAt": "2026-03-12T00:00:00Z",
        "expiresAt": "2026-05-01T00:00:00Z",
        "remarks": "Welcome",
    }
    assert {**payload["grant"], **expected} == payload["grant"]
    assert (await account(api, tenant, "available"))["available"] == "0"
    api.books.clock.now = NOON + timedelta(days=2)
    assert (await account(api, tenant, "available"))["available"] == "12.5"


async def test_a_grant_that_is_looked_at_after_its_end_has_nothing_left(api: Api) -> None:
    tenant = await api.a_tenant()
    id = (await grant(api, tenant, "3", expiresAt="2026-03-11T00:00:00Z"))["grant"]["id"]
    api.books.clock.now = NOON + timedelta(days=1)

    found = await api.ask("query ($id: ID!) { node(id: $id) { ... on CreditGrant { amount remaining } } }", id=id)

    assert found["node"] == {"amount": "3", "remaining": "0"}


async def test_a_grant_into_the_plans_pool_ends_with_the_period(api: Api) -> None:
    tenant = await api.a_tenant()
    payload = await grant(api, tenant, "3", pool="PLAN", source="ADJUSTMENT")

    assert payload["grant"]["expiresAt"] == "2026-04-10T00:00:00Z"


GRANTS_THAT_CANNOT_BE: list[tuple[dict[str, Any], str]] = [
    ({"credits": "0"}, "credits"),
    ({"credits": "-1"}, "credits"),
    ({"key": ""}, "key"),
    ({"key": "a\u0000b"}, "key"),
    ({"key": "x" * 1_000_000}, "key"),
    ({"source": "PLAN"}, "source"),
    ({"priority": -1}, "priority"),
    ({"priority": 2**31 - 1}, "priority"),
    ({"expiresAt": "2026-03-09T00:00:00Z"}, "expiresAt"),
    ({"effectiveAt": "1900-01-01T00:00:00Z"}, "effectiveAt"),
    ({"effectiveAt": "9999-12-31T23:59:59.999999Z"}, "effectiveAt"),
    ({"remarks": "x" * 1_000_000}, "remarks"),
    ({"remarks": "\u0001"}, "remarks"),
]


async def test_a_grant_that_makes_no_sense_is_refused_by_the_field_that_is_to_blame(api: Api) -> None:
    tenant = await api.a_tenant()
    for input, path in GRANTS_THAT_CANNOT_BE:
        payload = await grant(api, tenant, **{"credits": "1", **input})
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", ["input", path])]
    assert (await account(api, tenant, "seq"))["seq"] == 0


async def test_a_grant_beyond_the_calendar_is_not_said_to_lie_before_it(api: Api) -> None:
    tenant = await api.a_tenant()
    payload = await grant(api, tenant, "1", expiresAt="9999-12-31T23:59:59.999999Z")
    assert [error["message"] for error in payload["errors"]] == ["This lies between the years 1970 and 9999."]


async def test_credits_that_are_no_amount_are_an_error_of_the_request(api: Api) -> None:
    tenant = await api.a_tenant()
    document = "mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) { errors { code } } }"
    for credits in ("NaN", "1e400", "9223372036854775808", "0.0000001", "x" * 100_000, "", "१"):
        answer = await api.run(document, input={"tenantId": tenant, "key": "k", "credits": credits})
        assert answer.codes == ["INVALID"]
        assert answer.data is None


# ---------------------------------------------------------------- top-ups


async def test_a_paid_top_up_is_there_at_once_and_its_key_buys_once(api: Api) -> None:
    tenant = await api.a_tenant()
    first = await top_up(api, tenant, "20", key="order-1", paymentReference="pi_1")
    again = await top_up(api, tenant, "20", key="order-1", paymentReference="pi_1")
    other = await top_up(api, tenant, "21", key="order-1", paymentReference="pi_1")

    assert first["errors"] == []
    assert first["topUp"]["status"] == "SETTLED"
    assert (first["topUp"]["credits"], first["topUp"]["paymentReference"]) == ("20", "pi_1")
    assert first["topUp"]["settledAt"] == first["topUp"]["requestedAt"] == "2026-03-10T12:00:00Z"
    assert again["topUp"] == first["topUp"]
    assert [(error["code"], error["path"]) for error in other["errors"]] == [("CONFLICT", ["input", "key"])]
    assert other["topUp"] is None
    assert (await account(api, tenant, "available seq")) == {"available": "20", "seq": 1}


async def test_a_pending_top_up_adds_credits_once_it_is_settled(api: Api) -> None:
    tenant = await api.a_tenant()
    asked = (await top_up(api, tenant, "20", settled=False))["topUp"]
    before = await account(api, tenant, "available")
    settlement = {"id": asked["id"], "outcome": "SETTLED", "paymentReference": "pi_2"}
    settled = await api.change("settleTopUp", settlement, f"topUp {{ {TOP_UP} }}")
    again = await api.change("settleTopUp", settlement, f"topUp {{ {TOP_UP} }}")
    failed = await api.change("settleTopUp", {"id": asked["id"], "outcome": "FAILED"}, "topUp { id }")

    assert (asked["status"], asked["settledAt"], before["available"]) == ("PENDING", None, "0")
    assert (settled["topUp"]["status"], settled["topUp"]["paymentReference"]) == ("SETTLED", "pi_2")
    assert again["topUp"] == settled["topUp"]
    assert [(error["code"], error["path"]) for error in failed["errors"]] == [("CONFLICT", ["input", "outcome"])]
    assert await entries(api, tenant) == [("TOP_UP", "0", "0"), ("TOP_UP", "20", "20")]
    listed = (await account(api, tenant, f"topUps {{ nodes {{ {TOP_UP} }} totalCount }}"))["topUps"]
    assert listed == {"nodes": [settled["topUp"]], "totalCount": 1}


async def test_a_failed_top_up_adds_nothing_and_says_why(api: Api) -> None:
    tenant = await api.a_tenant()
    id = (await top_up(api, tenant, "20", settled=False))["topUp"]["id"]
    failed = await api.change(
        "settleTopUp", {"id": id, "outcome": "FAILED", "failure": "Card declined"}, "topUp { status failure }"
    )

    assert failed["topUp"] == {"status": "FAILED", "failure": "Card declined"}
    assert (await account(api, tenant, "available"))["available"] == "0"
    found = await api.ask("query ($id: ID!) { node(id: $id) { ... on TopUp { status failure } } }", id=id)
    assert found["node"] == failed["topUp"]


async def test_an_admin_asks_for_credits_and_only_an_operator_says_that_they_are_paid(api: Api) -> None:
    tenant = await api.a_tenant()
    admin = api.seen_by(Role.ADMIN, tenant)

    paid = await top_up(admin, tenant, "5")
    asked = await top_up(admin, tenant, "5", settled=False, key="mine")

    assert [(error["code"], error["path"]) for error in paid["errors"]] == [("FORBIDDEN", ["input", "settled"])]
    assert asked["topUp"]["status"] == "PENDING"
    document = "mutation ($input: SettleTopUpInput!) { settleTopUp(input: $input) { errors { code } } }"
    settled = await admin.run(document, input={"id": asked["topUp"]["id"], "outcome": "SETTLED"})
    assert settled.codes == ["FORBIDDEN"]


async def test_only_operators_give_credits(api: Api) -> None:
    tenant = await api.a_tenant()
    document = "mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) { errors { code } } }"
    wish = {"tenantId": tenant, "key": "gift", "credits": "1000"}

    for role in (Role.ADMIN, Role.MEMBER, Role.RECORDER):
        assert (await api.seen_by(role, tenant).run(document, input=wish)).codes == ["FORBIDDEN"]
    assert (await account(api, tenant, "available"))["available"] == "0"


async def test_credits_for_a_tenant_that_is_not_there_are_refused(api: Api) -> None:
    tenant, other = await api.a_tenant(), await api.a_tenant()
    agent = await api.an_agent(tenant)
    asked = (await top_up(api, tenant, "1", settled=False))["topUp"]["id"]
    admin = api.seen_by(Role.ADMIN, other)
    unknown = tenant[:-4] + "0000"

    refused = [
        await top_up(api, unknown, "1"),
        await top_up(api, agent, "1"),
        await top_up(api, "nonsense", "1"),
        await top_up(admin, tenant, "1", settled=False),
        await api.change("settleTopUp", {"id": asked[:-4] + "0000", "outcome": "SETTLED"}),
        await api.change("settleTopUp", {"id": tenant, "outcome": "SETTLED"}),
        await api.change("settleTopUp", {"id": asked, "outcome": "PENDING"}),
    ]

    assert [(error["code"], error["path"][-1]) for payload in refused for error in payload["errors"]] == [
        ("NOT_FOUND", "tenantId"),
        ("NOT_FOUND", "tenantId"),
        ("INVALID", "tenantId"),
        ("NOT_FOUND", "tenantId"),
        ("NOT_FOUND", "id"),
        ("NOT_FOUND", "id"),
        ("INVALID", "outcome"),
    ]


# ---------------------------------------------------------------- owing and repaying


async def test_what_no_grant_pays_is_owed_and_repaid_by_the_next_credits(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "3"})
    agent = await api.an_agent(tenant)
    await a_call(api, agent, 10)
    owing = await account(api, tenant, "available settled overdrawn pools { balance }")
    await top_up(api, tenant, "20")
    repaid = await account(api, tenant, "available settled overdrawn pools { balance usedThisPeriod }")

    zero = {"balance": "0"}
    assert owing == {"available": "-7", "settled": "-7", "overdrawn": "7", "pools": [zero, zero]}
    assert repaid == {
        "available": "13",
        "settled": "13",
        "overdrawn": "0",
        "pools": [{"balance": "0", "usedThisPeriod": "3"}, {"balance": "13", "usedThisPeriod": "7"}],
    }
    assert await entries(api, tenant) == [("GRANT", "3", "3"), ("USAGE", "-10", "-7"), ("TOP_UP", "20", "13")]


async def test_the_books_of_a_tenant_can_be_proved(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "3"}, billingAnchor="2026-01-31T00:00:00Z")
    agent = await api.an_agent(tenant)
    await a_call(api, agent, 10)
    await top_up(api, tenant, "20")
    await a_call(api, agent, 1, NOON - timedelta(days=20))

    seen = await account(api, tenant, "seq verification { ok entriesChecked problems }")

    assert seen["verification"] == {"ok": True, "entriesChecked": seen["seq"], "problems": []}


# ---------------------------------------------------------------- the ledger


async def test_the_ledger_is_read_in_pages_in_both_directions(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100"})
    agent = await api.an_agent(tenant)
    for minutes in (1, 2, 3, 4):
        await a_call(api, agent, minutes)

    newest = await ledger(api, tenant, "(first: 2)")
    older = await ledger(api, tenant, f'(first: 2, after: "{newest["pageInfo"]["endCursor"]}")')
    oldest = await ledger(api, tenant, "(last: 2)")
    back = await ledger(api, tenant, f'(last: 2, before: "{oldest["pageInfo"]["startCursor"]}")')

    assert [page["totalCount"] for page in (newest, older, oldest, back)] == [5] * 4
    assert [[node["seq"] for node in page["nodes"]] for page in (newest, older, oldest, back)] == [
        [5, 4],
        [3, 2],
        [2, 1],
        [4, 3],
    ]
    assert newest["pageInfo"]["hasNextPage"]
    assert not newest["pageInfo"]["hasPreviousPage"]
    assert not oldest["pageInfo"]["hasNextPage"]
    assert back["pageInfo"]["hasNextPage"]
    assert back["pageInfo"]["hasPreviousPage"]


async def test_the_ledger_is_narrowed_by_days_and_kinds(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "100"})
    agent = await api.an_agent(tenant)
    await a_call(api, agent, 1)
    await a_call(api, agent, 2, NOON + timedelta(days=1))
    await top_up(api, tenant, "1")

    async def kinds(arguments: str) -> tuple[list[tuple[str, str]], int]:
        page = await ledger(api, tenant, arguments)
        return [(node["kind"], node["credits"]) for node in page["nodes"]], page["totalCount"]

    one_day = '(range: {days: {from: "2026-03-11", to: "2026-03-11"}}'
    assert await kinds("(kinds: [USAGE])") == ([("USAGE", "-2"), ("USAGE", "-1")], 2)
    assert await kinds(f"{one_day})") == ([("TOP_UP", "1"), ("USAGE", "-2")], 2)
    assert await kinds(f"{one_day}, kinds: [USAGE])") == ([("USAGE", "-2")], 1)
    assert await kinds("(kinds: [])") == ([], 0)
    assert await kinds("(range: {preset: ALL_TIME}, kinds: [GRANT, HOLD])") == ([("GRANT", "100")], 1)


async def test_an_entry_says_what_it_is_about_and_which_grants_it_moved(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "3"})
    agent, member = await api.an_agent(tenant), await api.a_member(tenant)
    call = await a_call(api, agent, 5, memberId=member, remarks="Long")
    await top_up(api, tenant, "10")
    fields = """kind remarks subject { __typename id } agent { id } member { id } opening { id }
        allocations { grant { source } credits }"""

    nodes = (await ledger(api, tenant, fields=fields))["nodes"]

    about_nobody = {"agent": None, "member": None, "opening": None}
    assert nodes[1] == {
        "kind": "USAGE",
        "remarks": "Long",
        "subject": {"__typename": "Call", "id": call},
        "agent": {"id": agent},
        "member": {"id": member},
        "opening": None,
        "allocations": [{"grant": {"source": "PLAN"}, "credits": "-3"}],
    }
    assert {**nodes[0], **about_nobody} == nodes[0]
    assert nodes[0]["subject"]["__typename"] == "TopUp"
    # Two of the ten went to what was owed.
    assert nodes[0]["allocations"] == [{"grant": {"source": "TOP_UP"}, "credits": "8"}]
    assert nodes[2]["subject"]["__typename"] == "CreditGrant"


async def test_an_entry_is_found_by_its_id_by_those_who_may_see_it(api: Api) -> None:
    tenant, other = await api.a_tenant({"monthlyCredits": "3"}), await api.a_tenant({"monthlyCredits": "4"})
    entry = (await ledger(api, tenant))["nodes"][0]
    document = f"query ($id: ID!) {{ node(id: $id) {{ ... on LedgerEntry {{ {ENTRY} }} }} }}"

    for viewer in (api, api.seen_by(Role.ADMIN, tenant)):
        assert (await viewer.ask(document, id=entry["id"]))["node"] == entry
    assert (await api.seen_by(Role.ADMIN, other).ask(document, id=entry["id"]))["node"] is None
    changed = entry["id"][:-1] + ("0" if entry["id"][-1] != "0" else "2")
    assert (await api.ask(document, id=changed))["node"] is None
    assert (await api.seen_by(Role.MEMBER, tenant).run(document, id=entry["id"])).codes == ["FORBIDDEN"]


async def test_entries_that_come_in_later_do_not_show_in_an_answer_of_an_earlier_seq(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "3"})
    seen = await account(api, tenant, "seq ledger { nodes { seq } }")

    assert seen["ledger"]["nodes"][0]["seq"] == seen["seq"]


async def test_members_and_recorders_see_no_credits(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "3"})
    ids = await account(api, tenant, "pools { id } grants { nodes { id } }")
    by_tenant = "query ($id: ID!) { tenant(id: $id) { name credits { available } } }"

    for viewer in (api.seen_by(Role.MEMBER, tenant), api.seen_by(Role.RECORDER, tenant)):
        assert (await viewer.run(by_tenant, id=tenant)).codes == ["FORBIDDEN"]
        for id in (ids["pools"][0]["id"], ids["grants"]["nodes"][0]["id"]):
            assert (await viewer.run("query ($id: ID!) { node(id: $id) { id } }", id=id)).codes == ["FORBIDDEN"]


async def test_another_tenants_pools_and_grants_are_not_found(api: Api) -> None:
    tenant, other = await api.a_tenant({"monthlyCredits": "3"}), await api.a_tenant()
    ids = await account(api, tenant, "pools { id } grants { nodes { id } }")
    viewer = api.seen_by(Role.ADMIN, other)

    for id in (ids["pools"][0]["id"], ids["grants"]["nodes"][0]["id"]):
        assert await viewer.ask("query ($id: ID!) { node(id: $id) { id } }", id=id) == {"node": None}


PAGES_THAT_CANNOT_BE = [
    ("ledger(first: -1) { totalCount }", ["first"]),
    ("ledger(first: 101) { totalCount }", ["first"]),
    ("ledger(first: 1, last: 1) { totalCount }", ["last"]),
    ('ledger(after: "nonsense") { totalCount }', ["after"]),
    ('ledger(after: "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5") { totalCount }', ["after"]),
    ('ledger(range: {days: {from: "2026-03-11", to: "2026-03-10"}}) { totalCount }', ["range", "days", "to"]),
    ("grants(first: 101) { totalCount }", ["first"]),
    ('topUps(after: "x") { totalCount }', ["after"]),
]


async def test_a_page_that_cannot_be_is_an_error_with_its_argument(api: Api) -> None:
    tenant = await api.a_tenant()
    for field, path in PAGES_THAT_CANNOT_BE:
        answer = await api.run(f"query ($id: ID!) {{ tenant(id: $id) {{ credits {{ {field} }} }} }}", id=tenant)
        assert [error["extensions"] for error in answer.errors] == [{"code": "INVALID", "path": path}]


async def test_a_range_at_the_ends_of_time_is_answered(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "3"})
    page = await ledger(api, tenant, '(range: {days: {from: "0001-01-01", to: "9999-12-31"}})')

    assert page["totalCount"] == 1
