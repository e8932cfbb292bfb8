"""What an operation is answered with: its data and errors, and the status that says how it went."""

from dataclasses import dataclass
from typing import Any, Self

import orjson
from graphql import ExecutionResult, GraphQLError

from resolvers.limits import limit_reached
from server.errors import LIMIT_REACHED, BadRequest, ShownError, masked, shown

# The status of an operation that cannot be run, for clients that understand it. A later draft of GraphQL over
# HTTP prefers 422.
REQUEST_ERROR_STATUS = 400


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client gets, as JSON, and the status that says how it went. There is no `data` where nothing ran."""

    body: bytes
    errors: list[ShownError]
    has_data: bool
    status: int = 200

    @classmethod
    def of(cls, payload: dict[str, Any], status: int = 200) -> Self:
        try:
            body = orjson.dumps(payload)
        except TypeError as error:  # A scalar gave something that JSON cannot hold: our slip.
            payload, status = {"errors": [masked(error)]}, 500
            body = orjson.dumps(payload)
        return cls(body, payload.get("errors", []), "data" in payload, status)


class RequestErrors(Exception):
    """The operation cannot be run. Nothing was executed."""

    def __init__(self, errors: list[ShownError], status: int = REQUEST_ERROR_STATUS) -> None:
        super().__init__(errors, status)
        self.errors, self.status = errors, status

    def answer(self) -> Answer:
        return Answer.of({"errors": self.errors}, self.status)


def raise_if(errors: list[GraphQLError]) -> None:
    if errors:
        raise RequestErrors(shown(errors))


def answer_of(result: ExecutionResult, extensions: dict[str, Any]) -> Answer:
    errors = shown(result.errors or [])
    if result.data is None and all("path" not in error for error in errors):
        # Only a field's error can leave no data once something ran: these are the variables'.
        return RequestErrors(errors).answer()
    payload: dict[str, Any] = {"errors": errors} if errors else {}
    payload["data"] = result.data
    if extensions:
        payload["extensions"] = extensions
    return Answer.of(payload)


def overtime(seconds: float) -> RequestErrors:
    error = limit_reached(f"The operation took longer than {seconds:g} seconds and was given up.")
    return RequestErrors(shown([error]), 503)


def given_up() -> BadRequest:
    """For what worked on it has ended. Whether it was done by then is not known here, but by its key."""
    message = "What worked on this has ended: ask again, and for a change with the same key."
    return BadRequest(503, LIMIT_REACHED, message, {"Retry-After": "1"})
