"""A customer with some weeks of usage, made through the graph as any client would make one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from tests.server.real_server import KEY, RealServer

PLAN = """mutation Plan($input: PlanInput!) { createPlan(input: $input) { plan { id } errors { message } } }"""
TENANT = """mutation Tenant($input: CreateTenantInput!) {
  createTenant(input: $input) { tenant { id } errors { message } }
}"""
AGENT = (
    """mutation Agent($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } errors { message } } }"""
)
OPENING = """mutation Opening($input: CreateOpeningInput!) {
  createOpening(input: $input) { opening { id } errors { message } }
}"""
MEMBER = (
    """mutation Member($input: AddMemberInput!) { addMember(input: $input) { member { id } errors { message } } }"""
)
API_KEY = """mutation Key($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret errors { message } } }"""
TOP_UP = """mutation TopUp($input: TopUpInput!) { topUp(input: $input) { topUp { id } errors { message } } }"""
RECORD = """mutation Record($tenant: ID!, $events: [UsageEventInput!]!) {
  recordUsage(tenantId: $tenant, events: $events) { accepted refused { key message } errors { message } }
}"""
THRESHOLDS = """mutation Thresholds($tenant: ID!, $thresholds: [Credits!]!) {
  setLowBalanceThresholds(tenantId: $tenant, thresholds: $thresholds) { errors { message } }
}"""
CREDITS = "query Credits($tenant: ID!) { tenant(id: $tenant) { credits { seq available } } }"

RATES = [
    {"activity": "CALL", "unit": "MINUTE", "credits": "1"},
    {"activity": "MESSAGE", "unit": "MESSAGE", "credits": "0.1"},
    {"activity": "INTERVIEW", "unit": "INTERVIEW", "credits": "1"},
]


@dataclass
class Customer:
    """A tenant, the key of its admin, and what a back end of its does."""

    server: RealServer
    tenant: str
    key: str
    agents: dict[str, str]
    ann: str
    """A member, for whom some calls were made."""
    calls: int = 0

    def call(self, agent: str = "Front desk", minutes: int = 1) -> None:
        """A call that has just ended."""
        self.calls += 1
        ended = datetime.now(UTC)
        call = a_call(self.agents[agent], f"live-{self.calls}", ended - timedelta(minutes=minutes), minutes * 60)
        answer = ask(self.server, RECORD, tenant=self.tenant, events=[call])
        assert answer["recordUsage"]["accepted"] == 1, answer

    def warn_below(self, credits: str) -> None:
        answer = ask(self.server, THRESHOLDS, tenant=self.tenant, thresholds=[credits])
        assert answer["setLowBalanceThresholds"]["errors"] == []

    def a_key(self, role: str) -> str:
        return a_key(self.server, self.tenant, role)

    def available(self) -> str:
        return str(self._credits()["available"])

    def seq(self) -> int:
        return int(self._credits()["seq"])

    def _credits(self) -> Any:
        return ask(self.server, CREDITS, tenant=self.tenant)["tenant"]["credits"]


def a_customer(server: RealServer, name: str = "Acme", days: int = 40) -> Customer:
    """Some days of calls and messages of three agents, and interviews for two openings. Bought: 1,000 credits."""
    plan = made(server, PLAN, name="Base", monthlyCredits="100", firstSeconds=60, nextSeconds=60, rates=RATES, seats=5)
    began = (datetime.now(UTC) - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
    tenant = made(server, TENANT, name=name, planId=plan, timeZone="Europe/Berlin", billingAnchor=began.isoformat())
    channels = {"Front desk": "VOICE", "Night shift": "VOICE", "Help chat": "CHAT", "Interviewer": "INTERVIEW"}
    agents = {
        agent: made(server, AGENT, tenantId=tenant, name=agent, channel=channel) for agent, channel in channels.items()
    }
    openings = [made(server, OPENING, tenantId=tenant, jobTitle=title) for title in ("Baker", "Sommelier")]
    ann = made(server, MEMBER, tenantId=tenant, name="Ann", email="ann@example.com")
    made(server, TOP_UP, tenantId=tenant, key="first", credits="1000")
    events = [event for day in range(days) for event in events_of(day, began, agents, openings, ann)]
    if events:
        answer = ask(server, RECORD, tenant=tenant, events=events)
        assert answer["recordUsage"]["accepted"] == len(events), answer
    return Customer(server, tenant, a_key(server, tenant, "ADMIN"), agents, ann)


def a_key(server: RealServer, tenant: str, role: str) -> str:
    answer = ask(server, API_KEY, input={"tenantId": tenant, "name": f"The {role.lower()}'s", "role": role})
    secret: str = answer["createApiKey"]["secret"]
    return secret


def events_of(
    day: int, began: datetime, agents: dict[str, str], openings: list[str], member: str
) -> list[dict[str, Any]]:
    """What happens on a day: three calls, one for a member, two messages, and an interview that is completed."""
    noon = began + timedelta(days=day, hours=12)
    voices = [agents["Front desk"], agents["Front desk"], agents["Night shift"]]
    calls = [
        a_call(agent, f"call-{day}-{number}", noon + timedelta(hours=number), 61 * (number + 1))
        for number, agent in enumerate(voices)
    ]
    calls[1]["call"]["memberId"] = member
    messages = [
        {"message": {"agentId": agents["Help chat"], "key": f"message-{day}-{number}", "sentAt": noon.isoformat()}}
        for number in range(2)
    ]
    candidate = {"candidate": f"Candidate {day}", "status": "COMPLETED", "at": noon.isoformat()}
    interview = {
        "openingId": openings[day % 2],
        "key": f"interview-{day}",
        "agentId": agents["Interviewer"],
        **candidate,
    }
    return [*calls, *messages, {"interview": interview}]


def a_call(agent: str, key: str, started: datetime, seconds: int) -> dict[str, Any]:
    times = {"startedAt": started.isoformat(), "endedAt": (started + timedelta(seconds=seconds)).isoformat()}
    return {"call": {"agentId": agent, "key": key, "direction": "INBOUND", **times}}


def made(server: RealServer, mutation: str, **input: Any) -> str:
    """The id of what a mutation makes."""
    (payload,) = ask(server, mutation, input=input).values()
    assert payload.pop("errors") == []
    (thing,) = payload.values()
    id: str = thing["id"]
    return id


def ask(server: RealServer, query: str, **variables: Any) -> Any:
    """The data of an answer that must have no errors."""
    question = {"query": query, "variables": variables}
    headers = {"authorization": f"Bearer {KEY}"}
    answer = httpx2.post(f"{server.url}/graphql", json=question, headers=headers, timeout=20).json()
    assert "errors" not in answer, answer
    return answer["data"]
