"""The published files counted again, with nothing but the standard library and none of our code.

What a call costs is worked out here in another way than the server does: step by step, with fractions.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo


class Call(NamedTuple):
    day: date
    seconds: int
    caller: str = ""
    callee: str = ""


class Message(NamedTuple):
    day: date
    model: str
    tokens_in: int
    tokens_out: int
    user: str = ""


class Sums(NamedTuple):
    calls: int
    call_seconds: int
    billed_seconds: int


class Used(NamedTuple):
    """What something used, as the graph's totals have it."""

    credits: Fraction = Fraction(0)
    calls: int = 0
    call_seconds: int = 0
    billed_seconds: int = 0
    messages: int = 0


NOTHING = Used()


def used_by_call(call: Call, first: int, following: int, a_minute: Fraction) -> Used:
    seconds = billed(call.seconds, first, following)
    return Used(Fraction(seconds, 60) * a_minute, 1, call.seconds, seconds)


def used_by_message(price: Fraction) -> Used:
    return Used(price, messages=1)


def added(parts: Iterable[Used]) -> Used:
    columns: list[Any] = [sum(column) for column in zip(NOTHING, *parts, strict=True)]
    return Used(*columns)


def grouped(parts: Iterable[tuple[Any, Used]]) -> dict[Any, Used]:
    """Sums by key."""
    groups: dict[Any, list[Used]] = {}
    for key, part in parts:
        groups.setdefault(key, []).append(part)
    return {key: added(some) for key, some in groups.items()}


def billed(seconds: int, first: int, following: int) -> int:
    """Begun steps, counted one by one."""
    total = first if seconds > 0 else 0
    while total < seconds:
        total += following
    return total


def by_day(calls: list[Call], first: int, following: int) -> dict[date, Sums]:
    days: dict[date, Sums] = {}
    for call in calls:
        calls_, seconds, billed_ = days.get(call.day, (0, 0, 0))
        days[call.day] = Sums(calls_ + 1, seconds + call.seconds, billed_ + billed(call.seconds, first, following))
    return days


def credits_of_calls(calls: list[Call], first: int, following: int, a_minute: Fraction) -> Fraction:
    """To the millionth, as long as no call's price has more digits than that."""
    return sum((Fraction(billed(call.seconds, first, following), 60) * a_minute for call in calls), Fraction(0))


def getgoing(path: Path, zone: str) -> tuple[list[Call], list[str]]:
    """The calls by the tenant's days, and the ids of those of which nobody knows how long they lasted."""
    calls, without_log = [], []
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if not row["start_time"] or not row["end_time"]:
                without_log.append(row["uuid"])
                continue
            eastern = ZoneInfo("America/New_York")
            start, end = (
                datetime.strptime(row[column], "%Y-%m-%d %H:%M:%S").replace(tzinfo=eastern).astimezone(UTC)
                for column in ("start_time", "end_time")
            )
            calls.append(Call(start.astimezone(ZoneInfo(zone)).date(), int((end - start).total_seconds())))
    return calls, without_log


def copenhagen_calls(path: Path, day_0: datetime, zone: str) -> list[Call]:
    """Missed calls, of -1 seconds, are calls of no time."""
    with open(path, newline="", encoding="utf-8") as file:
        return [
            Call(_day(day_0, row["timestamp"], zone), max(0, int(row["duration"])), row["caller"], row["callee"])
            for row in csv.DictReader(file)
        ]


def copenhagen_texts(path: Path, day_0: datetime, zone: str) -> list[Message]:
    with open(path, newline="", encoding="utf-8") as file:
        return [Message(_day(day_0, row["timestamp"], zone), "", 0, 0, row["sender"]) for row in csv.DictReader(file)]


def azure(path: Path, zone: str) -> list[Message]:
    messages = []
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at = datetime.strptime(row["TIMESTAMP"][:26], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
            day = at.astimezone(ZoneInfo(zone)).date()
            messages.append(Message(day, "", int(row["ContextTokens"]), int(row["GeneratedTokens"])))
    return messages


def aider(path: Path, zone: str) -> list[Message]:
    return [
        Message(
            datetime.fromtimestamp(event["time"], ZoneInfo(zone)).date(),
            event["properties"]["main_model"],
            event["properties"]["prompt_tokens"],
            event["properties"]["completion_tokens"],
            event["user_id"] or "",
        )
        for event in events(path)
        if event["event"] == "message_send"
    ]


def events(path: Path) -> Iterator[Any]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def tokens(messages: list[Message]) -> dict[tuple[str, date], tuple[int, int, int]]:
    """By model and day: how many messages, tokens in, tokens out."""
    counted: dict[tuple[str, date], tuple[int, int, int]] = {}
    for message in messages:
        key = message.model, message.day
        count, tokens_in, tokens_out = counted.get(key, (0, 0, 0))
        counted[key] = (count + 1, tokens_in + message.tokens_in, tokens_out + message.tokens_out)
    return counted


def users(messages: list[Message]) -> Counter[str]:
    return Counter(message.user for message in messages)


def _day(day_0: datetime, seconds: str, zone: str) -> date:
    return (day_0.astimezone(UTC) + timedelta(seconds=int(seconds))).astimezone(ZoneInfo(zone)).date()
