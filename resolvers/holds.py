"""Holds: credits set aside for calls that are under way."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.actions import holds as actions
from models.rules.viewers import Permission
from models.rules.words import CallDirection, HoldStatus
from resolvers.context import Context, Info, parse_id
from resolvers.inputs import described
from resolvers.nodes import Node, register
from resolvers.permissions import amount_field, an_amount, mutation
from resolvers.refusals import Payload
from resolvers.scalars import Credits
from resolvers.standings import available, settled


@strawberry.type(description="Credits set aside for a call that is under way, so that no other call counts on them.")
class Hold(Node):
    kind = "hold"

    credits: Credits = an_amount(description="How many credits were set aside.")
    seconds: int = strawberry.field(description="How many seconds of the call, from its start, they are to cover.")
    expires_at: datetime = strawberry.field(
        description="When it ends by itself and gives the credits back, unless it is extended before."
    )
    status: HoldStatus = strawberry.field(description="Whether it is open, or how it ended.")

    @amount_field(
        description="How many seconds the available credits last, this hold's among them while it is open; at most "
        "2^31 - 1, null where calls cost nothing."
    )
    async def longest_seconds(self, info: Info) -> int | None:
        row = self.row if isinstance(self.row, actions.Hold) else await _read(info.context, self.row)
        return row.longest_seconds


async def _load(context: Context, id: UUID) -> Hold | None:
    row = await context.loaders.find(Hold.kind, id)
    return Hold.of(await _read(context, row)) if row else None


async def _read(context: Context, row: Any) -> actions.Hold:
    """The hold as it is now: its end may have come."""
    async with settled(context, {"tenant_id": row.tenant_id}) as (reader, account):
        return await actions.read_hold(reader, row.tenant_id, row.id, available(account))


register(Hold.kind, _load)


@strawberry.input(description="A call that is about to start. The same key again answers the same hold, as it is now.")
class AuthorizeCallInput:
    agent_id: strawberry.ID = strawberry.field(description="The agent that is to make or take the call.")
    key: str = strawberry.field(
        description="Your own id of the call, in 1 to 200 characters: the same key never holds twice."
    )
    direction: CallDirection = strawberry.field(description="Who calls whom, seen from the agent.")
    expected_seconds: int | None = strawberry.field(
        description="How long the call is expected to last; its first step where left out."
    )


@strawberry.input(description="A call that goes on.")
class ExtendHoldInput:
    id: strawberry.ID = strawberry.field(description="The hold of the call.")
    seconds: int = strawberry.field(
        description="For how many seconds the call is to be covered in all, from its start. What is covered already "
        "is never lowered."
    )


@strawberry.type(description="The hold, or why it was refused.")
class HoldPayload(Payload):
    hold: Hold | None = strawberry.field(default=None, description="The hold as it is now; null where refused.")


@strawberry.type
class HoldMutations:
    @mutation(
        needs=Permission.REPORT_USAGE,
        description="May this call start? Sets aside the price of its first step, or of the seconds that it is "
        "expected to last, for 15 minutes, and says how long the credits last. A call that costs nothing may always "
        "start.",
    )
    async def authorize_call(
        self, info: Info, input: Annotated[AuthorizeCallInput, described("The call.")]
    ) -> HoldPayload:
        agent_id = parse_id(input.agent_id, "agent", "agent_id")
        tenant_id = await info.context.owner_of("agent", agent_id, "agent_id")
        wish = actions.CallWish(tenant_id, agent_id, input.key, input.direction, input.expected_seconds)
        async with info.context.work() as work:
            hold = await actions.authorize_call(work, wish)
        return HoldPayload(hold=Hold.of(hold, own=True))

    @mutation(
        needs=Permission.REPORT_USAGE,
        description="Sets aside more for a call that goes on, and keeps its hold open for another 15 minutes.",
    )
    async def extend_hold(
        self, info: Info, input: Annotated[ExtendHoldInput, described("The hold and the seconds.")]
    ) -> HoldPayload:
        id = parse_id(input.id, "hold", "id")
        tenant_id = await info.context.owner_of("hold", id, "id")
        async with info.context.work() as work:
            hold = await actions.extend_hold(work, tenant_id, id, input.seconds)
        return HoldPayload(hold=Hold.of(hold, own=True))

    @mutation(
        needs=Permission.REPORT_USAGE,
        description="Gives back what was set aside for a call that does not take place. Releasing it again, or after "
        "its end, changes nothing.",
    )
    async def release_hold(self, info: Info, id: Annotated[strawberry.ID, described("The hold.")]) -> HoldPayload:
        hold_id = parse_id(id, "hold", "id")
        tenant_id = await info.context.owner_of("hold", hold_id, "id")
        async with info.context.work() as work:
            hold = await actions.release_hold(work, tenant_id, hold_id)
        return HoldPayload(hold=Hold.of(hold, own=True))
