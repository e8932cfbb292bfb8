"""What an activity costs: seconds to billed seconds, quantities and rates to credits, and why.

Rating is the hot path of recording, so everything here is whole numbers: seconds, tokens, millionths.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from models.rules.amounts import LARGEST, MICRO, half_up, in_credits
from models.rules.refusals import Invalid, NoRate, Path
from models.rules.reports import (
    LONGEST_MODEL,
    CallReport,
    DocumentReport,
    FactReport,
    InterviewReport,
    MessageReport,
    TranscriptReport,
    billable_seconds,
    check_name,
)
from models.rules.reports import whole_seconds as whole_seconds
from models.rules.words import Activity, InterviewStatus, RateUnit

LONGEST_STEP = 3_600  # seconds

_UNITS: dict[Activity, tuple[RateUnit, ...]] = {
    Activity.CALL: (RateUnit.MINUTE,),
    Activity.TRANSLATION: (RateUnit.MINUTE,),
    Activity.MESSAGE: (RateUnit.MESSAGE, RateUnit.THOUSAND_TOKENS),
    Activity.INTERVIEW: (RateUnit.INTERVIEW,),
    Activity.TRANSCRIPT: (RateUnit.MINUTE,),
    Activity.FACT: (RateUnit.FACT,),
    Activity.DOCUMENT: (RateUnit.DOCUMENT,),
}
# How much of what is measured makes one unit: seconds, tokens, millionths of progress, or pieces.
_MEASURES: dict[RateUnit, int] = {
    RateUnit.MINUTE: 60,
    RateUnit.MESSAGE: 1,
    RateUnit.THOUSAND_TOKENS: 1_000,
    RateUnit.INTERVIEW: MICRO,
    RateUnit.FACT: 1,
    RateUnit.DOCUMENT: 1,
}
# Enum members are looked up slowly by their class, and these stand in the hot path.
_CALL, _TRANSLATION, _MESSAGE = Activity.CALL, Activity.TRANSLATION, Activity.MESSAGE
_MINUTE, _BY_MESSAGE = RateUnit.MINUTE, RateUnit.MESSAGE


class Increment(NamedTuple):
    """The steps that calls are billed in: the first one, then those after it."""

    first_seconds: int
    next_seconds: int


class Rate(NamedTuple):
    """The price of one unit, in millionths; without a model it holds for all that have none of their own."""

    activity: Activity
    model: str | None
    unit: RateUnit
    credits: int


class RateList(NamedTuple):
    """All prices of a plan from a moment on."""

    effective_from: datetime
    recorded_at: datetime
    rates: Sequence[Rate]


class PriceBook:
    """A plan's prices at any moment. Its first list holds from always."""

    def __init__(self, lists: Iterable[RateList]) -> None:
        by_record = sorted(lists, key=lambda one: one.recorded_at)
        later = sorted(by_record[1:], key=lambda one: (one.effective_from, one.recorded_at))
        self._starts = [one.effective_from for one in later]
        self._rates = [_by_name(one.rates) for one in [*by_record[:1], *later]] or [{}]

    def find(self, activity: Activity, model: str | None, at: datetime) -> Rate | None:
        """The rate in force, of the model or else of those without one; none where there is neither."""
        starts = self._starts
        rates = self._rates[bisect_right(starts, at) if starts else 0]
        found = rates.get((activity, model))
        if found is None and model is not None:
            found = rates.get((activity, None))
        return found

    def rate(self, activity: Activity, model: str | None, at: datetime, path: Path = ()) -> Rate:
        found = self.find(activity, model, at)
        if found is None:
            what = f"{activity} of this model" if model is not None else activity
            raise NoRate(f"The plan has no rate for {what} at that time; operators set one with setPlanRates.", path)
        return found

    def in_force(self, at: datetime) -> list[Rate]:
        """All rates in force at a moment."""
        return list(self._rates[bisect_right(self._starts, at) if self._starts else 0].values())


def _by_name(rates: Iterable[Rate]) -> dict[tuple[Activity, str | None], Rate]:
    return {(rate.activity, rate.model): rate for rate in rates}


class Line(NamedTuple):
    """How one activity became credits, in few enough numbers to be kept with it for ever.

    Measured and billed count seconds, tokens, millionths of an interview, or pieces; the steps are 0
    where there are none; given says that the caller named the credits.
    """

    activity: Activity
    unit: RateUnit
    rate: int
    credits: int
    measured: int
    billed: int
    first_seconds: int = 0
    next_seconds: int = 0
    given: bool = False


class PricedCall(NamedTuple):
    """A call with its price; billed seconds leave its translation out."""

    duration_seconds: int
    billed_seconds: int
    credits: int
    lines: list[Line]


def credits_of(lines: Iterable[Line]) -> int:
    return sum(line.credits for line in lines)


# ---------------------------------------------------------------- calls


