"""Accounts that nobody touches for a year and more: one look, and every period since has been settled on its day."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.running import Api
from tests.api.test_credits import account, ledger

# By anchor and zone: when each period begins. The year 2024 has a 29th of February, and 2025 has none.
BERLIN_31 = (
    "2024-02-28T23 2024-03-30T23 2024-04-29T22 2024-05-30T22 2024-06-29T22 2024-07-30T22 2024-08-30T22"
    " 2024-09-29T22 2024-10-30T23 2024-11-29T23 2024-12-30T23 2025-01-30T23 2025-02-27T23"
)
# Clocks are set forward from midnight to 1 on the 31st of March: that day begins at 1 in the morning.
BEIRUT_30 = (
    "2024-02-28T22 2024-03-29T22 2024-04-29T21 2024-05-29T21 2024-06-29T21 2024-07-29T21 2024-08-29T21"
    " 2024-09-29T21 2024-10-29T22 2024-11-29T22 2024-12-29T22 2025-01-29T22 2025-02-27T22"
)
BEIRUT_31 = (
    "2024-02-28T22 2024-03-30T22 2024-04-29T21 2024-05-30T21 2024-06-29T21 2024-07-30T21 2024-08-30T21"
    " 2024-09-29T21 2024-10-30T22 2024-11-29T22 2024-12-30T22 2025-01-30T22 2025-02-27T22"
)
NEW_YORK_29 = (
    "2024-02-29T05 2024-03-29T04 2024-04-29T04 2024-05-29T04 2024-06-29T04 2024-07-29T04 2024-08-29T04"
    " 2024-09-29T04 2024-10-29T04 2024-11-29T05 2024-12-29T05 2025-01-29T05 2025-02-28T05"
)


@pytest.mark.parametrize(
    ("anchor", "zone", "boundaries"),
    [
        ("2024-01-31", "Europe/Berlin", BERLIN_31),
        ("2024-01-30", "Asia/Beirut", BEIRUT_30),
        ("2024-01-31", "Asia/Beirut", BEIRUT_31),
        ("2024-01-29", "America/New_York", NEW_YORK_29),
    ],
)
async def test_one_look_after_a_year_settles_every_period_of_it(
    api: Api, anchor: str, zone: str, boundaries: str
) -> None:
    first = datetime.fromisoformat(f"{anchor}T12:00:00Z")
    api.books.clock.now = first
    tenant = await api.a_tenant({"monthlyCredits": "10", "rollover": "CAPPED", "rolloverCap": "4"}, timeZone=zone)
    begins = [datetime.fromisoformat(f"{text}:00:00Z") for text in boundaries.split()]
    api.books.clock.now = datetime(2025, 3, 1, 9, tzinfo=UTC)

    seen = await account(api, tenant)

    assert seen["available"] == "14"
    nodes = (await ledger(api, tenant, "(first: 100)", "kind credits occurredAt"))["nodes"][::-1]
    told = [(node["kind"], node["credits"], datetime.fromisoformat(node["occurredAt"])) for node in nodes[1:]]
    new, rolled = ("GRANT", "10"), ("ROLLOVER", "4")
    # From the second boundary on, what had rolled over before ends too.
    ends = [[("EXPIRY", "-10")], *([("EXPIRY", "-10"), ("EXPIRY", "-4")] for _ in begins[1:])]
    assert sorted(told, key=_by_time) == [
        (*what, at) for at, ended in zip(begins, ends, strict=True) for what in sorted([*ended, rolled, new])
    ]
    assert datetime.fromisoformat(seen["period"]["start"]) == begins[-1]
    assert (await account(api, tenant, "verification { ok problems }"))["verification"] == {"ok": True, "problems": []}
    assert await account(api, tenant) == seen


def _by_time(told: tuple[str, str, datetime]) -> tuple[datetime, str, str]:
    return told[2], told[0], told[1]


async def test_nobody_need_look_when_usage_of_months_ago_comes_in(api: Api) -> None:
    """The first thing that touches the account may be late: it is paid by the credits of its own month."""
    start = datetime(2024, 1, 31, 12, tzinfo=UTC)
    api.books.clock.now = start
    tenant = await api.a_tenant({"monthlyCredits": "10"}, timeZone="Europe/Berlin")
    agent = await api.an_agent(tenant)
    api.books.clock.now = datetime(2025, 3, 1, 9, tzinfo=UTC)
    for number, at in enumerate((datetime(2024, 2, 29, 12, tzinfo=UTC), datetime(2024, 2, 28, 12, tzinfo=UTC))):
        end = (at + timedelta(minutes=12)).isoformat()
        wish = {"agentId": agent, "key": f"late-{number}", "direction": "INBOUND", "startedAt": at.isoformat()}
        assert (await api.change("recordCall", {**wish, "endedAt": end}))["errors"] == []

    seen = await account(api, tenant, "available overdrawn verification { ok problems }")

    # The call of the 28th owes 2 until the credits of the 29th repay them; that of the 29th then owes 4 for a month.
    assert seen == {"available": "10", "overdrawn": "0", "verification": {"ok": True, "problems": []}}
    nodes = (await ledger(api, tenant, "(first: 100)", "kind credits occurredAt"))["nodes"]
    assert sum(float(node["credits"]) for node in nodes) == 10
