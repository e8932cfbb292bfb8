"""What an operation is answered with: its data and errors, and the status that says how it went."""

from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLError

from resolvers.limits import limit_reached
from server.errors import ShownError, shown

# The status of an operation that cannot be run, for clients that understand it. A later draft of GraphQL over
# HTTP prefers 422.
REQUEST_ERROR_STATUS = 400


@dataclass(slots=True)
class Answer:
    """What the client gets, and the status that says how it went. There is no `data` where nothing ran."""

    payload: dict[str, Any]
    status: int = 200


class RequestErrors(Exception):
    """The operation cannot be run. Nothing was executed."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors)
        self.errors = errors

    def answer(self) -> Answer:
        return Answer({"errors": shown(self.errors)}, REQUEST_ERROR_STATUS)


def raise_if(errors: list[GraphQLError]) -> None:
    if errors:
        raise RequestErrors(errors)


def answer_of(result: ExecutionResult) -> Answer:
    errors: list[ShownError] = shown(result.errors or [])
    if result.data is None and all("path" not in error for error in errors):
        # Only a field's error can leave no data once something ran: these are the variables'.
        return Answer({"errors": errors}, REQUEST_ERROR_STATUS)
    payload: dict[str, Any] = {"errors": errors} if errors else {}
    payload["data"] = result.data
    return Answer(payload)


def overtime(seconds: float) -> GraphQLError:
    return limit_reached(f"The operation took longer than {seconds:g} seconds and was given up.")


def overtime_answer(seconds: float) -> Answer:
    return Answer({"errors": shown([overtime(seconds)])}, 503)
