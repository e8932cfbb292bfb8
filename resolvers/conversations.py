"""Calls and messages."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from models.rules.words import Activity, CallDirection
from models.tables import lists
from resolvers.charges import Charge
from resolvers.context import Context, Info
from resolvers.external_ids import RecordedAs, found_by_external_id
from resolvers.inputs import described
from resolvers.nodes import FromRow, Node, found_by_id
from resolvers.pages import After, Before, Connection, First, Last, Wish, empty_page, read_page
from resolvers.permissions import amount_field, field
from resolvers.ranges import (
    Filter,
    FilterArgument,
    RangeArgument,
    RangeInput,
    range_values,
    read_filter,
    read_range,
)
from resolvers.scalars import Credits

if TYPE_CHECKING:
    from resolvers.hiring import Agent
    from resolvers.tenants import Member

AgentOf = Annotated["Agent", strawberry.lazy("resolvers.hiring")]
MemberOf = Annotated["Member", strawberry.lazy("resolvers.tenants")]


async def agent_of(info: Info, row: Any) -> "Agent":
    """The agent of something that always has one."""
    from resolvers.hiring import Agent

    return Agent.of(await info.context.loaders.row("agent", row.tenant_id, row.agent_id))


async def member_of(info: Info, tenant_id: UUID, member_id: UUID | None) -> "Member | None":
    from resolvers.tenants import Member

    return Member.of(await info.context.loaders.row("member", tenant_id, member_id)) if member_id else None


@found_by_id()
@strawberry.type(description="One conversation by voice between an agent and a caller.")
class Call(Node):
    kind = "call"

    external_id: str | None = strawberry.field(description="The caller's own id of it: the key it was recorded with.")
    direction: CallDirection = strawberry.field(description="Who called whom, seen from the agent.")
    started_at: datetime = strawberry.field(
        description="When the phone rang, or was dialled. Decides the call's day, rate and billing period."
    )
    connected_at: datetime | None = strawberry.field(description="When it was answered; null where it was not.")
    ended_at: datetime = strawberry.field(description="When the line was closed.")
    duration_seconds: int = strawberry.field(description="From startedAt to endedAt, rounded up to whole seconds.")
    billed_seconds: int = strawberry.field(
        description="The seconds that were billed, by the plan's steps; translation left out."
    )
    translation_seconds: int = strawberry.field(description="How long it was translated, which is a line of its own.")
    remarks: str = strawberry.field(description="What was noted when it was recorded.")

    @field(description="The agent that made or took the call.")
    async def agent(self, info: Info) -> AgentOf:
        return await agent_of(info, self.row)

    @field(description="The member that it was made for; null where that is unknown.")
    async def member(self, info: Info) -> MemberOf | None:
        return await member_of(info, self.row.tenant_id, self.row.member_id)

    @amount_field(description="What was charged, less refunds.")
    def credits_used(self) -> Credits:
        return Credits(self.row.credits - self.row.refunded)

    @amount_field(description="Seconds, then billed seconds, then credits, then which grants paid.")
    def charge(self) -> Charge:
        return Charge.of(self.row, own=self.own)


@found_by_id()
@strawberry.type(description="One message of a chat agent.")
class Message(Node):
    kind = "message"

    external_id: str = strawberry.field(description="The caller's own id of it: the key it was recorded with.")
    model: str = strawberry.field(description="The model that wrote it.")
    sent_at: datetime = strawberry.field(description="When it was sent.")
    is_playground: bool = strawberry.field(description="Whether it was sent to try things out, which costs nothing.")
    input_tokens: int | None = strawberry.field(description="Tokens that the model read; null where nobody counted.")
    output_tokens: int | None = strawberry.field(description="Tokens that the model wrote; null where nobody counted.")

    @field(description="The agent that wrote it.")
    async def agent(self, info: Info) -> AgentOf:
        return await agent_of(info, self.row)

    @field(description="The member it was written for; null where that is unknown.")
    async def member(self, info: Info) -> MemberOf | None:
        return await member_of(info, self.row.tenant_id, self.row.member_id)

    @amount_field(description="What was charged, less refunds.")
    def credits_used(self) -> Credits:
        return Credits(self.row.credits - self.row.refunded)

    @amount_field(description="How the message became credits, and which grants paid.")
    def charge(self) -> Charge:
        return Charge.of(self.row, own=self.own)


@strawberry.type
class ConversationsOfTenant(FromRow):
    @field(description="The tenant's calls, the newest first.")
    async def calls(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        range: RangeArgument = None,
        filter: FilterArgument = None,
    ) -> Connection[Call]:
        wish = Wish(first, after, last, before)
        return await read_calls(info.context, self.row, wish, range, read_filter(filter))

    @field(description="The call that was recorded with a key; null where there is none.")
    async def call(self, info: Info, external_id: RecordedAs) -> Call | None:
        return await found_by_external_id(info, Call, self.row.id, external_id)

    @field(description="The tenant's messages, the newest first.")
    async def messages(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        range: RangeArgument = None,
        filter: FilterArgument = None,
        include_playground: Annotated[
            bool | None, described("Whether those are listed too that were sent to try things out.")
        ] = False,
    ) -> Connection[Message]:
        wish, tenant = Wish(first, after, last, before), self.row
        return await read_messages(
            info.context, tenant, wish, range, read_filter(filter), played=bool(include_playground)
        )

    @field(description="The message that was recorded with a key; null where there is none.")
    async def message(self, info: Info, external_id: RecordedAs) -> Message | None:
        return await found_by_external_id(info, Message, self.row.id, external_id)


async def read_calls(
    context: Context, tenant: Any, wish: Wish, range: RangeInput | None, filter: Filter
) -> Connection[Call]:
    """A page of a tenant's calls. The roll-ups know how many there are in all."""
    values = narrowing(context, tenant, range, filter)
    activity = _activity_of(filter)
    if activity is None or not _can_be_calls(tenant, filter):
        return empty_page(wish)
    if filter.direction is not None:
        values["direction"] = filter.direction.value
    used = frozenset(values.keys() & {"agent_ids", "member_ids", "direction"})
    if "starts_at" in values:
        used |= {"range"}
    translated = frozenset({"translated"}) if activity is Activity.TRANSLATION else frozenset[str]()
    listing = lists.calls(used=used | translated)
    count = counted(context, lists.activities_counted(activity=activity, used=used), values)
    return await read_page(context, listing, values, wish, Call.of, count)


