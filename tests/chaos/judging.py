"""What must hold once everything is over: every acknowledged write is there once, and the books are whole."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from models.actions.verification import verify
from models.rules.ids import parse_type_id
from models.rules.words import EntryKind, TopUpStatus
from models.tables.base import metadata
from models.unit_of_work import Reader
from server.database import open_books
from tests.chaos.clients import Acknowledged
from tests.chaos.watchers import Watcher

# Where what was made under a key of each kind is kept, and under which name.
KEPT = {"CALL": ("call", "external_id"), "MESSAGE": ("message", "external_id"), "HOLD": ("hold", "key")}
KEPT |= {"TOP_UP": ("top_up", "key")}


@dataclass
class Verdict:
    """What was found, in figures. Without problems, nothing was lost and nothing happened twice."""

    name: str
    seed: int
    struck: Counter[str]
    acknowledged: Acknowledged
    lost: int = 0
    double: int = 0
    gaps: int = 0
    entries: int = 0
    watchers: Sequence[Watcher] = ()
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not (self.lost or self.double or self.gaps or self.problems)


async def judge(verdict: Verdict, database_url: str, tenants: Sequence[str]) -> None:
    """Read the database, with no server beside, and put what is wrong into the verdict."""
    books = open_books(database_url)
    try:
        async with books.reading(long=True) as reader:
            found = _Found(reader)
            await found.read()
            for tenant in tenants:
                proof = await verify(reader, parse_type_id(tenant)[1])
                verdict.problems += proof.problems
    finally:
        await books.close()
    found.compare(verdict)
    verdict.entries = found.entries()
    verdict.gaps += found.gaps()
    verdict.problems += [*verdict.acknowledged.faults, *found.amounts(verdict.acknowledged)]
    for watcher in verdict.watchers:
        verdict.gaps += watcher.gaps
        verdict.double += watcher.doubles
        verdict.problems += watcher.faults
        if watcher.last_seq != found.last_seq(watcher.tenant_id):
            verdict.problems.append(f"A watcher has come to {watcher.last_seq}.")


class _Found:
    """All that the database holds of what the clients did."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.rows: dict[str, Sequence[Any]] = {}

    async def read(self) -> None:
        for name in ("call", "message", "hold", "top_up", "entry", "credit_grant", "taken_key", "account"):
            self.rows[name] = await self._reader.all(metadata.tables[name].select())

    def compare(self, verdict: Verdict) -> None:
        """Every acknowledged key is there once, with what it was answered with; and nothing else is there."""
        made = Counter(self._made())
        acknowledged = verdict.acknowledged
        verdict.lost += sum(key not in made for key in acknowledged.takes)
        verdict.double += sum(count - 1 for count in made.values())
        # All that was sent was sent until it was acknowledged.
        verdict.double += sum(key not in acknowledged.takes for key in made)
        stored = {(row.kind, row.key): row.subject_id for row in self.rows["taken_key"]}
        for key, id in acknowledged.ids.items():
            if key in stored and not self._is_of(key, stored[key], id):
                verdict.lost += 1
                verdict.problems.append(f"{key} was answered with {id}, and {stored[key]} is stored.")

    def _made(self) -> list[tuple[str, str]]:
        made = [(kind, getattr(row, name)) for kind, (table, name) in KEPT.items() for row in self.rows[table]]
        return made + [("REFUND", row.key) for row in self._entries_of(EntryKind.REFUND)]

    def _is_of(self, key: tuple[str, str], stored: UUID, id: str) -> bool:
        # A refund's answer is its entry, which has a seq for an id.
        return key[0] == "REFUND" or parse_type_id(id)[1] == stored

    def _entries_of(self, kind: EntryKind) -> list[Any]:
        return [row for row in self.rows["entry"] if row.kind == kind]

    def entries(self) -> int:
        return len(self.rows["entry"])

    def last_seq(self, tenant: str) -> int:
        id = parse_type_id(tenant)[1]
        (seq,) = (int(account.seq) for account in self.rows["account"] if account.tenant_id == id)
        return seq

    def gaps(self) -> int:
        """How many numbers are missing from ledgers, or are there twice."""
        missing = 0
        for account in self.rows["account"]:
            seqs = sorted(row.seq for row in self.rows["entry"] if row.tenant_id == account.tenant_id)
            missing += len(set(range(1, account.seq + 1)).symmetric_difference(seqs)) + len(seqs) - len(set(seqs))
        return missing

    def amounts(self, done: Acknowledged) -> list[str]:
        """What was charged, refunded and bought is what the clients asked for, to the last millionth."""
        asked: Counter[str] = Counter()
        for (kind, _), credits in done.takes.items():
            asked[kind] += credits
        bought = sum(row.amount for row in self.rows["credit_grant"] if row.source == "TOP_UP")
        found = {
            "CALL": sum(row.credits for row in self.rows["call"]),
            "MESSAGE": sum(row.credits for row in self.rows["message"]),
            "REFUND": sum(row.refunded for row in self.rows["call"]),
            "TOP_UP": bought,
            "HOLD": asked["HOLD"],
        }
        faults = [f"{kind}: {asked[kind]} asked, {found[kind]} found" for kind in asked if asked[kind] != found[kind]]
        used = -sum(row.credits for row in self._entries_of(EntryKind.USAGE))
        if used != found["CALL"] + found["MESSAGE"]:
            faults.append(f"The ledger has {used} used.")
        if sum(row.credits for row in self._entries_of(EntryKind.REFUND)) != found["REFUND"]:
            faults.append("The ledger has other refunds.")
        unpaid = [row.key for row in self.rows["top_up"] if row.status != TopUpStatus.SETTLED]
        if unpaid or any(account.held for account in self.rows["account"]):
            faults.append(f"Left open: {unpaid}, or holds.")
        return faults
