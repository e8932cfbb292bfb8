"""How many false alarms a year of normal traffic raises, and how many runaway days and hours are found.

python -m benchmarks.runaways [SEEDS]

Agents of several shapes are generated for a year and four weeks, judged at the end of each hour and each day by the
rules of the server, and on every day once more with ten times the traffic that is expected of that day. Nothing is
stored: what the database adds is tested elsewhere.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import ceil, exp, sqrt
from random import Random
from zoneinfo import ZoneInfo

from benchmarks.measuring import show
from models.rules.amounts import MICRO
from models.rules.runaways import DAYS_BACK, Habits, Span, a_day, judge, same_days
from models.rules.usage import Counts, Used
from models.rules.words import Activity, Interval

SEEDS = 5
DAYS = 365
START = date(2025, 1, 6)
TIMES = 10
A_MONTH = 365 / 12
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_UTC = ZoneInfo("UTC")
_HOLIDAYS = {(12, 24), (12, 25), (12, 26), (12, 31), (1, 1), (4, 18), (5, 1), (10, 3)}
_ON_A_HOLIDAY = 0.15
_UNEVEN = 0.2
"""How much days that should be alike differ: the spread of their logarithms."""

Week = tuple[float, ...]
Hours = tuple[float, ...]
ALWAYS: tuple[Week, Hours] = ((1,) * 7, (1,) * 24)
#                                                0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
OFFICE = (
    (1.5, 1.45, 1.35, 1.3, 1.15, 0.2, 0.05),
    (0, 0, 0, 0, 0, 0, 0, 1, 5, 9, 10, 9, 5, 7, 9, 8, 6, 3, 1) + (0,) * 5,
)
SHOP = ((1.2, 1.1, 1, 1.05, 1.2, 0.95, 0.5), (1, 0, 0, 0, 0, 0, 1, 2, 4, 6, 8, 8, 7, 6, 6, 7, 8, 9, 9, 8, 6, 4, 3, 2))
EVENING = ((1.2, 1.2, 1.1, 1, 0.7, 0.8, 1), (1, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 3, 2, 2, 2, 3, 5, 8, 9, 8, 6, 4, 2))
WEEKDAYS = ((1.4,) * 5 + (0, 0), (0,) * 8 + (1,) * 10 + (0,) * 6)
WEEKENDS = ((0,) * 5 + (3.5, 3.5), (1,) * 24)


@dataclass(frozen=True, slots=True)
class Shape:
    """An agent as traffic sees it: how much it does on an average day, when, how that grows, what one thing costs."""

    name: str
    a_day: float
    activity: Activity
    rhythm: tuple[Week, Hours] = OFFICE
    growth: float = 1.0
    """What a day has at the end of the year, beside one at its beginning."""
    campaigns: float = 0.0
    """The part of days on which it works at all, where it works by campaigns: three hours at a time."""

    def expected(self, day: date) -> float:
        grown: float = self.growth ** ((day - START).days / DAYS)
        return self.a_day * grown * self.rhythm[0][day.weekday()]

    def price(self, random: Random) -> int:
        """Calls are long-tailed and billed by started minutes, messages by tokens; an interview is an interview."""
        if self.activity is Activity.CALL:
            return ceil(min(random.lognormvariate(4.6, 0.9), 4_500) / 60) * MICRO
        return int(random.lognormvariate(6.8, 0.8) * 40) if self.activity is Activity.MESSAGE else MICRO


SHAPES = (
    Shape("an office's calls, growing threefold", 40, Activity.CALL, OFFICE, 3),
    Shape("a shop's chat", 150, Activity.MESSAGE, SHOP, 1.3),
    Shape("calls in the evening", 12, Activity.CALL, EVENING, 1.5),
    Shape("interviews", 5, Activity.INTERVIEW, EVENING, 1.3),
    Shape("round the clock", 300, Activity.MESSAGE, ALWAYS, 1.5),
    Shape("weekdays from 8 to 18 only", 20, Activity.CALL, WEEKDAYS, 1.5),
    Shape("weekends only", 20, Activity.MESSAGE, WEEKENDS, 1.5),
    Shape("a start-up, growing twelvefold", 60, Activity.MESSAGE, OFFICE, 12),
    Shape("a small office, 5 calls a day", 5, Activity.CALL, OFFICE, 1.5),
    Shape("2 calls a day", 2, Activity.CALL, OFFICE, 1.2),
    Shape("a message every other day", 0.5, Activity.MESSAGE, SHOP),
    Shape("campaigns on one day of three", 200, Activity.CALL, ALWAYS, campaigns=0.35),
)

Hour = tuple[int, int]
"""What was used in an hour: credits and activities."""


def traffic_of(shape: Shape, day: date, random: Random, times: float = 1.0, hour: int | None = None) -> dict[int, Hour]:
    """A day's traffic by its hours, `times` as much as is expected, in one hour or in all."""
    level = shape.expected(day) * (_ON_A_HOLIDAY if (day.month, day.day) in _HOLIDAYS else 1)
    if times == 1:
        level *= random.lognormvariate(-(_UNEVEN**2) / 2, _UNEVEN)
    hours = shape.rhythm[1]
    if shape.campaigns:
        begins = random.randrange(9, 15)
        works = times != 1 or random.random() < shape.campaigns
        hours = tuple(float(works and begins <= hour < begins + 3) for hour in range(24))
    whole = sum(hours) or 1
    counts = {
        one: arrivals(random, level * part / whole * (times if hour in (None, one) else 1))
        for one, part in enumerate(hours)
    }
    return {one: (sum(shape.price(random) for _ in range(count)), count) for one, count in counts.items() if count}


