"""Refusals as data: a mutation that the rules do not allow answers with its payload, which says why."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.utils.str_converters import to_camel_case

from models.rules.refusals import Path, Refusal
from models.rules.refusals import TooFewCredits as Shortage
from models.rules.words import ErrorCode
from resolvers.scalars import Credits


@strawberry.interface(description="Why a request was refused. Nothing of it has happened.")
class UserError:
    code: ErrorCode = strawberry.field(description="Why, for programs. Codes do not change.")
    message: str = strawberry.field(description="Why, for people: a sentence in English.")
    path: list[str] = strawberry.field(
        description='Path of the input field that is to blame, such as ["input", "endedAt"]; empty where there is none.'
    )


@strawberry.type(description="A refusal that its code and message explain.")
class Refused(UserError):
    pass


@strawberry.type(description="A refusal because too few credits are available.")
class TooFewCredits(UserError):
    needed: Credits = strawberry.field(description="What the request costs.")
    available: Credits = strawberry.field(description="What is available now.")
    next_credits_on: date | None = strawberry.field(description="When the next credits come in, if that is known.")


@strawberry.interface(description="What a mutation answers: the result, null where it was refused, and why.")
class Payload:
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why the request was refused; empty where it was not."
    )


class RefusalsAsErrors(FieldExtension):
    """A refused mutation answers with its own payload, which then holds nothing but the errors."""

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: strawberry.Info, **given: Any
    ) -> Any:
        try:
            return await next_(source, info, **given)
        except Refusal as refusal:
            payload: Any = info.return_type
            return payload(errors=[error_of(refusal, in_input="input" in given)])


def error_of(refusal: Refusal, *, in_input: bool) -> UserError:
    """The refusal as the graph shows it; in_input: whether its path begins inside the argument `input`."""
    path = shown_path(("input", *refusal.path) if in_input and refusal.path else refusal.path)
    if isinstance(refusal, Shortage):
        return TooFewCredits(
            code=refusal.code,
            message=refusal.message,
            path=path,
            needed=Credits(refusal.needed),
            available=Credits(refusal.available),
            next_credits_on=refusal.next_credits_on,
        )
    return Refused(code=refusal.code, message=refusal.message, path=path)


def shown_path(path: Path) -> list[str]:
    """A path through the input, with the names that the graph has for its fields."""
    return [to_camel_case(step) for step in path]
