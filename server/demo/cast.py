"""Who is in the demo: two tenants with their plans, agents, members and jobs."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from models.actions.tenants import NewPlan
from models.rules.amounts import MICRO, parse_credits
from models.rules.rating import Rate
from models.rules.words import Activity, AgentChannel, RateUnit, Role, RolloverPolicy
from server.demo.shape import AFTER_HOURS, EVENING, OFFICE, SHOP, Rhythm

Share = float


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of an agent on an average day, and how they go."""

    a_day: float
    inbound: Share
    median_seconds: float
    missed: Share
    translated: Share = 0


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages of an agent on an average day. A model of None is the agent's own."""

    a_day: float
    models: tuple[tuple[str | None, Share], ...] = ((None, 1),)
    median_tokens: float = 900
    playground: Share = 0.03


@dataclass(frozen=True, slots=True)
class AgentPart:
    """An agent as the story has it. The days count from the beginning of the history."""

    external_id: str
    name: str
    channel: AgentChannel
    rhythm: Rhythm = OFFICE
    model: str | None = None
    calls: Calls | None = None
    messages: Messages | None = None
    encounters_a_day: float = 0
    from_day: int = 0
    until_day: int | None = None
    runs_away: bool = False
    daily_budget: int | None = None

    def works_on(self, number: int) -> bool:
        return self.from_day <= number and (self.until_day is None or number < self.until_day)


@dataclass(frozen=True, slots=True)
class MemberPart:
    external_id: str
    name: str
    role: Role = Role.MEMBER


@dataclass(frozen=True, slots=True)
class Gift:
    """Credits that the operator gives, on a day of the history."""

    day: int
    credits: int
    source: Literal["PROMOTION", "ADJUSTMENT"]
    remarks: str
    lasts_days: int | None = None


@dataclass(frozen=True, slots=True)
class TopUpHabit:
    """When a tenant buys credits, and how many."""

    below: int
    credits: int


@dataclass(frozen=True, slots=True)
class TenantPart:
    external_id: str
    name: str
    domain: str
    zone: ZoneInfo
    plan: NewPlan
    history_days: int
    agents: tuple[AgentPart, ...]
    members: tuple[MemberPart, ...]
    top_ups: TopUpHabit
    gifts: tuple[Gift, ...]
    warned_below: tuple[int, ...] = ()
    jobs: tuple[str, ...] = ()
    new_rates_on_day: int | None = None
    new_rates: tuple[Rate, ...] = ()


@dataclass(slots=True)
class Cast:
    """The ids under which a tenant's part of the story is in the books, by external id."""

    tenant_id: UUID
    plan_id: UUID
    start: date
    agents: dict[str, UUID]
    members: dict[str, UUID]
    openings: dict[str, UUID]


def _rates(**prices: str) -> tuple[Rate, ...]:
    units = {
        Activity.CALL: RateUnit.MINUTE,
        Activity.TRANSLATION: RateUnit.MINUTE,
        Activity.MESSAGE: RateUnit.MESSAGE,
        Activity.INTERVIEW: RateUnit.INTERVIEW,
        Activity.TRANSCRIPT: RateUnit.MINUTE,
        Activity.FACT: RateUnit.FACT,
        Activity.DOCUMENT: RateUnit.DOCUMENT,
    }
    named = {Activity(name.upper()): price for name, price in prices.items()}
    by_model = (("gpt-4o", "0.04"), ("claude-sonnet", "0.05"), ("gpt-4o-mini", "0.008"))
    return (
        *(Rate(activity, None, units[activity], parse_credits(price)) for activity, price in named.items()),
        *(Rate(Activity.MESSAGE, model, RateUnit.THOUSAND_TOKENS, parse_credits(price)) for model, price in by_model),
    )


BASE = NewPlan(
    name="Base",
    monthly_credits=1_000 * MICRO,
    first_seconds=60,
    next_seconds=60,
    rates=_rates(
        call="1", translation="0.5", message="0.02", interview="1.2", transcript="0.15", fact="0.03", document="0.6"
    ),
    rollover=RolloverPolicy.NONE,
    agent_slots=10,
    seats=8,
)
DEARER_BASE = _rates(
    call="1.1", translation="0.5", message="0.02", interview="1.2", transcript="0.15", fact="0.03", document="0.6"
)
PROFESSIONAL = NewPlan(
    name="Professional",
    monthly_credits=360 * MICRO,
    first_seconds=30,
    next_seconds=30,
    rates=_rates(
        call="0.8", translation="0.4", message="0.015", interview="1", transcript="0.1", fact="0.02", document="0.4"
    ),
    rollover=RolloverPolicy.CAPPED,
    rollover_cap=100 * MICRO,
    agent_slots=20,
    seats=25,
)

