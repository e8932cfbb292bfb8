"""What a tenant will probably use in the months ahead, and when its credits run out. All of it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from models.actions.account_parts import grant_of, terms_in_force, terms_of
from models.rules import forecasting as rules
from models.rules.facts import Boundary, CreditsIn
from models.rules.periods import Days, days_in, period
from models.rules.running_out import Path, Standing, runs_out_on
from models.tables import forecasting as tables
from models.tables import ledger
from models.tables.usage_sums import CREDITS_BY_DAY
from models.unit_of_work import Reader


@dataclass(frozen=True, slots=True)
class ForecastWish:
    """How far to look ahead, and how much more than expected to recommend."""

    months: int
    buffer_percent: float


class MonthAhead(NamedTuple):
    """What is expected of a calendar month."""

    month: date
    expected: int
    low: int
    high: int
    recommended: int


class Forecast(NamedTuple):
    """The months ahead, and when nothing is available any more: None where that is not in sight."""

    months: list[MonthAhead]
    runs_out_on: date | None
    runs_out_earliest: date | None
    runs_out_latest: date | None
    method: str
    backtest_error: float | None


async def forecast(reader: Reader, tenant: Any, wish: ForecastWish, now: datetime) -> Forecast:
    """The forecast for a tenant, of whose account nothing is due; `tenant` is its row."""
    rules.check_wish(wish.months, wish.buffer_percent)
    days = days_in(tenant.time_zone)
    rows = await reader.all(CREDITS_BY_DAY, {"tenant_id": tenant.id})
    expected = rules.Forecast({row.day: row.credits for row in rows}, days.day_of(now))
    months = expected.months(wish.months)
    standing = await _standing(reader, tenant, days, days.start_of(expected.end_of(rules.MOST_MONTHS)))
    ends = _run_out(standing, expected, months, days, now)
    if None in ends:
        ends = _run_out(standing, expected, expected.months(rules.MOST_MONTHS), days, now)
    error = expected.error
    return Forecast(
        months=[_month_ahead(month, wish.buffer_percent) for month in months],
        runs_out_on=ends[0],
        runs_out_earliest=ends[1],
        runs_out_latest=ends[2],
        method=expected.method,
        backtest_error=None if error is None else float(error),
    )


def _month_ahead(month: rules.Month, buffer_percent: float) -> MonthAhead:
    recommended = rules.recommended(month.expected, buffer_percent)
    return MonthAhead(month.first, month.expected, month.low, month.high, recommended)


def _run_out(
    standing: Standing, expected: rules.Forecast, months: Sequence[rules.Month], days: Days, now: datetime
) -> list[date | None]:
    """When credits run out within the months: if usage is as expected, as much and as little as may be."""
    ways = [[month.rest for month in months], [month.most for month in months], [month.least for month in months]]
    return [runs_out_on(standing, Path(expected, months, rests), days, now) for rests in ways]


async def _standing(reader: Reader, tenant: Any, days: Days, until: datetime) -> Standing:
    """The account as it stands, with what will come in by itself before a moment."""
    account = await reader.first(tables.ACCOUNT_AHEAD, {"tenant_id": tenant.id})
    assert account is not None, "Every tenant has an account."
    grants = [grant_of(row) for row in await reader.all(ledger.open_grants(), {"tenants": [tenant.id]})]
    boundaries = await _boundaries(reader, tenant, days, account.next_boundary, until)
    ahead: list[Boundary | CreditsIn] = [grant.fact() for grant in grants if grant.state == "AHEAD" and grant.begins]
    return Standing(
        lots=[grant.lot for grant in grants if grant.state == "BEGUN" and grant.lot.remaining],
        overdrawn=account.overdrawn,
        held=account.held,
        ahead=sorted([*boundaries, *ahead], key=lambda fact: fact.order),
    )


async def _boundaries(reader: Reader, tenant: Any, days: Days, number: int, until: datetime) -> list[Boundary]:
    """The billing boundaries from one on: what the plan that ends there lets roll over, and the one in force grants."""
    terms = [terms_of(row) for row in await reader.all(ledger.plans_of(), {"tenants": [tenant.id]})]
    found = []
    while (next_period := period(tenant.anchor_day, number, days.zone)).start < until:
        at = next_period.start
        before, after = terms_in_force(terms, at - at.resolution), terms_in_force(terms, at)
        key = f"period/{days.day_of(at)}"
        found.append(Boundary(at, next_period.end, key, after.monthly_credits, before.rollover, before.rollover_cap))
        number += 1
    return found
