"""Whatever is reported is taken once or refused with a reason; a half is never written."""

import json
from datetime import timedelta
from typing import Any

import pytest

from models.rules.words import Role
from tests.api.running import Api, uuid_of
from tests.books import NOON

pytestmark = pytest.mark.anyio

UNKNOWN = "01jd0000000000000000000000"
REFUSED = "refused { index key code message path }"
RECORD_USAGE = f"""
    mutation ($id: ID!, $events: [UsageEventInput!]!) {{
        payload: recordUsage(tenantId: $id, events: $events) {{
            accepted duplicates {REFUSED} account {{ available }} errors {{ code path }} }} }}"""
WITHOUT_ACCOUNT = RECORD_USAGE.replace("account { available }", "")


def at(minutes: float = 0) -> str:
    return (NOON + timedelta(minutes=minutes)).isoformat()


def call(agent: str, **input: Any) -> dict[str, Any]:
    return {
        "agentId": agent,
        "key": "call-1",
        "direction": "INBOUND",
        "startedAt": at(-2),
        "endedAt": at(),
        **input,
    }


async def available(api: Api, tenant: str) -> str:
    found = await api.ask("query ($id: ID!) { tenant(id: $id) { credits { available } } }", id=tenant)
    text: str = found["tenant"]["credits"]["available"]
    return text


def refusals(payload: Any) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["path"]) for error in payload["errors"]]


@pytest.fixture
async def tenant(api: Api) -> str:
    return await api.a_tenant({"monthlyCredits": "100"})


@pytest.fixture
async def agent(api: Api, tenant: str) -> str:
    return await api.an_agent(tenant)


@pytest.fixture
async def interaction(api: Api, tenant: str) -> str:
    return await api.id_of("createInteraction", "interaction", tenantId=tenant, externalId="visit-1")


# ---------------------------------------------------------------- calls and messages


async def test_a_recorded_call_is_answered_as_it_was_stored(api: Api, tenant: str, agent: str) -> None:
    member = await api.a_member(tenant)
    fields = """call { id externalId agent { id } direction startedAt connectedAt endedAt durationSeconds billedSeconds
        translationSeconds creditsUsed remarks }"""
    payload = await api.change(
        "recordCall",
        call(agent, direction="OUTBOUND", connectedAt=at(-1), memberId=member, remarks="Busy line"),
        fields,
    )

    assert payload["errors"] == []
    id = payload["call"].pop("id")
    assert payload["call"] == {
        "externalId": "call-1",
        "agent": {"id": agent},
        "direction": "OUTBOUND",
        "startedAt": "2026-03-10T11:58:00Z",
        "connectedAt": "2026-03-10T11:59:00Z",
        "endedAt": "2026-03-10T12:00:00Z",
        "durationSeconds": 120,
        "billedSeconds": 60,
        "translationSeconds": 0,
        "creditsUsed": "1",
        "remarks": "Busy line",
    }
    own = fields.removeprefix("call { id").removesuffix("}")
    document = f"query ($id: ID!) {{ node(id: $id) {{ ... on Call {{ {own} }} }} }}"
    assert (await api.ask(document, id=id))["node"] == payload["call"]


async def test_the_same_key_charges_once_and_other_content_is_a_conflict(api: Api, tenant: str, agent: str) -> None:
    first = await api.change("recordCall", call(agent), "call { id creditsUsed }")
    again = await api.change("recordCall", call(agent), "call { id creditsUsed }")
    other = await api.change("recordCall", call(agent, endedAt=at(-1)), "call { id }")

    assert first["call"] == again["call"]
    assert other["call"] is None
    assert refusals(other) == [("CONFLICT", ["input", "key"])]
    assert await available(api, tenant) == "98"


async def test_one_instant_in_two_zones_is_the_same_content(api: Api, tenant: str, agent: str) -> None:
    first = await api.change("recordCall", call(agent, startedAt="2026-03-10T11:58:00Z"), "call { id }")
    again = await api.change("recordCall", call(agent, startedAt="2026-03-10T12:58:00+01:00"), "call { id }")

    assert first == again


