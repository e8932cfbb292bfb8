"""What was used: in all, by time, by whatever it can be broken down by, and beside another range."""

import asyncio
from collections import defaultdict
from datetime import date, datetime
from itertools import islice
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

import strawberry

from models.actions.pricing import lists_from
from models.actions.usage_hours import used_by_hour
from models.rules import usage as rules
from models.rules.intervals import first_day, hours, slices
from models.rules.periods import start_of_day
from models.rules.ranges import DayRange, range_against
from models.rules.rating import PriceBook
from models.rules.refusals import Invalid
from models.rules.usage import Counts, Used
from models.rules.viewers import Permission
from models.rules.words import Activity, Against, Interval, UsageDimension
from models.tables.base import NOBODY
from resolvers.context import Context, Info
from resolvers.inputs import described
from resolvers.nodes import FromRow, Node
from resolvers.pacing import at_leisure
from resolvers.permissions import amount_field, an_amount, field, query
from resolvers.ranges import FilterArgument, RangeInput
from resolvers.scalars import BigInt, Credits
from resolvers.usage_parts import THINGS, PartsThen, parts_of
from resolvers.usage_scopes import Scope, part_of, scope_of, scope_of_all

MOST_POINTS = 4_000
MOST_DAYS_OF_HOURS = 31
MOST_SLICES = 100
USUAL_SLICES = 10

_RATIO = "(now - then) / then in credits; null where then is 0."
_CHANGE = "How many more credits were used than then."
_VOLUME = "How much of it came from more or fewer activities."
_PRICE = "How much of it came from dearer or cheaper ones. The two effects add up to the change."


# ---------------------------------------------------------------- sums


@strawberry.type(description="A range as it was understood: whole days in a time zone.")
class ResolvedRange:
    start: datetime = strawberry.field(description="The first instant of the first day.")
    end: datetime = strawberry.field(description="The first instant after the last day.")
    first_day: date = strawberry.field(description="The first day.")
    last_day: date = strawberry.field(description="The last day, which the range includes.")
    time_zone: str = strawberry.field(description="The zone whose days they are, by its name in the tz database.")

    @classmethod
    def of(cls, scope: Scope) -> "ResolvedRange":
        start, end = scope.days.instants(scope.zone)
        return cls(
            start=start,
            end=end,
            first_day=scope.days.first,
            last_day=scope.days.last,
            time_zone=scope.time_zone,
        )


@strawberry.type(description="What was used in all.")
class UsageTotals:
    used: strawberry.Private[Used]
    total: strawberry.Private[Counts]

    @classmethod
    def of(cls, used: Used) -> "UsageTotals":
        return cls(used=used, total=used.total())

    @amount_field(description="The credits that were used, less refunds, which count on their own day.")
    def credits(self) -> Credits:
        return Credits(self.total.credits)

    @field(description="How many calls there were.")
    def calls(self) -> BigInt:
        return BigInt(self.used.count(Activity.CALL))

    @field(description="How long they lasted, from start to end.")
    def call_seconds(self) -> BigInt:
        return BigInt(self.total.call_seconds)

    @field(description="How many seconds of them were billed, translation aside.")
    def billed_seconds(self) -> BigInt:
        return BigInt(self.total.billed_seconds)

    @field(description="How many messages were written.")
    def messages(self) -> BigInt:
        return BigInt(self.used.count(Activity.MESSAGE))

    @field(description="How many interviews were conducted: completed or in part.")
    def interviews(self) -> BigInt:
        return BigInt(self.used.count(Activity.INTERVIEW))

    @field(description="How many candidates were invited.")
    def interviews_invited(self) -> BigInt:
        return BigInt(self.total.interviews_invited)

    @field(description="How many interviews were completed.")
    def interviews_completed(self) -> BigInt:
        return BigInt(self.total.interviews_completed)

    @field(description="How many interviews ended before their end.")
    def interviews_partial(self) -> BigInt:
        return BigInt(self.total.interviews_partial)

    @field(description="How many interactions there were.")
    def interactions(self) -> BigInt:
        return BigInt(self.total.interactions)

    @field(description="How many transcripts were written.")
    def transcripts(self) -> BigInt:
        return BigInt(self.used.count(Activity.TRANSCRIPT))

    @field(description="How many facts were found.")
    def facts(self) -> BigInt:
        return BigInt(self.used.count(Activity.FACT))

    @field(description="How many documents were written.")
    def documents(self) -> BigInt:
        return BigInt(self.used.count(Activity.DOCUMENT))


