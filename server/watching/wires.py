"""What carries messages to one client, without a queue that could grow for ever.

A client that does not take what it is sent is sent nothing more; once that has lasted too long, it is given up. Through
our own socket protocol messages go straight to the transport; elsewhere they go by way of ASGI.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.http11 import Request

from server.watching.sharing import Subscriber

SLOW_SECONDS = 20.0
"""A client that has taken nothing for so long is given up; it comes back and resumes."""
MOST_BUFFERED = 65_536
CLOSE_SECONDS = 5.0
"""How long a client may take to answer that its socket is closed."""
PASSED_OVER_EVERY_SECONDS = 0.01
"""How often something is read of what comes after a close, and that nobody waits for."""
TRY_AGAIN_LATER = 1013
EXTENSION = "tallygraph.socket"

Send = Callable[[bytes], Awaitable[None]]


class HeldWire:
    """What all wires share: who waits until the client takes more, and for how long at most."""

    def __init__(self, on_slow: Callable[[], None]) -> None:
        self.is_free, self.is_over = True, False
        self._held: set[Subscriber] = set()
        self._on_slow = on_slow
        self._timer: asyncio.TimerHandle | None = None

    def hold(self, subscriber: Subscriber) -> None:
        if not self.is_over:
            self._held.add(subscriber)

    def block(self) -> None:
        if self.is_free and not self.is_over:
            self.is_free = False
            self._timer = asyncio.get_running_loop().call_later(SLOW_SECONDS, self._on_slow)

    def free(self) -> None:
        self._stop_timer()
        self.is_free = True
        held, self._held = self._held, set()
        for subscriber in held:
            subscriber.go_on()

    def finish(self) -> None:
        self._stop_timer()
        self.is_over = True
        self._held.clear()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class PlainWire(HeldWire):
    """Sends by way of ASGI, with a task that waits where it has to."""

    def __init__(self, send: Send, on_slow: Callable[[], None]) -> None:
        super().__init__(on_slow)
        self._send = send
        self._queue: deque[bytes] = deque()
        self._size = 0
        self._writer: asyncio.Task[None] | None = None

    def write(self, message: bytes) -> None:
        if self.is_over:
            return
        self._queue.append(message)
        self._size += len(message)
        if self._size > MOST_BUFFERED:
            self.block()
        if self._writer is None:
            self._writer = asyncio.create_task(self._drain(), name="wire")

    async def drained(self) -> None:
        """Until everything is sent, or can never be."""
        while self._writer is not None:
            await asyncio.wait([self._writer])

    def finish(self) -> None:
        super().finish()
        if self._writer is not None:
            self._writer.cancel()

    async def _drain(self) -> None:
        try:
            while self._queue:
                message = self._queue.popleft()
                await self._send(message)
                self._size -= len(message)
        except Exception:
            # The client is gone, which whoever receives from it is told too.
            self._queue.clear()
            self.finish()
        finally:
            self._writer = None
        if not self.is_free:
            self.free()


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which lets a socket's messages past ASGI and says when its client does not read."""

    wire: "DirectWire | None" = None
    is_left = False

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.wire is not None:
            self.wire.block()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.wire is not None:
            self.wire.free()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.wire is not None:
            self.wire.finish()
            self.wire = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self.is_left:
            super().data_received(data)
        else:
            # Slowly: who sends it as quickly as he can must not hold up the others.
            self.transport.pause_reading()
            self.loop.call_later(PASSED_OVER_EVERY_SECONDS, self._read_on)

    def _read_on(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:
            # Who does not read is owed no answers, which would pile up.
            self.conn.data_to_send()

    def handle_parser_exception(self) -> None:
        """Close with a code that is heard by a client that goes on sending too: what still comes is passed over."""
        sent = self.conn.close_sent
        assert sent is not None
        self.is_left = self.close_sent = True
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": sent.code, "reason": sent.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.write_eof()
        self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        super().shutdown()
        # A client that does not read would hold up the stop.
        self.loop.call_later(CLOSE_SECONDS / 5, self.transport.abort)

    def write_text(self, message: bytes) -> None:
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frame_head(len(message)) + message)

    def end(self, code: int, reason: str) -> None:
        """Close the socket, without waiting for a client that may not read."""
        if self.close_sent or self.transport.is_closing():
            return
        with contextlib.suppress(InvalidState):
            self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)


def frame_head(length: int) -> bytes:
    """The head of a whole text message, as servers send it: in one frame, unmasked."""
    if length < 126:
        return bytes((0x81, length))
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


class DirectWire(HeldWire):
    """Writes frames straight to the transport of our own protocol."""

    def __init__(self, protocol: SocketProtocol, on_slow: Callable[[], None]) -> None:
        super().__init__(on_slow)
        self._protocol = protocol
        self.write = protocol.write_text
        protocol.wire = self

    async def drained(self) -> None:
        await self._protocol.writable.wait()

    def end(self, code: int, reason: str) -> None:
        self.finish()
        self._protocol.end(code, reason)


class PlainSocketWire(PlainWire):
    """A socket by way of ASGI, under a server that is not ours."""

    def __init__(self, send: Callable[[Any], Awaitable[None]], on_slow: Callable[[], None]) -> None:
        async def send_text(message: bytes) -> None:
            await send({"type": "websocket.send", "text": message.decode()})

        super().__init__(send_text, on_slow)
        self._asgi_send = send
        self._closing: asyncio.Task[None] | None = None

    def end(self, code: int, reason: str) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(code, reason), name="close socket")

    async def _close(self, code: int, reason: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.drained()
        self.finish()
        with contextlib.suppress(Exception):  # It may be closed already.
            await self._asgi_send({"type": "websocket.close", "code": code, "reason": reason})

    async def closed(self) -> None:
        if self._closing is not None:
            await asyncio.wait([self._closing])


SocketWire = DirectWire | PlainSocketWire


def socket_wire(scope: Scope, send: Callable[[Any], Awaitable[None]], on_slow: Callable[[], None]) -> SocketWire:
    protocol = scope.get("extensions", {}).get(EXTENSION)
    return DirectWire(protocol, on_slow) if isinstance(protocol, SocketProtocol) else PlainSocketWire(send, on_slow)
