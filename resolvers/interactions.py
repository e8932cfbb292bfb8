"""Interactions, and the transcripts, facts and documents that are made from them."""

from datetime import datetime
from typing import Any

import strawberry

from models.rules.words import Activity
from models.tables import lists
from resolvers.context import Context, Info
from resolvers.conversations import AgentOf, MemberOf, agent_of, counted, member_of, narrowing
from resolvers.external_ids import ExternalId, RecordedAs, found_by_external_id
from resolvers.nodes import FromRow, Node, found_by_id
from resolvers.pages import After, Before, Connection, First, Last, Wish, empty_page, read_page
from resolvers.permissions import amount_field, field
from resolvers.ranges import Filter, FilterArgument, RangeArgument, RangeInput, read_filter
from resolvers.scalars import Credits

HELD = (Activity.TRANSCRIPT, Activity.FACT, Activity.DOCUMENT)


@strawberry.type
class PieceOfInteraction(Node):
    """What a transcript, a fact and a document have in common."""

    external_id: str = strawberry.field(description="The caller's own id of it: the key it was recorded with.")
    created_at: datetime = strawberry.field(description="When it was made.")

    @amount_field(description="What it was charged, less refunds.")
    def credits_consumed(self) -> Credits:
        return Credits(self.row.credits - self.row.refunded)


@found_by_id()
@strawberry.type(description="What was said in an encounter, written down.")
class Transcript(PieceOfInteraction):
    kind = "transcript"

    audio_seconds: int | None = strawberry.field(description="How long the audio is; null where that is unknown.")


@found_by_id()
@strawberry.type(description="One thing that was found in what was said.")
class Fact(PieceOfInteraction):
    kind = "fact"

    text: str | None = strawberry.field(description="The fact in words; null where it was not sent.")


@found_by_id()
@strawberry.type(description="A text that was written from an encounter.")
class Document(PieceOfInteraction):
    kind = "document"

    name: str | None = strawberry.field(description="What it is called; null where it was not sent.")


@found_by_id()
@strawberry.type(description="One encounter of a member, from which transcripts, facts and documents are made.")
class Interaction(Node):
    kind = "interaction"

    external_id: str | None = strawberry.field(description="The caller's own id of it.")
    created_at: datetime = strawberry.field(description="When it began.")

    @field(description="The agent that was there; null where there was none.")
    async def agent(self, info: Info) -> AgentOf | None:
        return await agent_of(info, self.row) if self.row.agent_id else None

    @field(description="The member whose encounter it is; null where nobody was assigned.")
    async def assigned_member(self, info: Info) -> MemberOf | None:
        return await member_of(info, self.row.tenant_id, self.row.assigned_member_id)

    @amount_field(description="What its transcripts, facts and documents were charged, less refunds.")
    def credits_consumed(self) -> Credits:
        return Credits(self.row.credits - self.row.refunded)

    @field(description="Its transcripts, the newest first.")
    async def transcripts(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Transcript]:
        return await self._pieces(info, Activity.TRANSCRIPT, Transcript, Wish(first, after, last, before))

    @field(description="Its facts, the newest first.")
    async def facts(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Fact]:
        return await self._pieces(info, Activity.FACT, Fact, Wish(first, after, last, before))

    @field(description="Its documents, the newest first.")
    async def documents(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Document]:
        return await self._pieces(info, Activity.DOCUMENT, Document, Wish(first, after, last, before))

    async def _pieces(self, info: Info, activity: Activity, made: Any, wish: Wish) -> Connection[Any]:
        values = {"tenant_id": self.row.tenant_id, "interaction_id": self.row.id}
        return await read_page(info.context, lists.pieces(activity), values, wish, made.of)


@strawberry.type
class InteractionsOfTenant(FromRow):
    @field(description="The tenant's interactions, the newest first.")
    async def interactions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        range: RangeArgument = None,
        filter: FilterArgument = None,
    ) -> Connection[Interaction]:
        wish = Wish(first, after, last, before)
        return await read_interactions(info.context, self.row, wish, range, read_filter(filter))

    @field(description="The tenant's interaction with an external id; null where there is none.")
    async def interaction(self, info: Info, external_id: ExternalId) -> Interaction | None:
        return await found_by_external_id(info, Interaction, self.row.id, external_id)

    @field(description="The transcript that was recorded with a key; null where there is none.")
    async def transcript(self, info: Info, external_id: RecordedAs) -> Transcript | None:
        return await found_by_external_id(info, Transcript, self.row.id, external_id)

    @field(description="The fact that was recorded with a key; null where there is none.")
    async def fact(self, info: Info, external_id: RecordedAs) -> Fact | None:
        return await found_by_external_id(info, Fact, self.row.id, external_id)

    @field(description="The document that was recorded with a key; null where there is none.")
    async def document(self, info: Info, external_id: RecordedAs) -> Document | None:
        return await found_by_external_id(info, Document, self.row.id, external_id)


async def read_interactions(
    context: Context, tenant: Any, wish: Wish, range: RangeInput | None, filter: Filter
) -> Connection[Interaction]:
    """A page of a tenant's interactions. The roll-ups know how many there are, unless what they hold matters."""
    values = narrowing(context, tenant, range, filter)
    held = None if filter.activities is None else frozenset(filter.activities) & frozenset(HELD)
    if held == frozenset() or not _can_be_interactions(tenant, filter):
        return empty_page(wish)
    used = frozenset(values.keys() & {"agent_ids", "member_ids"})
    if "starts_at" in values:
        used |= {"range"}
    listing = lists.interactions_list(used=used | (held or frozenset()))
    count = counted(context, lists.interactions_counted(used=used), values) if held is None else None
    return await read_page(context, listing, values, wish, Interaction.of, count)


def _can_be_interactions(tenant: Any, filter: Filter) -> bool:
    """Interactions have no opening, no model and no direction, and are of one tenant."""
    of_tenant = filter.tenant_ids is None or tenant.id in filter.tenant_ids
    of_a_model = filter.models is not None and "" not in filter.models
    return of_tenant and filter.opening_ids is None and filter.direction is None and not of_a_model
