"""Credits: a tenant's account, its pools and grants."""

from datetime import date, datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import strawberry

from models.actions.verification import verify
from models.rules.viewers import Permission
from models.rules.words import EntryKind, PoolKind
from models.tables import credit_lists
from resolvers.alerts import ThresholdsOfAccount
from resolvers.context import Context, Info
from resolvers.credit_past import PastOfAccount
from resolvers.grants import CreditGrant
from resolvers.inputs import described
from resolvers.ledger import LedgerEntry
from resolvers.nodes import FromRow, Node, register
from resolvers.pages import After, Before, Connection, First, Last, Wish, read_page
from resolvers.permissions import amount_field, an_amount, field
from resolvers.ranges import RangeArgument, range_values, read_range
from resolvers.recharging import RechargingOfAccount
from resolvers.scalars import BigInt, Credits
from resolvers.standings import SUMS, Standing, asks_for, read_standing
from resolvers.top_ups import TopUp

IncludeSpent = Annotated[bool | None, described("Those too that are spent, or have ended.")]


class PoolRow(NamedTuple):
    """A pool with what its account says of it."""

    tenant_id: UUID
    id: UUID
    pool_kind: PoolKind
    name: str
    balance: int
    granted_this_period: int | None
    used_this_period: int | None

    @classmethod
    def of(cls, standing: Standing, kind: PoolKind) -> "PoolRow":
        told = standing.row._mapping
        return cls(
            standing.tenant.id,
            told[f"{kind}_id"],
            kind,
            told[f"{kind}_name"],
            standing.balance_of(kind),
            told.get(f"{kind}_granted"),
            told.get(f"{kind}_used"),
        )


@strawberry.type(description="A pool of credits: the sum of its grants.")
class CreditPool(Node):
    kind = "credit_pool"

    pool_kind: PoolKind = strawberry.field(name="kind", description="Which of the two pools it is.")
    name: str = strawberry.field(description="What it is called.")
    balance: Credits = an_amount(description="What is left in its usable grants, neither ended nor future ones.")
    granted_this_period: Credits = an_amount(description="What came into it in the current billing period.")
    used_this_period: Credits = an_amount(
        description="What usage took from it in the current billing period, less refunds."
    )

    @field(
        needs=Permission.READ_BOOKS,
        description="Its grants, those that begin last first; without those spent or ended.",
    )
    async def grants(
        self, info: Info, first: First = None, after: After = None, include_spent: IncludeSpent = False
    ) -> Connection[CreditGrant]:
        values = {"tenant_id": self.row.tenant_id, "pool": self.row.pool_kind}
        listing = credit_lists.grants(spent=bool(include_spent), of_pool=True)
        return await read_page(info.context, listing, values, Wish(first, after), CreditGrant.of)


async def _load_pool(context: Context, id: UUID) -> CreditPool | None:
    row = await context.loaders.find("credit_pool", id)
    if row is None:
        return None
    standing = await read_standing(context, await context.loaders.tenant(row.tenant_id), sums=True)
    return CreditPool.of(PoolRow.of(standing, PoolKind(row.kind)))


register("credit_pool", _load_pool, needs=Permission.READ_BOOKS)


@strawberry.type(description="A billing period: the start is part of it, the end is not.")
class BillingPeriod:
    start: datetime = strawberry.field(description="When it begins: midnight of its first day, in the tenant's zone.")
    end: datetime = strawberry.field(description="When the next one begins.")


@strawberry.type(description="Whether a tenant's books are whole.")
class Verification:
    ok: bool = strawberry.field(description="Whether everything that must hold does.")
    entries_checked: BigInt = strawberry.field(description="How many entries the ledger has.")
    problems: list[str] = strawberry.field(description="What does not hold, in words; at most 1,000.")


