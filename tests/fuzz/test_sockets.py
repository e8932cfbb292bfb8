"""Whatever is said on a socket: it is answered, or closed with a code that says why; never just dropped."""

import base64
import json
import os
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.fuzz.documents import broken, monstrous, operations, subscriptions
from tests.fuzz.target import Target, examples
from tests.fuzz.test_requests import BODIES, VALUES, whatever_is_closed

WAIT_SECONDS = 15
DROPPED, FAILED = 1006, 1011
END = {"type": "ping", "payload": {"the": "end"}}

Message = str | bytes | list[str] | list[bytes]


def dumped(type_: object, **rest: object) -> str:
    return json.dumps({"type": type_, **rest})


class Conversation(list[Message]):
    """What is said, told of in a few words."""

    def __repr__(self) -> str:
        return f"[{', '.join(repr(message)[:300] for message in self)}]"


def messages(target: Target) -> st.SearchStrategy[Conversation]:
    """What a client says after the other, in states that make sense and in others."""
    keys = st.sampled_from([*target.secrets.values(), *target.secrets.values(), "wrong"])
    init = keys.map(lambda key: dumped("connection_init", payload={"authorization": f"Bearer {key}"}))
    queries = st.one_of(operations(target.ids), subscriptions(target.ids), broken(), monstrous())
    id_ = st.sampled_from(["1", "2", "", "x" * 2000, "\0"]) | VALUES
    subscribe = st.tuples(id_, queries).map(lambda given: dumped("subscribe", id=given[0], payload={"query": given[1]}))
    texts = st.one_of(
        subscribe,
        subscribe,
        init,
        id_.map(lambda id: dumped("complete", id=id)),
        VALUES.map(lambda value: dumped("ping", payload=value)),
        VALUES.map(lambda value: dumped("connection_init", payload=value)),
        VALUES.map(lambda value: dumped("subscribe", id="1", payload=value)),
        VALUES.map(lambda value: dumped(value)),
        VALUES.map(json.dumps),
        st.text(max_size=30),
        st.sampled_from([body.decode("latin-1") for body in BODIES]),
    )
    any_: st.SearchStrategy[Message] = st.one_of(
        texts, texts, texts, texts, texts.map(lambda text: [text[:3], text[3:]]), st.binary(max_size=30)
    )
    sensible: st.SearchStrategy[list[Message]] = st.tuples(init, st.lists(any_, max_size=6)).map(
        lambda said: [said[0], *said[1]]
    )
    return st.one_of(sensible, sensible, st.lists(any_, max_size=4)).map(Conversation)


def test_messages_in_any_order(target: Target) -> None:
    @examples(100)
    @given(said=messages(target))
    def fuzz(said: Conversation) -> None:
        heard, code = conversation(target, said)
        assert code not in (DROPPED, FAILED), (code, heard[-3:])
        for text in heard:
            target.must_answer_well(200, text if isinstance(text, bytes) else text.encode())

    fuzz()


def conversation(target: Target, said: Sequence[Message]) -> tuple[list[str | bytes], int | None]:
    """All that is answered until the server has come to the end of what was said; the code where it closed."""
    heard: list[str | bytes] = []
    with connect(
        f"ws://127.0.0.1:{target.server.port}/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        compression=None,
        max_size=None,
        close_timeout=WAIT_SECONDS,
    ) as connection:
        try:
            for message in (*said, json.dumps(END)):
                connection.send(message)
            while True:
                text = connection.recv(timeout=WAIT_SECONDS)
                heard.append(text)
                if '"the"' in str(text) and "pong" in str(text):
                    return heard, None
        except ConnectionClosed:
            return heard, connection.close_code


# ---------------------------------------------------------------- frames

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def frame(first: int, payload: bytes, *, masked: bool = True, length: bytes | None = None) -> bytes:
    if length is None:
        size = len(payload)
        length = bytes([size]) if size < 126 else b"\x7e" + struct.pack("!H", size)
    mark = 0x80 if masked else 0
    return bytes([first, length[0] | mark]) + length[1:] + (b"\0\0\0\0" if masked else b"") + payload


WRONG_FRAMES = [
    frame(0x80 | 0x3, b"x"),
    frame(0x80 | 0xB, b"x"),
    frame(0xC0 | TEXT, b"x"),
    frame(0xF0 | TEXT, b"x"),
    frame(0x80, b"x"),
    frame(0x80 | TEXT, b"\xff\xfe"),
    frame(0x80 | TEXT, b"x", masked=False),
    frame(PING, b"x"),
    frame(0x80 | PING, b"x" * 126),
    frame(0x80 | CLOSE, b"x"),
    frame(0x80 | CLOSE, struct.pack("!H", 1005)),
    frame(0x80 | CLOSE, struct.pack("!H", 99) + b"\xff"),
    frame(TEXT, b"x") + frame(TEXT, b"y"),
    frame(0x80 | TEXT, b"", length=b"\x7f" + struct.pack("!Q", 2**62)),
    frame(0x80 | TEXT, b"", length=b"\x7f" + struct.pack("!Q", 2_000_000)),
    frame(0x80 | BINARY, b"\0" * 50),
]


def test_frames_that_break_the_protocol_are_answered_with_a_close_frame(target: Target) -> None:
    @examples(60)
    @given(wrong=st.sampled_from(WRONG_FRAMES), after=st.binary(max_size=40), initialised=st.booleans())
    def fuzz(wrong: bytes, after: bytes, initialised: bool) -> None:
        init = dumped("connection_init", payload={"authorization": f"Bearer {target.secrets['ADMIN']}"})
        answer = raw(target, (frame(0x80 | TEXT, init.encode()) if initialised else b"") + wrong + after)
        code = close_code(answer)
        assert code is not None, f"{wrong!r} was answered with {answer[-200:]!r}"
        assert code not in (DROPPED, FAILED)

    fuzz()


def test_bytes_that_are_no_frames(target: Target) -> None:
    @examples(60)
    @given(data=st.binary(max_size=200))
    def fuzz(data: bytes) -> None:
        answer = raw(target, data)
        assert close_code(answer) != FAILED
        target.must_answer_well(101, answer)

    fuzz()


def raw(target: Target, data: bytes) -> bytes:
    """All that comes back for some bytes on an open socket, after which the client says nothing more."""
    key = base64.b64encode(os.urandom(16)).decode()
    head = (
        "GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", target.server.port), timeout=WAIT_SECONDS) as connection:
        connection.sendall(head.encode())
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
        del answer[: answer.index(b"\r\n\r\n") + 4]
        with suppress(ConnectionError), whatever_is_closed():
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while part := connection.recv(65536):
                answer += part
    return bytes(answer)


def close_code(answer: bytes) -> int | None:
    """The code of the close frame among the frames of a server."""
    while len(answer) >= 2:
        first, length, start = answer[0], answer[1], 2
        if length == 126:
            length, start = struct.unpack("!H", answer[2:4])[0], 4
        elif length == 127:
            length, start = struct.unpack("!Q", answer[2:10])[0], 10
        if first & 0xF == CLOSE:
            return int(struct.unpack("!H", answer[start : start + 2])[0]) if length >= 2 else 1005
        answer = answer[start + length :]
    return None
