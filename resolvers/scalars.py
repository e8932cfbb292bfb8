"""How amounts, instants, days and large numbers are written in the graph, and what is taken for one.

Literals are read from their text: a number in a document never becomes a binary float on its way.
"""

import datetime
import decimal
import re
from collections.abc import Callable, Mapping
from typing import Any, NewType

import strawberry
from graphql import FloatValueNode, GraphQLError, IntValueNode, StringValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

from models.rules.amounts import in_credits, parse_credits

Credits = NewType("Credits", int)
"""Millionths of a credit in Python, decimal text in the graph."""

BigInt = NewType("BigInt", int)

LARGEST_BIG_INT = 2**53

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)",
    re.ASCII,
)
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_LONGEST_DECIMAL = 60
_SHOWN = 40

Parse = Callable[[Any], Any]


def parse_date(value: object) -> datetime.date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError(f'{_shown(value)} is not a day, such as "2026-03-01".')


def parse_date_time(value: object) -> datetime.datetime:
    """The instant, in UTC and to the microsecond. One without a zone or offset is refused."""
    found = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if found:
        day, minutes, seconds, offset = found.groups()
        # Digits beyond microseconds would not be read by every version of Python.
        text = f"{day}T{minutes}{(seconds or ':00')[:10]}{offset.upper()}"
        try:
            return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError(f'{_shown(value)} is not an instant with its zone or offset, such as "2026-03-01T09:30:00Z".')


def show_date_time(value: datetime.datetime) -> str:
    text = value.astimezone(datetime.UTC).replace(tzinfo=None).isoformat()
    return f"{text.rstrip('0') if value.microsecond else text}Z"


def parse_decimal(value: object) -> decimal.Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | decimal.Decimal):
        raise ValueError('A decimal number is written as "12.5".')
    text = repr(value) if isinstance(value, float) else str(value)
    if len(text) > _LONGEST_DECIMAL or not _DECIMAL.fullmatch(text):
        raise ValueError(f'{_shown(text)} is not a decimal number, such as "12.5".')
    return decimal.Decimal(text)


def parse_big_int(value: object) -> int:
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(whole, bool) or not isinstance(whole, int) or abs(whole) > LARGEST_BIG_INT:
        raise ValueError("This is a whole number between -2^53 and 2^53.")
    return whole


def _parse_big_int_text(text: str) -> int:
    # Longer texts are out of range, and thousands of digits would not convert at all.
    return parse_big_int(int(text) if len(text) <= 20 else LARGEST_BIG_INT + 1)


def _shown(value: object) -> str:
    # A number may have more digits than Python is willing to show.
    return ascii(value)[:_SHOWN] if isinstance(value, str) else f"This {type(value).__name__}"


def _scalar(
    name: str,
    description: str,
    *,
    show: Callable[[Any], Any],
    parse: Parse,
    literals: Mapping[type[ValueNode], Parse],
    specified_by: str | None = None,
) -> ScalarDefinition:
    """A scalar; literals says how the text of each kind of literal that it takes is read."""

    def from_value(value: object) -> Any:
        try:
            return parse(value)
        except ValueError as error:
            raise GraphQLError(str(error)) from None

    def from_literal(node: ValueNode, _variables: object = None) -> Any:
        read = literals.get(type(node))
        if read is None:
            raise GraphQLError(f"{name} cannot be written like this.", node)
        try:
            return read(node.value)  # type: ignore[attr-defined]
        except ValueError as error:
            raise GraphQLError(str(error), node) from None

    return strawberry.scalar(
        name=name,
        description=description,
        specified_by_url=specified_by,
        serialize=show,
        parse_value=from_value,
        parse_literal=from_literal,
    )


def _as_text(value: object) -> str:
    return str(value)


CREDITS = _scalar(
    "Credits",
    'An exact amount of credits with up to 6 decimals, sent as a string: "12.5". Input takes a string or a number.',
    show=in_credits,
    parse=parse_credits,
    literals={StringValueNode: parse_credits, IntValueNode: parse_credits, FloatValueNode: parse_credits},
)
DECIMAL = _scalar(
    "Decimal",
    'An exact decimal number, sent as a string: "2.5".',
    show=_as_text,
    parse=parse_decimal,
    literals={StringValueNode: parse_decimal, IntValueNode: parse_decimal, FloatValueNode: parse_decimal},
)
DATE_TIME = _scalar(
    "DateTime",
    'An instant, ISO 8601 in UTC: "2026-03-01T09:30:00Z". Input must carry a zone or offset.',
    show=show_date_time,
    parse=parse_date_time,
    literals={StringValueNode: parse_date_time},
)
DATE = _scalar(
    "Date",
    'A calendar day, "2026-03-01"; a tenant\'s days are days in its own time zone.',
    show=datetime.date.isoformat,
    parse=parse_date,
    literals={StringValueNode: parse_date},
)
BIG_INT = _scalar(
    "BigInt",
    "A whole number up to 2^53, sent as a number.",
    show=int,
    parse=parse_big_int,
    literals={IntValueNode: _parse_big_int_text},
)

SCALARS: dict[object, ScalarDefinition] = {
    Credits: CREDITS,
    BigInt: BIG_INT,
    decimal.Decimal: DECIMAL,
    datetime.datetime: DATE_TIME,
    datetime.date: DATE,
}
