"""Forecasts as dashboards read them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.rules.words import Role
from tests.api.running import Api
from tests.api.using import call_report, record

FIELDS = """
    method backtestError runsOutOn runsOutEarliest runsOutLatest
    months { month expected low high recommended }
"""
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def document(arguments: str = "", fields: str = FIELDS) -> str:
    return f"query ($id: ID!) {{ tenant(id: $id) {{ forecast{arguments} {{ {fields} }} }} }}"


async def foreseen(api: Api, tenant: str, arguments: str = "") -> Any:
    return (await api.ask(document(arguments), id=tenant))["tenant"]["forecast"]


async def a_tenant_with_a_past(api: Api, days: int, **input: Any) -> str:
    """One that used 10 credits on each of so many days before today, paid by credits that were given before."""
    tenant = await api.a_tenant(**input)
    wish = {"tenantId": tenant, "key": "gift", "credits": "1000", "effectiveAt": "2020-01-01T00:00:00Z"}
    assert (await api.change("grantCredits", wish))["errors"] == []
    agent = await api.an_agent(tenant)
    await record(api, tenant, *(call_report(api, agent, NOON - number * DAY, 600) for number in range(days, 0, -1)))
    return tenant


async def test_three_months_are_told_with_a_buffer_of_a_fifth(api: Api) -> None:
    tenant = await a_tenant_with_a_past(api, 70)
    seen = await foreseen(api, tenant)

    assert seen == {
        "method": "70 days of past: the mean of the weeks so far, newer ones counting more, goes on; weekdays differ "
        "as in the last 10 weeks. Low and high hold four of five errors of the same method on that past.",
        "backtestError": 0.0,
        "runsOutOn": "2026-04-08",
        "runsOutEarliest": "2026-04-08",
        "runsOutLatest": "2026-04-08",
        "months": [
            {"month": "2026-03-01", "expected": "310", "low": "310", "high": "310", "recommended": "372"},
            {"month": "2026-04-01", "expected": "300", "low": "300", "high": "300", "recommended": "360"},
            {"month": "2026-05-01", "expected": "310", "low": "310", "high": "310", "recommended": "372"},
        ],
    }
    assert await foreseen(api, tenant, "(months: null, bufferPercent: null)") == seen


async def test_months_and_buffer_are_as_wished(api: Api) -> None:
    tenant = await a_tenant_with_a_past(api, 70)
    one = await foreseen(api, tenant, "(months: 1, bufferPercent: 0)")
    all = await foreseen(api, tenant, "(months: 24, bufferPercent: 12.5)")

    assert [month["recommended"] for month in one["months"]] == ["310"]
    assert [all["months"][0]["recommended"], len(all["months"])] == ["348.75", 24]
    # How far is looked ahead says nothing about when credits run out.
    assert one["runsOutOn"] == all["runsOutOn"] == "2026-04-08"


async def test_a_short_past_has_wide_bounds_and_no_measured_error(api: Api) -> None:
    seen = await foreseen(api, await a_tenant_with_a_past(api, 1), "(months: 1)")

    # 10 on the 9th, and 22 days to come.
    assert seen["months"] == [
        {"month": "2026-03-01", "expected": "230", "low": "10", "high": "450", "recommended": "276"}
    ]
    assert seen["backtestError"] is None
    assert seen["method"].startswith("1 day of past: each day is expected to be like their mean.")
    assert (seen["runsOutEarliest"], seen["runsOutOn"], seen["runsOutLatest"]) == ("2026-04-28", "2026-06-16", None)


async def test_a_tenant_that_never_used_anything_needs_nothing(api: Api) -> None:
    empty, funded = await api.a_tenant(), await api.a_tenant({"monthlyCredits": "10"})
    seen = await foreseen(api, empty, "(months: 1)")

    nothing = {"month": "2026-03-01", "expected": "0", "low": "0", "high": "0", "recommended": "0"}
    assert seen["months"] == [nothing]
    assert seen["method"] == "No past: nothing was used yet, so nothing is expected."
    assert seen["backtestError"] is None
    # There is nothing to spend today; with credits every month there always is.
    assert seen["runsOutOn"] == "2026-03-10"
    assert (await foreseen(api, funded))["runsOutOn"] is None


async def test_an_account_that_nobody_touched_is_settled_before_it_is_foreseen(api: Api) -> None:
    tenant = await a_tenant_with_a_past(api, 14, plan={"monthlyCredits": "20"}, timeZone="America/New_York")
    api.books.clock.now = datetime(2027, 1, 1, 3, tzinfo=UTC)
    seen = await foreseen(api, tenant, "(months: 2)")

    # In New York it is still the old year. What was used in spring is long past, and the plan's credits do not end.
    assert [month["month"] for month in seen["months"]] == ["2026-12-01", "2027-01-01"]
    assert all(float(month["expected"]) < 1 for month in seen["months"])
    assert seen["runsOutOn"] is None
    account = "query ($id: ID!) { tenant(id: $id) { credits { verification { ok } } } }"
    assert (await api.ask(account, id=tenant))["tenant"]["credits"] == {"verification": {"ok": True}}


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ("(months: 0)", "months"),
        ("(months: 25)", "months"),
        ("(months: -3, bufferPercent: 20)", "months"),
        ("(bufferPercent: -0.5)", "bufferPercent"),
        ("(bufferPercent: 1000.5)", "bufferPercent"),
        ("(bufferPercent: 1e300)", "bufferPercent"),
    ],
)
async def test_a_wish_out_of_bounds_is_refused_by_its_name(api: Api, arguments: str, name: str) -> None:
    refused = await api.run(document(arguments), id=await api.a_tenant())

    assert refused.codes == ["INVALID"]
    assert refused.errors[0]["extensions"]["path"] == [name]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), "20", True])
async def test_a_buffer_that_is_no_number_is_refused(api: Api, number: object) -> None:
    wish = "query ($id: ID!, $buffer: Float) { tenant(id: $id) { forecast(bufferPercent: $buffer) { method } } }"

    assert (await api.run(wish, id=await api.a_tenant(), buffer=number)).data is None


@pytest.mark.parametrize("role", [Role.MEMBER, Role.RECORDER])
async def test_forecasts_are_not_for_members_and_back_ends(api: Api, role: Role) -> None:
    tenant = await api.a_tenant()

    assert (await api.seen_by(role, tenant).run(document(), id=tenant)).codes == ["FORBIDDEN"]


async def test_admins_see_their_own_forecast_only(api: Api) -> None:
    tenant, other = await api.a_tenant(), await api.a_tenant()
    admin = api.seen_by(Role.ADMIN, tenant)

    assert len((await foreseen(admin, tenant))["months"]) == 3
    assert await admin.ask(document(), id=other) == {"tenant": None}
