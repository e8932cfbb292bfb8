"""The ledger: every movement of a tenant's credits."""

from collections import defaultdict
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from models.rules.ids import entry_id, entry_parts, type_id
from models.rules.viewers import Permission
from models.rules.words import EntryKind, SubjectKind
from models.tables import credit_lists
from resolvers.charges import Allocation
from resolvers.context import Context, Info
from resolvers.conversations import AgentOf, MemberOf, agent_of, member_of
from resolvers.grants import CreditGrant
from resolvers.hiring import Opening
from resolvers.holds import Hold
from resolvers.nodes import Node, load_node, register
from resolvers.permissions import an_amount, field
from resolvers.scalars import BigInt, Credits

_AS_GOOD_AS_THEIR_ROWS: dict[str, type[Node]] = {SubjectKind.CREDIT_GRANT: CreditGrant, SubjectKind.HOLD: Hold}
"""What changes by itself. The account was settled before its ledger was read."""


@strawberry.type(description="One movement in a tenant's ledger. Entries are never changed: others correct them.")
class LedgerEntry(Node):
    kind = "ledger_entry"

    seq: BigInt = strawberry.field(description="Its number in the ledger: 1, 2, 3 ... without a gap.")
    credits: Credits = an_amount(description="Positive into the account, negative out of it.")
    balance_after: Credits = an_amount(description="The available credits after it.")
    occurred_at: datetime = strawberry.field(description="When what it is about happened.")
    recorded_at: datetime = strawberry.field(description="When it was written down.")
    remarks: str = strawberry.field(description="What was noted with it.")

    @classmethod
    def of(cls, row: Any, *, own: bool = False) -> Self:
        # An entry's row has no id: it is made from what the row is found by.
        made = cls.__new__(cls)
        made.row = row
        made.id = strawberry.ID(type_id(cls.kind, entry_id(row.tenant_id, row.seq, row.recorded_at)))
        return made

    @field(name="kind", description="What moved the credits.")
    def entry_kind(self) -> EntryKind:
        return EntryKind(self.row.kind)

    @field(
        description="What it is about: a call, message, interview, transcript, fact, document, top-up, grant or hold."
    )
    async def subject(self, info: Info) -> Node | None:
        row = self.row
        if made := _AS_GOOD_AS_THEIR_ROWS.get(row.subject_kind):
            subject = await info.context.loaders.row(row.subject_kind, row.tenant_id, row.subject_id)
            return made.of(subject) if subject else None
        return await load_node(info.context, type_id(row.subject_kind, row.subject_id))

    @field(description="The agent that used the credits; null where there was none.")
    async def agent(self, info: Info) -> AgentOf | None:
        return await agent_of(info, self.row) if self.row.agent_id else None

    @field(description="The opening that they were used for; null where there was none.")
    async def opening(self, info: Info) -> Opening | None:
        if self.row.opening_id is None:
            return None
        return Opening.of(await info.context.loaders.row("opening", self.row.tenant_id, self.row.opening_id))

    @field(description="The member that they were used for; null where there was none.")
    async def member(self, info: Info) -> MemberOf | None:
        return await member_of(info, self.row.tenant_id, self.row.member_id)

    @field(
        needs=Permission.READ_BOOKS,
        description="What it moved on each grant: positive into it, negative out of it. What no grant shows was "
        "owed, repaid, or held.",
    )
    async def allocations(self, info: Info) -> list[Allocation]:
        loaders, tenant_id = info.context.loaders, self.row.tenant_id
        moved: dict[UUID, int] = defaultdict(int)
        for row in await loaders.shares(tenant_id, self.row.seq):
            moved[row.grant_id] += row.credits
        return [
            Allocation(grant=CreditGrant.of(await loaders.row("credit_grant", tenant_id, id)), credits=Credits(credits))
            for id, credits in moved.items()
            if credits
        ]


async def _load(context: Context, id: UUID) -> LedgerEntry | None:
    ending, seq = entry_parts(id)
    if tenant_id := context.viewer.tenant_id:
        rows = await context.all(credit_lists.ENTRY_OF_TENANT, {"tenant_id": tenant_id, "seq": seq})
    else:
        # The last 32 bits of an id are 8 characters, however a database writes it.
        values = {"ending": f"%{ending & 0xFFFF_FFFF:08x}", "seq": seq}
        rows = await context.all(credit_lists.ENTRY_OF_TENANTS, values)
    found = (row for row in rows if entry_id(row.tenant_id, row.seq, row.recorded_at) == id)
    return next((LedgerEntry.of(row) for row in found), None)


register("ledger_entry", _load, needs=Permission.READ_BOOKS)
