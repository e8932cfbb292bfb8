"""One client's connection: what it may send, for how long, and how it is let go so that it hears why.

Whoever closes a connection on which something unread still comes in makes the system tell the client of a reset, for
which clients throw away the answer that they had. So after a refusal only our own side is closed; what still comes is
passed over, in bounds.
"""

import asyncio
import secrets
from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING

import structlog
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.errors import BadRequest
from server.turned_away import BROKEN, BROKEN_HANDSHAKE, LONG_HEAD, TOO_BUSY, raw, too_busy
from server.watching.events import ABORT
from server.watching.wires import SocketProtocol

if TYPE_CHECKING:
    from server.running import Config

MOST_PASSED_OVER = 32_000_000
"""So much of what nobody waits for is read, for the sake of clients that read only once they have sent it all."""
PASSED_OVER_EVERY_SECONDS = 0.01
"""Nobody waits for it, and who sends it as quickly as he can must not hold up the others."""
READS_WITHIN_SECONDS = 60.0
"""A client that takes nothing of its answer for so long is given up. Systems hand on much of it at once, and seldom."""

MOST_CHUNKS = 20_000
"""A body may come in so many parts: each costs time, however small it is."""
MOST_AHEAD = 100
"""So many requests may be sent before the first is answered: all that have come are held."""

# What asks for another protocol; without it a request is one of plain HTTP.
UPGRADING = (b"upgrade", b"http2-settings")

log = structlog.get_logger(source="access")


class TooMuch(Exception):
    """More of something than a request may hold: reading ends where it is raised."""


class Part(Enum):
    """What of a request comes next."""

    NONE = auto()
    HEAD = auto()
    BODY = auto()


