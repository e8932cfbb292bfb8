"""Random lives of accounts: what happens, when, and when the books learn of it."""

import calendar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.books import micro
from tests.rules.model_of_the_account import Given, GivenBack, History, Period, Used

BEGINNING = datetime(2026, 2, 20, 9, tzinfo=UTC)
END = datetime(2026, 5, 10, 9, tzinfo=UTC)
LATEST = END - timedelta(days=1)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
"""Berlin and New York set their clocks forward between, Auckland back."""

PRICES = {"call": micro("1"), "message": micro("0.1"), "interview": micro("1")}


@dataclass(frozen=True)
class Happening:
    """Something that happens to an account, and when the books learn of it if they do not at once."""

    at: datetime
    kind: str
    key: str
    values: dict[str, Any] = field(hash=False, default_factory=dict)
    learnt_at: datetime | None = None


@dataclass(frozen=True)
class Life:
    zone: str
    anchor: date
    monthly: int
    rollover: str
    cap: int | None
    happenings: list[Happening]
    batches: list[int]
    """How many reports that arrive together share a transaction, over and over."""

    # ------------------------------------------------------------ what a plain model makes of it

    def boundary(self, n: int) -> datetime:
        """Counted from the anchor and clamped to the month's end, at midnight in the tenant's zone."""
        months = self.anchor.month - 1 + n
        year, month = self.anchor.year + months // 12, months % 12 + 1
        day = min(self.anchor.day, calendar.monthrange(year, month)[1])
        return datetime(year, month, day, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    def history(self) -> History:
        return History(
            [self._given(one) for one in self.happenings if one.kind in ("grant", "top_up")],
            [self._period(n) for n in range(12)],
            [used for used in self._used() if used.credits],
            [
                GivenBack(one.at, "call", one.key, one.values["credits"], ("call", one.values["call"]))
                for one in self.happenings
                if one.kind == "refund"
            ],
        )

    def _period(self, n: int) -> Period:
        begins = self.boundary(n)
        day = begins.astimezone(ZoneInfo(self.zone)).date()
        return Period(f"period/{day}", begins, self.boundary(n + 1), self.monthly, self.rollover, self.cap)

    def _given(self, one: Happening) -> Given:
        voids = [void.at for void in self.happenings if void.kind == "void" and void.values["grant"] == one.key]
        voided_at = min(voids, default=None)
        if one.kind == "top_up":
            return Given("TOP_UP", one.key, "TOP_UP", one.values["credits"], one.at, one.values["ends"])
        ends = one.values["ends"]
        if ends is None and one.values["pool"] == "PLAN":
            ends = min(self.boundary(n) for n in range(12) if self.boundary(n) > one.at)
        if voided_at is not None and ends is not None and voided_at >= ends:
            voided_at = None
        values = one.values
        return Given(
            values["source"], one.key, values["pool"], values["credits"], one.at, ends, values["priority"], voided_at
        )

    def _used(self) -> list[Used]:
        used = [
            Used(one.at, one.kind, one.key, one.values["credits"])
            for one in self.happenings
            if one.kind in ("call", "message", "document")
        ]
        for candidate in "AB":
            used += _interview(
                candidate,
                [one for one in self.happenings if one.kind == "interview" and one.values["candidate"] == candidate],
            )
        return used


STATES = ("INVITED", "STARTED", "PARTIAL", "COMPLETED")


def _interview(candidate: str, reports: list[Happening]) -> list[Used]:
    """Each report that raises the price is charged at its own time: its whole price, less what was charged."""
    charged, used = 0, []
    for report in sorted(reports, key=lambda one: (one.at, one.key)):
        progress = report.values["progress"] or 0
        price = {"PARTIAL": progress, "COMPLETED": PRICES["interview"]}.get(report.values["status"], 0)
        more = max(0, price - charged)
        charged += more
        used.append(Used(report.at, "interview", report.key, more, ("interview", candidate)))
    return used


# ---------------------------------------------------------------- drawing one


@st.composite
def lives(draw: st.DrawFn, most: int = 14) -> Life:
    rollover = draw(st.sampled_from(["NONE", "CAPPED", "UNLIMITED"]))
    anchor = draw(st.sampled_from([date(2026, 1, 29), date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 14)]))
    empty = Life(
        draw(st.sampled_from(ZONES)),
        anchor,
        micro(draw(st.sampled_from(["0", "3", "6"]))),
        rollover,
        micro(draw(st.sampled_from(["0", "2"]))) if rollover == "CAPPED" else None,
        [],
        draw(st.lists(st.integers(1, 4), min_size=3, max_size=3)),
    )
    moments = _moments(draw, empty)
    happenings: list[Happening] = []
    for number in range(draw(st.integers(1, most))):
        key = f"{draw(st.sampled_from('abc'))}{number}"
        happenings += _happening(draw, key, moments, happenings)
        if happenings and happenings[-1].kind == "call" and draw(st.booleans()):
            for more in ("x", "y"):
                happenings += _refund(draw, f"{key}{more}", draw(st.sampled_from(moments)), happenings)
    return Life(**{**vars(empty), "happenings": happenings})


