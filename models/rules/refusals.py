"""Requests that the rules do not allow, as one family of exceptions.

Refusal
  NotFound  Invalid  Conflict  LimitReached  BudgetReached  Forbidden  NoRate  Expired
  TooFewCredits
"""

from datetime import date
from typing import ClassVar

from models.rules.amounts import in_credits
from models.rules.words import ErrorCode

Path = tuple[str, ...]


class Refusal(Exception):
    """A request that the rules do not allow. Its message is for people, its code for programs.

    The path names the input field in snake case, outermost first; list positions are digits.
    """

    code: ClassVar[ErrorCode]

    def __init__(self, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path

    def under(self, *path: str) -> "Refusal":
        """The same refusal, seen from an input that holds the refused one."""
        self.path = path + self.path
        return self


class NotFound(Refusal):
    code = ErrorCode.NOT_FOUND


class Invalid(Refusal):
    code = ErrorCode.INVALID


class Conflict(Refusal):
    code = ErrorCode.CONFLICT


class LimitReached(Refusal):
    code = ErrorCode.LIMIT_REACHED


class BudgetReached(Refusal):
    code = ErrorCode.BUDGET_REACHED


class Forbidden(Refusal):
    code = ErrorCode.FORBIDDEN


class NoRate(Refusal):
    code = ErrorCode.NO_RATE


class Expired(Refusal):
    code = ErrorCode.EXPIRED


class TooFewCredits(Refusal):
    """What was asked for costs more than is available."""

    code = ErrorCode.INSUFFICIENT_CREDITS

    def __init__(self, needed: int, available: int, next_credits_on: date | None = None, path: Path = ()) -> None:
        super().__init__(f"This needs {in_credits(needed)} credits; {in_credits(available)} are available.", path)
        self.needed, self.available, self.next_credits_on = needed, available, next_credits_on
