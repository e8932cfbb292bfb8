"""The slow lanes of a server: one for reading and one for long changes, so that neither waits for the other."""

from dataclasses import dataclass
from typing import Self

from models.unit_of_work import Books
from server.settings import Settings
from server.slow_lane.lane import SlowLane


@dataclass(frozen=True, slots=True)
class Lanes:
    reading: SlowLane
    """Documents that the server has not seen, heavy queries, and questions about the schema."""
    writing: SlowLane
    """Mutations that bring a lot, such as lists of usage."""

    @classmethod
    def of(cls, settings: Settings, factory: str, books: Books | None = None) -> Self:
        return cls(
            SlowLane(settings, factory, books, "slow lane for reading"),
            SlowLane(settings, factory, books, "slow lane for writing"),
        )