async def test_a_message_counts_by_the_agents_model_where_it_names_none(api: Api, tenant: str) -> None:
    agent = await api.an_agent(tenant, channel="CHAT", model="large")
    fields = "message { model isPlayground inputTokens outputTokens creditsUsed agent { id } member { id } }"
    wish = {"agentId": agent, "key": "m-1", "sentAt": at(), "inputTokens": 400, "outputTokens": 100}
    payload = await api.change("recordMessage", wish, fields)
    untold = await api.change("recordMessage", {"agentId": agent, "key": "m-2", "sentAt": at()}, fields)

    assert payload["message"] == {
        "model": "large",
        "isPlayground": False,
        "inputTokens": 400,
        "outputTokens": 100,
        "creditsUsed": "1",
        "agent": {"id": agent},
        "member": None,
    }
    assert refusals(untold) == [("INVALID", ["input", "inputTokens"])]


CALLS_THAT_CANNOT_BE: list[tuple[dict[str, Any], str, str]] = [
    ({"endedAt": at(-3)}, "INVALID", "endedAt"),
    ({"connectedAt": at(-3)}, "INVALID", "connectedAt"),
    ({"startedAt": "1960-01-01T00:00:00Z", "endedAt": "1960-01-01T00:01:00Z"}, "INVALID", "startedAt"),
    ({"startedAt": at(6), "endedAt": at(7)}, "INVALID", "startedAt"),
    ({"startedAt": "0001-01-01T00:00:00Z"}, "INVALID", "startedAt"),
    ({"endedAt": "9999-12-31T23:59:59Z"}, "INVALID", "endedAt"),
    ({"translationSeconds": -1}, "INVALID", "translationSeconds"),
    ({"translationSeconds": 121}, "INVALID", "translationSeconds"),
    ({"key": ""}, "INVALID", "key"),
    ({"key": "   "}, "INVALID", "key"),
    ({"key": "a\u0000"}, "INVALID", "key"),
    ({"key": "a\u009f"}, "INVALID", "key"),
    ({"key": "x" * 1_000_000}, "INVALID", "key"),
    ({"remarks": "x" * 1_000_000}, "INVALID", "remarks"),
    ({"remarks": "\u0007"}, "INVALID", "remarks"),
    ({"agentId": f"agent_{UNKNOWN}"}, "NOT_FOUND", "agentId"),
    ({"agentId": f"member_{UNKNOWN}"}, "NOT_FOUND", "agentId"),
    ({"agentId": "agent_8zzzzzzzzzzzzzzzzzzzzzzzzz"}, "INVALID", "agentId"),
    ({"agentId": ""}, "INVALID", "agentId"),
    ({"agentId": "x" * 1_000_000}, "INVALID", "agentId"),
    ({"memberId": f"member_{UNKNOWN}"}, "NOT_FOUND", "memberId"),
    ({"memberId": "\u0000"}, "INVALID", "memberId"),
    ({"holdId": f"hold_{UNKNOWN}"}, "NOT_FOUND", "holdId"),
]
CALLS_OF_ANOTHER_TYPE: list[dict[str, Any]] = [
    {"translationSeconds": 2**31},
    {"translationSeconds": 2**63},
    {"translationSeconds": 1.5},
    {"startedAt": "2026-03-10T12:00:00"},
    {"startedAt": "yesterday"},
    {"startedAt": 1_773_144_000},
    {"direction": "SIDEWAYS"},
    {"direction": None},
    {"agentId": None},
    {"unknown": 1},
]


async def test_a_call_that_cannot_be_is_refused_by_the_field_that_is_to_blame(
    api: Api, tenant: str, agent: str
) -> None:
    for viewer in (api, api.seen_by(Role.RECORDER, tenant)):
        for input, code, path in CALLS_THAT_CANNOT_BE:
            payload = await viewer.change("recordCall", call(agent, **input), "call { id }")
            assert payload["call"] is None
            assert refusals(payload) == [(code, ["input", path])]
            assert len(payload["errors"][0]["message"]) < 200
    assert await available(api, tenant) == "100"


async def test_a_call_that_does_not_fit_its_type_is_an_error_of_the_request(api: Api, agent: str) -> None:
    document = "mutation ($input: CallInput!) { recordCall(input: $input) { errors { code } } }"
    for input in CALLS_OF_ANOTHER_TYPE:
        answer = await api.run(document, input=call(agent, **input))
        assert answer.data is None
        assert answer.codes == ["INVALID"]


