"""One server for all that is thrown at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.target import Target, a_target


@pytest.fixture(scope="session")
def running_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    with a_target(folder) as target:
        yield target


@pytest.fixture
def target(running_target: Target) -> Iterator[Target]:
    """The server, which must be well, and unburdened, after each test."""
    with running_target.unburdened():
        yield running_target
