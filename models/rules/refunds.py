"""How what is given back of an activity is split over the lines of its charge."""

from collections.abc import Sequence


def of_lines(lines: Sequence[int], before: int, after: int) -> list[int]:
    """What of each line is given back, when more is refunded in all than before; a call's own line comes first.

    Whatever the parts in which an activity is refunded, all of them together give back each line whole.
    """
    parts = []
    for credits in lines:
        parts.append(min(after, credits) - min(before, credits))
        before, after = max(0, before - credits), max(0, after - credits)
    assert not before
    assert not after, "No more is given back than was charged."
    return parts