@strawberry.type(description="What was used in one interval.")
class UsagePoint:
    begins: strawberry.Private[date | datetime]
    """Its first day within the range, or its first instant."""
    zone: strawberry.Private[ZoneInfo]
    day: date = strawberry.field(description="The first day of the interval by the calendar, even before the range.")
    totals: UsageTotals = strawberry.field(description="What was used in it, as far as it lies in the range.")

    @field(description="When it begins within the range.")
    def start(self) -> datetime:
        return self.begins if isinstance(self.begins, datetime) else start_of_day(self.begins, self.zone)


Every = Annotated[Interval | None, described("How long each interval is; weeks begin on Monday.")]
By = Annotated[UsageDimension, described("What each part is of.")]
HowMany = Annotated[int | None, described("How many parts to show by themselves, 1 to 100.")]
OtherRange = Annotated[Against, described("The range to compare with.")]


@strawberry.type(description="What was used of one thing in another range, and how much more or less it is now.")
class UsageSliceComparison:
    totals: UsageTotals = strawberry.field(description="What was used of it then; nothing where it is new.")
    change_ratio: float | None = an_amount(description=_RATIO)
    credits_change: Credits = an_amount(description=_CHANGE)
    volume_effect: Credits = an_amount(description=_VOLUME)
    price_effect: Credits = an_amount(description=_PRICE)


@strawberry.type(description="What was used of one thing, or by it.")
class UsageSlice:
    used: strawberry.Private[Used]
    parts_then: strawberry.Private[PartsThen]
    key: str = strawberry.field(description="An id, or a word, or a model; empty for usage that has none.")
    label: str = strawberry.field(description="Its name, as people know it; empty for usage that has none.")
    node: Node | None = strawberry.field(description="The thing itself; null where it is no thing with an id.")
    totals: UsageTotals = strawberry.field(description="What was used.")
    share: float = strawberry.field(description="Part of the range's credits, 0 to 1.")

    @field(
        description="The same part in another range, and the change since then. All parts of a breakdown are read "
        "together. What was used only then is no part of this range: UsageComparison.breakdown shows it."
    )
    async def comparison(self, against: OtherRange) -> UsageSliceComparison:
        then = await self.parts_then.part(against, self.key)
        return UsageSliceComparison(totals=UsageTotals.of(then), **_change(then, self.used))


@strawberry.type(description="Usage broken down, the largest part first.")
class UsageBreakdown:
    slices: list[UsageSlice] = strawberry.field(description="The largest parts by their credits, the largest first.")
    other: UsageTotals = strawberry.field(description="What all smaller parts come to.")
    other_count: int = strawberry.field(description="How many parts that are.")


@strawberry.type(description="What was used in another range, and how much more or less it is now.")
class UsageComparison:
    scope: strawberry.Private[Scope]
    range: ResolvedRange = strawberry.field(description="The other range.")
    totals: UsageTotals = strawberry.field(description="What was used in it.")
    change_ratio: float | None = an_amount(description=_RATIO)
    credits_change: Credits = an_amount(description=_CHANGE)
    volume_effect: Credits = an_amount(description=_VOLUME)
    price_effect: Credits = an_amount(description=_PRICE)

    @field(
        description="The other range as Usage.series tells it, so that a chart can draw it beside this one: the first "
        "point belongs to the first, and so on. Its length may differ, as that of months does."
    )
    async def series(self, info: Info, every: Every = Interval.DAY) -> list[UsagePoint]:
        return await _in_series(info.context, self.scope, every)

    @field(description="The other range as Usage.breakdown tells it: who used most then.")
    async def breakdown(self, info: Info, by: By, first: HowMany = USUAL_SLICES) -> UsageBreakdown:
        return await _in_parts(info.context, self.scope, by, first)


