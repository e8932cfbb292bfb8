"""Tenants, plans and members, as clients make and read them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models.rules.words import Role
from tests.api.running import Api
from tests.books import NOON

TENANT = """
    query ($id: ID!) {
      tenant(id: $id) {
        id name externalId timeZone createdAt
        plan { name monthlyCredits callIncrement { firstSeconds nextSeconds } rollover { policy cap }
               agentSlots seats rates { activity model unit credits } }
        seats { used limit }
        agentSlots { used limit }
      }
    }
"""


async def test_a_tenant_is_read_back_with_its_plan(api: Api) -> None:
    plan = await api.a_plan(
        name="Pro",
        monthlyCredits="100.5",
        firstSeconds=30,
        nextSeconds=30,
        rollover="CAPPED",
        rolloverCap="10",
        agentSlots=3,
        rates=[{"activity": "CALL", "unit": "MINUTE", "credits": "0.25"}],
    )
    tenant = await api.id_of(
        "createTenant", "tenant", name="Acme", planId=plan, timeZone="Europe/Berlin", externalId="acme"
    )

    assert (await api.ask(TENANT, id=tenant))["tenant"] == {
        "id": tenant,
        "name": "Acme",
        "externalId": "acme",
        "timeZone": "Europe/Berlin",
        "createdAt": "2026-03-10T12:00:00Z",
        "plan": {
            "name": "Pro",
            "monthlyCredits": "100.5",
            "callIncrement": {"firstSeconds": 30, "nextSeconds": 30},
            "rollover": {"policy": "CAPPED", "cap": "10"},
            "agentSlots": 3,
            "seats": None,
            "rates": [{"activity": "CALL", "model": None, "unit": "MINUTE", "credits": "0.25"}],
        },
        "seats": {"used": 0, "limit": None},
        "agentSlots": {"used": 0, "limit": 3},
    }


async def test_a_tenant_gets_the_credits_of_every_period_since_its_anchor(api: Api) -> None:
    plan = await api.a_plan(monthlyCredits="10")
    await api.id_of(
        "createTenant", "tenant", name="Acme", planId=plan, billingAnchor="2026-01-31T00:00:00Z", externalId="a"
    )

    grants = await api.books.rows("credit_grant", "effective_at", source="PLAN")
    assert [grant.effective_at.date().isoformat() for grant in grants] == ["2026-01-31", "2026-02-28"]


@pytest.mark.parametrize(
    ("input", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"timeZone": "Mars/Olympus"}, "timeZone"),
        ({"timeZone": ""}, "timeZone"),
        ({"timeZone": "../../etc/passwd"}, "timeZone"),
        ({"externalId": ""}, "externalId"),
        ({"externalId": "x" * 1_000_000}, "externalId"),
        ({"planId": "nonsense"}, "planId"),
        ({"billingAnchor": "2026-03-11T12:00:00Z"}, "billingAnchor"),
        ({"billingAnchor": "1999-12-31T23:59:59Z"}, "billingAnchor"),
    ],
)
async def test_a_tenant_that_makes_no_sense_is_refused_by_field(api: Api, input: dict[str, Any], path: str) -> None:
    wish = {"name": "Acme", "planId": await api.a_plan(), **input}

    payload = await api.change("createTenant", wish, "tenant { id }")

    assert payload["tenant"] is None
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", ["input", path])]
    assert await api.books.rows("tenant") == []


async def test_a_tenant_needs_a_plan_that_exists(api: Api) -> None:
    payload = await api.change("createTenant", {"name": "Acme", "planId": "plan_01h455vb4pex5vsknk084sn02q"})
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("NOT_FOUND", ["input", "planId"])]


async def test_an_external_id_is_taken_once(api: Api) -> None:
    await api.a_tenant(externalId="acme")
    other = await api.a_tenant(externalId="other")
    taken = [("CONFLICT", ["input", "externalId"])]

    again = await api.change("createTenant", {"name": "Acme", "planId": await api.a_plan(), "externalId": "acme"})
    renamed = await api.change("updateTenant", {"id": other, "externalId": "acme"})
    same = await api.change("updateTenant", {"id": other, "externalId": "other"})

    assert [(error["code"], error["path"]) for error in again["errors"]] == taken
    assert [(error["code"], error["path"]) for error in renamed["errors"]] == taken
    assert same["errors"] == []


async def test_of_tenants_made_at_once_one_gets_the_external_id(api: Api) -> None:
    wish = {"name": "Acme", "planId": await api.a_plan(), "externalId": "acme"}
    payloads = await asyncio.gather(*(api.change("createTenant", wish, "tenant { id }") for _ in range(5)))

    assert sum(payload["tenant"] is not None for payload in payloads) == 1
    assert {error["code"] for payload in payloads for error in payload["errors"]} == {"CONFLICT"}


async def test_an_update_leaves_out_what_stays_and_nulls_what_goes(api: Api) -> None:
    tenant = await api.a_tenant(name="Acme", externalId="acme")

    renamed = await api.change("updateTenant", {"id": tenant, "name": "Bolt"}, "tenant { name externalId }")
    cleared = await api.change("updateTenant", {"id": tenant, "externalId": None}, "tenant { name externalId }")
    nameless = await api.change("updateTenant", {"id": tenant, "name": None}, "tenant { name }")

    assert renamed["tenant"] == {"name": "Bolt", "externalId": "acme"}
    assert cleared["tenant"] == {"name": "Bolt", "externalId": None}
    assert [(error["code"], error["path"]) for error in nameless["errors"]] == [("INVALID", ["input", "name"])]


async def test_an_admin_renames_the_tenant_but_leaves_its_external_id(api: Api) -> None:
    tenant = await api.a_tenant()
    admin = api.seen_by(Role.ADMIN, tenant)

    renamed = await admin.change("updateTenant", {"id": tenant, "name": "Bolt"}, "tenant { name }")
    refused = await admin.change("updateTenant", {"id": tenant, "externalId": "x"})

    assert renamed["tenant"] == {"name": "Bolt"}
    assert [error["code"] for error in refused["errors"]] == ["FORBIDDEN"]


# ---------------------------------------------------------------- plans


@pytest.mark.parametrize(
    ("input", "path"),
    [
        ({"monthlyCredits": "-1"}, ["monthlyCredits"]),
        ({"firstSeconds": 0}, ["firstSeconds"]),
        ({"nextSeconds": -1}, ["nextSeconds"]),
        ({"rollover": "CAPPED"}, ["rolloverCap"]),
        ({"rolloverCap": "1"}, ["rolloverCap"]),
        ({"rollover": "CAPPED", "rolloverCap": "-1"}, ["rolloverCap"]),
        ({"agentSlots": -1}, ["agentSlots"]),
        ({"seats": -1}, ["seats"]),
        ({"rates": [{"activity": "CALL", "unit": "FACT", "credits": "1"}]}, ["rates", "0", "unit"]),
        ({"rates": [{"activity": "CALL", "unit": "MINUTE", "credits": "-1"}]}, ["rates", "0", "credits"]),
        ({"rates": [{"activity": "CALL", "unit": "MINUTE", "credits": "1"}] * 2}, ["rates", "1", "activity"]),
    ],
)
async def test_a_plan_that_makes_no_sense_is_refused_by_field(api: Api, input: dict[str, Any], path: list[str]) -> None:
    plan = {"name": "Base", "monthlyCredits": "0", "firstSeconds": 60, "nextSeconds": 60, "rates": []}

    payload = await api.change("createPlan", {**plan, **input}, "plan { id }")

    assert payload["plan"] is None
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", ["input", *path])]


async def test_new_rates_take_the_place_of_all_from_their_moment_on(api: Api) -> None:
    plan = await api.a_plan()
    rates = [{"activity": "CALL", "unit": "MINUTE", "credits": "9"}]
    soon = (NOON + timedelta(days=1)).isoformat()

    await api.id_of("setPlanRates", "plan", planId=plan, effectiveFrom=soon, rates=rates)
    today = await api.ask("{ plans { rates { credits } } }")
    api.books.clock.now = NOON + timedelta(days=1)
    tomorrow = await api.ask("{ plans { rates { credits } } }")

    assert len(today["plans"][0]["rates"]) == 8
    assert tomorrow["plans"][0]["rates"] == [{"credits": "9"}]


async def test_rates_of_an_unknown_plan_are_not_found(api: Api) -> None:
    wish = {"planId": "plan_01h455vb4pex5vsknk084sn02q", "effectiveFrom": NOON.isoformat(), "rates": []}
    payload = await api.change("setPlanRates", wish)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("NOT_FOUND", ["input", "planId"])]


# ---------------------------------------------------------------- members


async def test_a_seat_is_taken_by_a_member_and_freed_with_them(api: Api) -> None:
    tenant = await api.a_tenant({"seats": 1})
    member = await api.a_member(tenant)
    wish = {"tenantId": tenant, "name": "Noa", "email": "noa@acme.example"}

    full = await api.change("addMember", wish)
    remove = "mutation ($id: ID!) { removeMember(id: $id) { member { removedAt } errors { code path } } }"
    removed = (await api.ask(remove, id=member))["removeMember"]
    again = (await api.ask(remove, id=member))["removeMember"]
    freed = await api.change("addMember", wish, "member { id }")

    assert [error["code"] for error in full["errors"]] == ["LIMIT_REACHED"]
    assert removed == again == {"member": {"removedAt": "2026-03-10T12:00:00Z"}, "errors": []}
    assert freed["errors"] == []
    tenant_now = (await api.ask(MEMBERS, id=tenant))["tenant"]
    assert tenant_now["members"]["nodes"] == [{"id": freed["member"]["id"]}]
    assert tenant_now["seats"] == {"used": 1, "limit": 1}
    assert (await api.ask("query ($id: ID!) { node(id: $id) { id } }", id=member))["node"] == {"id": member}


MEMBERS = "query ($id: ID!) { tenant(id: $id) { members { nodes { id } } seats { used limit } } }"


async def test_members_added_at_once_never_pass_the_plans_seats(api: Api) -> None:
    tenant = await api.a_tenant({"seats": 2})
    wish = {"tenantId": tenant, "name": "Noa", "email": "noa@acme.example"}

    payloads = await asyncio.gather(*(api.change("addMember", wish, "member { id }") for _ in range(6)))

    assert sum(payload["member"] is not None for payload in payloads) == 2
    assert (await api.ask(MEMBERS, id=tenant))["tenant"]["seats"] == {"used": 2, "limit": 2}


@pytest.mark.parametrize(
    ("input", "path"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a b@acme.example"}, "email"),
        ({"email": "@acme.example"}, "email"),
        ({"role": "OPERATOR"}, "role"),
        ({"name": " "}, "name"),
        ({"tenantId": "tenant_x"}, "tenantId"),
    ],
)
async def test_a_member_who_makes_no_sense_is_refused_by_field(api: Api, input: dict[str, Any], path: str) -> None:
    wish = {"tenantId": await api.a_tenant(), "name": "Noa", "email": "noa@acme.example", **input}
    payload = await api.change("addMember", wish)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", ["input", path])]


async def test_the_path_of_a_mutation_without_an_input_begins_with_its_argument(api: Api) -> None:
    answer = await api.ask('mutation { removeMember(id: "nonsense") { errors { code path } } }')
    assert answer["removeMember"]["errors"] == [{"code": "INVALID", "path": ["id"]}]


# ---------------------------------------------------------------- who asks


async def test_the_viewer_learns_who_they_are(api: Api) -> None:
    tenant = await api.a_tenant()
    viewer = "{ viewer { role keyName tenant { id } } }"

    assert (await api.ask(viewer))["viewer"] == {"role": "OPERATOR", "keyName": None, "tenant": None}
    admin = api.seen_by(Role.ADMIN, tenant)
    assert (await admin.ask(viewer))["viewer"] == {"role": "ADMIN", "keyName": "admin", "tenant": {"id": tenant}}


async def test_only_operators_list_tenants_and_make_plans(api: Api) -> None:
    admin = api.seen_by(Role.ADMIN, await api.a_tenant())

    listed = await admin.run("{ tenants { totalCount } }")
    made = await admin.run(
        """mutation { createPlan(input: {name: "P", monthlyCredits: 1, firstSeconds: 1, nextSeconds: 1, rates: []})
        { plan { id } } }"""
    )

    assert (listed.data, listed.codes) == (None, ["FORBIDDEN"])
    assert listed.errors[0]["path"] == ["tenants"]
    assert (made.data, made.codes) == (None, ["FORBIDDEN"])


@pytest.mark.parametrize("role", [Role.MEMBER, Role.RECORDER])
async def test_who_may_not_read_the_books_sees_no_prices(api: Api, role: Role) -> None:
    tenant = await api.a_tenant(plan={"monthlyCredits": "5"})
    reader = api.seen_by(role, tenant)
    names = await reader.ask("query ($id: ID!) { tenant(id: $id) { name plan { name seats } } }", id=tenant)
    prices = await reader.run("query ($id: ID!) { tenant(id: $id) { plan { monthlyCredits } } }", id=tenant)

    assert names["tenant"] == {"name": "Acme", "plan": {"name": "Base", "seats": None}}
    assert prices.codes == ["FORBIDDEN"]
    assert prices.errors[0]["path"] == ["tenant", "plan", "monthlyCredits"]


async def test_tenants_are_searched_by_name_and_external_id(api: Api) -> None:
    first = await api.a_tenant(name="100% Acme_", externalId="x-1")
    await api.a_tenant(name="Bolt", externalId="y-2")

    for search, found in [("acme_", [first]), ("100%", [first]), ("X-", [first]), ("%", [first]), ("zz", [])]:
        answer = await api.ask("query ($s: String) { tenants(search: $s) { nodes { id } totalCount } }", s=search)
        assert [node["id"] for node in answer["tenants"]["nodes"]] == found
        assert answer["tenants"]["totalCount"] == len(found)
