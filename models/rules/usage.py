"""What was used: sums by activity, and how two of them differ."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from models.rules.amounts import MICRO, half_up
from models.rules.refusals import Invalid
from models.rules.words import Activity

MOST_BUFFER_PERCENT = 1_000


class Counts(NamedTuple):
    """What was used of one activity."""

    activities: int = 0
    call_seconds: int = 0
    billed_seconds: int = 0
    interviews_invited: int = 0
    interviews_completed: int = 0
    interviews_partial: int = 0
    interactions: int = 0
    credits: int = 0

    def plus(self, other: "Counts") -> "Counts":
        return Counts(*map(sum, zip(self, other, strict=True)))


NO_COUNTS = Counts()


@dataclass(frozen=True, slots=True)
class Used:
    """What was used in all. Interactions, which cost nothing by themselves, have the activity ""."""

    by_activity: Mapping[str, Counts]

    @classmethod
    def together(cls, parts: Iterable[tuple[str, Counts]]) -> "Used":
        """The sum of parts, each of one activity."""
        sums: dict[str, Counts] = {}
        for activity, counts in parts:
            known = sums.get(activity)
            sums[activity] = counts if known is None else known.plus(counts)
        return cls(sums)

    def of(self, activity: str) -> Counts:
        return self.by_activity.get(activity, NO_COUNTS)

    def count(self, activity: Activity) -> int:
        """How many there were of an activity; of interviews, the conducted ones."""
        return self.of(activity).activities

    def total(self) -> Counts:
        """All activities together."""
        several = self.by_activity.values()
        return Counts(*map(sum, zip(*several, strict=True))) if len(several) > 1 else next(iter(several), NO_COUNTS)

    @property
    def credits(self) -> int:
        return sum(counts.credits for counts in self.by_activity.values())

    @property
    def is_nothing(self) -> bool:
        return not any(any(counts) for counts in self.by_activity.values())


NOTHING = Used({})


def largest_first(parts: Mapping[str, Used]) -> list[tuple[str, Used]]:
    """Parts by their keys: by credits, then by how much was done, then by key. What is nothing has no place."""

    def size(part: tuple[str, Used]) -> tuple[int, int, str]:
        total = part[1].total()
        return -total.credits, -total.activities - total.interactions, part[0]

    return sorted(((key, used) for key, used in parts.items() if not used.is_nothing), key=size)


def share_of(part: int, whole: int) -> float:
    """Part of the whole, 0 to 1. Refunds can make a part negative, or larger than the whole."""
    return min(max(part / whole, 0.0), 1.0) if whole > 0 else 0.0


class Change(NamedTuple):
    """How what was used differs from what was used then, in credits. The effects add up to all of it."""

    credits: int
    volume_effect: int
    price_effect: int
    ratio: float | None


def change_since(then: Used, now: Used) -> Change:
    """By activity: more or fewer of them at the price of then are volume, whatever is left is price."""
    change = now.credits - then.credits
    volume = sum(_volume(then.of(name), now.of(name)) for name in {*then.by_activity, *now.by_activity})
    ratio = change / then.credits if then.credits else None
    return Change(change, volume, change - volume, ratio)


def _volume(then: Counts, now: Counts) -> int:
    if then.activities <= 0:
        return now.credits - then.credits
    return half_up((now.activities - then.activities) * then.credits, then.activities)


class HiringNeed(NamedTuple):
    """What a month of hiring will need."""

    interviews: float
    credits: int
    recommended: int


def hiring_need(
    roles_per_month: int, candidates_per_role: int, completion_rate: float, buffer_percent: float, price: int
) -> HiringNeed:
    """Roles x candidates x the part that completes its interview, at a price each; and a buffer on top."""
    for value, most, name in (
        (roles_per_month, None, "roles_per_month"),
        (candidates_per_role, None, "candidates_per_role"),
        (completion_rate, 1, "completion_rate"),
        (buffer_percent, MOST_BUFFER_PERCENT, "buffer_percent"),
    ):
        if value < 0 or (most is not None and value > most):
            raise Invalid(f"This is 0 {'or more' if most is None else f'to {most}'}.", (name,))
    # As the numbers were written: 0.3 is three tenths here, which no binary float is.
    interviews = roles_per_month * candidates_per_role * Fraction(repr(completion_rate))
    credits = _rounded(interviews * price)
    with_buffer = credits * (1 + Fraction(repr(buffer_percent)) / 100)
    return HiringNeed(float(interviews), credits, _rounded(with_buffer))


def _rounded(amount: Fraction) -> int:
    return half_up(amount.numerator, amount.denominator)


USUAL_PRICE_OF_INTERVIEW = MICRO
