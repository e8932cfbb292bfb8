"""Group commit: recordings that arrive together share one transaction, and each is answered after its commit.

While one transaction commits, the next submissions gather. That is all the batching there is: no timer delays anybody.
"""

import asyncio
from collections import deque

from models.actions.recording import Outcome, Submission, record
from models.unit_of_work import Books

MOST_REPORTS = 1_000

_Waiting = tuple[Submission, "asyncio.Future[list[Outcome]]"]


class Recorder:
    """Takes submissions from many callers at once, for one process."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._waiting: deque[_Waiting] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def record(self, submission: Submission) -> list[Outcome]:
        """The outcomes of a submission's reports, once they are stored for good."""
        future: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._waiting.append((submission, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work_off(), name="group commit")
        return await future

    async def close(self) -> None:
        """Finish what was handed in."""
        while self._worker is not None and not self._worker.done():
            await asyncio.wait([self._worker])

    async def _work_off(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            try:
                outcomes = await self._record([submission for submission, _ in batch])
            except Exception as error:
                await self._one_by_one(batch, error)
            else:
                for (_, future), result in zip(batch, outcomes, strict=True):
                    if not future.done():
                        future.set_result(result)

    def _next_batch(self) -> list[_Waiting]:
        batch = [self._waiting.popleft()]
        reports = len(batch[0][0].reports)
        while self._waiting and reports + len(self._waiting[0][0].reports) <= MOST_REPORTS:
            batch.append(self._waiting.popleft())
            reports += len(batch[-1][0].reports)
        return batch

    async def _record(self, submissions: list[Submission]) -> list[list[Outcome]]:
        async with self._books.work() as work:
            return await record(work, submissions)

    async def _one_by_one(self, batch: list[_Waiting], error: Exception) -> None:
        """After a failure, each alone: what one caller sent must not fail the others."""
        for submission, future in batch:
            try:
                result = (await self._record([submission]))[0] if len(batch) > 1 else None
            except Exception as own_error:
                error, result = own_error, None
            if future.done():
                continue
            if result is None:
                future.set_exception(error)
            else:
                future.set_result(result)
