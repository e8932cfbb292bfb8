from hypothesis import given
from hypothesis import strategies as st

from models.rules.refunds import of_lines


def test_a_calls_own_line_is_given_back_first() -> None:
    assert of_lines([4, 2], 0, 5) == [4, 1]
    assert of_lines([4, 2], 5, 6) == [0, 1]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=3), st.lists(st.integers(0, 40)))
def test_whatever_the_parts_each_line_is_given_back_whole(lines: list[int], parts: list[int]) -> None:
    back, before = [0] * len(lines), 0
    for part in [*parts, sum(lines)]:
        after = min(before + part, sum(lines))
        given_back = of_lines(lines, before, after)
        assert sum(given_back) == after - before
        assert min(given_back) >= 0
        back = [a + b for a, b in zip(back, given_back, strict=True)]
        before = after

    assert back == lines
