"""Budgets of agents, and what agents have used of them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Select, Table, and_, bindparam, cast, func, select
from sqlmodel import Field, SQLModel

from models.rules.words import BudgetAction, Interval
from models.tables import hiring, usage
from models.tables.base import metadata, never_negative, text_of


class Budget(SQLModel, table=True):
    """How much an agent may use in every day, week or month."""

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "agent_id"], ["agent.tenant_id", "agent.id"], ondelete="RESTRICT"),
        text_of(Interval, "every"),
        text_of(BudgetAction, "action"),
        *never_negative("credits"),
    )

    tenant_id: UUID = Field(primary_key=True)
    agent_id: UUID = Field(primary_key=True)
    credits: int = Field(sa_type=BigInteger)
    every: str
    action: str
    told_for: date | None = None
    """The first day of the interval for which it was told that the budget is reached."""


_FILL_THE_METADATA = (hiring, usage)
BUDGET: Table = metadata.tables["budget"]
USAGE_DAY: Table = metadata.tables["usage_day"]


def budgets() -> Select[Any]:
    """The budgets of :agents of :tenants, with what each agent used on each day since :first_day.

    A row for each of those days; one without a day where the agent used nothing.
    """
    return _BUDGETS


_BUDGETS = (
    select(*BUDGET.c, USAGE_DAY.c.day, cast(func.sum(USAGE_DAY.c.credits), BigInteger).label("used"))
    .join_from(
        BUDGET,
        USAGE_DAY,
        and_(
            USAGE_DAY.c.tenant_id == BUDGET.c.tenant_id,
            USAGE_DAY.c.agent_id == BUDGET.c.agent_id,
            USAGE_DAY.c.day >= bindparam("first_day", type_=USAGE_DAY.c.day.type),
        ),
        isouter=True,
    )
    .where(
        BUDGET.c.tenant_id.in_(bindparam("tenants", expanding=True)),
        BUDGET.c.agent_id.in_(bindparam("agents", expanding=True)),
    )
    .group_by(*BUDGET.c, USAGE_DAY.c.day)
)
