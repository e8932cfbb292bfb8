"""Writes the history of the demo, day after day, through the actions that serve every client.

A tenant's history is one transaction, so that it is in the books whole or not at all. Within it, what happened is
recorded at moments of its own, as if somebody had reported it then.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from uuid import UUID

from models.actions.credits import Settlement, TopUpWish, settle_top_up, top_up
from models.actions.hiring import update_agent, update_opening
from models.actions.interactions import create_interactions
from models.actions.recording import Submission, record
from models.actions.runaways import find_runaways, tell_of_runaways
from models.actions.tenants import set_plan_rates
from models.rules.refusals import Refusal
from models.rules.reports import Report
from models.rules.runaways import spans_that_ended
from models.rules.words import Interval, OpeningStatus, TopUpStatus
from models.unit_of_work import Books, UnitOfWork
from server.demo.cast import Cast, TenantPart
from server.demo.happenings import Encounter, Happening, happenings_of, runaway_happenings
from server.demo.openings import Opening, interview_reports, openings_until
from server.demo.shape import beginning_of, dice, story_day
from server.demo.stage import available, cast_of, first_day, give, hire, last_usage, open_job

RUNAWAY_DAYS = 2
DAYS_AT_ONCE = 4
DAILY_FOR_DAYS = 30
MOST_REPORTS = 1_000
_DAY = timedelta(days=1)
_QUIET = timedelta(minutes=1)
_DECLINED_EVERY = 4


async def write_history(books: Books, tenant: TenantPart) -> int:
    """Bring a tenant's history up to the present, from its beginning or from where it stopped; how much was added."""
    async with books.work() as work:
        now = work.now
        cast = await cast_of(work, tenant, now)
        if cast is None:
            start = story_day(now, tenant.zone) - timedelta(days=tenant.history_days)
            since = beginning_of(start, tenant.zone)
            cast = await first_day(UnitOfWork(work.session, since), tenant, start)
        else:
            since = await last_usage(work, cast) or beginning_of(cast.start, tenant.zone)
        return await _History(work, tenant, cast, since).write()


