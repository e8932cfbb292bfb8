"""Nothing runs for ever, and nothing runs for nobody."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from server.answers import Answer
from server.http import ClientLeft, while_client_waits
from tests.server.conftest import GRAPHQL_JSON, MakeClient, codes
from tests.server.toy import DIARY

Receive = Callable[[], Awaitable[dict[str, Any]]]


def leaving_after(seconds: float) -> Receive:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(seconds)
        return {"type": "http.disconnect"}

    return receive


def test_an_operation_that_takes_too_long_is_given_up_and_cancelled(make_client: MakeClient) -> None:
    client = make_client(operation_seconds=0.05)
    before = DIARY.cancelled

    strict = client.post("/graphql", json={"query": "{ hello slow a: slow }"}, headers={"accept": GRAPHQL_JSON})
    plain = client.post("/graphql", json={"query": "{ slow }"})

    assert (strict.status_code, plain.status_code) == (503, 200)
    for answer in (strict, plain):
        assert codes(answer) == ["LIMIT_REACHED"]
        assert "data" not in answer.json()
    assert DIARY.cancelled == before + 3


def test_an_operation_that_ends_in_time_is_answered(make_client: MakeClient) -> None:
    answer = make_client(operation_seconds=5).post("/graphql", json={"query": "{ slow(seconds: 0.2) }"})

    assert answer.json() == {"data": {"slow": 1}}


@pytest.mark.anyio
async def test_what_runs_is_cancelled_when_its_client_leaves() -> None:
    cancelled = False

    async def run() -> Answer:
        nonlocal cancelled
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled = True
            raise
        return Answer.of({})

    with pytest.raises(ClientLeft):
        await while_client_waits(run(), leaving_after(0), seconds=10)
    assert cancelled


@pytest.mark.anyio
async def test_a_client_that_sends_more_has_not_left() -> None:
    messages = iter([{"type": "http.request"}, {"type": "http.request"}])

    async def receive() -> dict[str, Any]:
        return next(messages, None) or await leaving_after(60)()

    async def run() -> Answer:
        await asyncio.sleep(0.2)
        return Answer.of({"data": 1})

    assert (await while_client_waits(run(), receive, seconds=10)).body == b'{"data":1}'


@pytest.mark.anyio
async def test_a_stop_from_outside_goes_through() -> None:
    async def run() -> Answer:
        await asyncio.sleep(60)
        return Answer.of({})

    task = asyncio.create_task(while_client_waits(run(), leaving_after(60), seconds=10))
    await asyncio.sleep(0.15)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
