"""What a tenant's admins set: automatic top-ups, the amounts to be warned at, and budgets of agents."""

from typing import Annotated
from uuid import UUID

import strawberry

from models.actions import spending_rules as actions
from models.rules.recharging import RechargeRule
from models.rules.viewers import Permission
from models.rules.words import BudgetAction, Interval
from resolvers.context import Info, parse_id
from resolvers.credits import CreditAccount, account_of
from resolvers.hiring import Agent, AgentPayload
from resolvers.inputs import described
from resolvers.permissions import mutation
from resolvers.refusals import Payload
from resolvers.scalars import Credits


@strawberry.input(description="A rule for automatic top-ups, in place of the one that there is.")
class AutoRechargeInput:
    tenant_id: strawberry.ID = strawberry.field(description="Whose rule.")
    enabled: bool = strawberry.field(description="Whether it buys anything.")
    threshold: Credits = strawberry.field(description="Less than this being available, it buys; 0 or more.")
    amount: Credits = strawberry.field(
        description="The size of one lot, more than 0. It buys as many as are needed for more than the threshold to be "
        "there, counting purchases that are not paid yet."
    )
    target_balance: Credits | None = strawberry.field(
        description="What is to be available afterwards, exactly, above the threshold; left out for whole lots."
    )
    monthly_cap: Credits | None = strawberry.field(
        description="What it buys at most in a billing period: as many whole lots as fit. Left out for any amount."
    )


@strawberry.input(description="A budget of an agent, in place of the one that it has.")
class BudgetInput:
    agent_id: strawberry.ID = strawberry.field(description="Whose budget.")
    credits: Credits | None = strawberry.field(description="How much it may use; left out to take the budget away.")
    every: Interval | None = strawberry.field(
        default=Interval.MONTH, description="How long that is for: DAY, WEEK (from Monday) or MONTH."
    )
    action: BudgetAction | None = strawberry.field(
        default=BudgetAction.WARN, description="What happens when it is reached."
    )


@strawberry.type(description="The account, or why it was refused.")
class CreditAccountPayload(Payload):
    account: CreditAccount | None = strawberry.field(
        default=None, description="The account as it is now; null where refused."
    )


@strawberry.type
class SpendingRuleMutations:
    @mutation(
        needs=Permission.ASK_FOR_CREDITS,
        description="Sets the rule for automatic top-ups. It buys at once where too little is available.",
    )
    async def set_auto_recharge(
        self, info: Info, input: Annotated[AutoRechargeInput, described("The rule.")]
    ) -> CreditAccountPayload:
        tenant_id = info.context.tenant_id(input.tenant_id, "tenant_id")
        rule = RechargeRule(input.threshold, input.amount, input.target_balance, input.monthly_cap)
        async with info.context.work() as work:
            await actions.set_auto_recharge(work, tenant_id, rule, enabled=input.enabled)
        return await _account(info, tenant_id)

    @mutation(
        needs=Permission.MANAGE_TENANT,
        description="Sets the amounts that an alert is raised for, once each time that less becomes available. A new "
        "amount counts from the next time that the balance falls below it, not where less is available already.",
    )
    async def set_low_balance_thresholds(
        self,
        info: Info,
        tenant_id: Annotated[strawberry.ID, described("Who is to be warned.")],
        thresholds: Annotated[list[Credits], described("Up to 10 amounts, 0 or more; none for no such alerts.")],
    ) -> CreditAccountPayload:
        id = info.context.tenant_id(tenant_id, "tenant_id")
        async with info.context.work() as work:
            await actions.set_low_balance_thresholds(work, id, thresholds)
        return await _account(info, id)

    @mutation(
        needs=Permission.MANAGE_TENANT,
        description="Gives an agent a budget, or takes it away. What has happened is always recorded: an agent that is "
        "stopped by its budget is refused by authorizeCall.",
    )
    async def set_budget(
        self, info: Info, input: Annotated[BudgetInput, described("The agent and its budget.")]
    ) -> AgentPayload:
        context = info.context
        id = parse_id(input.agent_id, "agent", "agent_id")
        tenant_id = await context.owner_of("agent", id, "agent_id")
        wish = actions.BudgetWish(
            tenant_id, id, input.credits, input.every or Interval.MONTH, input.action or BudgetAction.WARN
        )
        async with context.work() as work:
            await actions.set_budget(work, wish)
        return AgentPayload(agent=Agent.of(await context.loaders.row("agent", tenant_id, id)))


async def _account(info: Info, tenant_id: UUID) -> CreditAccountPayload:
    return CreditAccountPayload(account=await account_of(info, await info.context.loaders.tenant(tenant_id)))