async def test_what_is_another_tenants_is_not_found(api: Api, tenant: str, agent: str, interaction: str) -> None:
    other = await api.a_tenant()
    member, opening = await api.a_member(tenant), await api.an_opening(tenant)
    recorder = api.seen_by(Role.RECORDER, other)
    own_agent = await api.an_agent(other)

    made = {"key": "k", "createdAt": at()}
    refused = {
        "agentId": await recorder.change("recordCall", call(agent)),
        "memberId": await recorder.change("recordCall", call(own_agent, memberId=member)),
        "openingId": await recorder.change(
            "recordInterview",
            {"openingId": opening, "key": "i", "candidate": "Bo", "status": "COMPLETED", "at": at()},
        ),
        "interactionId": await recorder.change("addDocument", {"interactionId": interaction, **made}),
        "tenantId": await recorder.change("createInteraction", {"tenantId": tenant, "externalId": "x"}),
        "assignedMemberId": await recorder.change(
            "createInteraction", {"tenantId": other, "externalId": "x", "assignedMemberId": member}
        ),
    }
    invited = await recorder.change("inviteCandidates", {"openingId": opening, "candidates": ["Bo"]})
    # An operator names things of any tenant, but not of two in one call.
    mixed = await api.change("recordCall", call(own_agent, memberId=member))

    for field, payload in refused.items():
        assert refusals(payload) == [("NOT_FOUND", ["input", field])]
    assert refusals(invited) == [("NOT_FOUND", ["input", "openingId"])]
    assert refusals(mixed) == [("NOT_FOUND", ["input", "memberId"])]


async def test_a_model_without_a_rate_is_refused_with_its_own_code(api: Api) -> None:
    tenant = await api.a_tenant({"rates": []})
    agent = await api.an_agent(tenant)
    payload = await api.change("recordMessage", {"agentId": agent, "key": "m", "sentAt": at(), "model": "new"})

    assert refusals(payload) == [("NO_RATE", ["input", "model"])]


# ---------------------------------------------------------------- interviews


async def test_an_interview_is_charged_by_the_furthest_state_it_reached(api: Api, tenant: str) -> None:
    opening = await api.an_opening(tenant)

    async def report(key: str, status: str, minutes: int, **input: Any) -> Any:
        wish = {"openingId": opening, "key": key, "candidate": "Bo", "status": status, "at": at(minutes), **input}
        fields = "interview { id candidate status progress invitedAt endedAt creditsUsed isSimulation opening { id } }"
        payload = await api.change("recordInterview", wish, fields)
        assert payload["errors"] == []
        return payload["interview"]

    partial = await report("i-1", "PARTIAL", -5, progress=0.3)
    done = await report("i-2", "COMPLETED", -1)
    late = await report("i-3", "STARTED", -9)

    assert (partial["status"], partial["progress"], partial["creditsUsed"]) == ("PARTIAL", 0.3, "0.3")
    assert late == {
        "id": partial["id"],
        "candidate": "Bo",
        "status": "COMPLETED",
        "progress": 1,
        "invitedAt": "2026-03-10T11:51:00Z",
        "endedAt": "2026-03-10T11:59:00Z",
        "creditsUsed": "1",
        "isSimulation": False,
        "opening": {"id": opening},
    }
    assert done["creditsUsed"] == "1"
    assert await available(api, tenant) == "99"


INTERVIEWS_THAT_CANNOT_BE: list[tuple[dict[str, Any], str]] = [
    ({"status": "PARTIAL"}, "progress"),
    ({"status": "PARTIAL", "progress": 0}, "progress"),
    ({"status": "PARTIAL", "progress": 1}, "progress"),
    ({"status": "PARTIAL", "progress": -0.5}, "progress"),
    ({"status": "PARTIAL", "progress": 1e300}, "progress"),
    ({"status": "COMPLETED", "progress": 0.5}, "progress"),
    ({"candidate": ""}, "candidate"),
    ({"candidate": "x" * 1_000_000}, "candidate"),
    ({"candidate": "Bo\u0000"}, "candidate"),
    ({"at": at(10)}, "at"),
    ({"openingId": "nonsense"}, "openingId"),
    ({"agentId": "nonsense"}, "agentId"),
]


