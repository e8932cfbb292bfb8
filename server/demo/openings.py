"""The jobs that a tenant hires for: opened one after the other, candidates invited and interviewed, closed again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

from models.rules.reports import InterviewReport
from models.rules.words import InterviewStatus
from server.demo.cast import Cast, TenantPart
from server.demo.happenings import Happening
from server.demo.shape import EVENING, OFFICE, dice, growth, how_many, long_tailed, moment_in, story_day

DAYS_BETWEEN = 14


def _names(text: str) -> list[str]:
    return text.split()


_FIRST_NAMES = _names(
    "Ada Amir Bea Bruno Carla Cem Dana David Elif Emil Fatma Felix Gesa Goran Hanna Ivo Jana Joel Karim Lara Levi Maja "
    "Malik Nora Nils Olga Oskar Petra Priya Rafael Rosa Samir Selma Theo Tilda Umut Vera Viktor Yara Zoe"
)
_LAST_NAMES = _names(
    "Adler Albers Bauer Brandt Conrad Demir Ebert Fischer Funk Graf Haas Hartmann Iversen Jung Kaya Keller Krause "
    "Lang Lorenz Maier Nowak Oezdemir Otto Peters Quast Richter Sauer Schulz Simon Thiel Ullrich Vogt Wagner Weber "
    "Winter Yildiz Zander Ziegler"
)


@dataclass(slots=True)
class Opening:
    """One job, as the story has it: the n-th that the tenant hires for."""

    number: int
    external_id: str
    job_title: str
    opens: date
    closes: date
    by_day: dict[date, list[Happening]] = field(default_factory=dict)


def openings_until(tenant: TenantPart, start: date, day: date) -> Iterator[Opening]:
    """The openings that there are or were on a day."""
    for number in range((day - start).days // DAYS_BETWEEN + 1 if tenant.jobs else 0):
        random = dice(tenant.external_id, "opening", number)
        opens = start + timedelta(days=number * DAYS_BETWEEN + random.randrange(7))
        lasts = int(long_tailed(random, 62, 0.3, 30, 120))
        if opens <= day:
            title = tenant.jobs[number % len(tenant.jobs)]
            yield Opening(number, f"demo-opening-{number + 1}", title, opens, opens + timedelta(days=lasts))


def interview_reports(tenant: TenantPart, cast: Cast, opening: Opening, day: date) -> list[Happening]:
    """What is reported of an opening's interviews on a day."""
    if not opening.by_day:
        for report in _reports(tenant, cast, opening):
            happening = Happening(report.at, report.at, report)
            opening.by_day.setdefault(story_day(report.at, tenant.zone), []).append(happening)
    return opening.by_day.get(day, [])


def _reports(tenant: TenantPart, cast: Cast, opening: Opening) -> Iterator[InterviewReport]:
    random = dice(tenant.external_id, "candidates", opening.number)
    interviewers = [part for part in tenant.agents if part.channel == "INTERVIEW"]
    agent_id = cast.agents[interviewers[opening.number % len(interviewers)].external_id]
    lasts = (opening.closes - opening.opens).days
    for candidate in _candidates(random, 6 + how_many(random, 30 * growth(opening.opens, cast.start))):
        invited_on = opening.opens + timedelta(days=1 + int(random.triangular(0, lasts * 0.9, 4)))
        yield from _interview(random, tenant, cast, opening, agent_id, candidate, invited_on)
    for number in range(random.randint(1, 4)):
        yield from _rehearsal(random, tenant, cast, opening, agent_id, f"Rehearsal {number + 1}")


def _candidates(random: Random, count: int) -> list[str]:
    """So many different names."""
    numbers = random.sample(range(len(_FIRST_NAMES) * len(_LAST_NAMES)), count)
    return [f"{_FIRST_NAMES[n % len(_FIRST_NAMES)]} {_LAST_NAMES[n // len(_FIRST_NAMES)]}" for n in numbers]


def some_name(random: Random) -> str:
    return f"{random.choice(_FIRST_NAMES)} {random.choice(_LAST_NAMES)}"


def _interview(
    random: Random, tenant: TenantPart, cast: Cast, opening: Opening, agent_id: UUID, candidate: str, day: date
) -> Iterator[InterviewReport]:
    """How far one candidate comes: many complete it, some give up, some return, some never begin."""
    told = _Teller(cast.openings[opening.external_id], opening.external_id, candidate)
    invited = moment_in(random, day, tenant.zone, OFFICE)
    yield told(InterviewStatus.INVITED, invited)
    fate = random.random()
    started = _on_an_evening(random, tenant, invited)
    if fate < 0.2 or story_day(started, tenant.zone) >= opening.closes:
        return
    yield told(InterviewStatus.STARTED, started, agent_id)
    if fate < 0.28:
        return
    if fate < 0.43:
        broken_off = started + timedelta(seconds=int(long_tailed(random, 700, 0.5, 120, 2_400)))
        yield told(InterviewStatus.PARTIAL, broken_off, agent_id, random.randint(10, 90) * 10_000)
        if fate < 0.39:
            return
        started = _on_an_evening(random, tenant, broken_off)
    finished = started + timedelta(seconds=int(long_tailed(random, 1_800, 0.35, 600, 4_500)))
    yield told(InterviewStatus.COMPLETED, finished, agent_id)


def _rehearsal(
    random: Random, tenant: TenantPart, cast: Cast, opening: Opening, agent_id: UUID, name: str
) -> Iterator[InterviewReport]:
    """The tenant tries its interview, which costs nothing."""
    told = _Teller(cast.openings[opening.external_id], opening.external_id, name, is_simulation=True)
    at = moment_in(random, opening.opens + timedelta(days=1), tenant.zone, OFFICE)
    yield told(InterviewStatus.STARTED, at, agent_id)
    yield told(InterviewStatus.COMPLETED, at + timedelta(seconds=random.randint(300, 1_500)), agent_id)


def _on_an_evening(random: Random, tenant: TenantPart, after: datetime) -> datetime:
    """Some moment within the next days, when candidates have time."""
    wait = 1 + min(int(random.expovariate(0.5)), 12)
    return moment_in(random, story_day(after, tenant.zone) + timedelta(days=wait), tenant.zone, EVENING)


@dataclass(slots=True, frozen=True)
class _Teller:
    """Makes the reports of one interview."""

    opening_id: UUID
    opening: str
    candidate: str
    is_simulation: bool = False

    def __call__(
        self, status: InterviewStatus, at: datetime, agent_id: UUID | None = None, progress: int | None = None
    ) -> InterviewReport:
        what = f"rehearsed/{status}" if self.is_simulation else status
        key = f"{self.opening}/{self.candidate}/{what}"
        return InterviewReport(self.opening_id, key, self.candidate, status, at, agent_id, progress, self.is_simulation)
