"""What became of the rows of a file, counted while it is read and told at the end."""

from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_REASONS = 50
LINES_SHOWN = 5


@dataclass(slots=True)
class Tally:
    """How many rows there were of each outcome. Takes the same memory for any number of them."""

    read: int = 0
    left_out: int = 0
    """Rows that --where is not about."""
    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    reasons: dict[str, list[int]] = field(default_factory=dict)
    """By reason, how many rows, then the lines of the first ones."""
    is_interrupted: bool = False

    def refuse(self, line: int, reason: str) -> None:
        self.refused += 1
        if reason not in self.reasons and len(self.reasons) >= MOST_REASONS:
            reason = "Other reasons."
        known = self.reasons.setdefault(reason, [0])
        known[0] += 1
        if len(known) <= LINES_SHOWN:
            known.append(line)

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
        for reason, (count, *lines) in sorted(self.reasons.items(), key=lambda one: -one[1][0]):
            more = ", ..." if count > len(lines) else ""
            shown = ", ".join(str(line) for line in lines)
            yield f"  {count:,} x {reason} ({'line' if count == 1 else 'lines'} {shown}{more})"
