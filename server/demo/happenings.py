"""What an agent does on a day: its calls, messages and encounters, the same ones whenever they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import NamedTuple
from uuid import UUID

from models.actions.interactions import InteractionWish
from models.rules.amounts import MICRO
from models.rules.reports import (
    CallReport,
    DocumentReport,
    FactReport,
    MessageReport,
    Report,
    TranscriptReport,
)
from models.rules.words import CallDirection
from server.demo.cast import AgentPart, Calls, Cast, Messages, TenantPart
from server.demo.shape import ROUND_THE_CLOCK, Rhythm, dice, growth, how_many, long_tailed, moment_in

RUNAWAY_TIMES = 10
_LONGEST_CALL = 4_500
_FACTS = (
    "Can start on the first of next month.",
    "Asks for 20 days of holiday at least.",
    "Has led a team of six people.",
    "Speaks German and Polish.",
    "Would move for the job.",
    "Has a driving licence.",
    "Prefers the late shift.",
    "Holds a certificate for forklifts.",
    "Was recommended by a colleague.",
    "Wants to work four days a week.",
)
_DOCUMENTS = ("Notes of the meeting", "Summary for the hiring manager", "Letter to the candidate", "Scorecard")
_REMARKS = ("Asked to be called back.", "Booked an appointment.", "Wanted a person.", "Complained about a bill.")


class Encounter(NamedTuple):
    """An interaction, and what is made from it, whose interaction is filled in once it has an id."""

    wish: InteractionWish
    pieces: tuple[TranscriptReport | FactReport | DocumentReport, ...]


class Happening(NamedTuple):
    """Something that begins at one moment and is known at another."""

    at: datetime
    end: datetime
    what: Report | Encounter


@dataclass(slots=True)
class Scene:
    """One agent's day."""

    tenant: TenantPart
    cast: Cast
    part: AgentPart
    day: date

    @property
    def agent_id(self) -> UUID:
        return self.cast.agents[self.part.external_id]

    def dice(self, what: str) -> Random:
        return dice(self.tenant.external_id, self.part.external_id, what, (self.day - self.cast.start).days)

    def mean(self, a_day: float) -> float:
        return a_day * self.part.rhythm.on(self.day) * growth(self.day, self.cast.start)

    def key(self, what: str, number: int) -> str:
        return f"{self.part.external_id}/{what}/{self.day}/{number}"


def happenings_of(tenant: TenantPart, cast: Cast, day: date) -> list[Happening]:
    """All that a tenant's agents do on a day, interviews aside."""
    found: list[Happening] = []
    for part in tenant.agents:
        if not part.works_on((day - cast.start).days):
            continue
        scene = Scene(tenant, cast, part, day)
        if part.calls is not None:
            found += _calls(scene, part.calls)
        if part.messages is not None:
            found += _messages(scene, part.messages)
        if part.encounters_a_day:
            found += _encounters(scene)
    return found


def runaway_happenings(tenant: TenantPart, cast: Cast, day: date) -> list[Happening]:
    """What a runaway agent does on a day beside its usual work: far too much, and at night too."""
    found: list[Happening] = []
    for part in tenant.agents:
        if part.runs_away:
            assert part.messages is not None
            scene = Scene(tenant, cast, part, day)
            random = scene.dice("runaway")
            mean = (RUNAWAY_TIMES - 1) * part.messages.a_day * growth(day, cast.start)
            for number in range(how_many(random, mean)):
                at = moment_in(random, day, tenant.zone, ROUND_THE_CLOCK)
                key = scene.key("again", number)
                found.append(Happening(at, at, message(random, cast, part, key, at)))
    return found


# ---------------------------------------------------------------- calls


def _calls(scene: Scene, calls: Calls) -> Iterator[Happening]:
    random = scene.dice("calls")
    for number in range(how_many(random, scene.mean(calls.a_day))):
        at = _moment(random, scene)
        report = call(random, scene.cast, scene.part, scene.key("call", number), at)
        yield Happening(at, report.ended_at, report)


