"""Live traffic of the demo: calls, messages, interviews and meetings, every second or so, as a client reports them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import structlog

from models.actions.credits import Settlement, TopUpWish, settle_top_up, top_up
from models.actions.group_commit import Recorder
from models.actions.interactions import create_interaction
from models.actions.inviting import Invitation, invite
from models.actions.recording import Submission
from models.rules.ids import new_id
from models.rules.refusals import Refusal
from models.rules.reports import InterviewReport, Report
from models.rules.words import InterviewStatus, TopUpStatus
from models.unit_of_work import Books
from server.demo.cast import AgentPart, Cast, TenantPart
from server.demo.happenings import call, encounter, message
from server.demo.openings import openings_until, some_name
from server.demo.shape import OFFICE, Rhythm, story_day
from server.demo.stage import available, pending_top_ups

BUSY_SECONDS = 0.8
QUIET_SECONDS = 4.0
LONGEST_PAUSE = 4.5
LOOKS_AT_CREDITS_EVERY = 5.0
PAID_AFTER = 3.0

# A call costs far more than a message: fewer of them keep the demo from buying credits all the time.
_CALLS_SHARE = 0.25
_INTERVIEWS_A_DAY = 3.0
# Not tenfold beside the others, which would then hardly be seen.
_RUNAWAY_TIMES = 4
_LEAST_BUSY = 0.3

log = structlog.get_logger(source="demo")

Deed = Callable[[], Awaitable[None]]


class LiveTraffic:
    """Goes on until it is cancelled. What fails is logged, and tried no more. A pace of 2 is twice as fast."""

    def __init__(
        self, books: Books, recorder: Recorder, casts: Iterable[tuple[TenantPart, Cast]], pace: float = 1
    ) -> None:
        self.books, self.random = books, Random()
        self._recorder, self._pace = recorder, pace
        self._scenes = [_Scene(self, tenant, cast) for tenant, cast in casts]

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for scene in self._scenes:
                tasks.create_task(self._watch_credits(scene), name="demo credits")
            while True:
                # A task of its own: an interview takes a while, and others do not wait for it.
                tasks.create_task(self._logged(self._next_deed()), name="demo event")
                await self.wait(self._pause())

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._pace)

    def now(self) -> datetime:
        return self.books.clock()

    # ------------------------------------------------------------ what happens next

    def _next_deed(self) -> Deed:
        deeds, weights = zip(*(deed for scene in self._scenes for deed in scene.deeds()), strict=True)
        chosen: Deed = self.random.choices(deeds, weights)[0]
        return chosen

    def _pause(self) -> float:
        busy = max(scene.busy(OFFICE) for scene in self._scenes)
        mean = QUIET_SECONDS - (QUIET_SECONDS - BUSY_SECONDS) * busy
        return min(self.random.expovariate(1 / mean), LONGEST_PAUSE)

    async def _logged(self, deed: Deed) -> None:
        try:
            await deed()
        except Exception as error:
            log.warning("demo event failed", reason=f"{type(error).__name__}: {error}"[:500])

    # ------------------------------------------------------------ what everybody needs

    async def record(self, cast: Cast, report: Report) -> None:
        (outcome,) = await self._recorder.record(Submission(cast.tenant_id, [report]))
        if isinstance(outcome, Refusal):
            raise outcome

    # ------------------------------------------------------------ credits

    async def _watch_credits(self, scene: "_Scene") -> None:
        await self._logged(lambda: self._settle_left(scene.cast))
        while True:
            await self.wait(LOOKS_AT_CREDITS_EVERY)
            await self._logged(lambda: self._buy_when_low(scene))

    async def _buy_when_low(self, scene: "_Scene") -> None:
        """Ask for credits; the payment takes a moment."""
        habit = scene.tenant.top_ups
        async with self.books.reading() as reader:
            left = await available(reader, scene.cast)
        if left >= habit.below:
            return
        async with self.books.work() as work:
            wish = TopUpWish(scene.cast.tenant_id, f"live/{new_id()}", habit.credits, settled=False)
            asked = await top_up(work, wish)
        await self.wait(PAID_AFTER)
        await self._settle(scene.cast, asked)

    async def _settle_left(self, cast: Cast) -> None:
        async with self.books.reading() as reader:
            left = await pending_top_ups(reader, cast)
        for id in left:
            await self._settle(cast, id)

    async def _settle(self, cast: Cast, id: UUID) -> None:
        async with self.books.work() as work:
            reference = f"invoice {work.now:%Y%m%d-%H%M%S}"
            await settle_top_up(work, Settlement(cast.tenant_id, id, TopUpStatus.SETTLED, reference))


@dataclass(slots=True)
class _Scene:
    """One tenant while the server runs."""

    live: LiveTraffic
    tenant: TenantPart
    cast: Cast

    @property
    def _random(self) -> Random:
        return self.live.random

    def busy(self, rhythm: Rhythm) -> float:
        return max(rhythm.at(self.live.now().astimezone(self.tenant.zone)), _LEAST_BUSY)

    def deeds(self) -> Iterable[tuple[Deed, float]]:
        """What may happen now, and how likely it is beside the others."""
        number = (story_day(self.live.now(), self.tenant.zone) - self.cast.start).days
        for part in self.tenant.agents:
            if part.external_id not in self.cast.agents or not part.works_on(number):
                continue
            busy = self.busy(part.rhythm)
            if part.calls is not None:
                yield self._deed(self._call, part), part.calls.a_day * _CALLS_SHARE * busy
            if part.messages is not None:
                share = _RUNAWAY_TIMES if part.runs_away else busy
                yield self._deed(self._message, part), part.messages.a_day * share
            if part.encounters_a_day:
                yield self._deed(self._meeting, part), part.encounters_a_day * busy
            if part.channel == "INTERVIEW":
                yield self._deed(self._interview, part), _INTERVIEWS_A_DAY * busy

    def _deed(self, act: Callable[[AgentPart], Awaitable[None]], part: AgentPart) -> Deed:
        return lambda: act(part)

    async def _call(self, part: AgentPart) -> None:
        now = self.live.now()
        planned = call(self._random, self.cast, part, f"live/{new_id()}", now)
        # It is reported when it has ended, which is now.
        earlier = planned.ended_at - now
        connected = planned.connected_at and planned.connected_at - earlier
        report = planned._replace(started_at=now - earlier, connected_at=connected, ended_at=now)
        await self.live.record(self.cast, report)

    async def _message(self, part: AgentPart) -> None:
        key = f"live/{new_id()}"
        await self.live.record(self.cast, message(self._random, self.cast, part, key, self.live.now()))

    async def _meeting(self, part: AgentPart) -> None:
        """A meeting that has just ended: what is made from it arrives piece by piece."""
        planned = encounter(self._random, self.cast, part, f"live/{new_id()}", self.live.now())
        spoken = planned.pieces[0].created_at - self.live.now()
        wish = planned.wish._replace(created_at=self.live.now() - max(spoken, timedelta(0)))
        async with self.live.books.work() as work:
            interaction = await create_interaction(work, self.cast.tenant_id, wish)
        for piece in planned.pieces:
            made = piece._replace(interaction_id=interaction.id, created_at=self.live.now())
            await self.live.record(self.cast, made)
            await self.live.wait(self._random.uniform(0.4, 2.5))

    async def _interview(self, part: AgentPart) -> None:
        """A candidate who is invited and begins at once; most complete the interview."""
        today = story_day(self.live.now(), self.tenant.zone)
        open_ones = [
            self.cast.openings[one.external_id]
            for one in openings_until(self.tenant, self.cast.start, today)
            if one.closes > today and one.external_id in self.cast.openings
        ]
        if not open_ones:
            return
        opening_id, candidate = self._random.choice(open_ones), some_name(self._random)
        async with self.live.books.work() as work:
            await invite(work, Invitation(self.cast.tenant_id, opening_id, [candidate]))
        for status, share in (
            (InterviewStatus.STARTED, 0.8),
            (InterviewStatus.PARTIAL, 0.3),
            (InterviewStatus.COMPLETED, 0.8),
        ):
            await self.live.wait(self._random.uniform(4, 15))
            if self._random.random() < share:
                await self._report(part, opening_id, candidate, status)

    async def _report(self, part: AgentPart, opening_id: UUID, candidate: str, status: InterviewStatus) -> None:
        progress = self._random.randint(10, 90) * 10_000 if status is InterviewStatus.PARTIAL else None
        report = InterviewReport(
            opening_id,
            f"live/{new_id()}",
            candidate,
            status,
            self.live.now(),
            self.cast.agents[part.external_id],
            progress,
        )
        await self.live.record(self.cast, report)
