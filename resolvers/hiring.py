"""Agents, openings and interviews."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from models.actions import hiring as actions
from models.rules.amounts import MICRO
from models.rules.reports import LONGEST_CANDIDATE, LONGEST_NAME, check_lines, check_name
from models.rules.viewers import Permission
from models.rules.words import AgentChannel, InterviewStatus, OpeningStatus
from models.tables import lists
from resolvers.budgets import BudgetOfAgent
from resolvers.context import Info, parse_id
from resolvers.conversations import Call, agent_of, read_calls
from resolvers.external_ids import ExternalId, found_by_external_id
from resolvers.inputs import changes, described
from resolvers.nodes import FromRow, Node, found_by_id
from resolvers.pages import After, Before, Connection, First, Last, Wish, read_page
from resolvers.permissions import amount_field, field, mutation
from resolvers.ranges import Filter, RangeArgument
from resolvers.refusals import Payload
from resolvers.scalars import Credits
from resolvers.usage import HasUsage

Search = Annotated[str | None, described("Only those whose names hold this text, whatever the case of its letters.")]


def search_values(search: str | None) -> dict[str, Any]:
    """The values of a list that is searched, or none where it is not."""
    check_lines(search, "search", LONGEST_NAME)
    return {"search": lists.search_pattern(search)} if search else {}


@found_by_id()
@strawberry.type(description="What does the work: it talks, chats, interviews or writes.")
class Agent(BudgetOfAgent, HasUsage, Node):
    kind = "agent"

    name: str = strawberry.field(description="What it is called. Names need not be unique.")
    channel: AgentChannel = strawberry.field(description="How it works.")
    model: str | None = strawberry.field(
        description="The model behind it, whose rate counts for messages that name none; null where there is none."
    )
    is_live: bool = strawberry.field(description="Whether it works, and so takes one of the plan's agent slots.")
    external_id: str | None = strawberry.field(description="Your own id of it, unique among the tenant's agents.")
    created_at: datetime = strawberry.field(description="When it was made.")

    @field(description="Its calls, the newest first.")
    async def calls(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        range: RangeArgument = None,
    ) -> Connection[Call]:
        tenant = await info.context.loaders.tenant(self.row.tenant_id)
        wish = Wish(first, after, last, before)
        return await read_calls(info.context, tenant, wish, range, Filter(agent_ids=[self.row.id]))


@found_by_id()
@strawberry.type(description="One candidate's interview for an opening, at the furthest state that was reported.")
class Interview(Node):
    kind = "interview"

    candidate: str = strawberry.field(description="Who is interviewed, as the caller names them.")
    status: InterviewStatus = strawberry.field(description="How far it came.")
    is_simulation: bool = strawberry.field(
        description="Whether it was held to try things out: it costs nothing and does not count as usage."
    )
    invited_at: datetime = strawberry.field(description="When the candidate was invited.")
    ended_at: datetime | None = strawberry.field(description="When it ended; null while it has not.")

    @field(description="The opening that the candidate is interviewed for.")
    async def opening(self, info: Info) -> Annotated["Opening", strawberry.lazy("resolvers.hiring")]:
        return Opening.of(await info.context.loaders.row("opening", self.row.tenant_id, self.row.opening_id))

    @field(description="The agent that holds it; null where that is unknown.")
    async def agent(self, info: Info) -> Agent | None:
        return await agent_of(info, self.row) if self.row.agent_id else None

    @field(description="The completed part of it, 0 to 1.")
    def progress(self) -> float:
        return float(self.row.progress / MICRO)

    @amount_field(description="What was charged, less refunds.")
    def credits_used(self) -> Credits:
        return Credits(self.row.credits - self.row.refunded)


StatusOfInterviews = Annotated[InterviewStatus | None, described("Only those that came exactly this far.")]
StatusOfOpenings = Annotated[OpeningStatus | None, described("Only those in this state.")]


@found_by_id()
@strawberry.type(description="A job that candidates are interviewed for.")
class Opening(HasUsage, Node):
    kind = "opening"

    job_title: str = strawberry.field(description="The job. Titles need not be unique.")
    status: OpeningStatus = strawberry.field(description="Whether candidates are still interviewed for it.")
    external_id: str | None = strawberry.field(description="Your own id of it, unique among the tenant's openings.")
    created_at: datetime = strawberry.field(description="When it was made.")

    @field(description="How many candidates were invited, simulations aside.")
    async def interviews_invited(self, info: Info) -> int:
        sums = await info.context.loaders.interviews_of(self.row.tenant_id, self.row.id)
        return int(sums.invited) if sums else 0

    @field(description="How many interviews were completed, simulations aside.")
    async def interviews_completed(self, info: Info) -> int:
        sums = await info.context.loaders.interviews_of(self.row.tenant_id, self.row.id)
        return int(sums.completed) if sums else 0

    @amount_field(description="What was charged for it, less refunds.")
    async def credits_used(self, info: Info) -> Credits:
        sums = await info.context.loaders.interviews_of(self.row.tenant_id, self.row.id)
        return Credits(int(sums.credits) if sums else 0)

    @field(description="Its interviews, the last invited first.")
    async def interviews(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        status: StatusOfInterviews = None,
    ) -> Connection[Interview]:
        values = {"tenant_id": self.row.tenant_id, "opening_id": self.row.id}
        if status is not None:
            values["status"] = status.value
        listing = lists.interviews(status=status is not None)
        return await read_page(info.context, listing, values, Wish(first, after, last, before), Interview.of)

    @field(description="The interview of one candidate for it; null where the candidate was never invited to it.")
    async def interview(
        self,
        info: Info,
        candidate: Annotated[str, described("The candidate, exactly as you named them.")],
        is_simulation: Annotated[
            bool | None, described("Whether the one that was held to try things out is meant.")
        ] = False,
    ) -> Interview | None:
        check_name(candidate, "candidate", LONGEST_CANDIDATE)
        key = (self.row.tenant_id, self.row.id, candidate, bool(is_simulation))
        row = await info.context.loaders.interview_of(key)
        return Interview.of(row) if row else None


@strawberry.type
class HiringOfTenant(FromRow):
    @field(description="The tenant's agents, the newest first.")
    async def agents(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        search: Search = None,
    ) -> Connection[Agent]:
        values = {"tenant_id": self.row.id, **search_values(search)}
        listing = lists.agents(search="search" in values)
        return await read_page(info.context, listing, values, Wish(first, after, last, before), Agent.of)

    @field(description="The tenant's agent with an external id; null where there is none.")
    async def agent(self, info: Info, external_id: ExternalId) -> Agent | None:
        return await found_by_external_id(info, Agent, self.row.id, external_id)

    @field(description="The tenant's opening with an external id; null where there is none.")
    async def opening(self, info: Info, external_id: ExternalId) -> Opening | None:
        return await found_by_external_id(info, Opening, self.row.id, external_id)

    @field(description="The tenant's openings, the newest first.")
    async def openings(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        search: Search = None,
        status: StatusOfOpenings = None,
    ) -> Connection[Opening]:
        values = {"tenant_id": self.row.id, **search_values(search)}
        if status is not None:
            values["status"] = status.value
        listing = lists.openings(search="search" in values, status=status is not None)
        return await read_page(info.context, listing, values, Wish(first, after, last, before), Opening.of)


# ---------------------------------------------------------------- changing


@strawberry.input(description="A new agent. It is live at once, and so takes one of the plan's agent slots.")
class CreateAgentInput:
    tenant_id: strawberry.ID = strawberry.field(description="Whose agent it is.")
    name: str = strawberry.field(description="What it is called, in 1 to 200 characters.")
    channel: AgentChannel = strawberry.field(description="How it works.")
    model: str | None = strawberry.field(description="The model behind it, whose rate counts for its messages.")
    external_id: str | None = strawberry.field(description="Your own id of it, unique among the tenant's agents.")


@strawberry.input(description="Changes of an agent. What is left out stays as it is.")
class UpdateAgentInput:
    id: strawberry.ID = strawberry.field(description="The agent.")
    name: strawberry.Maybe[str | None] = strawberry.field(description="A new name, in 1 to 200 characters.")
    model: strawberry.Maybe[str | None] = strawberry.field(description="Another model; null for none.")
    is_live: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether it works. Going live takes one of the plan's agent slots, ceasing to frees it."
    )


@strawberry.input(description="A new opening, for which candidates can be invited at once.")
class CreateOpeningInput:
    tenant_id: strawberry.ID = strawberry.field(description="Whose opening it is.")
    job_title: str = strawberry.field(description="The job, in 1 to 200 characters.")
    external_id: str | None = strawberry.field(description="Your own id of it, unique among the tenant's openings.")


@strawberry.input(description="Changes of an opening. What is left out stays as it is.")
class UpdateOpeningInput:
    id: strawberry.ID = strawberry.field(description="The opening.")
    job_title: strawberry.Maybe[str | None] = strawberry.field(description="A new title, in 1 to 200 characters.")
    status: strawberry.Maybe[OpeningStatus | None] = strawberry.field(
        description="Whether candidates are still interviewed for it."
    )


@strawberry.type(description="The agent, or why it was refused.")
class AgentPayload(Payload):
    agent: Agent | None = strawberry.field(default=None, description="The agent as it is now; null where refused.")


@strawberry.type(description="The opening, or why it was refused.")
class OpeningPayload(Payload):
    opening: Opening | None = strawberry.field(
        default=None, description="The opening as it is now; null where refused."
    )


@strawberry.type
class HiringMutations:
    @mutation(needs=Permission.MANAGE_TENANT, description="Makes an agent, if the plan has a slot for it.")
    async def create_agent(
        self, info: Info, input: Annotated[CreateAgentInput, described("The new agent.")]
    ) -> AgentPayload:
        wish = actions.NewAgent(
            tenant_id=info.context.tenant_id(input.tenant_id, "tenant_id"),
            name=input.name,
            channel=input.channel,
            model=input.model,
            external_id=input.external_id,
        )
        async with info.context.work() as work:
            agent = await actions.create_agent(work, wish)
        return AgentPayload(agent=Agent.of(agent))

    @mutation(needs=Permission.MANAGE_TENANT, description="Changes an agent.")
    async def update_agent(
        self, info: Info, input: Annotated[UpdateAgentInput, described("The agent, and what is to change.")]
    ) -> AgentPayload:
        id = parse_id(input.id, "agent", "id")
        tenant_id = await info.context.owner_of("agent", id, "id")
        given = changes(name=input.name, model=input.model, is_live=input.is_live)
        async with info.context.work() as work:
            agent = await actions.update_agent(work, tenant_id, id, given)
        return AgentPayload(agent=Agent.of(agent))

    @mutation(needs=Permission.MANAGE_TENANT, description="Makes an opening.")
    async def create_opening(
        self, info: Info, input: Annotated[CreateOpeningInput, described("The new opening.")]
    ) -> OpeningPayload:
        wish = actions.NewOpening(
            tenant_id=info.context.tenant_id(input.tenant_id, "tenant_id"),
            job_title=input.job_title,
            external_id=input.external_id,
        )
        async with info.context.work() as work:
            opening = await actions.create_opening(work, wish)
        return OpeningPayload(opening=Opening.of(opening))

    @mutation(needs=Permission.MANAGE_TENANT, description="Changes an opening.")
    async def update_opening(
        self, info: Info, input: Annotated[UpdateOpeningInput, described("The opening, and what is to change.")]
    ) -> OpeningPayload:
        id = parse_id(input.id, "opening", "id")
        tenant_id = await info.context.owner_of("opening", id, "id")
        given = changes(job_title=input.job_title, status=input.status)
        async with info.context.work() as work:
            opening = await actions.update_opening(work, tenant_id, id, given)
        return OpeningPayload(opening=Opening.of(opening))