def call(random: Random, cast: Cast, part: AgentPart, key: str, at: datetime) -> CallReport:
    """A call that begins at a moment: it rings, is missed or taken, and then lasts as long as calls do."""
    calls = part.calls
    assert calls is not None
    agent_id = cast.agents[part.external_id]
    inbound = random.random() < calls.inbound
    direction = CallDirection.INBOUND if inbound else CallDirection.OUTBOUND
    if random.random() < calls.missed:
        ringing = long_tailed(random, 22, 0.4, 3, 60)
        remarks = "Nobody answered." if not inbound else "The caller hung up."
        return CallReport(agent_id, key, direction, at, _later(at, ringing), remarks=remarks)
    connected = _later(at, long_tailed(random, 3 if inbound else 11, 0.5, 1, 45))
    talked = long_tailed(random, calls.median_seconds, 0.9, 4, _LONGEST_CALL)
    is_translated = random.random() < calls.translated
    return CallReport(
        agent_id,
        key,
        direction,
        at,
        _later(connected, talked),
        connected,
        translation_seconds=int(talked * random.uniform(0.5, 0.95)) if is_translated else 0,
        member_id=_some_member(random, cast, 0.35),
        remarks=random.choice(_REMARKS) if random.random() < 0.12 else "",
    )


# ---------------------------------------------------------------- messages


def _messages(scene: Scene, messages: Messages) -> Iterator[Happening]:
    random = scene.dice("messages")
    for number in range(how_many(random, scene.mean(messages.a_day))):
        at = _moment(random, scene)
        yield Happening(at, at, message(random, scene.cast, scene.part, scene.key("message", number), at))


def message(random: Random, cast: Cast, part: AgentPart, key: str, at: datetime) -> MessageReport:
    """A message that is sent at a moment, with the tokens of its question and its answer."""
    messages = part.messages
    assert messages is not None
    models, weights = zip(*messages.models, strict=True)
    read = long_tailed(random, messages.median_tokens, 0.8, 20, 60_000)
    return MessageReport(
        cast.agents[part.external_id],
        key,
        at,
        random.choices(models, cum_weights=list(accumulate(weights)))[0],
        _some_member(random, cast, 0.15),
        int(read),
        int(long_tailed(random, 160, 0.7, 5, 4_000)),
        is_playground=random.random() < messages.playground,
    )


# ---------------------------------------------------------------- encounters


def _encounters(scene: Scene) -> Iterator[Happening]:
    random = scene.dice("encounters")
    for number in range(how_many(random, scene.mean(scene.part.encounters_a_day))):
        at = _moment(random, scene)
        one = encounter(random, scene.cast, scene.part, scene.key("encounter", number), at)
        yield Happening(at, one.pieces[-1].created_at, one)


def encounter(random: Random, cast: Cast, part: AgentPart, key: str, at: datetime, pace: float = 1) -> Encounter:
    """A meeting that begins at a moment: its transcript, the facts found in it, perhaps a document."""
    wish = InteractionWish(key, cast.agents[part.external_id], _some_member(random, cast, 1), at)
    spoken = long_tailed(random, 1_300, 0.55, 120, _LONGEST_CALL)
    told = _later(at, spoken * pace)
    pieces: list[TranscriptReport | FactReport | DocumentReport] = [
        TranscriptReport(NOT_YET, f"{key}/transcript", told, audio_seconds=int(spoken))
    ]
    for position, text in enumerate(random.sample(_FACTS, random.randint(2, 7))):
        told = _later(told, random.uniform(0.4, 6))
        pieces.append(FactReport(NOT_YET, f"{key}/fact/{position}", told, text))
    if random.random() < 0.6:
        told = _later(told, random.uniform(5, 40))
        # Some callers name what a document cost, others leave that to the plan.
        credits = random.randrange(2, 9) * MICRO // 10 if random.random() < 0.3 else None
        pieces.append(DocumentReport(NOT_YET, f"{key}/document", told, random.choice(_DOCUMENTS), credits))
    return Encounter(wish, tuple(pieces))


NOT_YET = UUID(int=0)
"""Stands in a piece for its interaction, which has no id before it is in the books."""


# ---------------------------------------------------------------- shared


def _moment(random: Random, scene: Scene) -> datetime:
    rhythm: Rhythm = scene.part.rhythm
    return moment_in(random, scene.day, scene.tenant.zone, rhythm)


def _some_member(random: Random, cast: Cast, share: float) -> UUID | None:
    if random.random() >= share:
        return None
    return random.choice(list(cast.members.values()))


def _later(at: datetime, seconds: float) -> datetime:
    return at + timedelta(milliseconds=int(seconds * 1000))
