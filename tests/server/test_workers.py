"""Several processes under one: they may begin slowly, are replaced when they end, and end with the one over them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 60


class Several:
    def __init__(self, log: Path) -> None:
        self._log, self._port = log, free_port()
        command = [sys.executable, "-m", "tests.server.slow_workers", str(self._port)]
        with log.open("wb") as lines:
            self.parent = subprocess.Popen(command, cwd=ROOT, stdout=lines, stderr=lines, start_new_session=True)

    def answers(self) -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{self._port}/", timeout=1).text == "up"
        except httpx2.TransportError:
            return False

    def begun(self) -> int:
        return self._log.read_text().count("begins")

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children").read_text().split()
        return [int(child) for child in children if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()]


@pytest.fixture
def several(tmp_path: Path) -> Iterator[Several]:
    several = Several(tmp_path / "log")
    yield several
    if several.parent.poll() is None:
        several.parent.terminate()
        several.parent.wait(WAIT_SECONDS)


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < ends, "It did not come true."
        time.sleep(0.05)


def test_a_worker_that_begins_slowly_is_left_to_begin_and_one_that_ends_is_replaced(several: Several) -> None:
    until(several.answers)
    assert several.begun() == 2

    os.kill(several.workers()[0], signal.SIGKILL)
    until(lambda: several.begun() == 3)
    until(several.answers)


def test_workers_end_with_the_process_over_them(several: Several) -> None:
    until(several.answers)

    several.parent.kill()
    several.parent.wait()

    until(lambda: not several.answers())
