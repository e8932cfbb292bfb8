"""Servers, a database and Redis are killed, stopped and frozen while many work: nothing is lost, nothing happens twice.

This is the short form of `make chaos`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.deployment import deployed
from tests.chaos.forked import Fork, Forks
from tests.chaos.running import Extent, run_round
from tests.services import PostgresServer

SEED = 7


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    forks = Forks()
    yield forks
    forks.stop()


@pytest.fixture(scope="module")
def durable_postgres() -> Iterator[PostgresServer]:
    server = PostgresServer(durable=True)
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("database", "processes", "has_lanes", "extent"),
    [
        ("sqlite", 1, True, Extent(kills=3, others=3)),
        ("postgresql", 1, False, Extent(kills=2, others=3)),
        ("postgresql", 4, False, Extent(kills=3, others=4)),
    ],
)
async def test_what_was_acknowledged_is_there_exactly_once_whatever_was_killed(
    database: str,
    processes: int,
    has_lanes: bool,
    extent: Extent,
    tmp_path: Path,
    forks: Forks,
    request: pytest.FixtureRequest,
) -> None:
    postgres = request.getfixturevalue("durable_postgres") if database == "postgresql" else None

    async with deployed(
        tmp_path, processes, postgres, lambda *how: Fork(forks, *how), has_lanes=has_lanes
    ) as deployment:
        verdict = await run_round(deployment, extent, SEED)

    assert verdict.problems == []
    assert (verdict.lost, verdict.double, verdict.gaps) == (0, 0, 0)
    assert verdict.struck.total() == extent.kills + extent.others
    assert verdict.acknowledged.writes > 50
    assert verdict.acknowledged.lost_answers > 0
    assert sum(watcher.resumed for watcher in verdict.watchers) > 0
