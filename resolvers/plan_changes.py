"""A tenant goes over to another plan."""

from typing import Annotated

import strawberry

from models.actions import plan_changes as actions
from models.rules.viewers import Permission
from models.rules.words import ChangeWhen
from resolvers.context import Info, parse_id
from resolvers.inputs import described
from resolvers.permissions import mutation
from resolvers.tenants import Tenant, TenantPayload


@strawberry.input(description="Another plan for a tenant.")
class ChangePlanInput:
    tenant_id: strawberry.ID = strawberry.field(description="The tenant.")
    plan_id: strawberry.ID = strawberry.field(description="The plan that it goes over to.")
    when: ChangeWhen | None = strawberry.field(
        default=ChangeWhen.NEXT_PERIOD, description="At once, or when the next billing period begins."
    )


@strawberry.type
class PlanChangeMutations:
    @mutation(
        needs=Permission.MANAGE_CREDITS,
        description="Puts a tenant on another plan. A later change replaces one that has not begun yet; the plan that "
        "it is on takes it back. At once, what the new plan grants more is given for the days that are left of the "
        "period. Agents and members above the new limits stay; only more of them are refused.",
    )
    async def change_plan(
        self, info: Info, input: Annotated[ChangePlanInput, described("The tenant and its plan.")]
    ) -> TenantPayload:
        context = info.context
        tenant_id = context.tenant_id(input.tenant_id, "tenant_id")
        plan_id = parse_id(input.plan_id, "plan", "plan_id")
        async with context.work() as work:
            await actions.change_plan(work, tenant_id, plan_id, input.when or ChangeWhen.NEXT_PERIOD)
        return TenantPayload(tenant=Tenant.of(await context.loaders.tenant(tenant_id)))
