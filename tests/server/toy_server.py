"""The toy graph as a real process: `python -m tests.server.toy_server`, settings from the environment."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from server.app import create_app
from server.logs import start_logging
from server.running import serve
from server.settings import read_settings
from tests.server import toy


async def endless(request: Request) -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        while True:
            yield b"tick\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(parts())


async def diary(request: Request) -> JSONResponse:
    return JSONResponse(asdict(toy.DIARY))


def create() -> Starlette:
    settings = read_settings()
    start_logging(settings)
    return create_app(
        settings,
        toy.schema,
        authenticate=toy.authenticate,
        context_for=toy.context_for,
        routes=[Route("/endless", endless), Route("/diary", diary)],
    )


if __name__ == "__main__":
    several = read_settings().workers > 1
    serve("tests.server.toy_server:create" if several else create(), read_settings())
