"""Runaway agents: when an hour or a day lies far above what an agent uses usually, and what drove it there.

An agent is compared with itself: a day with the same weekdays of the four weeks before, an hour with the same hour of
those days. What is usual is the median of those, how much it moves their median deviation (MAD); so a single day that
was out of line, a runaway one among them, changes neither much.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from math import isqrt
from typing import NamedTuple
from zoneinfo import ZoneInfo

from models.rules.amounts import half_up, in_credits
from models.rules.periods import day_of, start_of_day
from models.rules.usage import Change, Counts, Used, change_since, largest_first
from models.rules.words import Activity, Interval

DAYS_BACK = 28
WEEK = 7
DAYS_UNTIL_JUDGED = 14
"""How long an agent is used before it is judged: two of each weekday."""

LEAST_TIMES, MOST_TIMES = 3, 5
"""What is less than three times the usual is never far above it, and what is more than five times always is."""
DEVIATIONS = 4
"""Between the two, what lies so many deviations above the usual is far above it."""
MAD_PER_MILLE = 1483
"""Makes of a median deviation the standard deviation of what is spread normally."""
FEWEST_OF_DAY, FEWEST_OF_HOUR = 8, 20
"""The floor: what costs no more than so many of the agent's activities is no reason to call anybody."""
PART_OF_DAY = 3
"""The floor of an hour: a third of what the agent uses on a usual day. What is less can wait for the day's end."""

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


# ---------------------------------------------------------------- hours and days


class Span(NamedTuple):
    """An hour or a day of a tenant that is over."""

    length: Interval
    day: date
    start: datetime
    end: datetime


def spans_that_ended(since: datetime, until: datetime, zone: ZoneInfo) -> list[Span]:
    """The days of a zone that ended after a moment and not after another, and the last full hour if it did."""
    found = []
    day, today = day_of(since, zone), day_of(until, zone)
    while day < today:
        found.append(a_day(day, zone))
        day += _DAY
    hour = last_full_hour(until, zone)
    return [*found, hour] if hour.end > since else found


def a_day(day: date, zone: ZoneInfo) -> Span:
    return Span(Interval.DAY, day, start_of_day(day, zone), start_of_day(day + _DAY, zone))


