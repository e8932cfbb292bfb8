"""How amounts, instants, days and large numbers are read and written."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from graphql import GraphQLError, parse_value
from strawberry.types.scalar import ScalarDefinition

from models.rules.amounts import MICRO
from resolvers.scalars import BIG_INT, CREDITS, DATE, DATE_TIME, DECIMAL

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read(scalar: ScalarDefinition, value: object) -> Any:
    assert scalar.parse_value
    return scalar.parse_value(value)


def read_literal(scalar: ScalarDefinition, text: str) -> Any:
    assert scalar.parse_literal
    return scalar.parse_literal(parse_value(text), None)


def show(scalar: ScalarDefinition, value: object) -> Any:
    assert scalar.serialize
    return scalar.serialize(value)


@pytest.mark.parametrize("value", ["12.5", 12.5, "1.25e1"])
def test_an_amount_is_taken_as_text_or_as_a_number(value: object) -> None:
    assert read(CREDITS, value) == 12_500_000


def test_an_amount_in_a_document_keeps_all_its_digits() -> None:
    assert read_literal(CREDITS, "999999999.123456") == 999_999_999_123_456
    assert read_literal(CREDITS, '"0.000001"') == 1
    assert read_literal(CREDITS, "3") == 3 * MICRO


@pytest.mark.parametrize("value", ["", "1,5", "NaN", "1.0000001", 1e300, True, None, [], 2**63, "9" * 5_000])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        read(CREDITS, value)


@pytest.mark.parametrize("text", ["true", "CREDITS", "[1]", "1.0000001", "{a: 1}", "1e400"])
def test_what_is_no_amount_in_a_document_is_refused(text: str) -> None:
    with pytest.raises(GraphQLError):
        read_literal(CREDITS, text)


def test_amounts_are_shown_without_needless_digits() -> None:
    assert [show(CREDITS, micro) for micro in (12_500_000, -1, 0, 7 * MICRO)] == ["12.5", "-0.000001", "0", "7"]


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01t12:00:00.000z",
        "2026-03-01T12:00Z",
        "2026-03-01T13:00:00+01:00",
        "2026-03-01T17:30:00+0530",
        "2026-03-01T07:00:00.000000000-05",
    ],
)
def test_an_instant_may_be_given_in_any_zone(text: str) -> None:
    assert read(DATE_TIME, text) == NOON
    assert read(DATE_TIME, text).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T12:00:00",
        "2026-03-01",
        "2026",
        "2026-W01",
        "2026-02-30T12:00:00Z",
        "2026-03-01T24:30:00Z",
        "2026-03-01T12:00:60Z",
        "2026-03-01 12:00:00Z",
        "2026-03-01T12:00:00+25:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "\uff12026-03-01T12:00:00Z",
        "",
        1767225600,
        None,
    ],
)
def test_what_is_no_instant_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        read(DATE_TIME, value)


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (NOON, "2026-03-01T12:00:00Z"),
        (NOON + timedelta(milliseconds=250), "2026-03-01T12:00:00.25Z"),
        (NOON + timedelta(microseconds=1), "2026-03-01T12:00:00.000001Z"),
        (NOON.astimezone(timezone(timedelta(hours=2))), "2026-03-01T12:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_instants_are_shown_in_utc_with_a_fraction_only_where_there_is_one(instant: datetime, text: str) -> None:
    assert show(DATE_TIME, instant) == text


def test_a_day_is_taken_as_year_month_and_day() -> None:
    assert read(DATE, "2026-03-01") == date(2026, 3, 1)
    assert show(DATE, date(2026, 3, 1)) == "2026-03-01"


@pytest.mark.parametrize("value", ["20260301", "2026-W09-7", "2026-02-30", "2026-3-1", "2026-03-01T00:00:00Z", 5, None])
def test_what_is_no_day_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        read(DATE, value)


@pytest.mark.parametrize("value", [2**53, -(2**53), 0, 7.0])
def test_a_large_whole_number_is_taken(value: object) -> None:
    assert read(BIG_INT, value) == value


@pytest.mark.parametrize("value", [2**53 + 1, 1.5, "7", True, None, float("inf"), float("nan")])
def test_what_is_no_large_whole_number_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        read(BIG_INT, value)


@pytest.mark.parametrize("text", ["9" * 400, "9007199254740993", "1.0", '"7"'])
def test_what_is_no_large_whole_number_in_a_document_is_refused(text: str) -> None:
    with pytest.raises(GraphQLError):
        read_literal(BIG_INT, text)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1E+999999", True, "1_0", "9" * 100, float("nan")])
def test_what_is_no_decimal_number_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError):
        read(DECIMAL, value)
