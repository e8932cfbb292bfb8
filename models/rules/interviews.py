"""How far an interview came, and what each report of it costs, whatever the order they arrive in."""

from collections.abc import Iterable
from datetime import datetime

from models.rules.amounts import MICRO, half_up
from models.rules.reports import InterviewReport
from models.rules.words import InterviewStatus

_RANKS = {status: rank for rank, status in enumerate(InterviewStatus)}


def furthest(reports: Iterable[InterviewReport]) -> InterviewReport:
    """The report whose state holds; of several with that state the earliest, which reached it."""
    in_order = sorted(reports, key=in_time)
    # max() keeps the first of equals.
    return max(in_order, key=lambda report: progress_order(report.status, report.progress))


def charges(priced: Iterable[tuple[InterviewReport, int]]) -> list[tuple[InterviewReport, int]]:
    """What each report of one interview is charged, in order of time, given its whole price then.

    Only a report of a further state than all before it is charged: what its price is above all that
    was charged until then. One that repeats a state, after a rise in prices say, costs nothing more.
    """
    charged = 0
    reached = (-1, 0)
    result = []
    for report, whole_price in sorted(priced, key=lambda pair: in_time(pair[0])):
        state = progress_order(report.status, report.progress)
        due = max(0, whole_price - charged) if state > reached else 0
        reached = max(reached, state)
        charged += due
        result.append((report, due))
    return result


def in_time(report: InterviewReport) -> tuple[datetime, str]:
    """Sorts reports by when they happened; the key settles ties, never the order of arrival."""
    return report.at, report.key


def progress_order(status: InterviewStatus, progress: int | None) -> tuple[int, int]:
    """Sorts states by how far they are; partial ones by their progress."""
    return _RANKS[status], progress or 0


def price(status: InterviewStatus, progress: int | None, rate: int, is_simulation: bool) -> int:
    """What an interview in this state costs in all, at a rate for a completed one."""
    if is_simulation:
        return 0
    if status is InterviewStatus.COMPLETED:
        return rate
    if status is InterviewStatus.PARTIAL:
        assert progress is not None
        return half_up(rate * progress, MICRO)
    return 0
