"""Rules for automatic top-ups, and what such a rule would have bought."""

from datetime import datetime
from typing import Annotated

import strawberry

from models.actions import recharging as actions
from models.rules.ranges import BEGINNING
from models.rules.recharging import RechargeRule
from models.rules.viewers import Permission
from resolvers.context import Info
from resolvers.inputs import described
from resolvers.nodes import FromRow
from resolvers.permissions import an_amount, field
from resolvers.ranges import RangeArgument, range_values, read_range
from resolvers.scalars import Credits
from resolvers.standings import Standing


@strawberry.type(description="The tenant's rule for automatic top-ups: one purchase whenever too little is available.")
class AutoRecharge(FromRow):
    enabled: bool = strawberry.field(description="Whether it buys anything.")
    threshold: Credits = an_amount(description="Less than this being available, it buys.")
    amount: Credits = an_amount(
        description="The size of one lot. It buys as many as are needed for more than the threshold to be there."
    )
    target_balance: Credits | None = an_amount(
        description="What is to be available afterwards, exactly; null where whole lots are bought."
    )
    monthly_cap: Credits | None = an_amount(
        description="What it buys at most in a billing period; null where there is no limit."
    )
    spent_this_period: Credits = an_amount(
        description="What it bought in the current billing period, purchases that are not paid yet among it."
    )
    suspended_until: datetime | None = strawberry.field(
        description="Until when it buys nothing, since a purchase failed; null where it does not wait."
    )
    last_failure: str | None = strawberry.field(
        description="Why its last purchase failed; null where none has since the last one that was paid."
    )


@strawberry.type(description="A purchase that a rule would have made.")
class TrialPurchase(FromRow):
    at: datetime = strawberry.field(description="When.")
    credits: Credits = an_amount(description="How many credits.")
    available_before: Credits = an_amount(description="What was available before it, with the purchases made earlier.")


@strawberry.type(description="What a rule would have bought over a past range. Nothing is bought.")
class RechargeTrial(FromRow):
    @field(needs=Permission.READ_BOOKS, description="The purchases, the earliest first.")
    def purchases(self) -> list[TrialPurchase]:
        return [TrialPurchase.of(purchase) for purchase in self.row]

    @field(needs=Permission.READ_BOOKS, description="All of them together.")
    def credits(self) -> Credits:
        return Credits(sum(purchase.credits for purchase in self.row))


@strawberry.type
class RechargingOfAccount(FromRow):
    @field(needs=Permission.READ_BOOKS, description="The rule for automatic top-ups; null where none was ever set.")
    async def auto_recharge(self, info: Info) -> AutoRecharge | None:
        standing: Standing = self.row
        async with info.context.books.reading() as reader:
            rule = await actions.rule_of(reader, standing.tenant.id, standing.period.start)
        if rule is None:
            return None
        again_at = standing.row.recharge_again_at
        waits = again_at is not None and again_at > info.context.now
        made = AutoRecharge.of(rule)
        made.spent_this_period = Credits(rule.spent)
        made.suspended_until = again_at if waits else None
        return made

    @field(
        needs=Permission.READ_BOOKS,
        description="What such a rule would have bought over a past range, each purchase paid at once; nothing is "
        "bought. It sees what was available after each moment at which something happened.",
    )
    async def auto_recharge_trial(
        self,
        info: Info,
        threshold: Annotated[Credits, described("Less than this being available, it buys; 0 or more.")],
        amount: Annotated[Credits, described("The size of one lot, more than 0.")],
        target_balance: Annotated[
            Credits | None, described("What is to be available afterwards, above the threshold; left out for lots.")
        ] = None,
        monthly_cap: Annotated[
            Credits | None, described("What it buys at most in a billing period; left out for any amount.")
        ] = None,
        range: RangeArgument = None,
    ) -> RechargeTrial:
        tenant = self.row.tenant
        rule = RechargeRule(threshold, amount, target_balance, monthly_cap)
        start, end = BEGINNING, None
        if days := read_range(range, info.context, tenant):
            values = range_values(days, tenant)
            start, end = values["starts_at"], values["ends_at"]
        async with info.context.books.reading(long=True) as reader:
            return RechargeTrial.of(await actions.try_out(reader, tenant, rule, start, end))
