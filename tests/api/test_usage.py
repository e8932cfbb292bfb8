"""What was used: sums, series, breakdowns and comparisons, in the days of the tenant."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.rules.amounts import parse_credits
from models.rules.reports import DocumentReport, FactReport, InterviewReport, MessageReport, TranscriptReport
from models.rules.words import CallDirection, InterviewStatus, Role, SubjectKind
from resolvers.context import Context
from tests.api.running import Api, uuid_of
from tests.api.using import COUNTS, TOTALS, call_report, record, refund

pytestmark = pytest.mark.anyio

RANGE = "range { start end firstDay lastDay timeZone }"
NOTHING = dict.fromkeys(COUNTS.split(), 0) | {"credits": "0"}


async def usage(api: Api, id: str, fields: str, arguments: str = "") -> Any:
    """The usage of whatever has an id."""
    types = ("Tenant", "Agent", "Opening", "Member")
    parts = " ".join(f"... on {type} {{ usage{arguments} {{ {fields} }} }}" for type in types)
    return (await api.ask(f"query ($id: ID!) {{ node(id: $id) {{ {parts} }} }}", id=id))["node"]["usage"]


def days(first: str, last: str, filter: str = "") -> str:
    return f'(range: {{days: {{from: "{first}", to: "{last}"}}}}, filter: {{{filter}}})'


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def call(api: Api, tenant: str, agent: str, start: str, seconds: int = 60, **more: Any) -> None:
    await record(api, tenant, call_report(api, agent, at(start), seconds, **more))


# ---------------------------------------------------------------- totals


async def test_everything_that_was_used_is_counted(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "1000"})
    agent, opening, member = await api.an_agent(tenant), await api.an_opening(tenant), await api.a_member(tenant)
    interaction = await api.books.an_interaction(uuid_of(tenant), uuid_of(agent))
    now, who = api.books.clock.now, uuid_of(agent)
    found = await record(
        api,
        tenant,
        call_report(api, agent, now, 61, member_id=uuid_of(member), translation_seconds=30),
        MessageReport(who, "message", now, "small"),
        MessageReport(who, "played", now, "small", is_playground=True),
        InterviewReport(uuid_of(opening), "a", "Ann", InterviewStatus.COMPLETED, now, who),
        InterviewReport(uuid_of(opening), "b", "Bob", InterviewStatus.PARTIAL, now, who, 500_000),
        InterviewReport(uuid_of(opening), "c", "Cy", InterviewStatus.INVITED, now, who),
        InterviewReport(uuid_of(opening), "d", "Dan", InterviewStatus.COMPLETED, now, who, is_simulation=True),
        TranscriptReport(interaction, "transcript", now, 60),
        FactReport(interaction, "fact", now),
        DocumentReport(interaction, "document", now),
    )
    await refund(api, tenant, SubjectKind.CALL, found[0].id, parse_credits("0.25"))

    seen = await usage(api, tenant, f"{RANGE} {TOTALS} isEmpty")

    assert seen == {
        "range": {
            "start": "2026-03-10T00:00:00Z",
            "end": "2026-03-11T00:00:00Z",
            "firstDay": "2026-03-10",
            "lastDay": "2026-03-10",
            "timeZone": "UTC",
        },
        "totals": {
            # 2 for the call, 0.5 for its translation, 0.1, 1 and 0.5 for interviews, 0.2, 0.05 and 3; 0.25 came back.
            "credits": "7.1",
            "calls": 1,
            "callSeconds": 61,
            "billedSeconds": 120,
            "messages": 1,
            "interviews": 2,
            "interviewsInvited": 3,
            "interviewsCompleted": 1,
            "interviewsPartial": 1,
            "interactions": 1,
            "transcripts": 1,
            "facts": 1,
            "documents": 1,
        },
        "isEmpty": False,
    }


async def test_a_range_without_usage_is_empty(api: Api) -> None:
    tenant = await api.a_tenant()
    fields = f"""
        isEmpty {TOTALS} series {{ day {TOTALS} }}
        breakdown(by: AGENT) {{ slices {{ key }} other {{ {COUNTS} }} otherCount }}
        comparison(against: PREVIOUS_RANGE) {{ {TOTALS} changeRatio creditsChange volumeEffect priceEffect }}
    """

    seen = await usage(api, tenant, fields, days("2026-03-09", "2026-03-10"))

    assert seen == {
        "isEmpty": True,
        "totals": NOTHING,
        "series": [{"day": "2026-03-09", "totals": NOTHING}, {"day": "2026-03-10", "totals": NOTHING}],
        "breakdown": {"slices": [], "other": NOTHING, "otherCount": 0},
        "comparison": {
            "totals": NOTHING,
            "changeRatio": None,
            "creditsChange": "0",
            "volumeEffect": "0",
            "priceEffect": "0",
        },
    }


@pytest.mark.parametrize(
    ("arguments", "first", "last"),
    [
        ("", "2026-02-28", "2026-03-10"),
        ("(range: {preset: TODAY})", "2026-03-10", "2026-03-10"),
        ("(range: {preset: PREVIOUS_PERIOD})", "2026-01-31", "2026-02-27"),
        ("(range: {preset: LAST_12_MONTHS})", "2025-04-01", "2026-03-10"),
        ("(range: {preset: ALL_TIME})", "2026-01-05", "2026-03-10"),
        (days("2027-01-01", "2027-01-02"), "2027-01-01", "2027-01-02"),
    ],
)
async def test_a_range_is_told_as_it_was_understood(api: Api, arguments: str, first: str, last: str) -> None:
    tenant = await api.a_tenant(timeZone="Asia/Kolkata", billingAnchor="2025-12-31T00:00:00Z")
    agent = await api.an_agent(tenant)
    await call(api, tenant, agent, "2026-01-04T20:00")

    for id in (tenant, agent):
        seen = (await usage(api, id, RANGE, arguments))["range"]
        assert (seen["firstDay"], seen["lastDay"], seen["timeZone"]) == (first, last, "Asia/Kolkata")
        assert seen["start"].endswith("T18:30:00Z")
        assert at(seen["start"][:-1]) == at(first) - timedelta(hours=5.5)


@pytest.mark.parametrize(
    ("fields", "arguments", "path"),
    [
        ("isEmpty", days("2026-03-02", "2026-03-01"), ["range", "days", "to"]),
        ("isEmpty", '(filter: {agentIds: ["nonsense"]})', ["filter", "agentIds", "0"]),
        ("breakdown(by: AGENT, first: 0) { otherCount }", "", ["first"]),
        ("breakdown(by: AGENT, first: 101) { otherCount }", "", ["first"]),
        ("series(every: HOUR) { day }", days("2026-03-01", "2026-04-01"), ["every"]),
        ("series { day }", days("2000-01-01", "2026-01-01"), ["every"]),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_field(
    api: Api, fields: str, arguments: str, path: list[str]
) -> None:
    tenant = await api.a_tenant()
    answer = await api.run(f"query ($id: ID!) {{ tenant(id: $id) {{ usage{arguments} {{ {fields} }} }} }}", id=tenant)
    assert [(error["extensions"]["code"], error["extensions"]["path"]) for error in answer.errors] == [
        ("INVALID", path)
    ]


async def test_the_ends_of_time_are_no_errors(api: Api) -> None:
    tenant = await api.a_tenant(timeZone="America/New_York")
    fields = f"{RANGE} series(every: YEAR) {{ start day }} comparison(against: PREVIOUS_RANGE) {{ {RANGE} }} isEmpty"
    for first, last in (("0001-01-01", "0002-12-31"), ("9998-05-05", "9999-12-31")):
        seen = await usage(api, tenant, fields, days(first, last))
        assert seen["isEmpty"] is True
        assert len(seen["series"]) == 2
    for day in ("0001-01-01", "9999-12-31"):
        seen = await usage(api, tenant, "series(every: HOUR) { start totals { credits } }", days(day, day))
        assert {point["totals"]["credits"] for point in seen["series"]} == {"0"}


# ---------------------------------------------------------------- series


async def test_days_of_23_and_25_hours_hold_what_happened_in_them(api: Api) -> None:
    tenant = await api.a_tenant(timeZone="Europe/Berlin", billingAnchor="2025-01-01T00:00:00Z")
    agent = await api.an_agent(tenant)
    for start in ("2025-10-25T21:59", "2025-10-25T22:00", "2025-10-26T22:59", "2025-10-26T23:00"):
        await call(api, tenant, agent, start)
    api.books.clock.now = at("2026-04-01T00:00")
    for start in ("2026-03-28T22:59", "2026-03-28T23:00", "2026-03-29T21:59", "2026-03-29T22:00"):
        await call(api, tenant, agent, start)

    fields = "series { start day totals { calls } }"
    long = (await usage(api, tenant, fields, days("2025-10-25", "2025-10-27")))["series"]
    short = (await usage(api, tenant, fields, days("2026-03-28", "2026-03-30")))["series"]

    assert [(point["start"], point["totals"]["calls"]) for point in long] == [
        ("2025-10-24T22:00:00Z", 1),
        ("2025-10-25T22:00:00Z", 2),
        ("2025-10-26T23:00:00Z", 1),
    ]
    assert [(point["start"], point["totals"]["calls"]) for point in short] == [
        ("2026-03-27T23:00:00Z", 1),
        ("2026-03-28T23:00:00Z", 2),
        ("2026-03-29T22:00:00Z", 1),
    ]
    for day, length in (("2025-10-26", 25), ("2026-03-29", 23)):
        hours = (await usage(api, tenant, "series(every: HOUR) { day totals { calls } }", days(day, day)))["series"]
        assert [point["totals"]["calls"] for point in hours] == [1] + [0] * (length - 2) + [1]
        assert {point["day"] for point in hours} == {day}


async def test_weeks_months_and_years_are_cut_by_the_range(api: Api) -> None:
    tenant = await api.a_tenant(billingAnchor="2025-01-01T00:00:00Z")
    agent = await api.an_agent(tenant)
    for start in ("2025-12-29T12:00", "2025-12-31T12:00", "2026-01-04T12:00", "2026-01-05T12:00", "2026-02-01T00:00"):
        await call(api, tenant, agent, start)

    async def points(every: str) -> list[tuple[str, str, int]]:
        fields = f"series(every: {every}) {{ start day totals {{ calls }} }}"
        seen = (await usage(api, tenant, fields, days("2025-12-31", "2026-02-01")))["series"]
        return [(point["start"][:10], point["day"], point["totals"]["calls"]) for point in seen]

    assert await points("WEEK") == [
        ("2025-12-31", "2025-12-29", 2),
        ("2026-01-05", "2026-01-05", 1),
        ("2026-01-12", "2026-01-12", 0),
        ("2026-01-19", "2026-01-19", 0),
        ("2026-01-26", "2026-01-26", 1),
    ]
    assert await points("MONTH") == [
        ("2025-12-31", "2025-12-01", 1),
        ("2026-01-01", "2026-01-01", 2),
        ("2026-02-01", "2026-02-01", 1),
    ]
    assert await points("YEAR") == [("2025-12-31", "2025-01-01", 1), ("2026-01-01", "2026-01-01", 3)]


async def test_hours_of_half_hour_zones_begin_at_half_hours(api: Api) -> None:
    tenant = await api.a_tenant(timeZone="Asia/Kolkata")
    agent = await api.an_agent(tenant)
    await call(api, tenant, agent, "2026-03-09T18:29")
    await call(api, tenant, agent, "2026-03-09T18:30")
    await call(api, tenant, agent, "2026-03-09T19:30")

    fields = "series(every: HOUR) { start totals { calls } }"
    seen = (await usage(api, tenant, fields, days("2026-03-10", "2026-03-10")))["series"]

    assert len(seen) == 24
    assert [(point["start"], point["totals"]["calls"]) for point in seen[:3]] == [
        ("2026-03-09T18:30:00Z", 1),
        ("2026-03-09T19:30:00Z", 1),
        ("2026-03-09T20:30:00Z", 0),
    ]


async def test_what_is_given_back_in_parts_counts_in_the_hour_of_each_part(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "10"})
    agent, now = await api.an_agent(tenant), api.books.clock.now
    (recorded,) = await record(api, tenant, call_report(api, agent, now, 60, translation_seconds=60))
    for credits in ("1.2", "0.3"):
        api.books.clock.now += timedelta(hours=1)
        await refund(api, tenant, SubjectKind.CALL, recorded.id, parse_credits(credits))

    async def hours(filter: str) -> list[str]:
        fields = "series(every: HOUR) { totals { credits } }"
        seen = (await usage(api, tenant, fields, days("2026-03-10", "2026-03-10", filter)))["series"]
        return [point["totals"]["credits"] for point in seen[12:15]]

    assert await hours("") == ["1.5", "-1.2", "-0.3"]
    assert await hours("activities: [CALL]") == ["1", "-1", "0"]
    assert await hours("activities: [TRANSLATION]") == ["0.5", "-0.2", "-0.3"]


# ---------------------------------------------------------------- breakdowns


SLICES = "slices { key label share node { __typename id } totals { credits calls } }"


async def test_usage_is_broken_down_by_what_it_is_of(api: Api) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "1000"})
    ada, bob = await api.an_agent(tenant), await api.an_agent(tenant, name="Bob")
    opening, member = await api.an_opening(tenant), await api.a_member(tenant)
    now = api.books.clock.now
    await record(
        api,
        tenant,
        call_report(api, ada, now, 60, member_id=uuid_of(member), translation_seconds=60),
        call_report(api, ada, now, 60, direction=CallDirection.OUTBOUND, connected_at=now),
        MessageReport(uuid_of(bob), "message", now, "large", input_tokens=2_000, output_tokens=500),
        InterviewReport(uuid_of(opening), "a", "Ann", InterviewStatus.COMPLETED, now, uuid_of(bob)),
    )

    async def parts(by: str, first: int = 10) -> list[tuple[str, str, str | None, str, float]]:
        fields = f"breakdown(by: {by}, first: {first}) {{ {SLICES} other {{ credits }} otherCount }}"
        found = (await usage(api, tenant, fields))["breakdown"]
        assert all(part["node"] is None or part["node"]["id"] == part["key"] for part in found["slices"])
        shown = [
            (p["key"], p["label"], p["node"] and p["node"]["__typename"], p["totals"]["credits"], p["share"])
            for p in found["slices"]
        ]
        return [*shown, ("other", "", None, found["other"]["credits"], found["otherCount"])]

    assert await parts("AGENT") == [
        (bob, "Bob", "Agent", "6", 6 / 8.5),
        (ada, "Ada", "Agent", "2.5", 2.5 / 8.5),
        ("other", "", None, "0", 0),
    ]
    assert await parts("AGENT", 1) == [(bob, "Bob", "Agent", "6", 6 / 8.5), ("other", "", None, "2.5", 1)]
    assert await parts("TENANT") == [(tenant, "Acme", "Tenant", "8.5", 1), ("other", "", None, "0", 0)]
    assert (await parts("OPENING"))[:2] == [
        ("", "", None, "7.5", 7.5 / 8.5),
        (opening, "Baker", "Opening", "1", 1 / 8.5),
    ]
    assert (await parts("MEMBER"))[:2] == [
        ("", "", None, "7", 7 / 8.5),
        (member, "Mia", "Member", "1.5", 1.5 / 8.5),
    ]
    assert [part[:4] for part in await parts("ACTIVITY", 3)] == [
        ("MESSAGE", "MESSAGE", None, "5"),
        ("CALL", "CALL", None, "2"),
        ("INTERVIEW", "INTERVIEW", None, "1"),
        ("other", "", None, "0.5"),
    ]
    assert [part[:4] for part in await parts("MODEL")][:2] == [("large", "large", None, "5"), ("", "", None, "3.5")]
    assert [part[:4] for part in await parts("DIRECTION")][:3] == [
        ("", "", None, "6"),
        ("INBOUND", "INBOUND", None, "1.5"),
        ("OUTBOUND", "OUTBOUND", None, "1"),
    ]


async def test_filters_narrow_and_their_lists_are_alternatives(api: Api) -> None:
    tenant, other = await api.a_tenant(), await api.a_tenant()
    ada, bob, cat = [await api.an_agent(tenant) for _ in range(3)]
    for agent, count in ((ada, 1), (bob, 2), (cat, 4)):
        for _ in range(count):
            await call(api, tenant, agent, "2026-03-10T01:00")
    await record(api, tenant, MessageReport(uuid_of(ada), "one", api.books.clock.now, "small"))

    async def credits(id: str, filter: str) -> str:
        return str((await usage(api, id, TOTALS, f"(filter: {{{filter}}})"))["totals"]["credits"])

    assert await credits(tenant, "") == "7.1"
    assert await credits(tenant, f'agentIds: ["{ada}", "{bob}"]') == "3.1"
    assert await credits(tenant, f'agentIds: ["{ada}", "{bob}"], activities: [CALL]') == "3"
    assert await credits(tenant, 'models: ["small", "large"]') == "0.1"
    assert await credits(tenant, "direction: INBOUND") == "7"
    assert await credits(tenant, "activities: []") == "0"
    assert await credits(ada, f'agentIds: ["{bob}"]') == "0"
    assert await credits(ada, "activities: [MESSAGE]") == "0.1"
    assert await credits(tenant, f'tenantIds: ["{tenant}", "{other}"]') == "7.1"
    assert await credits(tenant, f'tenantIds: ["{other}"]') == "0"


# ---------------------------------------------------------------- comparisons


async def test_a_comparison_says_whether_it_was_volume_or_price(api: Api) -> None:
    tenant = await api.a_tenant(billingAnchor="2026-01-01T00:00:00Z")
    agent = await api.an_agent(tenant)
    for start, seconds in (
        ("2026-02-01T10:00", 60),
        ("2026-02-28T10:00", 60),
        ("2026-03-01T10:00", 120),
        ("2026-03-02T10:00", 120),
        ("2026-03-03T10:00", 120),
    ):
        await call(api, tenant, agent, start, seconds)
    fields = f"""
        comparison(against: SAME_RANGE_LAST_MONTH) {{
          {RANGE} totals {{ credits calls }} changeRatio creditsChange volumeEffect priceEffect
        }}
    """

    seen = (await usage(api, tenant, fields, days("2026-03-01", "2026-03-31")))["comparison"]

    assert (seen["range"]["firstDay"], seen["range"]["lastDay"]) == ("2026-02-01", "2026-02-28")
    del seen["range"]
    assert seen == {
        "totals": {"credits": "2", "calls": 2},
        "changeRatio": 2.0,
        "creditsChange": "4",
        "volumeEffect": "1",
        "priceEffect": "3",
    }


CHANGE = "changeRatio creditsChange volumeEffect priceEffect"
COMPARED = f"slices {{ key totals {{ credits }} comparison(against: PREVIOUS_RANGE) {{ {TOTALS} {CHANGE} }} }}"


async def test_each_part_is_compared_with_what_it_was_before(api: Api) -> None:
    tenant = await api.a_tenant(billingAnchor="2026-01-01T00:00:00Z")
    ada, bob, cat = [await api.an_agent(tenant, name=name) for name in ("Ada", "Bob", "Cat")]
    for agent, start, minutes in (
        (ada, "2026-03-01T10:00", 1),
        (ada, "2026-03-02T10:00", 3),
        (cat, "2026-03-02T11:00", 9),
        (ada, "2026-03-03T10:00", 6),
        (bob, "2026-03-04T10:00", 5),
    ):
        await call(api, tenant, agent, start, minutes * 60)
    range = days("2026-03-03", "2026-03-04")

    seen = await usage(api, tenant, f"breakdown(by: AGENT) {{ {COMPARED} }}", range)

    then_ada, then_bob = [part["comparison"].pop("totals") for part in seen["breakdown"]["slices"]]
    assert (then_ada["credits"], then_ada["calls"]) == ("4", 2)
    assert then_bob == NOTHING
    assert seen["breakdown"]["slices"] == [
        {
            "key": ada,
            "totals": {"credits": "6"},
            # One call instead of two, at 2 credits each, is 2 less; that it was dearer makes up 4.
            "comparison": {"changeRatio": 0.5, "creditsChange": "2", "volumeEffect": "-2", "priceEffect": "4"},
        },
        {
            "key": bob,
            "totals": {"credits": "5"},
            "comparison": {"changeRatio": None, "creditsChange": "5", "volumeEffect": "5", "priceEffect": "0"},
        },
    ]
    own = (
        f"node {{ ... on Agent {{ usage{range} {{ comparison(against: PREVIOUS_RANGE) {{ {TOTALS} {CHANGE} }} }} }} }}"
    )
    seen = await usage(api, tenant, f"breakdown(by: AGENT) {{ {COMPARED} same: slices {{ {own} }} }}", range)
    told = [part["comparison"] for part in seen["breakdown"]["slices"]]
    assert told == [part["node"]["usage"]["comparison"] for part in seen["breakdown"]["same"]]


@pytest.mark.parametrize("by", ["TENANT", "AGENT", "OPENING", "MEMBER", "ACTIVITY", "MODEL", "DIRECTION"])
async def test_the_parts_of_then_add_up_to_what_was_used_then(api: Api, by: str) -> None:
    tenant = await api.a_tenant({"monthlyCredits": "1000"}, billingAnchor="2026-01-01T00:00:00Z")
    ada, member, opening = await api.an_agent(tenant), await api.a_member(tenant), await api.an_opening(tenant)
    for day in ("2026-03-03T10:00", "2026-03-04T10:00"):
        await record(
            api,
            tenant,
            call_report(api, ada, at(day), 60, member_id=uuid_of(member), translation_seconds=60),
            MessageReport(uuid_of(ada), f"message {day}", at(day), "small"),
            InterviewReport(uuid_of(opening), f"interview {day}", day, InterviewStatus.COMPLETED, at(day)),
        )
    parts = f"breakdown(by: {by}) {{ slices {{ key comparison(against: PREVIOUS_RANGE) {{ totals {{ credits }} }} }} }}"
    then = f"comparison(against: PREVIOUS_RANGE) {{ breakdown(by: {by}) {{ slices {{ key totals {{ credits }} }} }} }}"
    range = days("2026-03-04", "2026-03-04")

    for id, arguments in ((tenant, range), (ada, range), (tenant, days("2026-03-04", "2026-03-04", 'models: [""]'))):
        seen = await usage(api, id, f"{parts} then: {then}", arguments)
        told = {part["key"]: part["comparison"]["totals"] for part in seen["breakdown"]["slices"]}
        assert told == {part["key"]: part["totals"] for part in seen["then"]["breakdown"]["slices"]}
        assert told


async def test_a_comparison_has_a_series_of_its_own(api: Api) -> None:
    tenant = await api.a_tenant(billingAnchor="2026-01-01T00:00:00Z")
    agent = await api.an_agent(tenant)
    for start in ("2026-02-01T10:00", "2026-02-28T10:00", "2026-03-31T10:00"):
        api.books.clock.now = max(api.books.clock.now, at(start))
        await call(api, tenant, agent, start)
    fields = "comparison(against: SAME_RANGE_LAST_MONTH) { series(every: %s) { start day totals { calls } } }"

    async def points(every: str, first: str, last: str, filter: str = "") -> list[tuple[str, int]]:
        seen = await usage(api, tenant, fields % every, days(first, last, filter))
        return [(point["start"], point["totals"]["calls"]) for point in seen["comparison"]["series"]]

    by_days = await points("DAY", "2026-03-01", "2026-03-31")
    assert (len(by_days), by_days[0], by_days[-1]) == (
        28,
        ("2026-02-01T00:00:00Z", 1),
        ("2026-02-28T00:00:00Z", 1),
    )
    assert await points("MONTH", "2026-03-01", "2026-03-31") == [("2026-02-01T00:00:00Z", 2)]
    assert ("2026-02-01T10:00:00Z", 1) in await points("HOUR", "2026-03-01", "2026-03-01")
    assert await points("MONTH", "2026-03-01", "2026-03-31", "direction: OUTBOUND") == [("2026-02-01T00:00:00Z", 0)]


async def test_all_parts_are_compared_by_one_statement(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = await api.a_tenant()
    for _ in range(5):
        await call(api, tenant, await api.an_agent(tenant), "2026-03-10T01:00")
    asked, ask = [], Context.all

    async def counted(self: Context, statement: Any, *given: Any, **named: Any) -> Any:
        asked.append(str(statement))
        return await ask(self, statement, *given, **named)

    monkeypatch.setattr(Context, "all", counted)
    await usage(api, tenant, f"breakdown(by: AGENT) {{ {COMPARED} }}", days("2026-03-10", "2026-03-10"))

    assert len([text for text in asked if "usage_day" in text]) == 2


# ---------------------------------------------------------------- across tenants


async def test_operators_see_all_tenants_each_by_its_own_days(api: Api) -> None:
    tokyo = await api.a_tenant(name="Tokyo", timeZone="Asia/Tokyo")
    lima = await api.a_tenant(name="Lima", timeZone="America/Lima")
    agents = {tenant: await api.an_agent(tenant, name="Ada") for tenant in (tokyo, lima)}
    member = await api.a_member(lima)
    # The 9th in Lima, the 10th in Tokyo.
    for tenant, minutes in ((tokyo, 3), (lima, 1)):
        await call(api, tenant, agents[tenant], "2026-03-10T03:00", minutes * 60)
    await call(api, lima, agents[lima], "2026-03-10T12:00", 60, member_id=uuid_of(member))

    async def across(fields: str, arguments: str = "") -> Any:
        return (await api.ask(f"{{ usage{arguments} {{ {fields} }} }}"))["usage"]

    seen = await across(f"{RANGE} {TOTALS} series {{ day totals {{ credits }} }} breakdown(by: TENANT) {{ {SLICES} }}")
    assert (seen["range"]["firstDay"], seen["range"]["lastDay"], seen["range"]["timeZone"]) == (
        "2026-02-09",
        "2026-03-10",
        "UTC",
    )
    assert seen["totals"]["credits"] == "5"
    assert [point["totals"]["credits"] for point in seen["series"]][-3:] == ["0", "1", "4"]
    slices = seen["breakdown"]["slices"]
    assert [(part["key"], part["label"], part["totals"]["credits"]) for part in slices] == [
        (tokyo, "Tokyo", "3"),
        (lima, "Lima", "2"),
    ]
    by_agent = (await across(f"breakdown(by: AGENT) {{ {SLICES} }}"))["breakdown"]["slices"]
    assert [(part["key"], part["node"]["id"], part["label"]) for part in by_agent] == [
        (agents[tokyo], agents[tokyo], "Ada"),
        (agents[lima], agents[lima], "Ada"),
    ]
    compared = f"breakdown(by: AGENT) {{ {COMPARED} }}"
    slices = (await across(compared, days("2026-03-10", "2026-03-10")))["breakdown"]["slices"]
    assert [(part["key"], part["comparison"]["totals"]["credits"]) for part in slices] == [
        (agents[tokyo], "0"),
        (agents[lima], "1"),
    ]
    by_member = (await across(f"breakdown(by: MEMBER) {{ {SLICES} }}"))["breakdown"]["slices"]
    assert [(part["key"], part["totals"]["credits"]) for part in by_member] == [("", "4"), (member, "1")]
    assert (await across(TOTALS, f'(filter: {{tenantIds: ["{lima}"]}})'))["totals"]["credits"] == "2"
    assert (await across(RANGE, "(range: {preset: ALL_TIME})"))["range"]["firstDay"] == "2026-03-09"
    refused = await api.run("{ usage { series(every: HOUR) { day } } }")
    assert refused.errors[0]["extensions"]["path"] == ["every"]
    refused = await api.run("{ usage(range: {preset: CURRENT_PERIOD}) { isEmpty } }")
    assert refused.errors[0]["extensions"]["path"] == ["range", "preset"]


async def test_a_page_of_agents_asks_once_for_all_of_its_usage(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = await api.a_tenant()
    for minutes in range(1, 6):
        await call(api, tenant, await api.an_agent(tenant), "2026-03-10T01:00", minutes * 60)
    asked, ask = [], Context.all

    async def counted(self: Context, statement: Any, *given: Any, **named: Any) -> Any:
        asked.append(str(statement))
        return await ask(self, statement, *given, **named)

    monkeypatch.setattr(Context, "all", counted)
    fields = "nodes { usage { totals { credits } isEmpty series { totals { credits } } } }"
    seen = await api.ask(f"query ($id: ID!) {{ tenant(id: $id) {{ agents {{ {fields} }} }} }}", id=tenant)

    credits = [agent["usage"]["totals"]["credits"] for agent in seen["tenant"]["agents"]["nodes"]]
    assert credits == ["5", "4", "3", "2", "1"]
    assert len([text for text in asked if "usage_day" in text]) == 2


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("role", [Role.MEMBER, Role.RECORDER])
async def test_usage_is_not_for_members_and_back_ends(api: Api, role: Role) -> None:
    tenant = await api.a_tenant()
    agent, viewer = await api.an_agent(tenant), api.seen_by(role, tenant)
    for document in (
        "query ($t: ID!) { tenant(id: $t) { usage { isEmpty } } }",
        "query ($a: ID!) { node(id: $a) { ... on Agent { usage { isEmpty } } } }",
        "{ usage { isEmpty } }",
        "{ hiringPlan(rolesPerMonth: 1, candidatesPerRole: 1, completionRate: 1) { credits } }",
    ):
        assert (await viewer.run(document, t=tenant, a=agent)).codes == ["FORBIDDEN"]


async def test_admins_see_their_own_usage_and_not_that_across_tenants(api: Api) -> None:
    tenant, other = await api.a_tenant(), await api.a_tenant()
    admin = api.seen_by(Role.ADMIN, tenant)
    assert (await usage(admin, tenant, "isEmpty"))["isEmpty"] is True
    assert (await admin.run("{ usage { isEmpty } }")).codes == ["FORBIDDEN"]
    assert await admin.ask("query ($id: ID!) { tenant(id: $id) { usage { isEmpty } } }", id=other) == {"tenant": None}


# ---------------------------------------------------------------- hiring


async def test_a_plan_for_hiring_is_priced_as_the_viewers_plan_prices_interviews(api: Api) -> None:
    document = """{ hiringPlan(rolesPerMonth: 5, candidatesPerRole: 50, completionRate: 0.3) {
        interviews credits recommended } }"""
    rates = [{"activity": "INTERVIEW", "unit": "INTERVIEW", "credits": "2.5"}]
    dear, silent = await api.a_tenant({"rates": rates}), await api.a_tenant({"rates": []})

    seen = [await viewer.ask(document) for viewer in (api, *(api.seen_by(Role.ADMIN, t) for t in (dear, silent)))]

    plain = {"interviews": 75.0, "credits": "75", "recommended": "90"}
    assert [one["hiringPlan"] for one in seen] == [
        plain,
        {"interviews": 75.0, "credits": "187.5", "recommended": "225"},
        plain,
    ]
    refused = await api.run("{ hiringPlan(rolesPerMonth: -1, candidatesPerRole: 1, completionRate: 1) { credits } }")
    assert refused.errors[0]["extensions"]["path"] == ["rolesPerMonth"]
