"""Telling the operator's own systems what happened: signed messages (Standard Webhooks), sent until they are answered.

The messages lie in the database, written in the transactions that they tell of. Every process sends; each message is
taken by one of them for a while. One that is lost on the way, or whose sender dies, is sent again under the same id:
receivers may see a message twice, and never miss one. Nothing is asked of any other host than that of the setting.
"""

import asyncio
import random
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import httpx2
import structlog
from standardwebhooks import Webhook

from models.rules.ids import type_id
from models.tables import webhooks as tables
from models.unit_of_work import Books

SEND_SECONDS = 10.0
# Longer than sending takes, so that no message is taken twice while it is on its way.
TAKEN_FOR = timedelta(seconds=30)
MOST_AT_ONCE = 20
LOOK_EVERY_SECONDS = 5.0
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=1)
LONGEST_FAILURE = 500

log = structlog.get_logger(source="webhooks")


def delay_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts; spread a little, so that a crowd does not come back at once."""
    assert attempts > 0
    delay = min(FIRST_DELAY * 2 ** min(attempts - 1, 20), LONGEST_DELAY)
    return timedelta(seconds=delay.total_seconds() * random.uniform(0.8, 1.2))


class Webhooks:
    """Sends what is due, in one task, from open() until close()."""

    def __init__(self, books: Books, url: str, secret: str, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._books, self._url, self._signer = books, url, Webhook(secret)
        self._client = httpx2.AsyncClient(
            transport=transport,
            timeout=SEND_SECONDS,
            follow_redirects=False,
            # No proxy that the environment may name.
            trust_env=False,
            headers={"user-agent": "tallygraph", "content-type": "application/json"},
        )
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        books.outbox = self.wake

    def wake(self) -> None:
        """There is something new to send."""
        self._rung.set()

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="webhooks")

    async def close(self) -> None:
        """Stop at once. What is on its way is sent again by whoever sends next."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._client.aclose()

    async def _run(self) -> None:
        while True:
            self._rung.clear()
            try:
                next_at = await self.send_due()
            except Exception as error:
                # The database may be away for a while, and its messages stay in it.
                log.warning("webhooks not sent", reason=_reason(error))
                next_at = None
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_until(next_at)):
                    await self._rung.wait()

    def _seconds_until(self, at: datetime | None) -> float:
        if at is None:
            return LOOK_EVERY_SECONDS
        return max(0.0, min((at - self._books.clock()).total_seconds(), LOOK_EVERY_SECONDS))

    async def send_due(self) -> datetime | None:
        """Send all that is due; when the next message will be."""
        while True:
            async with self._books.reading() as reader:
                next_at: datetime | None = await reader.value(tables.next_due())
            if next_at is None or next_at > self._books.clock():
                return next_at
            taken = await self._take()
            if not taken:
                # Another process has been quicker.
                return None
            await self._note(taken, await asyncio.gather(*(self._send(message) for message in taken)))

    async def _take(self) -> list[Any]:
        async with self._books.work() as work:
            values = {"now": work.now, "until": work.now + TAKEN_FOR, "most": MOST_AT_ONCE}
            return list(await work.all(tables.claim(), values))

    async def _send(self, message: Any) -> str | None:
        """Send one message; why it was not taken, or None."""
        id, now = type_id("msg", message.id), self._books.clock()
        headers = {
            "webhook-id": id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(id, now, message.body),
        }
        try:
            async with asyncio.timeout(SEND_SECONDS):
                async with self._client.stream("POST", self._url, content=message.body, headers=headers) as answer:
                    return None if answer.is_success else f"The receiver answered {answer.status_code}."
        except (httpx2.HTTPError, TimeoutError) as error:
            return _reason(error)

    async def _note(self, taken: list[Any], failures: list[str | None]) -> None:
        """Forget what was taken, and send the others again later."""
        done, again = [], []
        for message, failure in zip(taken, failures, strict=True):
            this = {"b_tenant": message.tenant_id, "b_id": message.id}
            if failure is None:
                done.append(this)
                continue
            due_at = self._books.clock() + delay_after(message.attempts)
            again.append({**this, "b_due_at": due_at, "b_failure": failure})
            log.warning("webhook not taken", id=type_id("msg", message.id), attempts=message.attempts, reason=failure)
        async with self._books.work() as work:
            if done:
                await work.run(tables.delivered(), done)
            if again:
                await work.run(tables.failed(), again)


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_FAILURE]