@strawberry.type(
    description="What was used in a range of days, by when it happened. Simulations and the playground do not count."
)
class Usage:
    scope: strawberry.Private[Scope]

    @field(description="The range as it was understood.")
    def range(self) -> ResolvedRange:
        return ResolvedRange.of(self.scope)

    @field(description="What was used in all.")
    async def totals(self, info: Info) -> UsageTotals:
        return UsageTotals.of(await self.scope.used(info.context))

    @field(
        description="One point for every interval of the range, empty ones included, oldest first. The first and the "
        "last are cut by the range. At most 4,000 points; hours of at most 31 days, and not across tenants."
    )
    async def series(self, info: Info, every: Every = Interval.DAY) -> list[UsagePoint]:
        return await _in_series(info.context, self.scope, every)

    @field(description="Largest first; what lies beyond the first is summed in other.")
    async def breakdown(self, info: Info, by: By, first: HowMany = USUAL_SLICES) -> UsageBreakdown:
        return await _in_parts(info.context, self.scope, by, first)

    @field(description="The same usage in another range, and the change since then.")
    async def comparison(self, info: Info, against: OtherRange) -> UsageComparison:
        scope = self.scope.at(range_against(self.scope.days, against))
        then, now = await scope.used(info.context), await self.scope.used(info.context)
        return UsageComparison(
            scope=scope, range=ResolvedRange.of(scope), totals=UsageTotals.of(then), **_change(then, now)
        )

    @field(description="True when nothing was used in the range.")
    async def is_empty(self, info: Info) -> bool:
        return (await self.scope.used(info.context)).is_nothing


def _change(then: Used, now: Used) -> dict[str, Any]:
    """The fields that tell how what was used differs from what was used then."""
    change = rules.change_since(then, now)
    return {
        "change_ratio": change.ratio,
        "credits_change": Credits(change.credits),
        "volume_effect": Credits(change.volume_effect),
        "price_effect": Credits(change.price_effect),
    }


# ---------------------------------------------------------------- by time


async def _in_series(context: Context, scope: Scope, every: Interval | None) -> list[UsagePoint]:
    if every is Interval.HOUR:
        return await _by_hours(context, scope)
    return await _by_days(context, scope, every or Interval.DAY)


async def _by_days(context: Context, scope: Scope, every: Interval) -> list[UsagePoint]:
    days, zone = scope.days, scope.zone
    found = list(islice(slices(days.first, days.last, every), MOST_POINTS + 1))
    if len(found) > MOST_POINTS:
        raise Invalid(f"This range has more than {MOST_POINTS} intervals.", ("every",))
    parts = defaultdict(list)
    for row in await scope.rows(context, "day"):
        parts[first_day(row.day, every)].append(part_of(row))
    return await at_leisure(
        UsagePoint(begins=begins, zone=zone, day=day, totals=UsageTotals.of(Used.together(parts[day])))
        for begins, day in ((begins, first_day(begins, every)) for begins, _ in found)
    )


async def _by_hours(context: Context, scope: Scope) -> list[UsagePoint]:
    """Each day's hours from its beginning on."""
    if scope.tenant_id is None:
        raise Invalid("Across tenants there are no hours: each has days of its own.", ("every",))
    if (scope.days.last - scope.days.first).days >= MOST_DAYS_OF_HOURS:
        raise Invalid(f"Hours are told of at most {MOST_DAYS_OF_HOURS} days.", ("every",))
    zone, found = scope.zone, []
    for day, _ in slices(scope.days.first, scope.days.last, Interval.DAY):
        found += [(start, day) for start, _ in hours(*DayRange(day, day).instants(zone))]
    if not found:
        return []
    starts, end = [start for start, _ in found], scope.days.instants(zone)[1]
    async with context.books.reading(long=True) as reader:
        sums = await used_by_hour(reader, scope.tenant_id, starts, end, scope.conditions())
    return [
        UsagePoint(begins=start, zone=zone, day=day, totals=UsageTotals.of(used))
        for (start, day), used in zip(found, sums, strict=True)
    ]


# ---------------------------------------------------------------- by other things


async def _in_parts(context: Context, scope: Scope, by: UsageDimension, first: int | None) -> UsageBreakdown:
    size = USUAL_SLICES if first is None else first
    if not 1 <= size <= MOST_SLICES:
        raise Invalid(f"From 1 to {MOST_SLICES} parts can be shown by themselves.", ("first",))
    return await _broken_down(context, scope, by, size)


