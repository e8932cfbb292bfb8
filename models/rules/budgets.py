"""Budgets of agents: how much one may use in a day, a week or a month, and from when on that is counted."""

from datetime import date, timedelta

from models.rules.refusals import Invalid
from models.rules.words import Interval

EVERY = (Interval.DAY, Interval.WEEK, Interval.MONTH)


def check_budget(credits: int, every: Interval) -> None:
    """Refuse a budget that makes no sense."""
    if every not in EVERY:
        raise Invalid("A budget is for a day, a week or a month.", ("every",))
    if credits < 0:
        raise Invalid("A budget is 0 credits or more.", ("credits",))


def first_day(every: Interval, today: date) -> date:
    """The first day of the interval that a day lies in. Weeks begin on Monday."""
    match every:
        case Interval.DAY:
            return today
        case Interval.WEEK:
            return today - timedelta(days=today.weekday())
        case Interval.MONTH:
            return today.replace(day=1)
    raise AssertionError(f"There is no budget for {every}.")
