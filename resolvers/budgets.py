"""Budgets of agents."""

import strawberry

from models.actions.budgets import standings
from models.rules.periods import days_in
from models.rules.viewers import Permission
from models.rules.words import BudgetAction, Interval
from resolvers.context import Info
from resolvers.nodes import FromRow
from resolvers.permissions import an_amount, field
from resolvers.scalars import Credits


@strawberry.type(description="How much an agent may use in a day, a week or a month of the tenant's time zone.")
class Budget(FromRow):
    credits: Credits = an_amount(description="How much it may use.")
    every: Interval = strawberry.field(description="How long that is for: DAY, WEEK (from Monday) or MONTH.")
    used: Credits = an_amount(description="What it has used in the current interval, less refunds.")
    action: BudgetAction = strawberry.field(description="What happens when it is reached.")


@strawberry.type
class BudgetOfAgent(FromRow):
    @field(needs=Permission.READ_BOOKS, description="How much it may use; null where it has no budget.")
    async def budget(self, info: Info) -> Budget | None:
        loaders, tenant_id = info.context.loaders, self.row.tenant_id
        rows = await loaders.budget_rows(tenant_id, self.row.id)
        if not rows:
            return None
        tenant = await loaders.tenant(tenant_id)
        (standing,) = standings(rows, days_in(tenant.time_zone).day_of(info.context.now))
        return Budget.of(standing)
