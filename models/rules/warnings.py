"""When a tenant is warned that its credits run low."""

from collections.abc import Iterable, Sequence

from models.rules.amounts import in_credits
from models.rules.refusals import Invalid

MOST_THRESHOLDS = 10


def checked_thresholds(thresholds: Sequence[int]) -> tuple[int, ...]:
    """Thresholds as they are kept: each once, the lowest first."""
    if len(thresholds) > MOST_THRESHOLDS:
        raise Invalid(f"There are at most {MOST_THRESHOLDS} thresholds.", ("thresholds",))
    for position, threshold in enumerate(thresholds):
        if threshold < 0:
            raise Invalid("A threshold is 0 credits or more.", ("thresholds", str(position)))
    return tuple(sorted(set(thresholds)))


def crossed(thresholds: Iterable[int], before: int, after: int) -> list[int]:
    """The thresholds that a change of the available credits went below, the highest first."""
    return sorted((threshold for threshold in thresholds if after < threshold <= before), reverse=True)


def ran_out(before: int, after: int) -> bool:
    """Whether a change left nothing of what was available."""
    return after <= 0 < before


def low_balance_message(threshold: int, available: int) -> str:
    return f"Less than {in_credits(threshold)} credits are available: {in_credits(available)}."


def out_of_credits_message(available: int) -> str:
    return f"No credits are left: {in_credits(available)} are available."


def thresholds_as_text(thresholds: Sequence[int]) -> str:
    """Thresholds as they are stored."""
    return ",".join(map(str, thresholds))


def thresholds_of_text(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(","))) if text else ()
