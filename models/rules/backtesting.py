"""A forecast tried on the past that it was made from: from many earlier days on, each time with what was known then.

That chooses the method, says how far it was off, and how far what is used may lie from what is expected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import isqrt

from models.rules.amounts import half_up
from models.rules.seasons import FIRST_WEEK, WEEK, Method, Weeks

MOST_TRIALS = 52
"""The last so many weeks are tried from: what was long ago says less."""
FOUR_WEEKS = 4 * WEEK

_FIRST_TRIAL, _FIRST_SHORT_TRIAL = 4, 2
_LONG_PAST = 8
"""From so many weeks on, four weeks are tried instead of one."""
_CHOICES_NEEDED = 13
"""So many trials tell methods apart."""
_LEAST_GAIN = 5
"""By how many percent another method must err less than the steady one."""
_TRIALS_OF_MONTHS, _TRIALS_OF_WEEKS = 9, 4
"""So many errors tell what four of five are. Longer stretches overlap, so that a few of them say little."""
_PARTS = 10**6
_FARTHEST_TRIED = 26 * WEEK


@dataclass(frozen=True)
class Tried:
    """The method that errs least on a past, and how it errs. The past is at least a week."""

    weeks: Weeks

    @cached_property
    def method(self) -> Method:
        """Another than the steady one only where it was clearly better."""
        best = Method.STEADY
        for other in (Method.GROWING, Method.YEARLY):
            trials = range(max(FIRST_WEEK[other], _LONG_PAST), len(self.weeks) - FOUR_WEEKS // WEEK + 1)[-MOST_TRIALS:]
            if len(trials) < _CHOICES_NEEDED:
                continue
            if self._missed(other, trials) * 100 < self._missed(best, trials) * (100 - _LEAST_GAIN):
                best = other
        return best

    def _missed(self, method: Method, trials: Sequence[int]) -> int:
        """How far sums of four weeks were off, together."""
        return sum(
            abs(self._used(trial, 0, FOUR_WEEKS) - self.weeks.outlook(method, trial).until(FOUR_WEEKS))
            for trial in trials
        )

    def _used(self, trial: int, start: int, length: int) -> int:
        """What was used on some days, counted from the day from which was looked ahead."""
        first = trial * WEEK + start
        return self.weeks.sums[first + length] - self.weeks.sums[first]

    # ------------------------------------------------------------ how far it was off

    def error(self) -> Fraction | None:
        """The sum of the absolute errors of days by what was used on them; None where there is too little past."""
        weeks = FOUR_WEEKS // WEEK if len(self.weeks) >= _LONG_PAST else 1
        missed = used = 0
        for trial in self._trials(0, weeks * WEEK):
            expected = self.weeks.outlook(self.method, trial).by_day(weeks)
            happened = self.weeks.days[trial * WEEK : (trial + weeks) * WEEK]
            missed += sum(abs(one - other) for one, other in zip(expected, happened, strict=True))
            used += sum(happened)
        return Fraction(missed, used) if used > 0 else None

    def _trials(self, start: int, length: int) -> range:
        """After how many weeks was looked ahead to days that are past by now."""
        last = len(self.weeks) - -(-(start + length) // WEEK)
        return range(self._first_trial, last + 1)[-MOST_TRIALS:]

    @cached_property
    def _first_trial(self) -> int:
        """After how many weeks was looked ahead for the first time."""
        return max(_FIRST_TRIAL if len(self.weeks) >= _LONG_PAST else _FIRST_SHORT_TRIAL, FIRST_WEEK[self.method])

    # ------------------------------------------------------------ how far it may be off

    def margin(self, start: int, length: int) -> Fraction | None:
        """How far the sum of some days ahead may lie from what is expected, four times of five, in parts of its size.

        As seen from days that lay as far ahead in the past. Where too few did, nearer ones are taken, or single weeks,
        and their errors grow with the root of the distance. None where even those are too few.
        """
        farthest = min(_FARTHEST_TRIED, (len(self.weeks) - self._first_trial - _TRIALS_OF_MONTHS + 1) * WEEK)
        if farthest >= length:
            near, few, trials = min(start, farthest - length), length, _TRIALS_OF_MONTHS
        else:
            near, few, trials = 0, WEEK, _TRIALS_OF_WEEKS
        errors = self._errors(near, few)
        if len(errors) < trials:
            return None
        # The next error is, four times of five, no larger than the one of this rank.
        error = errors[-(-4 * (len(errors) + 1) // 5) - 1]
        return Fraction(error * _root(max(start + length, few), near + few), _PARTS**2)

    def _errors(self, start: int, length: int) -> list[int]:
        """How far such days were off in the past, in millionths of their size, the smallest first."""
        known = self._known_errors.get((start, length))
        if known is not None:
            return known
        found, usual = [], self.usual(length)
        for trial in self._trials(start, length):
            expected = self.weeks.outlook(self.method, trial).between(start, length)
            if expected + usual > 0:
                missed = abs(self._used(trial, start, length) - expected)
                found.append(half_up(missed * _PARTS, expected + usual))
        self._known_errors[start, length] = sorted(found)
        return self._known_errors[start, length]

    @cached_property
    def _known_errors(self) -> dict[tuple[int, int], list[int]]:
        return {}

    def usual(self, length: int) -> int:
        """What so many days come to on average of the whole past: errors are seen beside it too, so that those of quiet
        times do not look endless."""
        return half_up(max(self.weeks.sums[-1], 0) * length, len(self.weeks.days))


def _root(distance: int, tried: int) -> int:
    """The root of how many times farther something lies, in millionths."""
    return isqrt(_PARTS**2 * distance // tried)