async def test_an_interview_that_cannot_be_is_refused(api: Api, tenant: str) -> None:
    opening = await api.an_opening(tenant)
    for input, path in INTERVIEWS_THAT_CANNOT_BE:
        wish = {"openingId": opening, "key": "i", "candidate": "Bo", "status": "STARTED", "at": at(), **input}
        assert refusals(await api.change("recordInterview", wish)) == [("INVALID", ["input", path])]


async def test_a_progress_that_is_no_number_is_an_error_of_the_request(api: Api, tenant: str) -> None:
    opening = await api.an_opening(tenant)
    document = "mutation ($input: InterviewInput!) { recordInterview(input: $input) { errors { code } } }"
    wish = {"openingId": opening, "key": "i", "candidate": "Bo", "status": "PARTIAL", "at": at()}
    for progress in (float("nan"), float("inf"), "half"):
        assert (await api.run(document, input={**wish, "progress": progress})).codes == ["INVALID"]


async def test_the_smallest_and_the_largest_progress_are_still_parts(api: Api, tenant: str) -> None:
    opening = await api.an_opening(tenant)
    seen = []
    for candidate, progress in (("Bo", 1e-9), ("Al", 0.9999999)):
        wish = {"openingId": opening, "key": candidate, "candidate": candidate, "status": "PARTIAL", "at": at()}
        payload = await api.change("recordInterview", {**wish, "progress": progress}, "interview { creditsUsed }")
        seen.append(payload["interview"]["creditsUsed"])

    assert seen == ["0.000001", "0.999999"]


async def test_candidates_are_invited_once_for_an_opening(api: Api, tenant: str) -> None:
    opening = await api.an_opening(tenant)
    fields = "interviews { id candidate status invitedAt isSimulation }"
    first = await api.change("inviteCandidates", {"openingId": opening, "candidates": ["Bo", "Al", "Bo"]}, fields)
    api.books.clock.now += timedelta(hours=1)
    again = await api.change("inviteCandidates", {"openingId": opening, "candidates": ["Al", "Cy"]}, fields)
    simulated = {"openingId": opening, "candidates": ["Bo"], "isSimulation": True}
    apart = await api.change("inviteCandidates", simulated, fields)

    bo, al, bo_again = first["interviews"]
    assert (bo["candidate"], bo["status"], bo["invitedAt"]) == ("Bo", "INVITED", "2026-03-10T12:00:00Z")
    assert bo_again == bo
    assert again["interviews"][0] == al
    assert again["interviews"][1]["invitedAt"] == "2026-03-10T13:00:00Z"
    assert apart["interviews"][0]["id"] != bo["id"]
    found = await api.ask(
        "query ($id: ID!) { node(id: $id) { ... on Opening { interviewsInvited interviewsCompleted creditsUsed } } }",
        id=opening,
    )
    assert found["node"] == {"interviewsInvited": 3, "interviewsCompleted": 0, "creditsUsed": "0"}


async def test_candidates_are_all_invited_or_none(api: Api, tenant: str) -> None:
    opening = await api.an_opening(tenant)
    wish = {"openingId": opening, "candidates": ["Bo", "A\u0000l"]}
    refused = await api.change("inviteCandidates", wish, "interviews { id }")
    nobody = await api.change("inviteCandidates", {"openingId": opening, "candidates": []})
    unknown = await api.change("inviteCandidates", {"openingId": f"opening_{UNKNOWN}", "candidates": ["Bo"]})
    ahead = await api.change("inviteCandidates", {"openingId": opening, "candidates": ["Bo"], "invitedAt": at(60)})

    assert refused["interviews"] is None
    assert refusals(refused) == [("INVALID", ["input", "candidates", "1"])]
    assert refusals(nobody) == [("INVALID", ["input", "candidates"])]
    assert refusals(unknown) == [("NOT_FOUND", ["input", "openingId"])]
    assert refusals(ahead) == [("INVALID", ["input", "invitedAt"])]
    assert await api.books.rows("interview", tenant_id=uuid_of(tenant)) == []


# ---------------------------------------------------------------- interactions


