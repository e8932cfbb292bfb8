"""Whatever bytes come to the port: an answer that says what is wrong, or a closed connection, and never a failure."""

import errno
import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.target import Target, examples

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
WAIT_SECONDS = 15

GOOD = b'{"query": "{ viewer { role } }"}'
METHODS = [
    b"POST",
    b"GET",
    b"PUT",
    b"HEAD",
    b"OPTIONS",
    b"DELETE",
    b"TRACE",
    b"CONNECT",
    b"PATCH",
    b"post",
    b"\xff",
    b"",
]
PATHS = [
    b"/graphql",
    b"/graphql?query=%7Bviewer%7Brole%7D%7D",
    b'/graphql?query={viewer{role}}&variables={"a":1}',
    b"/",
]
PATHS += [b"/graphql?" + b"a=1&" * 500, b"/graphql?query=%ff%fe", b"/graphql?variables=[[[[", b"/graphql/../etc/passwd"]
PATHS += [
    b"/graphql?query=x&query=y",
    b"/metrics",
    b"/health/ready",
    b"/%00",
    b"*",
    b"http://elsewhere/graphql",
    b"//",
    b"x",
]
PATHS += [b"/exports/../../etc/passwd", b"/exports/%2e%2e%2f%2e%2e%2fetc%2fpasswd", b"/assets/..%2f..%2fsettings.py"]
PATHS += [b"/graphql?extensions=" + b"%7B%22persistedQuery%22%3A%7B%22version%22%3A1%2C%22sha256Hash%22%3A1%7D%7D"]
TYPES = [
    b"application/json",
    b"application/json; charset=utf-8",
    b"application/json; charset=utf-16",
    b"text/plain",
    b"",
]
TYPES += [
    b"application/graphql",
    b"multipart/form-data; boundary=x",
    b"application/jsonx",
    b"APPLICATION/JSON;;;=",
    b"\xff",
]
ACCEPTS = [
    b"*/*",
    b"application/json",
    b"application/graphql-response+json",
    b"text/event-stream",
    b"text/html",
    b"x",
    b"",
]
ACCEPTS += [
    b"text/event-stream, application/json;q=0.1",
    b"application/json;q=nan",
    b"a/b;q=" + b"9" * 400,
    b"," * 3000,
]
HEADERS: list[tuple[bytes, bytes]] = [
    (b"Content-Encoding", b"gzip"),
    (b"Transfer-Encoding", b"chunked"),
    (b"Transfer-Encoding", b"gzip, chunked"),
    (b"Content-Length", b"-1"),
    (b"Content-Length", b"99999999999999999999"),
    (b"Content-Length", b"0"),
    (b"Expect", b"100-continue"),
    (b"Upgrade", b"h2c"),
    (b"Upgrade", b"websocket"),
    (b"Connection", b"Upgrade"),
    (b"Sec-WebSocket-Key", b"x"),
    (b"Sec-WebSocket-Version", b"13"),
    (b"Sec-WebSocket-Version", b"x"),
    (b"Sec-WebSocket-Protocol", b"graphql-transport-ws"),
    (b"Origin", b"https://elsewhere.example"),
    (b"Origin", b"null"),
    (b"Origin", b"\xff"),
    (b"Host", b"elsewhere.example"),
    (b"Host", b"[::1"),
    (b"X-Request-Id", b"\xff" * 200),
    (b"X-Forwarded-For", b"10.0.0.1, nonsense"),
    (b"X-Forwarded-For", b"," * 500),
    (b"Range", b"bytes=0-99999999999"),
    (b"If-None-Match", b"*"),
    (b"If-Modified-Since", b"x"),
    (b"X-GraphQL-Cost", b"include"),
    (b"Last-Event-ID", b"9" * 60),
    (b"Cookie", b"a=" + b"b" * 3000),
    (b"X-Long", b"y" * 40_000),
    (b"Bad Name", b"z"),
    (b"", b"z"),
]


class Shortly(bytes):
    """Bytes that are told of in a few words."""

    def __repr__(self) -> str:
        return f"{bytes(self[:60])!r} and {len(self) - 60} more" if len(self) > 60 else bytes.__repr__(self)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
