"""Crowds: how long a balance takes while others ask for all that the limits allow, beside how long it takes idle.

python -m benchmarks.crowding [KIND ...] [--postgres] [--same-address] [--keys N]        all kinds where none is named
"""

import argparse
import asyncio
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

import uvloop

from benchmarks.bystander import ASKS_A_SECOND, Bystander, Waits, waits_of
from benchmarks.crowds import CROWDS
from benchmarks.hostile import ADDRESS, Ground
from benchmarks.measuring import Server, a_directory, a_server, show
from benchmarks.neighbours import Neighbour, two_neighbours
from server.settings import Settings
from tests.services import PostgresServer

# The default bounds of rates, which other benchmarks do without; and a proxy, whose word tells addresses apart.
BOUNDS = {
    f"TALLYGRAPH_{name.upper()}": str(Settings.model_fields[name].default)
    for name in ("rate_limit_per_key", "rate_limit_per_address")
} | {"TALLYGRAPH_TRUSTED_PROXIES": "127.0.0.1"}
BYSTANDERS_ADDRESS = "198.51.100.7"
FIRST_ASKS, IDLE_ASKS, ASKS, CONNECTIONS = 100, 750, 1_500, 16
# Both begin at one moment, for which their processes wait: what comes while points are saved up counts too.
BEGINS_IN_SECONDS = 0.5
CALM_SHARE, CALM_SECONDS, MOST_SECONDS_TO_CALM = 0.03, 1.0, 30.0
MOST_WAIT = 3.0
LOWEST_PRIORITY = 19


@dataclass
class Outcome:
    """One crowd: the waits beside it and idle, before and after it, and what the machine did meanwhile."""

    kind: str
    before: Waits
    after: Waits | None
    """None where the server did not come to rest."""
    beside: Waits
    answers: Counter[str]
    cores: float
    """How many the server and its processes used."""
    load: float

    @property
    def idle(self) -> Waits:
        return self.before + self.after if self.after else self.before

    @property
    def wait(self) -> float:
        return self.beside.at(0.99) / self.idle.at(0.99)

    @property
    def worst_wait(self) -> float:
        """Against the quieter half of the idle waits: what else the machine does must not make the ratio better."""
        halves = (self.before, self.after or self.before)
        return self.beside.at(0.99) / min(half.at(0.99) for half in halves)

    @property
    def holds(self) -> bool:
        return self.worst_wait <= MOST_WAIT and not self.beside.unanswered and self.after is not None


