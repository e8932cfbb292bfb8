"""Runs documents as the server does, and makes what tests need with the graph's own mutations."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from graphql import DocumentNode, ExecutionResult, GraphQLError, execute, parse, validate

from models.rules.ids import parse_type_id
from models.rules.viewers import Viewer
from models.rules.words import Role
from resolvers.context import Context
from resolvers.schema import schema
from server.errors import shown
from tests.books import TestBooks

OPERATOR = Viewer(Role.OPERATOR)

RATES = [
    {"activity": "CALL", "unit": "MINUTE", "credits": "1"},
    {"activity": "TRANSLATION", "unit": "MINUTE", "credits": "0.5"},
    {"activity": "MESSAGE", "unit": "MESSAGE", "credits": "0.1"},
    {"activity": "MESSAGE", "model": "large", "unit": "THOUSAND_TOKENS", "credits": "2"},
    {"activity": "INTERVIEW", "unit": "INTERVIEW", "credits": "1"},
    {"activity": "TRANSCRIPT", "unit": "MINUTE", "credits": "0.2"},
    {"activity": "FACT", "unit": "FACT", "credits": "0.05"},
    {"activity": "DOCUMENT", "unit": "DOCUMENT", "credits": "3"},
]


INPUTS = {
    "createPlan": "PlanInput",
    "setPlanRates": "PlanRatesInput",
    "recordCall": "CallInput",
    "refundUsage": "RefundInput",
    "recordMessage": "MessageInput",
    "recordInterview": "InterviewInput",
    "createInteraction": "InteractionInput",
    "addTranscript": "TranscriptInput",
    "addFacts": "FactsInput",
    "addDocument": "DocumentInput",
    "setAutoRecharge": "AutoRechargeInput",
    "setBudget": "BudgetInput",
    "exportUsage": "ExportInput",
}
"""The inputs that are not named as their mutations are."""


@lru_cache(maxsize=1_000)
def read(document: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """A document, and what is wrong with it. Tests ask the same again, and this costs more than the answer."""
    parsed = parse(document)
    return parsed, validate(schema._schema, parsed)


@dataclass
class Answer:
    """What came back: data, and errors as clients see them."""

    data: Any
    errors: list[dict[str, Any]]

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]


@dataclass
class Api:
    """The graph, asked by one viewer after another."""

    books: TestBooks
    viewer: Viewer = OPERATOR
    made: int = field(default=0)

    def seen_by(self, role: Role, tenant: str | None = None) -> "Api":
        """The same graph, asked by another key."""
        viewer = Viewer(role, uuid_of(tenant) if tenant else None, key_name=role.lower())
        return Api(self.books, viewer, self.made)

    async def run(self, document: str, **variables: Any) -> Answer:
        """Run a document as the server does."""
        parsed, errors = read(document)
        if errors:
            return Answer(None, shown(errors))
        context = Context(self.viewer, self.books.books, "pepper")
        result = execute(
            schema._schema,
            parsed,
            context_value=context,
            variable_values=variables,
            executor_class=schema.execution_context_class,
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        return Answer(result.data, shown(result.errors or []))

    async def ask(self, document: str, **variables: Any) -> Any:
        """The data of a document that must not fail."""
        answer = await self.run(document, **variables)
        assert answer.errors == []
        return answer.data

    async def change(self, mutation: str, input: dict[str, Any], answer: str = "__typename") -> Any:
        """The payload of a mutation with an input, its errors among it."""
        kind = INPUTS.get(mutation) or mutation[0].upper() + mutation[1:] + "Input"
        errors = "errors { __typename code message path ... on TooFewCredits { needed available nextCreditsOn } }"
        document = f"mutation ($input: {kind}!) {{ payload: {mutation}(input: $input) {{ {answer} {errors} }} }}"
        return (await self.ask(document, input=input))["payload"]

    async def id_of(self, mutation: str, thing: str, **input: Any) -> str:
        """Change something, which must not be refused, and answer its id."""
        payload = await self.change(mutation, input, f"{thing} {{ id }}")
        assert payload["errors"] == []
        id: str = payload[thing]["id"]
        return id

    async def a_plan(self, **input: Any) -> str:
        plan = {"name": "Base", "monthlyCredits": "0", "firstSeconds": 60, "nextSeconds": 60, "rates": RATES}
        return await self.id_of("createPlan", "plan", **{**plan, **input})

    async def a_tenant(self, plan: dict[str, Any] | None = None, **input: Any) -> str:
        """A tenant on a plan of its own."""
        plan_id = await self.a_plan(**(plan or {}))
        return await self.id_of("createTenant", "tenant", **{"name": "Acme", "planId": plan_id, **input})

    async def an_agent(self, tenant: str, **input: Any) -> str:
        wish = {"tenantId": tenant, "name": "Ada", "channel": "VOICE", **input}
        return await self.id_of("createAgent", "agent", **wish)

    async def an_opening(self, tenant: str, **input: Any) -> str:
        return await self.id_of("createOpening", "opening", **{"tenantId": tenant, "jobTitle": "Baker", **input})

    async def a_member(self, tenant: str, **input: Any) -> str:
        wish = {"tenantId": tenant, "name": "Mia", "email": "mia@acme.example", **input}
        return await self.id_of("addMember", "member", **wish)


def uuid_of(id: str) -> UUID:
    return parse_type_id(id)[1]
