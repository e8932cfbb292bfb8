from fractions import Fraction

import pytest

from models.rules.backtesting import Tried
from models.rules.seasons import WEEK, Method, Weeks
from tests.rules.days_used import noisy


def tried(days: list[int]) -> Tried:
    return Tried(Weeks.of(days))


def test_a_past_without_ups_and_downs_was_foreseen_exactly() -> None:
    steady = tried([5] * 20 * WEEK)

    assert steady.error() == 0
    assert steady.margin(0, 30) == steady.margin(60, 30) == 0


@pytest.mark.parametrize(("weeks", "is_told"), [(1, False), (2, False), (3, True), (7, True), (8, True), (30, True)])
def test_an_error_is_told_from_three_weeks_on(weeks: int, is_told: bool) -> None:
    assert (tried(noisy(weeks * WEEK)).error() is not None) is is_told


def test_nothing_used_has_no_error() -> None:
    assert tried([0] * 20 * WEEK).error() is None


def test_the_error_is_that_of_days_by_what_was_used_on_them() -> None:
    days = noisy(20 * WEEK)
    missed = used = 0
    for then in range(4, 17):
        # Every day anew, by a method that is given nothing but what came before.
        past = Weeks.of(days[: then * WEEK])
        for number in range(28):
            expected = past.outlook(Method.STEADY, then).between(number, 1)
            missed += abs(expected - days[then * WEEK + number])
            used += days[then * WEEK + number]

    assert tried(days).method is Method.STEADY
    assert tried(days).error() == Fraction(missed, used)


def test_what_grows_is_found_to_grow() -> None:
    assert tried(noisy(60 * WEEK, growth=0.02)).method is Method.GROWING


def test_what_swings_over_the_year_is_found_to_once_that_was_seen_twice() -> None:
    assert tried(noisy(130 * WEEK, yearly=0.6)).method is Method.YEARLY
    assert tried(noisy(66 * WEEK, yearly=0.6)).method is not Method.YEARLY


@pytest.mark.parametrize("seed", ["a", "b", "c", "d"])
def test_noise_alone_is_not_carried_far(seed: str) -> None:
    past = tried(noisy(110 * WEEK, seed))

    assert 0.9 < past.weeks.outlook(past.method, 110).until(84) / (84 * 100_000_000) < 1.1


def test_a_margin_is_told_from_six_weeks_on() -> None:
    assert tried(noisy(5 * WEEK)).margin(0, 10) is None
    assert tried(noisy(6 * WEEK)).margin(0, 10) is not None


def test_a_margin_grows_with_the_distance() -> None:
    known = tried(noisy(10 * WEEK))
    margins = [known.margin(start, 30) for start in (0, 30, 90, 300, 700)]

    assert None not in margins
    assert margins == sorted(margins, key=lambda margin: margin or 0)
    assert len(set(margins)) == 5


@pytest.mark.parametrize("growth", [0.0, 0.01])
def test_four_of_five_margins_hold_what_happens(growth: float) -> None:
    """Over many made pasts, of which each knows nothing of what follows."""
    held = tries = 0
    for number in range(150):
        days = noisy(40 * WEEK, f"past {number}", growth)
        past = tried(days[: 30 * WEEK])
        expected = past.weeks.outlook(past.method, 30).between(5, 30)
        margin = past.margin(5, 30)
        assert margin is not None
        off = margin * (expected + past.usual(30))
        held += abs(sum(days[30 * WEEK + 5 : 30 * WEEK + 35]) - expected) <= off
        tries += 1

    assert 0.7 < held / tries < 0.95
