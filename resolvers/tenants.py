"""Tenants, the plans they are on, and their members; and who asks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from models.actions import tenants as actions
from models.actions.pricing import lists_from
from models.rules.rating import PriceBook
from models.rules.rating import Rate as Price
from models.rules.refusals import Forbidden
from models.rules.viewers import Permission
from models.rules.words import Activity, RateUnit, Role, RolloverPolicy
from models.tables import lists, lookups
from resolvers.alerts import AlertsOfTenant
from resolvers.call_log import CallLogOfTenant
from resolvers.context import Context, Info, parse_any_id, parse_id
from resolvers.conversations import ConversationsOfTenant
from resolvers.credits import CreditsOfTenant
from resolvers.external_ids import ExternalId, check_external_id, found_by_external_id
from resolvers.forecasts import ForecastOfTenant
from resolvers.hiring import HiringOfTenant, search_values
from resolvers.inputs import changes, described
from resolvers.interactions import InteractionsOfTenant
from resolvers.keys import KeysOfTenant
from resolvers.nodes import FromRow, Node, found_by_id, register
from resolvers.pages import After, Before, Connection, First, Last, Wish, read_page
from resolvers.permissions import an_amount, field, mutation, query
from resolvers.refusals import Payload
from resolvers.scalars import Credits
from resolvers.usage import HasUsage

# ---------------------------------------------------------------- plans


@strawberry.type(description="The steps that calls are billed in: 60/60, 30/30, 60/1 ...")
class CallIncrement:
    first_seconds: int = strawberry.field(description="The first step, billed whole once it has begun.")
    next_seconds: int = strawberry.field(description="The steps after it, each billed whole once it has begun.")


@strawberry.type(description="What becomes of the plan's credits that are left at the end of a billing period.")
class Rollover:
    policy: RolloverPolicy = strawberry.field(description="Whether they stay.")
    cap: Credits | None = an_amount(description="How many stay at most; null where the policy has no cap.")


@strawberry.type(description="The price of one unit of an activity: a minute, a message of a model, a fact ...")
class Rate(FromRow):
    activity: Activity = strawberry.field(description="What is priced.")
    model: str | None = strawberry.field(
        description="The model whose messages are priced; null for all models that have no price of their own."
    )
    unit: RateUnit = strawberry.field(description="What one unit is.")
    credits: Credits = an_amount(description="The price of one unit.")


@strawberry.type(description="What a tenant may use, what that costs, and the credits that come every month.")
class Plan(Node):
    kind = "plan"

    name: str = strawberry.field(description="What it is called. Names need not be unique.")
    monthly_credits: Credits = an_amount(description="The credits of each billing period.")
    agent_slots: int | None = strawberry.field(description="How many agents may be live at once; null for any number.")
    seats: int | None = strawberry.field(description="How many members there may be at once; null for any number.")

    @field(description="The steps that calls are billed in.")
    def call_increment(self) -> CallIncrement:
        return CallIncrement(first_seconds=self.row.first_seconds, next_seconds=self.row.next_seconds)

    @field(description="What becomes of credits that are left when a billing period ends.")
    def rollover(self) -> Rollover:
        return Rollover(policy=RolloverPolicy(self.row.rollover), cap=self.row.rollover_cap)

    @field(description="The prices that are in force now.")
    async def rates(self, info: Info) -> list[Rate]:
        book = PriceBook(lists_from(await info.context.loaders.rates_of(self.row.id)))
        return [Rate.of(rate) for rate in book.in_force(info.context.now)]


async def _load_plan(context: Context, id: UUID) -> Plan | None:
    row = await context.loaders.plan(id)
    return Plan.of(row) if row else None


register("plan", _load_plan)


# ---------------------------------------------------------------- members


@found_by_id()
@strawberry.type(description="A person who has a seat with a tenant. Who was removed is found by id, with their past.")
class Member(HasUsage, Node):
    kind = "member"

    name: str = strawberry.field(description="What they are called.")
    email: str = strawberry.field(description="Where they are written to.")
    role: Role = strawberry.field(description="What they may do.")
    external_id: str | None = strawberry.field(description="Your own id of them, unique among the tenant's members.")
    created_at: datetime = strawberry.field(description="When they were added.")
    removed_at: datetime | None = strawberry.field(description="When their seat was freed; null while they have it.")


# ---------------------------------------------------------------- tenants


@strawberry.type(description="How much of a limit of the plan is used.")
class Allowance:
    used: int = strawberry.field(description="How much is used now.")
    limit: int | None = strawberry.field(description="How much may be used; null where the plan sets no limit.")


@strawberry.type(description="A customer organisation with a plan, a time zone and one credit account.")
class Tenant(
    HiringOfTenant,
    ConversationsOfTenant,
    InteractionsOfTenant,
    CallLogOfTenant,
    CreditsOfTenant,
    AlertsOfTenant,
    KeysOfTenant,
    HasUsage,
    ForecastOfTenant,
    Node,
):
    kind = "tenant"

    name: str = strawberry.field(description="What it is called. Names need not be unique.")
    external_id: str | None = strawberry.field(description="The platform's own id of it, unique among all tenants.")
    time_zone: str = strawberry.field(
        description='The zone whose days are the tenant\'s, by its name in the tz database: "Europe/Berlin".'
    )
    created_at: datetime = strawberry.field(description="When it was made.")

    @field(description="The plan that it is on now.")
    async def plan(self, info: Info) -> Plan:
        return Plan.of(await info.context.loaders.plan_of(self.row.id))

    @field(description="The seats of the plan, and how many members have one.")
    async def seats(self, info: Info) -> Allowance:
        loaders = info.context.loaders
        plan = await loaders.plan_of(self.row.id)
        return Allowance(used=await loaders.seats_taken(self.row.id), limit=plan.seats)

    @field(description="The agent slots of the plan, and how many agents are live.")
    async def agent_slots(self, info: Info) -> Allowance:
        loaders = info.context.loaders
        plan = await loaders.plan_of(self.row.id)
        return Allowance(used=await loaders.slots_taken(self.row.id), limit=plan.agent_slots)

    @field(description="The members who have a seat, the newest first.")
    async def members(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Member]:
        values = {"tenant_id": self.row.id}
        return await read_page(info.context, lists.members(), values, Wish(first, after, last, before), Member.of)

    @field(description="The tenant's member with an external id, even one who was removed; null where there is none.")
    async def member(self, info: Info, external_id: ExternalId) -> Member | None:
        return await found_by_external_id(info, Member, self.row.id, external_id)


async def _load_tenant(context: Context, id: UUID) -> Tenant | None:
    row = await context.loaders.tenant(id)
    return Tenant.of(row) if row else None


register("tenant", _load_tenant)


@strawberry.type(name="Viewer", description="Who asks: the holder of the key.")
class WhoAsks:
    role: Role = strawberry.field(description="What the key may do.")
    tenant: Tenant | None = strawberry.field(description="Whose key it is; null for an operator's.")
    key_name: str | None = strawberry.field(description="What the key is called; null for a token.")


@strawberry.type
class TenantQueries:
    @query(needs=Permission.SIGNED_IN, description="Who asks, and what they may do.")
    async def viewer(self, info: Info) -> WhoAsks:
        viewer = info.context.viewer
        tenant = await _load_tenant(info.context, viewer.tenant_id) if viewer.tenant_id else None
        return WhoAsks(role=viewer.role, tenant=tenant, key_name=viewer.key_name)

    @query(needs=Permission.READ_TENANT, description="The tenant with an id; null where there is none for this key.")
    async def tenant(self, info: Info, id: Annotated[strawberry.ID, described("The tenant's id.")]) -> Tenant | None:
        kind, tenant_id = parse_any_id(id, "id", example="tenant")
        return await _load_tenant(info.context, tenant_id) if kind == "tenant" else None

    @query(
        needs=Permission.READ_TENANT,
        description="The tenant with an external id; null where there is none for this key.",
    )
    async def tenant_by_external_id(self, info: Info, external_id: ExternalId) -> Tenant | None:
        check_external_id(external_id)
        row = await info.context.loaders.tenant_named(external_id)
        return Tenant.of(row) if row else None

    @query(needs=Permission.OPERATE, description="All tenants, the newest first.")
    async def tenants(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        search: Annotated[
            str | None, described("Only those whose name or external id holds this text, whatever its case.")
        ] = None,
    ) -> Connection[Tenant]:
        values = search_values(search)
        listing = lists.tenants_list(search="search" in values)
        return await read_page(info.context, listing, values, Wish(first, after, last, before), Tenant.of)

    @query(needs=Permission.SIGNED_IN, description="All plans, the oldest first.")
    async def plans(self, info: Info) -> list[Plan]:
        return [Plan.of(row) for row in await info.context.all(lookups.all_plans())]


# ---------------------------------------------------------------- changing


@strawberry.input(description="A new tenant. Its account opens with the plan's credits of every period so far.")
class CreateTenantInput:
    name: str = strawberry.field(description="What it is called, in 1 to 200 characters.")
    plan_id: strawberry.ID = strawberry.field(description="The plan that it is on, also for all its past.")
    time_zone: str | None = strawberry.field(
        default="UTC", description='The zone of its days, by its name in the tz database: "Europe/Berlin".'
    )
    external_id: str | None = strawberry.field(description="The platform's own id of it, unique among all tenants.")
    billing_anchor: datetime | None = strawberry.field(
        description="Where billing periods are counted from; the past is allowed, today where left out."
    )


@strawberry.input(description="Changes of a tenant. What is left out stays as it is.")
class UpdateTenantInput:
    id: strawberry.ID = strawberry.field(description="The tenant.")
    name: strawberry.Maybe[str | None] = strawberry.field(description="A new name, in 1 to 200 characters.")
    external_id: strawberry.Maybe[str | None] = strawberry.field(
        description="Another external id, null for none. Only operators may change it."
    )


@strawberry.input(description="The price of one unit of an activity.")
class RateInput:
    activity: Activity = strawberry.field(description="What is priced.")
    model: str | None = strawberry.field(
        description="The model whose messages are priced; left out for all models without a price of their own."
    )
    unit: RateUnit = strawberry.field(description="What one unit is.")
    credits: Credits = strawberry.field(description="The price of one unit, 0 or more.")

    def as_price(self) -> Price:
        return Price(self.activity, self.model, self.unit, self.credits)


@strawberry.input(description="A new plan.")
class PlanInput:
    name: str = strawberry.field(description="What it is called, in 1 to 200 characters.")
    monthly_credits: Credits = strawberry.field(description="The credits of each billing period, 0 or more.")
    first_seconds: int = strawberry.field(description="The first step that calls are billed in.")
    next_seconds: int = strawberry.field(description="The steps after it.")
    rollover: RolloverPolicy | None = strawberry.field(
        default=RolloverPolicy.NONE, description="What becomes of credits that are left when a period ends."
    )
    rollover_cap: Credits | None = strawberry.field(
        description="How many credits roll over at most; given exactly where the rollover is CAPPED."
    )
    agent_slots: int | None = strawberry.field(
        description="How many agents may be live at once; left out for any number."
    )
    seats: int | None = strawberry.field(description="How many members there may be; left out for any number.")
    rates: list[RateInput] = strawberry.field(description="All its prices. They also hold for all the past.")


@strawberry.input(description="New prices of a plan, in place of all that it has.")
class PlanRatesInput:
    plan_id: strawberry.ID = strawberry.field(description="The plan.")
    effective_from: datetime = strawberry.field(
        description="From when on they hold. In the past, they price only what is recorded afterwards."
    )
    rates: list[RateInput] = strawberry.field(description="All its prices: what is left out has none any more.")


@strawberry.input(description="A new member, who takes one of the plan's seats.")
class AddMemberInput:
    tenant_id: strawberry.ID = strawberry.field(description="Whose member they are.")
    name: str = strawberry.field(description="What they are called, in 1 to 200 characters.")
    email: str = strawberry.field(description="Where they are written to.")
    role: Role | None = strawberry.field(default=Role.MEMBER, description="What they may do; never OPERATOR.")
    external_id: str | None = strawberry.field(description="Your own id of them, unique among the tenant's members.")


@strawberry.type(description="The tenant, or why it was refused.")
class TenantPayload(Payload):
    tenant: Tenant | None = strawberry.field(default=None, description="The tenant as it is now; null where refused.")


@strawberry.type(description="The plan, or why it was refused.")
class PlanPayload(Payload):
    plan: Plan | None = strawberry.field(default=None, description="The plan as it is now; null where refused.")


@strawberry.type(description="The member, or why it was refused.")
class MemberPayload(Payload):
    member: Member | None = strawberry.field(default=None, description="The member as it is now; null where refused.")


@strawberry.type
class TenantMutations:
    @mutation(
        needs=Permission.OPERATE,
        description="Makes a tenant, with the plan's credits of every billing period since its anchor.",
    )
    async def create_tenant(
        self, info: Info, input: Annotated[CreateTenantInput, described("The new tenant.")]
    ) -> TenantPayload:
        wish = actions.NewTenant(
            name=input.name,
            plan_id=parse_id(input.plan_id, "plan", "plan_id"),
            time_zone="UTC" if input.time_zone is None else input.time_zone,
            external_id=input.external_id,
            billing_anchor=input.billing_anchor,
        )
        async with info.context.work() as work:
            tenant = await actions.create_tenant(work, wish)
        return TenantPayload(tenant=Tenant.of(tenant))

    @mutation(needs=Permission.MANAGE_TENANT, description="Changes a tenant's name, or its external id.")
    async def update_tenant(
        self, info: Info, input: Annotated[UpdateTenantInput, described("The tenant, and what is to change.")]
    ) -> TenantPayload:
        id = info.context.tenant_id(input.id, "id")
        given = changes(name=input.name, external_id=input.external_id)
        if "external_id" in given and Permission.OPERATE not in info.context.permissions:
            # Whether one is taken would tell of other tenants.
            raise Forbidden("Only an operator changes the external id of a tenant.", ("external_id",))
        async with info.context.work() as work:
            tenant = await actions.update_tenant(work, id, given)
        return TenantPayload(tenant=Tenant.of(tenant))

    @mutation(needs=Permission.OPERATE, description="Makes a plan.")
    async def create_plan(self, info: Info, input: Annotated[PlanInput, described("The new plan.")]) -> PlanPayload:
        wish = actions.NewPlan(
            name=input.name,
            monthly_credits=input.monthly_credits,
            first_seconds=input.first_seconds,
            next_seconds=input.next_seconds,
            rates=[rate.as_price() for rate in input.rates],
            rollover=input.rollover or RolloverPolicy.NONE,
            rollover_cap=input.rollover_cap,
            agent_slots=input.agent_slots,
            seats=input.seats,
        )
        async with info.context.work() as work:
            plan = await actions.create_plan(work, wish)
        return PlanPayload(plan=Plan.of(plan))

    @mutation(
        needs=Permission.OPERATE,
        description="New prices from a moment on; what happened before keeps its price.",
    )
    async def set_plan_rates(
        self, info: Info, input: Annotated[PlanRatesInput, described("The plan and its new prices.")]
    ) -> PlanPayload:
        plan_id = parse_id(input.plan_id, "plan", "plan_id")
        rates = [rate.as_price() for rate in input.rates]
        async with info.context.work() as work:
            plan = await actions.set_plan_rates(work, plan_id, input.effective_from, rates)
        return PlanPayload(plan=Plan.of(plan))

    @mutation(needs=Permission.MANAGE_TENANT, description="Adds a member, if the plan has a seat for them.")
    async def add_member(
        self, info: Info, input: Annotated[AddMemberInput, described("The new member.")]
    ) -> MemberPayload:
        wish = actions.NewMember(
            tenant_id=info.context.tenant_id(input.tenant_id, "tenant_id"),
            name=input.name,
            email=input.email,
            role=input.role or Role.MEMBER,
            external_id=input.external_id,
        )
        async with info.context.work() as work:
            member = await actions.add_member(work, wish)
        return MemberPayload(member=Member.of(member))

    @mutation(needs=Permission.MANAGE_TENANT, description="Removes a member and frees their seat. Their past stays.")
    async def remove_member(self, info: Info, id: Annotated[strawberry.ID, described("The member.")]) -> MemberPayload:
        member_id = parse_id(id, "member", "id")
        tenant_id = await info.context.owner_of("member", member_id, "id")
        async with info.context.work() as work:
            member = await actions.remove_member(work, tenant_id, member_id)
        return MemberPayload(member=Member.of(member))
