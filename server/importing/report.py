"""What became of the rows of a file, counted while it is read and told at the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

MOST_REASONS = 50
LINES_SHOWN = 5
NAMES_SHOWN = 5


@dataclass(slots=True)
class Reason:
    """Rows that were refused for one reason: how many, the lines of the first ones, and the first names in them."""

    count: int = 0
    lines: list[str] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)

    def add(self, line: int, name: str) -> None:
        self.count += 1
        if len(self.lines) < LINES_SHOWN:
            self.lines.append(str(line))
        if name and len(self.names) <= NAMES_SHOWN:
            self.names[name] = None

    @property
    def where(self) -> str:
        lines = f"{'line' if self.count == 1 else 'lines'} {_listed(self.lines, self.count)}"
        names = [repr(name) for name in self.names]
        return f"{_listed(names[:NAMES_SHOWN], len(names))}; {lines}" if names else lines


def _listed(shown: Sequence[str], count: int) -> str:
    return ", ".join(shown) + (", ..." if count > len(shown) else "")


@dataclass(slots=True)
class Tally:
    """How many rows there were of each outcome. Takes the same memory for any number of them."""

    read: int = 0
    left_out: int = 0
    """Rows that --where is not about."""
    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    reasons: dict[str, Reason] = field(default_factory=dict)
    is_interrupted: bool = False

    def refuse(self, line: int, reason: str, name: str = "") -> None:
        """Count a row that was refused, and the name in it that the reason is about, if there is one."""
        self.refused += 1
        if reason not in self.reasons and len(self.reasons) >= MOST_REASONS:
            reason = "Other reasons."
        self.reasons.setdefault(reason, Reason()).add(line, name)

    @property
    def counts(self) -> str:
        left_out = f"{self.left_out:,} left out, " if self.left_out else ""
        return (
            f"{left_out}{self.accepted:,} accepted, "
            f"{self.duplicates:,} {'duplicate' if self.duplicates == 1 else 'duplicates'}, {self.refused:,} refused"
        )

    def lines(self) -> Iterator[str]:
        """The report, the most frequent reasons first."""
        yield f"{self.read:,} {'row' if self.read == 1 else 'rows'} read: {self.counts}."
        for reason, rows in sorted(self.reasons.items(), key=lambda one: -one[1].count):
            yield f"  {rows.count:,} x {reason} ({rows.where})"
