"""The whole server, from a request's bytes to the books and back, around the smallest graph."""

import asyncio
from collections.abc import Iterator

import pytest
import strawberry
from sqlalchemy import func, select
from starlette.testclient import TestClient

from models.actions import keys
from models.actions.keys import KeyWish
from models.rules.viewers import Viewer
from models.rules.words import Role
from resolvers.context import Info
from server.database import open_books
from server.keys import FREE_FAILURES
from server.migrations import migrate
from server.settings import read_settings
from server.wiring import wired

OPERATOR_KEY = "the operator's key, which stands in the settings"


@strawberry.type
class Query:
    @strawberry.field
    async def who(self, info: Info) -> str:
        context = info.context
        count = await context.value(select(func.count()).select_from(keys.KEYS))
        return f"{context.viewer.key_name}, one of {count}"


@pytest.fixture
def client(database_url: str) -> Iterator[TestClient]:
    with client_of(database_url) as client:
        yield client


def client_of(database_url: str) -> TestClient:
    settings = read_settings(database_url=database_url, operator_key=OPERATOR_KEY)
    return TestClient(wired(settings, strawberry.Schema(Query)), base_url="http://localhost")


def made_key(database_url: str) -> str:
    async def make() -> str:
        books = open_books(database_url)
        async with books.work() as work:
            wish = KeyWish("Back end", Role.OPERATOR)
            _, secret = await keys.create_key(work, Viewer(Role.OPERATOR), wish, "")
        await books.close()
        return secret

    return asyncio.run(make())


def test_who_holds_a_key_is_answered(client: TestClient, database_url: str) -> None:
    authorization = {"authorization": f"Bearer {made_key(database_url)}"}
    answer = client.post("/graphql", json={"query": "{ who }"}, headers=authorization)

    assert (answer.status_code, answer.json()) == (200, {"data": {"who": "Back end, one of 1"}})


def test_who_sends_wrong_keys_is_told_to_wait_at_last(client: TestClient, database_url: str) -> None:
    statuses = [
        client.post("/graphql", json={"query": "{ who }"}, headers={"authorization": f"Bearer wrong-{n}"}).status_code
        for n in range(FREE_FAILURES + 1)
    ]
    right = client.post("/graphql", json={"query": "{ who }"}, headers={"authorization": f"Bearer {OPERATOR_KEY}"})

    assert statuses == [401] * FREE_FAILURES + [429]
    assert right.status_code == 200


def test_the_server_is_ready_once_its_database_has_all_tables(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.health.REMEMBERED_SECONDS", 0)
    with client_of(empty_database_url) as client:
        assert client.get("/health/ready").status_code == 503

        asyncio.run(migrate(empty_database_url))

        assert client.get("/health/ready").status_code == 200
