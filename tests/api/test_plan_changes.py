"""Changes of plans, as operators make them."""

from models.rules.words import Role
from tests.api.running import Api

TENANT = "tenant { plan { id } agentSlots { used limit } credits { available } }"


async def test_a_tenant_goes_over_to_another_plan(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "10"})
    for _ in range(2):
        await api.an_agent(tenant)
    plan = await api.a_plan(monthlyCredits="20", agentSlots=1)

    waits = (await api.change("changePlan", {"tenantId": tenant, "planId": plan}, TENANT))["tenant"]
    assert waits["plan"]["id"] != plan
    assert waits["credits"]["available"] == "10"

    now = await api.change("changePlan", {"tenantId": tenant, "planId": plan, "when": "NOW"}, TENANT)
    assert now["tenant"] == {
        "plan": {"id": plan},
        "agentSlots": {"used": 2, "limit": 1},
        "credits": {"available": "20"},
    }


async def test_only_operators_change_plans(api: Api) -> None:
    tenant = await api.a_tenant()
    document = "mutation ($input: ChangePlanInput!) { changePlan(input: $input) { errors { code } } }"
    wish = {"tenantId": tenant, "planId": await api.a_plan()}

    assert (await api.seen_by(Role.ADMIN, tenant).run(document, input=wish)).codes == ["FORBIDDEN"]
    unknown = await api.change("changePlan", {**wish, "planId": tenant})
    assert [(error["code"], error["path"]) for error in unknown["errors"]] == [("NOT_FOUND", ["input", "planId"])]
