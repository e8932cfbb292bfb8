"""Starting the server and ending it: uvicorn with our bounds, and a prompt, graceful stop."""

import signal
from socket import socket
from types import FrameType

import structlog
import uvicorn
from starlette.types import ASGIApp

from server.connections import BoundedProtocol
from server.ports import listening
from server.settings import SAFE_SECRET, Settings, unknown_settings, weak_secrets
from server.watching.wires import SocketProtocol
from server.workers import serve_by_several

MAX_FRAME_BYTES = 1_000_000
KEEP_ALIVE_SECONDS = 65  # Longer than the 60 of usual load balancers, which would else reuse a closed connection.


def serve(app: ASGIApp | str, settings: Settings) -> None:
    """Serve where the settings say, until a signal says stop."""
    with listening(settings) as sockets:
        serve_on(sockets, app, settings)


def serve_on(sockets: list[socket], app: ASGIApp | str, settings: Settings) -> None:
    """Serve until a signal says stop. Several processes need the name of a factory: "package.module:create"."""
    log = structlog.get_logger(source="running")
    for line in unknown_settings():
        log.warning("unknown setting", name=line)
    for name in weak_secrets(settings):
        log.warning("weak secret", name=name, advice=f"give it at least {SAFE_SECRET} random characters")
    config = Config(app, settings)
    if settings.workers > 1:
        assert isinstance(app, str), "several processes each make their own application"
        serve_by_several(config, sockets)
    else:
        Server(config).run(sockets)


class Config(uvicorn.Config):
    """uvicorn with our bounds; what it lacks is in the protocol of connections."""

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