class _History:
    """The writing of one tenant's history."""

    def __init__(self, work: UnitOfWork, tenant: TenantPart, cast: Cast, since: datetime) -> None:
        self.work, self.tenant, self.cast = work, tenant, cast
        self.since, self.until = since, work.now
        self.openings: dict[int, Opening] = {}
        self.bought = 0
        so_far = (story_day(since, tenant.zone) - cast.start).days
        self.given = {gift for gift in tenant.gifts if gift.day < so_far}

    async def write(self) -> int:
        written = 0
        waiting: list[Happening] = []
        day, last = story_day(self.since, self.tenant.zone), story_day(self.until, self.tenant.zone)
        while day <= last:
            await self._set_the_stage(day)
            waiting += self._happenings(day, last)
            if self._reports_on(day, last):
                waiting.sort(key=attrgetter("at"))
                cut = self._quiet_moment(day, waiting) if day < last else self.until
                # What is still under way at the very end is left for the next time.
                written += await self._record(cut, [one for one in waiting if one.at < cut and one.end <= self.until])
                waiting = [one for one in waiting if one.at >= cut]
                if (last - day).days <= DAILY_FOR_DAYS:
                    await self._look_for_runaways(cut)
                if day < last:
                    await self._bring_credits(day, cut)
            day += _DAY
        return written

    def _reports_on(self, day: date, last: date) -> bool:
        """Whether what has gathered is reported on this day: daily of late, before that every few days."""
        return (last - day).days <= DAILY_FOR_DAYS or (day - self.cast.start).days % DAYS_AT_ONCE == 0

    def _at(self, moment: datetime) -> UnitOfWork:
        """The same transaction at another time; what it rings is told when the whole is committed."""
        step = UnitOfWork(self.work.session, moment)
        step.rung, step.alerts_rung = self.work.rung, self.work.alerts_rung
        return step

    # ------------------------------------------------------------ who is there

    async def _set_the_stage(self, day: date) -> None:
        """Let agents and openings come and go on their days."""
        number = (day - self.cast.start).days
        morning = beginning_of(day, self.tenant.zone)
        step = self._at(min(max(morning, self.since), self.until))
        for part in self.tenant.agents:
            if part.from_day <= number and part.external_id not in self.cast.agents:
                await hire(step, self.cast, part)
            if part.until_day == number:
                id = self.cast.agents[part.external_id]
                await update_agent(step, self.cast.tenant_id, id, {"is_live": False})
        if number == self.tenant.new_rates_on_day and morning > self.since:
            await set_plan_rates(step, self.cast.plan_id, morning, self.tenant.new_rates)
        for opening in openings_until(self.tenant, self.cast.start, day):
            self.openings.setdefault(opening.number, opening)
            if opening.external_id not in self.cast.openings:
                await open_job(step, self.cast, opening)
            if opening.closes == day:
                id = self.cast.openings[opening.external_id]
                await update_opening(step, self.cast.tenant_id, id, {"status": OpeningStatus.CLOSED.value})

    # ------------------------------------------------------------ what happens

    def _happenings(self, day: date, last: date) -> list[Happening]:
        found = happenings_of(self.tenant, self.cast, day)
        for opening in self.openings.values():
            found += interview_reports(self.tenant, self.cast, opening, day)
        if (last - day).days <= RUNAWAY_DAYS:
            found += runaway_happenings(self.tenant, self.cast, day)
        return [one for one in found if one.at > self.since]

    def _quiet_moment(self, day: date, happenings: Sequence[Happening]) -> datetime:
        """Some moment of a working day at which nothing is under way, nor for a minute after it."""
        hours = dice(self.tenant.external_id, "cut", (day - self.cast.start).days).uniform(5, 12)
        moment = beginning_of(day, self.tenant.zone) + timedelta(seconds=int(hours * 3600))
        for one in happenings:
            if one.at < moment + _QUIET and one.end > moment:
                moment = one.end + timedelta(seconds=1)
        return min(max(moment, self.since), self.until)

    async def _record(self, at: datetime, happenings: Sequence[Happening]) -> int:
        step = self._at(at)
        reports = [one.what for one in happenings if not isinstance(one.what, Encounter)]
        reports += await meet(step, self.cast, [one.what for one in happenings if isinstance(one.what, Encounter)])
        added = 0
        for first in range(0, len(reports), MOST_REPORTS):
            batch = reports[first : first + MOST_REPORTS]
            for outcome in (await record(step, [Submission(self.cast.tenant_id, batch)]))[0]:
                if isinstance(outcome, Refusal):
                    raise outcome
                added += not outcome.is_duplicate
        return added

    async def _look_for_runaways(self, at: datetime) -> None:
        """Judge the day that has ended, as a server would have. Days with live traffic are unlike all others."""
        spans = spans_that_ended(at - _DAY, at, self.tenant.zone)
        days = [span for span in spans if span.length is Interval.DAY and span.start >= self.since]
        work, tenant_id, zone = self._at(at), self.cast.tenant_id, self.tenant.zone
        await tell_of_runaways(work, tenant_id, zone, await find_runaways(work, tenant_id, zone, days))

    # ------------------------------------------------------------ credits

    async def _bring_credits(self, day: date, at: datetime) -> None:
        if at <= self.since:
            return
        number = (day - self.cast.start).days
        step = self._at(at)
        for gift in self.tenant.gifts:
            # Given twice it counts once, but it would end at another time.
            if 0 < gift.day <= number and gift not in self.given:
                self.given.add(gift)
                await give(step, self.cast, gift)
        if await available(step, self.cast) < self.tenant.top_ups.below:
            await self._buy(day, at)

    async def _buy(self, day: date, at: datetime) -> None:
        """A purchase is asked for, then paid; now and then it has to be asked for twice."""
        wish = TopUpWish(self.cast.tenant_id, f"demo-top-up/{day}", self.tenant.top_ups.credits, settled=False)
        self.bought += 1
        if self.bought % _DECLINED_EVERY == 0:
            declined = await top_up(self._at(at), replace(wish, key=f"{wish.key}/declined"))
            await self._settle(declined, at + _QUIET / 4, TopUpStatus.FAILED, failure="The card was declined.")
            at += _QUIET / 3
        asked = await top_up(self._at(at), wish)
        await self._settle(asked, at + _QUIET / 3, TopUpStatus.SETTLED, f"invoice {day:%Y%m%d}")

    async def _settle(
        self, id: UUID, at: datetime, outcome: TopUpStatus, reference: str | None = None, failure: str | None = None
    ) -> None:
        await settle_top_up(self._at(at), Settlement(self.cast.tenant_id, id, outcome, reference, failure))


async def meet(work: UnitOfWork, cast: Cast, encounters: Sequence[Encounter]) -> list[Report]:
    """Make interactions, and tell what is to be recorded of them."""
    if not encounters:
        return []
    made = await create_interactions(work, cast.tenant_id, [encounter.wish for encounter in encounters])
    reports: list[Report] = []
    for encounter, interaction in zip(encounters, made, strict=True):
        if isinstance(interaction, Refusal):
            raise interaction
        reports += [piece._replace(interaction_id=interaction.id) for piece in encounter.pieces]
    return reports