def billed_seconds(seconds: int, increment: Increment) -> int:
    """The first step, then whole next steps; nothing for nothing."""
    if seconds <= 0:
        return 0
    first, following = increment
    if seconds <= first:
        return first
    return first - (first - seconds) // following * following


def seconds_price(seconds: int, rate: int, increment: Increment) -> int:
    """What a call of so many seconds costs at a rate per minute."""
    return (billed_seconds(seconds, increment) * rate + 30) // 60


def first_step(rate: int, increment: Increment) -> int:
    """What a call costs that has only just begun."""
    return seconds_price(1, rate, increment)


def longest_seconds(available: int, rate: int, increment: Increment) -> int | None:
    """The longest call that an amount pays for; none where calls cost nothing. It may exceed the graph's Int."""
    if rate == 0:
        return None
    # Turned around from seconds_price(): billed x rate + 30 < 60 x (available + 1).
    payable = (60 * available + 29) // rate
    first, following = increment
    if payable < first:
        return 0
    return first + (payable - first) // following * following


def call_line(activity: Activity, seconds: int, rate: int, increment: Increment) -> Line:
    billed = billed_seconds(seconds, increment)
    credits = _counted((billed * rate + 30) // 60)
    return Line(activity, _MINUTE, rate, credits, seconds, billed, increment[0], increment[1])


def price_call(report: CallReport, increment: Increment, book: PriceBook) -> PricedCall:
    """The call's line and, where it was translated, the translation's."""
    started = report.started_at
    call = call_line(_CALL, billable_seconds(report), book.rate(_CALL, None, started).credits, increment)
    lines, credits = [call], call.credits
    if report.translation_seconds:
        rate = book.rate(_TRANSLATION, None, started, ("translation_seconds",))
        lines.append(call_line(_TRANSLATION, report.translation_seconds, rate.credits, increment))
        credits += lines[1].credits
    return PricedCall(whole_seconds(started, report.ended_at), call.billed, credits, lines)


# ---------------------------------------------------------------- all else


def price_message(report: MessageReport, model: str | None, book: PriceBook) -> list[Line]:
    """One line, or none in the playground; the model is the message's own or else its agent's."""
    if report.is_playground:
        return []
    rate = book.rate(_MESSAGE, model, report.sent_at, ("model",))
    if rate.unit is _BY_MESSAGE:
        return [Line(_MESSAGE, rate.unit, rate.credits, _counted(rate.credits), 1, 1)]
    if report.input_tokens is None and report.output_tokens is None:
        raise Invalid("This model's messages are priced by their tokens, and none are given.", ("input_tokens",))
    tokens = (report.input_tokens or 0) + (report.output_tokens or 0)
    credits = _counted((tokens * rate.credits + 500) // 1_000)
    return [Line(_MESSAGE, rate.unit, rate.credits, credits, tokens, tokens)]


def interview_line(report: InterviewReport, rate: int, credits: int) -> Line:
    """A report's share of its interview's price, as interviews.charges() found it."""
    done = MICRO if report.status is InterviewStatus.COMPLETED else report.progress or 0
    rate = 0 if report.is_simulation else rate
    return Line(Activity.INTERVIEW, RateUnit.INTERVIEW, rate, credits, done, done)


def price_transcript(report: TranscriptReport, book: PriceBook) -> list[Line]:
    """By the exact seconds of audio, without steps, unless the caller names the credits."""
    seconds = report.audio_seconds
    if report.credits_consumed is not None:
        return [_given(Activity.TRANSCRIPT, seconds or 0, report.credits_consumed)]
    rate = _rate_or_invalid(Activity.TRANSCRIPT, report.created_at, book)
    if seconds is None:
        raise Invalid("Neither the credits nor the seconds of audio are given.", ("credits_consumed",))
    credits = _counted((seconds * rate.credits + 30) // 60)
    return [Line(rate.activity, rate.unit, rate.credits, credits, seconds, seconds)]


def price_fact(report: FactReport, book: PriceBook) -> list[Line]:
    return _price_piece(Activity.FACT, report, book)


def price_document(report: DocumentReport, book: PriceBook) -> list[Line]:
    return _price_piece(Activity.DOCUMENT, report, book)


def _price_piece(activity: Activity, report: FactReport | DocumentReport, book: PriceBook) -> list[Line]:
    if report.credits_consumed is not None:
        return [_given(activity, 1, report.credits_consumed)]
    rate = _rate_or_invalid(activity, report.created_at, book)
    return [Line(activity, rate.unit, rate.credits, _counted(rate.credits), 1, 1)]


def _given(activity: Activity, measured: int, credits: int) -> Line:
    if credits < 0:
        raise Invalid("The credits consumed are 0 or more.", ("credits_consumed",))
    return Line(activity, _UNITS[activity][0], 0, _counted(credits), measured, measured, given=True)


def _rate_or_invalid(activity: Activity, at: datetime, book: PriceBook) -> Rate:
    rate = book.find(activity, None, at)
    if rate is None:
        message = f"The credits are not given, and the plan had no rate for {activity} at that time."
        raise Invalid(message, ("credits_consumed",))
    return rate


def _counted(credits: int) -> int:
    if credits > LARGEST:
        raise Invalid(f"This costs more than {in_credits(LARGEST)} credits, the most that is counted at once.")
    return credits


# ---------------------------------------------------------------- checks


def check_increment(first_seconds: int, next_seconds: int) -> None:
    for field, seconds in (("first_seconds", first_seconds), ("next_seconds", next_seconds)):
        if not 1 <= seconds <= LONGEST_STEP:
            raise Invalid(f"A step lasts 1 to {LONGEST_STEP} seconds.", (field,))


def check_rates(rates: Sequence[Rate]) -> None:
    """Refuses prices that are negative, of the wrong unit, or there twice."""
    seen = set()
    for index, rate in enumerate(rates):
        try:
            _check_rate(rate)
            if (rate.activity, rate.model) in seen:
                which = "activity" if rate.model is None else "model"
                raise Invalid(f"There are two rates for the same {which}.", (which,))
        except Invalid as refused:
            raise refused.under("rates", str(index)) from None
        seen.add((rate.activity, rate.model))


def _check_rate(rate: Rate) -> None:
    if not 0 <= rate.credits <= LARGEST:
        raise Invalid(f"A rate lies between 0 and {in_credits(LARGEST)} credits.", ("credits",))
    if rate.unit not in _UNITS[rate.activity]:
        fitting = " or ".join(_UNITS[rate.activity])
        raise Invalid(f"{rate.activity} is priced by {fitting}.", ("unit",))
    if rate.model is not None:
        if rate.activity is not Activity.MESSAGE:
            raise Invalid("Only messages have a rate of their model's own.", ("model",))
        check_name(rate.model, "model", LONGEST_MODEL)


# ---------------------------------------------------------------- keeping and explaining


def to_store(lines: Iterable[Line]) -> str:
    """Lines as compact JSON text: a list for each, in the order of its fields."""
    return f"[{','.join([_as_json(line) for line in lines])}]"


def _as_json(line: Line) -> str:
    activity, unit, rate, credits, measured, billed, first, following, given = line
    flag = ",1" if given else ""
    return f'["{activity}","{unit}",{rate},{credits},{measured},{billed},{first},{following}{flag}]'


def from_store(text: str) -> list[Line]:
    """Lines from their text. What later versions add at a line's end is left out, what earlier ones lack is 0."""
    return [_from_json(*fields) for fields in orjson.loads(text)]


def _from_json(activity: str, unit: str, *numbers: int) -> Line:
    rate, credits, measured, billed, first, following, given = (*numbers, *[0] * 7)[:7]
    return Line(Activity(activity), RateUnit(unit), rate, credits, measured, billed, first, following, bool(given))


def quantity(line: Line) -> str:
    """How many units were billed, with up to 6 decimals."""
    return in_credits(half_up(line.billed * MICRO, _MEASURES[line.unit]))


def explanation(line: Line) -> str:
    """The line as a sentence for people."""
    total = _credits(line.credits)
    if line.given:
        return f"{total}, as reported"
    whole = f"{_quantity_in_words(line)} x {_credits(line.rate)} {_A_UNIT[line.unit]}"
    if line.unit is RateUnit.INTERVIEW:
        # Only the rest is charged of what earlier reports have not paid.
        before = half_up(line.billed * line.rate, MICRO) - line.credits
        if before > 0:
            whole += f", less {_credits(before)} charged before"
    return f"{whole} = {total}"


_A_UNIT = {
    RateUnit.MINUTE: "a minute",
    RateUnit.MESSAGE: "a message",
    RateUnit.THOUSAND_TOKENS: "a thousand tokens",
    RateUnit.INTERVIEW: "an interview",
    RateUnit.FACT: "a fact",
    RateUnit.DOCUMENT: "a document",
}
_PIECES = {RateUnit.MESSAGE: "message", RateUnit.FACT: "fact", RateUnit.DOCUMENT: "document"}


def _quantity_in_words(line: Line) -> str:
    if line.unit is RateUnit.MINUTE:
        what = {_TRANSLATION: " of translation", Activity.TRANSCRIPT: " of audio"}.get(line.activity, "")
        measured = f"{line.measured} s{what}"
        if not line.first_seconds:
            return measured
        return f"{measured}, billed as {line.billed} s ({line.first_seconds}/{line.next_seconds})"
    if line.unit is RateUnit.THOUSAND_TOKENS:
        return _counted_word(line.measured, "token")
    if line.unit is RateUnit.INTERVIEW:
        return f"{in_credits(line.measured * 100)} % of an interview"
    return _counted_word(line.measured, _PIECES[line.unit])


def _counted_word(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _credits(micro: int) -> str:
    return f"{in_credits(micro)} credit" if micro == MICRO else f"{in_credits(micro)} credits"