def _moments(draw: st.DrawFn, life: Life) -> list[datetime]:
    """Few, so that much happens at once; boundaries and what is next to them among them."""
    boundaries = [life.boundary(n) for n in range(1, 4)]
    moments = []
    for _ in range(5):
        moment = draw(
            st.one_of(
                st.sampled_from(boundaries),
                st.integers(0, 75 * 24 * 60).map(lambda minutes: BEGINNING + timedelta(minutes=minutes)),
            )
        )
        moments.append(moment + timedelta(microseconds=draw(st.sampled_from([0, 0, -1, 1]))))
    return sorted(moment for moment in moments if BEGINNING < moment <= LATEST) or [LATEST]


def _happening(draw: st.DrawFn, key: str, moments: list[datetime], before: list[Happening]) -> list[Happening]:
    kind = draw(
        st.sampled_from(
            ["call"] * 5
            + ["message", "interview", "interview", "document", "grant", "grant", "top_up", "refund", "void"]
        )
    )
    at = draw(st.sampled_from(moments))
    if kind == "refund":
        return _refund(draw, key, at, before)
    if kind == "void":
        return _void(draw, key, at, before)
    values: dict[str, Any] = {}
    if kind == "call":
        minutes = draw(st.integers(0, 5))
        values = {"minutes": minutes, "credits": minutes * PRICES["call"]}
    elif kind == "message":
        values = {"credits": PRICES["message"]}
    elif kind == "document":
        values = {"credits": draw(st.integers(0, 4_000_000))}
    elif kind == "interview":
        status = draw(st.sampled_from(STATES))
        progress = draw(st.integers(1, 9)) * 100_000 if status == "PARTIAL" else None
        values = {"candidate": draw(st.sampled_from("AB")), "status": status, "progress": progress}
    elif kind == "grant":
        values = _grant(draw, at)
    else:
        values = {"credits": draw(st.integers(1, 8_000_000)), "ends": draw(st.sampled_from([None, _later(draw, at)]))}
    return [Happening(at, kind, key, values, _learnt(draw, kind, at, moments))]


def _grant(draw: st.DrawFn, at: datetime) -> dict[str, Any]:
    return {
        "pool": draw(st.sampled_from(["PLAN", "TOP_UP"])),
        "source": draw(st.sampled_from(["PROMOTION", "ADJUSTMENT"])),
        "credits": draw(st.integers(1, 8_000_000)),
        "ends": draw(st.sampled_from([None, _later(draw, at)])),
        "priority": draw(st.sampled_from([100, 100, 50])),
    }


def _later(draw: st.DrawFn, at: datetime) -> datetime:
    return at + timedelta(days=draw(st.integers(0, 40)), minutes=draw(st.integers(1, 60)))


def _learnt(draw: st.DrawFn, kind: str, at: datetime, moments: list[datetime]) -> datetime:
    """Usage and grants may be late; usage a little early, where clocks differ, and grants as early as one likes."""
    if kind == "top_up":
        return at
    early = at - timedelta(seconds=50) if kind != "grant" else BEGINNING + timedelta(minutes=1)
    return draw(st.sampled_from([at, early, END - timedelta(hours=1), *(m for m in moments if m >= at)]))


def _refund(draw: st.DrawFn, key: str, at: datetime, before: list[Happening]) -> list[Happening]:
    """Of a call that has happened and is known, at most what is left of it, and in time after other refunds."""
    calls = [
        one
        for one in before
        if one.kind == "call" and one.values["minutes"] and one.at <= at and (one.learnt_at or one.at) <= at
    ]
    if not calls:
        return []
    call = draw(st.sampled_from(calls))
    others = [one for one in before if one.kind == "refund" and one.values["call"] == call.key]
    left = call.values["credits"] - sum(one.values["credits"] for one in others)
    if not left:
        return []
    credits = draw(st.integers(1, left))
    return [Happening(at, "refund", key, {"call": call.key, "credits": credits}, at)]


def _void(draw: st.DrawFn, key: str, at: datetime, before: list[Happening]) -> list[Happening]:
    grants = [one for one in before if one.kind == "grant" and one.at <= at and (one.learnt_at or one.at) <= at]
    if not grants:
        return []
    return [Happening(at, "void", key, {"grant": draw(st.sampled_from(grants)).key}, at)]