async def test_an_interaction_is_made_once_for_its_external_id(api: Api, tenant: str, agent: str) -> None:
    member = await api.a_member(tenant)
    wish = {"tenantId": tenant, "externalId": "visit", "agentId": agent, "assignedMemberId": member}
    fields = "interaction { id externalId createdAt creditsConsumed agent { id } assignedMember { id } }"
    first = await api.change("createInteraction", wish, fields)
    api.books.clock.now += timedelta(hours=1)
    again = await api.change("createInteraction", wish, fields)
    other = await api.change("createInteraction", {**wish, "agentId": None}, fields)

    assert first["errors"] == []
    assert first["interaction"]["createdAt"] == "2026-03-10T12:00:00Z"
    assert (first["interaction"]["agent"], first["interaction"]["assignedMember"]) == ({"id": agent}, {"id": member})
    assert again == first
    assert refusals(other) == [("CONFLICT", ["input", "externalId"])]
    (day,) = await api.books.rows("usage_day", tenant_id=uuid_of(tenant))
    assert (day.interactions, day.agent_id, day.member_id) == (1, uuid_of(agent), uuid_of(member))


INTERACTIONS_THAT_CANNOT_BE: list[tuple[dict[str, Any], str, str]] = [
    ({"externalId": ""}, "INVALID", "externalId"),
    ({"externalId": "x" * 1_000_000}, "INVALID", "externalId"),
    ({"externalId": "a\u0000"}, "INVALID", "externalId"),
    ({"createdAt": at(6)}, "INVALID", "createdAt"),
    ({"agentId": "nonsense"}, "INVALID", "agentId"),
    ({"agentId": f"agent_{UNKNOWN}"}, "NOT_FOUND", "agentId"),
    ({"assignedMemberId": f"agent_{UNKNOWN}"}, "NOT_FOUND", "assignedMemberId"),
    ({"tenantId": f"tenant_{UNKNOWN}"}, "NOT_FOUND", "tenantId"),
]


async def test_an_interaction_that_cannot_be_is_refused(api: Api, tenant: str) -> None:
    for input, code, path in INTERACTIONS_THAT_CANNOT_BE:
        payload = await api.change("createInteraction", {"tenantId": tenant, "externalId": "visit", **input})
        assert refusals(payload) == [(code, ["input", path])]


async def test_what_is_made_from_an_interaction_is_charged_as_told_or_by_the_plan(
    api: Api, tenant: str, interaction: str
) -> None:
    made = {"interactionId": interaction, "createdAt": at()}
    transcript = await api.change(
        "addTranscript", {**made, "key": "t", "audioSeconds": 90}, "transcript { audioSeconds creditsConsumed }"
    )
    document = await api.change(
        "addDocument",
        {**made, "key": "d", "name": "Letter", "creditsConsumed": "0.123456"},
        "document { name creditsConsumed }",
    )
    facts = await api.change(
        "addFacts",
        {"facts": [{**made, "key": "f-1", "text": "Smokes"}, {**made, "key": "f-2", "creditsConsumed": 0}]},
        "facts { id text creditsConsumed }",
    )

    assert transcript["transcript"] == {"audioSeconds": 90, "creditsConsumed": "0.3"}
    assert document["document"] == {"name": "Letter", "creditsConsumed": "0.123456"}
    assert [(fact["text"], fact["creditsConsumed"]) for fact in facts["facts"]] == [("Smokes", "0.05"), (None, "0")]
    found = await api.ask(
        """query ($id: ID!) { node(id: $id) { ... on Interaction { creditsConsumed
            transcripts { totalCount } facts { nodes { id } } documents { totalCount } } } }""",
        id=interaction,
    )
    assert found["node"]["creditsConsumed"] == "0.473456"
    assert {node["id"] for node in found["node"]["facts"]["nodes"]} == {fact["id"] for fact in facts["facts"]}


async def test_facts_are_all_added_or_none(api: Api, tenant: str, interaction: str) -> None:
    fact = {"interactionId": interaction, "createdAt": at(), "key": "f-1"}
    wish = {"facts": [fact, {**fact, "key": "f-2", "createdAt": at(9)}, {**fact, "key": ""}]}
    refused = await api.change("addFacts", wish, "facts { id }")
    unread = await api.change("addFacts", {"facts": [fact, {**fact, "interactionId": "?"}]}, "facts { id }")
    none = await api.change("addFacts", {"facts": []}, "facts { id }")

    assert refused["facts"] is None
    assert refusals(refused) == [
        ("INVALID", ["input", "facts", "1", "createdAt"]),
        ("INVALID", ["input", "facts", "2", "key"]),
    ]
    assert refusals(unread) == [("INVALID", ["input", "facts", "1", "interactionId"])]
    assert none == {"facts": [], "errors": []}
    assert await api.books.rows("fact", tenant_id=uuid_of(tenant)) == []
    again = await api.change("addFacts", {"facts": [fact, fact]}, "facts { id }")
    assert len({one["id"] for one in again["facts"]}) == 1
    assert await available(api, tenant) == "99.95"


