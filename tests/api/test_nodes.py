"""node and nodes: an id finds its object again, for those who may know of it."""

import pytest

from models.rules.ids import type_id
from models.rules.words import Role
from tests.api.running import Api

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
UNKNOWN = "agent_01h455vb4pex5vsknk084sn02q"


async def things(api: Api) -> dict[str, str]:
    """One of each kind, of one tenant."""
    tenant = await api.a_tenant({"monthlyCredits": "5"})
    key = await api.id_of("createApiKey", "apiKey", tenantId=tenant, name="key", role="ADMIN")
    plan = (await api.ask("{ plans { id } }"))["plans"][0]["id"]
    return {
        "Tenant": tenant,
        "Plan": plan,
        "Agent": await api.an_agent(tenant),
        "Opening": await api.an_opening(tenant),
        "Member": await api.a_member(tenant),
        "ApiKey": key,
    }


async def test_every_id_finds_its_object_for_operators_and_the_tenants_admins(api: Api) -> None:
    made = await things(api)
    for viewer in (api, api.seen_by(Role.ADMIN, made["Tenant"])):
        for type, id in made.items():
            assert (await viewer.ask(NODE, id=id))["node"] == {"__typename": type, "id": id}


async def test_another_tenants_things_are_null_and_never_forbidden(api: Api) -> None:
    made = await things(api)
    stranger = api.seen_by(Role.ADMIN, await api.a_tenant())
    for type, id in made.items():
        seen = {"__typename": "Plan", "id": id} if type == "Plan" else None
        assert (await stranger.ask(NODE, id=id))["node"] == seen
    tenant = await stranger.ask("query ($id: ID!) { tenant(id: $id) { id } }", id=made["Tenant"])
    assert tenant == {"tenant": None}


@pytest.mark.parametrize(
    "id",
    [
        "",
        "x",
        UNKNOWN,
        "agent_",
        "nobody_01h455vb4pex5vsknk084sn02q",
        "agent_zzzzzzzzzzzzzzzzzzzzzzzzzz",
        "\u00e9" * 40,
    ],
)
async def test_an_id_that_is_unknown_or_nonsense_is_null(api: Api, id: str) -> None:
    assert (await api.ask(NODE, id=id))["node"] is None


async def test_nodes_keep_the_order_of_their_ids(api: Api) -> None:
    made = await things(api)
    ids = [made["Agent"], "nonsense", made["Tenant"], UNKNOWN, made["Agent"]]
    found = (await api.ask(NODES, ids=ids))["nodes"]
    assert [node and node["id"] for node in found] == [made["Agent"], None, made["Tenant"], None, made["Agent"]]


async def test_at_most_a_hundred_nodes_are_found_at_once(api: Api) -> None:
    answer = await api.run(NODES, ids=[UNKNOWN] * 101)
    assert answer.codes == ["INVALID"]
    assert answer.errors[0]["extensions"]["path"] == ["ids"]
    assert (await api.ask(NODES, ids=[UNKNOWN] * 100))["nodes"] == [None] * 100


async def test_a_kind_that_needs_more_is_forbidden_to_those_who_may_less(api: Api) -> None:
    made = await things(api)
    (grant,) = await api.books.rows("credit_grant")
    member = api.seen_by(Role.MEMBER, made["Tenant"])
    for id in (made["ApiKey"], type_id("credit_grant", grant.id)):
        answer = await member.run(NODE, id=id)
        assert (answer.data, answer.codes) == ({"node": None}, ["FORBIDDEN"])
    admin = api.seen_by(Role.ADMIN, made["Tenant"])
    found = await admin.ask(NODE, id=type_id("credit_grant", grant.id))
    assert found["node"]["__typename"] == "CreditGrant"


async def test_a_tenant_query_wants_an_id_that_can_be_one(api: Api) -> None:
    tenant = "query ($id: ID!) { tenant(id: $id) { id } }"
    answer = await api.run(tenant, id="nonsense")
    assert (answer.data, answer.codes) == ({"tenant": None}, ["INVALID"])
    assert (await api.ask(tenant, id=UNKNOWN)) == {"tenant": None}
