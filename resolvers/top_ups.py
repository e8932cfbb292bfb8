"""Credits that come in: top-ups, and grants that an operator gives."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from models.actions import credits as actions
from models.actions.credits import GrantWish, Settlement, TopUpWish
from models.rules.facts import GRANT_PRIORITY
from models.rules.refusals import Forbidden
from models.rules.viewers import Permission
from models.rules.words import GrantSource, PoolKind, TopUpStatus
from models.tables import lookups
from resolvers.context import Context, Info, parse_id
from resolvers.grants import CreditGrant
from resolvers.inputs import described
from resolvers.nodes import Node, found_by_id
from resolvers.permissions import an_amount, mutation
from resolvers.refusals import Payload
from resolvers.scalars import Credits


@found_by_id(needs=Permission.READ_BOOKS)
@strawberry.type(description="A purchase of credits.")
class TopUp(Node):
    kind = "top_up"

    credits: Credits = an_amount(description="How many credits are bought.")
    status: TopUpStatus = strawberry.field(description="How far it is.")
    automatic: bool = strawberry.field(description="Whether the tenant's own rule asked for it.")
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    settled_at: datetime | None = strawberry.field(description="When it was paid; null while it is not.")
    payment_reference: str | None = strawberry.field(description="What the payment is called where it was made.")
    failure: str | None = strawberry.field(description="Why it failed; null where it did not.")


@strawberry.input(description="A purchase of credits. The same key again answers the same top-up, as it is now.")
class TopUpInput:
    tenant_id: strawberry.ID = strawberry.field(description="Who buys.")
    key: str = strawberry.field(description="Your own id of it, in 1 to 200 characters: the same key never buys twice.")
    credits: Credits = strawberry.field(description="How many credits, more than 0.")
    payment_reference: str | None = strawberry.field(description="What the payment is called where it is made.")
    settled: bool | None = strawberry.field(
        default=True,
        description="Whether it is paid. Only operators may leave it true; admins ask with false, and it waits for "
        "settleTopUp.",
    )
    expires_at: datetime | None = strawberry.field(description="When these credits end; left out for never.")
    remarks: str | None = strawberry.field(description="What is to be noted with it.")


@strawberry.input(description="What became of the payment of a top-up.")
class SettleTopUpInput:
    id: strawberry.ID = strawberry.field(description="The top-up.")
    outcome: TopUpStatus = strawberry.field(description="SETTLED where it was paid, FAILED where it was not.")
    payment_reference: str | None = strawberry.field(description="What the payment is called where it was made.")
    failure: str | None = strawberry.field(description="Why it failed.")


@strawberry.input(description="Credits that an operator gives. The same key again answers the same grant.")
class GrantCreditsInput:
    tenant_id: strawberry.ID = strawberry.field(description="Who gets them.")
    key: str = strawberry.field(
        description="Your own id of it, in 1 to 200 characters: the same key never gives twice."
    )
    credits: Credits = strawberry.field(description="How many credits, more than 0.")
    pool: PoolKind | None = strawberry.field(
        default=PoolKind.TOP_UP,
        description="The pool they go to. In the plan's they end at the next billing date, unless given an end.",
    )
    source: GrantSource | None = strawberry.field(
        default=GrantSource.PROMOTION, description="PROMOTION for a gift, ADJUSTMENT for a correction."
    )
    priority: int | None = strawberry.field(
        default=GRANT_PRIORITY, description="Grants with a lower number pay first; 0 to 1000."
    )
    effective_at: datetime | None = strawberry.field(
        description="From when on they can be used; now where left out. The past counts for usage of that time."
    )
    expires_at: datetime | None = strawberry.field(description="When they end; left out for never.")
    remarks: str | None = strawberry.field(description="What is to be noted with them.")


@strawberry.type(description="The top-up, or why it was refused.")
class TopUpPayload(Payload):
    top_up: TopUp | None = strawberry.field(default=None, description="The top-up as it is now; null where refused.")


@strawberry.type(description="The grant, or why it was refused.")
class CreditGrantPayload(Payload):
    grant: CreditGrant | None = strawberry.field(
        default=None, description="The grant as it is now; null where refused."
    )


@strawberry.type
class TopUpMutations:
    @mutation(
        needs=Permission.ASK_FOR_CREDITS,
        description="Buys credits: at once where they are paid, else as a purchase that waits for settleTopUp.",
    )
    async def top_up(self, info: Info, input: Annotated[TopUpInput, described("The purchase.")]) -> TopUpPayload:
        context = info.context
        settled = input.settled is not False
        if settled and Permission.MANAGE_CREDITS not in context.permissions:
            raise Forbidden("Only an operator can say that a top-up is paid; ask with settled: false.", ("settled",))
        wish = TopUpWish(
            tenant_id=context.tenant_id(input.tenant_id, "tenant_id"),
            key=input.key,
            credits=input.credits,
            payment_reference=input.payment_reference,
            settled=settled,
            expires_at=input.expires_at,
            remarks=input.remarks or "",
        )
        async with context.work() as work:
            id = await actions.top_up(work, wish)
        return TopUpPayload(top_up=await _top_up(context, wish.tenant_id, id))

    @mutation(
        needs=Permission.MANAGE_CREDITS,
        description="Says that a pending top-up was paid, which brings the credits in, or that it failed.",
    )
    async def settle_top_up(
        self, info: Info, input: Annotated[SettleTopUpInput, described("The top-up and its outcome.")]
    ) -> TopUpPayload:
        context = info.context
        id = parse_id(input.id, "top_up", "id")
        tenant_id = await context.owner_of("top_up", id, "id")
        settlement = Settlement(tenant_id, id, input.outcome, input.payment_reference, input.failure)
        async with context.work() as work:
            await actions.settle_top_up(work, settlement)
        return TopUpPayload(top_up=await _top_up(context, tenant_id, id))

    @mutation(needs=Permission.MANAGE_CREDITS, description="Gives credits: now, later, or for a time in the past.")
    async def grant_credits(
        self, info: Info, input: Annotated[GrantCreditsInput, described("The credits.")]
    ) -> CreditGrantPayload:
        context = info.context
        wish = GrantWish(
            tenant_id=context.tenant_id(input.tenant_id, "tenant_id"),
            key=input.key,
            credits=input.credits,
            pool=input.pool or PoolKind.TOP_UP,
            source=input.source or GrantSource.PROMOTION,
            priority=GRANT_PRIORITY if input.priority is None else input.priority,
            effective_at=input.effective_at,
            expires_at=input.expires_at,
            remarks=input.remarks or "",
        )
        async with context.work() as work:
            id = await actions.grant_credits(work, wish)
        row = await _row(context, "credit_grant", wish.tenant_id, id)
        return CreditGrantPayload(grant=CreditGrant.of(row))


async def _top_up(context: Context, tenant_id: UUID, id: UUID) -> TopUp:
    return TopUp.of(await _row(context, "top_up", tenant_id, id))


async def _row(context: Context, kind: str, tenant_id: UUID, id: UUID) -> object:
    row = await context.first(lookups.of_tenant(kind), {"tenant_id": tenant_id, "ids": [id]})
    assert row is not None, "What was just stored is there."
    return row
