"""What stands in a file, as instants, numbers and words. What cannot be read raises ValueError with the reason.

Nothing goes through a binary float: digits are cut or refused, never changed.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from models.rules.amounts import MICRO

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
# Plain numbers from here on, in seconds since 1970, are instants of 1973 and later: 20250131 is none of them.
_SURELY_SECONDS = 100_000_000
_TRUE, _FALSE = frozenset(("true", "yes", "1")), frozenset(("false", "no", "0"))


class TimeUnit(StrEnum):
    """What instants that are written as numbers count."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"


_MICROSECONDS = {TimeUnit.SECONDS: MICRO, TimeUnit.MILLISECONDS: 1_000, TimeUnit.MICROSECONDS: 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Word = TypeVar("Word", bound=StrEnum)


class Times:
    """Reads instants: with a zone, as wall clock of one zone, or as a number counted from a beginning."""

    def __init__(self, zone: ZoneInfo, unit: TimeUnit | None = None, beginning: datetime | None = None) -> None:
        self.zone = zone
        self.ambiguous = 0
        """How many local times happened twice."""
        self._is_told = unit is not None or beginning is not None
        self._unit = _MICROSECONDS[unit or TimeUnit.SECONDS]
        self._beginning = beginning or _EPOCH

    def instant(self, text: str, after: datetime | None = None) -> datetime:
        """The instant in UTC. Of a local time that happened twice the first, or the second if the first was before
        what it came after."""
        try:
            if _NUMBER.fullmatch(text):
                return self._counted(text)
            at = _written(text)
            return at.astimezone(UTC) if at.tzinfo else self._in_zone(at, after)
        except OverflowError:
            raise ValueError("This is not between the years 1 and 9999.") from None

    def _in_zone(self, at: datetime, after: datetime | None) -> datetime:
        local = at.replace(tzinfo=self.zone)
        second = local.replace(fold=1)
        before, behind = local.utcoffset(), second.utcoffset()
        assert before is not None
        assert behind is not None
        if before < behind:
            raise ValueError(f"The clocks of {self.zone.key} never showed this time: they were put forward over it.")
        if before == behind:
            return local.astimezone(UTC)
        self.ambiguous += 1
        first = local.astimezone(UTC)
        return first if after is None or first >= after else second.astimezone(UTC)

    def _counted(self, text: str) -> datetime:
        number = Decimal(text)
        if not self._is_told and number < _SURELY_SECONDS:
            raise ValueError("Say what this number counts, with --time-unit or --time-from.")
        passed = (number * self._unit).to_integral_value(ROUND_FLOOR)
        return self._beginning + timedelta(microseconds=int(passed))


def _written(text: str) -> datetime:
    try:
        # It cuts what is more than six digits of a second.
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("This is no instant, such as 2026-01-31T09:30:00Z.") from None


def whole_number(text: str) -> int:
    number = _number(text)
    if number != number.to_integral_value():
        raise ValueError("This is not a whole number.")
    return int(number)


def seconds(text: str) -> timedelta:
    """A duration; digits beyond the microsecond are cut."""
    passed = (_number(text) * MICRO).to_integral_value(ROUND_FLOOR)
    try:
        return timedelta(microseconds=int(passed))
    except OverflowError:
        raise ValueError("This is too long.") from None


def millionths(text: str) -> int:
    """A part of one, rounded half up to a millionth."""
    return int((_number(text) * MICRO).to_integral_value(ROUND_HALF_UP))


def truth(text: str) -> bool:
    word = text.lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("This is neither true nor false.")
    return word in _TRUE


def word_of(words: type[Word], text: str) -> Word:
    """One of a few words, however it is written: inbound, Inbound and INBOUND are one."""
    try:
        return words(text.upper())
    except ValueError:
        raise ValueError(f"This is none of {', '.join(words)}.") from None


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError("This is not a number.")
    return Decimal(text)
