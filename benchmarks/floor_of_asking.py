"""The floor of asking: hand-written Starlette JSON over the same SQL that the resolvers use.

python -m benchmarks.floor_of_asking PORT FILE
"""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import uvicorn
from sqlalchemy import Connection, create_engine, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models.rules.amounts import in_credits
from models.rules.ids import parse_type_id, type_id
from models.rules.periods import day_of, days_in, parse_zone
from models.rules.ranges import BEGINNING, END
from models.tables import log, standings
from models.tables.base import NOBODY
from models.tables.ledger import TENANT
from models.tables.usage_sums import Question

_engine = create_engine(f"sqlite:///{sys.argv[2]}")


def _tenant(connection: Connection, text: str) -> Any:
    return connection.execute(select(*TENANT.c).where(TENANT.c.id == parse_type_id(text)[1])).first()


async def balance(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    with _engine.connect() as connection:
        tenant = _tenant(connection, asked["tenant"])
        row = connection.execute(standings.standing(sums=False), {"tenant_id": tenant.id}).first()
    assert row is not None
    settled = row.plan_balance + row.top_up_balance - row.overdrawn
    return _json(
        {
            "seq": row.seq,
            "available": in_credits(settled - row.held),
            "settled": in_credits(settled),
            "held": in_credits(row.held),
            "overdrawn": in_credits(row.overdrawn),
            "pools": [
                {"kind": "PLAN", "balance": in_credits(row.plan_balance)},
                {"kind": "TOP_UP", "balance": in_credits(row.top_up_balance)},
            ],
        }
    )


async def call_log(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    skipped = (asked["page"] - 1) * 10
    with _engine.connect() as connection:
        tenant = _tenant(connection, asked["tenant"])
        days = days_in(tenant.time_zone)
        nobody = {"counted_agent": NOBODY, "counted_member": NOBODY}
        values = {"tenant_id": tenant.id, **nobody, "starts_at": BEGINNING, "ends_at": END, "passed": 0}
        totals = connection.execute(log.totals(ranged=False), values).first()
        if skipped:
            day = connection.execute(log.day_of_row(ranged=False), {**values, "skipped": skipped}).one()
            skipped -= day.before
            hour = connection.execute(log.hour_of_row(), {**values, "day": day.day, "skipped": skipped}).one()
            end = days.start_of(day.day) + (hour.hour + 1) * timedelta(hours=1)
            values |= {"passed": skipped - hour.before, "ends_at": end}
        rows = connection.execute(log.page("sqlite"), values).all()
    assert totals is not None
    return _json({"totalRows": totals.rows, "rows": [_row(row) for row in rows]})


def _row(row: Any) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "at": row.at.isoformat().replace("+00:00", "Z"),
        "callId": type_id("call", row.call_id) if row.call_id else None,
        "creditsUsed": in_credits(row.credits - row.refunded if row.call_id else 0),
        "creditsAdded": in_credits(0 if row.call_id else row.moved),
        "remarks": row.call_remarks or row.remarks,
        "balanceAfter": in_credits(row.balance_after),
    }


async def series(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    with _engine.connect() as connection:
        tenant = _tenant(connection, asked["tenant"])
        today = day_of(datetime.now(UTC), parse_zone(tenant.time_zone))
        question = Question("tenant_id", None, today - timedelta(days=89), today, ("day",))
        rows = connection.execute(question.statement(), question.values([tenant.id])).all()
    days = {question.first_day + timedelta(days=number): [0, 0, 0] for number in range(question.days)}
    for row in rows:
        sums = days[row.day]
        sums[0] += row.credits
        sums[1] += row.activities if row.activity == "CALL" else 0
        sums[2] += row.call_seconds
    return _json([{"day": str(day), "totals": _totals(*sums)} for day, sums in days.items()])


def _totals(credits: int, calls: int, seconds: int) -> dict[str, Any]:
    return {"credits": in_credits(credits), "calls": calls, "callSeconds": seconds}


def _json(content: object) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")


app = Starlette(
    routes=[
        Route("/balance", balance, methods=["POST"]),
        Route("/log", call_log, methods=["POST"]),
        Route("/series", series, methods=["POST"]),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False, loop="uvloop")
