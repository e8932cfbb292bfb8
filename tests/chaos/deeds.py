"""What back ends report and ask for, each under a key of its own, and what it must come to in credits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from models.rules.amounts import MICRO

CALL_CREDITS, MESSAGE_CREDITS = 2 * MICRO, MICRO // 10
"""A call of 61 s is billed as two minutes of 1 credit."""

MOST_EVENTS = 20
LONG_BATCHES = 0.4
"""Those that are written by a process of their own, where servers have one."""

RATES = """[{activity: CALL, unit: MINUTE, credits: "1"}, {activity: MESSAGE, unit: MESSAGE, credits: "0.1"}]"""
MAKE_PLAN = f"""mutation {{ createPlan(input: {{name: "Base", monthlyCredits: "1000000", firstSeconds: 60,
    nextSeconds: 60, rates: {RATES}}}) {{ plan {{ id }} errors {{ message }} }} }}"""
MAKE_TENANT = """mutation($plan: ID!) { createTenant(input: {name: "Acme", planId: $plan}) {
    tenant { id } errors { message } } }"""
MAKE_AGENT = """mutation($tenant: ID!) { createAgent(input: {tenantId: $tenant, name: "Ada", channel: VOICE}) {
    agent { id } errors { message } } }"""
MAKE_KEY = """mutation($tenant: ID!, $role: Role!) { createApiKey(input: {tenantId: $tenant, name: "A", role: $role}) {
    secret errors { message } } }"""

RECORD_CALL = "mutation($input: CallInput!) { done: recordCall(input: $input) { call { id } errors { code message } } }"
RECORD_USAGE = """mutation($tenant: ID!, $events: [UsageEventInput!]!) { done: recordUsage(
    tenantId: $tenant, events: $events) { accepted duplicates refused { message } errors { code message } } }"""
TOP_UP = "mutation($input: TopUpInput!) { done: topUp(input: $input) { topUp { id credits } errors { code message } } }"
SETTLE = """mutation($input: SettleTopUpInput!) { done: settleTopUp(input: $input) {
    topUp { id status } errors { code message } } }"""
AUTHORIZE = """mutation($input: AuthorizeCallInput!) { done: authorizeCall(input: $input) {
    hold { id } errors { code message } } }"""
RELEASE = "mutation($id: ID!) { done: releaseHold(id: $id) { hold { id status } errors { code message } } }"
REFUND = """mutation($input: RefundInput!) { done: refundUsage(input: $input) {
    entry { id seq credits } errors { code message } } }"""


@dataclass(frozen=True)
class Tenant:
    """Whose books are kept, and the keys of those who may."""

    id: str
    agent: str
    operator: str
    admin: str
    recorder: str


@dataclass(frozen=True)
class Deed:
    """One mutation, which may be sent as often as one likes: it happens once."""

    query: str
    variables: Mapping[str, Any]
    secret: str
    takes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """The keys that it takes, each with its kind, and what each of them charges or gives."""

    @property
    def is_bulk(self) -> bool:
        return self.query is RECORD_USAGE


class Author:
    """Thinks up deeds of one client, the same ones for the same seed."""

    def __init__(self, tenant: Tenant, name: str, rng: Random) -> None:
        self.tenant, self._name, self.rng = tenant, name, rng
        self._made = 0

    def _key(self) -> str:
        self._made += 1
        return f"{self._name}-{self._made}"

    def call(self, hold: str | None = None) -> Deed:
        call = self._a_call()
        variables = {"input": {**call, "holdId": hold}}
        return Deed(RECORD_CALL, variables, self.tenant.recorder, {("CALL", call["key"]): CALL_CREDITS})

    def batch(self) -> Deed:
        events: list[dict[str, Any]] = []
        takes = {}
        remarks = "Long." * 200 if self.rng.random() < LONG_BATCHES else None
        for _ in range(MOST_EVENTS * 2 if remarks else self.rng.randint(1, MOST_EVENTS)):
            if self.rng.random() < 0.5:
                event, credits = {"call": {**self._a_call(), "remarks": remarks}}, CALL_CREDITS
            else:
                event, credits = {"message": self._a_message()}, MESSAGE_CREDITS
            ((kind, report),) = event.items()
            takes[(kind.upper(), report["key"])] = credits
            events.append(event)
        return Deed(RECORD_USAGE, {"tenant": self.tenant.id, "events": events}, self.tenant.recorder, takes)

    def top_up(self, *, settled: bool) -> Deed:
        key, credits = self._key(), self.rng.randint(1, 50)
        input = {"tenantId": self.tenant.id, "key": key, "credits": str(credits), "settled": settled}
        return Deed(TOP_UP, {"input": input}, self.tenant.operator, {("TOP_UP", key): credits * MICRO})

    def settle(self, top_up: str) -> Deed:
        return Deed(SETTLE, {"input": {"id": top_up, "outcome": "SETTLED"}}, self.tenant.operator)

    def authorize(self) -> Deed:
        key = self._key()
        input = {"agentId": self.tenant.agent, "key": key, "direction": "INBOUND", "expectedSeconds": 61}
        return Deed(AUTHORIZE, {"input": input}, self.tenant.recorder, {("HOLD", key): CALL_CREDITS})

    def release(self, hold: str) -> Deed:
        return Deed(RELEASE, {"id": hold}, self.tenant.recorder)

    def refund(self, call: str) -> Deed:
        key, whole = self._key(), self.rng.random() < 0.5
        given = {} if whole else {"credits": "0.5"}
        input = {"subjectId": call, "key": key, "remarks": "Sorry.", **given}
        credits = CALL_CREDITS if whole else MICRO // 2
        return Deed(REFUND, {"input": input}, self.tenant.operator, {("REFUND", key): credits})

    def _a_call(self) -> dict[str, Any]:
        start = datetime.now(UTC) - timedelta(seconds=90)
        return {
            "agentId": self.tenant.agent,
            "key": self._key(),
            "direction": "INBOUND",
            "startedAt": start.isoformat(),
            "endedAt": (start + timedelta(seconds=61)).isoformat(),
        }

    def _a_message(self) -> dict[str, Any]:
        return {"agentId": self.tenant.agent, "key": self._key(), "sentAt": datetime.now(UTC).isoformat()}
