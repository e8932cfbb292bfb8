"""What those are told whom no application sees: bytes that are no request, and one client too many."""

from http import HTTPStatus

from starlette.types import Message, Receive, Scope, Send

from server.edge import PROTECTION, Reply, headers_of, protect, request_id_of
from server.errors import INVALID, LIMIT_REACHED, BadRequest

CLOSE = {"Connection": "close"}
BROKEN = BadRequest(400, INVALID, "That is no HTTP.", CLOSE)
LONG_HEAD = BadRequest(431, LIMIT_REACHED, "The headers of the request are too long.", CLOSE)
BROKEN_HANDSHAKE = BadRequest(400, INVALID, "A socket's handshake has no body and no header over 8 kB.", CLOSE)
TOO_BUSY = BadRequest(503, LIMIT_REACHED, "The server has too many connections: ask again.", CLOSE)


def raw(refused: BadRequest, request_id: str) -> bytes:
    """A refusal for bytes that no application has seen, protected as every answer is."""
    reply = Reply.of_refused(refused)
    lines = [
        b"HTTP/1.1 %d %s" % (refused.status, HTTPStatus(refused.status).phrase.encode()),
        b"content-type: application/json; charset=utf-8",
        b"content-length: %d" % len(reply.body),
        b"connection: close",
        *(name + b": " + value for name, value in PROTECTION),
        b"x-request-id: " + request_id.encode(),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + reply.body


async def too_busy(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers in place of the application while there are too many to be served."""

    async def send_protected(message: Message) -> None:
        if message["type"] == "http.response.start":
            protect(message, request_id_of(headers_of(scope)))
        await send(message)

    await Reply.of_refused(TOO_BUSY).send(send_protected)