BODIES = [
    GOOD,
    b"",
    b"null",
    b"1",
    b"[]",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"\xff\xfe",
    b"\x1f\x8b\x08",
    b"9" * 5000,
    b"NaN",
]
BODIES += [b'{"query": 1}', b'{"query": "\\ud800"}', b'{"query": "{ viewer { role } }", "variables": [1]}', GOOD[:-1]]
BODIES += [
    b'{"query": "' + b"x" * 1_100_000 + b'"}',
    b"0\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"fffffffffffffffff\r\nx",
    b"-1\r\n",
]
BODY = st.one_of(
    st.sampled_from([Shortly(body) for body in BODIES]),
    st.binary(max_size=200),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"query": VALUES}, optional={"variables": VALUES, "operationName": VALUES, "extensions": VALUES}
    ).map(lambda value: json.dumps(value).encode()),
)


def sent(target: Target, data: bytes) -> bytes:
    """All that comes back for some bytes, after which nothing more is said."""
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", target.server.port), timeout=WAIT_SECONDS) as connection:
        # Whoever has heard enough may close while it is still being told.
        with suppress(ConnectionError), whatever_is_closed():
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while part := connection.recv(65536):
                answer += part
    return bytes(answer)


@contextmanager
def whatever_is_closed() -> Iterator[None]:
    """One end may be shut when the other has been already."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise


def must_be_no_failure(target: Target, answer: bytes) -> None:
    for status in STATUS.findall(answer):
        target.must_answer_well(int(status), answer)


def request(
    method: bytes, path: bytes, headers: Mapping[bytes, bytes], more: list[tuple[bytes, bytes]], body: bytes
) -> bytes:
    lines = [method + b" " + path + b" HTTP/1.1", *(name + b": " + value for name, value in [*headers.items(), *more])]
    if not any(name in (b"Content-Length", b"Transfer-Encoding") for name, _ in more):
        lines.append(b"Content-Length: " + str(len(body)).encode())
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_requests_that_are_nearly_right(target: Target) -> None:
    keys = [f"Bearer {secret}".encode() for secret in target.secrets.values()]
    # Wrong keys from a new address each: an address that sends many has to wait.
    keys += [b"Bearer wrong", b"Basic x", b"Bearer", b"", b"Bearer " + b"x" * 9000, b"Bearer a.b.c", b"\xff"]

    @examples(150)
    @given(
        method=st.sampled_from([b"POST", b"POST", b"GET", *METHODS]),
        path=st.sampled_from([PATHS[0], PATHS[0], *PATHS]),
        type_=st.sampled_from([TYPES[0], TYPES[0], *TYPES]),
        accept=st.sampled_from(ACCEPTS),
        key=st.sampled_from(keys),
        address=st.integers(1, 2**32 - 1),
        more=st.lists(st.sampled_from(HEADERS), max_size=3),
        body=BODY,
    )
    def fuzz(
        method: bytes,
        path: bytes,
        type_: bytes,
        accept: bytes,
        key: bytes,
        address: int,
        more: list[tuple[bytes, bytes]],
        body: bytes,
    ) -> None:
        from_ = socket.inet_ntoa(address.to_bytes(4, "big")).encode()
        headers = {b"Host": b"localhost", b"Content-Type": type_, b"Accept": accept, b"Authorization": key}
        headers |= {b"X-Forwarded-For": from_}
        must_be_no_failure(target, sent(target, request(method, path, headers, more, body)))

    fuzz()


def test_bytes_that_are_no_request(target: Target) -> None:
    whole = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"

    @examples(80)
    @given(
        data=st.one_of(
            st.binary(max_size=300),
            st.tuples(st.integers(0, len(whole)), st.binary(max_size=40)).map(lambda cut: whole[: cut[0]] + cut[1]),
            st.binary(min_size=1, max_size=3).map(lambda part: part * 20_000),
        )
    )
    def fuzz(data: bytes) -> None:
        must_be_no_failure(target, sent(target, data))

    fuzz()