async def test_facts_of_two_tenants_are_not_added_together(api: Api, interaction: str) -> None:
    other = await api.id_of("createInteraction", "interaction", tenantId=await api.a_tenant(), externalId="visit")
    facts = [{"interactionId": id, "createdAt": at(), "key": "f"} for id in (interaction, other)]

    assert refusals(await api.change("addFacts", {"facts": facts})) == [
        ("INVALID", ["input", "facts", "1", "interactionId"])
    ]


async def test_what_is_told_to_be_consumed_is_0_or_more_and_not_too_much(api: Api, interaction: str) -> None:
    document = "mutation ($input: DocumentInput!) { addDocument(input: $input) { errors { code path } } }"
    wish = {"interactionId": interaction, "createdAt": at(), "key": "d"}
    negative = await api.change("addDocument", {**wish, "creditsConsumed": "-1"})
    too_much = await api.run(document, input={**wish, "creditsConsumed": "1000000001"})

    assert refusals(negative) == [("INVALID", ["input", "creditsConsumed"])]
    assert too_much.codes == ["INVALID"]


# ---------------------------------------------------------------- many at once


async def test_events_are_each_taken_or_refused_on_their_own(
    api: Api, tenant: str, agent: str, interaction: str
) -> None:
    opening = await api.an_opening(tenant)
    events: list[dict[str, Any]] = [
        {"call": call(agent)},
        {"call": call(agent)},
        {"call": call(agent, key="late", endedAt=at(-3))},
        {"message": {"agentId": agent, "key": "m", "sentAt": at(), "model": "small"}},
        {"message": {"agentId": "nonsense", "key": "m-2", "sentAt": at()}},
        {"interview": {"openingId": opening, "key": "i", "candidate": "Bo", "status": "COMPLETED", "at": at()}},
        {"interview": {"openingId": opening, "key": "j", "candidate": "Bo", "status": "PARTIAL", "at": at(),
                       "progress": 2}},
        {"transcript": {"interactionId": interaction, "key": "t", "createdAt": at(), "audioSeconds": 60}},
        {"fact": {"interactionId": interaction, "key": "f", "createdAt": at()}},
        {"fact": {"interactionId": f"interaction_{UNKNOWN}", "key": "g", "createdAt": at()}},
        {"document": {"interactionId": interaction, "key": "d" * 300, "createdAt": at()}},
        {"call": call(agent, endedAt=at(-1))},
    ]  # fmt: skip
    payload = (await api.ask(RECORD_USAGE, id=tenant, events=events))["payload"]

    assert (payload["accepted"], payload["duplicates"], payload["errors"]) == (5, 1, [])
    assert [(one["index"], one["key"], one["code"], one["path"]) for one in payload["refused"]] == [
        (2, "late", "INVALID", ["events", "2", "call", "endedAt"]),
        (4, "m-2", "INVALID", ["events", "4", "message", "agentId"]),
        (6, "j", "INVALID", ["events", "6", "interview", "progress"]),
        (9, "g", "NOT_FOUND", ["events", "9", "fact", "interactionId"]),
        (10, "d" * 200, "INVALID", ["events", "10", "document", "key"]),
        (11, "call-1", "CONFLICT", ["events", "11", "call", "key"]),
    ]
    # 2 + 0.1 + 1 + 0.2 + 0.05
    assert payload["account"] == {"available": "96.65"}
    again = (await api.ask(RECORD_USAGE, id=tenant, events=events))["payload"]
    assert (again["accepted"], again["duplicates"], len(again["refused"])) == (0, 6, 6)
    assert again["account"] == payload["account"]


async def test_events_share_their_keys_with_the_single_mutations(api: Api, tenant: str, agent: str) -> None:
    await api.change("recordCall", call(agent))
    payload = (await api.ask(RECORD_USAGE, id=tenant, events=[{"call": call(agent)}]))["payload"]

    assert (payload["accepted"], payload["duplicates"]) == (0, 1)


