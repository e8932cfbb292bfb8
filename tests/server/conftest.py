"""A server around the toy graph, and clients of it."""

from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from httpx2 import Response
from starlette.testclient import TestClient

from server.app import create_app
from server.settings import read_settings
from tests.server import toy

MakeClient = Callable[..., TestClient]
Ask = Callable[..., Response]
Lines = list[MutableMapping[str, Any]]

GRAPHQL_JSON = "application/graphql-response+json"


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[Lines]:
    """What was logged, instead of writing it out."""
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[MakeClient]:
    """Makes clients of servers with other settings than usual."""
    opened = []

    def make(app: dict[str, Any] | None = None, **settings: Any) -> TestClient:
        parts: dict[str, Any] = {
            "authenticate": toy.authenticate,
            "context_for": toy.context_for,
            "graphiql": tmp_path / "dist",
            "dashboard": tmp_path / "dashboard",
        }
        server = create_app(read_settings(**settings), toy.schema, **{**parts, **(app or {})})
        client = TestClient(server, base_url="http://localhost", headers={"authorization": toy.KEY})
        opened.append(client.__enter__())
        return client

    yield make
    for client in opened:
        client.__exit__()


@pytest.fixture
def client(make_client: MakeClient) -> TestClient:
    return make_client()


@pytest.fixture
def ask(client: TestClient) -> Ask:
    """Sends one operation by POST, to be answered with statuses that tell."""

    def send(query: object, headers: dict[str, str] | None = None, **rest: object) -> Response:
        accept = {"accept": GRAPHQL_JSON}
        return client.post("/graphql", json={"query": query, **rest}, headers={**accept, **(headers or {})})

    return send


def codes(answer: Response) -> list[str]:
    return [error["extensions"]["code"] for error in answer.json()["errors"]]