async def _broken_down(context: Context, scope: Scope, by: UsageDimension, size: int) -> UsageBreakdown:
    kind, parts_then = THINGS.get(by), PartsThen(context, scope, by)
    sums, things = await parts_of(context, scope, by)
    ordered = rules.largest_first(sums)
    whole = sum(used.credits for used in sums.values())
    nodes = await asyncio.gather(*(_node(context, kind, *things[key]) for key, _ in ordered[:size]))
    rest = [part for _, used in ordered[size:] for part in used.by_activity.items()]
    return UsageBreakdown(
        slices=[
            UsageSlice(
                used=used,
                parts_then=parts_then,
                key=key,
                label=_label(key, node),
                node=node,
                totals=UsageTotals.of(used),
                share=rules.share_of(used.credits, whole),
            )
            for (key, used), node in zip(ordered, nodes, strict=False)
        ],
        other=UsageTotals.of(Used.together(rest)),
        other_count=len(ordered[size:]),
    )


async def _node(context: Context, kind: str | None, tenant_id: Any, id: Any) -> Node | None:
    from resolvers.hiring import Agent, Opening
    from resolvers.tenants import Member, Tenant

    if kind is None or id == NOBODY:
        return None
    if kind == "tenant":
        return Tenant.of(await context.loaders.tenant(id))
    types: dict[str, type[Node]] = {"agent": Agent, "opening": Opening, "member": Member}
    return types[kind].of(await context.loaders.row(kind, tenant_id, id))


def _label(key: str, node: Node | None) -> str:
    if node is None:
        return key
    return str(node.row.job_title if node.kind == "opening" else node.row.name)


# ---------------------------------------------------------------- whose


_NARROWED = "Lists are alternatives, fields narrow each other."


@strawberry.type
class HasUsage(FromRow):
    """Whatever usage can be of: a tenant, an agent, an opening, a member."""

    kind: ClassVar[str]

    @field(
        needs=Permission.READ_BOOKS,
        description="What was used in a range; left out, the current billing period. Simulations and the playground do "
        "not count.",
    )
    async def usage(
        self,
        info: Info,
        range: Annotated[RangeInput | None, described("Which days; the current billing period where left out.")] = None,
        filter: FilterArgument = None,
    ) -> Usage:
        return Usage(scope=await scope_of(info.context, self.kind, self.row, range, filter))


@strawberry.type(description="What hiring will need in a month.")
class HiringPlan:
    interviews: float = strawberry.field(description="How many interviews will be completed.")
    credits: Credits = an_amount(description="What they will cost.")
    recommended: Credits = an_amount(description="The same with the buffer.")


@strawberry.type
class UsageQueries:
    @query(
        needs=Permission.OPERATE,
        description="What was used across tenants, each by its own days; by: TENANT breaks it down by customer. The "
        "range is told in UTC.",
    )
    async def usage(
        self,
        info: Info,
        range: Annotated[RangeInput | None, described("Which days; the last 30 days where left out.")] = None,
        filter: FilterArgument = None,
    ) -> Usage:
        return Usage(scope=await scope_of_all(info.context, range, filter))

    @query(
        needs=Permission.READ_BOOKS,
        description="What hiring will need in a month: roles x candidates x completion rate, each at the price of an "
        "interview on the viewer's plan (1 where it has none), plus a buffer.",
    )
    async def hiring_plan(
        self,
        info: Info,
        roles_per_month: Annotated[int, described("How many roles are filled in a month.")],
        candidates_per_role: Annotated[int, described("How many candidates are invited for each.")],
        completion_rate: Annotated[float, described("The part of them that completes the interview, 0 to 1.")],
        buffer_percent: Annotated[float | None, described("How much more to have, in percent, 0 to 1,000.")] = 20.0,
    ) -> HiringPlan:
        price = await _price_of_interview(info.context)
        buffer = 20.0 if buffer_percent is None else buffer_percent
        need = rules.hiring_need(roles_per_month, candidates_per_role, completion_rate, buffer, price)
        return HiringPlan(
            interviews=need.interviews, credits=Credits(need.credits), recommended=Credits(need.recommended)
        )


async def _price_of_interview(context: Context) -> int:
    """What an interview costs on the viewer's plan now."""
    tenant_id = context.viewer.tenant_id
    plan = await context.loaders.plan_of(tenant_id) if tenant_id else None
    if plan is None:
        return rules.USUAL_PRICE_OF_INTERVIEW
    book = PriceBook(lists_from(await context.loaders.rates_of(plan.id)))
    prices = (rate.credits for rate in book.in_force(context.now) if rate.activity == Activity.INTERVIEW)
    return next(prices, rules.USUAL_PRICE_OF_INTERVIEW)