async def test_a_refused_event_takes_no_key(api: Api, tenant: str, agent: str) -> None:
    wrong, right = call(agent, endedAt=at(-3)), call(agent)
    for event, accepted in ((wrong, 0), (right, 1)):
        payload = (await api.ask(RECORD_USAGE, id=tenant, events=[{"call": event}]))["payload"]
        assert payload["accepted"] == accepted


async def test_a_thousand_events_are_taken_and_no_more(api: Api, tenant: str, agent: str) -> None:
    events = [{"call": call(agent, key=f"call-{number}")} for number in range(1_001)]
    taken = (await api.ask(RECORD_USAGE, id=tenant, events=events[:1_000]))["payload"]
    refused = (await api.ask(RECORD_USAGE, id=tenant, events=events))["payload"]
    nothing = (await api.ask(RECORD_USAGE, id=tenant, events=[]))["payload"]

    assert (taken["accepted"], taken["account"]) == (1_000, {"available": "-1900"})
    assert (refused["accepted"], refused["account"]) == (0, None)
    assert refusals(refused) == [("INVALID", ["events"])]
    assert (nothing["accepted"], nothing["refused"]) == (0, [])


async def test_an_event_that_is_not_exactly_one_of_its_kinds_is_an_error_of_the_request(
    api: Api, tenant: str, agent: str
) -> None:
    wrong: list[Any] = [{}, {"call": None}, {"call": {}, "message": {}}, {"email": {}}, {"call": {"key": "k"}}, None]
    for event in wrong:
        answer = await api.run(RECORD_USAGE, id=tenant, events=[{"call": call(agent)}, event])
        assert answer.data is None
        assert set(answer.codes) == {"INVALID"}
    assert await available(api, tenant) == "100"


async def test_events_mean_the_same_as_variables_and_as_literals(
    api: Api, tenant: str, agent: str, interaction: str
) -> None:
    opening, member = await api.an_opening(tenant), await api.a_member(tenant)
    made = {"interactionId": interaction, "createdAt": "2026-03-10T12:00:00.123456+01:00"}
    events: list[dict[str, Any]] = [
        {"call": call(agent, memberId=member, direction="OUTBOUND", connectedAt=at(-1), translationSeconds=7)},
        {"call": call(agent, key="b", translationSeconds=None, memberId=None, remarks=None)},
        {"message": {"agentId": agent, "key": "m", "sentAt": at(), "inputTokens": 3, "isPlayground": True}},
        {"interview": {"openingId": opening, "key": "i", "candidate": "Bo", "status": "PARTIAL", "at": at(),
                       "progress": 0.5}},
        {"transcript": {**made, "key": "t", "audioSeconds": 60, "creditsConsumed": 0.1}},
        {"fact": {**made, "key": "f", "text": "Ünï\n", "creditsConsumed": "0.000001"}},
        {"document": {**made, "key": "d", "name": "Letter", "creditsConsumed": 3}},
    ]  # fmt: skip
    literals = ", ".join(as_literal(event) for event in events)
    by_literals = RECORD_USAGE.replace(", $events: [UsageEventInput!]!", "").replace("$events", f"[{literals}]")

    first = (await api.ask(RECORD_USAGE, id=tenant, events=events))["payload"]
    again = (await api.ask(by_literals, id=tenant))["payload"]

    assert (first["accepted"], first["refused"]) == (len(events), [])
    # A duplicate has the same key and the same content.
    assert (again["duplicates"], again["refused"]) == (len(events), [])