def arrivals(random: Random, mean: float) -> int:
    """How many independent events there are (Poisson)."""
    if mean > 60:
        return max(0, round(random.gauss(mean, sqrt(mean))))
    count, product, least = 0, random.random(), exp(-mean)
    while product > least:
        count, product = count + 1, product * random.random()
    return count


@dataclass(slots=True)
class Tally:
    """What was said of one agent or of several: alarms on normal days, and runaways found of those there were."""

    months: float = 0.0
    day_alarms: int = 0
    hour_alarms: int = 0
    told: int = 0
    """Alerts: an agent is told of once a day."""
    days: Counter[bool] = field(default_factory=Counter)
    small_days: Counter[bool] = field(default_factory=Counter)
    """Of agents from which fewer than 5 activities are expected on that day."""
    hours: Counter[bool] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.months += other.months
        self.day_alarms += other.day_alarms
        self.hour_alarms += other.hour_alarms
        self.told += other.told
        self.days += other.days
        self.small_days += other.small_days
        self.hours += other.hours


FEWEST_TO_TELL = 5
"""Ten times less than that is within what chance does to agents with long-tailed costs."""


class Year:
    """A year of one agent, with all that is asked of it."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self.shape, self.random = shape, Random(f"{shape.name}/{seed}")
        days = (START + number * _DAY for number in range(-DAYS_BACK, DAYS))
        self.by_hour = {day: traffic_of(shape, day, self.random) for day in days}
        self.by_day = {day: _together(hours) for day, hours in self.by_hour.items()}

    def judged(self) -> Tally:
        tally = Tally(months=DAYS / A_MONTH)
        for number in range(DAYS):
            self._judge(START + number * _DAY, tally)
        return tally

    def _judge(self, day: date, tally: Tally) -> None:
        before = [day - number * _DAY for number in range(1, DAYS_BACK + 1)]
        habits = Habits.of({one: self.by_day[one] for one in before if self.by_day[one][1]})
        if habits is None:
            return
        is_day = self._is_far(a_day(day, _UTC), self.by_day[day], habits)
        far_hours = [self._is_far(_hour(day, hour), used, habits) for hour, used in self.by_hour[day].items()]
        tally.day_alarms += is_day
        tally.hour_alarms += sum(far_hours)
        tally.told += is_day or any(far_hours)
        if not self.shape.campaigns and (day.month, day.day) not in _HOLIDAYS:
            self._run_away(day, habits, tally)

    def _run_away(self, day: date, habits: Habits, tally: Tally) -> None:
        expected = self.shape.expected(day)
        if expected:
            used = _together(traffic_of(self.shape, day, self.random, TIMES))
            days = tally.days if expected >= FEWEST_TO_TELL else tally.small_days
            days[self._is_far(a_day(day, _UTC), used, habits)] += 1
        hours = self.shape.rhythm[1]
        hour = (day - START).days % 24
        # Hours that have at least their share of a day, of agents that do something in every hour of theirs.
        share = hours[hour] / sum(hours)
        if share * 24 >= 1 and expected * share >= FEWEST_TO_TELL:
            used = traffic_of(self.shape, day, self.random, TIMES, hour).get(hour, (0, 0))
            tally.hours[self._is_far(_hour(day, hour), used, habits)] += 1

    def _is_far(self, span: Span, used: Hour, habits: Habits) -> bool:
        if span.length is Interval.DAY:
            same = {day: self._used(self.by_day[day]) for day in same_days(span.day)}
        else:
            hour = span.start.hour
            before = (span.day - number * _DAY for number in range(1, DAYS_BACK + 1))
            same = {day: self._used(self.by_hour[day].get(hour, (0, 0))) for day in before}
        return judge(span, self._used(used), same, habits) is not None

    def _used(self, used: Hour) -> Used:
        credits, activities = used
        return Used({self.shape.activity: Counts(activities=activities, credits=credits)})


def _together(hours: dict[int, Hour]) -> Hour:
    return sum(credits for credits, _ in hours.values()), sum(count for _, count in hours.values())


def _hour(day: date, hour: int) -> Span:
    start = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return Span(Interval.HOUR, day, start, start + _HOUR)


def judged(shape: Shape, seeds: int) -> Tally:
    tally = Tally()
    for seed in range(seeds):
        tally.add(Year(shape, seed).judged())
    return tally


def _rows(seeds: int) -> Iterator[tuple[str, ...]]:
    yield ("agent", "alerts", "days", "hours", "tenfold days", "of small agents", "tenfold hours")
    whole = Tally()
    for shape in SHAPES:
        tally = judged(shape, seeds)
        whole.add(tally)
        yield _row(shape.name, tally)
    yield _row("all", whole)


def _row(name: str, tally: Tally) -> tuple[str, ...]:
    alarms = (f"{count / tally.months:.2f}" for count in (tally.told, tally.day_alarms, tally.hour_alarms))
    found = (_of(counts) for counts in (tally.days, tally.small_days, tally.hours))
    return (name, *alarms, *found)


def _of(counts: Counter[bool]) -> str:
    there = counts.total()
    return f"{counts[True]:,} of {there:,}" if there else "-"


def main(seeds: int) -> None:
    months = f"{seeds * len(SHAPES) * 12:,} months of agents"
    show(f"False alarms for an agent and month, and runaways found; {months}", list(_rows(seeds)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else SEEDS)
