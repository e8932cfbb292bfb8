"""The past of an account, and what something would cost: all of it read, nothing changed."""

from datetime import datetime
from typing import Annotated

import strawberry

from models.actions import past, previews
from models.actions.past import Past
from models.rules.periods import days_in
from models.rules.ranges import RangePreset
from models.rules.viewers import Permission
from models.rules.words import CallDirection, Interval, PoolKind
from resolvers.charges import Allocation
from resolvers.context import Info
from resolvers.grants import CreditGrant
from resolvers.inputs import described
from resolvers.nodes import FromRow
from resolvers.permissions import amount_field, an_amount, field
from resolvers.ranges import RangeInput, read_range
from resolvers.scalars import BigInt, Credits
from resolvers.standings import PoolStanding, Standing, settled


@strawberry.type(description="An account as it stood at a moment, by all that is known now.")
class CreditStanding(FromRow):
    at: datetime = strawberry.field(description="The moment. What happened at it is included.")
    seq: BigInt = strawberry.field(description="The last entry in the ledger about what had happened by then.")
    available: Credits = an_amount(description="What could be spent: settled less held.")
    settled: Credits = an_amount(description="What was left in the pools, less what was overdrawn.")
    held: Credits = an_amount(description="What was set aside for calls that were under way.")
    overdrawn: Credits = an_amount(description="What had been used beyond what the pools held.")

    @field(needs=Permission.READ_BOOKS, description="The plan's credits, and those that were bought or given.")
    def pools(self) -> list[PoolStanding]:
        standing: past.Standing = self.row
        balances = {PoolKind.PLAN: standing.plan_balance, PoolKind.TOP_UP: standing.top_up_balance}
        return [PoolStanding(kind=kind, balance=Credits(balance)) for kind, balance in balances.items()]


@strawberry.type(description="What was available at a moment.")
class BalancePoint(FromRow):
    at: datetime = strawberry.field(description="The last moment of its interval; of the current one, now.")
    available: Credits = an_amount(description="What was available then, as asOf at this moment tells it.")


@strawberry.type(description="Which grants a spend would take.")
class SpendPreview:
    allocations: list[Allocation] = strawberry.field(description="The grants in burn order, each with its part.")
    shortfall: Credits = an_amount(description="What no grant could pay, and would be owed.")


@strawberry.type(description="What a call would cost that starts now.")
class CallEstimate(FromRow):
    billed_seconds: int = strawberry.field(description="The seconds that are billed, translation aside.")
    credits: Credits = an_amount(description="What it would cost.")
    balance_after: Credits = an_amount(description="What would be available after it.")
    would_overdraw: bool = strawberry.field(description="Whether it would cost more than is available.")
    longest_seconds: int | None = strawberry.field(
        description="The longest such call, with the same translation, that the available credits pay for; at most "
        "2^31 - 1, null where it costs nothing."
    )


@strawberry.type
class PastOfAccount(FromRow):
    @field(
        needs=Permission.READ_BOOKS,
        description="The account as it stood at a past moment, that moment included, by the time at which things "
        "happened and by all that is known now.",
    )
    async def as_of(self, info: Info, at: Annotated[datetime, described("The moment.")]) -> CreditStanding:
        standing: Standing = self.row
        async with settled(info.context, {"tenant_id": standing.tenant.id}) as (reader, _):
            days = days_in(standing.tenant.time_zone)
            found = await Past(reader, standing.tenant.id, days, info.context.books.clock()).standing(at)
        return CreditStanding.of(found)

    @field(
        needs=Permission.READ_BOOKS,
        description="What was available at the end of each interval of a range, oldest first, up to now: an interval "
        "that has not begun has no point. At most 4,000 points; hours of at most 31 days.",
    )
    async def history(
        self,
        info: Info,
        range: Annotated[RangeInput | None, described("Which days; the current billing period where left out.")] = None,
        every: Annotated[Interval | None, described("How far apart the points are.")] = Interval.DAY,
    ) -> list[BalancePoint]:
        standing: Standing = self.row
        wanted = range or RangeInput(preset=RangePreset.CURRENT_PERIOD, days=None)
        days = read_range(wanted, info.context, standing.tenant)
        async with settled(info.context, {"tenant_id": standing.tenant.id}) as (reader, _):
            told = Past(reader, standing.tenant.id, days_in(standing.tenant.time_zone), info.context.books.clock())
            points = await told.history(days, every or Interval.DAY)
        return [BalancePoint.of(point) for point in points]

    @field(
        needs=Permission.READ_BOOKS,
        description="Which grants a spend of this size would take now, in burn order; nothing is taken.",
    )
    async def would_spend(
        self, info: Info, credits: Annotated[Credits, described("The size of the spend, 0 or more.")]
    ) -> SpendPreview:
        standing: Standing = self.row
        async with settled(info.context, {"tenant_id": standing.tenant.id}) as (reader, _):
            drawn = await previews.would_spend(reader, standing.tenant.id, credits, info.context.books.clock())
        allocations = [Allocation(grant=CreditGrant.of(row), credits=Credits(part)) for row, part in drawn.shares]
        return SpendPreview(allocations=allocations, shortfall=Credits(drawn.shortfall))

    @amount_field(description="What a call would cost that starts now, and how long the available credits last.")
    async def estimate_call(
        self,
        info: Info,
        direction: Annotated[CallDirection, described("Who calls whom; both directions cost the same.")],
        seconds: Annotated[int, described("How long it is to last; of an outbound call, from the connection on.")],
        translation_seconds: Annotated[int | None, described("How much of it is translated.")] = 0,
    ) -> CallEstimate:
        standing: Standing = self.row
        async with info.context.books.reading() as reader:
            estimate = await previews.estimate_call(
                reader,
                standing.tenant.id,
                seconds,
                translation_seconds or 0,
                info.context.books.clock(),
                standing.available,
            )
        return CallEstimate.of(estimate)
