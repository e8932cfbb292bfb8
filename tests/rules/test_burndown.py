from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from models.rules import burndown
from models.rules.words import GrantSource, PoolKind

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class AGrant:
    remaining: int = 5
    key: str = "a"
    pool: PoolKind = PoolKind.PLAN
    source: GrantSource = GrantSource.PLAN
    priority: int = 100
    effective_at: datetime = NOON - DAY
    expires_at: datetime | None = None
    id: UUID = field(default_factory=uuid4)


def paid_by(*grants: AGrant) -> list[AGrant]:
    return [grant for grant, _ in burndown.draw(grants, 10**9, NOON).shares]


def test_the_grant_that_expires_first_pays_first() -> None:
    later = AGrant(remaining=5)
    sooner = AGrant(remaining=5, expires_at=NOON + DAY)

    assert burndown.draw([later, sooner], 7, at=NOON).shares == [(sooner, 5), (later, 2)]


def test_a_lower_priority_pays_before_all_else_is_considered() -> None:
    sooner = AGrant(expires_at=NOON + DAY)
    first = AGrant(priority=99, pool=PoolKind.TOP_UP, source=GrantSource.PROMOTION)

    assert paid_by(sooner, first) == [first, sooner]


def test_the_plan_pays_before_what_was_bought() -> None:
    bought = AGrant(pool=PoolKind.TOP_UP, source=GrantSource.TOP_UP, effective_at=NOON - 2 * DAY)
    plan = AGrant()

    assert paid_by(bought, plan) == [plan, bought]


def test_the_earlier_grant_pays_before_the_rolled_over_one() -> None:
    rolled = AGrant(source=GrantSource.ROLLOVER)
    earlier = AGrant(effective_at=NOON - 2 * DAY, key="z")

    assert paid_by(rolled, earlier) == [earlier, rolled]


def test_what_rolled_over_pays_before_the_plan_of_the_same_moment() -> None:
    plan = AGrant(key="a")
    rolled = AGrant(key="b", source=GrantSource.ROLLOVER)

    assert paid_by(plan, rolled) == [rolled, plan]


def test_the_key_settles_ties_and_not_the_order_of_arrival() -> None:
    b, a = AGrant(key="b", id=UUID(int=1)), AGrant(key="a", id=UUID(int=2))

    assert paid_by(b, a) == paid_by(a, b) == [a, b]


def test_a_key_that_two_kinds_of_action_share_is_no_tie() -> None:
    bought = AGrant(pool=PoolKind.TOP_UP, source=GrantSource.TOP_UP)
    given_ = AGrant(pool=PoolKind.TOP_UP, source=GrantSource.PROMOTION)

    assert paid_by(bought, given_) == paid_by(given_, bought)


def test_a_grant_is_usable_from_its_beginning_to_just_before_its_end() -> None:
    grant = AGrant(effective_at=NOON, expires_at=NOON + DAY)
    moment = timedelta(microseconds=1)

    assert [burndown.is_usable(grant, at) for at in (NOON - moment, NOON, NOON + DAY - moment, NOON + DAY)] == [
        False,
        True,
        True,
        False,
    ]


def test_nothing_is_drawn_for_nothing() -> None:
    assert burndown.draw([AGrant()], 0, NOON) == ([], 0)


def test_what_no_grant_pays_is_the_shortfall() -> None:
    assert burndown.draw([AGrant(remaining=2), AGrant(remaining=0)], 5, NOON).shortfall == 3


MOMENTS = st.sampled_from([NOON - 2 * DAY, NOON - DAY, NOON, NOON + DAY])
GRANTS = st.lists(
    st.builds(
        AGrant,
        remaining=st.integers(0, 20),
        key=st.sampled_from("abc"),
        pool=st.sampled_from(PoolKind),
        source=st.sampled_from(GrantSource),
        priority=st.sampled_from([1, 100]),
        effective_at=MOMENTS,
        expires_at=st.none() | MOMENTS,
    ),
    max_size=8,
    unique_by=lambda grant: (grant.key, grant.source),
)


@given(GRANTS, st.integers(0, 100))
def test_a_draw_takes_all_it_can_and_no_more_from_usable_grants_in_any_order(grants: list[AGrant], amount: int) -> None:
    shares, shortfall = burndown.draw(grants, amount, NOON)

    assert sum(share for _, share in shares) + shortfall == amount
    assert all(0 < share <= grant.remaining and burndown.is_usable(grant, NOON) for grant, share in shares)
    usable = sum(grant.remaining for grant in grants if burndown.is_usable(grant, NOON))
    assert shortfall == max(0, amount - usable)
    assert all(share == grant.remaining for grant, share in shares[:-1])
    assert burndown.draw(reversed(grants), amount, NOON) == (shares, shortfall)