def last_full_hour(until: datetime, zone: ZoneInfo) -> Span:
    """The last whole hour that was over at a moment. A day's hours are counted from its beginning; where a change of
    the clocks cuts the last one, that one is left to the day."""
    day = day_of(until, zone)
    start = start_of_day(day, zone)
    if until - start < _HOUR:
        day -= _DAY
        start, until = start_of_day(day, zone), start
    start += ((until - start) // _HOUR - 1) * _HOUR
    return Span(Interval.HOUR, day, start, start + _HOUR)


def same_days(day: date) -> list[date]:
    """The same weekdays of the four weeks before."""
    return [day - days * _DAY for days in range(WEEK, DAYS_BACK + 1, WEEK)]


def same_hours(hour: Span, zone: ZoneInfo) -> dict[date, datetime]:
    """When the same hour of the clock began on the days of the four weeks before, the earliest last.

    One that the clocks skipped is left out; one that they repeated counts as the first of the two.
    """
    clock = hour.start.astimezone(zone).time()
    days = (hour.day - days * _DAY for days in range(1, DAYS_BACK + 1))
    return {day: at for day in days if (at := _at_clock(day, clock, zone)) is not None}


def _at_clock(day: date, clock: time, zone: ZoneInfo) -> datetime | None:
    at = datetime.combine(day, clock.replace(fold=0), zone).astimezone(UTC)
    return at if at.astimezone(zone).time() == clock.replace(fold=0) else None


# ---------------------------------------------------------------- what is usual


@dataclass(frozen=True, slots=True)
class Habits:
    """What an agent did in the four weeks before."""

    first_day: date
    """The first of those days on which it was used."""
    usual_day: int
    """The median of the days on which it was used."""
    price: Fraction
    """What one of its activities cost on average."""

    @classmethod
    def of(cls, days: Mapping[date, tuple[int, int]]) -> "Habits | None":
        """From the credits and the number of activities of each day with any; None where there is none."""
        used = {day: credits for day, (credits, _) in days.items() if credits > 0}
        if not used:
            return None
        activities = sum(activities for _, activities in days.values())
        return cls(min(used), median(list(used.values())), Fraction(sum(used.values()), max(activities, 1)))

    def is_known_on(self, day: date) -> bool:
        """Whether the agent is used for long enough to say what is usual."""
        return (day - self.first_day).days >= DAYS_UNTIL_JUDGED


def median(values: Sequence[int]) -> int:
    """The value in the middle, or between the two in the middle."""
    ordered = sorted(values)
    low, high = _middle(len(ordered))
    return half_up(ordered[low] + ordered[high], 2)


def _middle(count: int) -> tuple[int, int]:
    assert count > 0
    return (count - 1) // 2, count // 2


def limit(length: Interval, same: Sequence[int], habits: Habits) -> int:
    """How many credits an hour or a day may use before it is far above those that it is compared with."""
    usual = _usual(same)
    if usual:
        far = min(max(usual + DEVIATIONS * _spread(same, usual, habits), LEAST_TIMES * usual), MOST_TIMES * usual)
    else:
        # It usually does nothing then, so only its whole days say what much is.
        far = LEAST_TIMES * habits.usual_day
    return max(far, int(_floor(length, habits)))


def may_be_far(credits: int, same: Sequence[int]) -> bool:
    """Whether an hour or a day may be far above others, whatever else is known of the agent."""
    return credits > LEAST_TIMES * _usual(same)


def _usual(same: Sequence[int]) -> int:
    # Refunds can bring a day below 0.
    return max(median(same), 0)


def _spread(same: Sequence[int], usual: int, habits: Habits) -> int:
    """How much the usual moves: as it did, and at least as much as it does by chance."""
    moved = half_up(median([abs(credits - usual) for credits in same]) * MAD_PER_MILLE, 1000)
    # Independent events are so many give or take their root; their lengths differ too, which doubles the variance.
    return max(moved, isqrt(int(2 * usual * habits.price)))


def _floor(length: Interval, habits: Habits) -> Fraction:
    if length is Interval.DAY:
        return FEWEST_OF_DAY * habits.price
    return max(FEWEST_OF_HOUR * habits.price, Fraction(habits.usual_day, PART_OF_DAY))


# ---------------------------------------------------------------- what was found


class Finding(NamedTuple):
    """An hour or a day in which an agent ran away."""

    span: Span
    used: Used
    usual: Used
    """The hours or days in the middle of those that it was compared with: one, or two together."""
    middle: int
    """How many those are."""

    @property
    def usual_credits(self) -> int:
        return half_up(max(self.usual.credits, 0), self.middle)

    @property
    def change(self) -> Change:
        """How it differs from the usual: by more activities, and by dearer ones."""
        now = Used({name: Counts(*(n * self.middle for n in counts)) for name, counts in self.used.by_activity.items()})
        whole = change_since(self.usual, now)
        credits = self.used.credits - self.usual_credits
        volume = half_up(whole.volume_effect, self.middle)
        return Change(credits, volume, credits - volume, whole.ratio)

    @property
    def main_activity(self) -> Activity:
        """What it used most credits for."""
        return Activity(largest_first({name: Used({name: of}) for name, of in self.used.by_activity.items()})[0][0])


def judge(span: Span, used: Used, same: Mapping[date, Used], habits: Habits) -> Finding | None:
    """Whether an agent ran away in an hour or a day, seen beside the same ones of the days that were compared."""
    if not habits.is_known_on(span.day):
        return None
    since = [others for day, others in same.items() if day >= habits.first_day]
    if used.credits <= limit(span.length, [others.credits for others in since], habits):
        return None
    ordered = sorted(since, key=lambda others: others.credits)
    middle = [ordered[place] for place in sorted(set(_middle(len(ordered))))]
    return Finding(span, used, Used.together(part for one in middle for part in one.by_activity.items()), len(middle))


_PLURALS = {
    Activity.CALL: "calls",
    Activity.TRANSLATION: "translations",
    Activity.MESSAGE: "messages",
    Activity.INTERVIEW: "interviews",
    Activity.TRANSCRIPT: "transcripts",
    Activity.FACT: "facts",
    Activity.DOCUMENT: "documents",
}


def message(finding: Finding, agent: str, model: str, zone: ZoneInfo) -> str:
    """What to tell of a finding: how much, when, beside what, and what drove it. The model may be empty."""
    used = in_credits(finding.used.credits)
    when, usual = _when(finding.span, zone), _beside_the_usual(finding)
    return f'"{agent}" used {used} credits {when}, {usual}. {_what_drove(finding.change)} {_mostly(finding, model)}'


def _when(span: Span, zone: ZoneInfo) -> str:
    if span.length is Interval.DAY:
        return f"on {_WEEKDAYS[span.day.weekday()]}, {span.day}"
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    return f"on {span.day} from {start:%H:%M} to {end:%H:%M}"


def _beside_the_usual(finding: Finding) -> str:
    usual = finding.usual_credits
    which = "that hour" if finding.span.length is Interval.HOUR else f"a {_WEEKDAYS[finding.span.day.weekday()]}"
    if usual <= 0:
        return f"where {which} usually has none"
    return f"{_times(finding.used.credits, usual)} times the usual {in_credits(usual)} of {which}"


def _times(used: int, usual: int) -> str:
    tenths = half_up(10 * used, usual)
    return str(half_up(tenths, 10)) if tenths >= 100 or tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}"


def _what_drove(change: Change) -> str:
    more, dearer = (_signed(effect) for effect in (change.volume_effect, change.price_effect))
    if change.volume_effect >= change.price_effect > 0:
        return f"More activities drove most of it ({more} credits); dearer ones the rest ({dearer})."
    if change.price_effect > change.volume_effect > 0:
        return f"Dearer activities drove most of it ({dearer} credits); more of them the rest ({more})."
    if change.volume_effect >= change.price_effect:
        return f"More activities drove it ({more} credits), not dearer ones ({dearer})."
    return f"Dearer activities drove it ({dearer} credits), not more of them ({more})."


def _signed(credits: int) -> str:
    return f"{'+' if credits >= 0 else ''}{in_credits(credits)}"


def _mostly(finding: Finding, model: str) -> str:
    activity = finding.main_activity
    usual = half_up(finding.usual.count(activity), finding.middle)
    by_model = f" of {model}" if model else ""
    return f"Mostly {_PLURALS[activity]}{by_model}: {finding.used.count(activity)}, usually {usual}."


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