async def read_messages(
    context: Context, tenant: Any, wish: Wish, range: RangeInput | None, filter: Filter, *, played: bool
) -> Connection[Message]:
    """A page of a tenant's messages. The roll-ups know how many there are, those of the playground aside."""
    values = narrowing(context, tenant, range, filter)
    if not _can_be_messages(tenant, filter):
        return empty_page(wish)
    if filter.models is not None:
        values["models"] = [str(model) for model in filter.models]
    used = frozenset(values.keys() & {"agent_ids", "member_ids", "models"})
    if "starts_at" in values:
        used |= {"range"}
    count = counted(context, lists.activities_counted(activity=Activity.MESSAGE, used=used), values)
    listing = lists.messages(used=used, played=played)
    return await read_page(context, listing, values, wish, Message.of, None if played else count)


def narrowing(context: Context, tenant: Any, range: RangeInput | None, filter: Filter) -> dict[str, Any]:
    """The values by which statements narrow a tenant's activities."""
    values: dict[str, Any] = {"tenant_id": tenant.id}
    if days := read_range(range, context, tenant):
        values |= range_values(days, tenant)
    if filter.agent_ids is not None:
        values["agent_ids"] = list(filter.agent_ids)
    if filter.member_ids is not None:
        values["member_ids"] = list(filter.member_ids)
    return values


def counted(context: Context, statement: Any, values: dict[str, Any]) -> Callable[[], Awaitable[int]]:
    async def count() -> int:
        return int(await context.value(statement, values))

    return count


def _activity_of(filter: Filter) -> Activity | None:
    """Which calls a filter by activities means: all of them, those that were translated, or none."""
    if filter.activities is None or Activity.CALL in filter.activities:
        return Activity.CALL
    return Activity.TRANSLATION if Activity.TRANSLATION in filter.activities else None


def _can_be_messages(tenant: Any, filter: Filter) -> bool:
    """Messages have no opening and no direction, and are of one tenant."""
    of_tenant = filter.tenant_ids is None or tenant.id in filter.tenant_ids
    is_message = filter.activities is None or Activity.MESSAGE in filter.activities
    return of_tenant and is_message and filter.opening_ids is None and filter.direction is None


def _can_be_calls(tenant: Any, filter: Filter) -> bool:
    """Calls have no opening and no model, and are of one tenant."""
    of_tenant = filter.tenant_ids is None or tenant.id in filter.tenant_ids
    return of_tenant and filter.opening_ids is None and (filter.models is None or "" in filter.models)