class BoundedProtocol(HttpToolsProtocol):
    """Bounds what uvicorn takes without end: slow and long heads, bodies that nobody reads, answers not read."""

    config: "Config"

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._part, self._bytes = Part.NONE, 0
        # Another request has ended in the bytes that are being read, which are so many.
        self._has_ended, self._size = False, 0
        self._chunks = self._trailer_bytes = 0
        self._is_trailing = False
        # Nothing more is read, and then: nothing more is said either.
        self._is_deaf = self._is_left = self._is_stopping = False
        self._timer: asyncio.TimerHandle | None = None
        self._reading_timer: asyncio.TimerHandle | None = None
        self._answers = Answers(transport, self._let_go)
        # Those that are too many are told so below, in our own words.
        self.limit_concurrency = None
        self._wait(self._close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)
        # Else each would hold the other, until the collector comes.
        self._answers.close = self.transport.close

    # -------------------------------------------------------------- what comes in

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            self._pass_over(len(data))
            return
        self._unset_keepalive_if_required()
        self._has_ended, self._size = False, len(data)
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
        except HttpParserError:
            self._refuse(BROKEN)
        else:
            self._bound()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._part = Part.HEAD
        if self._timer is None:
            self._wait(self._close)

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        if self.parser.should_upgrade():
            if self._should_upgrade():
                super().on_headers_complete()
            return
        if len(self.pipeline) >= MOST_AHEAD:
            raise TooMuch
        self._part = Part.BODY
        self._chunks, self._is_trailing = 0, False
        # A stream whose client does not read can only be ended here.
        self.scope["extensions"] = {ABORT: self.transport.abort}  # type: ignore[dict-item]
        self.app = too_busy if self._is_too_much() else self.config.loaded_app
        super().on_headers_complete()
        self.cycle.transport = self._answers  # type: ignore[assignment]
        # What follows a chunked body comes as headers too, and must not pass for the request's own.
        self.headers = []

    def on_chunk_header(self) -> None:
        self._chunks += 1
        if self._chunks > MOST_CHUNKS:
            raise TooMuch
        # Unless a part of the body comes next, this was the last chunk. What came before in these bytes is not counted.
        self._is_trailing, self._trailer_bytes = True, -self._size

    def on_body(self, body: bytes) -> None:
        self._is_trailing = False
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._part, self._has_ended = Part.NONE, True
        self._stop_waiting()
        super().on_message_complete()

    def _bound(self) -> None:
        """Hold what has just come against what may come."""
        if self._part is Part.HEAD:
            # How much of it belongs to the head is not known where something else came before.
            self._bytes += 0 if self._has_ended else self._size
            if self._bytes > self.config.max_header_bytes:
                self._refuse(LONG_HEAD)
        elif self._part is Part.BODY:
            self._bound_body()
        elif self.timeout_keep_alive_task is None and self.cycle is not None and self.cycle.response_complete:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _bound_body(self) -> None:
        if self._is_trailing:
            self._trailer_bytes += self._size
            # These are held even while nobody waits for them, unlike the body itself.
            self.headers = []
            if self._trailer_bytes > self.config.max_header_bytes:
                self._refuse(LONG_HEAD)
                return
        if self.cycle.response_complete:
            self._pass_over(self._size)

    def _pass_over(self, size: int) -> None:
        self._bytes += size
        if self._bytes > MOST_PASSED_OVER:
            self.transport.abort()
        else:
            self.flow.pause_reading()
            self.loop.call_later(PASSED_OVER_EVERY_SECONDS, self._read_on)

    def _read_on(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def _is_too_much(self) -> bool:
        most = self.config.limit_concurrency
        return most is not None and max(len(self.connections), len(self.tasks)) >= most

    # -------------------------------------------------------------- other protocols

    def _upgrade(self, rest: bytes) -> None:
        if self.parser.get_method() == b"CONNECT":
            self._refuse(BROKEN)
        elif not self._should_upgrade():
            self._go_on_without(rest)
        elif self._is_answering():
            self._refuse(BROKEN_HANDSHAKE)
        elif self._is_too_much():
            self._refuse(TOO_BUSY)
        else:
            self._open_socket()

    def _open_socket(self) -> None:
        self._stop_watching()
        self.handle_websocket_upgrade()
        opened = self.transport.get_protocol()
        # The library says nothing to a handshake that it cannot read, and waits for another, for ever.
        if isinstance(opened, SocketProtocol) and not opened.handshake_initiated:
            self.connections.discard(opened)
            self.connections.add(self)
            self.transport.set_protocol(self)
            self._refuse(BROKEN_HANDSHAKE)

    def _go_on_without(self, rest: bytes) -> None:
        """Take a request as if it had not asked for another protocol, as clients that offer HTTP/2 expect."""
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        for name, value in self.headers:
            if name == b"connection":
                tokens = (token.strip() for token in value.split(b","))
                value = b", ".join(token for token in tokens if token.lower() not in UPGRADING)
            if name not in UPGRADING and (name, value) != (b"connection", b""):
                lines.append(name + b": " + value)
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(b"\r\n".join(lines) + b"\r\n\r\n" + rest)

    # -------------------------------------------------------------- answers, and the end

    def on_response_complete(self) -> None:
        if self._is_left:
            self.server_state.total_requests += 1
            return
        is_early = self._part is Part.BODY and not self.pipeline
        super().on_response_complete()
        if not is_early or self.transport.is_closing():
            return
        if self.expect_100_continue:
            # It may have sent its body or kept it back: what comes next cannot be told.
            self._leave()
        else:
            self._wait(self._close)

    def timeout_keep_alive_handler(self) -> None:
        self._close()

    def shutdown(self) -> None:
        self._is_stopping = True
        # A stream without an end would hold up the stop for everybody; its client comes back by itself.
        is_stream = self.cycle is not None and self.cycle.chunked_encoding and not self.cycle.response_complete
        if is_stream or self._is_left:
            self.transport.close()
        else:
            super().shutdown()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, refused: BadRequest) -> None:
        """Say no to what cannot be a request, or not to the end."""
        request_id = secrets.token_hex(8)
        log.info("broken bytes", reason=refused.message, request_id=request_id)
        if not self._is_answering():
            # Only where this very request was answered already, there is nothing more to say.
            if self._part is not Part.BODY:
                self.transport.write(raw(refused, request_id))
            self._leave()
        elif self._part is not Part.BODY:
            # Those before it are answered first: then the connection ends.
            self.cycle.keep_alive, self._is_deaf = False, True
        elif self.cycle.response_started or self.pipeline:
            self.transport.abort()
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self.transport.write(raw(refused, request_id))
            self._leave()

    def _let_go(self) -> None:
        """End the connection after its last answer."""
        is_whole = self._part is Part.NONE and not self.pipeline
        if (is_whole and not self._is_deaf) or self._is_stopping:
            self._close()
        else:
            self._leave()

    def _leave(self) -> None:
        """Say no more, and pass over what still comes until the client has heard so and leaves too."""
        if self.transport.is_closing() or self._is_left:
            return
        self._is_deaf = self._is_left = True
        self._unset_keepalive_if_required()
        self.pipeline.clear()
        self.flow.resume_reading()
        self.transport.write_eof()
        self._wait(self.transport.abort)

    def _close(self) -> None:
        self.transport.close()
        if self.transport.get_write_buffer_size():
            self._watch_reading()

    # -------------------------------------------------------------- time

    def _wait(self, give_up: Callable[[], None]) -> None:
        """Give the client the time of a request for what it owes."""
        self._stop_waiting()
        self._bytes = 0
        self._timer = self.loop.call_later(self.config.request_seconds, give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_watching()

    def _watch_reading(self) -> None:
        """Give up a client that takes nothing of what it was answered; a slow one is waited for."""
        unread = self.transport.get_write_buffer_size()

        def look() -> None:
            left = self.transport.get_write_buffer_size()
            if left and left < unread:
                self._watch_reading()
            elif left:
                self.transport.abort()

        self._stop_watching()
        self._reading_timer = self.loop.call_later(READS_WITHIN_SECONDS, look)

    def _stop_watching(self) -> None:
        if self._reading_timer is not None:
            self._reading_timer.cancel()
            self._reading_timer = None


class Answers:
    """The connection as those see it who write answers to it: how it ends is not theirs."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write: Callable[[bytes], None] = transport.write
        self.is_closing = transport.is_closing
        self.close = close
