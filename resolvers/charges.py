"""How an activity became credits, and which grants paid."""

import asyncio
from collections import defaultdict
from decimal import Decimal
from uuid import UUID

import strawberry

from models.rules.rating import explanation, from_store, quantity
from models.rules.viewers import Permission
from models.rules.words import Activity, RateUnit
from resolvers.context import Info
from resolvers.grants import CreditGrant
from resolvers.nodes import FromRow
from resolvers.permissions import amount_field, an_amount, field
from resolvers.scalars import Credits


@strawberry.type(description="One line of a charge: one activity with its price.")
class ChargeLine(FromRow):
    activity: Activity = strawberry.field(description="What is charged.")
    unit: RateUnit = strawberry.field(description="What the quantity counts.")
    rate: Credits = an_amount(description="The price of one unit, as it was when this happened.")
    credits: Credits = an_amount(description="The line's price, rounded half up to a millionth.")

    @amount_field(description="How many units were billed.")
    def quantity(self) -> Decimal:
        return Decimal(quantity(self.row))

    @amount_field(description='The line as a sentence, such as "61 s, billed as 90 s (30/30) x ...".')
    def explanation(self) -> str:
        return explanation(self.row)


@strawberry.type(description="What one grant paid.")
class Allocation:
    grant: CreditGrant = strawberry.field(description="The grant that paid.")
    credits: Credits = an_amount(description="How much it paid.")


@strawberry.type(description="Seconds, then billed seconds, then credits, then the grants that paid.")
class Charge(FromRow):
    credits: Credits = an_amount(description="The sum of the lines, refunds not taken off.")

    @amount_field(description="Each activity with its quantity, rate and price.")
    def lines(self) -> list[ChargeLine]:
        return [ChargeLine.of(line, own=self.own) for line in from_store(self.row.lines)]

    @field(needs=Permission.READ_BOOKS, description="Which grants paid, and how much each of them; refunds aside.")
    async def allocations(self, info: Info) -> list[Allocation]:
        loaders, tenant_id = info.context.loaders, self.row.tenant_id
        paid: dict[UUID, int] = defaultdict(int)
        # What a refund gives back is no payment of the activity's; what it repays of others is.
        for row in await loaders.payments(tenant_id, self.row.id):
            paid[row.grant_id] -= row.credits
        payers = {id: credits for id, credits in paid.items() if credits > 0}
        grants = await asyncio.gather(*(loaders.row("credit_grant", tenant_id, id) for id in payers))
        return [
            Allocation(grant=CreditGrant.of(grant), credits=Credits(credits))
            for grant, credits in zip(grants, payers.values(), strict=True)
        ]

    @amount_field(description="What no grant has paid yet, and is owed.")
    async def overdrawn(self, info: Info) -> Credits:
        return Credits(await info.context.loaders.owed(self.row.tenant_id, self.row.id))
