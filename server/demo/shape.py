"""The shape of real traffic: growth over the months, the week, the hours of a day, and long tails."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import exp, log
from random import Random
from zoneinfo import ZoneInfo

DAY_BEGINS = time(4)
"""When the story's days begin, on the wall clock: nobody calls then, so no call lies on two days."""

_DAY = timedelta(days=1)
_FULL_GROWTH_DAYS = 365
_HOLIDAYS = {(12, 24), (12, 25), (12, 26), (12, 31), (1, 1)}
_UNEVEN = 0.18


def dice(*place: object) -> Random:
    """Random numbers that are the same for the same place in the story, in every process."""
    return Random("/".join(["tallygraph demo", *map(str, place)]))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How traffic is spread over a week (Monday first) and over the hours of the clock; 1 is an average day."""

    week: tuple[float, ...]
    hours: tuple[float, ...]

    def on(self, day: date) -> float:
        return self.week[day.weekday()] * (0.2 if (day.month, day.day) in _HOLIDAYS else 1)

    def at(self, moment: datetime) -> float:
        """How busy a moment of the wall clock is, 1 being the busiest."""
        return self.on(moment.date()) * self.hours[moment.hour] / (max(self.week) * max(self.hours))


#                                    0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
OFFICE = Rhythm(
    (1.5, 1.45, 1.35, 1.3, 1.15, 0.2, 0.05), (0, 0, 0, 0, 0, 0, 0, 1, 5, 9, 10, 9, 5, 7, 9, 8, 6, 3, 1, 0, 0, 0, 0, 0)
)
SHOP = Rhythm(
    (1.2, 1.1, 1.0, 1.05, 1.2, 0.95, 0.5), (1, 0, 0, 0, 0, 0, 1, 2, 4, 6, 8, 8, 7, 6, 6, 7, 8, 9, 9, 8, 6, 4, 3, 2)
)
AFTER_HOURS = Rhythm(
    (0.8, 0.8, 0.85, 0.9, 1.05, 1.4, 1.2), (3, 0, 0, 0, 0, 1, 3, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 6, 8, 9, 8, 6, 4)
)
EVENING = Rhythm(
    (1.2, 1.2, 1.1, 1.0, 0.7, 0.8, 1.0), (1, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 3, 2, 2, 2, 3, 5, 8, 9, 8, 6, 4, 2)
)
ROUND_THE_CLOCK = Rhythm((1,) * 7, (1,) * 24)


def growth(day: date, start: date) -> float:
    """How much traffic a day has after a year of growth that goes on slowly afterwards."""
    share = (day - start).days / _FULL_GROWTH_DAYS
    return 0.55 + 0.6 * min(share, 1) + 0.05 * max(share - 1, 0)


def beginning_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, DAY_BEGINS, zone).astimezone(UTC)


def story_day(moment: datetime, zone: ZoneInfo) -> date:
    """The day of the story that a moment lies in."""
    local = moment.astimezone(zone)
    return local.date() if local.time() >= DAY_BEGINS else local.date() - _DAY


def moment_in(random: Random, day: date, zone: ZoneInfo, rhythm: Rhythm) -> datetime:
    """Some moment of a day, more likely where the rhythm is busy."""
    hour = random.choices(range(24), rhythm.hours)[0]
    passed = random.randrange(3_600_000)
    on = day if hour >= DAY_BEGINS.hour else day + _DAY
    wall = datetime.combine(on, time(hour), zone).astimezone(UTC)
    return wall + timedelta(milliseconds=passed)


def how_many(random: Random, mean: float) -> int:
    """A number of independent events (Poisson) on a day that has its own ups and downs."""
    limit = exp(-mean * random.lognormvariate(-(_UNEVEN**2) / 2, _UNEVEN))
    count, product = 0, random.random()
    while product > limit:
        count += 1
        product *= random.random()
    return count


def long_tailed(random: Random, median: float, spread: float, least: float, most: float) -> float:
    """A length as those of calls are: most are short, a few very long (log-normal)."""
    return min(max(random.lognormvariate(log(median), spread), least), most)