def as_literal(value: Any) -> str:
    """A value as it stands in a document."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {as_literal(part)}" for name, part in value.items()) + "}"
    if value in ("OUTBOUND", "INBOUND", "PARTIAL"):
        return str(value)
    return json.dumps(value)


async def test_an_error_in_one_of_many_events_names_its_place(api: Api, tenant: str, agent: str) -> None:
    events = [{"call": call(agent, key=f"call-{number}")} for number in range(20)]
    events[13]["call"]["startedAt"] = "yesterday"
    answer = await api.run(RECORD_USAGE, id=tenant, events=events)

    assert answer.data is None
    (error,) = answer.errors
    assert "'$events'" in error["message"]
    assert "[13].call.startedAt" in error["message"].replace('"', "").replace("'", "")
    assert await available(api, tenant) == "100"


async def test_events_of_a_tenant_that_is_not_there_are_refused_together(api: Api, tenant: str, agent: str) -> None:
    other = await api.a_tenant()
    events = [{"call": call(agent)}]
    unknown = (await api.ask(RECORD_USAGE, id=f"tenant_{UNKNOWN}", events=events))["payload"]
    nonsense = (await api.ask(RECORD_USAGE, id="nonsense", events=events))["payload"]
    foreign = (await api.seen_by(Role.RECORDER, other).ask(WITHOUT_ACCOUNT, id=tenant, events=events))["payload"]
    elsewhere = (await api.ask(RECORD_USAGE, id=other, events=events))["payload"]

    assert refusals(unknown) == refusals(foreign) == [("NOT_FOUND", ["tenantId"])]
    assert refusals(nonsense) == [("INVALID", ["tenantId"])]
    assert [(one["code"], one["path"]) for one in elsewhere["refused"]] == [
        ("NOT_FOUND", ["events", "0", "call", "agentId"])
    ]


# ---------------------------------------------------------------- who may


async def test_a_recorder_records_but_does_not_see_the_account(api: Api, tenant: str, agent: str) -> None:
    recorder = api.seen_by(Role.RECORDER, tenant)
    answer = await recorder.run(RECORD_USAGE, id=tenant, events=[{"call": call(agent)}])

    assert (answer.data["payload"]["accepted"], answer.data["payload"]["account"]) == (1, None)
    assert [(error["extensions"]["code"], error["path"]) for error in answer.errors] == [
        ("FORBIDDEN", ["payload", "account"])
    ]


async def test_members_record_nothing(api: Api, tenant: str, agent: str) -> None:
    member = api.seen_by(Role.MEMBER, tenant)
    document = "mutation ($input: CallInput!) { recordCall(input: $input) { errors { code } } }"

    assert (await member.run(document, input=call(agent))).codes == ["FORBIDDEN"]
    assert (await member.run(WITHOUT_ACCOUNT, id=tenant, events=[])).codes == ["FORBIDDEN"]


async def test_a_recorder_sees_the_amounts_of_what_it_records_and_of_nothing_else(
    api: Api, tenant: str, agent: str, interaction: str
) -> None:
    recorder = api.seen_by(Role.RECORDER, tenant)
    opening = await api.an_opening(tenant)
    made = {"interactionId": interaction, "createdAt": at()}
    interview = {"openingId": opening, "key": "i", "candidate": "Bo", "status": "COMPLETED", "at": at()}
    amounts = [
        (await recorder.change("recordCall", call(agent), "call { creditsUsed }"))["call"]["creditsUsed"],
        (await recorder.change("recordInterview", interview, "interview { creditsUsed }"))["interview"]["creditsUsed"],
        (await recorder.change("addDocument", {**made, "key": "d"}, "document { creditsConsumed }"))["document"][
            "creditsConsumed"
        ],
    ]
    payload = await recorder.change("recordCall", call(agent), "call { id }")
    read = "query ($id: ID!) { node(id: $id) { ... on Call { remarks creditsUsed } } }"
    of_opening = """mutation ($input: InterviewInput!) {
        recordInterview(input: $input) { interview { opening { creditsUsed } } } }"""

    assert amounts == ["2", "1", "3"]
    assert (await recorder.run(read, id=payload["call"]["id"])).codes == ["FORBIDDEN"]
    assert (await recorder.run(of_opening, input=interview)).codes == ["FORBIDDEN"]


async def test_two_mutations_of_one_operation_each_see_the_account_as_they_left_it(
    api: Api, tenant: str, agent: str
) -> None:
    document = """
        mutation ($id: ID!, $one: [UsageEventInput!]!, $two: [UsageEventInput!]!) {
            one: recordUsage(tenantId: $id, events: $one) { account { available seq } }
            two: recordUsage(tenantId: $id, events: $two) { account { available seq } }
        }"""
    seen = await api.ask(document, id=tenant, one=[{"call": call(agent)}], two=[{"call": call(agent, key="b")}])

    assert seen["one"]["account"] == {"available": "98", "seq": 2}
    assert seen["two"]["account"] == {"available": "96", "seq": 3}
