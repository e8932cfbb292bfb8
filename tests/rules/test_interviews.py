from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.amounts import MICRO
from models.rules.interviews import charges, furthest, price
from models.rules.reports import InterviewReport
from models.rules.words import InterviewStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HALF = MICRO // 2
OPENING = UUID(int=1)


def a_report(
    status: InterviewStatus = InterviewStatus.COMPLETED, hour: int = 0, key: str = "a", progress: int | None = None
) -> InterviewReport:
    return InterviewReport(OPENING, key, "Ada", status, NOON + timedelta(hours=hour), progress=progress)


@st.composite
def priced_reports(draw: st.DrawFn) -> list[tuple[InterviewReport, int]]:
    """Reports of one interview, several at the same hour, with a rate that changes from hour to hour."""
    rates = draw(st.lists(st.integers(0, 3 * MICRO), min_size=4, max_size=4))
    priced = []
    for number in range(draw(st.integers(1, 7))):
        status = draw(st.sampled_from(InterviewStatus))
        progress = draw(st.integers(1, MICRO - 1)) if status is InterviewStatus.PARTIAL else None
        hour = draw(st.integers(0, 3))
        priced.append((a_report(status, hour, f"k{number}", progress), price(status, progress, rates[hour], False)))
    return priced


@pytest.mark.parametrize(
    ("status", "progress", "credits"),
    [
        (InterviewStatus.INVITED, None, 0),
        (InterviewStatus.STARTED, None, 0),
        (InterviewStatus.PARTIAL, 400_000, 1_200_000),
        (InterviewStatus.COMPLETED, None, 3_000_000),
    ],
)
def test_an_interview_costs_as_much_of_the_rate_as_was_completed(
    status: InterviewStatus, progress: int | None, credits: int
) -> None:
    assert price(status, progress, 3 * MICRO, is_simulation=False) == credits
    assert price(status, progress, 3 * MICRO, is_simulation=True) == 0


def test_half_of_the_smallest_amount_is_rounded_up() -> None:
    assert price(InterviewStatus.PARTIAL, HALF, 1, is_simulation=False) == 1


def test_a_completed_interview_pays_what_its_part_has_not_paid() -> None:
    part, whole = a_report(InterviewStatus.PARTIAL, 0, progress=HALF), a_report(hour=1)

    assert charges([(whole, MICRO), (part, HALF)]) == [(part, HALF), (whole, HALF)]


def test_a_new_price_raises_only_the_rest() -> None:
    part, whole = a_report(InterviewStatus.PARTIAL, 0, progress=HALF), a_report(hour=1)

    assert charges([(part, HALF), (whole, 3 * MICRO)]) == [(part, HALF), (whole, 3 * MICRO - HALF)]


def test_a_lower_price_gives_nothing_back() -> None:
    part, whole = a_report(InterviewStatus.PARTIAL, 0, progress=HALF), a_report(hour=1)

    assert charges([(part, HALF), (whole, 1)]) == [(part, HALF), (whole, 0)]


@given(priced_reports(), st.integers())
def test_charges_and_state_do_not_depend_on_the_order_of_arrival(
    priced: list[tuple[InterviewReport, int]], seed: int
) -> None:
    shuffled = Random(seed).sample(priced, len(priced))

    assert charges(shuffled) == charges(priced)
    assert furthest(report for report, _ in shuffled) == furthest(report for report, _ in priced)


@given(priced_reports())
def test_at_an_unchanged_rate_all_charges_together_are_the_price_of_the_furthest_state(
    priced: list[tuple[InterviewReport, int]],
) -> None:
    at_one_rate = [(report, price(report.status, report.progress, MICRO, False)) for report, _ in priced]
    reached = furthest(report for report, _ in priced)

    charged = [credits for _, credits in charges(at_one_rate)]

    assert sum(charged) == price(reached.status, reached.progress, MICRO, False)
    assert min(charged) >= 0


def test_a_state_that_is_reported_again_at_a_higher_price_costs_nothing_more() -> None:
    first, again = a_report(hour=0, key="a"), a_report(hour=1, key="b")

    assert charges([(first, MICRO), (again, 3 * MICRO)]) == [(first, MICRO), (again, 0)]


def test_the_furthest_state_holds_whenever_it_was_reported() -> None:
    far = a_report(InterviewStatus.PARTIAL, 0, progress=HALF)
    near = a_report(InterviewStatus.PARTIAL, 1, progress=HALF - 1)
    invited = a_report(InterviewStatus.INVITED, 2)

    assert furthest([invited, near, far]) is far


def test_of_equal_states_the_first_in_time_counts() -> None:
    later, first, same_time = a_report(hour=1), a_report(hour=0, key="a"), a_report(hour=0, key="b")

    assert furthest([later, same_time, first]) is first
