"""Pasts for the tests of forecasts: what was used on each day."""

from datetime import date, timedelta
from math import pi, sin
from random import Random

from models.rules.amounts import MICRO

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)


def until(today: date, *credits: int) -> dict[date, int]:
    """What was used on the days before today, in whole credits, the last one yesterday."""
    return {today - number * DAY: one * MICRO for number, one in enumerate(reversed(credits), 1)}


def noisy(days: int, seed: str = "", growth: float = 0.0, yearly: float = 0.0) -> list[int]:
    """Days with a weekly rhythm and noise, which grow from week to week, or swing over the year."""
    random = Random(seed)
    shape = (1.4, 1.3, 1.2, 1.2, 1.1, 0.5, 0.3)
    return [
        int(
            100 * MICRO * shape[number % 7] * (1 + growth) ** (number / 7) * (1 + yearly * sin(2 * pi * number / 364))
            * random.uniform(0.7, 1.3)
        )
        for number in range(days)
    ]  # fmt: skip
