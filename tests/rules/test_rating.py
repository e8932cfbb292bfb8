from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules import rating
from models.rules.amounts import LARGEST, MICRO
from models.rules.rating import Increment, Line, PriceBook, Rate, RateList
from models.rules.refusals import Invalid, NoRate
from models.rules.reports import (
    CallReport,
    DocumentReport,
    FactReport,
    InterviewReport,
    MessageReport,
    TranscriptReport,
)
from models.rules.words import Activity, CallDirection, InterviewStatus, RateUnit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
SOME = UUID(int=1)
BY_MINUTE = Increment(60, 60)

CALL = Rate(Activity.CALL, None, RateUnit.MINUTE, MICRO)
TRANSLATION = Rate(Activity.TRANSLATION, None, RateUnit.MINUTE, MICRO // 2)
MESSAGE = Rate(Activity.MESSAGE, None, RateUnit.MESSAGE, 2 * MICRO)
BY_TOKENS = Rate(Activity.MESSAGE, "large", RateUnit.THOUSAND_TOKENS, MICRO // 2)
TRANSCRIPT = Rate(Activity.TRANSCRIPT, None, RateUnit.MINUTE, MICRO)
FACT = Rate(Activity.FACT, None, RateUnit.FACT, 250_000)
DOCUMENT = Rate(Activity.DOCUMENT, None, RateUnit.DOCUMENT, 3 * MICRO)

INCREMENTS = st.builds(Increment, st.integers(1, 3_600), st.integers(1, 3_600))


def a_book(*rates: Rate) -> PriceBook:
    return PriceBook([RateList(NOON, NOON, rates)])


FULL = a_book(CALL, TRANSLATION, MESSAGE, BY_TOKENS, TRANSCRIPT, FACT, DOCUMENT)


def a_call(seconds: int, **changes: Any) -> CallReport:
    call = CallReport(SOME, "k", CallDirection.OUTBOUND, NOON, NOON + seconds * SECOND, NOON)
    return call._replace(**changes)


def a_message(**changes: Any) -> MessageReport:
    return MessageReport(SOME, "k", NOON)._replace(**changes)


# ---------------------------------------------------------------- seconds


@pytest.mark.parametrize(
    ("seconds", "first", "following", "billed"),
    [
        (0, 60, 60, 0),
        (1, 60, 60, 60),
        (60, 60, 60, 60),
        (61, 60, 60, 120),
        (61, 30, 30, 90),
        (61, 60, 1, 61),
        (7, 6, 6, 12),
        (30, 60, 1, 60),
    ],
)
def test_seconds_are_billed_in_steps(seconds: int, first: int, following: int, billed: int) -> None:
    assert rating.billed_seconds(seconds, Increment(first, following)) == billed


@given(st.integers(1, 10**7), INCREMENTS)
def test_billed_are_the_fewest_steps_that_cover_the_call(seconds: int, increment: Increment) -> None:
    billed = rating.billed_seconds(seconds, increment)
    steps, rest = divmod(billed - increment.first_seconds, increment.next_seconds)

    assert (rest, billed >= seconds, steps >= 0) == (0, True, True)
    assert steps == 0 or billed - increment.next_seconds < seconds


@given(st.integers(0, 10**6), st.integers(0, 10**10), INCREMENTS)
def test_a_call_costs_its_steps_rounded_half_up_once(seconds: int, rate: int, increment: Increment) -> None:
    price = rating.seconds_price(seconds, rate, increment)
    exact = Fraction(rating.billed_seconds(seconds, increment) * rate, 60)

    assert Fraction(-1, 2) < price - exact <= Fraction(1, 2)


@given(st.integers(0, LARGEST), st.integers(1, 10**10), INCREMENTS)
def test_the_longest_call_is_paid_for_and_one_second_more_is_not(
    available: int, rate: int, increment: Increment
) -> None:
    longest = rating.longest_seconds(available, rate, increment)

    assert longest is not None
    assert rating.seconds_price(longest, rate, increment) <= available
    assert available < rating.seconds_price(longest + 1, rate, increment)


def test_an_amount_pays_for_whole_steps_only() -> None:
    amounts = [MICRO - 1, MICRO, 2 * MICRO - 1, 2 * MICRO]

    assert [rating.longest_seconds(amount, MICRO, BY_MINUTE) for amount in amounts] == [0, 60, 60, 120]


def test_a_call_that_costs_nothing_has_no_longest_length() -> None:
    assert rating.longest_seconds(0, 0, BY_MINUTE) is None
    assert rating.longest_seconds(-5, 0, BY_MINUTE) is None


def test_who_owes_credits_pays_for_no_second() -> None:
    assert rating.longest_seconds(-MICRO, MICRO, BY_MINUTE) == 0


def test_the_first_step_is_what_a_call_costs_at_once() -> None:
    assert rating.first_step(MICRO, Increment(30, 6)) == MICRO // 2


@pytest.mark.parametrize(
    ("first", "following", "field"), [(0, 1, "first"), (3_601, 1, "first"), (1, 0, "next"), (1, -1, "next")]
)
def test_a_step_lasts_from_a_second_to_an_hour(first: int, following: int, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        rating.check_increment(first, following)
    assert refused.value.path == (f"{field}_seconds",)


def test_steps_of_a_second_and_of_an_hour_are_allowed() -> None:
    rating.check_increment(1, 3_600)
    rating.check_increment(3_600, 1)


# ---------------------------------------------------------------- calls


def test_a_call_is_priced_from_its_connection_on() -> None:
    priced = rating.price_call(a_call(100, connected_at=NOON + 39 * SECOND), BY_MINUTE, FULL)

    assert (priced.duration_seconds, priced.billed_seconds, priced.credits) == (100, 120, 2 * MICRO)


def test_an_inbound_call_is_priced_from_its_start_on() -> None:
    call = a_call(100, direction=CallDirection.INBOUND, connected_at=NOON + 99 * SECOND)

    assert rating.price_call(call, BY_MINUTE, FULL).billed_seconds == 120


def test_a_call_that_was_never_connected_costs_nothing_and_says_so() -> None:
    priced = rating.price_call(a_call(100, connected_at=None), BY_MINUTE, FULL)

    assert (priced.duration_seconds, priced.billed_seconds, priced.credits) == (100, 0, 0)
    assert [line.credits for line in priced.lines] == [0]


def test_a_started_second_counts_whole() -> None:
    call = a_call(0, ended_at=NOON + 60 * SECOND + timedelta(microseconds=1))

    assert rating.price_call(call, Increment(60, 1), FULL).billed_seconds == 61


def test_translation_is_a_second_line_with_its_own_rate_and_the_same_steps() -> None:
    priced = rating.price_call(a_call(61, translation_seconds=30), BY_MINUTE, FULL)

    assert [(line.activity, line.billed, line.credits) for line in priced.lines] == [
        (Activity.CALL, 120, 2 * MICRO),
        (Activity.TRANSLATION, 60, MICRO // 2),
    ]
    assert (priced.billed_seconds, priced.credits) == (120, 2_500_000)


def test_a_call_without_a_rate_is_refused() -> None:
    with pytest.raises(NoRate):
        rating.price_call(a_call(1), BY_MINUTE, a_book(MESSAGE))
    with pytest.raises(NoRate) as refused:
        rating.price_call(a_call(1, translation_seconds=1), BY_MINUTE, a_book(CALL))
    assert refused.value.path == ("translation_seconds",)
    assert "setPlanRates" in refused.value.message


def test_what_costs_more_than_can_be_counted_is_refused() -> None:
    with pytest.raises(Invalid):
        rating.price_call(a_call(61), BY_MINUTE, a_book(CALL._replace(credits=LARGEST)))


# ---------------------------------------------------------------- messages and the rest


def test_a_message_costs_its_models_rate_or_else_that_without_a_model() -> None:
    large = a_message(input_tokens=1_000, output_tokens=234)

    assert [line.credits for line in rating.price_message(large, "large", FULL)] == [617_000]
    assert [line.credits for line in rating.price_message(large, "unknown", FULL)] == [2 * MICRO]
    assert [line.credits for line in rating.price_message(large, None, FULL)] == [2 * MICRO]


def test_a_message_without_any_fitting_rate_is_refused() -> None:
    for model in ("unknown", None):
        with pytest.raises(NoRate) as refused:
            rating.price_message(a_message(), model, a_book(BY_TOKENS))
        assert refused.value.path == ("model",)


def test_tokens_must_be_given_where_they_are_priced() -> None:
    with pytest.raises(Invalid) as refused:
        rating.price_message(a_message(), "large", FULL)
    assert refused.value.path == ("input_tokens",)
    assert rating.price_message(a_message(output_tokens=3), "large", FULL)[0].credits == 1_500
    assert rating.price_message(a_message(input_tokens=0), "large", FULL)[0].credits == 0


def test_the_playground_costs_nothing_and_needs_no_rate() -> None:
    assert rating.price_message(a_message(is_playground=True), "large", a_book()) == []


def test_a_transcript_costs_its_exact_seconds_without_steps() -> None:
    lines = rating.price_transcript(TranscriptReport(SOME, "k", NOON, audio_seconds=61), FULL)

    assert [(line.credits, rating.quantity(line)) for line in lines] == [(1_016_667, "1.016667")]


def test_facts_and_documents_cost_their_rate() -> None:
    assert rating.price_fact(FactReport(SOME, "k", NOON), FULL)[0].credits == 250_000
    assert rating.price_document(DocumentReport(SOME, "k", NOON), FULL)[0].credits == 3 * MICRO


def test_credits_that_the_caller_names_are_what_it_costs_with_or_without_a_rate() -> None:
    for book in (FULL, a_book()):
        lines = [
            *rating.price_transcript(TranscriptReport(SOME, "k", NOON, 60, 7), book),
            *rating.price_transcript(TranscriptReport(SOME, "k", NOON, None, 7), book),
            *rating.price_fact(FactReport(SOME, "k", NOON, "", 7), book),
            *rating.price_document(DocumentReport(SOME, "k", NOON, "a", 7), book),
        ]
        assert {(line.credits, line.given) for line in lines} == {(7, True)}
        assert {rating.explanation(line) for line in lines} == {"0.000007 credits, as reported"}


def test_what_is_neither_given_nor_ratable_is_refused() -> None:
    transcript = TranscriptReport(SOME, "k", NOON, audio_seconds=60)
    pricings: list[Callable[[], list[Line]]] = [
        lambda: rating.price_transcript(transcript, a_book(CALL)),
        lambda: rating.price_transcript(transcript._replace(audio_seconds=None), FULL),
        lambda: rating.price_fact(FactReport(SOME, "k", NOON), a_book(CALL)),
        lambda: rating.price_document(DocumentReport(SOME, "k", NOON), a_book(CALL)),
        lambda: rating.price_fact(FactReport(SOME, "k", NOON, credits_consumed=-1), FULL),
    ]
    for price in pricings:
        with pytest.raises(Invalid) as refused:
            price()
        assert refused.value.path == ("credits_consumed",)


# ---------------------------------------------------------------- rates in time


def a_list(price: int, effective: int, recorded: int) -> RateList:
    return RateList(NOON + effective * DAY, NOON + recorded * DAY, [CALL._replace(credits=price)])


def price_on(day: int, *lists: RateList) -> int:
    return PriceBook(lists).rate(Activity.CALL, None, NOON + day * DAY).credits


def test_a_new_price_counts_from_its_moment_on_and_the_first_from_always() -> None:
    lists = [a_list(1, 0, 0), a_list(2, 10, 5)]

    assert [price_on(day, *lists) for day in (-100, 0, 9, 10, 11)] == [1, 1, 1, 2, 2]


def test_of_two_prices_for_the_same_moment_the_later_recorded_counts() -> None:
    assert price_on(11, a_list(1, 0, 0), a_list(3, 10, 6), a_list(2, 10, 5)) == 3


def test_a_price_set_for_a_past_moment_replaces_the_first_from_then_on() -> None:
    lists = [a_list(2, -5, 1), a_list(1, 0, 0)]

    assert [price_on(day, *lists) for day in (-6, -5, 0, 3)] == [1, 2, 2, 2]


def test_a_price_that_was_set_before_for_a_later_moment_still_comes() -> None:
    assert [price_on(day, a_list(1, 0, 0), a_list(3, 20, 1), a_list(2, 10, 2)) for day in (9, 10, 20)] == [1, 2, 3]


def test_a_new_list_replaces_the_whole_list() -> None:
    book = PriceBook([RateList(NOON, NOON, [CALL, MESSAGE]), RateList(NOON + DAY, NOON, [CALL])])

    assert book.find(Activity.MESSAGE, None, NOON) == MESSAGE
    assert book.find(Activity.MESSAGE, None, NOON + DAY) is None


def test_a_book_without_lists_has_no_rate() -> None:
    with pytest.raises(NoRate) as refused:
        PriceBook([]).rate(Activity.CALL, None, NOON, ("agent_id",))
    assert refused.value.path == ("agent_id",)


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=1, max_size=6, unique_by=lambda one: one[1]),
    st.integers(-6, 6),
)
def test_the_list_in_force_is_the_last_to_begin_or_else_the_first_recorded(
    times: list[tuple[int, int]], day: int
) -> None:
    lists = [a_list(price, *when) for price, when in enumerate(times)]
    first = min(lists, key=lambda one: one.recorded_at)
    begun = [one for one in lists if one is not first and one.effective_from <= NOON + day * DAY]
    in_force = max(begun, key=lambda one: (one.effective_from, one.recorded_at), default=first)

    assert price_on(day, *lists) == in_force.rates[0].credits


@pytest.mark.parametrize(
    ("rate", "field"),
    [
        (CALL._replace(credits=-1), "credits"),
        (CALL._replace(credits=LARGEST + 1), "credits"),
        (CALL._replace(unit=RateUnit.MESSAGE), "unit"),
        (MESSAGE._replace(unit=RateUnit.MINUTE), "unit"),
        (FACT._replace(unit=RateUnit.DOCUMENT), "unit"),
        (CALL._replace(model="large"), "model"),
        (MESSAGE._replace(model=""), "model"),
        (MESSAGE._replace(model="a\x00"), "model"),
        (TRANSLATION, "activity"),
        (BY_TOKENS, "model"),
    ],
)
def test_a_wrong_rate_is_refused_where_it_stands(rate: Rate, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        rating.check_rates([TRANSLATION, BY_TOKENS, rate])
    assert refused.value.path == ("rates", "2", field)


def test_a_price_for_every_activity_is_allowed_and_free_ones_too() -> None:
    interview = Rate(Activity.INTERVIEW, None, RateUnit.INTERVIEW, 0)

    rating.check_rates([CALL, TRANSLATION, MESSAGE, BY_TOKENS, TRANSCRIPT, FACT, DOCUMENT, interview])
    rating.check_rates([])


# ---------------------------------------------------------------- keeping and explaining


@pytest.mark.parametrize(
    ("line", "quantity", "explanation"),
    [
        (
            rating.call_line(Activity.CALL, 61, MICRO, BY_MINUTE),
            "2",
            "61 s, billed as 120 s (60/60) x 1 credit a minute = 2 credits",
        ),
        (
            rating.call_line(Activity.TRANSLATION, 30, MICRO // 2, Increment(6, 1)),
            "0.5",
            "30 s of translation, billed as 30 s (6/1) x 0.5 credits a minute = 0.25 credits",
        ),
        (
            rating.call_line(Activity.CALL, 0, MICRO, BY_MINUTE),
            "0",
            "0 s, billed as 0 s (60/60) x 1 credit a minute = 0 credits",
        ),
        (
            rating.price_message(a_message(), None, FULL)[0],
            "1",
            "1 message x 2 credits a message = 2 credits",
        ),
        (
            rating.price_message(a_message(input_tokens=1_234), "large", FULL)[0],
            "1.234",
            "1234 tokens x 0.5 credits a thousand tokens = 0.617 credits",
        ),
        (
            rating.price_transcript(TranscriptReport(SOME, "k", NOON, 90), FULL)[0],
            "1.5",
            "90 s of audio x 1 credit a minute = 1.5 credits",
        ),
        (rating.price_fact(FactReport(SOME, "k", NOON), FULL)[0], "1", "1 fact x 0.25 credits a fact = 0.25 credits"),
        (
            rating.price_document(DocumentReport(SOME, "k", NOON), FULL)[0],
            "1",
            "1 document x 3 credits a document = 3 credits",
        ),
    ],
)
def test_a_line_is_explained(line: Line, quantity: str, explanation: str) -> None:
    assert rating.quantity(line) == quantity
    assert rating.explanation(line) == explanation


@pytest.mark.parametrize(
    ("status", "progress", "credits", "explanation"),
    [
        (InterviewStatus.INVITED, None, 0, "0 % of an interview x 1 credit an interview = 0 credits"),
        (InterviewStatus.PARTIAL, 400_000, 400_000, "40 % of an interview x 1 credit an interview = 0.4 credits"),
        (InterviewStatus.COMPLETED, None, MICRO, "100 % of an interview x 1 credit an interview = 1 credit"),
        (
            InterviewStatus.COMPLETED,
            None,
            600_000,
            "100 % of an interview x 1 credit an interview, less 0.4 credits charged before = 0.6 credits",
        ),
    ],
)
def test_an_interviews_line_tells_what_was_charged_before(
    status: InterviewStatus, progress: int | None, credits: int, explanation: str
) -> None:
    report = InterviewReport(SOME, "k", "Ada", status, NOON, progress=progress)

    line = rating.interview_line(report, MICRO, credits)

    assert (line.credits, rating.explanation(line)) == (credits, explanation)


def test_a_simulations_line_shows_that_it_is_free() -> None:
    report = InterviewReport(SOME, "k", "Ada", InterviewStatus.COMPLETED, NOON, is_simulation=True)

    line = rating.interview_line(report, MICRO, 0)

    assert rating.explanation(line) == "100 % of an interview x 0 credits an interview = 0 credits"


LINES = st.builds(
    Line,
    st.sampled_from(Activity),
    st.sampled_from(RateUnit),
    *[st.integers(0, LARGEST)] * 6,
    given=st.booleans(),
)


@given(st.lists(LINES, max_size=3))
def test_lines_are_kept_exactly_and_explained_in_one_line(lines: list[Line]) -> None:
    assert rating.from_store(rating.to_store(lines)) == lines
    assert not any("\n" in rating.explanation(line) for line in lines)


def test_kept_lines_may_have_fewer_or_more_fields() -> None:
    assert rating.from_store('[["CALL","MINUTE",5,6,7,8,60,1,0,99],["FACT","FACT",1,2]]') == [
        Line(Activity.CALL, RateUnit.MINUTE, 5, 6, 7, 8, 60, 1),
        Line(Activity.FACT, RateUnit.FACT, 1, 2, 0, 0),
    ]
