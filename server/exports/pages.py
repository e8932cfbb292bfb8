"""`/exports/...`: gives the file that a signed link asks for to whoever has the link."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import IO
from urllib.parse import parse_qsl, quote

from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from models.actions.exports import signing_key
from models.rules.exports import FOLDER, ExportFormat, ExportWish, wish_in
from models.rules.refusals import Expired, Refusal
from models.unit_of_work import Books
from server.edge import headers_of, visit_of
from server.exports.making import MEDIA, csv_of, in_thread, write_excel
from server.settings import Settings
from server.watching.events import ABORT

MOST_AT_ONCE = 2
"""Files that a process makes at once; making one takes a whole core."""
MOST_IN_LINE = 10
WAIT_SECONDS = 20.0
RETRY_SECONDS = 10

STALL_SECONDS = 30.0
"""How long a client may take to read one part."""
LONGEST_SECONDS = 1_800.0
"""How long it may take for all of it: as long its reading holds on to one state of the books."""

_PART_BYTES = 256 * 1024


class TooManyFiles(Exception):
    """As many files are being made as may be at once, and enough wait already."""


class Line:
    """Where those wait who want a file made."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(MOST_AT_ONCE)
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        if self._waiting >= MOST_IN_LINE:
            raise TooManyFiles
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise TooManyFiles from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._places.release()


class Exports:
    """Gives files of usage. The link is the right: no key is asked for."""

    def __init__(self, books: Books, settings: Settings) -> None:
        self._books, self._origins = books, settings.allowed_origins
        self._pepper = settings.key_pepper.get_secret_value() if settings.key_pepper else ""
        self._line = Line()

    def route(self) -> Route:
        return Route(FOLDER + "{name}", self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = _Client(scope, receive, send, self._origins)
        if scope["method"] not in ("GET", "HEAD"):
            await client.refuse(405, "A file can be fetched by GET.", {"Allow": "GET, HEAD"})
            return
        name = scope["path_params"]["name"]
        try:
            wish = await self._wish(name, scope["query_string"])
        except Refusal as refusal:
            await client.refuse(410 if isinstance(refusal, Expired) else 403, refusal.message)
            return
        headers = _headers_of(name, wish.format)
        if scope["method"] == "HEAD":
            await client.send(headers)
        else:
            await self._give(client, wish, headers)

    async def _wish(self, name: str, query: bytes) -> ExportWish:
        try:
            given = dict(parse_qsl(query.decode("ascii"), strict_parsing=True, max_num_fields=2))
        except ValueError:
            given = {}
        key = await signing_key(self._books, self._pepper)
        return wish_in(name, given.get("wish", ""), given.get("signature", ""), self._books.clock(), key)

    async def _give(self, client: "_Client", wish: ExportWish, headers: Mapping[str, str]) -> None:
        """Make the file and send it, until that is done or the client leaves."""
        leaving = asyncio.create_task(client.left(), name="client leaves")
        giving = asyncio.create_task(self._made(client, wish, headers), name="file of usage")
        try:
            await asyncio.wait((leaving, giving), return_when=asyncio.FIRST_COMPLETED)
            if not giving.done():
                client.has_left()
        finally:
            for task in (leaving, giving):
                task.cancel()
            await asyncio.wait((leaving, giving))
        if not giving.cancelled():
            giving.result()

    async def _made(self, client: "_Client", wish: ExportWish, headers: Mapping[str, str]) -> None:
        try:
            async with self._line.turn(), asyncio.timeout(LONGEST_SECONDS):
                if wish.format is ExportFormat.CSV:
                    await client.send(headers, csv_of(self._books, wish))
                else:
                    await self._send_excel(client, wish, headers)
        except TooManyFiles:
            retry = {"Retry-After": str(RETRY_SECONDS)}
            await client.refuse(503, "Too many files are being made: ask again in a moment.", retry)
        except TimeoutError:
            client.cut_off()

    async def _send_excel(self, client: "_Client", wish: ExportWish, headers: Mapping[str, str]) -> None:
        # It has no name, so that nothing is left of it, however the process ends.
        with tempfile.TemporaryFile() as file:
            await write_excel(self._books, wish, file)
            length = file.seek(0, 2)
            file.seek(0)
            await client.send({**headers, "Content-Length": str(length)}, _parts_of(file))


class _Client:
    """Who waits for a file."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, allowed_origins: Collection[str]) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        origin = headers_of(scope).get(b"origin", b"").decode("latin-1").lower()
        self._shared = _cross_origin(origin) if origin in allowed_origins else {}

    async def left(self) -> None:
        """Until the client has left."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def has_left(self) -> None:
        visit_of(self._scope).left = True

    def cut_off(self) -> None:
        """Close the connection before the end, which tells the client that the file is not whole."""
        self.has_left()
        abort = self._scope.get("extensions", {}).get(ABORT)
        if abort is not None:
            abort()

    async def refuse(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        given = {**self._shared, **(headers or {}), "Cache-Control": "no-store, private"}
        await PlainTextResponse(f"{message}\n", status, given)(self._scope, self._receive, self._send)

    async def send(self, headers: Mapping[str, str], parts: AsyncGenerator[bytes] | None = None) -> None:
        """Send a file in parts, or its headers alone. TimeoutError where the client does not read."""
        if parts is None:
            await self._start(headers)
        else:
            async with aclosing(parts):
                # What fails before there is anything of the file can still be answered as a failure.
                first = await anext(parts, b"")
                await self._start(headers)
                await self._send_part(first, more_body=True)
                async for part in parts:
                    await self._send_part(part, more_body=True)
        await self._send_part(b"", more_body=False)

    async def _start(self, headers: Mapping[str, str]) -> None:
        given = {**self._shared, **headers}
        lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": lines})

    async def _send_part(self, part: bytes, *, more_body: bool) -> None:
        async with asyncio.timeout(STALL_SECONDS):
            await self._send({"type": "http.response.body", "body": part, "more_body": more_body})


async def _parts_of(file: IO[bytes]) -> AsyncGenerator[bytes]:
    while part := await in_thread(file.read, _PART_BYTES):
        yield part


def _headers_of(name: str, format: ExportFormat) -> dict[str, str]:
    """What is told of a file. By RFC 6266: its name in full, and one in ASCII for programs that know no other."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return {
        "Content-Type": MEDIA[format],
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "no-store, private",
    }


def _cross_origin(origin: str) -> dict[str, str]:
    """What a page of an allowed site needs to read the answer. Other sites are refused before."""
    exposed = "Content-Disposition, Retry-After"
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": exposed, "Vary": "Origin"}
