"""Starting the server and ending it: uvicorn with our bounds, and a prompt, graceful stop."""

import asyncio
import signal
from types import FrameType

import orjson
import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.errors import LIMIT_REACHED, error_of
from server.settings import SAFE_SECRET, Settings, unknown_settings, weak_secrets
from server.watching.events import ABORT
from server.watching.wires import SocketProtocol
from server.workers import serve_by_several

MAX_FRAME_BYTES = 1_000_000
KEEP_ALIVE_SECONDS = 65  # Longer than the 60 of usual load balancers, which would else reuse a closed connection.

REFUSAL = orjson.dumps({"errors": [error_of("The head of the request is too long.", LIMIT_REACHED)]})
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n\r\n%s"
) % (len(REFUSAL), REFUSAL)


def serve(app: ASGIApp | str, settings: Settings) -> None:
    """Serve until a signal says stop. Several processes need the name of a factory: "package.module:create"."""
    log = structlog.get_logger(source="running")
    for line in unknown_settings():
        log.warning("unknown setting", name=line)
    for name in weak_secrets(settings):
        log.warning("weak secret", name=name, advice=f"give it at least {SAFE_SECRET} random characters")
    config = Config(app, settings)
    if settings.workers > 1:
        assert isinstance(app, str), "several processes each make their own application"
        serve_by_several(config, [config.bind_socket()])
    else:
        Server(config).run()


class Config(uvicorn.Config):
    """uvicorn with our bounds; what it lacks is in the protocol below."""

    def __init__(self, app: ASGIApp | str, settings: Settings) -> None:
        self.max_header_bytes = settings.max_header_bytes
        self.request_seconds = settings.request_seconds
        super().__init__(
            app,
            factory=isinstance(app, str),
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            loop="auto",
            http=BoundedProtocol,
            ws=SocketProtocol,
            ws_max_size=MAX_FRAME_BYTES,
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            # Whose word about addresses is believed is a setting of ours: server/addresses.py.
            proxy_headers=False,
            limit_concurrency=settings.max_connections,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=settings.stop_seconds,
        )


class Server(uvicorn.Server):
    """Ends with success after a graceful stop, where uvicorn would die of the signal that asked for it."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True


class BoundedProtocol(HttpToolsProtocol):
    """Bounds how long and how large a request's head may be: uvicorn waits for ever, and reads everything."""

    config: Config

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_timer is None or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > self.config.max_header_bytes:
            self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        # A stream whose client does not read can only be ended here.
        self.scope["extensions"] = {ABORT: self.transport.abort}  # type: ignore[dict-item]
        super().on_headers_complete()

    def shutdown(self) -> None:
        # A stream without an end would hold up the stop for everybody; its client comes back by itself.
        if self.cycle is not None and self.cycle.chunked_encoding and not self.cycle.response_complete:
            self.transport.close()
        else:
            super().shutdown()

    def _wait_for_head(self) -> None:
        if self._head_timer is None:
            self._head_bytes = 0
            self._head_timer = self.loop.call_later(self.config.request_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse_head(self) -> None:
        self._stop_waiting()
        self.transport.write(TOO_LARGE)
        self.transport.close()
