"""What clients are told when something fails. The one place where errors are shaped and secrets kept back.

GraphQL's own errors and refusals stay readable; everything else is masked, and logged under the errorId that
the client is given.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog
from graphql import GraphQLError
from strawberry.utils.str_converters import to_camel_case

from models.rules.refusals import Refusal

INVALID = "INVALID"
UNAUTHENTICATED = "UNAUTHENTICATED"
FORBIDDEN = "FORBIDDEN"
NOT_FOUND = "NOT_FOUND"
LIMIT_REACHED = "LIMIT_REACHED"
INTERNAL = "INTERNAL"

# Messages repeat what clients sent: an unknown field's name may be as long as the body.
LONGEST_MESSAGE = 500
MOST_ERRORS = 50

log = structlog.get_logger(source="errors")

ShownError = dict[str, Any]


class Unauthenticated(Exception):
    """No key, or none that counts. Its message is shown."""

    def __init__(self, message: str = "Send a key: Authorization: Bearer ...") -> None:
        super().__init__(message)


@dataclass
class BadRequest(Exception):
    """A request that is refused before any GraphQL is read from it."""

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)


def error_of(message: str, code: str) -> ShownError:
    return {"message": cut(message), "extensions": {"code": code}}


def bad_request_shown(refused: BadRequest) -> ShownError:
    """A refused request as an error. Who has to wait is told for how long here too: sockets have no headers."""
    error = error_of(refused.message, refused.code)
    if retry_after := refused.headers.get("Retry-After"):
        error["extensions"]["retryAfter"] = int(retry_after)
    return error


def shown(errors: Iterable[GraphQLError]) -> list[ShownError]:
    """The errors as clients see them, at most fifty."""
    return [shown_error(error) for _, error in zip(range(MOST_ERRORS), errors, strict=False)]


def shown_error(error: GraphQLError) -> ShownError:
    answer: ShownError = {"message": cut(error.message)}
    if error.locations:
        answer["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        answer["path"] = error.path
    match _cause_of(error):
        case None:
            answer["extensions"] = {"code": INVALID, **(error.extensions or {})}
        case Refusal() as refusal:
            answer |= refusal_shown(refusal)
        case Unauthenticated() as cause:
            answer["message"] = cut(str(cause))
            answer["extensions"] = {"code": UNAUTHENTICATED}
        case cause:
            answer |= masked(cause)
    return answer


def refusal_shown(refusal: Refusal) -> ShownError:
    return {"message": cut(refusal.message), "extensions": _extensions_of(refusal)}


def masked(cause: BaseException) -> ShownError:
    """An error that says nothing but an id, which the log holds too, with all the rest."""
    error_id = secrets.token_hex(8)
    log.error("internal error", error_id=error_id, exc_info=cause)
    message = f"Internal error. The server's log explains it under {error_id}."
    return {"message": message, "extensions": {"code": INTERNAL, "errorId": error_id}}


def cut(message: str) -> str:
    return message if len(message) <= LONGEST_MESSAGE else message[: LONGEST_MESSAGE - 3] + "..."


def _cause_of(error: GraphQLError) -> BaseException | None:
    """What was raised by our own code; None where GraphQL itself speaks."""
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    # Without a path no field was running: a scalar has said what is wrong with an input.
    if error.path is None and isinstance(cause, ValueError):
        return None
    return cause


def _extensions_of(refusal: Refusal) -> dict[str, Any]:
    extensions: dict[str, Any] = {"code": refusal.code.value}
    if refusal.path:
        extensions["path"] = [to_camel_case(part) for part in refusal.path]
    return extensions
