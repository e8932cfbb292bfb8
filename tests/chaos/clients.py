"""Back ends that do not give up: what is not answered is sent again, with its key, to whichever server answers."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx2

from tests.chaos.deeds import Author, Deed

PAUSE_SECONDS = 0.1
# Some wait, others are impatient: they send again while the first request is still under way.
PATIENCE_SECONDS = (0.4, 2.0, 10.0)
GIVES_UP_AFTER_SECONDS = 180.0
SENT_TWICE, ASKED_AGAIN = 0.2, 0.2
"""How often two send the same at the same time, and how often somebody asks again later."""

Answer = dict[str, Any]


@dataclass
class Acknowledged:
    """What all clients were told has happened."""

    takes: dict[tuple[str, str], int] = field(default_factory=dict)
    """Every key with its kind, and what it charged or gave."""
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    """Top-ups that were paid, by id."""
    released: set[str] = field(default_factory=set)
    writes: int = 0
    lost_answers: int = 0
    refused_for_now: int = 0
    masked: int = 0
    """Answers that said INTERNAL."""
    repeats: int = 0
    faults: list[str] = field(default_factory=list)

    def note(self, deed: Deed, answer: Answer) -> None:
        self.writes += 1
        self.takes |= deed.takes
        for kind in ("call", "topUp", "hold", "entry"):
            if found := answer.get(kind):
                for key in deed.takes:
                    self.ids[key] = found["id"]


class Client:
    """One back end: it does one thing after the other, each until it is acknowledged."""

    def __init__(self, urls: Sequence[str], author: Author, done: Acknowledged) -> None:
        self._urls, self._author, self._done = urls, author, done
        self._rng: Random = author.rng
        self._patience = self._rng.choice(PATIENCE_SECONDS)

    async def work(self, over: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            clients = [httpx2.AsyncClient(base_url=url, timeout=self._patience) for url in self._urls]
            self._clients = [await stack.enter_async_context(client) for client in clients]
            while not over.is_set():
                await self._one_story()

    async def _one_story(self) -> None:
        author = self._author
        match self._rng.randrange(7):
            case 0 | 1:
                await self._do(author.call())
            case 2:
                await self._do(author.batch())
            case 3:
                settled = self._rng.random() < 0.5
                top_up = (await self._do(author.top_up(settled=settled)))["topUp"]["id"]
                if not settled:
                    await self._do(author.settle(top_up))
                self._done.settled.add(top_up)
            case 4:
                hold = (await self._do(author.authorize()))["hold"]["id"]
                await self._do(author.call(hold))
            case 5:
                hold = (await self._do(author.authorize()))["hold"]["id"]
                self._done.released.add(hold)
                await self._do(author.release(hold))
            case 6:
                call = (await self._do(author.call()))["call"]["id"]
                await self._do(author.refund(call))

    async def _do(self, deed: Deed) -> Answer:
        """What is answered, once it is acknowledged; sent twice or asked for again, it must be the same."""
        if self._rng.random() < SENT_TWICE:
            first, *others = await asyncio.gather(self._acknowledged(deed), self._acknowledged(deed))
        else:
            first, others = await self._acknowledged(deed), []
        if self._rng.random() < ASKED_AGAIN:
            others.append(await self._acknowledged(deed))
        self._done.note(deed, first)
        self._done.repeats += len(others)
        self._check(deed, first, others)
        return first

    def _check(self, deed: Deed, first: Answer, others: list[Answer]) -> None:
        for answer in (first, *others):
            if answer["errors"] or answer.get("refused"):
                self._done.faults.append(f"Refused: {answer} to {deed}")
            elif deed.is_bulk:
                if answer["accepted"] + answer["duplicates"] != len(deed.variables["events"]):
                    self._done.faults.append(f"Not all of a batch was taken: {answer}")
            elif answer != first:
                self._done.faults.append(f"Answered {first}, then {answer}")

    async def _acknowledged(self, deed: Deed) -> Answer:
        async with asyncio.timeout(GIVES_UP_AFTER_SECONDS):
            while (answer := await self._answer(deed)) is None:  # noqa: ASYNC110 Servers ring no bell.
                await asyncio.sleep(PAUSE_SECONDS)
        return answer

    async def _answer(self, deed: Deed) -> Answer | None:
        """The answer; None where there was none, or where it was to come back."""
        client = self._rng.choice(self._clients)
        body = {"query": deed.query, "variables": deed.variables}
        try:
            response = await client.post("/graphql", json=body, headers={"authorization": f"Bearer {deed.secret}"})
        except httpx2.TransportError:
            self._done.lost_answers += 1
            return None
        if response.status_code in (429, 503):
            self._done.refused_for_now += 1
            return None
        payload = response.json()
        if errors := payload.get("errors"):
            if any(error["extensions"]["code"] != "INTERNAL" for error in errors):
                self._done.faults.append(f"{errors} to {deed}")
            self._done.masked += 1
            return None
        answer: Answer = payload["data"]["done"]
        return answer
