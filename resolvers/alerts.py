"""Alerts, and the amounts at which tenants want to be warned."""

from datetime import datetime

import strawberry

from models.rules.viewers import Permission
from models.rules.warnings import thresholds_of_text
from models.rules.words import AlertKind
from models.tables import alerts as tables
from resolvers.context import Info
from resolvers.conversations import agent_of
from resolvers.hiring import Agent
from resolvers.nodes import FromRow, Node, found_by_id
from resolvers.pages import After, Connection, First, Wish, read_page
from resolvers.permissions import an_amount, field
from resolvers.scalars import BigInt, Credits


@found_by_id(needs=Permission.READ_BOOKS)
@strawberry.type(description="A warning: what happened, and when.")
class Alert(Node):
    kind = "alert"

    seq: BigInt = strawberry.field(description="Its number: the tenant's alerts are numbered by themselves.")
    raised_at: datetime = strawberry.field(description="When it was raised.")
    message: str = strawberry.field(description="What happened, for people: a sentence in English.")
    credits: Credits | None = an_amount(
        description="The amount that it is about: the threshold that was crossed, what is available, the agent's "
        "budget, what a runaway agent used in that hour or day, or the top-up that failed; null where there is none."
    )

    @field(name="kind", description="What it warns of.")
    def alert_kind(self) -> AlertKind:
        return AlertKind(self.row.kind)

    @field(description="The agent that it is about; null where it is about none.")
    async def agent(self, info: Info) -> Agent | None:
        return await agent_of(info, self.row) if self.row.agent_id else None


@strawberry.type
class AlertsOfTenant(FromRow):
    @field(needs=Permission.READ_BOOKS, description="What the tenant was warned of, the newest first.")
    async def alerts(self, info: Info, first: First = 10, after: After = None) -> Connection[Alert]:
        values = {"tenant_id": self.row.id}
        return await read_page(info.context, tables.alerts(), values, Wish(first, after), Alert.of)


@strawberry.type
class ThresholdsOfAccount(FromRow):
    @field(
        needs=Permission.READ_BOOKS,
        description="The amounts that an alert is raised for when less is available, the lowest first.",
    )
    def low_balance_thresholds(self) -> list[Credits]:
        return [Credits(threshold) for threshold in thresholds_of_text(self.row.row.low_balance_thresholds)]
