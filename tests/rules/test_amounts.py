import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.amounts import LARGEST, MICRO, half_up, in_credits, parse_credits

MICROS = st.integers(-LARGEST, LARGEST)


@pytest.mark.parametrize(
    ("micro", "text"),
    [
        (0, "0"),
        (MICRO, "1"),
        (12_500_000, "12.5"),
        (-1, "-0.000001"),
        (10_000_000, "10"),
        (LARGEST, "1000000000"),
    ],
)
def test_amounts_are_shown_without_exponents_and_needless_zeros(micro: int, text: str) -> None:
    assert in_credits(micro) == text


@given(MICROS)
def test_an_amount_that_is_shown_is_read_back_exactly(micro: int) -> None:
    text = in_credits(micro)

    assert parse_credits(text) == micro
    assert parse_credits(Decimal(text)) == micro
    assert Decimal(text) * MICRO == micro


@given(st.integers(-(10**9) * MICRO, 10**9 * MICRO))
def test_a_number_in_json_counts_as_what_was_written(micro: int) -> None:
    # 15 digits are what a float always keeps.
    micro = micro // 10 if abs(micro) >= 10**14 else micro

    assert parse_credits(json.loads(in_credits(micro))) == micro


@pytest.mark.parametrize(
    ("value", "micro"),
    [
        (0.1, 100_000),
        (1e-06, 1),
        (1e9, LARGEST),
        (-0.0, 0),
        ("-0", 0),
        ("1e3", 1_000 * MICRO),
        ("2.5E-1", 250_000),
        ("1.5000000", 1_500_000),
        ("007", 7 * MICRO),
        (7, 7 * MICRO),
        (Decimal("1E+9"), LARGEST),
        (Decimal("0E+999999"), 0),
    ],
)
def test_usual_ways_to_write_a_number_are_understood(value: object, micro: int) -> None:
    assert parse_credits(value) == micro


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, None, [], {}, b"1", 1j),
        *(float("nan"), float("inf"), float("-inf"), 0.1 + 0.2, 1e-7, 1e300),
        *(Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), Decimal("1E-7"), Decimal("1E+999999")),
        *("", "-", ".", "1.", ".5", "+1", "--1", " 1", "1 ", "1\n", "1_000", "1,5", "0x10", "1e", "e1"),
        *("NaN", "Infinity", "-inf", "null", "\u0661", "\uff11", "1\x00", "\ud800"),
        *("0.0000001", "1e-7", "1e10", "1e999", "1e-999", "1e9999999999", "1000000000.000001"),
        *(10**9 + 1, -(10**9) - 1),
    ],
)
def test_what_is_no_exact_amount_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"credits|decimal|number") as refused:
        parse_credits(value)
    assert len(str(refused.value)) < 150


@pytest.mark.parametrize(
    "value",
    ["1" * 1_000_000, "0." + "0" * 1_000_000, 10**100_000, Decimal("1" * 100_000), "\U0001f600" * 1_000_000],
    ids=["digits", "zeros", "integer", "decimal", "pictures"],
)
def test_enormous_input_is_refused_and_not_repeated(value: object) -> None:
    with pytest.raises(ValueError, match=r"credits|decimal|number") as refused:
        parse_credits(value)

    assert len(str(refused.value)) < 150


@given(st.text())
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    try:
        micro = parse_credits(text)
    except ValueError:
        return
    assert Decimal(text) * MICRO == micro


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**12))
def test_halves_are_rounded_away_from_zero(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    rounded = half_up(numerator, denominator)

    assert abs(exact - rounded) <= Fraction(1, 2)
    if abs(exact - rounded) == Fraction(1, 2):
        assert abs(rounded) > abs(exact)
