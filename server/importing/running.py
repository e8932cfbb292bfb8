"""One run over one file: rows in batches, each batch one transaction, and what became of each row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from models.actions.interactions import InteractionWish, create_interactions
from models.actions.recording import Outcome, Recorded, Submission, record
from models.rules.refusals import Invalid, Refusal
from models.rules.reports import Report
from models.tables.external_ids import named
from models.unit_of_work import Books, UnitOfWork
from server.importing.columns import BadMapping, Columns, Wishes, check_columns, never_there
from server.importing.files import BadFile, Row, RowFile, opened, suffix_of
from server.importing.kinds import SHAPES, Draft, Kind, Said, field_of
from server.importing.names import Names, Unknown, plain
from server.importing.progress import Teller
from server.importing.refused import RefusedRows, beside
from server.importing.report import Tally
from server.importing.row_keys import RowKeys
from server.importing.values import Times

BATCH_ROWS = 1_000
BATCH_CHARACTERS = 8_000_000
MOST_READ = 10_000
"""So many rows are read at most before the progress is told, however few of them are to be taken."""


@dataclass(frozen=True)
class Job:
    """What is to be imported, and how it is to be read."""

    kind: Kind
    path: Path
    tenant_id: UUID
    times: Times
    wishes: Wishes = field(default_factory=Wishes)
    makes: frozenset[str] = frozenset()
    """Which of agents, members and openings are made where they are missing."""
    source: str = ""
    suffix: str | None = None
    refused_path: Path | None = None


class Pending(NamedTuple):
    row: Row
    draft: Draft | Refusal


@dataclass(slots=True)
class Result:
    """What became of one row: refused, or new, or known already."""

    row: Row
    draft: Draft | None = None
    ids: dict[str, UUID] = field(default_factory=dict)
    is_new: bool = False
    refusal: Refusal | None = None

    def interaction(self) -> InteractionWish:
        assert self.draft is not None
        assert self.draft.interaction is not None
        agent, member = self.ids.get("agentId"), self.ids.get("assignedMemberId")
        return InteractionWish(agent_id=agent, assigned_member_id=member, **self.draft.interaction)

    def reports(self) -> list[Report]:
        assert self.draft is not None
        return self.draft.made(self.ids)

    def end(self, outcomes: Sequence[Outcome]) -> None:
        """Take over what became of its reports, which were all taken or none."""
        assert self.draft is not None
        refusals = []
        for outcome, (_, _, piece) in zip(outcomes, self.draft.reports, strict=True):
            if isinstance(outcome, Recorded):
                self.is_new |= not outcome.is_duplicate
            else:
                refusals.append(outcome.under(piece) if piece and outcome.path else outcome)
        # Of those refused only because another was, the path says nothing.
        self.refusal = max(refusals, key=lambda refusal: len(refusal.path), default=None)


class Import:
    """An import under way. What `tally` counts as accepted is stored for good."""

    def __init__(self, books: Books, job: Job) -> None:
        shape = SHAPES[job.kind]
        self.tally = Tally()
        self.names = Names(job.tenant_id, shape.channel, job.makes)
        self._books, self._job, self._shape = books, job, shape

    @property
    def refused_path(self) -> Path:
        return self._job.refused_path or beside(self._job.path, suffix_of(self._job.path, self._job.suffix))

    @property
    def times(self) -> Times:
        return self._job.times

    async def run(self, teller: Callable[[str, int], Teller], is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Import to the end of the file, or until it is stopped, which is looked at after every batch."""
        job = self._job
        check_columns(job.path, job.suffix, job.wishes)
        with opened(job.path, job.suffix) as rows:
            columns = Columns(rows, self._shape, job.wishes, never_there(job.path, job.suffix, self._shape))
            await self._check_constants(columns.constants)
            with (
                RefusedRows(self.refused_path, rows) as refused,
                RowKeys(job.source) as keys,
                teller(job.path.name, rows.bytes) as told,
            ):
                for batch in self._batches(rows, columns, keys):
                    await self._take(batch, refused)
                    told.tell(self.tally, rows.bytes_read)
                    if is_stopped():
                        self.tally.is_interrupted = True
                        break

    async def _check_constants(self, constants: Mapping[str, str]) -> None:
        """Refuse at once a name that would be refused on every row."""
        given = {name: constants[name] for name in self._shape.names if name in constants}
        await self.names.look_up(self._books, [given])
        try:
            self.names.ids_of(given)
        except Refusal as refusal:
            raise BadMapping(_reason(refusal)) from None

    # ------------------------------------------------------------ reading

    def _batches(self, rows: RowFile, columns: Columns, keys: RowKeys) -> Iterator[list[Pending]]:
        batch: list[Pending] = []
        read = characters = 0
        problem = None
        try:
            for row in rows:
                read += 1
                if not row.fault and not columns.takes(row.cells):
                    self.tally.left_out += 1
                else:
                    batch.append(Pending(row, self._drafted(row, rows, columns, keys)))
                    characters += len(row.text)
                if len(batch) >= BATCH_ROWS or characters >= BATCH_CHARACTERS or read >= MOST_READ:
                    self.tally.read += read
                    yield batch
                    batch, read, characters = [], 0, 0
        except BadFile as error:
            # What came before is rows all the same.
            problem = error
        self.tally.read += read
        yield batch
        if problem:
            raise problem

    def _drafted(self, row: Row, rows: RowFile, columns: Columns, keys: RowKeys) -> Draft | Refusal:
        if row.fault:
            return Invalid(row.fault)
        cells = columns.of(row.cells)
        try:
            key = "" if self._shape.key in cells else keys.key_of(rows.content(row.cells))
            return self._shape.draft(Said(cells, self._job.times, columns.fields), key)
        except Refusal as refusal:
            return refusal

    # ------------------------------------------------------------ taking

    async def _take(self, batch: Sequence[Pending], refused: RefusedRows) -> None:
        """Store a batch, then count what became of it and keep what was refused, in the order of the rows."""
        drafts = [one.draft for one in batch if isinstance(one.draft, Draft)]
        await self.names.look_up(self._books, (draft.names for draft in drafts))
        results = [self._named(one) for one in batch]
        sound = [one for one in results if one.draft is not None]
        if sound:
            async with self._books.work() as work:
                await self._store(work, sound)
        for result in results:
            self._count(result, refused)

    def _named(self, one: Pending) -> Result:
        try:
            if isinstance(one.draft, Refusal):
                raise one.draft
            return Result(one.row, one.draft, self.names.ids_of(one.draft.names))
        except Refusal as refusal:
            return Result(one.row, refusal=refusal)

    async def _store(self, work: UnitOfWork, results: Sequence[Result]) -> None:
        if self._job.kind is Kind.INTERACTIONS:
            results = await self._with_interactions(work, results)
        reports = [result.reports() for result in results]
        outcomes = await record(work, [Submission(self._job.tenant_id, one, len(one) > 1) for one in reports])
        for result, those in zip(results, outcomes, strict=True):
            result.end(those)

    async def _with_interactions(self, work: UnitOfWork, results: Sequence[Result]) -> Sequence[Result]:
        """The results whose interactions are there, which were made where they were not."""
        wishes = [one.interaction() for one in results]
        names = {"tenant_id": self._job.tenant_id, "ids": [], "external_ids": [wish.external_id for wish in wishes]}
        known = {row.external_id for row in await work.all(named("interaction"), names)}
        for result, made in zip(results, await create_interactions(work, self._job.tenant_id, wishes), strict=True):
            if isinstance(made, Refusal):
                result.refusal = made
                continue
            result.ids = {"interactionId": plain(made.id)}
            result.is_new = made.external_id not in known
            known.add(made.external_id)
        return [one for one in results if one.refusal is None]

    def _count(self, result: Result, refused: RefusedRows) -> None:
        if result.refusal is not None:
            self._refuse(result.row, result.refusal, refused)
        elif result.is_new:
            self.tally.accepted += 1
        else:
            self.tally.duplicates += 1

    def _refuse(self, row: Row, refusal: Refusal, refused: RefusedRows) -> None:
        """Tell what is alike together, and keep each row with its own reason."""
        if isinstance(refusal, Unknown):
            self.tally.refuse(row.line, _reason(refusal.in_general), refusal.name)
        else:
            self.tally.refuse(row.line, _reason(refusal))
        refused.add(row, _reason(refusal))


def _reason(refusal: Refusal) -> str:
    return f"{field_of(refusal.path)}: {refusal.message}" if refusal.path else refusal.message
