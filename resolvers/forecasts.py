"""What a tenant will probably use in the months ahead, and when its credits will run out."""

from datetime import date
from typing import Annotated

import strawberry

from models.actions import forecasting as actions
from models.rules.viewers import Permission
from resolvers.context import Info
from resolvers.inputs import described
from resolvers.nodes import FromRow
from resolvers.permissions import an_amount, field
from resolvers.scalars import Credits
from resolvers.standings import settled

USUAL_MONTHS = 3
USUAL_BUFFER_PERCENT = 20.0


@strawberry.type(
    description="What will probably be used in a calendar month of the tenant's days. Of the current month it is what "
    "was used so far and the expected rest."
)
class ForecastMonth(FromRow):
    month: date = strawberry.field(description="The first day of the month.")
    expected: Credits = an_amount(description="What is expected to be used, less refunds, which count as in usage.")
    low: Credits = an_amount(
        description="The lower end of the 80 % interval: in one of ten months less is used. Never less than was used "
        "already."
    )
    high: Credits = an_amount(description="The upper end of the 80 % interval: in one of ten months more is used.")
    recommended: Credits = an_amount(description="What to have at hand: expected plus the buffer.")


@strawberry.type(
    description="What will probably be used, and when the credits run out. Worked out from the tenant's own past "
    "days; read again it may change, as usage does."
)
class Forecast(FromRow):
    runs_out_on: date | None = strawberry.field(
        description="The day on which nothing is available any more if usage is as expected; today where that is so "
        "already, null where it is not in sight within 24 months. Credits that come and go by themselves count: those "
        "of the plan at each boundary, rollovers, grants that begin or end. Purchases do not, nor automatic ones: it "
        "says when credits run out if none are bought."
    )
    runs_out_earliest: date | None = strawberry.field(description="The same if usage is as high as `high` says.")
    runs_out_latest: date | None = strawberry.field(description="The same if usage is as low as `low` says.")
    method: str = strawberry.field(
        description="How the forecast was made, in plain words. It depends on how many days of past there are."
    )
    backtest_error: float | None = strawberry.field(
        description="How far the same method was off on the tenant's own past: the sum of the absolute errors of its "
        "days divided by what was used on them. 0.2 means 20 % of a day's credits. Null where the past is too short."
    )

    @field(needs=Permission.READ_BOOKS, description="The months, the current one first.")
    def months(self) -> list[ForecastMonth]:
        return [ForecastMonth.of(month) for month in self.row.months]


@strawberry.type
class ForecastOfTenant(FromRow):
    @field(
        needs=Permission.READ_BOOKS,
        description="What will probably be used in the months ahead, from all usage since the first, and when the "
        "credits run out. For operators and the tenant's admins.",
    )
    async def forecast(
        self,
        info: Info,
        months: Annotated[int | None, described("How many calendar months, the current one first; 1 to 24.")] = (
            USUAL_MONTHS
        ),
        buffer_percent: Annotated[
            float | None, described("How much more than expected is recommended, in percent, 0 to 1,000.")
        ] = USUAL_BUFFER_PERCENT,
    ) -> Forecast:
        wish = actions.ForecastWish(
            months=USUAL_MONTHS if months is None else months,
            buffer_percent=USUAL_BUFFER_PERCENT if buffer_percent is None else buffer_percent,
        )
        async with settled(info.context, {"tenant_id": self.row.id}, long=True) as (reader, _):
            return Forecast.of(await actions.forecast(reader, self.row, wish, info.context.books.clock()))
