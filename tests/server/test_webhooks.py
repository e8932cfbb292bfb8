"""Messages to the operator's systems are signed, sent until they are taken, and sent to nobody else."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import UUID

import httpx2
import pytest
import strawberry
from standardwebhooks import Webhook
from starlette.testclient import TestClient

from server import webhooks
from server.database import open_books
from server.settings import read_settings
from server.webhooks import FIRST_DELAY, LONGEST_DELAY, TAKEN_FOR, Webhooks, delay_after
from server.wiring import wired
from tests.books import Clock, TestBooks, test_books

SECRET = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
URL = "https://payments.example/hooks?from=tallygraph"


class Receiver:
    """Somebody's server, which answers as it is told to and keeps what it was sent."""

    def __init__(self, *answers: int) -> None:
        self.answers, self.requests = list(answers), list[httpx2.Request]()

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        await asyncio.sleep(0)
        status = self.answers.pop(0) if self.answers else 204
        if status == 0:
            raise httpx2.ConnectError("nobody is there")
        return httpx2.Response(status, headers={"location": "https://elsewhere.example/"})

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.requests]


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[TestBooks]:
    # Receivers compare the time of signing with their own.
    async with test_books(database_url, Clock(datetime.now(UTC))) as books:
        yield books


@asynccontextmanager
async def sender(books: TestBooks, receiver: Receiver) -> AsyncIterator[Webhooks]:
    made = Webhooks(books.books, URL, SECRET, httpx2.MockTransport(receiver))
    try:
        yield made
    finally:
        await made.close()


async def an_event(books: TestBooks, count: int = 1) -> UUID:
    """A tenant that asks for top-ups, each of which is told."""
    tenant = await books.a_tenant()
    for _ in range(count):
        await books.top_up(tenant, "5", settled=False)
    return tenant


async def waiting(books: TestBooks) -> list[Any]:
    return list(await books.rows("webhook_delivery", "id"))


async def test_a_message_is_signed_and_forgotten_once_it_is_taken(books: TestBooks) -> None:
    receiver = Receiver()
    async with sender(books, receiver) as sending:
        await an_event(books)
        (message,) = await waiting(books)
        assert await sending.send_due() is None

    (request,) = receiver.requests
    verified = Webhook(SECRET).verify(request.content, dict(request.headers))
    assert (str(request.url), request.method, request.headers["content-type"]) == (URL, "POST", "application/json")
    assert request.content.decode() == message.body
    assert verified["type"] == "topup.requested"
    assert verified["data"]["credits"] == "5"
    assert await waiting(books) == []


@pytest.mark.parametrize("answer", [500, 404, 301, 307, 410, 0])
async def test_a_message_is_sent_again_under_the_same_id_until_it_is_taken(books: TestBooks, answer: int) -> None:
    receiver = Receiver(answer, answer, answer, 200)
    async with sender(books, receiver) as sending:
        await an_event(books)
        delays = []
        while next_at := await sending.send_due():
            delays.append(next_at - books.clock.now)
            books.clock.now = next_at

    assert len(receiver.requests) == 4
    assert len({(request.headers["webhook-id"], request.content) for request in receiver.requests}) == 1
    assert {request.url.host for request in receiver.requests} == {"payments.example"}
    assert delays == sorted(delays)
    assert await waiting(books) == []


async def test_why_a_message_was_not_taken_is_kept(books: TestBooks) -> None:
    async with sender(books, Receiver(503)) as sending:
        await an_event(books)
        await sending.send_due()
    (message,) = await waiting(books)
    assert (message.attempts, message.last_failure) == (1, "The receiver answered 503.")


def test_delays_grow_up_to_an_hour() -> None:
    delays = [delay_after(attempts) for attempts in (1, 2, 3, 8, 100, 10**6)]
    for delay, doubled in zip(delays, (1, 2, 4, 128, 10**6, 10**6), strict=True):
        expected = min(FIRST_DELAY * doubled, LONGEST_DELAY)
        assert expected * 0.8 <= delay <= expected * 1.2


async def test_many_senders_send_each_message_once(books: TestBooks) -> None:
    receiver = Receiver()
    async with sender(books, receiver) as one, sender(books, receiver) as other:
        await an_event(books, count=50)
        await asyncio.gather(one.send_due(), other.send_due())
        while await waiting(books):
            await one.send_due()
    assert len(receiver.ids) == len(set(receiver.ids)) == 50


async def test_what_was_taken_by_a_sender_that_died_is_sent_again(books: TestBooks) -> None:
    receiver = Receiver()
    async with sender(books, receiver) as sending:
        await an_event(books)
        assert len(await sending._take()) == 1
        assert await sending.send_due() == books.clock.now + TAKEN_FOR
        assert receiver.requests == []

        books.clock.now += TAKEN_FOR
        await sending.send_due()
    assert len(receiver.requests) == 1


async def test_a_change_is_told_at_once_and_close_does_not_wait(
    books: TestBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "LOOK_EVERY_SECONDS", 3600)
    stuck = asyncio.Event()

    async def answer(request: httpx2.Request) -> httpx2.Response:
        stuck.set()
        await asyncio.sleep(3600)
        raise AssertionError

    sending = Webhooks(books.books, URL, SECRET, httpx2.MockTransport(answer))
    await sending.open()
    await asyncio.sleep(0.05)
    await an_event(books)
    async with asyncio.timeout(5):
        await stuck.wait()
        await sending.close()
    assert len(await waiting(books)) == 1


async def test_a_receiver_that_never_answers_is_given_up_in_time(
    books: TestBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "SEND_SECONDS", 0.05)

    async def answer(request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(3600)
        raise AssertionError

    sending = Webhooks(books.books, URL, SECRET, httpx2.MockTransport(answer))
    await an_event(books)
    async with asyncio.timeout(5):
        assert await sending.send_due() is not None
    await sending.close()


async def test_a_database_that_is_away_is_asked_again(books: TestBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "LOOK_EVERY_SECONDS", 0.01)
    tries: list[int] = []
    is_back = asyncio.Event()

    async def send_due(self: Webhooks) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("away")
        is_back.set()

    monkeypatch.setattr(Webhooks, "send_due", send_due)
    async with sender(books, Receiver()) as sending:
        await sending.open()
        async with asyncio.timeout(5):
            await is_back.wait()


# ---------------------------------------------------------------- the whole server


class Handler(BaseHTTPRequestHandler):
    taken: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(202)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    Handler.taken = []
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@strawberry.type
class Query:
    nothing: str = "nothing"


def test_a_running_server_sends_what_others_have_written_down(
    sqlite_url: str, receiver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "LOOK_EVERY_SECONDS", 0.05)
    asyncio.run(leave_an_event(sqlite_url))
    url = f"http://127.0.0.1:{receiver.server_port}/hooks"
    settings = read_settings(database_url=sqlite_url, webhook_url=url, webhook_secret=SECRET)
    with TestClient(wired(settings, strawberry.Schema(Query)), base_url="http://localhost"):
        for _ in range(500):
            if Handler.taken:
                break
            threading.Event().wait(0.01)
    ((headers, body),) = Handler.taken
    assert Webhook(SECRET).verify(body, headers)["type"] == "topup.requested"


async def leave_an_event(database_url: str) -> None:
    books = open_books(database_url)
    books.outbox = lambda: None
    try:
        await an_event(TestBooks(books, Clock(datetime.now(UTC) - timedelta(seconds=5))))
    finally:
        await books.close()
