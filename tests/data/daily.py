"""The published files as what tenants would have used on each day, counted by none of our code."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from models.rules.amounts import MICRO
from tests.data import recount
from tests.house import A_MESSAGE, A_MINUTE, A_THOUSAND_TOKENS

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

_DAY = timedelta(days=1)
_DAY_0 = datetime(2025, 1, 6, tzinfo=UTC)


class Daily(NamedTuple):
    """What was used on each day from the first with usage to the last."""

    name: str
    first: date
    credits: list[int]


def published() -> list[Daily]:
    """Every file of which days are known; none where they are not beside this project."""
    if not DATA.is_dir():
        return []
    assistant = recount.aider(DATA / "aider_events_2024-08_2025-03.jsonl", "UTC")
    travel, _ = recount.getgoing(DATA / "getgoing_calls_2019-04_2019-10.csv", "America/New_York")
    people = recount.copenhagen_calls(DATA / "copenhagen_calls_days00-13.csv", _DAY_0, "UTC")
    texts = recount.copenhagen_texts(DATA / "copenhagen_sms_days00-13.csv", _DAY_0, "UTC")
    return [
        _daily("assistant, tokens", [(one.day, _tokens(one) * A_THOUSAND_TOKENS / 1_000) for one in assistant]),
        _daily("assistant, messages", [(one.day, A_MESSAGE) for one in assistant]),
        _daily("travel line, calls", [(one.day, _minutes(one) * A_MINUTE) for one in travel]),
        _daily("people, calls", [(one.day, _minutes(one) * A_MINUTE) for one in people]),
        _daily("people, texts", [(one.day, A_MESSAGE) for one in texts]),
    ]


def _tokens(message: recount.Message) -> int:
    return message.tokens_in + message.tokens_out


def _minutes(call: recount.Call) -> int:
    return recount.billed(call.seconds, 60, 60) // 60


def _daily(name: str, used: list[tuple[date, Fraction]]) -> Daily:
    sums: Counter[date] = Counter()
    for day, credits in used:
        sums[day] += int(credits * MICRO)
    first, last = min(sums), max(sums)
    return Daily(name, first, [sums[first + number * _DAY] for number in range((last - first).days + 1)])
