"""A tenant to which random things happened, around the days on which clocks are set; and random questions about it."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from models.actions.interactions import InteractionWish, create_interaction
from models.actions.recording import Recorded
from models.rules.reports import (
    CallReport,
    DocumentReport,
    FactReport,
    InterviewReport,
    MessageReport,
    Report,
    TranscriptReport,
)
from models.rules.words import CallDirection, InterviewStatus, SubjectKind
from tests.api.running import Api, uuid_of
from tests.api.using import record, refund

CLOCKS_ARE_SET = [datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 8), (3, 29), (4, 5))]
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
)
REFUNDABLE = [SubjectKind(kind.lower()) for kind in ("CALL", "MESSAGE", "INTERVIEW", "TRANSCRIPT", "FACT", "DOCUMENT")]
KINDS = ("CALL", "TRANSLATION", "MESSAGE", "INTERVIEW", "TRANSCRIPT", "FACT", "DOCUMENT")


class Happenings:
    """One tenant, in one of the zones."""

    def __init__(self, api: Api, seed: int) -> None:
        self.api, self.chance, self.zone = api, random.Random(seed), ZONES[seed % len(ZONES)]

    async def happen(self, rounds: int = 6) -> None:
        api, chance = self.api, self.chance
        api.books.clock.now = datetime(2026, 3, 10, 12, tzinfo=UTC)
        plan = {"monthlyCredits": "40", "rollover": "UNLIMITED"}
        self.tenant = await api.a_tenant(plan, timeZone=self.zone, billingAnchor="2026-02-10T00:00:00Z")
        self.agents = [await api.an_agent(self.tenant) for _ in range(3)]
        self.openings = [await api.an_opening(self.tenant) for _ in range(2)]
        self.members = [await api.a_member(self.tenant, email=f"{name}@acme.example") for name in "ab"]
        api.books.clock.now = datetime(2026, 4, 12, 9, tzinfo=UTC)
        self.interactions = [await self._interaction() for _ in range(4)]
        for number in range(rounds):
            found = await record(api, self.tenant, *(self._report(f"{number}-{n}") for n in range(12)))
            for outcome in chance.sample(found, 3):
                await self._give_back(outcome)

    def moment(self) -> datetime:
        change = self.chance.choice(CLOCKS_ARE_SET)
        return change + timedelta(minutes=self.chance.randrange(-3_000, 3_000))

    def one(self, of: list[str]) -> Any:
        return uuid_of(self.chance.choice(of))

    async def _interaction(self) -> Any:
        self.api.made += 1
        who = self.chance.choice([None, self.one(self.agents)]), self.chance.choice([None, self.one(self.members)])
        async with self.api.books.books.work() as work:
            wish = InteractionWish(f"interaction-{self.api.made}", *who, self.moment())
            return (await create_interaction(work, uuid_of(self.tenant), wish)).id

    def _report(self, key: str) -> Report:
        chance, when = self.chance, self.moment()
        agent, member = self.one(self.agents), chance.choice([None, self.one(self.members)])
        match chance.randrange(6):
            case 0 | 1:
                seconds, direction = chance.randrange(0, 300), chance.choice(list(CallDirection))
                connected = when if direction is CallDirection.OUTBOUND and chance.random() < 0.8 else None
                can_be_translated = connected is not None or direction is CallDirection.INBOUND
                translated = chance.choice([0, seconds]) if can_be_translated else 0
                end = when + timedelta(seconds=seconds)
                return CallReport(agent, key, direction, when, end, connected, translated, member)
            case 2:
                model, played = chance.choice([None, "small", "large"]), chance.random() < 0.2
                return MessageReport(agent, key, when, model, member, 700, 300, played)
            case 3 | 4:
                status = chance.choice(list(InterviewStatus))
                progress = chance.randrange(1, 1_000_000) if status is InterviewStatus.PARTIAL else None
                simulated, who = chance.random() < 0.2, chance.choice(["Ann", "Bob", "Cy", "Di"])
                agent = chance.choice([None, agent])
                return InterviewReport(self.one(self.openings), key, who, status, when, agent, progress, simulated)
        kind: Any = chance.choice([TranscriptReport, FactReport, DocumentReport])
        return kind(chance.choice(self.interactions), key, when, credits_consumed=chance.randrange(10**7))  # type: ignore[no-any-return]

    async def _give_back(self, outcome: Recorded) -> None:
        for kind in REFUNDABLE:
            for row in await self.api.books.rows(kind, tenant_id=uuid_of(self.tenant), id=outcome.id):
                left = row.credits - row.refunded
                for part in self.chance.choice([(left,), (left // 3, left // 2)]):
                    self.api.books.clock.now += timedelta(hours=self.chance.randrange(40))
                    if part:
                        await refund(self.api, self.tenant, kind, row.id, part)

    # ------------------------------------------------------------ asking

    def filter(self) -> dict[str, Any]:
        """A random filter, as the graph takes it."""
        chance = self.chance
        given = {
            "tenantIds": [self.tenant],
            "agentIds": chance.sample(self.agents, chance.randrange(1, 3)),
            "openingIds": self.openings[: chance.randrange(3)],
            "memberIds": self.members[: chance.randrange(1, 3)],
            "activities": chance.sample(KINDS, chance.randrange(1, 6)),
            "models": chance.choice([["small", ""], ["large"], ["small", "large"]]),
            "direction": chance.choice(["INBOUND", "OUTBOUND"]),
        }
        return {name: given[name] for name in chance.sample(sorted(given), chance.choice([0, 1, 1, 2]))}

    def owner(self) -> tuple[str, str]:
        """The name of a type that has usage, and an id of it; mostly the tenant."""
        agent, opening, member = (self.chance.choice(some) for some in (self.agents, self.openings, self.members))
        owners = [("Tenant", self.tenant)] * 3 + [("Agent", agent), ("Opening", opening), ("Member", member)]
        return self.chance.choice(owners)

    def range(self) -> tuple[date, date]:
        first = self.chance.choice([self.moment().date(), date(2026, 4, 12)])
        return first, first + timedelta(days=self.chance.choice([0, 1, 6, 13, 30]))
