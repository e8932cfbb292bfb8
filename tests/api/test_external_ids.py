"""A back end finds things by its own ids of them, and has to remember none of ours."""

from typing import Any

import pytest

from models.rules.ids import type_id
from models.rules.reports import DocumentReport, FactReport, InterviewReport, MessageReport, TranscriptReport
from models.rules.words import InterviewStatus, Role
from resolvers.context import Context
from tests.api.running import Api, uuid_of
from tests.api.using import call_report, record
from tests.books import NOON

pytestmark = pytest.mark.anyio

KINDS = ("agent", "opening", "member", "interaction", "call", "message", "transcript", "fact", "document")
ALL = "query ($id: ID!, $name: String!) { tenant(id: $id) { %s } }" % " ".join(  # noqa: UP031
    f"{kind}(externalId: $name) {{ id externalId }}" for kind in KINDS
)
TENANT = "query ($name: String!) { tenantByExternalId(externalId: $name) { id } }"
INTERVIEW = """
    query ($id: ID!, $who: String!, $simulated: Boolean) {
      node(id: $id) { ... on Opening { interview(candidate: $who, isSimulation: $simulated) { id status } } }
    }
"""


async def one_of_each(api: Api, name: str) -> tuple[str, dict[str, str]]:
    """A tenant that has one thing of each kind with the same external id; their ids."""
    tenant = await api.a_tenant()
    agent = await api.an_agent(tenant, externalId=name)
    ids = {
        "agent": agent,
        "opening": await api.an_opening(tenant, externalId=name),
        "member": await api.a_member(tenant, externalId=name),
        "interaction": await api.id_of(
            "createInteraction", "interaction", tenantId=tenant, externalId=name, createdAt="2026-03-10T12:00:00Z"
        ),
    }
    interaction = uuid_of(ids["interaction"])
    reports = (
        call_report(api, agent, NOON)._replace(key=name),
        MessageReport(uuid_of(agent), name, NOON, "small"),
        TranscriptReport(interaction, name, NOON, 60),
        FactReport(interaction, name, NOON),
        DocumentReport(interaction, name, NOON),
    )
    found = await record(api, tenant, *reports)
    return tenant, ids | {kind: type_id(kind, one.id) for kind, one in zip(KINDS[4:], found, strict=True)}


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.RECORDER])
async def test_whatever_has_an_external_id_is_found_by_it_and_is_the_tenants_own(api: Api, role: Role) -> None:
    tenant, ids = await one_of_each(api, "Front desk/1")
    other, _ = await one_of_each(api, "Front desk/1")
    viewer = api if role is Role.OPERATOR else api.seen_by(role, tenant)

    found = (await viewer.ask(ALL, id=tenant, name="Front desk/1"))["tenant"]
    nobody = (await viewer.ask(ALL, id=tenant, name="front desk/1"))["tenant"]
    others = (await viewer.ask(ALL, id=other, name="Front desk/1"))["tenant"]

    assert found == {kind: {"id": id, "externalId": "Front desk/1"} for kind, id in ids.items()}
    assert nobody == dict.fromkeys(KINDS)
    if role is Role.OPERATOR:
        assert {kind: one["id"] for kind, one in others.items()}.items().isdisjoint(ids.items())
    else:
        assert others is None


async def test_a_tenant_is_found_by_its_external_id_by_those_who_may_know_of_it(api: Api) -> None:
    acme, _ = [await api.a_tenant(externalId=name) for name in ("acme", "other")]
    admin = api.seen_by(Role.ADMIN, acme)

    for viewer, name, id in ((api, "acme", acme), (admin, "acme", acme), (api, "nobody", None), (admin, "other", None)):
        found = (await viewer.ask(TENANT, name=name))["tenantByExternalId"]
        assert found == (id and {"id": id}), name


async def test_one_who_was_removed_is_found_with_their_past(api: Api) -> None:
    tenant = await api.a_tenant()
    member = await api.a_member(tenant, externalId="mia")
    await api.ask("mutation ($id: ID!) { removeMember(id: $id) { errors { code } } }", id=member)

    assert (await api.ask(ALL, id=tenant, name="mia"))["tenant"]["member"]["id"] == member


@pytest.mark.parametrize("name", ["", " ", "a\x00b", "a\nb", "x" * 201])
async def test_what_nothing_could_be_called_is_invalid(api: Api, name: str) -> None:
    tenant = await api.a_tenant()
    for document in (ALL, TENANT):
        answer = await api.run(document, id=tenant, name=name)
        assert set(answer.codes) == {"INVALID"}
        assert {tuple(error["extensions"]["path"]) for error in answer.errors} == {("externalId",)}


async def test_many_external_ids_are_looked_up_together(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant, _ = await one_of_each(api, "1")
    asked: list[Any] = []
    ask = Context.all

    async def counted(self: Context, statement: Any, *given: Any, **named: Any) -> Any:
        asked.append(statement)
        return await ask(self, statement, *given, **named)

    monkeypatch.setattr(Context, "all", counted)
    calls = " ".join(f'c{number}: call(externalId: "{number}") {{ id }}' for number in range(20))
    found = (await api.ask(f"query ($id: ID!) {{ tenant(id: $id) {{ {calls} }} }}", id=tenant))["tenant"]

    assert [alias for alias, call in found.items() if call] == ["c1"]
    assert len(asked) == 2  # One for the tenant, one for all calls.


async def test_an_interview_is_found_by_opening_and_candidate(api: Api) -> None:
    tenant = await api.a_tenant()
    baker, cook = await api.an_opening(tenant), await api.an_opening(tenant)
    held = InterviewReport(uuid_of(baker), "held", "Ann", InterviewStatus.COMPLETED, NOON)
    tried = InterviewReport(uuid_of(baker), "tried", "Ann", InterviewStatus.STARTED, NOON, is_simulation=True)
    await record(api, tenant, held, tried)
    member = api.seen_by(Role.MEMBER, tenant)

    async def status(opening: str, who: str, *, simulated: bool = False) -> str | None:
        found = (await member.ask(INTERVIEW, id=opening, who=who, simulated=simulated))["node"]["interview"]
        return str(found["status"]) if found else None

    assert await status(baker, "Ann") == "COMPLETED"
    assert await status(baker, "Ann", simulated=True) == "STARTED"
    assert await status(baker, "Bob") is None
    assert await status(cook, "Ann") is None
    assert (await member.run(INTERVIEW, id=baker, who="\x00")).codes == ["INVALID"]
