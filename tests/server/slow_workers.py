"""Two workers that take long to begin, under one process: `python -m tests.server.slow_workers PORT`.

Each says "begins" when it does.
"""

import os
import socket
import sys
import time

import uvicorn
from starlette.types import Receive, Scope, Send

from server.workers import serve_by_several

HEALTH_CHECK_SECONDS = 1
SLOW = "SLOW_WORKERS_OF_TESTS"

if SLOW in os.environ and __name__ == "tests.server.slow_workers":
    print("begins", flush=True)
    time.sleep(2 * HEALTH_CHECK_SECONDS)


class Config(uvicorn.Config):
    """Is here, so that workers import this module before they answer anything."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"up"})


if __name__ == "__main__":
    from tests.server.slow_workers import Config as Slow

    os.environ[SLOW] = "yes"
    listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    listening.set_inheritable(True)
    config = Slow(
        "tests.server.slow_workers:app",
        workers=2,
        lifespan="off",
        log_level="error",
        timeout_worker_healthcheck=HEALTH_CHECK_SECONDS,
    )
    serve_by_several(config, [listening])
