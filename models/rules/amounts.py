"""Credits as whole millionths, and as the decimal text that people and programs outside read and write."""

import re
from decimal import Decimal
from math import isfinite

MICRO = 1_000_000
LARGEST = 10**15  # the largest amount that an input may name, in millionths: one billion credits.

_DECIMALS = 6
_SHOWN = 40
# No amount that may be named needs more characters, even with a generous exponent.
_LONGEST_TEXT = 80
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?", re.ASCII)


def in_credits(micro: int) -> str:
    """The amount as decimal text: no exponent, no needless zeros."""
    sign = "-" if micro < 0 else ""
    whole, rest = divmod(abs(micro), MICRO)
    if not rest:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{rest:06d}".rstrip("0")


def parse_credits(value: object) -> int:
    """The amount in millionths. What is no exact amount of credits raises ValueError.

    A float counts as the shortest decimal that names it, which is what stood in the JSON.
    """
    if isinstance(value, bool):
        raise ValueError("An amount of credits is a number, not true or false.")
    if isinstance(value, int):
        # Compared before it is shown: a huge integer has no short text.
        if abs(value) > LARGEST // MICRO:
            raise _too_large()
        return int(value) * MICRO
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError("An amount of credits is a finite number.")
        return _from_text(float.__repr__(value))
    if isinstance(value, Decimal):
        return _from_decimal(value)
    raise ValueError("An amount of credits is a decimal number, such as 12.5.")


def half_up(numerator: int, denominator: int) -> int:
    """The quotient as a whole number; a half is rounded away from zero. The denominator is positive."""
    if numerator < 0:
        return -((-2 * numerator + denominator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def _from_text(text: str) -> int:
    match = _NUMBER.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise ValueError(f"{_shown(text)} is not an amount of credits, such as 12.5.")
    sign, whole, fraction, exponent = match.groups()
    fraction = fraction or ""
    # The value is digits x 10^shift millionths; shift has at most three digits, so this stays small.
    digits = int(whole + fraction)
    shift = _DECIMALS - len(fraction) + int(exponent or 0)
    return _scaled(-digits if sign else digits, shift)


def _from_decimal(value: Decimal) -> int:
    if not value.is_finite():
        raise ValueError("An amount of credits is a finite number.")
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if len(digits) > _LONGEST_TEXT:
        raise ValueError("This number has too many digits for an amount of credits.")
    number = int("".join(map(str, digits)))
    return _scaled(-number if sign else number, exponent + _DECIMALS)


def _scaled(digits: int, shift: int) -> int:
    """digits x 10^shift, exactly, and no more than the largest amount."""
    if digits == 0:
        return 0
    if shift >= 0:
        if shift > len(str(LARGEST)):
            raise _too_large()
        micro: int = digits * 10**shift
    else:
        # Beyond the longest text there is always a digit that is lost.
        micro, lost = divmod(digits, 10 ** min(-shift, _LONGEST_TEXT + 1))
        if lost:
            raise ValueError(f"An amount of credits has at most {_DECIMALS} decimals.")
    if abs(micro) > LARGEST:
        raise _too_large()
    return micro


def _too_large() -> ValueError:
    return ValueError(f"An amount of credits lies between -{in_credits(LARGEST)} and {in_credits(LARGEST)}.")


def _shown(text: str) -> str:
    return ascii(text if len(text) <= _SHOWN // 2 else text[: _SHOWN // 2] + "...")[:_SHOWN]
