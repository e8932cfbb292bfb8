"""Everything that changes an account's credits, one deed each, for tests that try them all.

A deed is told what it is about by a Scene, whose parts can be handed to another process as text, and answers with text
that is the same whenever the same thing has been done.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from models.actions.credits import GrantWish, Settlement, TopUpWish, grant_credits, settle_top_up, top_up
from models.actions.finishing import finish
from models.actions.holds import CallWish, authorize_call, extend_hold, release_hold
from models.actions.plan_changes import change_plan
from models.actions.recording import Recorded, Submission, record
from models.actions.refunds import RefundWish, refund_usage, void_grant
from models.actions.settling import settle
from models.actions.spending_rules import BudgetWish, set_auto_recharge, set_budget, set_low_balance_thresholds
from models.rules.recharging import RechargeRule
from models.rules.reports import CallReport
from models.rules.words import BudgetAction, CallDirection, ChangeWhen, Interval, SubjectKind, TopUpStatus
from models.unit_of_work import UnitOfWork
from tests.actions.spending import budget, recharge, warn_at
from tests.books import NOON, TestBooks, micro

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Scene:
    """A tenant to whose books something is about to happen."""

    now: datetime
    tenant: UUID
    agent: UUID
    call: UUID
    hold: UUID
    other_hold: UUID
    pending: UUID
    """A top-up that is not paid yet."""
    bought: UUID
    """A grant that can be taken back."""
    plan: UUID
    """Another plan, which grants more."""

    def as_text(self) -> dict[str, str]:
        return {name: value.isoformat() if name == "now" else str(value) for name, value in asdict(self).items()}

    @classmethod
    def of_text(cls, parts: Mapping[str, str]) -> "Scene":
        ids = {name: UUID(value) for name, value in parts.items() if name != "now"}
        return cls(now=datetime.fromisoformat(parts["now"]), **ids)


async def a_scene(books: TestBooks) -> Scene:
    """A tenant with a bit of everything: late calls, holds, a pending top-up, rules and budgets."""
    books.clock.now = NOON
    tenant = await books.a_tenant("9", anchor=date(2026, 2, 28), rollover="UNLIMITED", top_up="20")
    agent = books.agents[tenant]
    calls = [await books.call(tenant, minutes, NOON - minutes * DAY) for minutes in (6, 3, 8)]
    pending = await books.top_up(tenant, "7", settled=False)
    await recharge(books, tenant, "2", "15")
    await warn_at(books, tenant, "10")
    await budget(books, tenant, "25")
    books.clock.now += HOUR
    holds = []
    for key in ("first", "second"):
        async with books.books.work() as work:
            holds.append((await authorize_call(work, CallWish(tenant, agent, key, CallDirection.INBOUND))).id)
    books.clock.now += timedelta(minutes=2)
    grants = await books.rows("credit_grant", "id", tenant_id=tenant, source="TOP_UP")
    plan = await books.a_plan("30")
    return Scene(books.clock.now, tenant, agent, calls[2], holds[0], holds[1], pending, grants[0].id, plan)


Deed = Callable[[UnitOfWork, Scene], Awaitable[Any]]


async def authorize(work: UnitOfWork, scene: Scene) -> Any:
    return await authorize_call(work, CallWish(scene.tenant, scene.agent, "third", CallDirection.INBOUND, 120))


async def extend(work: UnitOfWork, scene: Scene) -> Any:
    return await extend_hold(work, scene.tenant, scene.hold, 300)


async def release(work: UnitOfWork, scene: Scene) -> Any:
    return await release_hold(work, scene.tenant, scene.hold)


async def bring_up_to_date(work: UnitOfWork, scene: Scene) -> Any:
    account = await settle(work, scene.tenant)
    await finish(work, [account])
    return account.available, account.held, account.next_boundary, account.seq


async def buy(work: UnitOfWork, scene: Scene) -> Any:
    return await top_up(work, TopUpWish(scene.tenant, "bought", micro("40")))


async def ask_for_credits(work: UnitOfWork, scene: Scene) -> Any:
    return await top_up(work, TopUpWish(scene.tenant, "asked for", micro("40"), settled=False))


async def pay(work: UnitOfWork, scene: Scene) -> Any:
    return await settle_top_up(work, Settlement(scene.tenant, scene.pending, TopUpStatus.SETTLED, "invoice 1"))


async def fail_to_pay(work: UnitOfWork, scene: Scene) -> Any:
    return await settle_top_up(work, Settlement(scene.tenant, scene.pending, TopUpStatus.FAILED, failure="declined"))


async def grant(work: UnitOfWork, scene: Scene) -> Any:
    wish = GrantWish(scene.tenant, "given", micro("3"), effective_at=scene.now - 2 * DAY)
    return await grant_credits(work, wish)


async def refund(work: UnitOfWork, scene: Scene) -> Any:
    return await refund_usage(work, RefundWish(scene.tenant, SubjectKind.CALL, scene.call, "refund", "Sorry."))


async def void(work: UnitOfWork, scene: Scene) -> Any:
    return await void_grant(work, scene.tenant, scene.bought, "By mistake.")


async def change_plan_now(work: UnitOfWork, scene: Scene) -> Any:
    return await change_plan(work, scene.tenant, scene.plan, ChangeWhen.NOW)


async def change_plan_later(work: UnitOfWork, scene: Scene) -> Any:
    return await change_plan(work, scene.tenant, scene.plan, ChangeWhen.NEXT_PERIOD)


async def talk_late(work: UnitOfWork, scene: Scene) -> Any:
    """Usage of long before, after which everything is folded again; it gives back what a hold set aside for it."""
    return await _talk(work, scene, 4, scene.now - 7 * DAY, scene.other_hold)


async def talk_until_credits_run_out(work: UnitOfWork, scene: Scene) -> Any:
    """Buys automatically, warns of little credit, and uses up the agent's budget."""
    return await _talk(work, scene, 55, scene.now - timedelta(minutes=55), scene.hold)


async def _talk(work: UnitOfWork, scene: Scene, minutes: int, start: datetime, hold: UUID) -> Any:
    end = start + timedelta(minutes=minutes)
    report = CallReport(scene.agent, "talk", CallDirection.INBOUND, start, end, hold_id=hold)
    ((outcome,),) = await record(work, [Submission(scene.tenant, [report])])
    assert isinstance(outcome, Recorded), outcome
    return outcome.id


async def set_rule(work: UnitOfWork, scene: Scene) -> Any:
    """The rule wants credits at once."""
    return await set_auto_recharge(work, scene.tenant, RechargeRule(micro("30"), micro("25")), enabled=True)


async def set_thresholds(work: UnitOfWork, scene: Scene) -> Any:
    return await set_low_balance_thresholds(work, scene.tenant, [micro("5"), micro("50")])


async def set_budget_of_agent(work: UnitOfWork, scene: Scene) -> Any:
    """It is used up already."""
    wish = BudgetWish(scene.tenant, scene.agent, micro("1"), Interval.MONTH, BudgetAction.STOP)
    return await set_budget(work, wish)


LATER = {"a hold has ended": timedelta(minutes=20), "a period has ended": 40 * DAY}
"""How much later something is due."""

DEEDS: dict[str, Deed] = {
    deed.__name__: deed
    for deed in (
        authorize,
        extend,
        release,
        buy,
        ask_for_credits,
        pay,
        fail_to_pay,
        grant,
        refund,
        void,
        change_plan_now,
        change_plan_later,
        talk_late,
        talk_until_credits_run_out,
        set_rule,
        set_thresholds,
        set_budget_of_agent,
    )
} | dict.fromkeys(LATER, bring_up_to_date)
