"""How those who mean no good speak to a server: requests, sockets and streams, from an address of their own."""

import asyncio
import base64
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson

ADDRESS = "192.0.2.66"
# Whoever is cut off comes back after this long.
LOST_SECONDS = 0.1
# Kinds of frames.
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Ground:
    """Where it takes place."""

    port: int
    key: str
    tenant: str
    agent: str
    until: float
    """By time.monotonic(), which all processes of a machine share."""
    address: str = ADDRESS
    connections: int = 16
    answers: dict[str, int] = field(default_factory=dict)
    """How often each status, code or end came."""

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.until

    def note(self, what: str) -> None:
        self.answers[what] = self.answers.get(what, 0) + 1

    async def wait(self, seconds: float) -> None:
        """As long as one was told to, and a little longer so that not all come back at once."""
        left = self.until - time.monotonic()
        await asyncio.sleep(max(0.0, min(left, seconds * random.uniform(1, 1.2))))


def asked(query: str, variables: object = None) -> bytes:
    return orjson.dumps({"query": query, "variables": variables})


async def connection(ground: Ground) -> Streams:
    return await asyncio.open_connection("127.0.0.1", ground.port, limit=1 << 25)


@asynccontextmanager
async def connected(ground: Ground) -> AsyncIterator[Streams]:
    reader, writer = await connection(ground)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


# ---------------------------------------------------------------- requests


def head(ground: Ground, length: int, *more: str, key: str | None = None) -> bytes:
    return head_from(ground.key if key is None else key, ground.address, length, *more)


def head_from(key: str, address: str, length: int, *more: str) -> bytes:
    """The head of a request that comes through a trusted proxy, which names the address."""
    lines = ["POST /graphql HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", f"Content-Length: {length}"]
    lines += [f"Authorization: Bearer {key}", f"X-Forwarded-For: {address}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def head_of_answer(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    """The status, and the fields by their names in small letters."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    fields = (line.partition(":") for line in lines)
    return first[9:12], {name.lower(): value.strip() for name, _, value in fields}


async def whole_answer(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    status, fields = await head_of_answer(reader)
    return status, fields, await reader.readexactly(int(fields["content-length"]))


async def answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    status, _, body = await whole_answer(reader)
    return status, body


# ---------------------------------------------------------------- sockets


def upgrade(ground: Ground) -> bytes:
    nonce = base64.b64encode(os.urandom(16)).decode()
    return (
        "GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"X-Forwarded-For: {ground.address}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {nonce}\r\n"
        "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    ).encode()


def initialisation(ground: Ground) -> bytes:
    return frame(orjson.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {ground.key}"}}))


def frame(text: bytes, kind: int = TEXT) -> bytes:
    size = len(text)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes((0x80 | kind,)) + length + b"\0\0\0\0" + text


async def message(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The next text that comes. Raises EOFError where the socket is closed instead."""
    while True:
        kind, length = await reader.readexactly(2)
        if length >= 126:
            length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
        told = await reader.readexactly(length)
        if kind & 0x0F == TEXT:
            return told
        if kind & 0x0F == CLOSE:
            raise EOFError(f"closed with {int.from_bytes(told[:2], 'big')}")
        if kind & 0x0F == PING:
            writer.write(frame(told, PONG))


async def opened(ground: Ground, *, initialised: bool = True) -> Streams:
    reader, writer = await connection(ground)
    writer.write(upgrade(ground))
    await reader.readuntil(b"\r\n\r\n")
    if initialised:
        writer.write(initialisation(ground))
        await message(reader, writer)
    return reader, writer
