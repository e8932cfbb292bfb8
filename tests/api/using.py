"""Short ways to use things up, and to give them back; and how the graph is asked for sums of usage."""

from datetime import datetime, timedelta
from typing import Any

from models.actions.recording import Recorded
from models.actions.refunds import RefundWish, refund_usage
from models.rules.reports import CallReport, Report
from models.rules.words import CallDirection, SubjectKind
from tests.api.running import Api, uuid_of

COUNTS = """
    credits calls callSeconds billedSeconds messages interviews interviewsInvited interviewsCompleted interviewsPartial
    interactions transcripts facts documents
"""
TOTALS = f"totals {{ {COUNTS} }}"


def call_report(api: Api, agent: str, start: datetime, seconds: int = 60, **more: Any) -> CallReport:
    api.made += 1
    more.setdefault("direction", CallDirection.INBOUND)
    return CallReport(
        uuid_of(agent), f"call-{api.made}", started_at=start, ended_at=start + timedelta(seconds=seconds), **more
    )


async def record(api: Api, tenant: str, *reports: Report) -> list[Recorded]:
    found = []
    for outcome in await api.books.record(uuid_of(tenant), *reports):
        assert isinstance(outcome, Recorded), outcome
        found.append(outcome)
    return found


async def refund(api: Api, tenant: str, kind: SubjectKind, id: Any, credits: int | None = None) -> None:
    api.made += 1
    async with api.books.books.work() as work:
        await refund_usage(work, RefundWish(uuid_of(tenant), kind, id, f"refund-{api.made}", "", credits))