NORTHWIND = TenantPart(
    external_id="demo-northwind",
    name="Northwind Voice",
    domain="northwind.example",
    zone=ZoneInfo("America/New_York"),
    plan=BASE,
    # A year and some days, so that today lies in the middle of a billing period.
    history_days=365 + 17,
    agents=(
        AgentPart(
            "demo-front-desk",
            "Front desk",
            AgentChannel.VOICE,
            calls=Calls(7, inbound=1, median_seconds=110, missed=0.07, translated=0.12),
        ),
        AgentPart(
            "demo-after-hours",
            "After-hours line",
            AgentChannel.VOICE,
            AFTER_HOURS,
            calls=Calls(3, inbound=1, median_seconds=75, missed=0.1),
        ),
        AgentPart(
            "demo-reminders",
            "Appointment reminders",
            AgentChannel.VOICE,
            calls=Calls(6, inbound=0.08, median_seconds=48, missed=0.32),
        ),
        AgentPart(
            "demo-service-plans",
            "Service plan renewals",
            AgentChannel.VOICE,
            calls=Calls(2.5, inbound=0.25, median_seconds=205, missed=0.38),
            from_day=170,
        ),
        AgentPart(
            "demo-web-chat",
            "Website chat",
            AgentChannel.CHAT,
            SHOP,
            "gpt-4o",
            messages=Messages(8, ((None, 6), ("claude-sonnet", 3), ("gpt-4o-mini", 2))),
        ),
        AgentPart(
            "demo-order-status",
            "Order status chat",
            AgentChannel.CHAT,
            SHOP,
            "gpt-4o-mini",
            messages=Messages(7, median_tokens=600, playground=0.01),
            runs_away=True,
            # About three times what it uses on a usual day.
            daily_budget=MICRO // 10,
        ),
        AgentPart(
            "demo-old-chat",
            "Text messages (retired)",
            AgentChannel.CHAT,
            SHOP,
            messages=Messages(5, playground=0),
            until_day=150,
        ),
    ),
    members=(
        MemberPart("demo-ruth", "Ruth Albright", Role.ADMIN),
        MemberPart("demo-sam", "Sam Okafor"),
        MemberPart("demo-lena", "Lena Whitcomb"),
        MemberPart("demo-diego", "Diego Marsh"),
    ),
    top_ups=TopUpHabit(below=200 * MICRO, credits=300 * MICRO),
    gifts=(
        Gift(0, 150 * MICRO, "PROMOTION", "Welcome to Northwind's first year.", lasts_days=60),
        Gift(205, 75 * MICRO, "ADJUSTMENT", "For the outage of the after-hours line."),
    ),
    warned_below=(100 * MICRO, 250 * MICRO),
    new_rates_on_day=290,
    new_rates=DEARER_BASE,
)

BRIGHTPATH = TenantPart(
    external_id="demo-brightpath",
    name="Brightpath Hiring",
    domain="brightpath.example",
    zone=ZoneInfo("Europe/Berlin"),
    plan=PROFESSIONAL,
    # Late in a billing period, when the plan's credits are nearly used up.
    history_days=365 + 24,
    agents=(
        AgentPart("demo-interviewer", "Interviewer", AgentChannel.INTERVIEW, EVENING),
        AgentPart("demo-technical", "Technical interviewer", AgentChannel.INTERVIEW, EVENING),
        AgentPart(
            "demo-scheduler",
            "Interview scheduler",
            AgentChannel.VOICE,
            calls=Calls(3.5, inbound=0.3, median_seconds=85, missed=0.27, translated=0.08),
        ),
        AgentPart(
            "demo-candidate-chat",
            "Candidate questions",
            AgentChannel.CHAT,
            EVENING,
            "claude-sonnet",
            messages=Messages(5, ((None, 5), ("gpt-4o-mini", 2))),
        ),
        AgentPart("demo-meeting-scribe", "Meeting scribe", AgentChannel.SCRIBE, encounters_a_day=1.4),
        AgentPart("demo-phone-notes", "Phone notes", AgentChannel.SCRIBE, encounters_a_day=0.6, from_day=60),
    ),
    members=(
        MemberPart("demo-jonas", "Jonas Weidner", Role.ADMIN),
        MemberPart("demo-mira", "Mira Castellan", Role.ADMIN),
        MemberPart("demo-aylin", "Aylin Demir"),
        MemberPart("demo-tomasz", "Tomasz Lis"),
        MemberPart("demo-greta", "Greta Holm"),
        MemberPart("demo-paul", "Paul Adeyemi"),
    ),
    top_ups=TopUpHabit(below=25 * MICRO, credits=40 * MICRO),
    gifts=(
        Gift(0, 100 * MICRO, "PROMOTION", "Welcome credits.", lasts_days=45),
        Gift(260, 40 * MICRO, "PROMOTION", "For a reference customer.", lasts_days=40),
    ),
    warned_below=(30 * MICRO,),
    jobs=(
        "Warehouse associate",
        "Backend engineer",
        "Night nurse",
        "Sales representative",
        "Data analyst",
        "Barista",
        "Customer support agent",
        "Electrician",
        "Product designer",
        "Delivery driver",
        "Accountant",
        "Site reliability engineer",
        "Kindergarten teacher",
        "Pastry chef",
        "Field technician",
        "Office manager",
    ),
)

TENANTS = (NORTHWIND, BRIGHTPATH)
