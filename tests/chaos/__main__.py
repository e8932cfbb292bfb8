"""The long form of chaos, `make chaos`: servers on every database, struck again and again.

Ends with 0 where every acknowledged write was there once, no ledger had a gap, and every watcher saw all of it.
"""

import argparse
import asyncio
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from tests.chaos.clients import Acknowledged
from tests.chaos.deployment import Start, as_a_user_starts_it, deployed
from tests.chaos.forked import ROOT, Fork, Forks
from tests.chaos.judging import Verdict
from tests.chaos.running import Extent, run_round
from tests.chaos.strikes import KILL, Stalled
from tests.services import PostgresServer

# Which database, how many processes, whether they are one server's workers, and their part of the kills.
COMBINATIONS = (
    ("sqlite", 1, False, 0.3),
    ("postgresql", 1, False, 0.3),
    ("postgresql", 4, False, 0.2),
    ("postgresql", 4, True, 0.2),
)
OTHERS_A_KILL = 0.4


async def chaos(kills: int, seed: int) -> list[Verdict]:
    postgres, forks = PostgresServer(durable=True), Forks()
    postgres.start()
    verdicts: list[Verdict] = []
    try:
        for number, (database, processes, as_workers, part) in enumerate(COMBINATIONS):
            left = kills - sum(verdict.struck[KILL] for verdict in verdicts)
            some = left if number == len(COMBINATIONS) - 1 else round(kills * part)
            at = postgres if database == "postgresql" else None
            # Workers are started by their server, as users start it; the others part from one that has all imported.
            start = as_a_user_starts_it if as_workers else partial(Fork, forks)
            verdicts.append(await one_round(at, processes, Random(seed) if as_workers else None, start, some, seed))
    finally:
        forks.stop()
        postgres.stop()
    return verdicts


async def one_round(
    postgres: PostgresServer | None, processes: int, supervised_by: Random | None, start: Start, kills: int, seed: int
) -> Verdict:
    folder = Path(tempfile.mkdtemp(prefix="tallygraph-chaos-"))
    async with deployed(folder, processes, postgres, start, supervised_by) as deployment:
        print(f"\n{deployment.name}: {kills} kills", flush=True)
        try:
            verdict = await run_round(deployment, Extent(kills, round(kills * OTHERS_A_KILL)), seed, progress())
        except* (Stalled, TimeoutError) as stalled:
            problems = [repr(error) for error in stalled.exceptions]
            verdict = Verdict(deployment.name, seed, Counter(), Acknowledged(), problems=problems)
        print(f"  {verdict.acknowledged.writes} writes, {verdict.entries} entries, {verdict.seconds:.0f} s; checking")
        if proof := what_verify_says(deployment.database_url):
            verdict.problems.append(proof)
    print(
        f"  {verdict.lost} lost, {verdict.double} double, {verdict.gaps} gaps, {len(verdict.problems)} other problems"
    )
    if verdict.ok:
        shutil.rmtree(folder)
    else:
        print(f"  See {deployment.log}")
    return verdict


def progress() -> Callable[[str, Acknowledged], None]:
    began, count = time.monotonic(), 0

    def told(how: str, done: Acknowledged) -> None:
        nonlocal count
        count += 1
        print(f"  {time.monotonic() - began:6.1f} s  {count:3}  {how:16}  {done.writes:6} writes", flush=True)

    return told


def what_verify_says(database_url: str) -> str:
    """What `tallygraph verify` found wrong; nothing where all is well."""
    command = [sys.executable, "-c", "from server.commands import main; main()", "verify"]
    environment = {**os.environ, "TALLYGRAPH_DATABASE_URL": database_url}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return "" if done.returncode == 0 else f"verify ended with {done.returncode}: {done.stdout}{done.stderr}"


def show(verdicts: list[Verdict]) -> None:
    head = ("", "kills", "other strikes", "writes", "answers lost", "entries", "resumed", "lost", "double", "gaps")
    rows = [head, *(row_of(verdict) for verdict in verdicts)]
    if len(verdicts) > 1:
        sums = [sum(int(row[column]) for row in rows[1:]) for column in range(1, len(head))]
        rows.append(("together", *map(str, sums)))
    print()
    for number, row in enumerate(rows):
        print("| " + " | ".join(row) + " |")
        if number == 0:
            print("|" + "---|" * len(row))
    for verdict in verdicts:
        for problem in verdict.problems[:20]:
            print(f"{verdict.name}: {problem}")


def row_of(verdict: Verdict) -> tuple[str, ...]:
    done = verdict.acknowledged
    figures = (
        verdict.struck[KILL],
        verdict.struck.total() - verdict.struck[KILL],
        done.writes,
        done.lost_answers + done.refused_for_now + done.masked,
        verdict.entries,
        sum(watcher.resumed for watcher in verdict.watchers),
        verdict.lost,
        verdict.double,
        verdict.gaps,
    )
    return verdict.name, *map(str, figures)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how often a server is killed in all; 100 by itself")
    parser.add_argument("--seed", type=int, default=None, help="what decides when and what; drawn where it is left out")
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    print(f"Seed {seed}: the same strikes come again with --seed {seed}.")
    verdicts = asyncio.run(chaos(given.kills, seed))
    show(verdicts)
    ok = all(verdict.ok for verdict in verdicts)
    print(f"\nSeed {seed}: " + ("nothing lost, nothing double, no gaps." if ok else "it does not hold."))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