@strawberry.type(
    description="A tenant's credits. All balances of one answer are told from one state of the ledger, that of its seq."
)
class CreditAccount(PastOfAccount, RechargingOfAccount, ThresholdsOfAccount, FromRow):
    seq: BigInt = strawberry.field(
        description="Where this answer stands in the tenant's ledger: the seq of its last entry. Queries and pushes "
        "agree at equal seq."
    )
    available: Credits = an_amount(description="What can be spent: settled less held. Below 0 while overdrawn.")
    settled: Credits = an_amount(description="What is left in the pools, less what is overdrawn.")
    held: Credits = an_amount(description="What is set aside for calls that are under way.")
    overdrawn: Credits = an_amount(
        description="Used beyond what the pools held. The next credits to come in repay it first."
    )
    next_billing_date: date = strawberry.field(
        description="The day, in the tenant's zone, on which the next billing period begins."
    )

    @field(needs=Permission.READ_BOOKS, description="The plan's credits, and those that were bought or given.")
    def pools(self) -> list[CreditPool]:
        return [CreditPool.of(PoolRow.of(self.row, kind)) for kind in PoolKind]

    @field(needs=Permission.READ_BOOKS, description="One of the two pools.")
    def pool(self, kind: Annotated[PoolKind, described("Which one.")]) -> CreditPool:
        return CreditPool.of(PoolRow.of(self.row, kind))

    @field(description="The current billing period.")
    def period(self) -> BillingPeriod:
        return BillingPeriod(start=self.row.period.start, end=self.row.period.end)

    @amount_field(description="What was used in the current billing period, less refunds.")
    def used_this_period(self) -> Credits:
        return Credits(self.row.row.used)

    @field(description="How many days are left until the next billing date, counted in the tenant's zone.")
    def days_remaining(self) -> int:
        standing: Standing = self.row
        return (standing.next_billing_date - standing.today).days

    @field(
        needs=Permission.READ_BOOKS,
        description="The grants of both pools, those that begin last first; without those spent or ended.",
    )
    async def grants(
        self, info: Info, first: First = 10, after: After = None, include_spent: IncludeSpent = False
    ) -> Connection[CreditGrant]:
        listing = credit_lists.grants(spent=bool(include_spent), of_pool=False)
        values = {"tenant_id": self.row.tenant.id}
        return await read_page(info.context, listing, values, Wish(first, after), CreditGrant.of)

    @field(needs=Permission.READ_BOOKS, description="The purchases of credits, the newest first.")
    async def top_ups(self, info: Info, first: First = 10, after: After = None) -> Connection[TopUp]:
        values = {"tenant_id": self.row.tenant.id}
        return await read_page(info.context, credit_lists.top_ups(), values, Wish(first, after), TopUp.of)

    @field(
        needs=Permission.READ_BOOKS,
        description="Every movement of credits up to this answer's seq, the last recorded first.",
    )
    async def ledger(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        range: RangeArgument = None,
        kinds: Annotated[list[EntryKind] | None, described("Only these kinds of movements.")] = None,
    ) -> Connection[LedgerEntry]:
        standing: Standing = self.row
        values: dict[str, Any] = {"tenant_id": standing.tenant.id, "last_seq": standing.seq}
        used = set()
        if days := read_range(range, info.context, standing.tenant):
            values |= range_values(days, standing.tenant)
            used.add("range")
        if kinds is not None:
            values["kinds"] = [kind.value for kind in kinds]
            used.add("kinds")

        async def count_all() -> int:
            # Numbered without a gap, so the last number is their count.
            return standing.seq

        listing, wish = credit_lists.entries(used=frozenset(used)), Wish(first, after, last, before)
        return await read_page(info.context, listing, values, wish, LedgerEntry.of, None if used else count_all)

    @field(
        needs=Permission.READ_BOOKS,
        description="Recomputes everything from the entries and compares. It takes as long as the ledger is.",
    )
    async def verification(self, info: Info) -> Verification:
        async with info.context.books.reading(long=True) as reader:
            found = await verify(reader, self.row.tenant.id)
        return Verification(ok=found.ok, entries_checked=BigInt(found.entries_checked), problems=found.problems)


async def account_of(info: Info, tenant: Any) -> CreditAccount:
    """The account of a tenant, for a field that answers one."""
    return CreditAccount.of(await read_standing(info.context, tenant, sums=asks_for(info, SUMS)))


@strawberry.type
class CreditsOfTenant(FromRow):
    @field(needs=Permission.READ_BOOKS, description="The tenant's credits as they stand now.")
    async def credits(self, info: Info) -> CreditAccount:
        return await account_of(info, self.row)
