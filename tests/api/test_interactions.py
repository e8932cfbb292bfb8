"""Interactions with their transcripts, facts and documents, as clients read them."""

from typing import Any
from uuid import UUID

import pytest

from models.rules.ids import type_id
from models.rules.reports import DocumentReport, FactReport, TranscriptReport
from models.rules.words import Role
from tests.api.running import Api, uuid_of
from tests.books import NOON

INTERACTION = """
    query ($id: ID!) {
      node(id: $id) {
        ... on Interaction {
          externalId createdAt agent { name } assignedMember { name } creditsConsumed
          transcripts { totalCount nodes { createdAt audioSeconds creditsConsumed } }
          facts(first: 1) { totalCount nodes { text creditsConsumed } pageInfo { hasNextPage } }
          documents { totalCount nodes { name creditsConsumed } }
        }
      }
    }
"""
INTERACTIONS = """
    query ($id: ID!, $range: RangeInput, $filter: UsageFilter) {
      tenant(id: $id) { interactions(range: $range, filter: $filter) { nodes { externalId } } }
    }
"""


async def an_interaction(api: Api, tenant: str, agent: str | None = None) -> UUID:
    return await api.books.an_interaction(uuid_of(tenant), uuid_of(agent) if agent else None)


async def add(api: Api, tenant: str, interaction: UUID, *texts: str) -> None:
    """A transcript, a document, and a fact for each text."""
    await api.books.record(
        uuid_of(tenant),
        TranscriptReport(interaction, f"t-{interaction}", NOON, audio_seconds=90),
        DocumentReport(interaction, f"d-{interaction}", NOON, "Summary", credits_consumed=2_500_000),
        *(FactReport(interaction, f"f-{interaction}-{text}", NOON, text) for text in texts),
    )


async def test_an_interaction_shows_what_was_made_from_it(api: Api) -> None:
    tenant = await api.a_tenant()
    id = await an_interaction(api, tenant, await api.an_agent(tenant, channel="SCRIBE"))
    await add(api, tenant, id, "smokes", "coughs")

    assert (await api.ask(INTERACTION, id=type_id("interaction", id)))["node"] == {
        "externalId": "interaction-1",
        "createdAt": "2026-03-10T12:00:00Z",
        "agent": {"name": "Ada"},
        "assignedMember": None,
        "creditsConsumed": "2.9",
        "transcripts": {
            "totalCount": 1,
            "nodes": [{"createdAt": "2026-03-10T12:00:00Z", "audioSeconds": 90, "creditsConsumed": "0.3"}],
        },
        "facts": {
            "totalCount": 2,
            "nodes": [{"text": "coughs", "creditsConsumed": "0.05"}],
            "pageInfo": {"hasNextPage": True},
        },
        "documents": {"totalCount": 1, "nodes": [{"name": "Summary", "creditsConsumed": "2.5"}]},
    }


async def found(api: Api, tenant: str, **wish: Any) -> list[str]:
    page = (await api.ask(INTERACTIONS, id=tenant, **wish))["tenant"]["interactions"]
    return sorted(node["externalId"] for node in page["nodes"])


async def test_interactions_are_narrowed_by_what_they_are_and_hold(api: Api) -> None:
    tenant = await api.a_tenant()
    agent = await api.an_agent(tenant)
    full = await an_interaction(api, tenant, agent)
    await an_interaction(api, tenant)
    await add(api, tenant, full)

    both, first = ["interaction-1", "interaction-2"], ["interaction-1"]
    assert await found(api, tenant) == both
    assert await found(api, tenant, range={"preset": "TODAY"}) == both
    assert await found(api, tenant, range={"preset": "LAST_MONTH"}) == []
    for filter, names in [
        ({"agentIds": [agent]}, first),
        ({"activities": ["FACT"]}, []),
        ({"activities": ["FACT", "DOCUMENT"]}, first),
        ({"activities": ["CALL"]}, []),
        ({"direction": "INBOUND"}, []),
        ({"models": ["large"]}, []),
    ]:
        assert await found(api, tenant, filter=filter) == names, filter


async def test_how_many_hold_something_is_counted(api: Api) -> None:
    tenant = await api.a_tenant()
    await add(api, tenant, await an_interaction(api, tenant), "smokes", "coughs")
    await an_interaction(api, tenant)
    document = """query ($id: ID!) { tenant(id: $id) {
        interactions(filter: {activities: [FACT]}) { totalCount } } }"""
    assert (await api.ask(document, id=tenant))["tenant"]["interactions"]["totalCount"] == 1


@pytest.mark.parametrize("kind", ["transcript", "fact", "document"])
async def test_a_piece_is_found_by_its_id_but_its_amount_only_by_who_reads_the_books(api: Api, kind: str) -> None:
    tenant = await api.a_tenant()
    await add(api, tenant, await an_interaction(api, tenant), "smokes")
    (row,) = await api.books.rows(kind)
    id = type_id(kind, row.id)
    document = f"query ($id: ID!) {{ node(id: $id) {{ id ... on {kind.title()} {{ creditsConsumed }} }} }}"

    assert (await api.ask(document, id=id))["node"]["id"] == id
    member = await api.seen_by(Role.MEMBER, tenant).run(document, id=id)
    assert member.codes == ["FORBIDDEN"]
