"""Giving back: credits of something that was used, and grants that are taken back."""

from typing import Annotated

import strawberry

from models.actions import refunds as actions
from models.actions.refunds import RefundWish
from models.rules.refusals import NotFound
from models.rules.viewers import Permission
from models.rules.words import SubjectKind
from models.tables import credit_lists, lookups
from resolvers.context import Info, parse_any_id, parse_id
from resolvers.grants import CreditGrant
from resolvers.inputs import described
from resolvers.ledger import LedgerEntry
from resolvers.permissions import mutation
from resolvers.refusals import Payload
from resolvers.scalars import Credits
from resolvers.top_ups import CreditGrantPayload


@strawberry.input(description="Credits to be given back. The same key again answers the same entry.")
class RefundInput:
    subject_id: strawberry.ID = strawberry.field(
        description="What was used: a call, message, interview, transcript, fact or document."
    )
    key: str = strawberry.field(
        description="Your own id of it, in 1 to 200 characters: the same key never gives back twice."
    )
    credits: Credits | None = strawberry.field(
        description="How many credits, at most what was charged and not given back yet; all of that where left out."
    )
    remarks: str = strawberry.field(description="Why, in up to 1,000 characters.")


@strawberry.type(description="The entry, or why it was refused.")
class LedgerEntryPayload(Payload):
    entry: LedgerEntry | None = strawberry.field(default=None, description="The entry; null where refused.")


@strawberry.type
class RefundMutations:
    @mutation(
        needs=Permission.MANAGE_CREDITS,
        description="Gives back credits of something that was used: what is owed of it is lowered first, then the "
        "grants that paid get theirs back, the last one first. It counts on the day of the refund.",
    )
    async def refund_usage(
        self, info: Info, input: Annotated[RefundInput, described("What is refunded.")]
    ) -> LedgerEntryPayload:
        context = info.context
        kind, id = parse_any_id(input.subject_id, "subject_id")
        if kind not in actions.REFUNDABLE:
            raise NotFound("This is the id of something that costs no credits.", ("subject_id",))
        tenant_id = await context.owner_of(kind, id, "subject_id")
        wish = RefundWish(tenant_id, SubjectKind(kind), id, input.key, input.remarks, input.credits)
        async with context.work() as work:
            seq = await actions.refund_usage(work, wish)
        row = await context.first(credit_lists.ENTRY_OF_TENANT, {"tenant_id": tenant_id, "seq": seq})
        return LedgerEntryPayload(entry=LedgerEntry.of(row))

    @mutation(
        needs=Permission.MANAGE_CREDITS,
        description="Takes back what is left of a grant, which then ends. One that has ended stays as it is; one that "
        "lies ahead never begins.",
    )
    async def void_grant(
        self,
        info: Info,
        id: Annotated[strawberry.ID, described("The grant.")],
        remarks: Annotated[str, described("Why, in up to 1,000 characters.")],
    ) -> CreditGrantPayload:
        context = info.context
        grant_id = parse_id(id, "credit_grant", "id")
        tenant_id = await context.owner_of("credit_grant", grant_id, "id")
        async with context.work() as work:
            await actions.void_grant(work, tenant_id, grant_id, remarks)
        row = await context.first(lookups.of_tenant("credit_grant"), {"tenant_id": tenant_id, "ids": [grant_id]})
        return CreditGrantPayload(grant=CreditGrant.of(row))