class Crowding:
    """One server, a process for the bystander, and one of the lowest priority that stands for others' machines."""

    def __init__(self, server: Server, bystander: Bystander, hostile: Neighbour, address: str, stack: ExitStack):
        self._server, self._bystander, self._hostile, self._address = server, bystander, hostile, address
        self._asking = stack.enter_context(a_process())
        self._crowding = stack.enter_context(a_process(LOWEST_PRIORITY))
        self._seed = 0
        # Whoever asks first finds nothing read yet.
        self._waits(FIRST_ASKS, time.monotonic() + BEGINS_IN_SECONDS)

    def idle(self) -> Waits | None:
        """None where the server does not come to rest."""
        return self._waits(IDLE_ASKS, time.monotonic() + BEGINS_IN_SECONDS) if self._comes_to_rest() else None

    def beside(self, kind: str, before: Waits) -> Outcome:
        """What was measured idle directly before it is given; idle is measured again directly after it."""
        begin, used = time.monotonic() + BEGINS_IN_SECONDS, self._server.cpu_seconds()
        crowd = self._crowding.submit(a_crowd, kind, self._grounds(begin + ASKS / ASKS_A_SECOND), begin)
        waits = self._waits(ASKS, begin)
        cores = (self._server.cpu_seconds() - used) / (time.monotonic() - begin)
        load, answers = os.getloadavg()[0], crowd.result()
        return Outcome(kind, before, self.idle(), waits, answers, cores, load)

    def _waits(self, count: int, begin: float) -> Waits:
        self._seed += 1
        return self._asking.submit(waits_of, self._bystander, begin, count, self._seed).result()

    def _grounds(self, until: float) -> list[Ground]:
        """One for each key, which share the connections."""
        hostile, share = self._hostile, max(CONNECTIONS // len(self._hostile.keys), 1)
        return [
            Ground(self._server.port, key, hostile.tenant, hostile.agent, until, self._address, share)
            for key in hostile.keys
        ]

    def _comes_to_rest(self) -> bool:
        """Whether the server has soon nothing left to do: what it still does for a crowd is not its idle state."""
        until = time.monotonic() + MOST_SECONDS_TO_CALM
        while time.monotonic() < until:
            used = self._server.cpu_seconds()
            time.sleep(CALM_SECONDS)
            if self._server.cpu_seconds() - used < CALM_SHARE * CALM_SECONDS:
                return True
        return False


def a_crowd(kind: str, grounds: list[Ground], begin: float) -> Counter[str]:
    async def gathered() -> None:
        await asyncio.sleep(begin - time.monotonic())
        await asyncio.gather(*(CROWDS[kind](ground) for ground in grounds))

    uvloop.run(gathered())
    return sum((Counter(ground.answers) for ground in grounds), Counter())


@contextmanager
def a_process(priority: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """One that is there already when it is needed, of the priority of this one where none is given."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        process.submit(begin_with, priority).result()
        yield process


def begin_with(priority: int | None) -> None:
    if priority is not None:
        os.setpriority(os.PRIO_PROCESS, 0, priority)


# ---------------------------------------------------------------- what is shown

TITLE = (
    "kind",
    "idle p50, p90, p99, max, ms",
    "p99 before, after",
    "beside it, ms",
    "p99 / idle p99 (its quieter half)",
    "cores",
    "load",
    "came",
)


def row_of(outcome: Outcome) -> tuple[str, ...]:
    after = f"{outcome.after.at(0.99):.1f}" if outcome.after else "no rest"
    before_and_after = f"{outcome.before.at(0.99):.1f}, {after}"
    came = ", ".join(f"{count} x {what}" for what, count in sorted(outcome.answers.items()))
    ratio = f"{outcome.wait:.1f}x ({outcome.worst_wait:.1f}x)"
    ratio += f", {outcome.beside.unanswered} unanswered" if outcome.beside.unanswered else ""
    figures = (ratio, f"{outcome.cores:.2f}", f"{outcome.load:.1f}", came)
    return outcome.kind, shown(outcome.idle), before_and_after, shown(outcome.beside), *figures


def shown(waits: Waits) -> str:
    return ", ".join(f"{waits.at(share):.1f}" for share in (0.5, 0.9, 0.99, 1.0))


def measure(url: str, kinds: list[str], keys: int, address: str) -> list[Outcome]:
    """One server for all kinds, and a new one after a kind that leaves it no rest."""
    good, hostile = uvloop.run(two_neighbours(url, keys))
    outcomes: list[Outcome] = []
    while left := kinds[len(outcomes) :]:
        with ExitStack() as stack:
            server = stack.enter_context(
                a_server("benchmarks.serving_watched", "{port}", TALLYGRAPH_DATABASE_URL=url, **BOUNDS)
            )
            bystander = Bystander(server.port, good.tenant, good.keys[0], address)
            outcomes += measured(Crowding(server, bystander, hostile, ADDRESS, stack), left)
    return outcomes


def measured(crowding: Crowding, kinds: list[str]) -> Iterator[Outcome]:
    idle = crowding.idle()
    if idle is None:
        raise RuntimeError("The server does not come to rest although nobody asks anything.")
    for kind in kinds:
        outcome = crowding.beside(kind, idle)
        print(" | ".join(row_of(outcome)), file=sys.stderr, flush=True)
        yield outcome
        if outcome.after is None:
            return
        idle = outcome.after


@contextmanager
def a_database(postgres: bool) -> Iterator[str]:
    if postgres:
        server = PostgresServer(durable=True)
        server.start()
        try:
            yield server.make_database()
        finally:
            server.stop()
    else:
        folder = a_directory()
        try:
            yield f"sqlite:///{folder / 'books.db'}"
        finally:
            shutil.rmtree(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(CROWDS))
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own instead of SQLite")
    parser.add_argument("--same-address", action="store_true", help="all come from one address")
    parser.add_argument("--keys", type=int, default=1, help="how many keys the crowd has, which share its connections")
    given = parser.parse_args()
    if unknown := set(given.kinds) - set(CROWDS):
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    with a_database(given.postgres) as url:
        address = ADDRESS if given.same_address else BYSTANDERS_ADDRESS
        outcomes = measure(url, given.kinds or list(CROWDS), given.keys, address)
    show("Crowds", [TITLE, *(row_of(outcome) for outcome in outcomes)])
    slow = [outcome.kind for outcome in outcomes if not outcome.holds]
    print(f"\nOthers wait over {MOST_WAIT:g}x or in vain, or the server finds no rest: {', '.join(slow) or 'none'}.")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
