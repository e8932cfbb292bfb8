"""What a process takes of the machine, together with all that it has started."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
GONE = (FileNotFoundError, ProcessLookupError)


def cpu_seconds_of(root: int) -> float:
    """The processor's time so far, that of processes which have ended since included."""
    return sum(sum(map(int, fields[11:15])) for _, fields in _tree(root)) / _TICKS


def memory_bytes_of(root: int) -> int:
    """The memory held; what several hold together is counted once."""
    total = 0
    for pid, _ in _tree(root):
        with suppress(*GONE):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def _tree(root: int) -> Iterator[tuple[int, list[str]]]:
    """Each process with what /proc/PID/stat says after its name."""
    stats = _stats()
    reached = [root]
    for pid in reached:
        if fields := stats.get(pid):
            yield pid, fields
            reached += [child for child, (_, parent, *_) in stats.items() if int(parent) == pid]


def _stats() -> dict[int, list[str]]:
    stats = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(*GONE):
                stats[int(folder.name)] = (folder / "stat").read_text().rpartition(")")[2].split()
    return stats
