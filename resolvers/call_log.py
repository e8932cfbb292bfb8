"""The call log: a tenant's calls and the credits that were added, in numbered pages."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import strawberry

from models.rules.ids import type_id
from models.rules.periods import Days, days_in
from models.rules.ranges import BEGINNING, END
from models.rules.refusals import Invalid, NotFound
from models.rules.viewers import Permission
from models.rules.words import EntryKind
from models.tables import log as tables
from models.tables.base import NOBODY
from models.tables.log import ROWS_ON_A_PAGE
from models.unit_of_work import Reader
from resolvers.context import Context, Info, parse_id
from resolvers.conversations import Call
from resolvers.inputs import described
from resolvers.nodes import FromRow
from resolvers.permissions import an_amount, field
from resolvers.ranges import RangeArgument, RangeInput, range_values, read_range
from resolvers.scalars import BigInt, Credits
from resolvers.standings import available, settled

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_ADDED = {
    EntryKind.GRANT: "Credits granted",
    EntryKind.TOP_UP: "Top-up",
    EntryKind.ROLLOVER: "Rolled over from the last period",
    EntryKind.REFUND: "Refund",
    EntryKind.ADJUSTMENT: "Correction",
}


@strawberry.type(description="One line of the log: a call, or credits that were added.")
class CallLogRow(FromRow):
    seq: BigInt = strawberry.field(description="The entry of the ledger that the balance is told of.")
    at: datetime = strawberry.field(description="When the call started, or the credits became usable.")
    balance_after: Credits = an_amount(
        description="The available credits after it; after a call's last entry, where late usage corrected it."
    )

    @field(description="The call's id; null where credits were added.")
    def call_id(self) -> strawberry.ID | None:
        return strawberry.ID(type_id(Call.kind, self.row.call_id)) if self.row.call_id else None

    @field(description="The call; null where credits were added.")
    async def call(self, info: Info) -> Call | None:
        if self.row.call_id is None:
            return None
        return Call.of(await info.context.loaders.row(Call.kind, self.row.tenant_id, self.row.call_id))

    @field(
        needs=Permission.READ_BOOKS, description="What the call was charged, less refunds; 0 where credits were added."
    )
    def credits_used(self) -> Credits:
        return Credits(self.row.credits - self.row.refunded if self.row.call_id else 0)

    @field(needs=Permission.READ_BOOKS, description="How many credits were added; 0 for a call.")
    def credits_added(self) -> Credits:
        return Credits(0 if self.row.call_id else self.row.moved)

    @field(description="USAGE for a call, or else the kind of the entry that added credits: TOP_UP, REFUND ...")
    def kind(self) -> EntryKind:
        return EntryKind.USAGE if self.row.call_id else EntryKind(self.row.kind)

    @field(description="What was noted, or else where the credits came from.")
    def remarks(self) -> str:
        row = self.row
        return str(row.call_remarks if row.call_id else row.remarks or _ADDED[EntryKind(row.kind)])


@strawberry.type(description="Sums of the whole log, as far as it was asked for.")
class CallLogSummary:
    total_calls: int = strawberry.field(description="How many calls there are.")
    available_credits: Credits = an_amount(description="The credits that are available now.")
    credits_used: Credits = an_amount(
        description="What the calls were charged, less refunds, though each refund is also in creditsAdded."
    )
    credits_added: Credits = an_amount(description="How many credits were added, refunds included.")


@strawberry.type(description="A page of the call log: up to 10 rows, the newest first.")
class CallLogPage:
    rows: list[CallLogRow] = strawberry.field(description="The rows of the page; none past the end of the log.")
    page: int = strawberry.field(description="The number of the page, from 1 on.")
    page_count: int = strawberry.field(description="How many pages there are.")
    total_rows: int = strawberry.field(description="How many rows the log has, as far as it was asked for.")
    has_previous_page: bool = strawberry.field(description="Whether there are newer rows.")
    has_next_page: bool = strawberry.field(description="Whether there are older rows.")
    summary: CallLogSummary = strawberry.field(description="Sums over all pages.")


@strawberry.type
class CallLogOfTenant(FromRow):
    @field(
        needs=Permission.READ_BOOKS,
        description="The call log as a page of up to 10 rows, the newest first: calls and credits added. A refund "
        "shows twice: the call's creditsUsed is less by it, and it is a row of its own that adds credits. A page past "
        "the end is empty. Any page is as fast as the first, and each has 10 rows: pages of another size, and calls by "
        "other filters, are in Tenant.calls. Calls are of no opening, so none can be asked for.",
    )
    async def call_log(
        self,
        info: Info,
        page: Annotated[int | None, described("The number of the page, from 1 on.")] = 1,
        range: RangeArgument = None,
        agent_id: Annotated[strawberry.ID | None, described("Only this agent's calls.")] = None,
        member_id: Annotated[strawberry.ID | None, described("Only calls that were made for this member.")] = None,
    ) -> CallLogPage:
        number = 1 if page is None else page
        if number < 1:
            raise Invalid("Pages are numbered from 1 on.", ("page",))
        agent = None if agent_id is None else parse_id(agent_id, "agent", "agent_id")
        member = None if member_id is None else parse_id(member_id, "member", "member_id")
        wish = _wish(info.context, self.row, range, agent, member)
        async with settled(info.context, {"tenant_id": self.row.id}) as (reader, account):
            totals = await reader.first(tables.totals(ranged=wish.ranged), wish.values)
            assert totals is not None
            rows = await _rows(reader, wish, (number - 1) * ROWS_ON_A_PAGE, totals.rows)
        if not totals.rows:
            await _find(info.context, self.row.id, agent=agent, member=member)
        pages = -(-totals.rows // ROWS_ON_A_PAGE)
        return CallLogPage(
            rows=[CallLogRow.of(row) for row in rows],
            page=number,
            page_count=pages,
            total_rows=totals.rows,
            has_previous_page=number > 1,
            has_next_page=number < pages,
            summary=CallLogSummary(
                total_calls=totals.calls,
                available_credits=Credits(available(account)),
                credits_used=Credits(totals.credits_used),
                credits_added=Credits(totals.credits_added),
            ),
        )


class _Wish(NamedTuple):
    """Which part of the log is meant."""

    values: Mapping[str, Any]
    days: Days
    ranged: bool
    of_agent: bool
    of_member: bool


def _wish(
    context: Context, tenant: Any, range: RangeInput | None, agent_id: UUID | None, member_id: UUID | None
) -> _Wish:
    days = read_range(range, context, tenant)
    values = {"tenant_id": tenant.id, "agent_id": agent_id, "counted_agent": agent_id or NOBODY}
    values |= {"member_id": member_id, "counted_member": member_id or NOBODY}
    values |= range_values(days, tenant) if days else {"starts_at": BEGINNING, "ends_at": END}
    return _Wish(values, days_in(tenant.time_zone), days is not None, agent_id is not None, member_id is not None)


async def _rows(reader: Reader, wish: _Wish, skipped: int, total: int) -> list[Any]:
    """The rows after so many newer ones."""
    if skipped >= total:
        return []
    values = {**wish.values, "passed": 0}
    if skipped:
        values |= await _skip(reader, wish, skipped)
    if wish.of_agent or wish.of_member:
        statement = tables.page_of_calls(agent=wish.of_agent, member=wish.of_member)
    else:
        statement = tables.page(reader.dialect)
    return list(await reader.all(statement, values))


async def _skip(reader: Reader, wish: _Wish, skipped: int) -> dict[str, Any]:
    """Where to begin: days and hours are passed over by their counts, and rows only within an hour."""
    day = await reader.first(tables.day_of_row(ranged=wish.ranged), {**wish.values, "skipped": skipped})
    assert day is not None, "The days' counts add up to the total."
    skipped -= day.before
    hour = await reader.first(tables.hour_of_row(), {**wish.values, "day": day.day, "skipped": skipped})
    assert hour is not None, "The counts of hours add up to those of their days."
    end = min(wish.days.start_of(day.day) + (hour.hour + 1) * _HOUR, wish.days.start_of(day.day + _DAY))
    return {"passed": skipped - hour.before, "ends_at": end}


async def _find(context: Context, tenant_id: UUID, **wanted: UUID | None) -> None:
    """Tell who has no calls from who is not there."""
    for kind, id in wanted.items():
        if id is not None and await context.loaders.row(kind, tenant_id, id) is None:
            raise NotFound(f"There is no such {kind}.", (f"{kind}_id",))
