"""Watching: what is pushed when a ledger grows.

A subscription answers with a feed, which says whose ledger is followed and what of it becomes an event. The server
reads the ledger and runs the events, once for all who watch the same (server.watching).
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import strawberry

from models.actions.watching import Numbered, Standing, Stretch
from models.rules.refusals import Invalid, NotFound
from models.rules.viewers import Permission
from models.rules.words import EntryKind, SubjectKind, TopUpStatus
from resolvers import permissions
from resolvers.alerts import Alert
from resolvers.call_log import CallLogRow
from resolvers.context import Context, Info, parse_id
from resolvers.inputs import described
from resolvers.ledger import LedgerEntry
from resolvers.nodes import FromRow
from resolvers.pacing import at_leisure
from resolvers.permissions import an_amount, subscription
from resolvers.scalars import BigInt, Credits
from resolvers.standings import PoolStanding
from resolvers.top_ups import TopUp

AFTER = "after"
"""The argument that says where a feed begins. It changes nothing of what is sent from there on."""

Events = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Feed:
    """What a subscription follows. It yields nothing by itself: many subscribers share what is read for it."""

    tenant_id: UUID
    after: int | None
    events: Callable[[Stretch], Events]
    """What happened in a stretch of the ledger, as the subscribers are to see it."""
    snapshot: Callable[[Standing], Any] | None = field(default=None)
    """What a subscriber sees first that does not resume; None where there is nothing to see."""
    of: Numbered = Numbered.LEDGER

    @property
    def watched(self) -> tuple[UUID, Numbered]:
        return self.tenant_id, self.of

    def __aiter__(self) -> AsyncIterator[Any]:
        raise TypeError("A feed is shared: the server runs it, not its subscriber.")


@strawberry.type(
    description="The account after a change. Changes that come close together may arrive as one, with all "
    "their entries."
)
class BalanceChange(FromRow):
    seq: BigInt = strawberry.field(description="Where the ledger stood: the seq of the last entry.")
    available: Credits = an_amount(description="What could be spent: settled less held; below 0 while overdrawn.")
    settled: Credits = an_amount(description="The usable grants, less what was overdrawn.")
    held: Credits = an_amount(description="Set aside for calls that were under way.")
    overdrawn: Credits = an_amount(description="Used beyond all grants, and owed.")

    @permissions.field(needs=Permission.READ_BOOKS, description="The balances of both pools.")
    def pools(self) -> list[PoolStanding]:
        return [PoolStanding(kind=kind, balance=Credits(balance)) for kind, balance in self.row.pools.items()]

    @permissions.field(
        needs=Permission.READ_BOOKS,
        description="The entries that changed it, in order of seq; none in the snapshot that comes first.",
    )
    async def entries(self) -> list[LedgerEntry]:
        return await at_leisure(LedgerEntry.of(row) for row in self.stretch)

    stretch: strawberry.Private[Events]

    @classmethod
    def after_entries(cls, standing: Standing, entries: Events) -> "BalanceChange":
        made = cls.of(standing)
        made.stretch = entries
        return made


@strawberry.type(description="A step of a top-up: asked for, settled or failed.")
class TopUpEvent:
    seq: BigInt = strawberry.field(description="The entry that the step was written down with.")
    available: Credits = an_amount(description="What could be spent after it.")
    entry: strawberry.Private[Any]

    @permissions.field(description="The top-up as it was after this step.")
    async def top_up(self, info: Info) -> TopUp:
        entry = self.entry
        row = await info.context.loaders.row("top_up", entry.tenant_id, entry.subject_id)
        return TopUp.of(_as_it_was(row, entry.top_up_status))


class PastTopUp(NamedTuple):
    """A top-up at one of its steps."""

    id: UUID
    credits: int
    status: TopUpStatus
    automatic: bool
    requested_at: datetime
    settled_at: datetime | None
    payment_reference: str | None
    failure: str | None


def _as_it_was(row: Any, status: str) -> PastTopUp:
    then = TopUpStatus(status)
    return PastTopUp(
        row.id,
        row.credits,
        then,
        row.automatic,
        row.requested_at,
        row.settled_at if then is TopUpStatus.SETTLED else None,
        row.payment_reference,
        row.failure if then is TopUpStatus.FAILED else None,
    )


class LoggedRow(NamedTuple):
    """A row of the call log, as the entry that made it tells it."""

    tenant_id: UUID
    seq: int
    at: datetime
    balance_after: int
    call_id: UUID | None
    credits: int
    refunded: int
    moved: int
    kind: str
    call_remarks: str
    remarks: str


TenantId = Annotated[strawberry.ID, described("Whose account.")]
After = Annotated[
    BigInt | None, described("A seq of the ledger: begins with what follows it, as if the stream had never broken.")
]


@strawberry.type(description="What is pushed as it happens, in order, nothing left out and nothing twice.")
class Subscription:
    @subscription(
        needs=Permission.READ_BOOKS,
        description="The account as it stands, at once; then every change, in order of seq, none left out, none twice. "
        "With after: from the change that follows it.",
    )
    async def balance_changed(
        self, info: Info, tenant_id: TenantId, after: After = None
    ) -> AsyncIterator[BalanceChange]:
        feed: AsyncIterator[BalanceChange] = await _feed(info.context, tenant_id, after, _balance_changes, _balance_now)
        return feed

    @subscription(
        needs=Permission.READ_BOOKS,
        description="Top-ups asked for, settled and failed, in order; after: a seq as in balanceChanged.",
    )
    async def topped_up(self, info: Info, tenant_id: TenantId, after: After = None) -> AsyncIterator[TopUpEvent]:
        feed: AsyncIterator[TopUpEvent] = await _feed(info.context, tenant_id, after, _top_up_steps)
        return feed

    @subscription(
        needs=Permission.READ_BOOKS,
        description="New rows of the call log: calls, and credits added. agentId leaves only that agent's calls.",
    )
    async def call_logged(
        self,
        info: Info,
        tenant_id: TenantId,
        agent_id: Annotated[strawberry.ID | None, described("Only this agent's calls.")] = None,
        after: After = None,
    ) -> AsyncIterator[CallLogRow]:
        agent = None if agent_id is None else await _agent(info.context, tenant_id, agent_id)
        events = partial(_log_rows, agent_id=agent)
        feed: AsyncIterator[CallLogRow] = await _feed(info.context, tenant_id, after, events)
        return feed

    @subscription(
        needs=Permission.READ_BOOKS,
        description="New warnings, in order; after: a seq of the alerts, which are numbered by themselves.",
    )
    async def alert_raised(
        self,
        info: Info,
        tenant_id: TenantId,
        after: Annotated[BigInt | None, described("A seq of an alert: begins with the one that follows it.")] = None,
    ) -> AsyncIterator[Alert]:
        feed: AsyncIterator[Alert] = await _feed(info.context, tenant_id, after, _alerts, of=Numbered.ALERTS)
        return feed


async def _feed(
    context: Context,
    tenant: str,
    after: int | None,
    events: Callable[[Stretch], Events],
    snapshot: Callable[[Standing], Any] | None = None,
    of: Numbered = Numbered.LEDGER,
) -> Any:
    tenant_id = context.tenant_id(tenant, "tenant_id")
    if after is not None and after < 0:
        raise Invalid("Seqs begin with 1; 0 is before the first.", (AFTER,))
    if await context.loaders.tenant(tenant_id) is None:
        raise NotFound("There is no such tenant.", ("tenant_id",))
    return Feed(tenant_id, after, events, snapshot, of)


async def _agent(context: Context, tenant: str, agent: str) -> UUID:
    tenant_id, id = context.tenant_id(tenant, "tenant_id"), parse_id(agent, "agent", "agent_id")
    if await context.loaders.row("agent", tenant_id, id) is None:
        raise NotFound("There is no such agent.", ("agent_id",))
    return id


def _balance_now(standing: Standing) -> BalanceChange:
    return BalanceChange.after_entries(standing, ())


def _balance_changes(stretch: Stretch) -> Events:
    return [BalanceChange.after_entries(stretch.standing, stretch.entries)]


def _alerts(stretch: Stretch) -> Events:
    return [Alert.of(row) for row in stretch.entries]


def _top_up_steps(stretch: Stretch) -> Events:
    return [
        TopUpEvent(seq=entry.seq, available=entry.balance_after, entry=entry)
        for entry in stretch.entries
        if _is_step(entry)
    ]


def _is_step(entry: Any) -> bool:
    """Late usage may change what a top-up has paid for, which is written down without being a step of it."""
    if entry.kind != EntryKind.TOP_UP or entry.top_up_status is None:
        return False
    return bool(entry.credits > 0 or entry.top_up_status != TopUpStatus.SETTLED)


def _log_rows(stretch: Stretch, agent_id: UUID | None) -> Events:
    return list(_logged(stretch, agent_id))


def _logged(stretch: Stretch, agent_id: UUID | None) -> Iterator[CallLogRow]:
    for entry in stretch.entries:
        is_call = entry.kind == EntryKind.USAGE and entry.subject_kind == SubjectKind.CALL
        if entry.in_log and (agent_id is None or (is_call and entry.agent_id == agent_id)):
            yield CallLogRow.of(
                LoggedRow(
                    entry.tenant_id,
                    entry.seq,
                    entry.occurred_at,
                    entry.balance_after,
                    entry.subject_id if is_call else None,
                    -entry.credits if is_call else 0,
                    0,
                    entry.credits,
                    entry.kind,
                    entry.remarks if is_call else "",
                    entry.remarks,
                )
            )
